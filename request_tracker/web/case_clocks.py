"""Clocks as the pages of staff tell them: where each stands, and how its number came about."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from request_tracker.rules.calendar import Calendar, standard, working_between
from request_tracker.rules.clock_words import Line, explain, words_for
from request_tracker.rules.phases import CLOCKS
from request_tracker.rules.sla import ClockEvent, ClockState, RunState, fold
from request_tracker.store import clocks
from request_tracker.store.clocks import Clock

NOTHING = timedelta(0)


@dataclass(frozen=True)
class ClockShown:
    """What templates/parts/clock.html takes."""

    label: str
    state: str
    signal: str
    words: str
    due_at: datetime | None
    internal: bool


@dataclass(frozen=True)
class ClockExplained:
    shown: ClockShown
    name: str
    cycle: int
    zone: str
    lines: tuple[Line, ...]
    elapsed: tuple[str, ...]


def shown(session: Session, case_id: int, now: datetime) -> tuple[ClockShown, ...]:
    """The case's clocks folded as of now, those with a promise to the requester first."""
    rows = [_shown(row, clocks.events_of(session, row.id), now) for row in _kept(session, case_id)]
    return tuple(sorted(rows, key=lambda row: (row.internal, row.state not in ("running", "paused"))))


def explained(session: Session, case_id: int, now: datetime) -> tuple[ClockExplained, ...]:
    """Every clock of the case with each event in words."""
    return tuple(_explained(row, clocks.events_of(session, row.id), now) for row in _kept(session, case_id))


def _kept(session: Session, case_id: int) -> list[Clock]:
    return [row for row in clocks.of_case(session, case_id) if row.state != "void"]


def _explained(row: Clock, events: list[ClockEvent], now: datetime) -> ClockExplained:
    calendar = _calendar(events)
    told = explain(events, as_of=now)
    elapsed = tuple(words_for(line.elapsed, calendar) for line in told)
    return ClockExplained(_shown(row, events, now), row.name, row.cycle, calendar.zone, told, elapsed)


def _shown(row: Clock, events: list[ClockEvent], now: datetime) -> ClockShown:
    state = fold(events, as_of=now)
    kind = CLOCKS[row.name]
    label = kind.label if row.cycle == 1 else f"{kind.label} (round {row.cycle})"
    words = _words(state, _calendar(events), now)
    return ClockShown(label, str(state.state), _signal(state, now), words, state.due_at, kind.internal)


def _calendar(events: list[ClockEvent]) -> Calendar:
    found = [event.calendar for event in events if event.calendar is not None]
    return found[-1] if found else standard("UTC")


def _signal(state: ClockState, now: datetime) -> str:
    if state.state is RunState.RUNNING and state.due_at is not None:
        if state.due_at < now:
            return "overdue"
        return "at_risk" if state.at_risk_at is not None and state.at_risk_at <= now else "ok"
    if state.state is RunState.PAUSED:
        return "paused"
    return state.verdict or "none"


def _words(state: ClockState, calendar: Calendar, now: datetime) -> str:
    target = words_for(state.target or NOTHING, calendar)
    used = words_for(state.elapsed, calendar)
    if state.state is RunState.RUNNING and state.due_at is not None:
        if state.due_at < now:
            return f"{words_for(working_between(calendar, state.due_at, now), calendar)} late."
        return f"{words_for(working_between(calendar, now, state.due_at), calendar)} left of {target}."
    if state.state is RunState.PAUSED:
        return f"Stands still after {used} of {target}."
    return f"Ended after {used} of {target}."
