"""Values made from a schema: examples, defaults and closed lists of the document first, else plausible ones by name,
type and format; the same schema gives the same values."""

import uuid
from collections.abc import Mapping
from typing import Any

from request_tracker.apidocs.describing.schemas import Schemas
from request_tracker.apidocs.describing.words import words

COUNT = 3
DEPTH = 5
FIELDS = 200
BUDGET = 1500
"""Values one record is made of at most."""

_SPACE = uuid.UUID("6f1d0e52-6a0e-4c0c-9f53-0a7c5a2f8f11")
_BY_FORMAT = {
    "date": "2026-01-0{n}", "full-date": "2026-01-0{n}", "date-time": "2026-01-0{n}T09:30:00Z",
    "datetime": "2026-01-0{n}T09:30:00Z", "time": "09:3{n}:00", "email": "person{n}@example.org",
    "uri": "https://example.org/{n}", "url": "https://example.org/{n}", "uri-reference": "/{n}",
    "hostname": "host{n}.example.org", "ipv4": "192.0.2.{n}", "ipv6": "2001:db8::{n}", "decimal": "{n}9.90",
    "byte": "ZXhhbXBsZQ==", "binary": "example", "duration": "P{n}D",
}  # fmt: skip
_BY_WORD = {
    "email": "person{n}@example.org", "url": "https://example.org/{n}", "uri": "https://example.org/{n}",
    "phone": "+49 30 00000{n}", "currency": "EUR", "country": "DE", "city": "Berlin", "language": "en",
    "timezone": "Europe/Berlin", "status": "active", "ip": "192.0.2.{n}",
}  # fmt: skip


class Making:
    """Makes values of one document's schemas; `has_examples` once a field came from an example of the document."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._left = BUDGET
        self.has_examples = False

    def value(self, node: Any, *, index: int) -> Any:
        """A record for a schema; `index` tells the first, second and third apart."""
        self._left = BUDGET
        return self._value(node, "value", index, DEPTH)

    def _value(self, node: Any, name: str, index: int, depth: int) -> Any:
        self._left -= 1
        said = self._said(node, index)
        if said is not None:
            return said
        kind = self._schemas.kind(node)
        if kind == "array":
            return self._elements(node, name, index, depth)
        if kind == "object":
            return self._object(node, index, depth)
        return self._number(node, name, index) if kind in ("integer", "number") else self._text(node, kind, name, index)

    def _said(self, node: Any, index: int) -> Any:
        example = self._example(node, index)
        if is_plain(example):
            self.has_examples = True
            return example[:500] if isinstance(example, str) else example
        for key in ("default", "const"):
            said = self._schemas.said(node, key)
            if is_plain(said):
                return said[:500] if isinstance(said, str) else said
        values = self._schemas.said(node, "enum")
        plain = [each for each in values if is_plain(each)] if isinstance(values, list) else []
        return plain[index % len(plain)] if plain else None

    def _example(self, node: Any, index: int) -> Any:
        own, several = self._schemas.said(node, "example"), self._schemas.said(node, "examples")
        if own is None and isinstance(several, list) and several:
            return several[index % len(several)]
        return own

    def _elements(self, node: Any, name: str, index: int, depth: int) -> list[Any]:
        element = self._schemas.items(node)
        if depth <= 0 or self._left <= 0 or not element:
            return []
        return [self._value(element, name, index, depth - 1)]

    def _object(self, node: Any, index: int, depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, below in list(self._schemas.properties(node).items())[:FIELDS]:
            if depth > 0 and self._left > 0:
                made[name] = self._value(below, name, index, depth - 1)
        return made

    def _number(self, node: Any, name: str, index: int) -> int | float:
        least = self._schemas.said(node, "minimum")
        start = int(least) if isinstance(least, int | float) and abs(least) < 10**9 else 0
        if words(name)[-1:] == ("at",) or self._schemas.said(node, "format") == "unix-time":
            return 1_767_225_600 + 86_400 * index
        number = max(start, 1) + index
        return number if self._schemas.kind(node) == "integer" else number + 0.5

    def _text(self, node: Any, kind: str, name: str, index: int) -> Any:
        if kind == "boolean":
            return index % 2 == 0
        if kind not in ("string", ""):
            return None
        form = str(self._schemas.said(node, "format") or "").lower()
        if form in ("uuid", "guid"):
            return str(uuid.uuid5(_SPACE, f"{name[:200]} {index}"))
        text = (_BY_FORMAT.get(form) or _by_name(name)).replace("{n}", str(index + 1))
        longest = self._schemas.said(node, "maxLength")
        return text[: max(longest, 1)] if isinstance(longest, int) and not isinstance(longest, bool) else text


def _by_name(name: str) -> str:
    said = words(name)
    if said[:1] in (("created",), ("updated",), ("modified",)) or (said[-1:] == ("at",) and len(said) > 1):
        return _BY_FORMAT["date-time"]
    known = next((_BY_WORD[word] for word in reversed(said) if word in _BY_WORD), "")
    return known or f"{' '.join(said[:4]) or 'value'} {{n}}"


def other_key(value: Any, node: Any, schemas: Schemas, index: int, taken: set[str]) -> Any:
    """A key unlike those taken, of the kind of `value`, else of the field's schema."""
    if isinstance(value, Mapping | list | float | bool) or value in (None, ""):
        value = Making(schemas).value(node, index=index)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return next(number for number in range(int(value), int(value) + len(taken) + 1) if str(number) not in taken)
    text = value if isinstance(value, str) and value else "key"
    if _is_uuid(text):
        return str(uuid.uuid5(_SPACE, f"{text} {index}"))
    tries = (text, *(f"{text}-{number}" for number in range(2, len(taken) + 3)))
    return next(each for each in tries if each not in taken)


def is_plain(value: Any) -> bool:
    """A text, a truth value or a finite number of usual size."""
    return isinstance(value, str | bool) or (isinstance(value, int | float) and abs(value) < 10**300)


def _is_uuid(text: str) -> bool:
    try:
        return len(text) == 36 and bool(uuid.UUID(text))
    except ValueError:
        return False
