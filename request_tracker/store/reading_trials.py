"""Trial syncs of a case, for staff: how they stand, what they wrote, a sample of it while it is kept."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from request_tracker.rules.people import Viewer
from request_tracker.store import trials
from request_tracker.store.api_documents import ApiDocument
from request_tracker.store.cases import Case, NoSuchCase
from request_tracker.store.people import Person
from request_tracker.store.trials import SOURCE, UNDER_WAY, TrialRun

MOST = 50
"""So many runs of a case are listed."""
COUNTS = ("upserts", "updates", "deletes", "truncates", "checkpoints")
ORIGINS = {trials.EXAMPLES: "the document's examples", trials.SOURCE: "the real source"}
Cells = Mapping[str, str | None]


@dataclass(frozen=True)
class TrialRow:
    """A run as the pages list it. `goes_on`: the run it went on from, 0 where it started over."""

    id: int
    origin: str
    state: str
    step: str
    sentence: str
    counts: Mapping[str, int]
    goes_on: int
    by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    forgotten_at: datetime | None

    @property
    def is_under_way(self) -> bool:
        return self.state in UNDER_WAY

    @property
    def is_real(self) -> bool:
        return self.origin == SOURCE

    @property
    def against(self) -> str:
        return ORIGINS[self.origin]

    @property
    def took(self) -> float | None:
        """Seconds from its beginning to its end."""
        if self.started_at is None or self.finished_at is None:
            return None
        return (self.finished_at - self.started_at).total_seconds()


@dataclass(frozen=True)
class TriedRow:
    """`counts` are of this sync, `rows` what the file held after it. `missing`: why a chosen table has none."""

    name: str
    rows: int
    columns: tuple[tuple[str, str], ...]
    key: tuple[str, ...]
    counts: Mapping[str, int]
    is_chosen: bool
    missing: str
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class TrialView:
    """`sample`: table → a few rows; empty once it is deleted. `size`: of the DuckDB file, None where none is kept.

    `later`: a newer run that the rows went on into. `deleted_at`: when it will be deleted, where it is not yet.
    """

    row: TrialRow
    document: str
    tables: tuple[TriedRow, ...]
    warnings: tuple[str, ...]
    sample: Mapping[str, Sequence[Cells]]
    size: int | None
    later: int
    deleted_at: datetime | None

    @property
    def lacking(self) -> tuple[TriedRow, ...]:
        """Chosen, and no row of it is there."""
        return tuple(each for each in self.tables if each.missing)


def listed(session: Session, case: Case, viewer: Viewer) -> tuple[TrialRow, ...]:
    """The runs of a case, the newest first. Raises NoSuchCase for anybody but staff."""
    _for_staff(case, viewer)
    found = _columns().where(TrialRun.case_id == case.id).order_by(TrialRun.id.desc()).limit(MOST)
    return tuple(_row(each) for each in session.execute(found))


def view(session: Session, case: Case, run_id: int, viewer: Viewer, keep_for: timedelta) -> TrialView:
    """A run with all it wrote. Raises NoSuchCase for anybody but staff, NoSuchTrial."""
    _for_staff(case, viewer)
    run = trials.of_number(session, case.id, run_id)
    row = _row(session.execute(_columns().where(TrialRun.id == run_id)).one())
    document = session.get_one(ApiDocument, run.document_id)
    later = select(func.max(TrialRun.id)).where(TrialRun.former_id == run_id, TrialRun.state == "done")
    ends = run.finished_at + keep_for if run.finished_at and run.forgotten_at is None else None
    return TrialView(
        row=row,
        document=document.title or document.filename or "a document without a title",
        tables=tuple(_tried(each, row) for each in run.tables),
        warnings=tuple(str(each) for each in run.warnings),
        sample=json.loads(run.sample) if run.sample else {},
        size=session.scalar(select(func.length(TrialRun.database)).where(TrialRun.id == run_id)),
        later=session.scalar(later) or 0,
        deleted_at=ends,
    )


def row(session: Session, case: Case, run_id: int, viewer: Viewer) -> TrialRow:
    """As much of a run as changes while it runs. Raises NoSuchCase for anybody but staff, NoSuchTrial."""
    _for_staff(case, viewer)
    found = session.execute(_columns().where(TrialRun.case_id == case.id, TrialRun.id == run_id)).one_or_none()
    if found is None:
        raise trials.NoSuchTrial("There is no such trial run on this case")
    return _row(found)


def _for_staff(case: Case, viewer: Viewer) -> None:
    if not viewer.is_staff:
        raise NoSuchCase(f"There is no case {case.number} whose trials you may read")


def _columns() -> Any:
    """Without what is big."""
    names = ("id", "origin", "state", "step", "sentence", *COUNTS, "former_id", "created_at", "started_at")
    held = [getattr(TrialRun, name) for name in (*names, "finished_at", "forgotten_at")]
    return select(*held, Person.name.label("by")).outerjoin(Person, Person.id == TrialRun.by_id)


def _row(found: Any) -> TrialRow:
    return TrialRow(
        id=found.id,
        origin=found.origin,
        state=found.state,
        step=found.step,
        sentence=found.sentence,
        counts={name: getattr(found, name) for name in COUNTS},
        goes_on=found.former_id or 0,
        by=found.by or "the system",
        created_at=found.created_at,
        started_at=found.started_at,
        finished_at=found.finished_at,
        forgotten_at=found.forgotten_at,
    )


def _tried(table: Mapping[str, Any], run: TrialRow) -> TriedRow:
    return TriedRow(
        name=table["name"],
        rows=table["rows"],
        columns=tuple((name, kind) for name, kind in table["columns"]),
        key=tuple(table["key"]),
        counts={name: table[name] for name in COUNTS[:4]},
        is_chosen=table["is_chosen"],
        missing=_why(table, run),
        warnings=tuple(each for each in table["warnings"] if each != "No rows arrived"),
    )


def _why(table: Mapping[str, Any], run: TrialRow) -> str:
    """Why a chosen table has no rows; empty where it has some."""
    if table["rows"] or table["deletes"] or not table["is_chosen"]:
        return ""
    if run.state != "done":
        return "No rows arrived before the sync ended"
    if run.is_real:
        return "The source has no rows of it, or this key may not read them"
    if not table["has_example"]:
        return "The document has no example of it"
    return "No rows arrived, though the document has an example: look at how it is read"
