"""When digests go out: at eight in the morning where their reader lives, on working days of the program."""

from datetime import date, datetime, time, timedelta

from request_tracker.rules.calendar import Calendar
from request_tracker.rules.calendar_words import is_working_day
from request_tracker.rules.notices import Way
from request_tracker.rules.zones import zone_or_utc

SENT_FROM = time(8)
_LOOKED_AT = 31
"""Days looked back on; a program that rests for longer still tells what happened."""


def is_due(way: Way, calendar: Calendar, zone: str, written_at: datetime, now: datetime) -> bool:
    """Whether a letter that waits since `written_at` is to be told, by what its reader wants now.

    At once where the reader does not gather the topic any more. Who was asked late (a worker that was away) tells it
    then: what counts is that an hour for digests lies in between.
    """
    return not way.gathers or written_at < last_hour(way, calendar, zone, now)


def last_hour(way: Way, calendar: Calendar, zone: str, now: datetime) -> datetime:
    """The last time, up to now, at which such a digest was to go out."""
    local = now.astimezone(zone_or_utc(zone))
    today = local.date() if local.time() >= SENT_FROM else local.date() - timedelta(days=1)
    back = (today - timedelta(days=days) for days in range(_LOOKED_AT))
    day = next((day for day in back if _has_digest(way, calendar, day)), today)
    return datetime.combine(day, SENT_FROM, tzinfo=local.tzinfo)


def _has_digest(way: Way, calendar: Calendar, day: date) -> bool:
    """Daily: a working day. Weekly: the week's first one, a Monday as a rule."""
    if not is_working_day(calendar, day):
        return False
    monday = day - timedelta(days=day.weekday())
    earlier = (monday + timedelta(days=days) for days in range(day.weekday()))
    return way is Way.DAILY or not any(is_working_day(calendar, each) for each in earlier)
