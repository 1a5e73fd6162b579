"""An analysis is kept short enough for pages: descriptions go first, then examples, then it is refused."""

import msgspec
import pytest

from request_tracker.apidocs.isolated.written import written
from request_tracker.apidocs.loading.refusals import TOO_WIDE, Unreadable
from request_tracker.rules.vendor_api import Analysis, Column, Table

COLUMNS = tuple(Column(f"c{n}", f"c{n}", description="d" * 90) for n in range(100))
WIDE = Analysis("openapi3.1", tables=(Table("t", "/t", "$", columns=COLUMNS),), examples={"t": ({"c0": "e" * 9000},)})


@pytest.mark.parametrize(
    ("most", "described", "rows", "notes"), [(10**6, True, 1, 0), (17_500, False, 1, 1), (9_000, False, 0, 2)]
)
def test_what_says_least_is_left_out_first_and_that_is_said(most: int, described: bool, rows: int, notes: int) -> None:
    text = written(WIDE, most)
    found = msgspec.json.decode(text, type=Analysis)
    assert len(text) <= most
    assert bool(found.tables[0].columns[0].description) is described
    assert (len(found.tables[0].columns), len(found.examples), len(found.warnings)) == (100, rows, notes)


def test_what_is_too_wide_even_so_is_refused_with_what_to_do() -> None:
    with pytest.raises(Unreadable, match=TOO_WIDE):
        written(WIDE, 1000)
