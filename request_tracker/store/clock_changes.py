"""Changes a lead made to running clocks: another target, another calendar; applied piece by piece by the worker."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.rules.phases import CLOCKS
from request_tracker.store.base import Base, one_of, partial, tied


class ClockChange(Base):
    """One decision. It concerns one clock (`clock_id`), or all running ones of a name, or all running ones.

    It counts from `at` on, however late the worker applies it; clocks that ended in between stay as they are. Changes
    are applied one after the other in the order of their ids, which is that of `at`; no two have the same `at`.
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

    def is_for(self, clock_id: int, name: str) -> bool:
        """Whether it is about the clock at all; it may have been decided before that began, or after it ended."""
        return self.clock_id in (None, clock_id) and self.name in (None, name)


def newest(session: Session) -> ClockChange | None:
    return session.scalar(select(ClockChange).order_by(ClockChange.id.desc()).limit(1))


def under_way(session: Session, *, before: int | None = None) -> list[ClockChange]:
    """The changes that are not wholly applied, in their order; those decided before the one of an id."""
    earlier = () if before is None else (ClockChange.id < before,)
    found = select(ClockChange).where(ClockChange.done_at.is_(None), *earlier).order_by(ClockChange.id)
    return list(session.scalars(found.execution_options(populate_existing=True)))


def decided_since(session: Session, at: datetime) -> bool:
    """Whether anything was decided about running clocks from an instant on."""
    return session.scalar(select(ClockChange.id).where(ClockChange.at >= at).limit(1)) is not None


def about(
    session: Session, clock_ids: Collection[int], *, since: datetime, before: int | None = None
) -> list[ClockChange]:
    """The changes decided from an instant on that may concern one of these clocks, in their order; only those before
    the one of an id."""
    theirs = or_(ClockChange.clock_id.is_(None), ClockChange.clock_id.in_(clock_ids))
    earlier = () if before is None else (ClockChange.id < before,)
    found = select(ClockChange).where(ClockChange.at >= since, theirs, *earlier).order_by(ClockChange.id)
    return list(session.scalars(found.execution_options(populate_existing=True)))
