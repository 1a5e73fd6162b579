"""The same records reached by several paths: the least nested one is the table, the others are named beside it."""

import re
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from request_tracker.apidocs.describing.paths import last_fixed, segments, shape
from request_tracker.apidocs.describing.words import stem
from request_tracker.apidocs.measuring.rows import Row

TELLING = 3
"""So many fields make records that look the same the same."""

MOST_HEADS = 50
PREVIEW = re.compile(r"v?\d[\d.]*(alpha|beta|rc|preview)\d*")
"""A version that is not out yet: the one that is stands for it."""


@dataclass(frozen=True)
class Choice:
    """The rows that become tables, in the document's order; the table a path stands for, and its other paths."""

    rows: tuple[Row, ...]
    stands_for: dict[str, str]
    others: dict[str, tuple[str, ...]]


def chosen(rows: Sequence[Row]) -> Choice:
    """One row for each type of record under one name, and one for each list that reaches other records of the type."""
    alike: defaultdict[Hashable, list[Row]] = defaultdict(list)
    for row in rows:
        alike[_type(row)].append(row)
    stands_for: dict[str, str] = {}
    others: dict[str, list[str]] = {}
    for same in alike.values():
        heads: list[Row] = []
        for row in sorted(same, key=_rank):
            head = next((head for head in heads[:MOST_HEADS] if _holds(head, row)), row)
            stands_for[row.path] = head.path
            if head is row:
                heads.append(row)
            others.setdefault(head.path, []).extend([] if head is row else [row.path])
    chosen_rows = tuple(row for row in rows if stands_for[row.path] == row.path)
    return Choice(chosen_rows, stands_for, {path: tuple(those) for path, those in others.items()})


def _type(row: Row) -> Hashable:
    fields = row.record.fields if row.record is not None else {}
    name = stem(last_fixed(row.path))
    if len(fields) < TELLING:
        return ("alone", row.path)
    return (name, frozenset(fields))


def _holds(head: Row, row: Row) -> bool:
    """All that the row reaches is reached by walking less: /users for /teams/{id}/users, but not /users/{id}/groups for
    /teams/{id}/groups. Beneath the same parents another path is another list, unless only its version differs. A
    search holds nothing of its own."""
    if any(need.place == "query" for need in row.nest.asked):
        return True
    above, below = head.nest.ancestors, row.nest.ancestors
    is_same = bool(above) and above == below and not row.operation.is_deprecated
    return above <= below and (not is_same or len(head.nest.asked) < len(row.nest.asked) or _is_alike(head, row))


def _is_alike(head: Row, row: Row) -> bool:
    return shape(head.path) == shape(row.path)


def _rank(row: Row) -> tuple[bool, bool, int, int, bool, int, int]:
    """A search that wants words reaches only what fits them: it stands for nothing that can be walked."""
    nest = row.nest
    is_search = any(need.place == "query" for need in nest.asked)
    parts = segments(row.path)
    is_preview = any(PREVIEW.fullmatch(part.text.lower()) for part in parts)
    return (
        row.operation.is_deprecated, is_search, nest.depth, len(nest.asked), is_preview, len(parts), len(row.path)
    )  # fmt: skip
