"""A calendar's time line: the stretches of working time, found page by page and counted in microseconds.

Everything is computed in UTC, in microseconds since 1970. The line is cut into pages of 32 UTC days; a page lists its
working stretches, each cut wherever the zone's offset changes: an hour the wall clock shows twice counts twice, one it
skips not at all.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from itertools import accumulate, pairwise
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_ORDINAL = EPOCH.toordinal()
EPOCH_WEEKDAY = EPOCH.weekday()
ORIGIN = datetime(2024, 1, 1, tzinfo=UTC)
"""Where working time is counted from when an instant is written as a number."""
MICROSECOND = timedelta(microseconds=1)
SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = 1440 * MINUTE
PAGE = 32 * DAY
ORIGIN_AT = (ORIGIN - EPOCH) // MICROSECOND
ORIGIN_PAGE = ORIGIN_AT // PAGE

Week = tuple[tuple[tuple[int, int], ...], ...]
"""Half-open intervals in minutes of the local wall day, for seven days, Monday first."""


@dataclass(frozen=True, slots=True)
class Page:
    """32 UTC days: working stretches in order and the working time before each."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]
    before: tuple[int, ...]
    total: int

    def worked(self, at: int) -> int:
        """Working time between the page's beginning and `at`."""
        found = bisect_right(self.starts, at) - 1
        if found < 0:
            return 0
        ends = self.ends[found]
        return self.before[found] + (at if at < ends else ends) - self.starts[found]

    def after(self, worked: int) -> int:
        """The first working instant with `worked` behind it in this page, which must be less than its total."""
        found = bisect_right(self.before, worked) - 1
        return self.starts[found] + worked - self.before[found]

    def works(self, at: int) -> bool:
        """Whether `at` lies in a stretch."""
        found = bisect_right(self.starts, at) - 1
        return found >= 0 and at < self.ends[found]


class Line:
    """The time line of one calendar, kept by `line_of`; it is its own key to its pages, which costs no hashing.

    `sums` has the working time between the page of 2024 and others, without gaps; threads may fill it at once, since
    they write the same.
    """

    def __init__(self, zone: str, weekly: Week, holidays: frozenset[date]) -> None:
        self.zone, self.weekly, self.holidays = ZoneInfo(zone), weekly, holidays
        self.sums = {ORIGIN_PAGE: 0}

    def between(self, start: int, end: int) -> int:
        """Working time from `start` up to `end`, which is not before it."""
        first, last = start // PAGE, end // PAGE
        worked = page_of(self, last).worked(end) - page_of(self, first).worked(start)
        for number in range(first, last):
            worked += page_of(self, number).total
        return worked

    def coordinate(self, at: int) -> int:
        """Working time from 2024 to `at`, negative before."""
        number = at // PAGE
        if number not in self.sums:
            self._reach(number)
        return self.sums[number] + page_of(self, number).worked(at) - self._before_origin

    @cached_property
    def _before_origin(self) -> int:
        return page_of(self, ORIGIN_PAGE).worked(ORIGIN_AT)

    def _reach(self, number: int) -> None:
        step = 1 if number > ORIGIN_PAGE else -1
        at = number
        while at not in self.sums:
            at -= step
        for known in range(at, number, step):
            passed = page_of(self, min(known, known + step)).total
            self.sums[known + step] = self.sums[known] + step * passed


@lru_cache(maxsize=256)
def line_of(zone: str, weekly: Week, holidays: frozenset[date]) -> Line:
    """One line for all calendars that are equal."""
    return Line(zone, weekly, holidays)


@lru_cache(maxsize=4096)
def page_of(line: Line, number: int) -> Page:
    """The line's page with this number, counted from 1970."""
    stretches = list(_stretches(line, number * PAGE, (number + 1) * PAGE))
    before = tuple(accumulate((end - start for start, end in stretches), initial=0))
    return Page(tuple(s for s, _ in stretches), tuple(e for _, e in stretches), before[:-1], before[-1])


def _stretches(line: Line, start: int, end: int) -> Iterator[tuple[int, int]]:
    for begins, finishes, offset in _steady(line.zone, start, end):
        for day in range((begins + offset) // DAY, (finishes + offset - 1) // DAY + 1):
            midnight = day * DAY - offset
            for opens, closes in _intervals_on(line, day):
                clipped = max(begins, midnight + opens * MINUTE), min(finishes, midnight + closes * MINUTE)
                if clipped[0] < clipped[1]:
                    yield clipped


def _intervals_on(line: Line, day: int) -> tuple[tuple[int, int], ...]:
    """`day` counts local days since 1970-01-01."""
    if date.fromordinal(EPOCH_ORDINAL + day) in line.holidays:
        return ()
    return line.weekly[(EPOCH_WEEKDAY + day) % 7]


def _steady(zone: ZoneInfo, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The time from start to end in pieces of one UTC offset each: (start, end, offset)."""
    offsets = [(at, _offset(zone, at)) for at in range(start, end + 1, DAY)]
    unsteady = [(a, b) for (a, before), (b, after) in pairwise(offsets) if before != after]
    changes = [change for a, b in unsteady for change in _changes(zone, a, b)]
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
    return (instant_of(at).astimezone(zone).utcoffset() or timedelta(0)) // MICROSECOND


def instant_of(at: int) -> datetime:
    """The aware UTC instant so many microseconds after 1970."""
    return EPOCH + at * MICROSECOND
