"""What can happen to a request or a case."""
