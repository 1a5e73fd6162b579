"""What one record of a list looks like: its fields, columns and key; wrappers round the real record are looked through.

A field is named by its source: where the record holds it, dots between names (`attributes.name` in JSON:API,
`customer.id` where every element of the list wraps its record in one property).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from types import MappingProxyType
from typing import Any

from request_tracker.apidocs.describing.column_names import snake, unlike
from request_tracker.apidocs.describing.inferred import schema_of
from request_tracker.apidocs.describing.operations import Answer
from request_tracker.apidocs.describing.schemas import Schemas
from request_tracker.apidocs.describing.words import plain, stem, words
from request_tracker.rules.vendor_api import Column, ColumnKind

COLUMNS = 1_000
"""Fields of a record that are looked at, each a column; what it holds beyond them is left out."""

WHOLE = "value"
"""The only field of a list of plain values: each of them is read as {"value": …}."""

USUAL_KEYS = (("id",), ("uuid",), ("gid",), ("sid",), ("key",))
"""What a record's own key is called, best first, after `id` comes `<table>_id`."""

_SCALARS = frozenset({"string", "integer", "number", "boolean"})


@dataclass(frozen=True)
class Record:
    """`fields`: raw schema nodes by source, wrappers looked through. `wrapper`: the property they were found under
    ("" without one). `node`: the record's own raw node. `example`: the first one of the answer, None without one.
    `is_typed`: a schema or an example tells its fields."""

    node: Any
    fields: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    wrapper: str = ""
    example: Any = None
    is_typed: bool = False


def record(answer: Answer | None, data_path: str, schemas: Schemas, *, table: str = "") -> Record | None:
    """The record of the list at `data_path` ("$": the answer is the list) of an answer; from its example where the
    schema says nothing. None without an answer and where neither has a list there. `table` helps to tell a wrapper."""
    if answer is None:
        return None
    example = first_record(answer.example, data_path)
    node = schemas.items(schemas.at(answer.schema, data_path)) if answer.schema is not None else None
    if not schemas.properties(node) and isinstance(example, Mapping):
        node = schema_of(example)
    if node is None:
        return None
    if is_scalar(node, schemas):
        return Record(node, MappingProxyType({WHOLE: node}), "", example, True)
    wrapper = _wrapper(node, schemas, table)
    fields = _fields(node, schemas, wrapper)
    return Record(node, fields, wrapper, example, bool(fields))


def first_record(example: Any, data_path: str) -> Any:
    """The first element of the list that an example answer holds at the path; None without one."""
    found = at(example, data_path)
    return found[0] if isinstance(found, list) and found else None


def at(value: Any, path: str) -> Any:
    """What a JSON value holds at a path with dots between names ("$" or "": the value itself); None for nothing."""
    for name in () if path in ("", "$") else path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def columns(
    found: Record | None, schemas: Schemas, *, taken: Iterable[str] = (), first: str = ""
) -> tuple[Column, ...]:
    """The columns of a record in the document's order, the field `first` (its key) ahead of the others. `taken`: names
    that parents' keys have already."""
    if found is None:
        return ()
    question = f"columns {first} {sorted(taken)}"
    return schemas.once(question, found.fields, lambda: tuple(_columns(found, schemas, taken, first)))


def _columns(found: Record, schemas: Schemas, taken: Iterable[str], first: str) -> list[Column]:
    used = set(taken)
    made = []
    for source in sorted(found.fields, key=lambda source: source != first):
        node = found.fields[source]
        name = unlike(snake(_short(source, found.wrapper)), used)
        used.add(name)
        made.append(Column(name, source, column_kind(node, schemas), plain(schemas.said(node, "description"))))
    return made


def key(found: Record | None, schemas: Schemas, *, table: str = "", detail: str = "") -> str:
    """The source of the field that tells records apart, "" without one. `table`: what the list is called, `detail`:
    the parameter of the path to one record (/invoices/{number})."""
    scalars = _scalar_fields(found, schemas)
    if found is not None and is_scalar(found.node, schemas):
        return WHOLE
    named = [("id",), (*stem(table), "id"), (*stem(table)[-1:], "id"), *USUAL_KEYS[1:], words(detail)]
    usual = next((scalars[name] for name in named if name and name in scalars), "")
    return usual or _detailed(scalars, table, detail)


def _detailed(scalars: Mapping[tuple[str, ...], str], table: str, detail: str) -> str:
    """The parameter of the path to one record without the table's name in front, however both are written: of
    /systems/{systemSymbol} the field `symbol`, of /accounts/{account_code} the field `code`."""
    said, own = "".join(words(detail)), stem(table)
    squeezed = {"".join(name): source for name, source in scalars.items()}
    fronts = ("", "".join(own), *own[-1:])
    rests = (said.removeprefix(front) for front in fronts if front != said and said.startswith(front))
    return next((squeezed[rest] for rest in rests if rest in squeezed), "")


