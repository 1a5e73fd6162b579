"""Clocks as they were known at an instant: by their columns where nothing touched them since, else folded one by one.

The columns of a clock that no event was recorded for since are exact as of then: it stands as it stood, what has
elapsed is the coordinate less `zero_us`, and it is broken as soon as its due instant has passed. All that the database
counts is said here, and `read` says the same of one row in Python.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Double,
    Select,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from request_tracker.rules.calendar import Calendar, coordinate, day_length
from request_tracker.rules.report_rows import ClockFact, Only
from request_tracker.rules.sla import ClockEvent, RunState
from request_tracker.rules.terms import STAFF
from request_tracker.rules.weeks import Week
from request_tracker.store import reading_report_cases as past
from request_tracker.store.cases import Case, case_number
from request_tracker.store.clocks import CalendarVersion, Clock, ClockEventRow
from request_tracker.store.people import Person
from request_tracker.store.reading_report_cases import Later, Span, changed_since
from request_tracker.store.reading_report_folds import DAY_S, AnyRow, Events, events_before, folded, joined, revision

OPEN = (str(RunState.RUNNING), str(RunState.PAUSED))
SECOND_US = 1_000_000


@dataclass(frozen=True)
class Mark:
    """A calendar, and where the report's instant lies on it: working microseconds; seconds of one working day."""

    calendar: Calendar
    at_us: int
    day_s: float


@dataclass(frozen=True)
class Sight:
    """What is looked at, as of when, and what has to be known for that."""

    span: Span
    only: Only
    later: Later
    marks: Mapping[int, Mark]
    names: Mapping[int, str]


@dataclass(frozen=True)
class Single:
    """A clock looked at by itself; `apart`: the database does not count it."""

    fact: ClockFact
    apart: bool


def sight_of(session: Session, week: Week, zone: str, as_of: datetime, only: Only) -> Sight:
    span = past.span_of(week, zone, as_of)
    versions = session.execute(select(CalendarVersion.id, CalendarVersion.body)).all()
    staff = select(Person.id, Person.name).where(Person.role.in_([str(role) for role in STAFF]))
    return Sight(
        span=span,
        only=only,
        later=past.later(session, span),
        marks={row.id: _mark(Calendar.from_json(row.body), span.now) for row in versions},
        names={row.id: row.name for row in session.execute(staff)},
    )


def singly(session: Session, sight: Sight, *where: ColumnElement[bool]) -> list[Single]:
    """The clocks that must be folded, of those `where` names: what is apart, and what was recorded late (see
    `Revision`)."""
    wanted = and_(Clock.id.in_(union_all(*_apart(sight), _recorded_late(sight.span))), *where)
    known = exists().where(ClockEventRow.clock_id == Clock.id, ClockEventRow.recorded_at < sight.span.cut)
    apart = case((Clock.id.in_(union_all(*_apart(sight))), 1), else_=0).label("apart")
    rows = session.execute(joined().add_columns(apart).where(wanted, known, *_of_account(sight.only))).all()
    events = _events(session, sight, wanted) if rows else {}
    found = ((row, _fold(row, events.get(row.id, ()), sight)) for row in rows if _fits(row, sight))
    return [Single(fact, bool(row.apart)) for row, fact in found if fact is not None]


def counted(sight: Sight, clock_id: Any = Clock.id) -> ColumnElement[bool]:
    """Which clocks the database counts: those that are not apart, of the account and the specialist asked for."""
    return and_(clock_id.not_in(union_all(*_apart(sight))), *_narrowed(sight, clock_id))


def read(session: Session, sight: Sight, wanted: Select[*tuple[Any, ...]], *, pauses: bool = False) -> list[ClockFact]:
    """Rows of clocks that are not apart, as facts. `pauses`: how long it has been paused counts up to the present."""
    rows = session.execute(wanted).all()
    halted = [row.id for row in rows if row.state == RunState.PAUSED] if pauses else []
    events = _events(session, sight, Clock.id.in_(halted)) if pauses else {}
    return [
        folded(row, events[row.id], sight.span.now, _owner(row, sight)) if row.id in events else _by_columns(row, sight)
        for row in rows
    ]


