"""Acts on many cases at once: one row an act, one row a case with what became of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.store.base import Base, one_of, partial, tied
from request_tracker.store.cases import Case, case_number
from request_tracker.store.people import Person

KINDS = ("assign", "hold", "lift", "decline")
STATES = ("waiting", "done", "refused", "undone")
TOO_MANY = 1_000
"""More ticked cases than this are not even looked at."""


class BulkRun(Base):
    """`args`: what the form held (whom to assign to, the question, the words of a decline). `form_key`: the form's
    one-time key, so that a button pressed twice begins one run."""

    __tablename__ = "bulk_run"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    args: Mapped[dict[str, Any]]
    total: Mapped[int]
    form_key: Mapped[str | None] = mapped_column(String(32))
    created_at: Mapped[datetime]
    stopped_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    __table_args__ = (
        one_of("kind", KINDS),
        tied("total > 0", "not_empty"),
        Index("ix_bulk_run_by", "by_id", "id"),
        Index("uq_bulk_run_form", "by_id", "form_key", unique=True),
    )


class BulkRow(Base):
    """`version`: the case's as the person saw it. `entry_id`: the timeline entry that can be undone.

    `blockers`: what stood in its way, each `{"reason": sentence, "fix": part of the case page}`.
    """

    __tablename__ = "bulk_row"
    run_id: Mapped[int] = mapped_column(ForeignKey("bulk_run.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    version: Mapped[int]
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    sentence: Mapped[str] = mapped_column(Text, default="")
    blockers: Mapped[list[Any]] = mapped_column(default=list)
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("timeline.id"))
    at: Mapped[datetime | None]
    __table_args__ = (
        one_of("state", STATES),
        tied("(at IS NULL) = (state = 'waiting')", "over_has_time"),
        Index("uq_bulk_row_case", "run_id", "case_id", unique=True),
        partial("ix_bulk_row_waiting", "run_id", "position", where="state = 'waiting'"),
    )


@dataclass(frozen=True)
class RowView:
    """What became of one case; `blockers` as BulkRow has them."""

    number: str
    service_name: str
    state: str
    sentence: str
    blockers: tuple[dict[str, str], ...]
    at: datetime | None


@dataclass(frozen=True)
class RunView:
    """A run as its page tells it."""

    id: int
    kind: str
    by: str
    by_id: int
    args: dict[str, Any]
    total: int
    created_at: datetime
    stopped_at: datetime | None
    ended_at: datetime | None
    rows: tuple[RowView, ...]

    @property
    def over(self) -> int:
        return sum(row.state != "waiting" for row in self.rows)

    def count(self, state: str) -> int:
        return sum(row.state == state for row in self.rows)


class NoSuchRun(LookupError):
    """No run has this number."""


def view(session: Session, run_id: int) -> RunView:
    """The run with every row of it. Raises NoSuchRun."""
    found = session.execute(
        select(BulkRun, Person.name).join(Person, Person.id == BulkRun.by_id).where(BulkRun.id == run_id)
    ).one_or_none()
    if found is None:
        raise NoSuchRun("There is no such run: begin in the queue")
    run, by = found
    rows = session.execute(
        select(BulkRow, Case.service_name)
        .join(Case, Case.id == BulkRow.case_id)
        .where(BulkRow.run_id == run_id)
        .order_by(BulkRow.position)
    )
    shown = tuple(
        RowView(case_number(row.case_id), name, row.state, row.sentence, tuple(row.blockers), row.at)
        for row, name in rows
    )
    return RunView(
        run.id, run.kind, by, run.by_id, run.args, run.total, run.created_at, run.stopped_at, run.ended_at, shown
    )


def names(session: Session, case_ids: list[int]) -> dict[int, str]:
    """The service names of these cases, by id."""
    found = session.execute(select(Case.id, Case.service_name).where(Case.id.in_(case_ids)))
    return {row[0]: row[1] for row in found}


def by_form(session: Session, by_id: int, form_key: str) -> BulkRun | None:
    """The run that this form of the person began."""
    return session.scalar(select(BulkRun).where(BulkRun.by_id == by_id, BulkRun.form_key == form_key))


def locked(session: Session, run_id: int) -> BulkRun | None:
    return session.get(BulkRun, run_id, with_for_update=True, populate_existing=True)


def next_waiting(session: Session, run_id: int) -> BulkRow | None:
    waiting = select(BulkRow).where(BulkRow.run_id == run_id, BulkRow.state == "waiting")
    return session.scalar(waiting.order_by(BulkRow.position).limit(1))


def next_done(session: Session, run_id: int, after: int) -> BulkRow | None:
    done = select(BulkRow).where(BulkRow.run_id == run_id, BulkRow.state == "done", BulkRow.position > after)
    return session.scalar(done.order_by(BulkRow.position).limit(1))


def counted(session: Session, run_id: int) -> dict[str, int]:
    """How many rows are in each state."""
    found = select(BulkRow.state, func.count()).where(BulkRow.run_id == run_id).group_by(BulkRow.state)
    return {row[0]: row[1] for row in session.execute(found)}
