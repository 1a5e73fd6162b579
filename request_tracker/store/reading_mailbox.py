"""The local mailbox: letters as they were sent, newest first."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.store.letters import Letter


@dataclass(frozen=True)
class LetterRow:
    id: int
    to: str
    subject: str
    text: str
    html: str
    message_id: str
    sent_at: datetime
    headers: Mapping[str, str]
    attachments: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Box:
    """`next_before` is the id to go on below, None on the last page."""

    items: tuple[LetterRow, ...]
    next_before: int | None


class NoSuchLetter(LookupError):
    """No letter with this number was sent."""


def sent(session: Session, *, limit: int, before: int | None = None) -> Box:
    """Letters that were sent, newest first, below the id `before`."""
    found = select(Letter).where(Letter.sent_at.is_not(None)).order_by(Letter.id.desc()).limit(limit + 1)
    if before is not None:
        found = found.where(Letter.id < before)
    rows = [_row(letter) for letter in session.scalars(found)]
    return Box(tuple(rows[:limit]), rows[limit - 1].id if len(rows) > limit else None)


def letter(session: Session, letter_id: int) -> LetterRow:
    """One sent letter. Raises NoSuchLetter."""
    found = session.get(Letter, letter_id)
    if found is None or found.sent_at is None:
        raise NoSuchLetter(f"There is no letter {letter_id} in the mailbox")
    return _row(found)


def _row(letter: Letter) -> LetterRow:
    assert letter.sent_at is not None, "only sent letters are read"
    return LetterRow(
        id=letter.id,
        to=letter.to_address,
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
        message_id=letter.message_id,
        sent_at=letter.sent_at,
        headers=letter.headers,
        attachments=tuple(_attachment(each) for each in letter.attachments),
    )


def _attachment(kept: Mapping[str, Any]) -> tuple[str, str]:
    return str(kept["filename"]), str(kept["media_type"])
