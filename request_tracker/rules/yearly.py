"""Days that come back each year (RFC 5545, FREQ=YEARLY): counted day by day, so that no rule can run away."""

from calendar import isleap, monthrange
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice


@dataclass(frozen=True)
class Yearly:
    """From `first` on, every `interval` years. Empty months, month days and weekdays mean those of `first`.

    `month_days` count from the month's end where negative. `weekdays` are pairs of place and weekday (Monday 0): place
    2 is the second of its month, or of its year where no month is named, -1 the last, 0 every one.
    """

    first: date
    interval: int = 1
    months: frozenset[int] = frozenset()
    month_days: frozenset[int] = frozenset()
    weekdays: frozenset[tuple[int, int]] = frozenset()
    count: int | None = None

    def until(self, last: date, *, since: date = date.min) -> list[date]:
        """The days from `since` to `last`, both included."""
        begin = self.first if self.count is not None else max(self.first, since)
        found = (day for day in self._days(begin, last) if self._is_one(day))
        return [day for day in islice(found, self.count) if day >= since]

    def effort(self, last: date, *, since: date = date.min) -> int:
        """How many days `until` looks at, about: a rule that names places is looked for day by day."""
        begin = self.first if self.count is not None else max(self.first, since)
        years = max(0, last.year - begin.year + 1) // self.interval + 1
        return years * (366 if self._is_open else 1)

    def _days(self, begin: date, last: date) -> Iterator[date]:
        for year in range(begin.year, last.year + 1):
            if (year - self.first.year) % self.interval == 0:
                yield from _within(_year(year) if self._is_open else self._same_day(year), begin, last)

    @property
    def _is_open(self) -> bool:
        return bool(self.months or self.month_days or self.weekdays)

    def _same_day(self, year: int) -> list[date]:
        month, day = self.first.month, self.first.day
        return [date(year, month, day)] if day <= monthrange(year, month)[1] else []

    def _is_one(self, day: date) -> bool:
        if self.months and day.month not in self.months:
            return False
        if self.month_days and not self.month_days & {day.day, day.day - 1 - monthrange(day.year, day.month)[1]}:
            return False
        if self.weekdays:
            return not self.weekdays.isdisjoint((place, day.weekday()) for place in self._places(day))
        return bool(self.month_days) or day.day == self.first.day

    def _places(self, day: date) -> tuple[int, int, int]:
        """The places the day has among its weekday: a rule may name thousands, each day has three."""
        if self.months:
            at, size = day.day, monthrange(day.year, day.month)[1]
        else:
            at, size = day.timetuple().tm_yday, 365 + isleap(day.year)
        return 0, (at - 1) // 7 + 1, -((size - at) // 7 + 1)


def _year(year: int) -> Iterable[date]:
    return (date(year, 1, 1) + timedelta(days=each) for each in range(365 + isleap(year)))


def _within(days: Iterable[date], begin: date, last: date) -> Iterator[date]:
    return (day for day in days if begin <= day <= last)
