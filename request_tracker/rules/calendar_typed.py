"""A calendar as people type it: a zone, and the hours of each weekday like `09:00-12:30, 13:00-17:00`."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from itertools import pairwise

from request_tracker.rules.calendar import MINUTES_A_DAY, Calendar
from request_tracker.rules.zones import zone_missing, zone_named

Hours = tuple[tuple[int, int], ...]
"""Intervals of one local day in minutes, half-open, in order."""

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ALL_DAY, OFFICE = "00:00-24:00", "09:00-17:00"
FILLS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "all_day": ("Monday to Friday, all day", (ALL_DAY,) * 5 + ("",) * 2),
    "office": ("Monday to Friday, 9 to 17", (OFFICE,) * 5 + ("",) * 2),
}
"""Weeks that are filled in by one button: label, and the text of each day."""
LONGEST = 200
_FACE = r"([0-9]{1,2})(?::([0-9]{2}))?"
_INTERVAL = re.compile(rf"{_FACE}\s*[-–—−]\s*{_FACE}")


class Faulty(ValueError):
    """What was typed makes no calendar; `faults` are pairs of field and sentence."""

    def __init__(self, faults: Iterable[tuple[str, str]]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(message for _, message in self.faults))


def read(typed: Mapping[str, str], holidays: frozenset[date]) -> Calendar:
    """The calendar of the fields `zone` and WEEKDAYS. Raises Faulty with every fault at once."""
    faults: list[tuple[str, str]] = []
    zone = zone_named(typed.get("zone", ""))
    if not zone:
        faults.append(("zone", zone_missing(typed.get("zone", ""))))
    weekly: list[Hours] = []
    for name in WEEKDAYS:
        try:
            weekly.append(read_day(typed.get(name, "")))
        except ValueError as fault:
            faults.append((name, str(fault)))
    if len(weekly) == len(WEEKDAYS) and not any(weekly):
        faults.append((WEEKDAYS[0], "Give at least one day some hours: without working time nothing is ever due"))
    if faults:
        raise Faulty(faults)
    return Calendar(zone, tuple(weekly), holidays)


def typed_of(calendar: Calendar) -> dict[str, str]:
    """The inverse of `read`, without the days off."""
    days = {name: write_day(hours) for name, hours in zip(WEEKDAYS, calendar.weekly, strict=True)}
    return {"zone": calendar.zone, **days}


def read_day(text: str) -> Hours:
    """`9-12:30, 13:00-17:00` → intervals in order; nothing typed: no work. ValueError with a sentence otherwise."""
    if len(text) > LONGEST:
        raise ValueError(f"Shorten this to {LONGEST} characters or fewer")
    parts = [part for part in (each.strip() for each in re.split(r"[,;]", text)) if part]
    hours = sorted(_interval(part) for part in parts)
    for earlier, later in pairwise(hours):
        if later[0] < earlier[1]:
            said = f"{write_day((earlier,))} and {write_day((later,))}"
            raise ValueError(f"{said} overlap: make one interval of them, or move one")
    return tuple(hours)


def write_day(hours: Hours) -> str:
    """`09:00-12:30, 13:00-17:00`; an empty day is empty."""
    return ", ".join(f"{face(opens)}-{face(closes)}" for opens, closes in hours)


def face(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _interval(text: str) -> tuple[int, int]:
    found = _INTERVAL.fullmatch(text)
    if found is None:
        raise ValueError(f"“{text[:40]}” is no interval: write 09:00-17:00, and a comma between two of them")
    opens, closes = _minutes(found[1], found[2]), _minutes(found[3], found[4])
    if opens < closes:
        return opens, closes
    if opens == closes:
        raise ValueError(f"“{text}” has no length: leave the day empty where nobody works")
    raise ValueError(f"“{text}” runs past midnight: end it at 24:00 and go on from 00:00 on the next day")


def _minutes(hours: str, minutes: str | None) -> int:
    found = int(hours) * 60 + int(minutes or 0)
    if found > MINUTES_A_DAY or int(minutes or 0) > 59:
        raise ValueError(f"“{hours}:{minutes or '00'}” is no time of day: it goes from 00:00 to 24:00")
    return found
