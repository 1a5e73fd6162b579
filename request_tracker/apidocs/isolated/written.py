"""An analysis as JSON, short enough that every page of its case can read it again: what says least is left out first.

Real documents come to a tenth of the bound. Some thousand lists of the same wide record, a few hundred kB as a
document, would come to 30 MB.
"""

from dataclasses import replace

import msgspec

from request_tracker.apidocs.loading.refusals import TOO_WIDE, Unreadable
from request_tracker.rules.vendor_api import Analysis, Note

LONGEST = 8_000_000
"""Bytes."""
SHORTENED = "The document is very large: {what} of its tables were left out here."


def written(analysis: Analysis, most: int = LONGEST) -> bytes:
    """The analysis as JSON of at most so many bytes, with a note where something had to go. Raises Unreadable."""
    for leave_out in (_nothing, _descriptions, _examples):
        analysis = leave_out(analysis)
        text = msgspec.json.encode(analysis, enc_hook=dict)
        if len(text) <= most:
            return text
    raise Unreadable(TOO_WIDE)


def _nothing(analysis: Analysis) -> Analysis:
    return analysis


def _descriptions(analysis: Analysis) -> Analysis:
    tables = tuple(
        replace(table, columns=tuple(replace(column, description="") for column in table.columns))
        for table in analysis.tables
    )
    return _noted(replace(analysis, tables=tables), "the descriptions of the columns")


def _examples(analysis: Analysis) -> Analysis:
    return _noted(replace(analysis, examples={}, made_up=()), "the examples")


def _noted(analysis: Analysis, what: str) -> Analysis:
    return replace(analysis, warnings=(Note(SHORTENED.format(what=what)), *analysis.warnings))
