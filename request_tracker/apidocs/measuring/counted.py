"""The figures of a document: what is counted over its operations and its lists."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from request_tracker.apidocs.describing.operations import Description, Operation
from request_tracker.apidocs.describing.schemas import Schemas
from request_tracker.apidocs.measuring import custom, nesting, signing_in
from request_tracker.apidocs.measuring.nesting import Nest
from request_tracker.apidocs.measuring.rows import Row
from request_tracker.rules.vendor_api import Figures, SignIn

MOST_DOORS = 2
"""How many operations a document has at most that only opens the door to GraphQL."""


def figures(
    description: Description, rows: Sequence[Row], ways: tuple[SignIn, ...], scope: str, without: Mapping[str, Nest]
) -> Figures:
    """All figures. `without`: the nesting with the scope parameter given. What depends on lists is None when nothing
    of them can be read because they are described in other files."""
    plain = _of_operations(description, ways)
    if is_elsewhere(description, rows):
        return plain
    solved = {row.path: row.nest for row in rows}
    counts = Counter(style for row in rows for style in row.paging.styles)
    known = [row for row in rows if row.is_typed]
    wholly = custom.share([row.is_wholly_custom for row in known])
    return replace(
        plain,
        collection_endpoints=len(rows),
        typed_collections=len(known),
        named_collections=sum(row.is_named for row in rows),
        nesting_hist=nesting.histogram(solved),
        nesting_max=nesting.deepest(solved),
        nesting_max_without_scope=nesting.deepest(without),
        scope_param=scope or None,
        pagination_styles=tuple(sorted(counts)),
        pagination_counts=dict(counts),
        pagination_dominant=tuple(style for style in counts if counts[style] == max(counts.values())),
        incremental_param_endpoints=sum(bool(row.filters) for row in rows),
        incremental_field_endpoints=sum(bool(row.fields) for row in rows),
        open_schema_share=custom.share([row.is_open for row in known]),
        custom_field_share=custom.share([row.has_custom_fields for row in known]),
        fully_custom_share=wholly,
        customer_defines_tables=custom.customer_defines_tables([row.path for row in known], wholly),
    )


def is_elsewhere(description: Description, rows: Sequence[Row]) -> bool:
    """No answer of a GET operation can be read, and references to other files are why."""
    if rows or not description.external_refs:
        return False
    reads = [operation for operation in description.operations if operation.method == "get"]
    return not any(_is_readable(operation, description.schemas) for operation in reads)


def is_graphql_door(description: Description) -> bool:
    """All there is is a POST to GraphQL: the document says nothing of the data."""
    found = description.operations
    return 0 < len(found) <= MOST_DOORS and all(_is_door(each, description) for each in found)


def _of_operations(description: Description, ways: tuple[SignIn, ...]) -> Figures:
    found = description.operations
    reads = [operation for operation in found if operation.method == "get"]
    return Figures(
        operations=len(found),
        get_operations=len(reads),
        deprecated_operations=sum(operation.is_deprecated for operation in found),
        get_with_schema=sum(_is_described(operation, description.schemas) for operation in reads),
        get_described=sum(bool(operation.summary or operation.description) for operation in reads),
        auth_classes=signing_in.classes(description),
        auth_vendor=signing_in.vendor(description, ways),
        pagination_counts={},
        webhooks_documented=description.webhooks,
        callbacks=description.callbacks,
        webhook_paths=description.webhook_paths,
        graphql_only=is_graphql_door(description),
        external_refs=description.external_refs,
        dangling_refs=description.dangling_refs,
    )


def _is_described(operation: Operation, schemas: Schemas) -> bool:
    answer = operation.answer
    return answer is not None and not answer.is_inferred and bool(schemas.resolve(answer.schema))


def _is_readable(operation: Operation, schemas: Schemas) -> bool:
    answer = operation.answer
    return answer is not None and (not answer.is_json or bool(schemas.kind(answer.schema)))


def _is_door(operation: Operation, description: Description) -> bool:
    said = f"{operation.path} {operation.id} {operation.summary} {operation.description} {description.title}"
    is_named = "graphql" in said.lower()
    asks = description.schemas.properties(operation.body_schema)
    is_asked = operation.path.rstrip("/").lower().endswith("graphql") or "query" in asks
    return operation.method in ("post", "get") and is_named and is_asked
