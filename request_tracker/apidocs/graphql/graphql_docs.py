"""A GraphQL schema as an Analysis: its lists as tables, each with the question that asks for one page of it.

The question is put together from names that passed GraphQL's own rule for names, and from nothing else.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from request_tracker.apidocs.describing import column_names
from request_tracker.apidocs.describing.schemas import Schemas
from request_tracker.apidocs.describing.words import plain, words
from request_tracker.apidocs.graphql.graphql_lists import Listing, above, columns, listings, parents
from request_tracker.apidocs.graphql.graphql_query import paging, question
from request_tracker.apidocs.graphql.graphql_types import Argument, Graph, NotGraphQL, from_introspection, from_sdl
from request_tracker.apidocs.load import Loaded
from request_tracker.apidocs.measuring import changes
from request_tracker.apidocs.measuring.made_up import COUNT, Making
from request_tracker.rules.vendor_api import (
    Analysis,
    Change,
    ChangeKind,
    Collection,
    Column,
    ColumnKind,
    Configured,
    Figures,
    Note,
    Parent,
    SignIn,
    SignInKind,
    Table,
)  # fmt: skip

PATH = "/graphql"
NOT_A_SCHEMA = "This is no GraphQL schema. Upload the schema (SDL), or the answer to an introspection query."
BROKEN = (
    "The GraphQL schema stops making sense {where}. Put it right there, or send the answer to an introspection query."
)
TOO_DEEP = "The GraphQL schema is nested too deep to be read."
PLACE = (
    "A GraphQL schema says neither where the API is nor how to sign in: fill in the address and the sign-in by hand."
)
NO_LISTS = "No field of Query answers with a list, so there is nothing to sync."


def analyse(loaded: Loaded) -> Analysis:
    """What a GraphQL schema (SDL text, or the tree of an introspection answer) says of the data. Never raises for what
    is wrong with it: then the Analysis is empty and a note says what to do."""
    try:
        graph = from_sdl(str(loaded.tree)) if loaded.kind == "graphql-sdl" else from_introspection(loaded.tree)
    except NotGraphQL as fault:
        return _nothing(loaded, BROKEN.format(where=fault))
    except RecursionError:
        return _nothing(loaded, TOO_DEEP)
    if not graph.objects.get(graph.query):
        return _nothing(loaded, NOT_A_SCHEMA)
    return _analysis(loaded, graph)


def _nothing(loaded: Loaded, sentence: str) -> Analysis:
    return Analysis(
        kind=loaded.kind, sign_in=(SignIn(SignInKind.UNDECLARED),), warnings=(Note(sentence), *loaded.warnings)
    )


def _analysis(loaded: Loaded, graph: Graph) -> Analysis:
    found = listings(graph)
    links = parents(found)
    made = {each.field.name: _table(each, graph, links) for each in found}
    callable_ones = [each for each in found if _can_be_asked(each, graph, links)]
    tables = tuple(made[each.field.name] for each in callable_ones)
    samples = {made[each.field.name].name: _examples(each, made[each.field.name]) for each in callable_ones}
    notes = (Note(PLACE), *(() if found else (Note(NO_LISTS),)))
    return Analysis(
        kind=loaded.kind,
        title="GraphQL schema",
        figures=_figures(found, graph, links, made),
        sign_in=(SignIn(SignInKind.UNDECLARED),),
        collections=tuple(_collection(each, links, made[each.field.name]) for each in found),
        tables=tables,
        warnings=(*notes, *loaded.warnings),
        links=loaded.links,
        examples=samples,
        made_up=tuple(samples),
    )


def _can_be_asked(each: Listing, graph: Graph, links: Mapping[str, Mapping[str, Listing]]) -> bool:
    """Its record has columns, and every needed argument is a single value somebody can give; its parents' likewise."""
    lists = {
        given.field.name: given
        for name in {each.field.name, *above(each.field.name, links)}
        for given in links[name].values()
    }
    return all(_is_single(argument, graph) for one in (each, *lists.values()) for argument in one.needed) and bool(
        columns(each, graph)
    )


def _is_single(argument: Argument, graph: Graph) -> bool:
    plain_one = argument.type.name in ("Int", "Float", "Boolean", "String", "ID") or argument.type.name in graph.plain
    return plain_one and not argument.type.is_list


def _table(each: Listing, graph: Graph, links: Mapping[str, Mapping[str, Listing]]) -> Table:
    given, own = links[each.field.name], columns(each, graph)
    parent_rows = tuple(_parent(name, one, graph) for name, one in given.items())
    named = _named_columns(own, tuple(parent.column for parent in parent_rows))
    page = paging(each, graph)
    change = _change(each, own)
    key = next((column.name for column in named if column.source.rsplit(".", 1)[-1] == "id"), "")
    return Table(
        name=column_names.table_name(each.field.name),
        path=PATH,
        data_path=each.data_path,
        method="post",
        columns=named,
        key=(*(parent.column for parent in parent_rows), key) if key else (),
        parents=parent_rows,
        depth=len(above(each.field.name, links)),
        configured=tuple(
            Configured(one.name, "query", plain(one.description, 100)) for one in each.needed if one.name not in given
        ),
        paging=page,
        change=change,
        is_deprecated=each.field.is_deprecated,
        summary=plain(each.field.description),
        body=question(each, own, page, change),
        warnings=() if key else ("No key was found: rows are told apart by all they hold.",),
        pointers=(f"/{graph.query}/{each.field.name}",),
    )


