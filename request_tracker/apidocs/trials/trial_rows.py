"""What a trial wrote: the rows in a local DuckDB file, counts and warnings a table, a bounded sample.

Loaded by its path in the child, under the SDK's environment. Names and values come from strangers: names are quoted,
values are bound, and every cast that fails leaves the cell empty and is counted.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

Cells = dict[str, tuple[str, str | None]]
"""Column → its type in DuckDB and its value as text; None where it is empty."""
Key = tuple[str | None, ...]

HASHED = "_fivetran_id"
"""The key of a table without one: a digest of the row, as the destination would make it."""
_TEXT = ("VARCHAR", "JSON", "")
_AT_ONCE = 2_000
MOST_COLUMNS = 1_500


@dataclass
class Table:
    """`declared`: column → type as the schema says ("": it does not); `columns`: as the file holds them."""

    name: str
    declared: dict[str, str]
    keys: tuple[str, ...]
    is_declared: bool
    columns: dict[str, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    waiting: dict[Key, Cells] = field(default_factory=dict)
    seen: dict[Key, bytes] = field(default_factory=dict)
    again: int = 0
    unequal: int = 0
    keyless: int = 0
    unlike: Counter[str] = field(default_factory=Counter)
    extra: dict[str, None] = field(default_factory=dict)
    dropped: dict[str, None] = field(default_factory=dict)

    @property
    def is_hashed(self) -> bool:
        return self.keys == (HASHED,)

    @property
    def quoted(self) -> str:
        return quoted(self.name)


class Destination:
    """A DuckDB file that rows are written to as a connector sends them; it goes on from what it holds."""

    def __init__(self, path: Path, *, clean: Callable[[str], str]) -> None:
        options = {"memory_limit": "512MB", "threads": "1", "autoinstall_known_extensions": "false"}
        self._link = duckdb.connect(str(path), config={**options, "autoload_known_extensions": "false"})
        self._link.execute("SET enable_external_access = false; SET TimeZone = 'UTC'")
        self._clean = clean
        self.tables: dict[str, Table] = {}

    def declare(self, name: str, columns: dict[str, str], keys: tuple[str, ...], *, is_declared: bool = True) -> Table:
        table = Table(name, columns, keys or (HASHED,), is_declared)
        types = {**({} if keys else {HASHED: "VARCHAR"}), **{each: kind or "VARCHAR" for each, kind in columns.items()}}
        if not types:
            types = dict.fromkeys(table.keys, "VARCHAR")
        listed = ", ".join(f"{quoted(each)} {kind}" for each, kind in types.items())
        self._link.execute(f"CREATE TABLE IF NOT EXISTS {table.quoted} ({listed})")
        # DESCRIBE of a name alone would list something else where the table is called tables or databases.
        held = self._link.execute(f"DESCRIBE SELECT * FROM {table.quoted}").fetchall()
        table.columns = {str(row[0]): str(row[1]) for row in held}
        self.tables[name] = table
        return table

    def upsert(self, name: str, cells: Cells) -> None:
        table = self._table(name)
        table.counts["upserts"] += 1
        key = self._keyed(table, cells)
        digest = hashlib.blake2b(repr(sorted(cells.items())).encode("utf-8", "replace"), digest_size=8).digest()
        former = table.seen.get(key)
        table.again += former == digest
        table.unequal += former not in (None, digest)
        table.seen[key] = digest
        table.keyless += any(part is None for part in key)
        self._note_columns(table, cells)
        table.waiting[key] = cells
        if len(table.waiting) >= _AT_ONCE:
            self._flush(table)

    def update(self, name: str, cells: Cells) -> None:
        """Changes the cells given of the row that is there already."""
        table = self._table(name)
        table.counts["updates"] += 1
        self._flush(table)
        self._note_columns(table, cells)
        kept = {each: cell for each, cell in cells.items() if each in table.columns and each not in table.keys}
        if not kept:
            return
        sets = ", ".join(f"{quoted(each)} = TRY_CAST(? AS {table.columns[each]})" for each in kept)
        values = [self._bound(table, cell[1]) for cell in kept.values()]
        self._link.execute(f"UPDATE {table.quoted} SET {sets} WHERE {_where(table)}", [*values, *_key(table, cells)])

    def delete(self, name: str, cells: Cells) -> None:
        table = self._table(name)
        table.counts["deletes"] += 1
        self._flush(table)
        self._link.execute(f"DELETE FROM {table.quoted} WHERE {_where(table)}", list(_key(table, cells)))

    def truncate(self, name: str) -> None:
        table = self._table(name)
        table.counts["truncates"] += 1
        table.waiting.clear()
        table.seen.clear()
        self._link.execute(f"DELETE FROM {table.quoted}")

    def finish(self) -> None:
        for table in self.tables.values():
            self._flush(table)

    def close(self) -> None:
        self._link.close()

    def rows(self, table: Table) -> int:
        found = self._link.execute(f"SELECT count(*) FROM {table.quoted}").fetchone()
        return int(found[0]) if found else 0

    def sample(self, table: Table, *, most: int, longest: int, columns: int = 60) -> list[dict[str, str | None]]:
        """The first rows in the order of the key, every cell as text of at most `longest` characters."""
        shown = list(table.columns)[:columns]
        cells = ", ".join(f"CAST({quoted(each)} AS VARCHAR)[:{longest + 1}]" for each in shown)
        order = ", ".join(quoted(each) for each in table.keys if each in table.columns) or "1"
        found = self._link.execute(f"SELECT {cells} FROM {table.quoted} ORDER BY {order} LIMIT {most}").fetchall()
        return [{each: _cut(cell, longest) for each, cell in zip(shown, row, strict=True)} for row in found]

    def _table(self, name: str) -> Table:
        return self.tables.get(name) or self.declare(name, {}, (), is_declared=False)

    def _keyed(self, table: Table, cells: Cells) -> Key:
        if table.is_hashed and HASHED not in cells:
            text = json.dumps(sorted((each, cell[1]) for each, cell in cells.items()))
            cells[HASHED] = ("VARCHAR", hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32])
        return _key(table, cells)

    def _note_columns(self, table: Table, cells: Cells) -> None:
        for name, (kind, value) in cells.items():
            if name not in table.columns:
                self._add_column(table, name, kind)
            if name not in table.declared and name != HASHED:
                table.extra[name] = None
            is_free = not table.declared.get(name)
            if value is not None and kind and is_free and not _fits(kind, table.columns.get(name, kind)):
                self._widen(table, name)

    def _add_column(self, table: Table, name: str, kind: str) -> None:
        if len(table.columns) >= MOST_COLUMNS:
            table.dropped[name] = None
            return
        self._link.execute(f"ALTER TABLE {table.quoted} ADD COLUMN {quoted(name)} {kind or 'VARCHAR'}")
        table.columns[name] = kind or "VARCHAR"

    def _widen(self, table: Table, name: str) -> None:
        self._flush(table)
        self._link.execute(f"ALTER TABLE {table.quoted} ALTER {quoted(name)} TYPE VARCHAR")
        table.columns[name] = "VARCHAR"
        if name in table.declared or table.counts["upserts"] > 1:
            table.unlike[name] += 1

    def _flush(self, table: Table) -> None:
        if not table.waiting:
            return
        rows = list(table.waiting.values())
        table.waiting = {}
        used = [each for each in table.columns if any(each in row for row in rows)]
        lists = [[self._bound(table, row[each][1] if each in row else None) for row in rows] for each in used]
        source = "(SELECT " + ", ".join(f"unnest(?::VARCHAR[]) AS c{at}" for at in range(len(used))) + ")"
        casts = [_cast(f"s.c{at}", table.columns[each]) for at, each in enumerate(used)]
        keys = [(quoted(each), casts[used.index(each)]) for each in table.keys if each in used]
        if len(keys) == len(table.keys):
            same = " AND ".join(f"t.{name} IS NOT DISTINCT FROM {cast}" for name, cast in keys)
            self._link.execute(f"DELETE FROM {table.quoted} t USING {source} s WHERE {same}", lists)
        names = ", ".join(quoted(each) for each in used)
        self._link.execute(f"INSERT INTO {table.quoted} ({names}) SELECT {', '.join(casts)} FROM {source} s", lists)
        self._count_unlike(table, used, casts, source, lists)

    def _count_unlike(self, table: Table, used: list[str], casts: list[str], source: str, lists: list[Any]) -> None:
        """How many values were no value of their column's type."""
        judged = [at for at, each in enumerate(used) if table.columns[each] not in _TEXT]
        if not judged:
            return
        counts = ", ".join(f"count(*) FILTER (s.c{at} IS NOT NULL AND {casts[at]} IS NULL)" for at in judged)
        found = self._link.execute(f"SELECT {counts} FROM {source} s", lists).fetchone() or ()
        for at, count in zip(judged, found, strict=True):
            if count:
                table.unlike[used[at]] += int(count)

    def _bound(self, table: Table, value: str | None) -> str | None:
        return None if value is None else self._clean(value)


def quoted(name: str) -> str:
    return '"' + name.replace("\x00", "").replace('"', '""') + '"'


def _where(table: Table) -> str:
    return " AND ".join(
        f"{quoted(each)} IS NOT DISTINCT FROM TRY_CAST(? AS {table.columns.get(each, 'VARCHAR')})"
        for each in table.keys
    )


def _key(table: Table, cells: Cells) -> Key:
    return tuple(cells[each][1] if each in cells else None for each in table.keys)


def _cast(what: str, kind: str) -> str:
    if kind == "BLOB":
        return f"from_hex({what})"
    return what if kind == "VARCHAR" else f"TRY_CAST({what} AS {kind})"


def _fits(kind: str, column: str) -> bool:
    wider = {"BIGINT": ("INTEGER", "SMALLINT"), "INTEGER": ("SMALLINT",), "DOUBLE": ("REAL", "BIGINT", "INTEGER")}
    return kind == column or column == "VARCHAR" or kind in wider.get(column, ()) or column.startswith("DECIMAL")


def _cut(cell: str | None, longest: int) -> str | None:
    return cell if cell is None or len(cell) <= longest else cell[: longest - 1] + "…"
