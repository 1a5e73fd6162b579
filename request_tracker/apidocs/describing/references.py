"""How many references of a document lead outside it, and how many to nothing. None of them is followed here."""

from collections.abc import Mapping
from typing import Any

from request_tracker.apidocs.describing.schemas import Schemas

NO_SCHEMA = frozenset({"info", "tags", "externalDocs"})
"""Top-level places whose references stand for prose, not for shapes."""

SAMPLES = frozenset({"example", "examples", "default", "enum", "const"})
"""Places that hold data: what looks like a reference there is data, except in a mapping of examples by name."""


def counted(tree: Mapping[str, Any], schemas: Schemas) -> tuple[int, int]:
    """How many different references lead outside, and how many to nothing."""
    outside: set[str] = set()
    dangling: set[str] = set()
    seen: set[int] = set()
    waiting: list[Any] = [below for name, below in tree.items() if name not in NO_SCHEMA]
    while waiting:
        node = waiting.pop()
        if not isinstance(node, Mapping | list) or id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, list):
            waiting.extend(node)
            continue
        reference = node.get("$ref")
        if isinstance(reference, str):
            if not reference.startswith("#"):
                outside.add(reference)
            elif schemas.target(reference) is None:
                dangling.add(reference)
        waiting.extend(below for name, below in node.items() if name not in SAMPLES or _by_name(name, below))
    return len(outside), len(dangling)


def _by_name(name: str, below: Any) -> bool:
    return name == "examples" and isinstance(below, Mapping)
