"""Trial runs: a starter project run once, what it wrote, and a sample of it that is deleted after seven days."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.store.base import Base, one_of, partial, tied

UNDER_WAY = ("waiting", "running")


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
        one_of("origin", ("examples", "source")),
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


def of_case(session: Session, case_id: int) -> Sequence[TrialRun]:
    """Every trial run of a case, the newest first; samples are loaded when they are asked for."""
    return session.scalars(select(TrialRun).where(TrialRun.case_id == case_id).order_by(TrialRun.id.desc())).all()
