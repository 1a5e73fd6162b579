"""What the SDK's wire says, in words DuckDB understands; and secrets taken out of texts.

Loaded by its path in the trial's child: the standard library alone.
"""

import base64
import json
from collections.abc import Iterable
from types import ModuleType
from typing import Any
from urllib.parse import quote, quote_plus

_KINDS = {
    "null": "",
    "bool": "BOOLEAN",
    "short": "SMALLINT",
    "int": "INTEGER",
    "long": "BIGINT",
    "float": "DOUBLE",
    "double": "DOUBLE",
    "naive_date": "DATE",
    "naive_datetime": "TIMESTAMP",
    "utc_datetime": "TIMESTAMP WITH TIME ZONE",
    "decimal": "DECIMAL(38,10)",
    "binary": "BLOB",
    "string": "VARCHAR",
    "json": "JSON",
    "xml": "VARCHAR",
    "naive_time": "TIME",
}
_DECLARED = {
    "BOOLEAN": "BOOLEAN",
    "SHORT": "SMALLINT",
    "INT": "INTEGER",
    "LONG": "BIGINT",
    "FLOAT": "REAL",
    "DOUBLE": "DOUBLE",
    "NAIVE_DATE": "DATE",
    "NAIVE_DATETIME": "TIMESTAMP",
    "UTC_DATETIME": "TIMESTAMP WITH TIME ZONE",
    "BINARY": "BLOB",
    "XML": "VARCHAR",
    "STRING": "VARCHAR",
    "JSON": "JSON",
    "NAIVE_TIME": "TIME",
}


class Cleaner:
    """Takes secrets out of texts: as they are, as an address spells them, as a basic sign-in hides them."""

    def __init__(self, values: Iterable[str], *, shortest: int, beside: Iterable[str] = ()) -> None:
        """`values` shorter than `shortest` are left; `beside`: what may stand with them in a basic sign-in."""
        kept = {part for each in values for part in (each, each.strip()) if len(part) >= shortest}
        every = {*kept, *beside}
        pairs = {pair for a in kept for b in every for pair in (f"{a}:{b}", f"{b}:{a}", f"{a}:")}
        spelled = {each for value in kept for each in _spelled(value)}
        spelled |= {base64.b64encode(pair.encode()).decode() for pair in pairs}
        self._all = sorted(spelled, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        for each in self._all:
            if each in text:
                text = text.replace(each, "•••")
        return text


def _spelled(value: str) -> tuple[str, ...]:
    addressed = (quote(value, safe=""), quote(value), quote_plus(value))
    return (value, *addressed, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1])


def declared(column: Any, common: ModuleType) -> str:
    kind = common.DataType.Name(column.type)
    if kind == "DECIMAL":
        precision = min(max(column.params.decimal.precision or 38, 1), 38)
        return f"DECIMAL({precision},{min(column.params.decimal.scale, precision)})"
    return _DECLARED.get(kind, "")


def cell(value: Any) -> tuple[str, str | None]:
    """A value of the wire as its type and text."""
    kind = value.WhichOneof("inner") or "null"
    if kind == "null":
        return "", None
    found = getattr(value, kind)
    if kind == "bool":
        return _KINDS[kind], "true" if found else "false"
    if kind == "binary":
        return _KINDS[kind], found.hex()
    if kind in ("naive_date", "naive_datetime", "utc_datetime", "naive_time"):
        return _KINDS[kind], _time(kind, found.ToJsonString())
    return _KINDS[kind], str(found).replace("\x00", "")


def _time(kind: str, text: str) -> str:
    if kind == "naive_date":
        return text[:10]
    return text[11:].rstrip("Z") if kind == "naive_time" else text if kind == "utc_datetime" else text.rstrip("Z")


def named(schema: str, table: str) -> str:
    return (f"{schema}.{table}" if schema else table).lower()
