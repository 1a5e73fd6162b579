"""What a connection's source holds: tables, columns and rows, made up from the schema's name, growing by each sync."""

import hashlib
from collections.abc import Iterable

from request_tracker.emulator.state import Doc
from request_tracker.emulator.world import World

_ALWAYS: dict[str, tuple[str, ...]] = {
    "account": ("id", "name", "country", "created_at"),
    "contact": ("id", "account_id", "first_name", "email", "phone", "updated_at"),
    "invoice": ("id", "account_id", "amount", "currency", "issued_on"),
}
_SOMETIMES: dict[str, tuple[str, ...]] = {
    "activity": ("id", "contact_id", "kind", "happened_at"),
    "employee": ("id", "email", "phone", "date_of_birth", "team"),
    "order": ("id", "account_id", "total", "placed_at"),
    "product": ("id", "name", "price"),
    "subscription": ("id", "account_id", "plan", "renews_on"),
    "ticket": ("id", "contact_id", "subject", "status", "opened_at"),
}
_COLUMNS_OF_OTHERS = ("id", "name", "email", "updated_at")
_LOCKED = "id"


def source_of(here: World, connection: Doc) -> Doc:
    """`{id, tables: {name: [columns]}, rows, held}`: the same tables for the same schema name.

    `rows` are those brought so far by table; `held` what somebody said that the tables hold.
    """
    found = here.state.get("source", connection["id"])
    return found or {"id": connection["id"], "tables": _made_up(connection["schema"]), "rows": {}, "held": {}}


def discover(here: World, connection: Doc, tables: Iterable[str]) -> Doc:
    """Have these tables appear in the source. Connections learn of them by a reload or the next sync.

    Tables that are there already gain a column `added_later`. Call inside `state.changing()`.
    """
    source = source_of(here, connection)
    for name in tables:
        known = source["tables"].get(name)
        source["tables"][name] = _gained(known) if known else list(_all().get(name, _COLUMNS_OF_OTHERS))
    return here.state.put("source", source)


def set_rows(here: World, connection: Doc, rows: dict[str, int]) -> Doc:
    """Say how many rows tables hold: the next good sync brings what is lacking. Call inside `state.changing()`."""
    source = source_of(here, connection)
    source["held"].update(rows)
    return here.state.put("source", source)


def grow(here: World, connection: Doc, tables: Iterable[str]) -> dict[str, int]:
    """A sync of these tables: the rows that came, by table; where nobody said otherwise as many at each sync."""
    source = source_of(here, connection)
    came = {name: _coming(connection["schema"], name, source) for name in tables}
    for name, number in came.items():
        source["rows"][name] = source["rows"].get(name, 0) + number
    here.state.put("source", source)
    return came


def is_locked(column: str) -> bool:
    """May the column not be left out? Primary keys may not."""
    return column == _LOCKED


def _made_up(schema: str) -> dict[str, list[str]]:
    extra = [name for name in _SOMETIMES if _number(schema, name) % 2]
    return {name: list(columns) for name, columns in _all().items() if name in _ALWAYS or name in extra}


def _all() -> dict[str, tuple[str, ...]]:
    return _ALWAYS | _SOMETIMES


def _gained(columns: list[str]) -> list[str]:
    return columns if "added_later" in columns else [*columns, "added_later"]


def _coming(schema: str, table: str, source: Doc) -> int:
    if table in source["held"]:
        return max(0, int(source["held"][table]) - int(source["rows"].get(table, 0)))
    return 10 + _number(schema, table) % 500


def _number(*words: str) -> int:
    return int.from_bytes(hashlib.sha256("/".join(words).encode()).digest()[:4], "big")
