"""Public holidays by country and part of it, out of the `holidays` library, with English names."""

import re
from collections.abc import Iterable
from functools import cache

import holidays
from holidays.registry import COUNTRIES

from request_tracker.rules.days_off import DayOff, day_off, one_a_day

MOST_YEARS = 6
FIRST_YEAR, LAST_YEAR = 2000, 2100
ENGLISH = ("en_US", "en_GB")


class Unknown(ValueError):
    """No such country, part or year; `field` names which, the message says what there is."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@cache
def countries() -> tuple[tuple[str, str], ...]:
    """Two-letter code and name of every country there is, by name."""
    rows = ((row[1], name.replace("_", " ").title()) for name, row in COUNTRIES.items())
    return tuple(sorted(rows, key=lambda row: row[1]))


def days(country: str, part: str, years: Iterable[int]) -> tuple[DayOff, ...]:
    """The public holidays of the country, or of a part of it, in those years. Raises Unknown."""
    code = country.strip().upper()
    if code not in dict(countries()):
        raise Unknown("country", "Choose a country from the list")
    parts = _parts(code)
    found = next((each for each in parts if each.casefold() == part.strip().casefold()), "")
    if part.strip() and not found:
        raise Unknown("part", _which(code, parts))
    made = holidays.country_holidays(code, subdiv=found or None, years=list(years), language=_language(code))
    return one_a_day(day_off(day, name) for day, name in made.items())


def source(country: str, part: str) -> str:
    """What a proposal says it comes from: `holidays:DE-BY`."""
    return "holidays:" + "-".join(each for each in (country.strip().upper(), part.strip().upper()) if each)


def years_typed(text: str) -> tuple[int, ...]:
    """`2026`, `2026-2028` or `2026, 2028` → years. Raises Unknown."""
    found: set[int] = set()
    for piece in re.split(r"[,;\s]+", re.sub(r"\s*[-–—]\s*", "-", text.strip())):
        ends = re.fullmatch(r"([0-9]{4})(?:-([0-9]{4}))?", piece)
        if ends is None or not FIRST_YEAR <= int(ends[1]) <= int(ends[2] or ends[1]) <= LAST_YEAR:
            raise Unknown("years", "Enter years such as 2026 or 2026-2028")
        found |= set(range(int(ends[1]), int(ends[2] or ends[1]) + 1))
    if len(found) > MOST_YEARS:
        raise Unknown("years", f"Choose at most {MOST_YEARS} years at a time")
    return tuple(sorted(found))


def _parts(code: str) -> tuple[str, ...]:
    return tuple(str(each) for each in holidays.country_holidays(code).subdivisions)


def _language(code: str) -> str | None:
    """English where the library has it; the country's own names otherwise."""
    known = tuple(str(each) for each in holidays.country_holidays(code).supported_languages)
    other = (each for each in known if each.startswith("en"))
    return next((each for each in ENGLISH if each in known), next(other, None))


def _which(code: str, parts: tuple[str, ...]) -> str:
    if not parts:
        return "This country has no parts of its own here: leave this empty"
    return f"{code} has these parts: {', '.join(parts)}"