def _parent(argument: str, given: Listing, graph: Graph) -> Parent:
    """The argument takes the field of the parent's record that its last word names (id, key, slug), else id."""
    fields = graph.objects.get(given.record, {})
    field = next((name for name in (words(argument)[-1], "id") if name in fields), "id")
    source = f"{given.inner}.{field}" if given.inner else field
    return Parent(
        column_names.table_name(given.field.name), argument, source, column_names.snake(argument), place="query"
    )


def _named_columns(own: Sequence[Column], taken: Sequence[str]) -> tuple[Column, ...]:
    used, named = list(taken), []
    for column in own:
        name = column_names.unlike(column_names.snake(column.name), used)
        used.append(name)
        named.append(Column(name, column.source, column.kind, column.description))
    return tuple(named)


def _change(each: Listing, own: Sequence[Column]) -> Change:
    fields = [column.source for column in own if changes.is_change_field(column.name)]
    filters = [one.name for one in each.field.arguments if changes.is_change_filter(one.name) and not one.type.is_list]
    if not fields and not filters:
        return Change()
    kind = ChangeKind.FIELD if not filters else ChangeKind.BOTH if fields else ChangeKind.FILTER
    return Change(
        kind,
        filter=filters[0] if filters else "",
        field=fields[0] if fields else "",
        filters=tuple(filters),
        fields=tuple(fields),
    )


def _collection(each: Listing, links: Mapping[str, Mapping[str, Listing]], table: Table) -> Collection:
    given = links[each.field.name]
    return Collection(
        path=f"{PATH}#{each.field.name}",
        depth=table.depth,
        parents=tuple(f"{PATH}#{one.field.name}" for one in given.values()),
        config_params=tuple(one.param for one in table.configured),
        data_path=each.data_path,
        pagination=table.paging.styles,
        update_filter=table.change.filters,
        update_fields=table.change.fields,
        pointer=table.pointers[0],
    )


def _figures(
    found: Sequence[Listing], graph: Graph, links: Mapping[str, Mapping[str, Listing]], made: Mapping[str, Table]
) -> Figures:
    reads, writes = graph.objects.get(graph.query, {}), graph.objects.get(graph.mutation, {})
    depths = Counter(str(len(above(each.field.name, links))) for each in found)
    counts = Counter(style for table in made.values() for style in table.paging.styles)
    return Figures(
        operations=len(reads) + len(writes),
        get_operations=len(reads),
        deprecated_operations=sum(each.is_deprecated for each in (*reads.values(), *writes.values())),
        get_with_schema=len(reads),
        get_described=sum(bool(each.description) for each in reads.values()),
        collection_endpoints=len(found),
        typed_collections=sum(bool(table.columns) for table in made.values()),
        named_collections=sum(len(table.columns) >= 3 for table in made.values()),
        nesting_hist=dict(sorted(depths.items())),
        nesting_max=max((int(depth) for depth in depths), default=0),
        nesting_max_without_scope=max((int(depth) for depth in depths), default=0),
        auth_classes=("none",),
        auth_vendor="undeclared",
        pagination_styles=tuple(sorted(counts)),
        pagination_counts=dict(counts),
        pagination_dominant=tuple(style for style in counts if counts[style] == max(counts.values())),
        incremental_param_endpoints=sum(bool(table.change.filters) for table in made.values()),
        incremental_field_endpoints=sum(bool(table.change.fields) for table in made.values()),
        open_schema_share=0.0 if found else None,
        custom_field_share=0.0 if found else None,
        fully_custom_share=0.0 if found else None,
    )


def _examples(each: Listing, table: Table) -> tuple[Mapping[str, Any], ...]:
    """Records made up from the types; the same ones every time."""
    fields = {column.source.rsplit(".", 1)[-1]: dict(_SCHEMAS[column.kind]) for column in table.columns}
    making = Making(Schemas({}))
    made = [making.value({"type": "object", "properties": fields}, index=index) for index in range(COUNT)]
    return tuple({each.inner: one} if each.inner else one for one in made)


_SCHEMAS: Mapping[ColumnKind, Mapping[str, str]] = {
    ColumnKind.BOOLEAN: {"type": "boolean"},
    ColumnKind.INT: {"type": "integer"},
    ColumnKind.LONG: {"type": "integer"},
    ColumnKind.DOUBLE: {"type": "number"},
    ColumnKind.DECIMAL: {"type": "string", "format": "decimal"},
    ColumnKind.DATE: {"type": "string", "format": "date"},
    ColumnKind.UTC_DATETIME: {"type": "string", "format": "date-time"},
    ColumnKind.NAIVE_DATETIME: {"type": "string", "format": "date-time"},
    ColumnKind.STRING: {"type": "string"},
    ColumnKind.BINARY: {"type": "string"},
    ColumnKind.JSON: {"type": "object"},
}
