"""Analysis → starter project: fixed, reviewed files, and beside them the document's facts as data.

Nothing from the document becomes code or a file's name: it enters tables.py as literals, the examples and configuration
as JSON, and the README as escaped text.
"""

import io
import json
import re
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from request_tracker import resources
from request_tracker.apidocs.starter import scaffold_readme, scaffold_tables
from request_tracker.apidocs.starter.scaffold_literal import literal
from request_tracker.apidocs.starter.scaffold_signing import Signing, signing
from request_tracker.rules.strangers import plain
from request_tracker.rules.vendor_api import Analysis, Table

FIXED: Mapping[str, str] = {
    ".gitignore": "gitignore.txt",
    **{
        name: name
        for name in (
            "calls.py", "changes.py", "client.py", "connector.py", "mypy.ini", "paging.py", "records.py",
            "requirements.txt", "ruff.toml", "settings.py", "signin.py", "sync.py", "tests/__init__.py",
            "tests/example_source.py", "tests/fakes.py", "tests/test_client.py", "tests/test_connector.py",
            "tests/test_paging.py", "tests/test_records.py",
        )
    },
}  # fmt: skip
"""The files that are the same in every project, and where they lie among our templates."""
_NO_DATA = frozenset(("html", "unknown", ""))
_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,59}")
_BASE = re.compile(r"https://[A-Za-z0-9.-]{1,253}(:\d{1,5})?(/[A-Za-z0-9._~%/-]{0,500})?")
_STAMP = (2026, 1, 1, 0, 0, 0)
MOST_EXAMPLES = 3
MOST_TABLES = 500
LARGEST_EXAMPLE = 32_000


class Unsuitable(Exception):
    """No project can be made of this; the sentence says why, and what may be done instead."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True)
class Project:
    """`files`: texts by path; the paths are ours, never the document's."""

    name: str
    files: Mapping[str, str]

    def archive(self) -> bytes:
        """A ZIP file with one folder; the same bytes for the same project, at any time."""
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(self.files):
                entry = zipfile.ZipInfo(f"{self.name}/{path}", _STAMP)
                entry.compress_type, entry.external_attr, entry.create_system = zipfile.ZIP_DEFLATED, 0o644 << 16, 3
                archive.writestr(entry, self.files[path])
        return held.getvalue()

    def write(self, folder: Path) -> None:
        """Into a folder, which is made where it is missing. Files of the same names are written over, links to
        other places replaced: nothing outside the folder changes."""
        for path in sorted(self.files):
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            if place.is_symlink():
                place.unlink()
            place.write_text(self.files[path], encoding="utf-8", newline="\n")


def scaffold(
    analysis: Analysis, *, schema: str, wanted: frozenset[str] | None = None, service: str = "", docs_url: str = ""
) -> Project:
    """A Connector SDK project that syncs the wanted tables, by their names in the analysis (all but the deprecated ones
    by default). `schema`: the connection it is deployed as. Raises Unsuitable with a sentence."""
    if not _SCHEMA.fullmatch(schema):
        raise Unsuitable("A schema's name has lower-case letters, digits and underscores only, at most 60 of them")
    _refuse(analysis)
    sign_in = signing(analysis.sign_in)
    if sign_in is None:
        raise Unsuitable(
            "The document asks for a sign-in that a starter project cannot do, such as a client certificate: "
            "ask the vendor for an API key or OAuth 2.0, or build the connector by hand"
        )
    delivered = _wanted(analysis, wanted)
    chosen = scaffold_tables.closed(analysis.tables, delivered)
    if len(chosen) > MOST_TABLES:
        raise Unsuitable(
            f"{len(chosen):,} tables are more than one project can sync well: choose the ones needed, at most "
            f"{MOST_TABLES} with those that are read on the way"
        )
    rows = scaffold_tables.rows(chosen, delivered, ["base_url", "recent_days_first", *sign_in.placeholders])
    examples = _examples(analysis, rows, chosen)
    title = plain(service or analysis.title or "the source", 100)
    readme = scaffold_readme.readme(
        analysis, rows, sign_in, schema=schema, title=title, docs_url=docs_url, left_out=_left_out(analysis, chosen)
    )
    made = {
        "README.md": readme,
        "configuration.json": _json(_configuration(analysis, sign_in, rows)),
        "tables.py": _tables(title, sign_in, rows),
        "tests/examples.json": _json(examples),
    }
    return Project(schema, {**made, **{path: _template(place) for path, place in FIXED.items()}})


