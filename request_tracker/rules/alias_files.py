"""Aliases as a CSV file: written so that no spreadsheet runs a cell, read with a sentence for what cannot be read."""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from request_tracker.rules.report_files import FORMULA, guarded

COLUMNS = ("canonical", "alias", "kind", "source")
SEPARATORS = (",", ";", "\t")
"""Spreadsheets write a semicolon where the comma separates decimals."""
MOST_BYTES = 1_000_000
MOST_ROWS = 5_000
NOT_UTF_8 = "The file is not UTF-8 text: save it as “CSV UTF-8”"


class Unreadable(ValueError):
    """The file cannot be read as aliases; the message says why."""


class Row(NamedTuple):
    """One row, and where it stands in the file: the first under the columns is 1, and empty ones count."""

    number: int
    facts: dict[str, str]


def written(rows: Iterable[Mapping[str, str]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    writer.writerows({name: guarded(row[name]) for name in COLUMNS} for row in rows)
    return out.getvalue()


def read(data: bytes) -> list[Row]:
    """The rows, empty ones left out. Raises Unreadable."""
    if len(data) > MOST_BYTES:
        raise Unreadable(f"The file is larger than {MOST_BYTES // 1_000_000} MB: send it in parts")
    try:
        head, *body = _lines(_text(data))
    except csv.Error as fault:
        raise Unreadable(f"The file is no sound CSV: {fault}") from fault
    places = [head.index(name) for name in COLUMNS]
    found = (Row(number, _facts(cells, places)) for number, cells in enumerate(body, start=1))
    rows = [row for row in found if any(row.facts.values())]
    if not rows:
        raise Unreadable("The file has no rows")
    if len(rows) > MOST_ROWS:
        raise Unreadable(f"The file has {len(rows):,} rows: send at most {MOST_ROWS:,} at a time")
    return rows


def _text(data: bytes) -> str:
    """UTF-16 without its mark reads as text full of NUL characters, the first line too."""
    if b"\x00" in data.partition(b"\n")[0]:
        raise Unreadable(NOT_UTF_8)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise Unreadable(NOT_UTF_8) from fault


def _lines(text: str) -> list[list[str]]:
    """The cells, line by line, with the names of the columns first; by the separator that tells the columns apart."""
    first = text.partition("\n")[0]
    separator = max(SEPARATORS, key=first.count)
    head, *body = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)) or [[]]
    names = [cell.strip().casefold() for cell in head]
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise Unreadable(f"The first line must name the columns {', '.join(COLUMNS)}: missing {', '.join(missing)}")
    return [names, *body]


def _facts(cells: list[str], places: list[int]) -> dict[str, str]:
    return {
        name: _plain(cells[place]) if place < len(cells) else "" for name, place in zip(COLUMNS, places, strict=True)
    }


def _plain(cell: str) -> str:
    """The cell without the apostrophe by which it was kept from being a formula; NUL cannot be stored."""
    text = cell.replace("\x00", "")
    return text[1:] if text[:1] == "'" and text[1:].startswith(FORMULA) else text
