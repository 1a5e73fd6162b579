"""Changes a lead made to running clocks: another target, another calendar; applied piece by piece by the worker."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from request_tracker.rules.phases import CLOCKS
from request_tracker.store.base import Base, one_of, partial, tied


class ClockChange(Base):
    """One decision. It concerns one clock (`clock_id`), or all running ones of a name, or all running ones.

    It counts from `at` on, however late the worker applies it; clocks that ended in between stay as they are.
    `cursor` is the last clock id looked at; `applied` and `skipped` count clocks; `done_at` is None while it goes on.
    """

    __tablename__ = "clock_change"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    clock_id: Mapped[int | None] = mapped_column(ForeignKey("clock.id"))
    name: Mapped[str | None] = mapped_column(String(30))
    calendar_id: Mapped[int | None] = mapped_column(ForeignKey("calendar.id"))
    target_days: Mapped[float | None]
    reason: Mapped[str] = mapped_column(Text)
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    cursor: Mapped[int] = mapped_column(default=0)
    applied: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[datetime | None]
    __table_args__ = (
        one_of("kind", ("retarget", "recalendar")),
        one_of("name", CLOCKS),
        tied("(kind = 'retarget') = (target_days IS NOT NULL)", "retarget_has_target"),
        tied("(kind = 'recalendar') = (calendar_id IS NOT NULL)", "recalendar_has_calendar"),
        partial("ix_clock_change_open", "id", where="done_at IS NULL"),
    )
