"""A clock explained for one reader: every event and who brought it, the stretches, the sum, the calendar behind it."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from request_tracker.rules.calendar import Calendar, standard
from request_tracker.rules.calendar_words import week_words
from request_tracker.rules.clock_measure import Measure, measure_of
from request_tracker.rules.clock_words import Line, Reasons, Segment, days_off_in, explain, segments, summed
from request_tracker.rules.people import Viewer
from request_tracker.rules.sla import ClockEvent, ClockState, EventKind, RunState, fold
from request_tracker.rules.tasks import AWAITED
from request_tracker.rules.terms import HOLD_WORDS
from request_tracker.store import calendars, reading_clocks
from request_tracker.store.case_rows import TimelineRow
from request_tracker.store.clocks import Clock

ON_STAFF: Reasons = {str(reason): words for reason, words in HOLD_WORDS.items()}


@dataclass(frozen=True)
class LineShown:
    """One event: its number, when, what, by whom and through what, and what had elapsed by then."""

    event_id: int | None
    at: datetime
    sentence: str
    by: str
    cause: str
    reason: str
    elapsed: str


@dataclass(frozen=True)
class StretchShown:
    """`kind` in words; `spent` is the working time in it, in the days of its own calendar; `elapsed` what had elapsed
    by its end."""

    kind: str
    start: datetime
    end: datetime
    spent: str
    elapsed: str


@dataclass(frozen=True)
class Story:
    """`hours` describes the calendar it counts by now; `days_off` fell into its span, each by the calendar of then."""

    as_of: datetime
    lines: tuple[LineShown, ...]
    stretches: tuple[StretchShown, ...]
    sum: str
    zone: str
    hours: tuple[tuple[str, str], ...]
    days_off: tuple[tuple[date, str], ...]
    calendars: int


def story(session: Session, row: Clock, viewer: Viewer, now: datetime, *, full: bool = True) -> Story:
    """The clock's whole story as of now, with no more than the viewer may read."""
    events = reading_clocks.readable(session, row, viewer, now, full=full)
    causes = reading_clocks.causes(session, row.id, viewer)
    calendar, state = calendar_of(events), fold(events, as_of=now)
    reasons: Reasons = ON_STAFF if viewer.is_staff else AWAITED
    stretches, measure = segments(events, as_of=now), measure_of(events, as_of=now)
    off = _days_off(stretches, calendar, state, now)
    names = calendars.names_of(session, off)
    told = [line for line in explain(events, as_of=now, reasons=reasons) if line.event_id is not None]
    return Story(
        as_of=now,
        lines=tuple(_line(line, causes.get(line.event_id or 0), measure, calendar, viewer) for line in told),
        stretches=tuple(
            StretchShown(_kind(each.kind, each.reasons, reasons), each.start, each.end,
                         measure.both(each.worked, each.calendar), measure.words(each.elapsed, calendar))
            for each in stretches
        ),
        sum=summed(events, as_of=now, reasons=reasons),
        zone=calendar.zone,
        hours=week_words(calendar),
        days_off=tuple((day, names.get(day, "")) for day in off),
        calendars=sum(event.kind is EventKind.RECALENDAR for event in events),
    )  # fmt: skip


def calendar_of(events: tuple[ClockEvent, ...]) -> Calendar:
    """The calendar it counts by after its last event, which need not be the one written last; UTC's plain week for a
    clock that never began."""
    last = max((event.effective_at for event in events), default=None)
    return (fold(events, as_of=last).calendar if last else None) or standard("UTC")


def _line(line: Line, cause: TimelineRow | None, measure: Measure, calendar: Calendar, viewer: Viewer) -> LineShown:
    reason = dict(cause.words).get("Reason", "") if cause is not None and viewer.is_staff else ""
    by, through = (cause.who, cause.sentence) if cause is not None else ("", "")
    elapsed = measure.words(line.elapsed, calendar)
    return LineShown(line.event_id, line.at, line.sentence, by, through, reason, elapsed)


def _kind(kind: str, waits: tuple[str, ...], reasons: Reasons) -> str:
    if kind == RunState.RUNNING:
        return "Ran"
    told = " and ".join(reasons[each] for each in waits if each in reasons)
    together = " while combined with another request" if "merged" in waits else ""
    return f"Stood still{together}{', waiting for ' if told else ''}{told}"


def _days_off(stretches: tuple[Segment, ...], calendar: Calendar, state: ClockState, now: datetime) -> tuple[date, ...]:
    """From the start to the end; of one that runs to its due date, which they moved, by the calendar it counts by."""
    found = {day for each in stretches for day in days_off_in(each.calendar, each.start, each.end)}
    return tuple(sorted(found | set(days_off_in(calendar, now, state.due_at) if state.due_at else ())))