def column_kind(node: Any, schemas: Schemas) -> ColumnKind:
    """The type of a column by the schema of its field: objects, lists and mixtures with them are JSON, what says
    nothing is text."""
    kinds = {schemas.kind(part) for part in schemas.parts(node)} - {""}
    if kinds & {"object", "array"}:
        return ColumnKind.JSON
    if len(kinds) > 1:
        return ColumnKind.DOUBLE if kinds == {"integer", "number"} else ColumnKind.STRING
    kind, form = next(iter(kinds), ""), str(schemas.said(node, "format") or "").lower()
    form = form or _shown_format(schemas.said(node, "example"))
    return _BY_FORMAT.get((kind, form)) or _BY_TYPE.get(kind, ColumnKind.STRING)


def _shown_format(example: Any) -> str:
    """What the example of a field without a format shows: a whole date, or a time with its offset."""
    text = example[:40] if isinstance(example, str) else ""
    return next((form for form, pattern in _SHOWN if pattern.fullmatch(text)), "")


_SHOWN = (
    ("date", re.compile(r"\d{4}-\d\d-\d\d")),
    ("date-time", re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)")),
)


_BY_TYPE = {"boolean": ColumnKind.BOOLEAN, "integer": ColumnKind.LONG, "number": ColumnKind.DOUBLE}
_BY_FORMAT = {
    ("integer", "int32"): ColumnKind.INT,
    ("integer", "int16"): ColumnKind.INT,
    ("number", "int32"): ColumnKind.INT,
    ("number", "int64"): ColumnKind.LONG,
    ("number", "integer"): ColumnKind.LONG,
    ("number", "decimal"): ColumnKind.DECIMAL,
    ("string", "decimal"): ColumnKind.DECIMAL,
    ("string", "money"): ColumnKind.DECIMAL,
    ("string", "date"): ColumnKind.DATE,
    ("string", "full-date"): ColumnKind.DATE,
    ("string", "date-time"): ColumnKind.UTC_DATETIME,
    ("string", "datetime"): ColumnKind.UTC_DATETIME,
    ("string", "local-date-time"): ColumnKind.NAIVE_DATETIME,
}
"""Base64 stays text: nothing is lost, and the bytes are rarely wanted. Unix times stay whole numbers."""


def is_scalar(node: Any, schemas: Schemas) -> bool:
    """Whether a field holds one value: text, a number, a truth value (also one that may be null)."""
    kinds = {schemas.kind(part) for part in schemas.parts(node)} - {""}
    return bool(kinds) and kinds <= _SCALARS


def _wrapper(node: Any, schemas: Schemas, table: str) -> str:
    """`attributes` of JSON:API, `node` of an edge, the only property, or the one named like the table."""
    properties = schemas.properties(node)
    objects = [name for name in properties if schemas.properties(properties[name])]
    if "attributes" in objects and {"id", "type"} & properties.keys():
        return "attributes"
    if "node" in objects and properties.keys() <= {"node", "cursor", "__typename"}:
        return "node"
    if len(properties) == 1:
        return objects[0] if objects else ""
    if len(objects) < len(properties):
        return ""
    return next((name for name in objects if words(name) == stem(table)), "")


def _fields(node: Any, schemas: Schemas, wrapper: str) -> Mapping[str, Any]:
    """One and the same mapping for one schema: what is asked about all fields is remembered by it."""
    whole = schemas.resolve(node)
    return schemas.once(f"fields {wrapper}", whole, lambda: MappingProxyType(_gathered(whole, schemas, wrapper)))


def _gathered(node: Any, schemas: Schemas, wrapper: str) -> dict[str, Any]:
    outer = schemas.properties(node)
    inner = schemas.properties(outer.get(wrapper)) if wrapper else {}
    beside = {name: below for name, below in outer.items() if name != wrapper and _is_source(name)}
    within = {f"{wrapper}.{name}": below for name, below in inner.items() if _is_source(name)}
    both = {**beside, **within} if wrapper == "attributes" else {**within, **beside}
    return both if len(both) <= COLUMNS else dict(islice(both.items(), COLUMNS))


def _is_source(name: str) -> bool:
    """A name can stand in a path with dots between names."""
    return bool(name) and "." not in name and len(name) <= 200


def _short(source: str, wrapper: str) -> str:
    return source.removeprefix(f"{wrapper}.") if wrapper else source


def _scalar_fields(found: Record | None, schemas: Schemas) -> dict[tuple[str, ...], str]:
    """Sources of the fields that hold one value, by the words of their names; the first of a name wins."""
    return schemas.once("scalars", found.fields, lambda: _scalars(found, schemas)) if found else {}


def _scalars(found: Record, schemas: Schemas) -> dict[tuple[str, ...], str]:
    scalars: dict[tuple[str, ...], str] = {}
    for source, node in found.fields.items():
        if is_scalar(node, schemas) or not schemas.kind(node):
            scalars.setdefault(words(_short(source, found.wrapper)), source)
    return scalars
