"""Signed words for links that work without a sign-in: whose they are, what for, until when."""

from datetime import UTC, datetime
from typing import Any

from itsdangerous import BadData, URLSafeSerializer


class BadSeal(ValueError):
    """The link was changed, is for something else, or is over; the message says what to do."""


def sealed(secret: str, purpose: str, words: dict[str, Any], *, until: datetime | None = None) -> str:
    """The words as one part of an address. They can be read by anybody, but not changed or used for another purpose."""
    over = int(until.timestamp()) if until else None
    return URLSafeSerializer(secret, salt=f"request-tracker.{purpose}").dumps({"w": words, "u": over})


def opened(secret: str, purpose: str, token: str, *, now: datetime) -> dict[str, Any]:
    """The words of a link made for this purpose. Raises BadSeal."""
    try:
        found = URLSafeSerializer(secret, salt=f"request-tracker.{purpose}").loads(token)
        words, over = dict(found["w"]), found["u"]
    except (BadData, KeyError, TypeError, ValueError) as fault:
        raise BadSeal("This link is not complete: open it from the letter again, or ask for a new one") from fault
    if over is not None and now >= datetime.fromtimestamp(over, UTC):
        raise BadSeal("This link is over: ask whoever sent it for a new one")
    return words
