"""What the weekly report counts, as it was known at one instant: a constant number of statements, no viewer's limits.

Later events change nothing: clocks are folded from the events recorded by then, and cases are taken back from how they
stand now, entry by entry. Clocks that ended before the week and were left alone since are read from their columns.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, exists, or_, select
from sqlalchemy.orm import Session

from request_tracker.rules.calendar import Calendar, day_length
from request_tracker.rules.phases import CLOCKS
from request_tracker.rules.report import CaseFact, ClockFact, MoveFact, Revision, Week, WeeklyReport, summarise
from request_tracker.rules.sla import ClockEvent, ClockState, RunState, fold
from request_tracker.rules.terms import STAFF
from request_tracker.store import reading_report_cases as past
from request_tracker.store.cases import Case, case_number
from request_tracker.store.clocks import CalendarVersion, Clock, ClockEventRow, as_event
from request_tracker.store.people import Account, Person
from request_tracker.store.reading_report_cases import Later, Span, Standing

PROMISES = tuple(name for name, kind in CLOCKS.items() if not kind.internal)
CLOCK_COLUMNS = (
    Clock.id, Clock.case_id, Case.service_name, Clock.name, Clock.cycle, Clock.state, Clock.started_at,
    Clock.stopped_at, Clock.target_s, Clock.elapsed_s, Clock.verdict, Clock.breached_at, Case.assignee_id,
    Account.name.label("account"),
)  # fmt: skip


@dataclass(frozen=True)
class Facts:
    """What `summarise` takes."""

    clocks: tuple[ClockFact, ...]
    cases: tuple[CaseFact, ...]
    moves: tuple[MoveFact, ...]


def weekly(session: Session, week: Week, zone: str, as_of: datetime) -> WeeklyReport:
    """The report on a week that has begun, else BadWeek; for a week that is over the same one whenever it is asked."""
    found = facts(session, week.begun(as_of, zone), zone, as_of)
    return summarise(week, zone, as_of, found.clocks, found.cases, found.moves)


def facts(session: Session, week: Week, zone: str, as_of: datetime) -> Facts:
    """Clocks, cases and moves as they were known at the week's end, or at `as_of` where that is earlier."""
    span = past.span_of(week, zone, as_of)
    later = past.later(session, span)
    return Facts(
        clocks=(*_settled(session, span), *_folded(session, span, later, _staff(session))),
        cases=past.cases(session, span, later),
        moves=past.moves(session, span),
    )


def _settled(session: Session, span: Span) -> tuple[ClockFact, ...]:
    """Promises decided in the weeks of the trend before this one, and not touched since: their columns are final."""
    touched = exists().where(ClockEventRow.clock_id == Clock.id, ClockEventRow.recorded_at >= span.start)
    rows = session.execute(
        _clocks().where(
            Clock.name.in_(PROMISES), Clock.verdict.isnot(None), Clock.stopped_at >= span.trend_from,
            Clock.stopped_at < span.start, ~touched,
        )
    )  # fmt: skip
    return tuple(_fact(row) for row in rows)


def _folded(session: Session, span: Span, later: Later, names: Mapping[int, str]) -> tuple[ClockFact, ...]:
    """Every clock that was open when the week began, or had anything recorded since."""
    recent = select(ClockEventRow.clock_id).where(ClockEventRow.recorded_at >= span.start)
    wanted = or_(
        and_(Clock.state != "void", or_(Clock.stopped_at.is_(None), Clock.stopped_at >= span.start)),
        Clock.id.in_(recent),
    )
    events = _events(session, span, wanted)
    found = []
    for row in session.execute(_clocks().where(wanted)):
        fact = _fold(row, events.get(row.id, ()), span)
        if fact is not None:
            had = past.taken_back(Standing("", None, row.assignee_id), later.get(row.case_id, ())).assignee_id
            found.append(replace(fact, assignee=names.get(had) if had else None))
    return tuple(found)


def _clocks() -> Select[*tuple[Any, ...]]:
    joined = select(*CLOCK_COLUMNS).join(Case, Case.id == Clock.case_id).join(Account, Account.id == Clock.account_id)
    return joined.order_by(Clock.id)


def _events(session: Session, span: Span, wanted: ColumnElement[bool]) -> dict[int, list[ClockEvent]]:
    """By clock, what was recorded by then, in one statement (and one for the few calendars)."""
    versions = session.execute(select(CalendarVersion.id, CalendarVersion.body)).all()
    calendars = {version_id: Calendar.from_json(body) for version_id, body in versions}
    rows = session.execute(
        select(*ClockEventRow.__table__.columns)
        .join(Clock, Clock.id == ClockEventRow.clock_id)
        .where(wanted, ClockEventRow.recorded_at < span.cut, ClockEventRow.effective_at < span.cut)
        .order_by(ClockEventRow.id)
    )
    found: dict[int, list[ClockEvent]] = defaultdict(list)
    for row in rows:
        found[row.clock_id].append(as_event(row, calendars))
    return found


def _fold(row: Row[Any], events: Sequence[ClockEvent], span: Span) -> ClockFact | None:
    """The clock as it was known then; None where it had not started, unless that is news."""
    state = fold(events, as_of=span.now)
    revision = _revision(row, events, span)
    if state.state is RunState.PENDING and revision is None:
        return None
    return replace(_known(row, state), day_s=_day_s(events), revision=revision)


def _revision(row: Row[Any], events: Sequence[ClockEvent], span: Span) -> Revision | None:
    """What was known when the week began, where something recorded since reaches back behind that."""
    if not any(event.recorded_at >= span.start > event.effective_at for event in events):
        return None
    earlier = [event for event in events if event.recorded_at < span.start and event.effective_at < span.start]
    return Revision(_known(row, fold(earlier, as_of=span.start)).counted)


def _day_s(events: Sequence[ClockEvent]) -> float:
    calendar = next((event.calendar for event in reversed(events) if event.calendar is not None), None)
    return day_length(calendar).total_seconds() if calendar else 86_400.0


def _fact(row: Row[Any]) -> ClockFact:
    return ClockFact(
        case=case_number(row.case_id), service_name=row.service_name, name=row.name, cycle=row.cycle, state=row.state,
        started_at=row.started_at, stopped_at=row.stopped_at, due_at=None, at_risk_at=None, target_s=row.target_s,
        elapsed_s=row.elapsed_s, verdict=row.verdict, breached_at=row.breached_at, account=row.account,
    )  # fmt: skip


def _known(row: Row[Any], state: ClockState) -> ClockFact:
    return replace(
        _fact(row),
        state=str(state.state),
        started_at=state.started_at,
        stopped_at=state.stopped_at,
        due_at=state.due_at,
        at_risk_at=state.at_risk_at,
        target_s=state.target.total_seconds() if state.target else 0.0,
        elapsed_s=state.elapsed.total_seconds(),
        verdict=state.verdict,
        breached_at=state.breached_at,
        paused_for=tuple((reason, spent.total_seconds()) for reason, spent in state.paused_for),
    )


def _staff(session: Session) -> dict[int, str]:
    rows = session.execute(select(Person.id, Person.name).where(Person.role.in_([str(role) for role in STAFF])))
    return {row.id: row.name for row in rows}
