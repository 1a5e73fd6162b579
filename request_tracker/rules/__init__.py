"""What is true: pure rules of the trade."""
