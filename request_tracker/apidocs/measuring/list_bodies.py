"""Where in a response body the list of records is: the rules, tried one after the other."""

from collections.abc import Mapping
from typing import Any

from request_tracker.apidocs.describing.operations import Operation
from request_tracker.apidocs.describing.paths import ends_in_parameter, last_fixed
from request_tracker.apidocs.describing.schemas import Schemas
from request_tracker.apidocs.describing.words import is_plural, stem, words
from request_tracker.apidocs.measuring.list_words import (
    BYWORDS,
    FAILURES,
    LISTS,
    WRAPPERS,
    asks_for_pages,
    is_passive,
    squeezed,
    tells_of_more,
)

MOST_BESIDE = 4
MOST_BESIDE_PAGES = 2
LONGEST_NAME = 200


class _Body:
    """An object of a body: its arrays that may hold records, and what else it has that is data."""

    def __init__(self, node: Any, operation: Operation, schemas: Schemas) -> None:
        self.properties: Mapping[str, Any] = schemas.properties(node)
        kinds = {name: schemas.kind(below) for name, below in self.properties.items()}
        self.ending = "" if ends_in_parameter(operation.path) else last_fixed(operation.path)
        self.arrays = [name for name, kind in kinds.items() if kind == "array" and self._counts(name)]
        self.objects = [name for name, kind in kinds.items() if kind == "object" and "." not in name]
        self.is_record = "id" in kinds and not is_plural(self.ending) and not asks_for_pages(operation)
        self.data = [name for name in self.properties if not is_passive(name) or name in self.arrays]

    def beside(self, name: str) -> int:
        """How many other properties are data."""
        return sum(1 for other in self.data if other != name)

    def is_alone(self, name: str) -> bool:
        """Everything else is paging or status."""
        return self.beside(name) == 0

    def _counts(self, name: str) -> bool:
        if "." in name or not words(name) or len(name) > LONGEST_NAME or not name.isprintable():
            return False
        is_beside = name.lower() in BYWORDS or words(name)[0] in FAILURES
        return not is_beside or name.lower() == self.ending.lower()


def data_path(operation: Operation, schema: Any, schemas: Schemas) -> str | None:
    """The path to the list of records in a body ("$": the body is the list), None when it holds none."""
    if schemas.kind(schema) == "array":
        return "$"
    body = _Body(schema, operation, schemas)
    pages = asks_for_pages(operation)
    has_pages = pages or any(tells_of_more(name) for name in body.properties)
    name = _array(body, has_pages)
    return name or _wrapped(body, operation, schemas, has_pages) or _one_of_many(body, has_pages)


def _array(body: _Body, has_pages: bool) -> str | None:
    return _usual(body) or _named_like_the_path(body) or _only(body) or _paged(body, has_pages)


def _usual(body: _Body) -> str | None:
    """Not of what has an id itself: an order with its items."""
    if body.is_record:
        return None
    known = {squeezed(name): name for name in body.arrays}
    named = (known[name] for name in LISTS if name in known)
    return next((name for name in named if body.beside(name) <= MOST_BESIDE), None)


def _named_like_the_path(body: _Body) -> str | None:
    ending = "".join(stem(body.ending))
    return next((name for name in body.arrays if ending and "".join(stem(name)) == ending), None)


def _only(body: _Body) -> str | None:
    return body.arrays[0] if len(body.arrays) == 1 and body.is_alone(body.arrays[0]) else None


def _paged(body: _Body, has_pages: bool) -> str | None:
    is_one = len(body.arrays) == 1 and has_pages
    return body.arrays[0] if is_one and body.beside(body.arrays[0]) <= MOST_BESIDE_PAGES else None


def _one_of_many(body: _Body, has_pages: bool) -> str | None:
    """Several lists in one paged answer (a search): the first one stands for it."""
    others = sum(1 for name in body.data if name not in body.arrays)
    is_mixed = len(body.arrays) > 1 and has_pages and bool(body.ending)
    return body.arrays[0] if is_mixed and others <= MOST_BESIDE_PAGES else None


def _wrapped(body: _Body, operation: Operation, schemas: Schemas, has_pages: bool) -> str | None:
    for name in _wrappers(body):
        inner = _Body(body.properties[name], operation, schemas)
        more = has_pages or any(tells_of_more(below) for below in inner.properties)
        found = _array(inner, more) if inner.properties else None
        if found:
            return f"{name}.{found}"
    return None


def _wrappers(body: _Body) -> list[str]:
    """Objects that may hold the list, the likeliest first."""
    usual = [name for name in body.objects if squeezed(name) in WRAPPERS and body.beside(name) <= MOST_BESIDE]
    if not body.ending:
        return [] if body.is_record else usual
    ending = stem(body.ending)
    named = [name for name in body.objects if stem(name)[-1:] == ending[-1:] or words(name)[-1:] == ("list",)]
    alone = [name for name in body.objects if body.is_alone(name) and not _is_paging_object(name)]
    return list(dict.fromkeys((*usual, *named, *alone)))


def _is_paging_object(name: str) -> bool:
    return bool({"links", "pagination", "paging", "page", "error", "errors"} & set(words(name)))
