"""Reading fields out of JSON with care: missing and odd ones have a safe reading."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

Json = Mapping[str, Any]
SHORTEST_SECRET = 6
"""Anything shorter stands in half of all words, and hiding it would only garble them."""
_TOO_MANY = 2**48
"""No count is so big; a sum of thousands below it still fits a database's integer."""
_YEARS = range(1970, 9000)
"""Instants outside are no time of a sync, and cannot be told in every zone."""


def text(data: Json, name: str) -> str:
    value = data.get(name)
    return "" if value is None else str(value)


def maybe(data: Json, name: str) -> str | None:
    return text(data, name) or None


def number(data: Json, name: str) -> int | None:
    try:
        found = int(data[name])
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    return found if abs(found) < _TOO_MANY else None


def instant(data: Json, name: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text(data, name))
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment.year in _YEARS else None


def texts(data: Json, name: str) -> tuple[str, ...]:
    value = data.get(name)
    return tuple(str(item) for item in value) if isinstance(value, list) else ()


def mapping(data: Json, name: str) -> Json:
    value = data.get(name)
    return value if isinstance(value, Mapping) else {}


def mappings(data: Json, name: str) -> list[Json]:
    value = data.get(name)
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def named(data: Json, name: str) -> list[tuple[str, Json]]:
    """The entries of a mapping of mappings, in the order they came."""
    return [(str(key), value) for key, value in mapping(data, name).items() if isinstance(value, Mapping)]
