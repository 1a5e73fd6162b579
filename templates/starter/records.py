"""Records of the source -> rows of the destination: sources by dotted names, types, keys, what is gone."""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from typing import Any

ROW_HASH, FIRST_SEEN = "_row_hash", "_first_seen"
"""Columns of our own: names from the document begin with a letter, so nothing there can be called the same."""
MOMENT = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)(?:[T ](\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d\d:?\d\d)?)?", re.I
)
DOTNET = re.compile(r"/Date\((-?\d{1,15})(?:[+-]\d{4})?\)/")
MILLISECONDS = 100_000_000_000
INT, LONG = 2**31, 2**63
DECIMAL = {"type": "DECIMAL", "precision": 38, "scale": 10}


def definition(table: Mapping[str, Any]) -> dict[str, Any]:
    """The table as Fivetran's schema wants it."""
    columns: dict[str, Any] = {name: _kind(kind) for name, (_, kind) in table["columns"].items()}
    key = list(table["key"])
    if not key:
        columns, key = {ROW_HASH: "STRING", **columns}, [ROW_HASH]
    if table["first_seen"]:
        columns[FIRST_SEEN] = "UTC_DATETIME"
    return {"table": table["name"], "primary_key": key, "columns": columns}


def value_at(record: Any, path: str) -> Any:
    """What a record holds at a path (dots between names); None where there is nothing. A name may hold dots itself."""
    if path in ("", "$"):
        return record
    if not isinstance(record, Mapping):
        return None
    if path in record:
        return record[path]
    name, _, rest = path.partition(".")
    return value_at(record.get(name), rest) if rest else record.get(name)


def row(
    table: Mapping[str, Any], record: Any, bound: Mapping[str, Any], misfits: Callable[[str], None]
) -> dict[str, Any] | None:
    """The row of a record; `bound` are the parents' keys by column. None where a part of the key is missing.

    `misfits` is told the name of each column whose value is not of its type: the value is left out.
    """
    held = record if isinstance(record, Mapping) else {"value": record}
    sources = {name: pair for name, pair in table["columns"].items() if pair[0]}
    made = {name: _fitting(held, source, kind, name, misfits) for name, (source, kind) in sources.items()}
    if table["is_open"]:
        made |= {name: value for name, value in _further(held).items() if name not in made}
    for name, value in bound.items():
        if value is not None:
            made[name] = _fitting(
                {"value": value}, "value", table["columns"].get(name, ("", "STRING"))[1], name, misfits
            )
    if not table["key"]:
        return {ROW_HASH: digest([held, sorted(bound.items())]), **made}
    return None if any(made.get(name) is None for name in table["key"]) else made


def digest(value: Any, length: int = 40) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:length]


def is_gone(table: Mapping[str, Any], record: Any) -> bool:
    """Whether the record says of itself that it was deleted: by a truth value, or by the time of it."""
    value = value_at(record, table["deletes"]) if table["deletes"] else None
    return value.strip().lower() not in ("", "false", "no", "0", "null") if isinstance(value, str) else bool(value)


def moment(value: Any) -> datetime | None:
    """A time in UTC out of what sources write: ISO 8601, seconds or milliseconds since 1970, mail dates, /Date(…)/."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        if isinstance(value, int | float):
            return _since_1970(float(value))
        return _written_moment(str(value).strip())
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _written_moment(text: str) -> datetime:
    if found := DOTNET.fullmatch(text):
        return _since_1970(float(found[1]), unit=1000)
    if re.fullmatch(r"\d{9,13}(\.\d{1,9})?", text):
        return _since_1970(float(text))
    found = MOMENT.fullmatch(text)
    if not found:
        at = parsedate_to_datetime(text)
        return (at if at.tzinfo else at.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    micro = int((found[7] or "0")[:6].ljust(6, "0"))
    at = datetime(year, month, day, hour, minute, min(second, 59), micro, tzinfo=timezone.utc)
    return at - _offset(found[8] or "Z")


def _offset(text: str) -> timedelta:
    if text in ("Z", "z"):
        return timedelta()
    size = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return -size if text[0] == "-" else size


def _since_1970(value: float, unit: int = 0) -> datetime:
    unit = unit or (1000 if abs(value) >= MILLISECONDS else 1)
    return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=value / unit)


def _fitting(record: Mapping[str, Any], source: str, kind: str, name: str, misfits: Callable[[str], None]) -> Any:
    value = value_at(record, source)
    if value is None or (value == "" and kind not in ("STRING", "JSON")):
        return None
    try:
        fitted = FITTING[kind](value)
    except (ValueError, TypeError, OverflowError, InvalidOperation, RecursionError):
        fitted = None
    if fitted is None:
        misfits(name)
    return fitted


def _boolean(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}.get(str(value).lower())


def _whole(value: Any, limit: int) -> int | None:
    exact = Decimal(int(value)) if isinstance(value, bool) else Decimal(str(value))
    # "1e999999999" is nine characters and a billion digits: no number is made of it.
    if not exact.is_finite() or exact.adjusted() > 20:
        return None
    number = int(exact)
    return number if number == exact and -limit <= number < limit else None


def _double(value: Any) -> float | None:
    if isinstance(value, str | int | float):
        return float(value)
    return None


def _decimal(value: Any) -> str | None:
    number = Decimal(str(value))
    return format(number, "f") if number.is_finite() and abs(number.adjusted()) < 38 else None


def _day(value: Any) -> str | None:
    at = moment(value)
    return at.date().isoformat() if at else None


def _utc(value: Any) -> str | None:
    at = moment(value)
    return at.isoformat(timespec="microseconds") if at else None


def _naive(value: Any) -> str | None:
    text = str(value).strip()
    at = moment(re.sub(r"(Z|[+-]\d\d:?\d\d)$", "", text) if "T" in text else value)
    return at.replace(tzinfo=None).isoformat(timespec="microseconds") if at else None


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _bytes(value: Any) -> bytes:
    return base64.b64decode(str(value), validate=True)


def _same(value: Any) -> Any:
    return value


def _further(record: Mapping[str, Any]) -> dict[str, Any]:
    """All other fields, where the document names none: Fivetran finds their types."""
    return {clean(name): value for name, value in record.items() if value is not None}


def clean(name: str) -> str:
    """A column's name for a field that the document does not name."""
    words = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", str(name)).lower()).strip("_")[:60]
    return words if words[:1].isalpha() and not words.startswith("fivetran") else f"c_{words}"[:60]


def _kind(kind: str) -> Any:
    return dict(DECIMAL) if kind == "DECIMAL" else kind


FITTING: Mapping[str, Callable[[Any], Any]] = {
    "BOOLEAN": _boolean,
    "INT": lambda value: _whole(value, INT),
    "LONG": lambda value: _whole(value, LONG),
    "DECIMAL": _decimal,
    "DOUBLE": _double,
    "NAIVE_DATE": _day,
    "NAIVE_DATETIME": _naive,
    "UTC_DATETIME": _utc,
    "BINARY": _bytes,
    "STRING": _text,
    "JSON": _same,
}
