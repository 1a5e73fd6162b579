"""Who was asked to become the primary requester of a case after the old one left, and what they said."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.store.base import Base, one_of, partial, tied


class PrimaryAsk(Base):
    """One supporter asked. While `answer` is None the case waits for them until `expires_at`."""

    __tablename__ = "primary_ask"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    request_id: Mapped[int] = mapped_column(ForeignKey("request.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    answer: Mapped[str | None] = mapped_column(String(10))
    event_id: Mapped[int | None] = mapped_column(ForeignKey("timeline.id"))
    __table_args__ = (
        one_of("answer", ("yes", "no", "expired", "dropped")),
        tied("(answered_at IS NULL) = (answer IS NULL)", "answered_with_time"),
        partial("uq_primary_ask_open", "case_id", where="answered_at IS NULL", unique=True),
        partial("ix_primary_ask_due", "expires_at", where="answered_at IS NULL"),
        Index("ix_primary_ask_case", "case_id"),
        Index("ix_primary_ask_request", "request_id"),
    )


def open_ask(session: Session, case_id: int) -> PrimaryAsk | None:
    """The question that waits for an answer, if any."""
    return session.scalar(select(PrimaryAsk).where(PrimaryAsk.case_id == case_id, PrimaryAsk.answered_at.is_(None)))
