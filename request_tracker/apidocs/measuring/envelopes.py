"""What stands round the records of an answer: the fields of its envelope, by path, without the records themselves."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from request_tracker.apidocs.describing.inferred import schema_of
from request_tracker.apidocs.describing.operations import Answer
from request_tracker.apidocs.describing.schemas import Schemas
from request_tracker.apidocs.describing.words import words

DEPTH = 3
FIELDS = 300
"""How many fields of an envelope are looked at."""


@dataclass(frozen=True)
class Leaf:
    """One field of an envelope. `path`: dots between names; `words` of its name, `above` those of all names ahead of
    it; `text`: what the document says of it, in lower case."""

    path: str
    words: tuple[str, ...]
    above: tuple[str, ...]
    kind: str
    format: str
    text: str
    example: Any = None


def leaves(answer: Answer | None, data_path: str, schemas: Schemas) -> tuple[Leaf, ...]:
    """The fields of the answer that are no list, the outer ones first; objects count where nothing is known of them.
    What the example shows stands in where the schema says nothing."""
    if answer is None or data_path in ("", "$"):
        return ()
    node = answer.schema if schemas.properties(answer.schema) else schema_of(answer.example)
    found: list[Leaf] = []
    for leaf in _walked(node, schemas, data_path):
        found.append(leaf)
        if len(found) >= FIELDS:
            break
    return tuple(sorted(found, key=lambda leaf: leaf.path.count(".")))


def _walked(node: Any, schemas: Schemas, data_path: str) -> Iterator[Leaf]:
    level: list[tuple[str, Any]] = [("", node)]
    for _ in range(DEPTH):
        below: list[tuple[str, Any]] = []
        for path, parent in level:
            for name, child in schemas.properties(parent).items():
                where = f"{path}.{name}" if path else name
                if where == data_path or len(where) > 200:
                    continue
                if schemas.properties(child):
                    below.append((where, child))
                elif schemas.kind(child) != "array":
                    yield _leaf(where, path, name, child, schemas)
        level = below[:FIELDS]


def _leaf(where: str, path: str, name: str, node: Any, schemas: Schemas) -> Leaf:
    text = str(schemas.said(node, "description") or "")[:1000].lower()
    form = str(schemas.said(node, "format") or "").lower()
    return Leaf(where, words(name), words(path), schemas.kind(node), form, text, schemas.said(node, "example"))
