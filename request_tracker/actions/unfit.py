"""The one way an action says that what was typed cannot be taken."""

from request_tracker.rules.submission import LONG


class Unfit(ValueError):
    """What was typed cannot be taken as it is; `field` names it, the message says what to do."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


def short_enough(field: str, text: str, *, most: int = LONG) -> None:
    """Raises Unfit for a text of more than `most` characters."""
    if len(text) > most:
        raise Unfit(field, f"Shorten this to {most:,} characters or fewer: it has {len(text):,}")
