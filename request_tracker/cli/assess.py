"""The command that judges API documents: one JSON line each, or a page for people."""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from request_tracker.apidocs import apart
from request_tracker.cli.documents import Unread, contents, name_of
from request_tracker.rules.assessment import Judged, judge, unreadable
from request_tracker.rules.assessment_words import shown
from request_tracker.rules.vendor_api import Analysis, Table

MOST_WARNINGS = 20
FIGURES = (
    "operations", "get_operations", "deprecated_operations", "collection_endpoints", "nesting_max",
    "nesting_max_without_scope", "scope_param", "auth_vendor", "pagination_styles", "pagination_dominant",
    "incremental_param_endpoints", "incremental_field_endpoints", "open_schema_share", "custom_field_share",
    "fully_custom_share", "webhooks_documented", "callbacks", "webhook_paths", "graphql_only", "external_refs",
    "dangling_refs", "auth_classes",
)  # fmt: skip
COLLECTION = (
    "path", "depth", "parents", "config_params", "data_path", "pagination", "update_filter", "update_fields", "pointer",
)  # fmt: skip


@click.command()
@click.argument("places", nargs=-1, required=True, metavar="FILE|URL …")
@click.option("--pretty", is_flag=True, help="For people: the verdict and a table of the criteria.")
@click.option("--needed", default="", help="Words of the data needed, looked for among the tables.")
@click.option(
    "--id", "id_of", type=click.Choice(["stem", "file"]), default="stem", show_default=True,
    help="What a line's id is: the file's name without its ending, or the whole name.",
)  # fmt: skip
def assess(places: tuple[str, ...], pretty: bool, needed: str, id_of: str) -> None:
    """Judge API documents: one JSON line each, in the order given. Needs no database.

    A document that cannot be read says "error" and what to do; the command itself still ends well.
    """
    for place in _watched(places):
        found = _assessed(place, needed)
        row = {"id": found.name if id_of == "file" else _stem(found.name), **_row(found)}
        click.echo(_page(found) if pretty else json.dumps(row, ensure_ascii=False))


@dataclass(frozen=True)
class Found:
    """What came of one document. `sentence` says what is wrong where `analysis` is None."""

    place: str
    name: str
    judged: Judged
    analysis: Analysis | None = None
    sentence: str = ""
    seconds: float = 0.0
    peak_mb: float = 0.0


def _watched(places: tuple[str, ...]) -> Iterator[str]:
    """The places one by one; a person at a terminal sees how far it is."""
    if not sys.stderr.isatty():
        yield from places
        return
    with click.progressbar(places, label="Assessing", file=sys.stderr, item_show_func=_short) as bar:
        yield from bar


def _assessed(place: str, needed: str) -> Found:
    try:
        body, name = contents(place)
    except Unread as fault:
        return Found(place, name_of(place), unreadable(str(fault)), sentence=str(fault))
    reading = apart.read_apart(body, name=name)
    judged = judge(reading.analysis, data_needed=needed) if reading.analysis else unreadable(reading.sentence)
    return Found(place, name, judged, reading.analysis, reading.sentence, reading.seconds, reading.peak_mb)


def _row(found: Found) -> dict[str, Any]:
    """One line: the keys that scoring reads, and what a person wants to check."""
    head = {"file": found.name, "verdict": found.judged.verdict, "score": found.judged.score}
    error = {"error": found.sentence} if found.analysis is None else _measured(found.analysis)
    return (
        head | error | _judged(found.judged) | {"seconds": round(found.seconds, 2), "peak_mb": round(found.peak_mb, 1)}
    )


def _measured(analysis: Analysis) -> dict[str, Any]:
    figures = analysis.figures
    return {
        "format": analysis.kind,
        "title": analysis.title,
        **{name: getattr(figures, name) for name in FIGURES},
        "nesting_hist": None if figures.nesting_hist is None else dict(figures.nesting_hist),
        "pagination_counts": dict(figures.pagination_counts),
        "collections": [{name: getattr(each, name) for name in COLLECTION} for each in analysis.collections],
        "tables": [_table(each) for each in analysis.tables],
        "post_reads": analysis.post_reads,
        "links": analysis.links,
        "warnings": [{"sentence": each.sentence, "pointer": each.pointer} for each in analysis.warnings],
    }


def _table(table: Table) -> dict[str, Any]:
    return {
        "name": table.name,
        "path": table.path,
        "data_path": table.data_path,
        "depth": table.depth,
        "parents": [each.table for each in table.parents],
        "key": table.key,
        "paging": table.paging.style,
        "change": table.change.kind,
        "columns": len(table.columns),
        "deprecated": table.is_deprecated,
    }


def _judged(judged: Judged) -> dict[str, Any]:
    return {
        "criteria": [asdict(each) for each in judged.criteria],
        "caps": judged.caps,
        "alternatives": judged.alternatives,
        "found": [{"word": each.word, "tables": each.tables, "why": each.why} for each in judged.needs.hits],
        "missing": judged.needs.misses,
    }


def _page(found: Found) -> str:
    """Verdict, criteria, caps and warnings for a terminal; nothing of the document can move its cursor."""
    title = shown(found.analysis.title, 80) if found.analysis else ""
    head = f"{shown(found.name, 80)}{': ' + title if title else ''}"
    verdict = f"  {found.judged.verdict}, {found.judged.score} of 100 points ({found.seconds:.1f} s)"
    warnings = [f"  Note: {shown(each.sentence, 200)}" for each in found.analysis.warnings] if found.analysis else []
    return "\n".join((head, verdict, *_lines(found.judged), *warnings[:MOST_WARNINGS], ""))


def _lines(judged: Judged) -> Iterator[str]:
    for each in judged.criteria:
        points = f"{each.points:g}/{each.of}" if each.of else ""
        yield f"  {each.criterion:<15} {each.verdict:<9} {points:>8}  {each.reason}"
    yield from (f"  Because: {each}" for each in judged.caps)
    yield from (f"  Instead: {each}" for each in judged.alternatives)


def _stem(name: str) -> str:
    return Path(name).stem or name


def _short(place: str | None) -> str | None:
    return shown(name_of(place), 40) if place else None
