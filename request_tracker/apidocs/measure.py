"""A loaded document to its Analysis, whatever its format: read, collect, nest, count, propose."""

from collections.abc import Callable

from request_tracker.apidocs.describing import openapi, postman
from request_tracker.apidocs.describing.operations import Description
from request_tracker.apidocs.graphql import graphql_docs
from request_tracker.apidocs.load import Loaded
from request_tracker.apidocs.measuring import evidence, html_docs, nesting, samples, signing_in
from request_tracker.apidocs.measuring.collected import collections, post_reads
from request_tracker.apidocs.measuring.counted import figures, is_elsewhere, is_graphql_door
from request_tracker.apidocs.measuring.excerpts import excerpts
from request_tracker.apidocs.measuring.rows import Row, collection, rows
from request_tracker.apidocs.measuring.secrets import masked, without_login
from request_tracker.apidocs.proposing.proposed import MOST_TABLES, tables
from request_tracker.rules.vendor_api import Analysis, Note, SignIn, SignInKind, Table

MOST_NOTES = 200
ELSEWHERE = "The operations are in other files, which are never fetched: upload one document that holds them all."
MANY = "Only the {count:,} least nested lists are proposed as tables."
PARTLY = "References to other files: {count}. They are never fetched: what they describe is not counted."
DOOR = "The document describes the way in to GraphQL, not the data. Upload the GraphQL schema (SDL or introspection)."
ONLY_POST = "No list is read by GET; lists read by POST: {count}, such as {example}."
DANGLING = "References that lead nowhere: {count}. What they stand for is not known."


def analyse(loaded: Loaded, on_step: Callable[[str], None] | None = None) -> Analysis:
    """What a document says. `on_step` is told what is being done. Wrong places are left out with a note; nothing of a
    document makes this raise but RecursionError and MemoryError, which the child process is made for."""
    if loaded.kind.startswith("graphql"):
        return graphql_docs.analyse(loaded)
    if loaded.kind == "html":
        return html_docs.analyse(loaded)
    step = on_step or _quiet
    step("Reading operations")
    description = postman.describe(loaded) if loaded.kind.startswith("postman") else openapi.describe(loaded)
    return _measured(description, loaded, step)


def _measured(description: Description, loaded: Loaded, step: Callable[[str], None]) -> Analysis:
    ways = signing_in.ways(description)
    step("Looking for lists")
    found = collections(description)
    step("Following parents")
    credentials = _credentials(ways)
    scope = nesting.scope(found)
    nests = nesting.nests(found, credentials=credentials)
    without = nesting.nests(found, fixed=scope, credentials=credentials) if scope else nests
    step("Measuring lists")
    measured = rows(description, found, nests, step)
    step("Proposing tables")
    proposed = tables(description, measured, scope)
    reads = tuple(operation.path for operation in post_reads(description))
    examples, made_up = _examples(description, measured, proposed)
    places = evidence.pointers(description, measured, ways)
    return Analysis(
        kind=loaded.kind,
        title=description.title,
        version=description.version,
        base_urls=tuple(map(without_login, description.base_urls)),
        figures=figures(description, measured, ways, scope, without),
        sign_in=ways,
        collections=tuple(collection(row) for row in measured),
        tables=proposed,
        post_reads=reads,
        warnings=(*_notes(description, measured, proposed, reads), *description.warnings)[:MOST_NOTES],
        links=loaded.links,
        examples=examples,
        made_up=made_up,
        pointers=places,
        excerpts=excerpts(loaded.tree, (pointer for those in places.values() for pointer in those)),
    )


def _examples(
    description: Description, measured: tuple[Row, ...], proposed: tuple[Table, ...]
) -> tuple[dict[str, tuple[dict[str, object], ...]], tuple[str, ...]]:
    by_path = {row.path: row for row in measured}
    found: dict[str, tuple[dict[str, object], ...]] = {}
    made_up: list[str] = []
    for table in proposed:
        row = by_path[table.path]
        records, is_made_up = samples.rows(
            row.operation.answer, table.data_path, description.schemas, row.record, key=row.key
        )
        found[table.name] = masked(records)
        if is_made_up and records:
            made_up.append(table.name)
    return found, tuple(made_up)


def _notes(
    description: Description, measured: tuple[Row, ...], proposed: tuple[Table, ...], reads: tuple[str, ...]
) -> list[Note]:
    outside = description.external_refs
    if is_elsewhere(description, measured):
        return [Note(ELSEWHERE)]
    told = (
        (len(proposed) == MOST_TABLES, MANY.format(count=MOST_TABLES)),
        (bool(outside), PARTLY.format(count=outside)),
        (bool(description.dangling_refs), DANGLING.format(count=description.dangling_refs)),
        (is_graphql_door(description), DOOR),
        (bool(reads) and not measured, ONLY_POST.format(count=len(reads), example=reads[0] if reads else "")),
    )
    return [Note(sentence) for holds, sentence in told if holds]


def _credentials(ways: tuple[SignIn, ...]) -> frozenset[str]:
    return frozenset(way.name for way in ways if way.kind is SignInKind.API_KEY and way.place == "query")


def _quiet(_: str) -> None:
    """Nobody listens."""
