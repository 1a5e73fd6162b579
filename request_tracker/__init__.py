"""request_tracker: runs a connector By Request program."""
