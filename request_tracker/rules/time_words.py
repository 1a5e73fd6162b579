"""Instants, days and numbers as people read them: by their locale, with the zone named, and how far away in words."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from request_tracker.rules.zones import zone_name


@dataclass(frozen=True)
class Locale:
    """How one place writes a day (`%` words), a time of day and the thousands of a number.

    Everything here is told in English, so a locale sets the order of a date and the hours of a day and no language. A
    table of six places and one standard does it in microseconds; a package of all locales weighs 30 MB and would put
    French months into English sentences. With a second language, its locales become rows here.
    """

    tag: str
    label: str
    day: str = "{day} {month} {year}"
    noon: tuple[str, str] | None = None
    """How the half of the day is written; None where the hours run to 24."""
    by_lakhs: bool = False


LOCALES: dict[str, Locale] = {
    each.tag: each
    for each in (
        Locale("en-GB", "United Kingdom"),
        Locale("en-IE", "Ireland"),
        Locale("en-AU", "Australia", noon=("am", "pm")),
        Locale("en-CA", "Canada", day="{month} {day}, {year}", noon=("a.m.", "p.m.")),
        Locale("en-IN", "India", noon=("am", "pm"), by_lakhs=True),
        Locale("en-US", "United States", day="{month} {day}, {year}", noon=("AM", "PM")),
        Locale("en-x-iso", "International (ISO 8601)", day="{year}-{number:02}-{day:02}"),
    )
}
USUAL = LOCALES["en-GB"]
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def locale_of(tag: str) -> Locale:
    """The row of this tag; the usual one for a tag that is not (any more) in the table."""
    return LOCALES.get(tag, USUAL)


@lru_cache(maxsize=4096)
def day_words(day: date, tag: str) -> str:
    """`21 Nov 2026`; `Nov 21, 2026`; `2026-11-21`."""
    return locale_of(tag).day.format(day=day.day, month=_MONTHS[day.month - 1], year=day.year, number=day.month)


@lru_cache(maxsize=4096)
def hour_words(hour: int, minute: int, tag: str) -> str:
    """`14:05`; `2:05 pm`."""
    noon = locale_of(tag).noon
    return f"{hour % 12 or 12}:{minute:02} {noon[hour >= 12]}" if noon else f"{hour:02}:{minute:02}"


def instant_words(local: datetime, tag: str) -> str:
    """`21 Nov 2026, 14:05 CET`: a day and an hour are only told with their zone. `local` is aware."""
    told = day_words(local.date(), tag)
    return f"{told}, {hour_words(local.hour, local.minute, tag)} {zone_name(local)}"


def number_words(number: int, tag: str = USUAL.tag) -> str:
    """`1,234,567`; in India `12,34,567`."""
    said = f"{number:,}"
    if not locale_of(tag).by_lakhs or abs(number) < 100_000:
        return said
    digits = str(abs(number))
    head, tail = digits[:-3], digits[-3:]
    pairs = [head[max(end - 2, 0) : end] for end in range(len(head), 0, -2)][::-1]
    return ("-" if number < 0 else "") + ",".join((*pairs, tail))


MINUTE, HOUR, HALF_A_DAY = 60, 3600, 12 * 3600
_SPANS = ((14, 1, "day"), (60, 7, "week"), (548, 30.44, "month"), (None, 365.25, "year"))
"""Up to how many days (None: any), counted by how many, called what."""


def relative_words(at: datetime, now: datetime) -> str:
    """`in 3 days`, `2 hours ago`, `tomorrow`, as the reader counts: days are days of the calendar, not 24 hours.

    Both are aware; days are counted in the zone of `at`.
    """
    away = (at - now).total_seconds()
    days = (at.date() - now.astimezone(at.tzinfo).date()).days
    if abs(away) < MINUTE:
        return "in a moment" if away > 0 else "just now"
    if abs(away) < HALF_A_DAY or not days:
        return _either(away > 0, _near(abs(away)))
    if abs(days) == 1:
        return "tomorrow" if days > 0 else "yesterday"
    return _either(days > 0, _far(abs(days)))


def _either(ahead: bool, span: str) -> str:
    return f"in {span}" if ahead else f"{span} ago"


def _near(seconds: float) -> str:
    minutes = int(seconds // MINUTE)
    return _count(minutes, "minute") if minutes < 60 else _count(round(seconds / HOUR), "hour")


def _far(days: int) -> str:
    per, name = next((per, name) for most, per, name in _SPANS if most is None or days < most)
    return _count(max(round(days / per), 1), name)


def _count(number: int, name: str) -> str:
    return f"{number} {name}" if number == 1 else f"{number} {name}s"
