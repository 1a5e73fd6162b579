"""A few records of a table, as the document has them in its examples, else made from the schema: always the same."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from request_tracker.apidocs.describing.operations import Answer
from request_tracker.apidocs.describing.schemas import Schemas
from request_tracker.apidocs.measuring.made_up import COUNT, Making, is_plain, other_key
from request_tracker.apidocs.measuring.records import WHOLE, Record, at
from request_tracker.apidocs.measuring.records import key as record_key

LARGEST = 32_000
"""Bytes of JSON that the examples of one table may take."""

DEPTH = 6
ELEMENTS = 3
TEXT = 500
FIELDS = 400
BUDGET = 2000
"""Values of one record that are kept."""

Row = dict[str, Any]


def rows(
    answer: Answer | None, data_path: str, schemas: Schemas, found: Record | None, *, key: str = ""
) -> tuple[tuple[Row, ...], bool]:
    """Three records of the list at `data_path` as JSON values (plain values as {"value": …}), and whether they were
    made up because the document has no example of any field. `key`: the source of what tells them apart, present
    in each and unlike in all ("": what is called like a key). Nothing where nothing is known of the record."""
    key = key or record_key(found, schemas)
    told = _told(answer, data_path, schemas, found)
    if told:
        made, is_made_up = [*told], False
    elif found is not None and found.is_typed:
        made, is_made_up = schemas.once("made up", found.fields, lambda: _made(found.node, schemas))
    else:
        return (), False
    return tuple(_small(_told_apart(_filled(made), key, found, schemas), key)), is_made_up


def _made(node: Any, schemas: Schemas) -> tuple[list[Row], bool]:
    making = Making(schemas)
    return [_as_row(making.value(node, index=index)) for index in range(COUNT)], not making.has_examples


def _as_row(value: Any) -> Row:
    return value if isinstance(value, dict) else {WHOLE: value}


def _told(answer: Answer | None, data_path: str, schemas: Schemas, found: Record | None) -> list[Row]:
    """The records that the document shows, from the answer's own example to that of the record's schema."""
    if answer is None:
        return []
    whole = (answer.example, *_examples(answer.schema, schemas))
    lists = [at(_read(value), data_path) for value in whole]
    lists += [at(_read(value), "$") for value in _examples(schemas.at(answer.schema, data_path), schemas)]
    shown = next((_records(value) for value in lists if _records(value)), [])
    return shown or _records([_read(value) for value in _examples(found.node, schemas)] if found else [])


def _examples(node: Any, schemas: Schemas) -> list[Any]:
    more = schemas.said(node, "examples")
    listed = more if isinstance(more, list) else []
    own = schemas.said(node, "example")
    return [*([own] if own is not None else []), *listed[:COUNT]]


def _read(value: Any) -> Any:
    """A JSON value; what a text holds when it is JSON itself."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "[") or len(value) > LARGEST * 8:
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _records(value: Any) -> list[Row]:
    """Up to three records of a list; none where it holds no records, or mere placeholders."""
    listed = value if isinstance(value, list) else []
    kept = [_kept(one, DEPTH, [BUDGET]) for one in listed[:COUNT] if one not in (None, {}, [], "")]
    return [_as_row(one) for one in kept]


def _kept(value: Any, depth: int, budget: list[int]) -> Any:
    """A value of the document, bounded in depth, breadth and length."""
    budget[0] -= 1
    if isinstance(value, str):
        return value[:TEXT]
    if not isinstance(value, Mapping | list):
        return value if value is None or is_plain(value) else None
    if depth <= 0 or budget[0] <= 0:
        return None
    if isinstance(value, list):
        return [_kept(one, depth - 1, budget) for one in value[:ELEMENTS]]
    return {str(name)[:200]: _kept(one, depth - 1, budget) for name, one in list(value.items())[:FIELDS]}


def _filled(made: Sequence[Row]) -> list[Row]:
    """Three records: what there is, repeated."""
    return [json.loads(json.dumps(made[index % len(made)])) for index in range(COUNT)] if made else []


def _told_apart(made: list[Row], key: str, found: Record | None, schemas: Schemas) -> list[Row]:
    """Each with a key, and no two with the same one."""
    seen: set[str] = set()
    node = found.fields.get(key) if found else None
    for index, row in enumerate(made if key else ()):
        value = at(row, key)
        if not isinstance(value, str | int) or isinstance(value, bool) or value == "" or str(value) in seen:
            value = other_key(value, node, schemas, index, seen)
        seen.add(str(value))
        _put(row, key, value)
    return made


def _put(row: Row, path: str, value: Any) -> None:
    *above, last = path.split(".")
    for name in above:
        below = row.get(name)
        if not isinstance(below, dict):
            below = row[name] = {}
        row = below
    row[last] = value


def _small(made: list[Row], key: str) -> list[Row]:
    """Within the bytes a table may take: the largest fields go, the key stays."""
    kept = key.split(".")[0]
    for row in made:
        sizes = {name: len(json.dumps(value)) for name, value in row.items()}
        for name in sorted((name for name in sizes if name != kept), key=lambda name: sizes[name], reverse=True):
            if sum(sizes.values()) + 20 * len(sizes) <= LARGEST // COUNT:
                break
            del row[name], sizes[name]
    return made
