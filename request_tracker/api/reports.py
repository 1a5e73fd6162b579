"""Reports and the API's own description."""

from flask import Response, jsonify
from flask import request as http

from request_tracker.access import wiring
from request_tracker.api import api, openapi
from request_tracker.rules.report import Week, last_week, to_json
from request_tracker.rules.report_rows import Correction
from request_tracker.store.reading_weeks import Edition, edition, narrowed


@api.get("/openapi.json", endpoint="openapi")
def describe() -> Response:
    return jsonify(openapi.document(wiring.settings().base_url))


@api.get("/reports/weekly")
def weekly_report() -> Response:
    """The report on `?week=2026-W47`, by default on the week that ended last; for one specialist or account."""
    zone, now = wiring.settings().program.zone, wiring.now()
    text = http.args.get("week", "")
    week = Week.parse(text) if text.strip() else last_week(now, zone)
    with wiring.reading() as session:
        asked = narrowed(session, http.args.get("specialist", ""), http.args.get("account", ""))
        found = edition(session, week, zone, now, asked.only)
    return jsonify({**to_json(found.report, found.changes), **_beside(found)})


def _beside(found: Edition) -> dict[str, object]:
    """`stored`: the report as it was sent, null where it was computed for this call; `known_otherwise`: since then."""
    at = found.stored_at
    return {
        "stored": {"at": at.isoformat().replace("+00:00", "Z")} if at else None,
        "known_otherwise": [_corrected(row) for row in found.corrections],
    }


def _corrected(row: Correction) -> dict[str, object]:
    known = {"case": row.case, "clock": row.name, "cycle": row.cycle}
    return {**known, "was": row.was, "now": row.now, "why": row.sentence}
