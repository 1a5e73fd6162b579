"""Cases as they stood at an instant of the past: from how they stand now, taken back entry by entry."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, SQLColumnExpression, and_, case, func, select
from sqlalchemy.orm import Session, aliased

from request_tracker.rules.report_rows import EVERYTHING, CaseFact, MoveFact, Only
from request_tracker.rules.report_tally import COHORT_WEEKS, TREND_WEEKS, Tallies, edges
from request_tracker.rules.terms import Outcome
from request_tracker.rules.weeks import Week
from request_tracker.store.cases import Case, case_number
from request_tracker.store.merges import Merge
from request_tracker.store.requests import Request
from request_tracker.store.timeline import Entry, Undone

MOVED = Entry.kind.like("move.%") | Entry.kind.in_(("merge", "swap"))
CHANGED = MOVED | Entry.kind.in_(("undo", "unmerge", "assigned", "promoted"))
TOLD = {
    "phase": ("before", "phase"), "outcome": ("before", "outcome"), "since": ("before", "phase_at"),
    "new_phase": ("after", "phase"), "new_outcome": ("after", "outcome"), "over": ("over",),
}  # fmt: skip
"""What the data of a move's entry tell, by path."""
INSTANT = timedelta(microseconds=1)
Later = Mapping[int, Mapping[str, Any]]
"""By case id: what of its standing was different at the report's end."""


@dataclass(frozen=True)
class Span:
    """The week and how far the report looks. What counts happened before `cut`; clocks are folded as of `now`."""

    week: Week
    zone: str
    start: datetime
    cut: datetime
    now: datetime

    @property
    def trend(self) -> list[datetime]:
        return edges(self.week, self.zone, TREND_WEEKS)

    @property
    def cohorts(self) -> list[datetime]:
        return edges(self.week, self.zone, COHORT_WEEKS)


@dataclass(frozen=True)
class Standing:
    """Where a case stood, whose it was, and which account led it."""

    phase: str
    outcome: str | None
    assignee_id: int | None
    account_id: int | None = None

    def fits(self, only: Only) -> bool:
        return only.assignee_id in (None, self.assignee_id) and only.account_id in (None, self.account_id)

    def then(self, differing: Mapping[str, Any]) -> "Standing":
        return replace(self, **differing) if differing else self


@dataclass(frozen=True)
class Known:
    """A case as it stood then."""

    id: int
    fact: CaseFact
    standing: Standing


def span_of(week: Week, zone: str, as_of: datetime) -> Span:
    start, end = week.bounds(zone)
    return Span(week, zone, start, cut=min(end, as_of + INSTANT), now=min(end, as_of))


def later(session: Session, span: Span) -> Later:
    """What changed cases since, newest first, each taken back; an undo by the data of the entry that it took back.

    Sorted here: asked for an order by id, SQLite walks the whole timeline to save itself the sorting.
    """
    taken = aliased(Entry)
    rows = session.execute(
        select(Entry.id, Entry.case_id, Entry.kind, Entry.data, taken.data.label("undone"),
               Merge.snapshot.label("link"), Request.account_id.label("account_id"))
        .outerjoin(taken, taken.id == _told(Entry, "undo", "undone"))
        .outerjoin(Merge, Merge.id == _told(taken, "swap", "link"))
        .outerjoin(Request, Request.id == _told(Entry, "promoted", "before"))
        .where(Entry.at >= span.cut, CHANGED)
    )  # fmt: skip
    found: dict[int, dict[str, Any]] = defaultdict(dict)
    for row in sorted(rows, key=lambda row: -row.id):
        found[row.case_id].update(_before(row))
    return found


def _told(entry: type[Entry], kind: str, name: str) -> ColumnElement[int | None]:
    """A number in the data of entries of one kind; under the same name other kinds may tell something else."""
    return case((entry.kind == kind, entry.data[name].as_integer()))


def changed_since(span: Span) -> Select[int]:
    """The ids of the cases that `later` tells of."""
    return select(Entry.case_id).where(Entry.at >= span.cut, CHANGED)


def tallies(session: Session, span: Span, only: Only) -> Tallies:
    """Standing and cohorts of the cases that nothing has happened to since, by one statement each."""
    still = _still(span, only)
    standing = select(Case.phase, func.count()).where(Case.outcome.is_(None), Case.opened_at < span.cut, *still)
    weeks = span.cohorts
    place = placed(Case.opened_at, weeks)
    inside = Case.opened_at >= weeks[0], Case.opened_at < span.cut
    cohorts = select(place, Case.phase, Case.outcome, func.count()).where(*inside, *still)
    found = session.execute(cohorts.group_by(place, Case.phase, Case.outcome)).all()
    return Tallies(
        standing=Counter({row[0]: row[1] for row in session.execute(standing.group_by(Case.phase))}),
        cohorts=Counter({(week, phase, outcome): number for week, phase, outcome, number in found}),
    )


