"""Letters: every mail is a row before it is sent; the local mailbox reads the same rows."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.store.base import Base, one_of, partial, tied

GONE = "Its reader is not active any more"
"""Why a letter is dead that nobody should have any more."""


class Letter(Base):
    """`unique_key` makes 'once' true: the same notice of the same event to the same person is one row.

    A `gathered` letter waits for its reader's digest; it is `folded` once the letter `digest_id` tells of it.
    """

    __tablename__ = "letter"
    id: Mapped[int] = mapped_column(primary_key=True)
    unique_key: Mapped[str] = mapped_column(String(200), unique=True)
    notice: Mapped[str] = mapped_column(String(40))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"))
    request_id: Mapped[int | None] = mapped_column(ForeignKey("request.id"))
    to_address: Mapped[str] = mapped_column(String(320))
    subject: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    headers: Mapped[dict[str, Any]]
    attachments: Mapped[list[Any]]
    message_id: Mapped[str] = mapped_column(String(200), unique=True)
    state: Mapped[str] = mapped_column(String(12), default="waiting")
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(Text, default="")
    event_id: Mapped[int | None] = mapped_column(ForeignKey("timeline.id"))
    digest_id: Mapped[int | None] = mapped_column(ForeignKey("letter.id"))
    __table_args__ = (
        one_of("state", ("waiting", "sent", "dead", "gathered", "folded")),
        tied("(state = 'sent') = (sent_at IS NOT NULL)", "sent_has_time"),
        tied("(state = 'folded') = (digest_id IS NOT NULL)", "folded_names_digest"),
        Index("ix_letter_case", "case_id"),
        partial("ix_letter_gathered", "person_id", where="state = 'gathered'"),
        partial("ix_letter_dead", "id", where="state = 'dead'"),
        partial("ix_letter_unsent", "id", where="state IN ('waiting', 'dead')"),
        Index("ix_letter_digest", "digest_id"),
        Index("ix_letter_created", "created_at"),
    )


def by_key(session: Session, unique_key: str) -> Letter | None:
    return session.scalar(select(Letter).where(Letter.unique_key == unique_key))


def newest(session: Session, *, limit: int = 200) -> list[Letter]:
    return list(session.scalars(select(Letter).order_by(Letter.id.desc()).limit(limit)))
