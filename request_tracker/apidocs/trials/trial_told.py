"""What somebody should look at after a trial, a sentence each, table by table.

Loaded by its path in the trial's child: the standard library alone.
"""

from collections.abc import Iterable
from typing import Any

_MOST_WARNINGS = 20


def warnings(table: Any, rows: int) -> list[str]:
    """What somebody should look at, a sentence each."""
    found = []
    if not rows and not table.counts["deletes"]:
        found.append("No rows arrived")
    if not table.is_declared:
        found.append("The connector's schema does not name this table")
    if table.is_hashed:
        found.append("It has no key: each row is told apart by a digest of all its values")
    if table.unequal:
        found.append(f"{_many(table.unequal, 'row')} had the key of another, different row: the last one was kept")
    if table.again:
        found.append(f"{_many(table.again, 'row')} came more than once, unchanged")
    if table.keyless:
        found.append(f"{_many(table.keyless, 'row')} had an empty key")
    if table.extra and table.is_declared:
        found.append(f"Columns that arrived, though the schema does not name them: {_listed(table.extra)}")
    if table.dropped:
        found.append(f"Columns left out, as a table holds {len(table.columns)} here: {_listed(table.dropped)}")
    found += [_unlike(table, name, count) for name, count in table.unlike.items()]
    return found[:_MOST_WARNINGS]


def _unlike(table: Any, name: str, count: int) -> str:
    if table.columns.get(name) == "VARCHAR":
        return f"Column {name} holds values of several types: it was kept as text"
    return f"Column {name}: {_many(count, 'value')} did not fit {table.columns.get(name, '')} and stayed empty"


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _listed(names: Iterable[str]) -> str:
    shown = list(names)
    more = f" and {len(shown) - 10} more" if len(shown) > 10 else ""
    return ", ".join(each[:60] for each in shown[:10]) + more
