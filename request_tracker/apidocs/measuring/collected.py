"""Which operations answer with a list of records, and where in the answer the records are.

The rules are tried in their order; the first that holds also gives the data path. What only looks like a list is left
out: one record in a list's envelope, look-ups of many by id, settings and counts, files, redirects.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from request_tracker.apidocs.describing.answers import is_json
from request_tracker.apidocs.describing.operations import Answer, Description, Operation
from request_tracker.apidocs.describing.paths import ends_in_parameter, last_fixed, shape
from request_tracker.apidocs.describing.schemas import Schemas
from request_tracker.apidocs.describing.words import is_listing, words
from request_tracker.apidocs.measuring.list_bodies import data_path
from request_tracker.apidocs.measuring.list_words import COUNTS, LOOKUPS, READ_VERBS, asks_for_pages, is_paging

UNREADABLE = frozenset({"array", "boolean", "number"})
"""Kinds of elements that are no records: rows of a chart, answers to questions."""


@dataclass(frozen=True)
class Listed:
    """An operation that answers with a list. `data_path` as in Table ("$": the answer is the list). `is_typed`: a
    schema or an example shows a record; without it the path and the parameters are all there is."""

    operation: Operation
    data_path: str
    is_typed: bool = True

    @property
    def path(self) -> str:
        return self.operation.path


def collections(description: Description) -> tuple[Listed, ...]:
    """The GET operations that answer with a list of records, in the document's order, each path once."""
    found: dict[str, Listed] = {}
    for operation in description.operations:
        if operation.method == "get" and operation.path not in found and operation.path.isprintable():
            hit = _listed(operation, description.schemas)
            if hit:
                found[operation.path] = hit
    shapes = {shape(path) for path in found}
    records = _records(found.values(), description.schemas)
    hits = (hit for hit in found.values() if not _is_detail(hit.operation, shapes))
    return tuple(hit for hit in hits if not _is_one_record(hit, records, description.schemas))


def post_reads(description: Description) -> tuple[Operation, ...]:
    """The POST operations that read: get, list, search, query or find in name or path, and a list for an answer."""
    posts = (operation for operation in description.operations if operation.method == "post")
    return tuple(
        each for each in posts if _sounds_like_reading(each) and _found_in_body(each, description.schemas) is not None
    )


def _listed(operation: Operation, schemas: Schemas) -> Listed | None:
    if _looks_up_many(operation) or operation.is_outside:
        return None
    if operation.answer is None:
        return Listed(operation, "$", False) if _is_untyped_list(operation, is_silent=True) else None
    if _is_a_file(operation.answer):
        return None
    if not _says_something(operation, schemas):
        is_silent = operation.answer.schema is None
        return Listed(operation, "$", False) if _is_untyped_list(operation, is_silent=is_silent) else None
    found = _found_in_body(operation, schemas)
    if found is None or (found != "$" and _is_a_count(operation)):
        return None
    return Listed(operation, found, _is_typed(operation, found, schemas))


def _found_in_body(operation: Operation, schemas: Schemas) -> str | None:
    answer = operation.answer
    if answer is None or answer.schema is None or not answer.is_json:
        return None
    found = data_path(operation, answer.schema, schemas)
    if found is None:
        return None
    element = schemas.items(schemas.at(answer.schema, found))
    return None if schemas.kind(element) in UNREADABLE else found


def _is_typed(operation: Operation, found: str, schemas: Schemas) -> bool:
    answer = operation.answer
    element = schemas.items(schemas.at(answer.schema, found)) if answer else None
    return bool(schemas.kind(element))


def _says_something(operation: Operation, schemas: Schemas) -> bool:
    """An object without properties and anything at all say nothing of the body."""
    schema = operation.answer.schema if operation.answer else None
    kind = schemas.kind(schema)
    return kind not in ("", "object") or bool(schemas.properties(schema))


def _is_untyped_list(operation: Operation, *, is_silent: bool) -> bool:
    """The last segment in the plural, and either no schema at all or parameters for paging."""
    described = [status for status in operation.statuses if status != "default"]
    is_answered = operation.answer is not None or not described
    named = not ends_in_parameter(operation.path) and is_listing(last_fixed(operation.path))
    return named and is_answered and not _is_a_count(operation) and (is_silent or asks_for_pages(operation))


def _is_a_file(answer: Answer) -> bool:
    """No JSON; a media type that is none and no schema say nothing."""
    return not answer.is_json and not (answer.schema is None and is_json(answer.media_type))


def _looks_up_many(operation: Operation) -> bool:
    """A required list of ids: records known already are asked for again."""
    asked = (each for each in operation.placed("query") if each.is_required)
    return any(words(each.name)[-1:] and words(each.name)[-1] in LOOKUPS for each in asked)


def _is_a_count(operation: Operation) -> bool:
    """Settings, counts, statistics and balances that happen to hold a list."""
    named = words(last_fixed(operation.path))
    return bool(named) and named[-1] in COUNTS and not asks_for_pages(operation)


def _is_detail(operation: Operation, shapes: Iterable[tuple[str, ...]]) -> bool:
    """One record in a list's envelope: /invoices/{id} beside /invoices, without any parameter for paging."""
    is_below = ends_in_parameter(operation.path) and shape(operation.path)[:-1] in shapes
    return is_below and not any(is_paging(each.name) for each in operation.placed("query"))


def _records(found: Iterable[Listed], schemas: Schemas) -> dict[int, str]:
    """The path of the first list of each record that the document names and lists, by the identity of its schema."""
    known: dict[int, str] = {}
    for hit in found:
        body = hit.operation.answer.schema if hit.operation.answer else None
        element = schemas.resolve(schemas.items(schemas.at(body, hit.data_path)))
        if schemas.properties(element):
            known.setdefault(id(element), hit.path)
    return known


def _is_one_record(hit: Listed, records: Mapping[int, str], schemas: Schemas) -> bool:
    """The whole answer is what another list holds many of: one record, whatever lists lie in it."""
    whole = schemas.resolve(hit.operation.answer.schema) if hit.operation.answer else {}
    return hit.data_path != "$" and records.get(id(whole), hit.path) != hit.path


def _sounds_like_reading(operation: Operation) -> bool:
    named = {*words(operation.id), *(word for part in operation.path.split("/") for word in words(part))}
    return bool(READ_VERBS & named)


def by_path(found: Iterable[Listed]) -> Mapping[str, Listed]:
    """The lists by their path."""
    return {each.path: each for each in found}
