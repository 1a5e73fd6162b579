"""Clocks explained: every event in words, and the arithmetic behind the verdict."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from request_tracker.rules.calendar import MICROSECOND, Calendar, day_length, standard, working_between
from request_tracker.rules.calendar_words import day_ended
from request_tracker.rules.clock_measure import Measure, measure_of
from request_tracker.rules.sla import (
    AT_RISK,
    LIVE,
    NOTHING,
    ClockEvent,
    ClockState,
    EventKind,
    RunState,
    Tally,
    fold,
    in_order,
)

Reasons = Mapping[str, str]
AS_THEY_ARE: Reasons = MappingProxyType({})


@dataclass(frozen=True)
class Line:
    """One line of an explained clock: when, what in words, and the working time elapsed by then.

    `event_id` is None for the last line, the sum.
    """

    at: datetime
    sentence: str
    elapsed: timedelta
    event_id: int | None = None


@dataclass(frozen=True)
class Segment:
    """A stretch in which the clock ran or stood still by one calendar, with the working time in it.

    `kind` is running or paused; `reasons` are those open in it; `elapsed` is what had elapsed by its end.
    """

    kind: str
    start: datetime
    end: datetime
    worked: timedelta
    elapsed: timedelta
    calendar: Calendar
    reasons: tuple[str, ...] = ()


def explain(events: Iterable[ClockEvent], *, as_of: datetime, reasons: Reasons = AS_THEY_ARE) -> tuple[Line, ...]:
    """Every event in words with the elapsed time, those without effect too, and a last line with the arithmetic.

    `reasons`: how a reason to wait reads; what is not in it reads as it is.
    """
    known = tuple(events)
    clock, lines, measure = Tally(AT_RISK), [], measure_of(known, as_of=as_of)
    for event, taken_back_by in in_order(known, as_of):
        clock.run_to(event.effective_at)
        counted = taken_back_by is None and clock.take(event)
        sentence = _happened(event, clock.calendar, measure, reasons) + _effect(counted, taken_back_by)
        lines.append(Line(event.effective_at, sentence, clock.elapsed, event.id))
    clock.run_to(as_of)
    return (*lines, Line(as_of, _arithmetic(clock.state_now(), measure, reasons), clock.elapsed))


def segments(events: Iterable[ClockEvent], *, as_of: datetime) -> tuple[Segment, ...]:
    """The clock's life in stretches, without gaps, from its start to its end or to `as_of`.

    The working time of the running ones sums up to what has elapsed.
    """
    clock, found = Tally(AT_RISK), []
    for event, taken_back_by in in_order(events, as_of):
        found += _stretch(clock, event.effective_at)
        if taken_back_by is None:
            clock.take(event)
    found += _stretch(clock, as_of)
    return tuple(_joined(found, lambda each: each.calendar))


def summed(events: Iterable[ClockEvent], *, as_of: datetime, reasons: Reasons = AS_THEY_ARE) -> str:
    """The arithmetic in one line: `ran 3 working days + stood still 5 h (…) + ran 2 h = elapsed 3 working days 2 h`."""
    known = tuple(events)
    state, found, measure = fold(known, as_of=as_of), segments(known, as_of=as_of), measure_of(known, as_of=as_of)
    if state.calendar is None or state.target is None:
        return "The clock has not started."
    parts = _joined(found, lambda each: day_length(each.calendar))
    told = " + ".join(_part(each, measure, reasons) for each in parts) or "Ran 0 min"
    elapsed, target = measure.words(state.elapsed, state.calendar), measure.words(state.target, state.calendar)
    return f"{told[:1].upper()}{told[1:]} = elapsed {elapsed} of {target}. {_standing(state, state.calendar, measure)}"


def days_off_in(calendar: Calendar, start: datetime, end: datetime) -> tuple[date, ...]:
    """The days off that took working time out of the span, in order."""
    zone = ZoneInfo(calendar.zone)
    first, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    return tuple(day for day in sorted(calendar.holidays) if first <= day <= last and calendar.weekly[day.weekday()])


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


def _stretch(clock: Tally, until: datetime) -> list[Segment]:
    """Count up to the instant; what lies between as a segment, if the clock was going and time has passed."""
    if clock.state not in LIVE or clock.calendar is None or until <= clock.at:
        clock.run_to(until)
        return []
    start, state, waits = clock.at, clock.state, tuple(sorted(clock.open))
    clock.run_to(until)
    worked = working_between(clock.calendar, start, until)
    return [Segment(str(state), start, until, worked, clock.elapsed, clock.calendar, waits)]


def _joined(found: Iterable[Segment], measured: Callable[[Segment], object]) -> list[Segment]:
    """Neighbours of one kind, `measured` alike, are one stretch: an event that changed nothing divides nothing."""
    rows: list[Segment] = []
    for each in found:
        last = rows[-1] if rows else None
        same = last is not None and (last.kind, last.reasons) == (each.kind, each.reasons)
        if last is not None and same and measured(last) == measured(each):
            rows[-1] = replace(last, end=each.end, worked=last.worked + each.worked, elapsed=each.elapsed)
        else:
            rows.append(each)
    return rows


def _part(segment: Segment, measure: Measure, reasons: Reasons) -> str:
    if segment.kind == RunState.RUNNING:
        return f"ran {measure.words(_told_of(segment), segment.calendar)}"
    spent = measure.words(segment.worked, segment.calendar)
    waits = " and ".join(_reason(each, reasons) for each in segment.reasons)
    return f"stood still {spent}{f' ({waits})' if waits else ''}"


def _told_of(segment: Segment) -> timedelta:
    """The whole minutes it adds to what had elapsed, so that the minutes told sum up to the minutes elapsed."""
    minute = timedelta(minutes=1)
    added = (segment.elapsed // minute - (segment.elapsed - segment.worked) // minute) * minute
    return added or min(segment.worked, minute - MICROSECOND)


def _reason(reason: str, reasons: Reasons) -> str:
    return reasons.get(reason) or {"merged": "combined with another request"}.get(reason, reason)


def _happened(event: ClockEvent, current: Calendar | None, measure: Measure, reasons: Reasons) -> str:
    calendar = event.calendar or current or standard("UTC")
    target = measure.both(event.target or NOTHING, calendar)
    sentence = SENTENCES[event.kind].format(target=target, voids=event.voids, zone=calendar.zone)
    return f"{sentence} Reason: {_reason(event.reason, reasons)}." if event.reason else sentence


def _effect(counted: bool, taken_back_by: int | None) -> str:
    if taken_back_by is not None:
        return f" Taken back by event {taken_back_by}: it counts for nothing."
    return "" if counted else " It changed nothing."


def _arithmetic(state: ClockState, measure: Measure, reasons: Reasons) -> str:
    calendar = state.calendar
    if calendar is None or state.target is None:
        return "The clock has not started."
    waits = [(_reason(reason, reasons) or "no reason given", spent) for reason, spent in state.paused_for]
    pauses = ", ".join(f"{measure.words(spent, calendar)} ({reason})" for reason, spent in waits)
    sums = f"Elapsed {measure.words(state.elapsed, calendar)} of {measure.words(state.target, calendar)}"
    return f"{sums}{'; paused ' if pauses else ''}{pauses}. {_standing(state, calendar, measure)}"


def _standing(state: ClockState, calendar: Calendar, measure: Measure) -> str:
    return f"{_stands(state, calendar)} {measure.why}".strip()


def _stands(state: ClockState, calendar: Calendar) -> str:
    if state.breached_at:
        return f"The promise was broken at {_local(state.breached_at, calendar)}."
    if state.due_at:
        by = "by " if day_ended(calendar, state.due_at) else ""
        return f"Due {by}{_local(state.due_at, calendar)}."
    return {
        RunState.STOPPED: "It stopped in time: the promise was kept.",
        RunState.CANCELLED: "It was cancelled before it was due.",
    }.get(state.state, "There is no due date while it is paused.")


def _local(at: datetime, calendar: Calendar) -> str:
    ended = day_ended(calendar, at)
    if ended:
        return ended
    wall = at.astimezone(ZoneInfo(calendar.zone))
    return f"{wall:%a} {wall.day} {wall:%b %Y %H:%M} ({calendar.zone})"
