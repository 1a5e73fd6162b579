"""A schema made from an example, for documents that show answers but do not describe them (also Postman)."""

from collections.abc import Mapping
from typing import Any

DEEPEST = 8
MOST = 200
KINDS = ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"))


def schema_of(example: Any, deepest: int = DEEPEST) -> Mapping[str, Any]:
    """The schema an example fits, by its first records; {} for null and for what lies deeper than `deepest`."""
    if deepest == 0 or example is None:
        return {}
    if isinstance(example, Mapping):
        return {"type": "object", "properties": _properties([example], deepest)}
    if isinstance(example, list):
        return {"type": "array", "items": _items(example, deepest)}
    return {"type": next((name for kind, name in KINDS if isinstance(example, kind)), "string"), "example": example}


def _items(elements: list[Any], deepest: int) -> Mapping[str, Any]:
    records = [element for element in elements[:5] if isinstance(element, Mapping)]
    if records:
        return {"type": "object", "properties": _properties(records, deepest - 1)}
    return schema_of(elements[0], deepest - 1) if elements else {}


def _properties(records: list[Mapping[str, Any]], deepest: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for record in records:
        for name, value in list(record.items())[:MOST]:
            if not found.get(str(name)):
                found[str(name)] = schema_of(value, deepest - 1)
    return found
