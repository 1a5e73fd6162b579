"""The weekly report as a page and as files."""

import json
from collections.abc import Callable
from urllib.parse import quote

from flask import Blueprint, Response, render_template
from flask import request as http

from request_tracker.access import wiring
from request_tracker.rules.report import Week, WeeklyReport, last_week, to_csv, to_json
from request_tracker.rules.report_words import written
from request_tracker.store.reading_report import weekly

reports = Blueprint("reports", __name__)

FILES: dict[str, tuple[str, Callable[[WeeklyReport], str]]] = {
    "csv": ("text/csv", to_csv),
    "json": ("application/json", lambda report: json.dumps(to_json(report), indent=2, sort_keys=True) + "\n"),
    "txt": ("text/plain", lambda report: render_template("reports/report.txt", **written(report)) + "\n"),
}


@reports.get("/reports")
def index() -> str:
    report = _report(http.args.get("week", ""))
    after = report.week.back(-1)
    newer = after if wiring.now() >= after.bounds(report.zone)[0] else None
    return render_template("reports/index.html", **written(report), older=report.week.back(1), newer=newer)


@reports.get("/reports/<week>.<any(csv,json,txt):kind>")
def download(week: str, kind: str) -> Response:
    report = _report(week)
    mimetype, make = FILES[kind]
    name = quote(f"by-request-{report.week}.{kind}")
    found = Response(make(report), content_type=f"{mimetype}; charset=utf-8")
    found.headers["Content-Disposition"] = f"attachment; filename={name}"
    return found


def _report(text: str) -> WeeklyReport:
    """The report on the named week, by default the one that ended last. Raises BadWeek."""
    zone, now = wiring.settings().program.zone, wiring.now()
    week = Week.parse(text) if text.strip() else last_week(now, zone)
    with wiring.reading() as session:
        return weekly(session, week, zone, now)
