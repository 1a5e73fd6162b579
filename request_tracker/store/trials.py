"""Trial runs: a starter project run once, what it wrote, and a sample of it that is deleted after seven days."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.store.base import Base, one_of, partial, tied

UNDER_WAY = ("waiting", "running")
EXAMPLES, SOURCE = "examples", "source"


class NoSuchTrial(LookupError):
    """There is no such trial run on this case."""


class TrialRun(Base):
    """`origin`: examples (our own server serves the document's examples) or source (the vendor's, with a key typed for
    this run alone and kept nowhere). `tables`: a row a table with counts and warnings, without data; `sample` (JSON:
    table → rows) and `database` (a DuckDB file) hold data and are emptied together. `project_state`: the state the
    project handed over at its last checkpoint, from which the next run goes on. `beat_at`: when the run last said
    that it lives."""

    __tablename__ = "trial_run"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    document_id: Mapped[int] = mapped_column(ForeignKey("api_document.id"))
    former_id: Mapped[int | None] = mapped_column(ForeignKey("trial_run.id"))
    origin: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    step: Mapped[str] = mapped_column(String(200), default="")
    sentence: Mapped[str] = mapped_column(Text, default="")
    upserts: Mapped[int] = mapped_column(default=0)
    updates: Mapped[int] = mapped_column(default=0)
    deletes: Mapped[int] = mapped_column(default=0)
    truncates: Mapped[int] = mapped_column(default=0)
    checkpoints: Mapped[int] = mapped_column(default=0)
    tables: Mapped[list[Any]] = mapped_column(default=list)
    warnings: Mapped[list[Any]] = mapped_column(default=list)
    sample: Mapped[str | None] = mapped_column(Text, deferred=True)
    database: Mapped[bytes | None] = mapped_column(deferred=True)
    project_state: Mapped[str | None] = mapped_column(Text, deferred=True)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    beat_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    forgotten_at: Mapped[datetime | None]
    __table_args__ = (
        one_of("origin", (EXAMPLES, SOURCE)),
        one_of("state", (*UNDER_WAY, "done", "failed", "stopped")),
        tied(
            "forgotten_at IS NULL OR (sample IS NULL AND database IS NULL AND project_state IS NULL)",
            "forgotten_is_empty",
        ),
        tied("(finished_at IS NULL) = (state IN ('waiting', 'running'))", "over_has_time"),
        Index("ix_trial_run_case", "case_id", "id"),
        partial("uq_trial_run_under_way", "case_id", where="state IN ('waiting', 'running')", unique=True),
        partial("ix_trial_run_to_forget", "finished_at", where="forgotten_at IS NULL"),
    )

    def over(self, state: str, sentence: str, now: datetime) -> None:
        """It ended: `sentence` says how, and what to do."""
        self.state, self.step, self.sentence, self.finished_at = state, "", sentence, now


def of_number(session: Session, case_id: int, run_id: int) -> TrialRun:
    """The trial run of this case. Raises NoSuchTrial."""
    found = session.get(TrialRun, run_id)
    if found is None or found.case_id != case_id:
        raise NoSuchTrial("There is no such trial run on this case")
    return found


def locked(session: Session, run_id: int) -> TrialRun:
    """The run as it is now, locked. Whoever locks its case too locks that first."""
    found = select(TrialRun).where(TrialRun.id == run_id).with_for_update()
    return session.scalars(found.execution_options(populate_existing=True)).one()


def under_way(session: Session, case_id: int) -> TrialRun | None:
    """The run of the case that waits or runs: never more than one."""
    return session.scalar(select(TrialRun).where(TrialRun.case_id == case_id, TrialRun.state.in_(UNDER_WAY)))


def running(session: Session, origin: str) -> int:
    """How many runs of this kind run now, of all cases."""
    found = select(func.count()).where(TrialRun.state == "running", TrialRun.origin == origin)
    return session.scalar(found) or 0


def how_many_under_way(session: Session, origin: str) -> int:
    """How many runs of this kind run or wait for their process, of all cases."""
    found = select(func.count()).where(TrialRun.state.in_(UNDER_WAY), TrialRun.origin == origin)
    return session.scalar(found) or 0


def goes_on_from(session: Session, case_id: int, document_id: int, origin: str) -> TrialRun | None:
    """The run whose state and rows the next one goes on from; None: it starts over.

    The newest of this document and source, or the one it had gone on from where it broke off without a state.
    """
    here = (TrialRun.case_id == case_id, TrialRun.document_id == document_id, TrialRun.origin == origin)
    newest = session.scalar(
        select(TrialRun).where(*here, TrialRun.state.not_in(UNDER_WAY)).order_by(TrialRun.id.desc()).limit(1)
    )
    if newest is None or newest.project_state is not None:
        return newest
    former = session.get(TrialRun, newest.former_id) if newest.former_id else None
    return former if former is not None and former.project_state is not None else None


def keep_newest(session: Session, row: TrialRun) -> None:
    """Only the newest run of a case and source holds a state and rows to go on from."""
    others = (TrialRun.case_id == row.case_id, TrialRun.origin == row.origin, TrialRun.id != row.id)
    held = (TrialRun.database.is_not(None) | TrialRun.project_state.is_not(None), TrialRun.state.not_in(UNDER_WAY))
    empty = update(TrialRun).where(*others, *held).values(database=None, project_state=None)
    session.execute(empty.execution_options(synchronize_session="fetch"))


def silent(session: Session, before: datetime) -> Sequence[int]:
    """Runs that run and have not said since then that they live."""
    found = select(TrialRun.id).where(
        TrialRun.state == "running", func.coalesce(TrialRun.beat_at, TrialRun.started_at) < before
    )
    return session.scalars(found.order_by(TrialRun.id)).all()


def waiting(session: Session, before: datetime) -> Sequence[TrialRun]:
    """Runs that were asked for before then and that nobody has begun."""
    found = select(TrialRun).where(TrialRun.state == "waiting", TrialRun.created_at < before)
    return session.scalars(found.order_by(TrialRun.id)).all()


def to_forget(session: Session, before: datetime, *, most: int = 100) -> Sequence[int]:
    """Runs that ended before then and still hold what they read."""
    found = select(TrialRun.id).where(TrialRun.finished_at <= before, TrialRun.forgotten_at.is_(None))
    return session.scalars(found.order_by(TrialRun.finished_at, TrialRun.id).limit(most)).all()
