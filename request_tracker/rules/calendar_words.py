"""A working calendar in words: its week, what changed from one to the next, and when promises made now would be due."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from request_tracker.rules.calendar import MICROSECOND, MINUTES_A_DAY, Calendar, add_working, day_length, days
from request_tracker.rules.calendar_typed import WEEKDAYS, Hours, face
from request_tracker.rules.zones import zone_name

TOLD_DAYS = 6
FARTHEST_BACK = 60
TWO_WEEKS = ("Two weeks", 10.0)
Names = Mapping[date, str]


@dataclass(frozen=True)
class Ahead:
    """One promise made now: what it is called, its working days, and when it would be due in words."""

    label: str
    days: float
    due: str


def week_words(calendar: Calendar) -> tuple[tuple[str, str], ...]:
    """`("Monday to Friday", "all day"), ("Saturday and Sunday", "no work")`."""
    groups = groupby(zip(WEEKDAYS, calendar.weekly, strict=True), key=lambda row: row[1])
    return tuple((_spanned([name for name, _ in rows]), hours_words(hours)) for hours, rows in groups)


def hours_words(hours: Hours) -> str:
    if not hours:
        return "no work"
    if hours == ((0, MINUTES_A_DAY),):
        return "all day"
    return _and([f"{face(opens)} to {face(closes)}" for opens, closes in hours])


def differences(before: Calendar, after: Calendar, names: Names) -> tuple[str, ...]:
    """What is another in the newer calendar, a sentence each; `names` of days off where they are known."""
    return (*_zone(before, after), *_weeks(before, after), *_days_off(before, after, names))


def due_ahead(calendar: Calendar, now: datetime, targets: Iterable[tuple[str, float]]) -> tuple[Ahead, ...]:
    """When each of the targets (label, working days) would be due, started now.

    Raises ValueError with a sentence where the calendar has not that much working time.
    """
    return tuple(Ahead(label, number, due_words(calendar, _due(calendar, now, number))) for label, number in targets)


def due_words(calendar: Calendar, due_at: datetime) -> str:
    """`Fri 4 Dec 2026, 14:00 CET` by the calendar's wall clock, or the working day at whose end it is due."""
    local = due_at.astimezone(ZoneInfo(calendar.zone))
    return day_ended(calendar, due_at) or f"{_day(local.date())}, {local:%H:%M} {local.tzname()}"


def day_ended(calendar: Calendar, due_at: datetime) -> str:
    """`the end of Friday 13 Nov 2026 (CET)` for the first moment of a later day, which is when that Friday's working
    time is used up; empty for an instant within a day. How every page and letter tells such a due date."""
    ends = day_end(calendar, due_at)
    return f"the end of {ends - MICROSECOND:%A %-d %b %Y} ({zone_name(ends)})" if ends else ""


def day_end(calendar: Calendar, due_at: datetime) -> datetime | None:
    """When the working day is over at whose end it is due, by the calendar's clock: weekends and days off may lie
    between that moment and the due instant. None for an instant within a day."""
    zone = ZoneInfo(calendar.zone)
    day = due_at.astimezone(zone).date()
    if (due_at - MICROSECOND).astimezone(zone).date() == day:
        return None
    return datetime.combine(working_day_before(calendar, day) + timedelta(days=1), time(0), zone)


def instant_words(calendar: Calendar, at: datetime) -> str:
    """`21 Nov 2026, 14:00 CET` by the calendar's wall clock."""
    local = at.astimezone(ZoneInfo(calendar.zone))
    return f"{local:%-d %b %Y, %H:%M} {local.tzname()}"


def working_day_words(calendar: Calendar) -> str:
    """The nominal length of a working day: `7 h 30 min`."""
    hours, minutes = divmod(round(day_length(calendar) / timedelta(minutes=1)), 60)
    return " ".join(text for count, text in ((hours, f"{hours} h"), (minutes, f"{minutes} min")) if count)


def works_on(calendar: Calendar, day: date) -> bool:
    """Whether the weekday of that date has working hours: a day off there takes something away."""
    return bool(calendar.weekly[day.weekday()])


def is_working_day(calendar: Calendar, day: date) -> bool:
    """Whether there are working hours on that date of the calendar's zone."""
    return works_on(calendar, day) and day not in calendar.holidays


def working_day_before(calendar: Calendar, day: date) -> date:
    """The last working day before the date; the day before it where none is near."""
    back = (day - timedelta(days=each) for each in range(1, FARTHEST_BACK))
    return next((each for each in back if is_working_day(calendar, each)), day - timedelta(days=1))


def days_words(found: Iterable[date], names: Names) -> str:
    """`24 Dec 2026 (Christmas Eve), 31 Dec 2026` in order; beyond a few only how many more."""
    listed = sorted(found)
    told = [f"{day:%-d %b %Y}" + (f" ({names[day]})" if names.get(day) else "") for day in listed[:TOLD_DAYS]]
    more = [f"{len(listed) - TOLD_DAYS} more"] if len(listed) > TOLD_DAYS else []
    return _and([*told, *more]) if more else ", ".join(told)


def _due(calendar: Calendar, now: datetime, number: float) -> datetime:
    return add_working(calendar, now, days(calendar, number))


def _zone(before: Calendar, after: Calendar) -> tuple[str, ...]:
    return () if before.zone == after.zone else (f"Time zone {after.zone} instead of {before.zone}.",)


def _weeks(before: Calendar, after: Calendar) -> tuple[str, ...]:
    """Days that changed from the same to the same share a sentence; a working day of another length has its own."""
    changes: dict[tuple[Hours, Hours], list[str]] = {}
    for name, old, new in zip(WEEKDAYS, before.weekly, after.weekly, strict=True):
        if old != new:
            changes.setdefault((old, new), []).append(name)
    said = [
        f"{_listed(names)}: {hours_words(new)} instead of {hours_words(old)}." for (old, new), names in changes.items()
    ]
    if day_length(before) != day_length(after):
        said.append(f"A working day is {working_day_words(after)} instead of {working_day_words(before)}.")
    return tuple(said)


def _days_off(before: Calendar, after: Calendar, names: Names) -> tuple[str, ...]:
    new, gone = after.holidays - before.holidays, before.holidays - after.holidays
    rows = (("Days off added", new), ("Days off taken out", gone))
    return tuple(f"{what}: {days_words(found, names)}." for what, found in rows if found)


def _day(day: date) -> str:
    return f"{day:%a %-d %b %Y}"


def _spanned(names: list[str]) -> str:
    first, last = names[0].capitalize(), names[-1].capitalize()
    return first if len(names) == 1 else f"{first} {'and' if len(names) == 2 else 'to'} {last}"


def _listed(names: list[str]) -> str:
    """Names of weekdays that need not be neighbours."""
    places = [WEEKDAYS.index(name) for name in names]
    if len(names) > 2 and places == list(range(places[0], places[-1] + 1)):
        return _spanned(names)
    return _and([name.capitalize() for name in names])


def _and(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
