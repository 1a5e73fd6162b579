"""Which decision about a table is meant in another version of the document: by name, else by the path it is read at."""

from collections import Counter
from collections.abc import Mapping


def matched(tables: Mapping[str, str], decided: Mapping[str, str]) -> dict[str, str]:
    """Names of `tables` → names of `decided` (both: name → path). A path tells a table only where it is nobody else's:
    every table of a GraphQL schema has the same one."""
    here, there = Counter(tables.values()), Counter(decided.values())
    left = {path: name for name, path in decided.items() if name not in tables and there[path] == 1}
    moved = {
        name: left[path] for name, path in tables.items() if name not in decided and path in left and here[path] == 1
    }
    return {name: name for name in tables if name in decided} | moved
