"""Reports and the API's own description."""

from flask import Response, jsonify
from flask import request as http

from request_tracker.access import wiring
from request_tracker.api import api, openapi
from request_tracker.rules.report import Week, last_week, to_json
from request_tracker.store.reading_report import weekly


@api.get("/openapi.json", endpoint="openapi")
def describe() -> Response:
    return jsonify(openapi.document(wiring.settings().base_url))


@api.get("/reports/weekly")
def weekly_report() -> Response:
    """The report on `?week=2026-W47`, by default on the week that ended last."""
    zone, now = wiring.settings().program.zone, wiring.now()
    text = http.args.get("week", "")
    week = Week.parse(text) if text.strip() else last_week(now, zone)
    with wiring.reading() as session:
        return jsonify(to_json(weekly(session, week, zone, now)))
