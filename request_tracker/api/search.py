"""Searching over the API: the same cases, the same pieces of text as on the page."""

from flask import Response, jsonify
from flask import request as http

from request_tracker.access import wiring
from request_tracker.api import api
from request_tracker.rules.searching import read
from request_tracker.store.reading_queue import BadFilter
from request_tracker.store.reading_search import PAGE, FoundPage, FoundRow, page


@api.get("/search", endpoint="search")
def search() -> Response:
    """`?q=` words, `kind=` where to look, `limit=` and `cursor=` as everywhere."""
    args = http.args
    asked, limit = read(args.get("q", "")), _limit(args.get("limit", ""))
    with wiring.reading() as session:
        found = page(
            session, wiring.viewer(), asked, kind=args.get("kind", ""), cursor=args.get("cursor", ""), limit=limit
        )
    return jsonify(_shape(found))


def _shape(found: FoundPage) -> dict[str, object]:
    return {
        "items": [_row(row) for row in found.items],
        "total": found.total,
        "more": found.more,
        "instead": [
            {"typed": slip.typed, "found": not slip.is_unknown, "taken": list(slip.taken)} for slip in found.slips
        ],
        "next_cursor": found.next_cursor,
    }


def _row(row: FoundRow) -> dict[str, object]:
    """`text`: pieces of what was written; those of `marked` are what was looked for."""
    return {
        "number": row.number,
        "service_name": row.service_name,
        "phase": row.phase,
        "outcome": row.outcome,
        "assignee": row.assignee,
        "where": row.where,
        "text": [{"text": piece.text, "marked": piece.marked} for piece in row.pieces],
    }


def _limit(text: str) -> int:
    if not text:
        return PAGE
    if not (text.isascii() and text.isdigit() and len(text) < 5):
        raise BadFilter("limit: a whole number from 1 to 200")
    return int(text)
