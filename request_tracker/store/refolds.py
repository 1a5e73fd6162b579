"""The nightly look at every clock: what the cached columns said, and what the events say."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from request_tracker.store.base import Base


class Refold(Base):
    """One night's run. `day` (ISO) makes it once a night; `cursor` is the last clock id looked at."""

    __tablename__ = "refold"
    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[str] = mapped_column(String(10), unique=True)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    cursor: Mapped[int] = mapped_column(default=0)
    looked_at: Mapped[int] = mapped_column(default=0)
    differing: Mapped[int] = mapped_column(default=0)


class ClockDifference(Base):
    """A cached column that did not say what the events say. A decided verdict is reported and left for a person."""

    __tablename__ = "clock_difference"
    id: Mapped[int] = mapped_column(primary_key=True)
    refold_id: Mapped[int] = mapped_column(ForeignKey("refold.id"))
    clock_id: Mapped[int] = mapped_column(ForeignKey("clock.id"))
    column: Mapped[str] = mapped_column(String(20))
    cached: Mapped[str] = mapped_column(Text)
    folded: Mapped[str] = mapped_column(Text)
    repaired: Mapped[bool]
    found_at: Mapped[datetime]
    __table_args__ = (
        Index("ix_clock_difference_refold", "refold_id"),
        Index("ix_clock_difference_clock", "clock_id"),
    )