def rows(sight: Sight, *where: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """The rows of clocks that are not apart, for `read`."""
    return joined().where(counted(sight), *where)


def is_open() -> ColumnElement[bool]:
    """Says twice that it has not ended: by the state, and by the column that has an index."""
    return and_(Clock.state.in_(OPEN), Clock.stopped_at.is_(None))


def is_met(start: datetime, end: datetime) -> ColumnElement[bool]:
    return and_(Clock.verdict == "met", Clock.stopped_at >= start, Clock.stopped_at < end)


def is_broken(sight: Sight, start: datetime, end: datetime) -> ColumnElement[bool]:
    """Broken in the span: noticed, or not noticed yet. At the due instant itself nothing is broken."""
    until = min(end, sight.span.now)
    noticed = and_(Clock.breached_at >= start, Clock.breached_at < until)
    return or_(noticed, and_(Clock.breached_at.is_(None), Clock.due_at >= start, Clock.due_at < until))


def is_finished(start: datetime, end: datetime) -> ColumnElement[bool]:
    return and_(Clock.state == RunState.STOPPED, Clock.stopped_at >= start, Clock.stopped_at < end)


def broken_at() -> ColumnElement[datetime | None]:
    """When a clock breaks, or broke: a breach is never healed, whatever the target became."""
    return func.coalesce(Clock.breached_at, Clock.due_at)


def signal(sight: Sight) -> ColumnElement[str]:
    """rules.report_tally.signal_of, of an open clock."""
    now = sight.span.now
    paused = Clock.state == RunState.PAUSED
    return case((broken_at() < now, "overdue"), (paused, "paused"), (Clock.at_risk_at <= now, "at_risk"), else_="ok")


def age(sight: Sight) -> ColumnElement[float]:
    """Working days elapsed; the same arithmetic as in Python, bit by bit."""
    return _elapsed_s(sight) / day_s(sight)


def over(sight: Sight) -> ColumnElement[float]:
    return (_elapsed_s(sight) - Clock.target_s) / day_s(sight)


def day_s(sight: Sight) -> ColumnElement[float]:
    lengths = {number: literal(mark.day_s, Double) for number, mark in sight.marks.items()}
    return case(lengths, value=Clock.calendar_id, else_=literal(DAY_S, Double)) if lengths else literal(DAY_S, Double)


def _elapsed_s(sight: Sight) -> ColumnElement[float]:
    places = {number: literal(mark.at_us, BigInteger) for number, mark in sight.marks.items()}
    at_us = case(places, value=Clock.calendar_id) if places else null()
    ran = cast(at_us - Clock.zero_us, Double) / float(SECOND_US)
    return case((Clock.state == RunState.RUNNING, ran), else_=cast(Clock.elapsed_s, Double))


def _apart(sight: Sight) -> list[Select[int]]:
    """Touched since; from before the columns were kept (calendar_id is empty); or perhaps somebody else's by now."""
    span = sight.span
    unkept = select(Clock.id).where(Clock.calendar_id.is_(None))
    found: list[Select[int]] = [
        select(ClockEventRow.clock_id).where(ClockEventRow.recorded_at >= span.now),
        unkept.where(is_open()),
        unkept.where(is_finished(span.start, span.cut)),
    ]
    if sight.only.assignee_id is not None:
        found.append(select(Clock.id).where(Clock.case_id.in_(changed_since(span))))
    return found


def _recorded_late(span: Span) -> Select[int]:
    """Clocks of which something was recorded in the week that reaches back behind it."""
    behind = ClockEventRow.effective_at < ClockEventRow.recorded_at, ClockEventRow.effective_at < span.start
    inside = ClockEventRow.recorded_at >= span.start, ClockEventRow.recorded_at < span.cut
    return select(ClockEventRow.clock_id).where(*inside, *behind)


def _of_account(only: Only) -> list[ColumnElement[bool]]:
    return [] if only.account_id is None else [Clock.account_id == only.account_id]


def _narrowed(sight: Sight, clock_id: Any) -> list[ColumnElement[bool]]:
    only = sight.only
    wanted = [*_of_account(only)]
    if only.assignee_id is not None:
        wanted.append(Clock.case_id.in_(select(Case.id).where(Case.assignee_id == only.assignee_id)))
    return [clock_id.in_(select(Clock.id).where(*wanted).correlate(None))] if wanted else []


def _fits(row: AnyRow, sight: Sight) -> bool:
    return sight.only.assignee_id in (None, _had(row, sight))


def _had(row: AnyRow, sight: Sight) -> int | None:
    """Whose the case was then."""
    found: int | None = sight.later.get(row.case_id, {}).get("assignee_id", row.assignee_id)
    return found


def _owner(row: AnyRow, sight: Sight) -> str | None:
    had = _had(row, sight)
    return sight.names.get(had) if had is not None else None


def _events(session: Session, sight: Sight, wanted: ColumnElement[bool]) -> dict[int, list[ClockEvent]]:
    calendars = {number: mark.calendar for number, mark in sight.marks.items()}
    return events_before(session, and_(wanted, *_of_account(sight.only)), sight.span.cut, calendars)


def _fold(row: AnyRow, events: Events, sight: Sight) -> ClockFact | None:
    """The clock as it was known then; None where it had not started, unless that is news."""
    known = revision(row, events, sight.span.start)
    fact = folded(row, events, sight.span.now, _owner(row, sight), known)
    return fact if fact.state != RunState.PENDING or known else None


def _by_columns(row: AnyRow, sight: Sight) -> ClockFact:
    """One row's fact by its columns: what the statements above count, said once more."""
    mark = sight.marks[row.calendar_id] if row.calendar_id is not None else None
    breaks_at = row.breached_at or row.due_at
    breached_at = breaks_at if breaks_at is not None and breaks_at < sight.span.now else None
    ran = row.state == RunState.RUNNING and mark is not None
    return ClockFact(
        case=case_number(row.case_id),
        service_name=row.service_name,
        name=row.name,
        cycle=row.cycle,
        state=row.state,
        started_at=row.started_at,
        stopped_at=row.stopped_at,
        due_at=row.due_at,
        at_risk_at=row.at_risk_at,
        target_s=row.target_s,
        elapsed_s=(mark.at_us - row.zero_us) / SECOND_US if mark and ran else row.elapsed_s,
        verdict="breached" if breached_at else row.verdict if row.verdict == "met" else None,
        breached_at=breached_at,
        paused_for=tuple(row.paused.items()),
        account=row.account,
        assignee=_owner(row, sight),
        day_s=mark.day_s if mark else DAY_S,
    )


def _mark(calendar: Calendar, now: datetime) -> Mark:
    return Mark(calendar, coordinate(calendar, now), day_length(calendar).total_seconds())