def placed(at: SQLColumnExpression[Any], weeks: Sequence[datetime]) -> ColumnElement[int]:
    """In which of the weeks an instant lies that lies in one of them."""
    return case(*((at < end, place) for place, end in enumerate(weeks[1:-1])), else_=len(weeks) - 2)


def opened(session: Session, span: Span, only: Only) -> list[str]:
    """The numbers of the cases opened in the week that nothing has happened to since."""
    inside = Case.opened_at >= span.start, Case.opened_at < span.cut
    return [case_number(each) for each in session.scalars(select(Case.id).where(*inside, *_still(span, only)))]


def changed(session: Session, span: Span, only: Only, entries: Later) -> list[Known]:
    """Every case opened by then that something has happened to since, as it stood."""
    wanted = Case.opened_at < span.cut, Case.id.in_(changed_since(span))
    found = (_known(row, entries.get(row.id, {})) for row in session.execute(_rows().where(*wanted)))
    return [each for each in found if each.standing.fits(only)]


def unchanged(
    session: Session, span: Span, only: Only, *where: ColumnElement[bool], limit: int | None = None
) -> list[Known]:
    """Cases that nothing has happened to since, by id."""
    wanted = _rows().where(Case.opened_at < span.cut, *where, *_still(span, only)).order_by(Case.id).limit(limit)
    return [_known(row, {}) for row in session.execute(wanted)]


def named(session: Session, ids: Sequence[int], entries: Later) -> dict[str, Known]:
    """These cases (not very many) as they stood, by number."""
    found = (_known(row, entries.get(row.id, {})) for row in session.execute(_rows().where(Case.id.in_(ids))))
    return {each.fact.case: each for each in found}


def moves(session: Session, span: Span, only: Only, entries: Later) -> tuple[MoveFact, ...]:
    """The week's changes of place, but for those that were taken back by then."""
    data = {name: Entry.data[path].as_string().label(name) for name, path in TOLD.items()}
    rows = session.execute(
        select(Entry.id, Entry.case_id, Entry.kind, Entry.at, Case.assignee_id, Case.account_id, *data.values())
        .join(Case, Case.id == Entry.case_id)
        .outerjoin(Undone, and_(Undone.entry_id == Entry.id, Undone.at < span.cut))
        .where(Entry.at >= span.start, Entry.at < span.cut, MOVED, Undone.entry_id.is_(None))
    )
    ordered = sorted(rows, key=lambda row: row.id)
    told = (row for row in ordered if row.over is None and (only == EVERYTHING or _was(row, entries).fits(only)))
    found = (_move(row) for row in told)
    return tuple(move for move in found if move.from_place != move.to_place)


def _was(row: Any, entries: Later) -> Standing:
    return Standing("", None, row.assignee_id, row.account_id).then(entries.get(row.case_id, {}))


def _still(span: Span, only: Only) -> list[ColumnElement[bool]]:
    """Nothing has happened to the case since, so that it stands as it stood."""
    narrowed = ((Case.assignee_id, only.assignee_id), (Case.account_id, only.account_id))
    return [
        Case.id.not_in(changed_since(span)), *(column == wanted for column, wanted in narrowed if wanted is not None)
    ]  # fmt: skip


def _rows() -> Select[*tuple[Any, ...]]:
    columns = Case.id, Case.service_name, Case.opened_at, Case.phase, Case.outcome, Case.assignee_id, Case.account_id
    return select(*columns)


def _before(entry: Row[Any]) -> dict[str, Any]:
    """What of the standing was different before the entry."""
    if entry.kind == "unmerge":
        return {"outcome": str(Outcome.MERGED)}
    if entry.kind == "assigned":
        return {"assignee_id": entry.data.get("before")}
    if entry.kind == "promoted":
        return {"account_id": entry.account_id} if entry.account_id is not None else {}
    known = _before_undo(entry) if entry.kind == "undo" else entry.data.get("before")
    return {name: known[name] for name in ("phase", "outcome", "assignee_id")} if known else {}


def _before_undo(entry: Row[Any]) -> Any:
    """What an undone entry had led to: a move tells it, a swap put one case below the other."""
    undone = entry.undone or {}
    if "into" in undone:
        return {**undone["before"], "outcome": str(Outcome.MERGED)}
    return undone.get("after") or entry.link


def _known(row: Any, differing: Mapping[str, Any]) -> Known:
    standing = Standing(row.phase, row.outcome, row.assignee_id, row.account_id).then(differing)
    fact = CaseFact(case_number(row.id), row.service_name, row.opened_at, standing.phase, standing.outcome)
    return Known(row.id, fact, standing)


def _move(row: Any) -> MoveFact:
    """A merge, or the case that a swap put below another, tells no `after`: it is merged."""
    return MoveFact(
        case=case_number(row.case_id),
        name=row.kind.removeprefix("move."),
        from_place=row.outcome or row.phase,
        to_place=row.new_outcome or row.new_phase or str(Outcome.MERGED),
        at=row.at,
        since=datetime.fromisoformat(row.since),
    )
