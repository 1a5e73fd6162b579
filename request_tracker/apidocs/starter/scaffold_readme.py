"""The README of a starter project: what it syncs, what is missing, how to test, try and deploy it."""

from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from request_tracker import resources
from request_tracker.apidocs.starter.scaffold_names import address, markdown
from request_tracker.apidocs.starter.scaffold_signing import WORDS, Signing
from request_tracker.rules.vendor_api import Analysis

MOST_LEFT_OUT = 100
MOST_SCOPES = 20
CHANGES: Mapping[str, str] = {
    "both": "asks for changes since the last sync",
    "filter": "asks for changes since the last sync",
    "append": "asks for new rows since the last sync",
    "field": "reads all, skips what is unchanged",
    "none": "read anew each time",
}


def readme(
    analysis: Analysis,
    rows: Sequence[Mapping[str, Any]],
    sign_in: Signing,
    *,
    schema: str,
    title: str,
    docs_url: str,
    left_out: Sequence[str],
) -> str:
    """Markdown in which every text of the document is escaped, on one line and bounded."""
    environment = Environment(
        loader=FileSystemLoader(resources.TEMPLATES / "starter"),
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["md"] = markdown
    return environment.get_template("README.md.jinja").render(
        title=title,
        schema=schema,
        docs_url=address(docs_url),
        version=analysis.version,
        sign_in=sign_in.words,
        other_ways=[WORDS[kind] for kind in sign_in.others],
        secrets=list(sign_in.placeholders),
        settings=_settings(rows),
        tables=[_told(row) for row in rows if row["delivered"]],
        walked=[row["name"] for row in rows if not row["delivered"]],
        missing=_missing(rows),
        asked_for=[_asked_for(row) for row in rows if row["constant_columns"]],
        scopes=sign_in.scopes[:MOST_SCOPES],
        left_out=left_out[:MOST_LEFT_OUT],
        more_left_out=max(0, len(left_out) - MOST_LEFT_OUT),
        post_reads=analysis.post_reads[:20],
    )


def _told(row: Mapping[str, Any]) -> dict[str, str]:
    return {
        "name": row["name"],
        "key": ", ".join(row["key"]) or "hash of the row",
        "parents": ", ".join(parent["table"] for parent in row["parents"]),
        "paging": row["paging"]["style"].replace("_", " "),
        "changes": _changes(row),
    }


def _changes(row: Mapping[str, Any]) -> str:
    change = row["change"]
    if change["filter"] and not row["has_children"]:
        return CHANGES[change["kind"]]
    return CHANGES["field" if change["field"] else "none"]


def _asked_for(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a table is asked for, one request each: it is found again in a column."""
    named = row["constant_columns"].items()
    return {"name": row["name"], "columns": [(column, ", ".join(row["constants"][name])) for name, column in named]}


def _settings(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    found = {asked["setting"]: asked for row in rows for asked in row["configured"]}
    return [{"name": name, "param": asked["param"], "place": asked["place"]} for name, asked in found.items()]


def _missing(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[str]]]:
    """What the document does not tell, with the tables it is about."""
    told = [row for row in rows if row["delivered"]]
    unsaid = (
        (
            "No key: the rows get the hash of all values as `_row_hash`, so a changed row appears as a new one",
            [row["name"] for row in told if not row["key"]],
        ),
        (
            "No columns in the document: all fields of a record are delivered, and Fivetran finds their types",
            [row["name"] for row in told if row["is_open"]],
        ),
        (
            "One request, as the document shows no pages: check that the source sends the list whole",
            [row["name"] for row in told if row["paging"]["style"] == "none"],
        ),
        (
            "Perhaps more pages than one: the document shows how many to ask for, not how to go on",
            [row["name"] for row in told if row["paging"]["style"] == "unclear"],
        ),
        (
            "Read in full, and what is unchanged is skipped: rows that were deleted at the source stay",
            [row["name"] for row in told if _changes(row) == CHANGES["field"]],
        ),
    )
    return [(words, names) for words, names in unsaid if names]
