"""A day off as it is proposed: a date and what it is called."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

LONGEST_NAME = 200
NAMELESS = "Day off"


@dataclass(frozen=True, order=True)
class DayOff:
    day: date
    name: str


def day_off(day: date, name: str) -> DayOff:
    """The day with its name made fit to be stored: one line, printable, not too long."""
    printable = "".join(each if each.isprintable() else " " for each in name)
    return DayOff(day, " ".join(printable.split())[:LONGEST_NAME].strip() or NAMELESS)


def one_a_day(found: Iterable[DayOff]) -> tuple[DayOff, ...]:
    """In order, one for each date: what falls on the same day shares its names."""
    names: dict[date, list[str]] = {}
    for each in sorted(set(found)):
        names.setdefault(each.day, []).append(each.name)
    return tuple(day_off(day, "; ".join(told)) for day, told in names.items())
