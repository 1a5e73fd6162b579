"""Holds: 'waiting on somebody', with the question asked and the answer given; comments beside them."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, bindparam, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.rules.terms import HoldReason
from request_tracker.store.base import Base, one_of, partial, tied
from request_tracker.store.once import once


class Hold(Base):
    __tablename__ = "hold"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    reason: Mapped[str] = mapped_column(String(30))
    question: Mapped[str] = mapped_column(Text, default="")
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    since: Mapped[datetime]
    expected_until: Mapped[datetime | None]
    answer: Mapped[str | None] = mapped_column(Text)
    ended_at: Mapped[datetime | None]
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    end_kind: Mapped[str | None] = mapped_column(String(20))
    event_id: Mapped[int | None] = mapped_column(ForeignKey("timeline.id"))
    __table_args__ = (
        one_of("reason", HoldReason),
        one_of("end_kind", ("answered", "lifted", "expired", "move", "undone")),
        tied("(ended_at IS NULL) = (end_kind IS NULL)", "ended_somehow"),
        tied("(answer IS NOT NULL) = (end_kind IS NOT NULL AND end_kind = 'answered')", "answer_ends"),
        partial("uq_hold_open", "case_id", "reason", where="ended_at IS NULL", unique=True),
        Index("ix_hold_case", "case_id"),
    )


class Comment(Base):
    """Internal comments are for staff only; others are read by staff and by the account they belong to."""

    __tablename__ = "comment"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    author_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    internal: Mapped[bool]
    body: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    __table_args__ = (Index("ix_comment_case", "case_id", "id"),)


class NoSuchHold(LookupError):
    """No open hold has this id on this case."""


_OF_CASE = select(Hold).where(Hold.case_id == bindparam("case_id")).order_by(Hold.id)
_OPEN = _OF_CASE.where(Hold.ended_at.is_(None))


@once
def of_case(session: Session, case_id: int) -> list[Hold]:
    """Every wait of the case, ended ones too."""
    return list(session.scalars(_OF_CASE, {"case_id": case_id}))


def open_holds(session: Session, case_id: int) -> list[Hold]:
    return list(session.scalars(_OPEN, {"case_id": case_id}))
