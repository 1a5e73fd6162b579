"""What working time is: weekly wall-clock intervals in one zone, minus holidays, counted to the microsecond.

Everything is computed in UTC. The time line is cut into pages of 32 UTC days; a page lists its working stretches, each
cut wherever the zone's offset changes: an hour the wall clock shows twice counts twice, one it skips not at all.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Any
from zoneinfo import ZoneInfo

MINUTES_A_DAY = 1440
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_ORDINAL = EPOCH.toordinal()
ORIGIN = datetime(2024, 1, 1, tzinfo=UTC)
"""Where working time is counted from when an instant is written as a number."""
EPOCH_WEEKDAY = EPOCH.weekday()
MICROSECOND = timedelta(microseconds=1)
SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = MINUTES_A_DAY * MINUTE
PAGE = 32 * DAY
FARTHEST_YEARS = 50
FARTHEST_PAGES = FARTHEST_YEARS * 366 * DAY // PAGE
FIRST_YEAR, LAST_YEAR = 1900, 9000


@dataclass(frozen=True)
class Calendar:
    """Working time: half-open intervals of the local wall day in minutes, 0..1440, for seven days, Monday first.

    `zone` is an IANA name, `holidays` are local dates. Raises ValueError with a sentence for what makes no calendar.
    """

    zone: str
    weekly: tuple[tuple[tuple[int, int], ...], ...]
    holidays: frozenset[date]

    def __post_init__(self) -> None:
        _check_zone(self.zone)
        _check_weekly(self.weekly)
        if any(type(day) is not date for day in self.holidays):
            raise ValueError("A holiday is a plain date; leave the time of day away.")

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
    """`n` nominal working days as working time."""
    return day_length(calendar) * n


def is_working(calendar: Calendar, instant: datetime) -> bool:
    """Whether the instant's local wall time lies in an interval of a day that is no holiday."""
    at = _micros(instant)
    page = _page(calendar, at // PAGE)
    found = bisect_right(page.starts, at) - 1
    return found >= 0 and at < page.ends[found]


def add_working(calendar: Calendar, instant: datetime, duration: timedelta) -> datetime:
    """The first working instant (UTC) at which `duration` of working time has passed since `instant`.

    That is the last moment at which no more than `duration` has passed: Friday 24:00 is Monday 00:00. With no duration:
    the first working instant at or after. Raises ValueError for a negative duration, a naive instant, or an end more
    than 50 years away (a calendar whose holidays never end).
    """
    if duration < timedelta(0):
        raise ValueError("Working time can only be added forwards; give a duration of zero or more.")
    at = _micros(instant)
    first = at // PAGE
    left = _worked_in(_page(calendar, first), at) + duration // MICROSECOND
    for number in range(first, first + FARTHEST_PAGES + 1):
        page = _page(calendar, number)
        if left < page.total:
            return _instant(_after(page, left))
        left -= page.total
    raise ValueError(
        f"There is not that much working time in the {FARTHEST_YEARS} years after {instant}; check the holidays."
    )


def working_between(calendar: Calendar, a: datetime, b: datetime) -> timedelta:
    """Working time from `a` up to `b`; the same with a minus sign where `b` comes before `a`."""
    start, end = _micros(a), _micros(b)
    return (_worked(calendar, start, end) if start <= end else -_worked(calendar, end, start)) * MICROSECOND


def coordinate(calendar: Calendar, instant: datetime) -> int:
    """Working microseconds from 2024 to the instant, negative before; two of them subtract to the time between."""
    return working_between(calendar, ORIGIN, instant) // MICROSECOND


def _worked(calendar: Calendar, start: int, end: int) -> int:
    first, last = start // PAGE, end // PAGE
    whole_pages = sum(_page(calendar, number).total for number in range(first, last))
    return whole_pages + _worked_in(_page(calendar, last), end) - _worked_in(_page(calendar, first), start)


@dataclass(frozen=True, slots=True)
class _Page:
    """32 UTC days: working stretches in order (microseconds since 1970) and the working time before each."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]
    before: tuple[int, ...]
    total: int


@lru_cache(maxsize=4096)
def _page(calendar: Calendar, number: int) -> _Page:
    stretches = list(_stretches(calendar, number * PAGE, (number + 1) * PAGE))
    before = tuple(accumulate((end - start for start, end in stretches), initial=0))
    return _Page(tuple(s for s, _ in stretches), tuple(e for _, e in stretches), before[:-1], before[-1])


def _worked_in(page: _Page, at: int) -> int:
    """Working time between the page's beginning and `at`."""
    found = bisect_right(page.starts, at) - 1
    return page.before[found] + min(at, page.ends[found]) - page.starts[found] if found >= 0 else 0


def _after(page: _Page, worked: int) -> int:
    """The first working instant with `worked` behind it in this page, `worked` being less than the page's total."""
    found = bisect_right(page.before, worked) - 1
    return page.starts[found] + worked - page.before[found]


def _stretches(calendar: Calendar, start: int, end: int) -> Iterator[tuple[int, int]]:
    for begins, finishes, offset in _steady(ZoneInfo(calendar.zone), start, end):
        for day in range((begins + offset) // DAY, (finishes + offset - 1) // DAY + 1):
            midnight = day * DAY - offset
            for opens, closes in _intervals_on(calendar, day):
                clipped = max(begins, midnight + opens * MINUTE), min(finishes, midnight + closes * MINUTE)
                if clipped[0] < clipped[1]:
                    yield clipped


def _intervals_on(calendar: Calendar, day: int) -> tuple[tuple[int, int], ...]:
    """`day` counts local days since 1970-01-01."""
    if date.fromordinal(EPOCH_ORDINAL + day) in calendar.holidays:
        return ()
    return calendar.weekly[(EPOCH_WEEKDAY + day) % 7]


def _steady(zone: ZoneInfo, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The time from start to end in pieces of one UTC offset each: (start, end, offset)."""
    changes = (change for at in range(start, end, DAY) for change in _changes(zone, at, at + DAY))
    for begins, finishes in pairwise([start, *changes, end]):
        yield begins, finishes, _offset(zone, begins)


def _changes(zone: ZoneInfo, start: int, end: int) -> list[int]:
    """Where the offset changes; zone files know whole seconds only, so halving ends there."""
    if _offset(zone, start) == _offset(zone, end):
        return []
    if end - start <= SECOND:
        return [end]
    middle = start + (end - start) // 2 // SECOND * SECOND
    return [*_changes(zone, start, middle), *_changes(zone, middle, end)]


def _offset(zone: ZoneInfo, at: int) -> int:
    return (_instant(at).astimezone(zone).utcoffset() or timedelta(0)) // MICROSECOND


def _instant(at: int) -> datetime:
    return EPOCH + timedelta(microseconds=at)


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


def _check_weekly(weekly: tuple[tuple[tuple[int, int], ...], ...]) -> None:
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
