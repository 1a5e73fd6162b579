"""Aliases as a CSV file: written so that no spreadsheet runs a cell, read with a sentence for what cannot be read."""

import csv
import io
from collections.abc import Iterable, Mapping

from request_tracker.rules.report_files import FORMULA, guarded

COLUMNS = ("canonical", "alias", "kind", "source")
MOST_BYTES = 1_000_000
MOST_ROWS = 5_000


class Unreadable(ValueError):
    """The file cannot be read as aliases; the message says why."""


def written(rows: Iterable[Mapping[str, str]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    writer.writerows({name: guarded(row[name]) for name in COLUMNS} for row in rows)
    return out.getvalue()


def read(data: bytes) -> list[dict[str, str]]:
    """The rows, empty ones left out. Raises Unreadable."""
    if len(data) > MOST_BYTES:
        raise Unreadable(f"The file is larger than {MOST_BYTES // 1_000_000} MB: send it in parts")
    try:
        lines = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        missing = [name for name in COLUMNS if name not in (lines.fieldnames or ())]
        if missing:
            raise Unreadable(f"The first line must name the columns {', '.join(COLUMNS)}: missing {', '.join(missing)}")
        rows = [{name: _plain(row[name] or "") for name in COLUMNS} for row in lines]
    except UnicodeDecodeError as fault:
        raise Unreadable("The file is not UTF-8 text: save it as “CSV UTF-8”") from fault
    except csv.Error as fault:
        raise Unreadable(f"The file is no sound CSV: {fault}") from fault
    rows = [row for row in rows if any(row.values())]
    if not rows:
        raise Unreadable("The file has no rows")
    if len(rows) > MOST_ROWS:
        raise Unreadable(f"The file has {len(rows):,} rows: send at most {MOST_ROWS:,} at a time")
    return rows


def _plain(cell: str) -> str:
    """The cell without the apostrophe by which it was kept from being a formula; NUL cannot be stored."""
    text = cell.replace("\x00", "")
    return text[1:] if text[:1] == "'" and text[1:].startswith(FORMULA) else text
