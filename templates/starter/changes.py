"""What changed since the last sync: how the source is asked for it, and how far the last one came.

A cursor is only moved when a list was read to its end, and never past the moment its reading began: what changes while
it is read comes again with the next sync. A little is read twice (OVERLAP), as clocks differ and sources lag behind.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

from records import moment, value_at

OVERLAP = timedelta(minutes=5)
EARLIEST = datetime.min.replace(tzinfo=timezone.utc)
ASKED = frozenset(("both", "filter", "append"))
"""The kinds that ask the source; `field` reads everything and skips what is unchanged, `none` reads everything anew."""


def is_asked(table: Mapping[str, Any]) -> bool:
    """Whether the source is asked for changes. Not of a table that others hang on: each of its records leads to theirs,
    which may have changed when it has not."""
    change = table["change"]
    return change["kind"] in ASKED and bool(change["filter"]) and not table["has_children"]


def is_token(table: Mapping[str, Any]) -> bool:
    return is_asked(table) and table["change"]["format"] == "token"


def is_read_anew(table: Mapping[str, Any]) -> bool:
    """Whether all rows are replaced with each sync, so that those gone at the source go at the destination."""
    return not is_asked(table) and not table["change"]["field"]


def asking(table: Mapping[str, Any], cursor: str) -> tuple[dict[str, str], dict[str, str]]:
    """(query parameters, headers) that ask for what changed since a cursor: a time in ISO 8601, or a token."""
    change = table["change"]
    if not cursor or not is_asked(table):
        return {}, {}
    written = {change["filter"]: cursor if is_token(table) else _written(change, cursor)}
    return ({}, written) if change["place"] == "header" else (written, {})


def changed_at(table: Mapping[str, Any], record: Any) -> datetime | None:
    path = table["change"]["field"]
    return moment(value_at(record, path)) if path else None


def is_unchanged(at: datetime | None, cursor: str) -> bool:
    """Whether a record was seen before, by its time of change; what has no time may always have changed."""
    since = moment(cursor)
    return at is not None and since is not None and at < _less(since)


def newest(one: str, other: datetime | None) -> str:
    """The later of two times, as text; "" where there is none."""
    if other is None:
        return one
    known = moment(one)
    return other.isoformat() if known is None or other > known else one


def moved(seen: str, began: str) -> str:
    """The cursor after a list was read to its end: the newest change seen, but not past the moment reading began."""
    last, start = moment(seen), moment(began)
    return min(last, start).isoformat() if last and start else began


def _written(change: Mapping[str, Any], cursor: str) -> str:
    at = moment(cursor)
    if at is None:
        return cursor
    since = _less(at)
    if change["filter"].lower() == "if-modified-since":
        return format_datetime(since, usegmt=True)
    if change["format"] == "expression":
        return str(change["template"]).replace("{since}", _iso(since))
    return str(FORMATS.get(change["format"], _iso)(since))


def _less(at: datetime) -> datetime:
    """A little earlier; some sources write the year 1 for "never", before which there is nothing."""
    return at - OVERLAP if at > EARLIEST + OVERLAP else EARLIEST


def _iso(at: datetime) -> str:
    return at.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def _date(at: datetime) -> str:
    return at.date().isoformat()


def _unix(at: datetime) -> str:
    return str(int(at.timestamp()))


def _unix_ms(at: datetime) -> str:
    return str(int(at.timestamp() * 1000))


FORMATS = {"iso": _iso, "date": _date, "unix": _unix, "unix_ms": _unix_ms}
