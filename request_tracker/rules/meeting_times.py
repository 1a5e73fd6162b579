"""Times of meetings: a typed local time read safely, an instant in words in two zones, good times to suggest."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from request_tracker.rules.calendar import Calendar, is_working
from request_tracker.rules.time_words import USUAL, hour_words, instant_words
from request_tracker.rules.zones import zone_name, zone_or_utc

FARTHEST = timedelta(days=366)
HOURS = ((9, 17), (8, 19), (7, 21))
"""Office hours at both ends; where they never meet, what most people can bear."""
SEARCHED_DAYS = 21
GRAIN = 30
"""Minutes. Suggested times begin on the full or half hour of whoever offers them."""


@dataclass(frozen=True)
class Room:
    """Where a meeting has to fit: hours in minutes of the local day, equal in both zones; the first is the host's."""

    calendar: Calendar
    zones: tuple[str, str]
    minutes: int
    opens: int
    closes: int


class BadTime(ValueError):
    """A typed time that is none, or not one; the message says what to type instead."""


def instant(text: str, zone: str) -> datetime:
    """The UTC instant of a local date and time, as `2026-12-01T14:30` in the zone. Raises BadTime.

    A time that the clocks skip is refused, and so is one that they show twice: a guess could be an hour wrong.
    """
    local = _local(text)
    place = zone_or_utc(zone)
    first, second = (local.replace(tzinfo=place, fold=fold) for fold in (0, 1))
    if _back(first, place) != local:
        raise BadTime(f"There is no {_named(local)} in {zone}: the clocks go forward then. Choose another time")
    if first.utcoffset() != second.utcoffset():
        raise BadTime(f"{_named(local)} comes twice in {zone}, as the clocks go back then. Choose another time")
    return first.astimezone(UTC)


def typed(at: datetime, zone: str) -> str:
    """The inverse of `instant`, as an input of type datetime-local takes it."""
    return f"{at.astimezone(zone_or_utc(zone)):%Y-%m-%dT%H:%M}"


def fault_of(at: datetime, now: datetime) -> str:
    """What is wrong with meeting at this instant, a sentence; empty when nothing is."""
    if at <= now:
        return "Choose a time in the future"
    return "Choose a time within a year" if at > now + FARTHEST else ""


def words(at: datetime, zone: str, locale: str = USUAL.tag) -> str:
    """`Tue 1 Dec 2026, 14:30 CET`."""
    local = at.astimezone(zone_or_utc(zone))
    return f"{local:%a} {instant_words(local, locale)}"


def beside(at: datetime, zone: str, first: str, locale: str = USUAL.tag) -> str:
    """The instant in `zone`, to stand beside the one in `first`: without the day where it is the same; empty where both
    clocks show the same."""
    here, there = (at.astimezone(zone_or_utc(each)) for each in (first, zone))
    if here.replace(tzinfo=None) == there.replace(tzinfo=None):
        return ""
    if here.date() != there.date():
        return words(at, zone, locale)
    return f"{hour_words(there.hour, there.minute, locale)} {zone_name(there)}"


def suggestions(
    calendar: Calendar, now: datetime, host: str, guest: str, *, minutes: int = 60, away: Collection[date] = ()
) -> tuple[datetime, ...]:
    """Up to three good times on different days, from the next full day on: within office hours in both zones, on days
    that are no days off. `away`: local days on which the host is out. Empty where even 7 to 21 never meet."""
    for opens, closes in HOURS:
        room = Room(calendar, (host, guest), minutes, opens * 60, closes * 60)
        found = (best for day in _days(now, host) if day not in away and (best := _best(day, room)) is not None)
        if three := tuple(islice(found, 3)):
            return three
    return ()


def _days(now: datetime, host: str) -> Iterator[date]:
    today = now.astimezone(zone_or_utc(host)).date()
    return (today + timedelta(days=ahead) for ahead in range(2, SEARCHED_DAYS))


def _best(day: date, room: Room) -> datetime | None:
    """The time of the day farthest from the ends of both people's hours; the earliest of equals."""
    if day in room.calendar.holidays or not room.calendar.weekly[day.weekday()]:
        return None
    fits = [at for at in _starts(day, room) if all(_inside(at, zone, room) for zone in room.zones)]
    return max(fits, key=lambda at: (_ease(at, room), -at.timestamp()), default=None)


def _starts(day: date, room: Room) -> Iterator[datetime]:
    """Every half hour of the host's hours that there is once."""
    place = zone_or_utc(room.zones[0])
    for minute in range(room.opens, room.closes - room.minutes + 1, GRAIN):
        local = datetime.combine(day, time(minute // 60, minute % 60))
        aware = local.replace(tzinfo=place)
        if _back(aware, place) == local and aware.utcoffset() == aware.replace(fold=1).utcoffset():
            yield aware.astimezone(UTC)


def _inside(at: datetime, zone: str, room: Room) -> bool:
    """Whether the whole meeting lies in the hours of one working day there, and in the program's working time."""
    start, end = (each.astimezone(zone_or_utc(zone)) for each in (at, at + timedelta(minutes=room.minutes)))
    in_hours = start.date() == end.date() and room.opens <= _minute(start) and _minute(end) <= room.closes
    is_off = start.date() in room.calendar.holidays or not room.calendar.weekly[start.weekday()]
    return in_hours and not is_off and is_working(room.calendar, at)


def _ease(at: datetime, room: Room) -> int:
    """How many minutes it stays away from the ends of the hours, in the zone where it is closest to one."""
    starts = [_minute(at.astimezone(zone_or_utc(zone))) for zone in room.zones]
    return min(min(start - room.opens, room.closes - start - room.minutes) for start in starts)


def _minute(local: datetime) -> int:
    return local.hour * 60 + local.minute


def _local(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text.strip()[:40])
    except ValueError as fault:
        raise BadTime("Write a day and a time, such as 2026-12-01 14:30") from fault
    if found.tzinfo is not None:
        raise BadTime("Write the day and the time without a zone, such as 2026-12-01 14:30")
    if not 2000 < found.year < 2200:
        raise BadTime("Name a year between 2000 and 2200")
    return found.replace(second=0, microsecond=0)


def _back(aware: datetime, place: ZoneInfo) -> datetime:
    return aware.astimezone(UTC).astimezone(place).replace(tzinfo=None)


def _named(local: datetime) -> str:
    return f"{local:%H:%M} on {local.day} {local:%B %Y}"
