"""Clocks by their events: what was recorded before an instant, folded as of then."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, select
from sqlalchemy.orm import Session

from request_tracker.rules.calendar import Calendar, day_length
from request_tracker.rules.report_rows import ClockFact, Revision
from request_tracker.rules.sla import ClockEvent, fold
from request_tracker.store.cases import Case, case_number
from request_tracker.store.clocks import CalendarVersion, Clock, ClockEventRow, as_event
from request_tracker.store.people import Account

DAY_S = 86_400.0
AnyRow = Row[Any]
Events = Sequence[ClockEvent]
COLUMNS = (
    Clock.id, Clock.case_id, Case.service_name, Clock.name, Clock.cycle, Clock.state, Clock.started_at,
    Clock.stopped_at, Clock.due_at, Clock.at_risk_at, Clock.target_s, Clock.elapsed_s, Clock.verdict,
    Clock.breached_at, Clock.calendar_id, Clock.zero_us, Clock.paused, Case.assignee_id, Account.name.label("account"),
)  # fmt: skip


def joined() -> Select[*tuple[Any, ...]]:
    """Clocks with what a fact tells of their case."""
    return select(*COLUMNS).join(Case, Case.id == Clock.case_id).join(Account, Account.id == Clock.account_id)


def with_events(session: Session, wanted: ColumnElement[bool], before: datetime) -> list[tuple[AnyRow, Events]]:
    """Clocks as rows, each with what was recorded before an instant."""
    versions = session.execute(select(CalendarVersion.id, CalendarVersion.body)).all()
    calendars = {row.id: Calendar.from_json(row.body) for row in versions}
    events = events_before(session, wanted, before, calendars)
    return [(row, events.get(row.id, [])) for row in session.execute(joined().where(wanted))]


def events_before(
    session: Session, wanted: ColumnElement[bool], before: datetime, calendars: Mapping[int, Calendar]
) -> dict[int, list[ClockEvent]]:
    """By clock, what was recorded by then, in one statement. Sorted here for the reason `past.later` gives."""
    rows = session.execute(
        select(*ClockEventRow.__table__.columns)
        .join(Clock, Clock.id == ClockEventRow.clock_id)
        .where(wanted, ClockEventRow.recorded_at < before, ClockEventRow.effective_at < before)
    )
    found: dict[int, list[ClockEvent]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.id):
        found[row.clock_id].append(as_event(row, calendars))
    return found


def revision(row: AnyRow, events: Events, start: datetime) -> Revision | None:
    """What was known when the week began, where something recorded since reaches back behind that."""
    if not any(event.recorded_at >= start > event.effective_at for event in events):
        return None
    return Revision(known_then(row, events, start).counted)


def known_then(row: AnyRow, events: Events, instant: datetime) -> ClockFact:
    """The clock as it was known at an instant, from what was recorded before it."""
    earlier = [event for event in events if event.recorded_at < instant and event.effective_at < instant]
    return folded(row, earlier, instant)


def folded(
    row: AnyRow,
    events: Events,
    now: datetime,
    assignee: str | None = None,
    revision: Revision | None = None,
) -> ClockFact:
    """One row's fact by its events."""
    state = fold(events, as_of=now)
    return ClockFact(
        case=case_number(row.case_id),
        service_name=row.service_name,
        name=row.name,
        cycle=row.cycle,
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
        account=row.account,
        assignee=assignee,
        day_s=day_length(state.calendar).total_seconds() if state.calendar else DAY_S,
        revision=revision,
    )
