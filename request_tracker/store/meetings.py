"""Consultation meetings: the times offered, the one booked, and its life as a calendar entry."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from request_tracker.store.base import Base, one_of, partial, tied

STATES = ("offered", "booked", "held", "no_show", "cancelled")
SIDES = ("staff", "requester")


class Meeting(Base):
    """One meeting through its moves: `uid` stays, `sequence` counts up with each change that calendars must learn.

    `account_id`: the customer it was offered to. `place`: a link or words. `host_id`: who holds it for the program.
    `starts_at` is set from the booking on; a cancelled one keeps what it had.
    """

    __tablename__ = "meeting"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    guest_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    host_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    uid: Mapped[str] = mapped_column(String(120), unique=True)
    sequence: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(String(10), default="offered")
    starts_at: Mapped[datetime | None]
    minutes: Mapped[int] = mapped_column(default=60)
    place: Mapped[str] = mapped_column(Text, default="")
    asked: Mapped[str] = mapped_column(Text, default="")
    """What the requester wrote when none of the times fitted, or when they asked to move or cancel."""
    offered_at: Mapped[datetime]
    booked_at: Mapped[datetime | None]
    booked_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    ended_at: Mapped[datetime | None]
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    event_id: Mapped[int | None] = mapped_column(ForeignKey("timeline.id"))
    __table_args__ = (
        one_of("state", STATES),
        tied("state NOT IN ('booked', 'held', 'no_show') OR starts_at IS NOT NULL", "booked_has_time"),
        tied("(ended_at IS NULL) = (state IN ('offered', 'booked'))", "over_has_time"),
        tied("minutes BETWEEN 5 AND 480", "minutes_possible"),
        partial("uq_meeting_open", "case_id", where="state IN ('offered', 'booked')", unique=True),
        Index("ix_meeting_case", "case_id", "id"),
        partial("ix_meeting_booked", "starts_at", where="state = 'booked'"),
    )


class Slot(Base):
    """A time that somebody offers for the meeting; those of the requester are asked for, not open to booking."""

    __tablename__ = "meeting_slot"
    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"))
    starts_at: Mapped[datetime]
    side: Mapped[str] = mapped_column(String(10), default="staff")
    __table_args__ = (
        one_of("side", SIDES),
        Index("uq_meeting_slot_time", "meeting_id", "starts_at", "side", unique=True),
    )
