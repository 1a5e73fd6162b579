"""Drafts: what a requester typed and has not sent yet; one row a person, so that an expired sign-in loses nothing."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.store.base import Base

DOCUMENT = "kept_document"
"""Where a draft keeps the file that was chosen."""
JOIN = "join"
"""Where a draft keeps the number of the case that its short form joins."""


class Draft(Base):
    __tablename__ = "draft"
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    data: Mapped[dict[str, Any]]
    updated_at: Mapped[datetime]


def keep(session: Session, person_id: int, account_id: int | None, data: dict[str, Any], now: datetime) -> None:
    session.merge(Draft(person_id=person_id, account_id=account_id, data=data, updated_at=now))


def row_of(session: Session, person_id: int) -> Draft | None:
    return session.get(Draft, person_id)


def of(session: Session, person_id: int) -> dict[str, Any]:
    draft = row_of(session, person_id)
    return dict(draft.data) if draft else {}


def drop(session: Session, person_id: int) -> None:
    draft = session.get(Draft, person_id)
    if draft is not None:
        session.delete(draft)


def forget_documents(session: Session, before: datetime) -> int:
    """Take the file out of drafts that nobody touched since; the words stay. Answers how many, some at a time."""
    has_file = Draft.data[(DOCUMENT, "sha256")].as_string().is_not(None)
    old = select(Draft).where(Draft.updated_at <= before, has_file).order_by(Draft.person_id).limit(20)
    rows = session.scalars(old.with_for_update()).all()
    for row in rows:
        row.data = {name: value for name, value in row.data.items() if name != DOCUMENT}
    return len(rows)
