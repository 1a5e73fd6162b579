"""Up to five places of the document for each criterion: where a reader can check the figure."""

from collections.abc import Iterable, Sequence

from request_tracker.apidocs.describing.operations import Description
from request_tracker.apidocs.measuring.rows import Row
from request_tracker.rules.terms import Criterion
from request_tracker.rules.vendor_api import ChangeKind, PagingStyle, SignIn

MOST = 5
LONGEST = 3_000


def pointers(description: Description, rows: Sequence[Row], ways: Sequence[SignIn]) -> dict[str, tuple[str, ...]]:
    """JSON pointers by the name of the criterion: first what speaks against, then what speaks for it."""
    reads = [each for each in description.operations if each.method == "get"]
    silent = [each.pointer for each in reads if each.answer is None or each.answer.schema is None]
    nameless = [each.pointer for each in reads if not (each.summary or each.description)]
    notes = [note.pointer for note in description.warnings]
    deep = sorted((row for row in rows if row.nest.depth), key=lambda row: -row.nest.depth)
    custom = [row for row in rows if row.is_wholly_custom or row.has_custom_fields or row.is_open]
    plain = [row for row in rows if not row.is_typed or not row.is_named or row.paging.style is PagingStyle.NONE]
    still = [row for row in rows if row.change.kind is ChangeKind.NONE]
    found = {
        Criterion.DOCUMENTATION: [*silent, *notes, *nameless, *(each.pointer for each in reads)],
        Criterion.SIZE: _of(rows),
        Criterion.NESTING: _of(deep),
        Criterion.STRUCTURE: _of(plain),
        Criterion.CUSTOM_DATA: _of(custom),
        Criterion.AUTHENTICATION: [pointer for way in ways for pointer in way.pointers],
        Criterion.INCREMENTAL: [*_changes(rows), *_of(still)],
    }
    return {criterion.value: _first(those) for criterion, those in found.items()}


def is_shown(pointer: str) -> bool:
    """A pointer made of names that can be shown."""
    return bool(pointer) and len(pointer) <= LONGEST and pointer.isprintable()


def _of(rows: Iterable[Row]) -> list[str]:
    return [row.operation.pointer for row in rows]


def _changes(rows: Sequence[Row]) -> list[str]:
    return [pointer for row in rows for pointer in row.change.pointers[:1]][: MOST - 2]


def _first(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(pointer for pointer in found if is_shown(pointer)))[:MOST]
