"""Clocks as the pages of staff tell them: where each stands, and how its number came about."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from markupsafe import Markup
from sqlalchemy.orm import Session

from request_tracker.rules.calendar import Calendar, working_between
from request_tracker.rules.clock_measure import Measure, measure_of
from request_tracker.rules.people import Viewer
from request_tracker.rules.phases import CLOCKS
from request_tracker.rules.sla import LIVE, ClockEvent, ClockState, RunState, fold
from request_tracker.store import clocks
from request_tracker.store.clocks import Clock
from request_tracker.web.clock_story import Story, calendar_of, story
from request_tracker.web.request_promise import by

NOTHING = timedelta(0)


@dataclass(frozen=True)
class ClockShown:
    """What templates/parts/clock.html takes. `due`: the due instant as it reads."""

    label: str
    state: str
    signal: str
    words: str
    due_at: datetime | None
    due: Markup | None
    internal: bool


@dataclass(frozen=True)
class ClockExplained:
    """`id` and `runs` are for the lead, who may change what runs."""

    shown: ClockShown
    id: int
    name: str
    cycle: int
    runs: bool
    story: Story


def shown(session: Session, case_id: int, now: datetime) -> tuple[ClockShown, ...]:
    """The case's clocks folded as of now, those with a promise to the requester first."""
    kept = _kept(session, case_id)
    events = clocks.events_of_all(session, [row.id for row in kept])
    rows = [_shown(row, events[row.id], now) for row in kept]
    return tuple(sorted(rows, key=lambda row: (row.internal, row.state not in LIVE)))


def explained(session: Session, case_id: int, viewer: Viewer, now: datetime) -> tuple[ClockExplained, ...]:
    """Every clock of the case with its story."""
    return tuple(_explained(session, row, viewer, now) for row in _kept(session, case_id))


def _kept(session: Session, case_id: int) -> list[Clock]:
    return [row for row in clocks.of_case(session, case_id) if row.state != "void"]


def _explained(session: Session, row: Clock, viewer: Viewer, now: datetime) -> ClockExplained:
    told = _shown(row, clocks.events_of(session, row.id), now)
    return ClockExplained(told, row.id, row.name, row.cycle, row.state in LIVE, story(session, row, viewer, now))


def _shown(row: Clock, events: list[ClockEvent], now: datetime) -> ClockShown:
    state = fold(events, as_of=now)
    kind = CLOCKS[row.name]
    calendar, label = calendar_of(tuple(events)), kind.words(row.cycle)
    words = _words(state, calendar, measure_of(events, as_of=now), now)
    due = by(state.due_at, calendar, both=True) if state.due_at else None
    return ClockShown(label, str(state.state), _signal(state, now), words, state.due_at, due, kind.internal)


def _signal(state: ClockState, now: datetime) -> str:
    if state.state is RunState.RUNNING and state.due_at is not None:
        if state.due_at < now:
            return "overdue"
        return "at_risk" if state.at_risk_at is not None and state.at_risk_at <= now else "ok"
    if state.state is RunState.PAUSED:
        return "paused"
    return state.verdict or "none"


def _words(state: ClockState, calendar: Calendar, measure: Measure, now: datetime) -> str:
    target = measure.words(state.target or NOTHING, calendar)
    used = measure.words(state.elapsed, calendar)
    if state.state is RunState.RUNNING and state.due_at is not None:
        if state.due_at < now:
            return f"{measure.words(working_between(calendar, state.due_at, now), calendar)} late."
        return f"{measure.words(working_between(calendar, now, state.due_at), calendar)} left of {target}."
    if state.state is RunState.PAUSED:
        return f"Stands still after {used} of {target}."
    return f"Ended after {used} of {target}."
