"""Which tables and columns a connection should bring, compared with what Fivetran shows: the smallest change to ask.

Safe by construction: a table nobody chose is never switched on, a hash nobody took back is never taken off, and what
Fivetran locks is left alone and told.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

ALLOW_ALL, ALLOW_COLUMNS, BLOCK_ALL = "ALLOW_ALL", "ALLOW_COLUMNS", "BLOCK_ALL"
STRICTNESS = {ALLOW_ALL: 0, ALLOW_COLUMNS: 1, BLOCK_ALL: 2}
HANDLINGS = {
    "": "New tables stay out; new columns come along, unless anything here is personal",
    ALLOW_COLUMNS: "New tables stay out; new columns come along",
    BLOCK_ALL: "New tables and new columns stay out",
}
"""What a case may say about what is new in the source, and how it reads. Letting new tables in is not among it."""
LOCKED = "Fivetran does not let this be changed"

Place = tuple[str, str]


@dataclass(frozen=True)
class Column:
    """A column as Fivetran shows it; `locked` says why it cannot be changed, empty where it can."""

    name: str
    enabled: bool = True
    hashed: bool = False
    locked: str = ""
    is_key: bool = False


@dataclass(frozen=True)
class Table:
    """A table as Fivetran shows it; nothing of it is synced while its whole schema is switched off.

    `columns_known`: all of its columns are here. Otherwise there may be more, for Fivetran's overview is not complete.
    """

    schema: str
    name: str
    enabled: bool = True
    locked: str = ""
    columns: tuple[Column, ...] = ()
    schema_enabled: bool = True
    columns_known: bool = False

    @property
    def place(self) -> Place:
        return self.schema, self.name

    @property
    def is_synced(self) -> bool:
        return self.enabled and self.schema_enabled


@dataclass(frozen=True)
class Shown:
    """A connection's schema configuration as Fivetran tells it."""

    handling: str
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True)
class Choice:
    """A decision about a table (`column` empty) or a column. `schema` empty: typed before any schema was known."""

    schema: str
    table: str
    column: str = ""
    enabled: bool = True
    hashed: bool = False


@dataclass(frozen=True)
class Wish:
    """All that was decided for a case; `handling` empty stands for the program's rule."""

    choices: tuple[Choice, ...] = ()
    handling: str = ""

    @cached_property
    def tables(self) -> Mapping[Place, Choice]:
        """The decisions about tables; those typed before a schema was known by their name in small letters."""
        found = {(each.schema, each.table): each for each in self.choices if not each.column and each.schema}
        typed = {("", each.table.casefold()): each for each in self.choices if not each.column and not each.schema}
        return found | typed

    @cached_property
    def columns(self) -> Mapping[str, list[Choice]]:
        """The decisions about columns, by the name of their table."""
        found: dict[str, list[Choice]] = {}
        for each in self.choices:
            if each.column:
                found.setdefault(each.table, []).append(each)
        return found

    @property
    def is_decided(self) -> bool:
        """Whether anybody chose tables yet."""
        return any(not each.column for each in self.choices)

    @property
    def marks_personal(self) -> bool:
        return any(each.column and each.hashed for each in self.choices)


@dataclass(frozen=True)
class Plan:
    """`body` is the vendor's PATCH body, empty where nothing differs. `refused`: what is wished and cannot be had, as
    sentences; `notes`: what stays otherwise than wished, without harm; `gone`: chosen, and not in the source."""

    handling: str
    body: Mapping[str, Any] = field(default_factory=dict)
    refused: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    undecided: tuple[Place, ...] = ()

    @property
    def is_satisfied(self) -> bool:
        return not self.body and not self.refused


def compare(wish: Wish, shown: Shown) -> Plan:
    """What to send so that Fivetran has what is wished, and what cannot be had."""
    wish = fitted(wish, shown)
    opened = _opened(wish, shown)
    sides = [_side(wish, replace(table, schema_enabled=table.schema in opened)) for table in shown.tables]
    handling = handling_for(wish, shown)
    body: dict[str, Any] = {} if handling == shown.handling else {"schema_change_handling": handling}
    if schemas := _schemas(sides, opened - {table.schema for table in shown.tables if table.schema_enabled}):
        body["schemas"] = schemas
    return Plan(
        handling=handling,
        body=body,
        refused=tuple(each for side in sides for each in side.refused) + _nothing_left(wish, sides),
        notes=tuple(each for side in sides for each in side.notes),
        gone=_gone(wish, shown),
        undecided=tuple(side.table.place for side in sides if wish.is_decided and side.choice is None),
    )


def fitted(wish: Wish, shown: Shown) -> Wish:
    """The wish for this source: where a schema is not there at all, its tables are looked for by their names alone, as
    in a connection made anew under another name."""
    there = {table.schema for table in shown.tables}
    return replace(
        wish, choices=tuple(each if each.schema in there else replace(each, schema="") for each in wish.choices)
    )


