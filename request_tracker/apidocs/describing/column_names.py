"""What columns may be called: the one place where a name out of a document becomes a name in the destination."""

import re
from collections.abc import Iterable, Set

from request_tracker.apidocs.describing.words import words

LENGTH = 60
"""Characters of a column name, a number against doubles not counted."""

RESERVED = frozenset((
    "all", "alter", "and", "any", "as", "asc", "between", "by", "case", "cast", "check", "column", "constraint",
    "create", "cross", "current", "delete", "desc", "distinct", "drop", "else", "except", "exists", "false", "for",
    "foreign", "from", "grant", "group", "having", "in", "inner", "insert", "intersect", "into", "is", "join", "left",
    "like", "not", "null", "on", "or", "order", "outer", "primary", "references", "revoke", "right", "select", "set",
    "some", "table", "then", "to", "true", "truncate", "union", "unique", "update", "using", "values", "when", "where",
    "with",
))  # fmt: skip
"""Words that SQL keeps for itself in most destinations: a column `order` is called `order_value`."""

_PLAIN = re.compile(r"[a-z][a-z0-9_]{0,59}")


def snake(name: str) -> str:
    """A name in lower case with underscores, a letter first, never empty, no word of SQL's: lastModifiedUTC ->
    last_modified_utc, order -> order_value."""
    if _PLAIN.fullmatch(name[: LENGTH + 1]):
        return unreserved(name)
    word = "_".join(words(name))[:LENGTH].strip("_")
    return unreserved(word) if word[:1].isalpha() else f"c_{word}" if word else "value"


def unreserved(word: str, ending: str = "value") -> str:
    """The word, with an ending where SQL keeps it for itself."""
    return f"{word}_{ending}" if word in RESERVED else word


def table_name(name: str) -> str:
    """A name for a table: as for a column, but order -> order_list."""
    return unreserved(name, "list") if name in RESERVED else snake(name)[:LENGTH]


def unlike(name: str, taken: Iterable[str]) -> str:
    """The name, or the name with the first number that makes it unlike all those taken."""
    others = taken if isinstance(taken, Set) else set(taken)
    if name not in others:
        return name
    tries = (name, *(f"{name}_{number}" for number in range(2, len(others) + 3)))
    return next(word for word in tries if word not in others)
