"""Clocks explained: every event in words, and the arithmetic behind the verdict."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from request_tracker.rules.calendar import Calendar, day_length, standard
from request_tracker.rules.sla import AT_RISK, NOTHING, ClockEvent, ClockState, EventKind, RunState, Tally, in_order


@dataclass(frozen=True)
class Line:
    """One line of an explained clock: when, what in words, and the working time elapsed by then."""

    at: datetime
    sentence: str
    elapsed: timedelta


def explain(events: Iterable[ClockEvent], *, as_of: datetime) -> tuple[Line, ...]:
    """Every event in words with the elapsed time, those without effect too, and a last line with the arithmetic."""
    clock, lines = Tally(AT_RISK), []
    for event, taken_back_by in in_order(events, as_of):
        clock.run_to(event.effective_at)
        counted = taken_back_by is None and clock.take(event)
        sentence = _happened(event, clock.calendar) + _effect(counted, taken_back_by)
        lines.append(Line(event.effective_at, sentence, clock.elapsed))
    clock.run_to(as_of)
    return (*lines, Line(as_of, _arithmetic(clock.state_now(), clock.calendar), clock.elapsed))


def words_for(duration: timedelta, calendar: Calendar) -> str:
    """Working time in words, rounded down to the minute: "3 working days 4 h"; a day is the calendar's nominal day."""
    if duration < NOTHING:
        return f"minus {words_for(-duration, calendar)}"
    if NOTHING < duration < timedelta(minutes=1):
        return "less than 1 min"
    whole, rest = divmod(duration, day_length(calendar))
    hours, minutes = divmod(rest // timedelta(minutes=1), 60)
    day = f"{whole} working day{'' if whole == 1 else 's'}"
    parts = [text for count, text in ((whole, day), (hours, f"{hours} h"), (minutes, f"{minutes} min")) if count]
    return " ".join(parts) or "0 min"


SENTENCES = {
    EventKind.START: "Started, with a target of {target}.",
    EventKind.PAUSE: "Paused.",
    EventKind.RESUME: "Resumed.",
    EventKind.STOP: "Stopped.",
    EventKind.CANCEL: "Cancelled.",
    EventKind.VOID: "Event {voids} was taken back.",
    EventKind.RETARGET: "New target: {target}; the elapsed time stays.",
    EventKind.RECALENDAR: "New working hours ({zone}) from here on; the elapsed time stays.",
}


def _happened(event: ClockEvent, current: Calendar | None) -> str:
    calendar = event.calendar or current or standard("UTC")
    target = words_for(event.target or NOTHING, calendar)
    sentence = SENTENCES[event.kind].format(target=target, voids=event.voids, zone=calendar.zone)
    return f"{sentence} Reason: {event.reason}." if event.reason else sentence


def _effect(counted: bool, taken_back_by: int | None) -> str:
    if taken_back_by is not None:
        return f" Taken back by event {taken_back_by}: it counts for nothing."
    return "" if counted else " It changed nothing."


def _arithmetic(state: ClockState, calendar: Calendar | None) -> str:
    if calendar is None or state.target is None:
        return "The clock has not started."
    pauses = ", ".join(f"{words_for(t, calendar)} ({reason or 'no reason given'})" for reason, t in state.paused_for)
    sums = f"Elapsed {words_for(state.elapsed, calendar)} of {words_for(state.target, calendar)}"
    return f"{sums}{'; paused ' if pauses else ''}{pauses}. {_standing(state, calendar)}"


def _standing(state: ClockState, calendar: Calendar) -> str:
    if state.breached_at:
        return f"The promise was broken at {_local(state.breached_at, calendar)}."
    if state.due_at:
        return f"Due {_local(state.due_at, calendar)}."
    return {
        RunState.STOPPED: "It stopped in time: the promise was kept.",
        RunState.CANCELLED: "It was cancelled before it was due.",
    }.get(state.state, "There is no due date while it is paused.")


def _local(at: datetime, calendar: Calendar) -> str:
    wall = at.astimezone(ZoneInfo(calendar.zone))
    return f"{wall:%a} {wall.day} {wall:%b %Y %H:%M} ({calendar.zone})"
