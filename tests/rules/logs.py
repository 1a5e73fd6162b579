"""Logs of one clock to test with: June 2026 in Berlin, nine to five unless told otherwise."""

from datetime import UTC, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from request_tracker.rules.calendar import Calendar, standard
from request_tracker.rules.sla import ClockEvent, EventKind

MICROSECOND, HOUR, DAY = timedelta(microseconds=1), timedelta(hours=1), timedelta(days=1)
OFFICE = Calendar("Europe/Berlin", (((540, 1020),),) * 5 + ((),) * 2, frozenset())
WHOLE_DAYS = standard("Europe/Berlin")
ALWAYS = Calendar("Europe/Berlin", (((0, 1440),),) * 7, frozenset())


def june(day, hour=0, minute=0):
    """June 2026 in Berlin; the first is a Monday."""
    return datetime(2026, 6, day, hour, minute, tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)


MONDAY = june(1, 9)


def log(*steps, calendar=OFFICE, target=16 * HOUR, start=MONDAY):
    """A start, then (kind, at, fields) with ids 2, 3, …"""
    events = [ClockEvent(1, EventKind.START, start, start, target=target, calendar=calendar)]
    for number, (kind, at, *fields) in zip(count(2), steps, strict=False):
        events.append(ClockEvent(number, EventKind(kind), at, at, **(fields[0] if fields else {})))
    return events


def because(reason):
    return {"reason": reason}