def _refuse(analysis: Analysis) -> None:
    if analysis.kind in _NO_DATA:
        raise Unsuitable(
            "This is a page for people, not a description of the API: give the OpenAPI document it is made of"
        )
    if analysis.figures.customer_defines_tables:
        raise Unsuitable(
            "Each customer defines the tables of this source, so no project can name them: "
            "a file, database or webhook connector, or one written by hand, is the better way"
        )
    if not analysis.tables:
        raise Unsuitable(
            "The document describes no list of records that can be read: data that comes only from reports, "
            "CSV exports or message queues needs a connector written by hand"
        )


def _wanted(analysis: Analysis, wanted: frozenset[str] | None) -> list[str]:
    names = [table.name for table in analysis.tables]
    if wanted is None:
        default = [table.name for table in analysis.tables if not table.is_deprecated and not table.is_custom]
        return default or names
    unknown = sorted(wanted - set(names))
    if unknown:
        named = ", ".join(plain(name, 60) for name in unknown[:5])
        raise Unsuitable(f"The document has no table {named}: choose among those it proposes")
    if not wanted:
        raise Unsuitable("No table is chosen: choose at least one")
    return [name for name in names if name in wanted]


def _left_out(analysis: Analysis, chosen: Iterable[Table]) -> list[str]:
    taken = {table.name for table in chosen}
    return [table.name for table in analysis.tables if table.name not in taken]


def _configuration(analysis: Analysis, sign_in: Signing, rows: list[dict[str, Any]]) -> dict[str, str]:
    """Placeholders only: no value of the document but an address of the vendor's that looks like one."""
    base = analysis.base_urls[0].rstrip("/") if analysis.base_urls else ""
    found = {"base_url": base if _BASE.fullmatch(base) else "<BASE_URL>", **sign_in.placeholders}
    for row in rows:
        for asked in row["configured"]:
            found.setdefault(asked["setting"], f"<{asked['setting'].upper()}>")
    return {**found, "recent_days_first": "30"}


def _tables(title: str, sign_in: Signing, rows: list[dict[str, Any]]) -> str:
    data = {"service": title, "sign_in": sign_in.way, "tables": rows}
    return (
        '"""What is read from the source, and how: data, not code. Made from the API document; change it freely."""\n\n'
        f"from typing import Any\n\nDATA: dict[str, Any] = {literal(data, 0, 10_000)}\n"
    )


def _examples(analysis: Analysis, rows: list[dict[str, Any]], chosen: list[Table]) -> dict[str, list[Any]]:
    """The examples by the project's names of the tables; what is too long is left out."""
    called = scaffold_tables.called(chosen)
    found = {}
    for name, held in analysis.examples.items():
        fit_ones = [row for row in held[:MOST_EXAMPLES] if len(json.dumps(row, default=str)) <= LARGEST_EXAMPLE]
        if name in called and fit_ones:
            found[called[name]] = [dict(row) for row in fit_ones]
    return {row["name"]: found[row["name"]] for row in rows if row["name"] in found}


def _json(value: Any) -> str:
    """ASCII: no mark in it can turn the direction of writing."""
    return json.dumps(value, indent=2, default=str) + "\n"


def _template(name: str) -> str:
    return (resources.TEMPLATES / "starter" / name).read_text(encoding="utf-8")
