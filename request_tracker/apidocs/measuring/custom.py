"""Data whose shape the customer decides: free-form objects, containers of custom fields, records that are no more."""

import re
from collections.abc import Sequence
from typing import Any

from request_tracker.apidocs.describing.schemas import Schemas
from request_tracker.apidocs.describing.words import words
from request_tracker.apidocs.measuring.records import Record

WHOLLY = 0.8
"""From this share of wholly custom records on, the customer may define the tables themselves."""

_CONTAINERS = frozenset(
    {
        *(("custom", word) for word in ("fields", "field", "attributes", "attribute", "properties", "data", "values")),
        *(("customfield", "values"), ("customfields",), ("customattributes",), ("customproperties",)),
        *(("field", "data"), ("field", "values"), ("fields",), ("properties",), ("attributes",), ("metadata",)),
        *(("meta", "data"), ("user", "defined", "fields"), ("additional", "properties"), ("extra", "fields")),
    }
)

_BESIDE = frozenset(
    {"id", "uuid", "gid", "sid", "key", "type", "object", "kind", "links", "link", "url", "uri", "href"}
)
_TIMES = re.compile(r"(created|updated|modified|changed|deleted|archived)|(_at|_on|time|date)$|(At|On|Time|Date)$")
_CHOOSES = re.compile(r"(table|object|entity|collection|record|schema|model|module|sobject|resource|type)s?")


def is_open(found: Record, schemas: Schemas) -> bool:
    """The record has a free-form object: one without properties, or that takes further ones."""
    return schemas.is_free_form(found.node) or any(schemas.is_free_form(node) for node in found.fields.values())


def has_custom_fields(found: Record, schemas: Schemas) -> bool:
    """The record has a container of custom fields: a property called so that is free-form or a list."""
    return any(_is_container(source, node, schemas) for source, node in found.fields.items())


def is_wholly_custom(found: Record, schemas: Schemas) -> bool:
    """Apart from its id, times, links and type the record is only a container of custom fields (or the document keeps
    silent about what an id and a time of creation belong to)."""
    containers = [source for source, node in found.fields.items() if _is_container(source, node, schemas)]
    others = [source for source in found.fields if source not in containers and not _stands_beside(source)]
    return bool(containers or _is_bare(found)) and not others


def share(verdicts: Sequence[bool]) -> float | None:
    """The share that holds, to three places; None of nothing."""
    return round(sum(verdicts) / len(verdicts), 3) if verdicts else None


def customer_defines_tables(paths: Sequence[str], wholly: float | None) -> bool:
    """Whether the set of tables is the customer's: nearly all records are wholly custom, and in most of the `paths` of
    those collections a parameter chooses the table itself (/{base}/{table}, /objects/{objectType})."""
    chosen = [path for path in paths if _chooses_table(path)]
    return wholly is not None and wholly >= WHOLLY and len(chosen) * 2 > len(paths)


def _is_container(source: str, node: Any, schemas: Schemas) -> bool:
    if words(source.rsplit(".", 1)[-1]) not in _CONTAINERS:
        return False
    return schemas.is_free_form(node) or schemas.kind(node) in ("array", "")


def _is_bare(found: Record) -> bool:
    names = [source.rsplit(".", 1)[-1] for source in found.fields]
    return "id" in names and any(_TIMES.search(name) for name in names)


def _stands_beside(source: str) -> bool:
    name = source.rsplit(".", 1)[-1]
    said = words(name)
    return bool(_TIMES.search(name)) or (bool(said) and (said[-1] in _BESIDE or said[0] == "links"))


def _chooses_table(path: str) -> bool:
    """The last segment is a parameter, or one whose name says it chooses a kind of record stands further ahead."""
    segments = [segment for segment in path[:2000].split("/") if segment]
    if not segments:
        return False
    named = [words(segment) for segment in segments if segment.startswith("{")]
    return segments[-1].startswith("{") or any(said and _CHOOSES.fullmatch(said[-1]) for said in named)
