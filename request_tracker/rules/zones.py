"""Time zones by their IANA names: which there are to choose from, and what is done about the name of none."""

from collections.abc import Mapping
from datetime import datetime
from difflib import get_close_matches
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

NO_PLACES = frozenset({"Factory", "localtime", "posixrules"})


@cache
def zones() -> tuple[str, ...]:
    """Every zone there is to choose from, in order."""
    return tuple(sorted(available_timezones() - NO_PLACES))


def zone_named(text: str) -> str:
    """The IANA zone of that name, however it is capitalised; empty for what is none."""
    return _folded().get(text.strip().casefold(), "")


def zone_missing(text: str) -> str:
    """What to say to somebody who typed the name of no zone: the nearest there is."""
    said = " ".join(text.split())[:60]
    if not said:
        return "Enter a time zone such as Europe/Berlin"
    near = get_close_matches(said.casefold(), _folded(), n=1, cutoff=0.6)
    hint = f"did you mean {_folded()[near[0]]}?" if near else "use a name such as Europe/Berlin"
    return f"“{said}” is no known time zone: {hint}"


def zone_or_utc(name: str) -> ZoneInfo:
    """A letter with times in UTC is better than none: an unknown zone is read as UTC."""
    try:
        return ZoneInfo(name)
    except (ValueError, LookupError, OSError):
        return ZoneInfo("UTC")


def zone_name(local: datetime) -> str:
    """`CET`; zones without letters of their own are named by their offset: `UTC+05:45`."""
    name = local.tzname() or ""
    return f"UTC{name[:3]}:{name[3:] or '00'}" if name[:1] in "+-" else name


@cache
def _folded() -> Mapping[str, str]:
    return {zone.casefold(): zone for zone in zones()}
