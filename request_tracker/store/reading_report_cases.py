"""Cases as they stood at an instant of the past: from how they stand now, taken back entry by entry."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, or_, select
from sqlalchemy.orm import Session, aliased

from request_tracker.rules.report import COHORT_WEEKS, TREND_WEEKS, CaseFact, MoveFact, Week
from request_tracker.rules.terms import Outcome
from request_tracker.store.cases import Case, case_number
from request_tracker.store.timeline import Entry, Undone

MOVED = Entry.kind.like("move.%") | (Entry.kind == "merge")
CHANGED = MOVED | Entry.kind.in_(("undo", "unmerge", "assigned"))
INSTANT = timedelta(microseconds=1)
Later = Mapping[int, Sequence[Row[Any]]]
"""By case id, newest first: rows (kind, data, undone) of what changed it after the report's end."""


@dataclass(frozen=True)
class Span:
    """The week and how far the report looks. What counts happened before `cut`; clocks are folded as of `now`."""

    start: datetime
    cut: datetime
    now: datetime
    trend_from: datetime
    cohorts_from: datetime


@dataclass(frozen=True)
class Standing:
    """Where a case stood, and whose it was."""

    phase: str
    outcome: str | None
    assignee_id: int | None


def span_of(week: Week, zone: str, as_of: datetime) -> Span:
    start, end = week.bounds(zone)
    return Span(
        start=start,
        cut=min(end, as_of + INSTANT),
        now=min(end, as_of),
        trend_from=week.back(TREND_WEEKS - 1).bounds(zone)[0],
        cohorts_from=week.back(COHORT_WEEKS - 1).bounds(zone)[0],
    )


def later(session: Session, span: Span) -> Later:
    """What changed cases since; an undo comes with the data of the entry that it took back."""
    taken = aliased(Entry)
    rows = session.execute(
        select(Entry.case_id, Entry.kind, Entry.data, taken.data.label("undone"))
        .outerjoin(Undone, Undone.by_entry_id == Entry.id)
        .outerjoin(taken, taken.id == Undone.entry_id)
        .where(Entry.at >= span.cut, CHANGED)
        .order_by(Entry.id.desc())
    )
    found: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        found[row.case_id].append(row)
    return found


def taken_back(standing: Standing, entries: Sequence[Row[Any]]) -> Standing:
    """The standing before the entries, which come newest first."""
    for entry in entries:
        standing = replace(standing, **_before(entry))
    return standing


def cases(session: Session, span: Span, entries: Later) -> tuple[CaseFact, ...]:
    """Cases opened by then that were live, and all of the cohorts' weeks."""
    changed = select(Entry.case_id).where(Entry.at >= span.cut, CHANGED)
    unfinished = or_(Case.outcome.is_(None), Case.id.in_(changed))
    columns = (Case.id, Case.service_name, Case.opened_at, Case.phase, Case.outcome, Case.assignee_id)
    rows = session.execute(
        select(*columns)
        .where(Case.opened_at < span.cut, or_(unfinished, Case.opened_at >= span.cohorts_from))
        .order_by(Case.id)
    )
    return tuple(_case(row, entries.get(row.id, ())) for row in rows)


def moves(session: Session, span: Span) -> tuple[MoveFact, ...]:
    """The week's changes of place, but for those that were taken back by then."""
    rows = session.execute(
        select(Entry.case_id, Entry.kind, Entry.data, Entry.at)
        .outerjoin(Undone, and_(Undone.entry_id == Entry.id, Undone.at < span.cut))
        .where(Entry.at >= span.start, Entry.at < span.cut, MOVED, Undone.entry_id.is_(None))
        .order_by(Entry.id)
    )
    found = (_move(row) for row in rows)
    return tuple(move for move in found if move.from_place != move.to_place)


def _before(entry: Row[Any]) -> dict[str, Any]:
    """What of the standing was different before the entry."""
    if entry.kind == "unmerge":
        return {"outcome": str(Outcome.MERGED)}
    if entry.kind == "assigned":
        return {"assignee_id": entry.data.get("before")}
    known = (entry.undone or {}).get("after") if entry.kind == "undo" else entry.data.get("before")
    return {name: known[name] for name in ("phase", "outcome", "assignee_id")} if known else {}


def _case(row: Any, entries: Sequence[Row[Any]]) -> CaseFact:
    standing = taken_back(Standing(row.phase, row.outcome, row.assignee_id), entries)
    return CaseFact(case_number(row.id), row.service_name, row.opened_at, standing.phase, standing.outcome)


def _move(row: Any) -> MoveFact:
    before = row.data["before"]
    after = {"outcome": Outcome.MERGED} if row.kind == "merge" else row.data["after"]
    return MoveFact(
        case=case_number(row.case_id),
        name=row.kind.removeprefix("move."),
        from_place=before["outcome"] or before["phase"],
        to_place=str(after["outcome"] or after["phase"]),
        at=row.at,
        since=datetime.fromisoformat(before["phase_at"]),
    )
