"""The one way an action says that what was typed cannot be taken."""

from request_tracker.rules.strangers import plain
from request_tracker.rules.submission import LONG

LONGEST_NAME = 200


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


def name_given(field: str, typed: str, ask: str) -> str:
    """The name of a person or an account, on one line. Raises Unfit with a sentence that begins with `ask`."""
    said = plain(typed, LONGEST_NAME + 1)
    if not said or len(said) > LONGEST_NAME:
        raise Unfit(field, f"{ask}, in {LONGEST_NAME} characters or fewer")
    return said
