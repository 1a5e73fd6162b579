"""ISO weeks in a zone: how they are written, when they begin and end, which one ended last."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

FIRST_YEAR, LAST_YEAR = 1970, 2999


class BadWeek(ValueError):
    """The text names no ISO week, or one that has not begun; the message says what to write instead."""


@dataclass(frozen=True, order=True)
class Week:
    """One ISO week; week 1 is the one with the year's first Thursday (ISO 8601)."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> "Week":
        """`2026-W47` → Week(2026, 47). Raises BadWeek."""
        found = re.fullmatch(r"(\d{4})-?W(\d{2})", text.strip().upper(), re.ASCII)
        if not found:
            raise BadWeek(f"{text[:20]!r} is no week: write the ISO year and week, for example 2026-W47")
        return cls(int(found[1]), int(found[2]))._real()

    @classmethod
    def of(cls, instant: datetime, zone: str) -> "Week":
        """The week the instant lies in, by the wall clock of the zone."""
        year, number, _ = instant.astimezone(ZoneInfo(zone)).isocalendar()
        return cls(year, number)

    def __str__(self) -> str:
        return f"{self.year:04}-W{self.number:02}"

    def bounds(self, zone: str) -> tuple[datetime, datetime]:
        """The first instant of the week's Monday and of the Monday after, in UTC; half-open."""
        return _midnight(self.monday, zone), _midnight(self.monday + timedelta(weeks=1), zone)

    def back(self, weeks: int) -> "Week":
        """The week so many weeks earlier (later with a minus sign)."""
        year, number, _ = (self.monday - timedelta(weeks=weeks)).isocalendar()
        return Week(year, number)

    def begun(self, now: datetime, zone: str) -> "Week":
        """The week itself; raises BadWeek when nothing of it has passed yet."""
        if now < self.bounds(zone)[0]:
            raise BadWeek(f"{self} has not begun yet: the newest week to report on is {Week.of(now, zone)}")
        return self

    @property
    def monday(self) -> date:
        return date.fromisocalendar(self.year, self.number, 1)

    def _real(self) -> "Week":
        if not FIRST_YEAR <= self.year <= LAST_YEAR:
            raise BadWeek(f"Weeks are known from {FIRST_YEAR} to {LAST_YEAR}: write one such as 2026-W47")
        try:
            date.fromisocalendar(self.year, self.number, 1)
        except ValueError as fault:
            raise BadWeek(f"There is no {self}: weeks count from W01 to W52, in some years to W53") from fault
        return self


def last_week(now: datetime, zone: str) -> Week:
    """The week that ended last."""
    return Week.of(now, zone).back(1)


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), tzinfo=ZoneInfo(zone)).astimezone(UTC)
