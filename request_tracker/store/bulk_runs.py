"""Acts on many cases at once: one row an act, one row a case with what became of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from request_tracker.store.base import Base, one_of, partial, tied

KINDS = ("assign", "hold", "lift", "decline")
STATES = ("waiting", "done", "refused", "undone")


class BulkRun(Base):
    """`args`: what the form held (whom to assign to, the question, the words of a decline)."""

    __tablename__ = "bulk_run"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    args: Mapped[dict[str, Any]]
    total: Mapped[int]
    created_at: Mapped[datetime]
    stopped_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    __table_args__ = (
        one_of("kind", KINDS),
        tied("total > 0", "not_empty"),
        Index("ix_bulk_run_by", "by_id", "id"),
    )


class BulkRow(Base):
    """`version`: the case's as the person saw it. `entry_id`: the timeline entry that can be undone."""

    __tablename__ = "bulk_row"
    run_id: Mapped[int] = mapped_column(ForeignKey("bulk_run.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    version: Mapped[int]
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    sentence: Mapped[str] = mapped_column(Text, default="")
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("timeline.id"))
    at: Mapped[datetime | None]
    __table_args__ = (
        one_of("state", STATES),
        tied("(at IS NULL) = (state = 'waiting')", "over_has_time"),
        Index("uq_bulk_row_case", "run_id", "case_id", unique=True),
        partial("ix_bulk_row_waiting", "run_id", "position", where="state = 'waiting'"),
    )
