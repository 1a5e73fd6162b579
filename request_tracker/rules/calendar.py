"""What working time is: weekly wall-clock intervals in one zone, minus holidays, counted to the microsecond."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from request_tracker.rules.stretches import DAY, EPOCH, PAGE, Line, Week, instant_of, line_of, page_of
from request_tracker.rules.stretches import MICROSECOND as MICROSECOND
from request_tracker.rules.stretches import MINUTE as MINUTE

MINUTES_A_DAY = 1440
FARTHEST_YEARS = 50
FARTHEST_PAGES = FARTHEST_YEARS * 366 * DAY // PAGE
FIRST_YEAR, LAST_YEAR = 1900, 9000


@dataclass(frozen=True)
class Calendar:
    """Working time: half-open intervals of the local wall day in minutes, 0..1440, for seven days, Monday first.

    `zone` is an IANA name, `holidays` are local dates. Raises ValueError with a sentence for what makes no calendar.
    """

    zone: str
    weekly: Week
    holidays: frozenset[date]

    def __post_init__(self) -> None:
        _check_zone(self.zone)
        _check_weekly(self.weekly)
        if any(type(day) is not date for day in self.holidays):
            raise ValueError("A holiday is a plain date; leave the time of day away.")

    @cached_property
    def line(self) -> Line:
        """This calendar's time line; calendars that are equal share one."""
        return line_of(self.zone, self.weekly, self.holidays)

    def to_json(self) -> dict[str, Any]:
        """`{zone, intervals: [[["09:00", "17:00"], …] × 7, Monday first], holidays: [ISO dates, sorted]}`."""
        return {
            "zone": self.zone,
            "intervals": [[[_clock_face(a), _clock_face(b)] for a, b in day] for day in self.weekly],
            "holidays": [day.isoformat() for day in sorted(self.holidays)],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Calendar":
        """The inverse of `to_json`; ValueError with a sentence when the shape is another."""
        try:
            weekly = tuple(tuple((_minutes(a), _minutes(b)) for a, b in day) for day in data["intervals"])
            return cls(data["zone"], weekly, frozenset(date.fromisoformat(day) for day in data["holidays"]))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("A calendar needs zone, intervals for seven days and holidays.") from error


def standard(zone: str, holidays: Iterable[date] = ()) -> Calendar:
    """Monday to Friday, each 00:00 to 24:00."""
    whole_day = ((0, MINUTES_A_DAY),)
    return Calendar(zone, (whole_day,) * 5 + ((),) * 2, frozenset(holidays))


def day_length(calendar: Calendar) -> timedelta:
    """The nominal length of one working day: the week's minutes over the weekdays that have any."""
    minutes = [sum(b - a for a, b in day) for day in calendar.weekly if day]
    return timedelta(minutes=sum(minutes)) / len(minutes)


def days(calendar: Calendar, n: float) -> timedelta:
    """`n` nominal working days as working time, rounded once: seven uneven days are exactly a week."""
    minutes = [sum(b - a for a, b in day) for day in calendar.weekly if day]
    return timedelta(minutes=sum(minutes)) * n / len(minutes)


def is_working(calendar: Calendar, instant: datetime) -> bool:
    """Whether the instant's local wall time lies in an interval of a day that is no holiday."""
    at = _micros(instant)
    return page_of(calendar.line, at // PAGE).works(at)


def add_working(calendar: Calendar, instant: datetime, duration: timedelta) -> datetime:
    """The first working instant (UTC) at which `duration` of working time has passed since `instant`.

    That is the last moment at which no more than `duration` has passed: Friday 24:00 is Monday 00:00. With no duration:
    the first working instant at or after. Raises ValueError for a negative duration, a naive instant, or an end more
    than 50 years away (a calendar whose holidays never end).
    """
    if duration < timedelta(0):
        raise ValueError("Working time can only be added forwards; give a duration of zero or more.")
    at = _micros(instant)
    line, first = calendar.line, at // PAGE
    left = page_of(line, first).worked(at) + duration // MICROSECOND
    for number in range(first, first + FARTHEST_PAGES + 1):
        page = page_of(line, number)
        if left < page.total:
            return instant_of(page.after(left))
        left -= page.total
    raise ValueError(
        f"There is not that much working time in the {FARTHEST_YEARS} years after {instant}; check the holidays."
    )


def working_between(calendar: Calendar, a: datetime, b: datetime) -> timedelta:
    """Working time from `a` up to `b`; the same with a minus sign where `b` comes before `a`."""
    start, end = _micros(a), _micros(b)
    line = calendar.line
    return (line.between(start, end) if start <= end else -line.between(end, start)) * MICROSECOND


def coordinate(calendar: Calendar, instant: datetime) -> int:
    """Working microseconds from 2024 to the instant, negative before; two of them subtract to the time between."""
    return calendar.line.coordinate(_micros(instant))


def _micros(instant: datetime) -> int:
    if instant.utcoffset() is None:
        raise ValueError("An instant needs its time zone; a naive date and time says nothing here.")
    if not FIRST_YEAR <= instant.year <= LAST_YEAR:
        raise ValueError(f"Working time is counted between the years {FIRST_YEAR} and {LAST_YEAR} only.")
    return (instant - EPOCH) // MICROSECOND


def _check_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError, TypeError) as error:
        raise ValueError(f"{zone!r} is no known time zone; use a name like Europe/Berlin.") from error


def _check_weekly(weekly: Week) -> None:
    if len(weekly) != 7:
        raise ValueError("A week has seven days, Monday first; give an empty day for one without work.")
    if not any(weekly):
        raise ValueError("A calendar needs some working time; give at least one interval.")
    for day in weekly:
        _check_day(day)


def _check_day(day: tuple[tuple[int, int], ...]) -> None:
    if not all(0 <= opens < closes <= MINUTES_A_DAY for opens, closes in day):
        raise ValueError("An interval runs forwards and lies within one day, 00:00 to 24:00.")
    if any(later[0] < earlier[1] for earlier, later in pairwise(day)):
        raise ValueError("The intervals of a day are given in order and must not overlap.")


def _clock_face(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _minutes(face: str) -> int:
    hours, minutes = face.split(":")
    if not (len(hours) == len(minutes) == 2 and f"{hours}{minutes}".isdecimal() and int(minutes) < 60):
        raise ValueError(f"{face!r} is no time of day; write it like 09:00.")
    return int(hours) * 60 + int(minutes)
