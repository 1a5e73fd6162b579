"""The lists of a GraphQL schema: fields of Query that answer with a list or connection, and what comes before them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from request_tracker.apidocs.describing.words import plain, stem, words
from request_tracker.apidocs.graphql.graphql_types import Argument, Field, Graph
from request_tracker.rules.vendor_api import Column, ColumnKind

MOST = 2_000
COLUMNS = 200
HOLDERS = ("nodes", "edges", "items", "results", "data", "records", "list", "collection", "objects", "entries")
"""The field of a page that holds its records, the likeliest first."""

KINDS = {
    "Int": ColumnKind.INT, "Float": ColumnKind.DOUBLE, "Boolean": ColumnKind.BOOLEAN, "String": ColumnKind.STRING,
    "ID": ColumnKind.STRING, "DateTime": ColumnKind.UTC_DATETIME, "ISO8601DateTime": ColumnKind.UTC_DATETIME,
    "Timestamp": ColumnKind.UTC_DATETIME, "Date": ColumnKind.DATE, "ISO8601Date": ColumnKind.DATE,
    "JSON": ColumnKind.JSON, "JSONObject": ColumnKind.JSON, "Json": ColumnKind.JSON, "BigInt": ColumnKind.LONG,
    "Long": ColumnKind.LONG, "Decimal": ColumnKind.DECIMAL,
    "BigDecimal": ColumnKind.DECIMAL, "Money": ColumnKind.DECIMAL,
}  # fmt: skip
PAGING = frozenset(
    {"first", "last", "after", "before", "limit", "offset", "skip", "take", "page", "per_page", "cursor"}
)


@dataclass(frozen=True)
class Listing:
    """A list. `holder`: the field of its page that holds the records ("" for a plain list), `inner`: `node` for edges.
    `record`: the name of the record's type, `page`: that of the page's."""

    field: Field
    record: str
    holder: str = ""
    inner: str = ""
    page: str = ""

    @property
    def data_path(self) -> str:
        return ".".join(filter(None, ("data", self.field.name, self.holder)))

    @property
    def needed(self) -> tuple[Argument, ...]:
        return tuple(each for each in self.field.arguments if each.is_needed and not is_paging(each.name))


def listings(graph: Graph) -> tuple[Listing, ...]:
    """The lists in the schema's order, MOST at most."""
    found = (_listing(field, graph) for field in graph.objects.get(graph.query, {}).values())
    return tuple(each for each in found if each is not None)[:MOST]


def is_paging(name: str) -> bool:
    return "_".join(words(name)) in PAGING


def columns(listing: Listing, graph: Graph) -> tuple[Column, ...]:
    """The fields of a record that hold one value, or a list of such, and need no argument; its id first."""
    fields = sorted(graph.objects.get(listing.record, {}).values(), key=lambda each: each.name != "id")
    known = [each for each in fields if _is_plain(each, graph)][:COLUMNS]
    prefix = f"{listing.inner}." if listing.inner else ""
    return tuple(Column(each.name, prefix + each.name, _kind(each), plain(each.description)) for each in known)


def parents(found: Sequence[Listing]) -> dict[str, dict[str, Listing]]:
    """For each list, by its field's name, the lists that give its needed arguments, by the argument's name: those whose
    record is called like the argument (projectId -> projects). Never itself, and never round in a circle."""
    by_stem = {stem(each.field.name): each for each in reversed(found)}
    links: dict[str, dict[str, Listing]] = {each.field.name: {} for each in found}
    for each in found:
        for argument in each.needed:
            given = by_stem.get(_named(argument))
            if given is not None and not _is_above(each, given, links):
                links[each.field.name][argument.name] = given
    return links


def above(name: str, links: Mapping[str, Mapping[str, Listing]]) -> set[str]:
    """All lists that must be walked before one."""
    waiting, seen = [name], set[str]()
    while waiting:
        for given in links[waiting.pop()].values():
            if given.field.name not in seen:
                seen.add(given.field.name)
                waiting.append(given.field.name)
    return seen


def _is_above(each: Listing, given: Listing, links: Mapping[str, Mapping[str, Listing]]) -> bool:
    return given.field.name == each.field.name or each.field.name in above(given.field.name, links)


def _named(argument: Argument) -> tuple[str, ...]:
    """projectId, project_id -> project; an argument that is no id names nothing."""
    said = words(argument.name)
    return said[:-1] if said[-1:] in (("id",), ("key",), ("slug",)) else ("",)


def _listing(field: Field, graph: Graph) -> Listing | None:
    if field.type.is_list:
        return Listing(field, field.type.name) if field.type.name in graph.objects else None
    page = graph.objects.get(field.type.name, {})
    holder = next((page[name] for name in HOLDERS if name in page and page[name].type.is_list), None)
    if holder is None or holder.type.name not in graph.objects:
        return None
    edge = graph.objects[holder.type.name].get("node") if holder.name == "edges" else None
    if edge is not None and edge.type.name in graph.objects:
        return Listing(field, edge.type.name, holder.name, "node", field.type.name)
    return Listing(field, holder.type.name, holder.name, "", field.type.name)


def _is_plain(field: Field, graph: Graph) -> bool:
    known = field.type.name in KINDS or field.type.name in graph.plain
    return known and not any(each.is_needed for each in field.arguments)


def _kind(field: Field) -> ColumnKind:
    return ColumnKind.JSON if field.type.is_list else KINDS.get(field.type.name, ColumnKind.STRING)