def handling_for(wish: Wish, shown: Shown) -> str:
    """What happens to new tables and columns. Something stricter that somebody set in Fivetran is not loosened, unless
    the case says so; a new column might be personal where others are, so then it never comes by itself."""
    least = BLOCK_ALL if wish.marks_personal or wish.handling == BLOCK_ALL else ALLOW_COLUMNS
    may_loosen = wish.handling == ALLOW_COLUMNS
    is_stricter = STRICTNESS.get(shown.handling, 0) >= STRICTNESS[least]
    return shown.handling if is_stricter and not may_loosen else least


def choice_for(wish: Wish, place: Place) -> Choice | None:
    """The decision about the table: one that names its schema, or one that was typed before it was known."""
    return wish.tables.get(place) or wish.tables.get(("", place[1].casefold()))


def column_choices(wish: Wish, place: Place) -> dict[str, Choice]:
    """The decisions about the table's columns, by column; one that names the schema goes before one that does not."""
    schema, name = place
    found = [each for each in wish.columns.get(name, ()) if each.schema in (schema, "")]
    return {each.column: each for each in sorted(found, key=lambda each: each.schema)}


@dataclass(frozen=True)
class _Side:
    """One table: what was decided, and the entry of the body that brings it there."""

    table: Table
    choice: Choice | None
    on: bool
    enable: bool | None
    columns: Mapping[str, dict[str, bool]]
    refused: tuple[str, ...]
    notes: tuple[str, ...]


def _side(wish: Wish, table: Table) -> _Side:
    choice = choice_for(wish, table.place)
    wanted = (choice.enabled if choice else False) if wish.is_decided else table.is_synced
    label = name_of(table.place)
    differs = wish.is_decided and wanted != table.is_synced
    if differs and table.locked:
        told = f"{label} cannot be switched {'on' if wanted else 'off'}: {table.locked}"
        on, enable, refused, notes = table.is_synced, None, (told,) * wanted, (told,) * (not wanted)
    else:
        on, enable, refused, notes = wanted, wanted if differs else None, (), ()
    columns, faults = _columns(column_choices(wish, table.place), table) if on else ({}, ())
    return _Side(table, choice, on, enable, columns, (*refused, *faults), notes)


def _columns(choices: Mapping[str, Choice], table: Table) -> tuple[dict[str, dict[str, bool]], tuple[str, ...]]:
    """The columns to change, and what cannot be done. A column nobody decided about stays as it is."""
    shown = {column.name: column for column in table.columns}
    found: dict[str, dict[str, bool]] = {}
    faults = []
    for name, choice in choices.items():
        column = shown.get(name) or (None if table.columns_known else Column(name))
        if column is None or (choice.enabled, choice.hashed) == (column.enabled, column.hashed):
            continue
        if not column.locked:
            found[name] = {"enabled": choice.enabled, "hashed": choice.hashed}
        elif _matters(choice, column):
            what = "hashed" if choice.enabled else "left out"
            faults.append(f"{name_of(table.place)}.{name} cannot be {what}: {column.locked}")
    return found, tuple(faults)


def _matters(choice: Choice, column: Column) -> bool:
    """Whether the column brings more than was wished: only then something is in the way."""
    return column.enabled and (not choice.enabled or (choice.hashed and not column.hashed))


def _opened(wish: Wish, shown: Shown) -> frozenset[str]:
    """The schemas that are on afterwards: those that are, and those a chosen table needs. None is ever closed."""
    needed = (table for table in shown.tables if table.enabled or not table.locked)
    wanted = {table.schema for table in needed if (choice := choice_for(wish, table.place)) and choice.enabled}
    return frozenset(wanted | {table.schema for table in shown.tables if table.schema_enabled})


def _schemas(sides: Iterable[_Side], new: Collection[str]) -> dict[str, Any]:
    """The part of the body that is about tables. The vendor wants `enabled` at every level that is named."""
    found: dict[str, Any] = {name: {"enabled": True} for name in sorted(new)}
    for side in sides:
        if side.enable is not None or side.columns:
            columns = {"columns": dict(side.columns)} if side.columns else {}
            tables = found.setdefault(side.table.schema, {"enabled": True}).setdefault("tables", {})
            tables[side.table.name] = {"enabled": side.on, **columns}
    return found


def _gone(wish: Wish, shown: Shown) -> tuple[str, ...]:
    """What was chosen and is not in the source (any more)."""
    places = {table.place for table in shown.tables}
    folded = {table.name.casefold() for table in shown.tables}
    return tuple(
        name_of((each.schema, each.table))
        for each in wish.choices
        if not each.column
        and each.enabled
        and ((each.schema, each.table) not in places if each.schema else each.table.casefold() not in folded)
    )


def _nothing_left(wish: Wish, sides: list[_Side]) -> tuple[str, ...]:
    if not wish.is_decided or any(side.on and side.choice is not None for side in sides):
        return ()
    return ("None of the chosen tables is in the source: choose again",)


def name_of(place: Place) -> str:
    schema, name = place
    return f"{schema}.{name}" if schema else name
