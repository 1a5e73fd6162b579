"""python -m request_tracker."""

from request_tracker.cli import main

main()
