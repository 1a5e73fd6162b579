"""The weekly report as a page, the cases behind its numbers, and as files."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, abort, render_template, url_for
from flask import request as http
from sqlalchemy.orm import Session

from request_tracker.access import wiring
from request_tracker.rules.report import Week, WeeklyReport, last_week, to_csv, to_json
from request_tracker.rules.report_figures import ALL, Named, NoSuchFigure, named
from request_tracker.rules.report_words import written
from request_tracker.rules.terms import Role
from request_tracker.store.reading_report_list import listed
from request_tracker.store.reading_weeks import (
    Edition,
    Narrowed,
    accounts,
    as_it_was,
    edition,
    narrowed,
    report_on,
    specialists,
)
from request_tracker.web.case_forms import NOTHING as UNTRIED
from request_tracker.web.case_forms import FormField, a_field

reports = Blueprint("reports", __name__)
MOST_CASES = 500
MOST_ACCOUNTS = 300
FILTERS = ("specialist", "account")

FILES: dict[str, tuple[str, Callable[[Edition], str]]] = {
    "csv": ("text/csv", lambda found: to_csv(found.report, found.changes)),
    "json": ("application/json", lambda found: written_json(found)),
    "txt": (
        "text/plain",
        lambda found: render_template("reports/report.txt", **written(found.report, found.changes)) + "\n",
    ),
}


def written_json(found: Edition) -> str:
    return json.dumps(to_json(found.report, found.changes), indent=2, sort_keys=True) + "\n"


@reports.get("/reports")
def index() -> str:
    with wiring.reading() as session:
        asked = _narrowed(session)
        found = _edition(session, http.args.get("week", ""), asked)
        fields = _fields(session, asked)
    report, kept = found.report, _kept()
    after = report.week.back(-1)
    newer = after if wiring.now() >= after.bounds(report.zone)[0] else None
    return render_template(
        "reports/index.html",
        **written(report, found.changes),
        stored_at=found.stored_at,
        known_better=found.corrections,
        older=report.week.back(1),
        newer=newer,
        fields=fields,
        filtered=asked.words,
        kept=kept,
        may_share=wiring.viewer().role == Role.LEAD,
        week_href=lambda week: url_for("reports.index", week=week, **kept),
        cases_href=lambda figure, clock: url_for(
            "reports.cases", week=report.week, figure=figure, **({"clock": clock} if clock != ALL else {}), **kept
        ),
    )


@reports.get("/reports/<week>/cases")
def cases(week: str) -> str:
    """What one number of the report counts. A number that the report does not have is answered by 404."""
    figure, clock = http.args.get("figure", ""), http.args.get("clock", "").strip() or ALL
    with wiring.reading() as session:
        asked = _narrowed(session)
        zone, now, wanted = wiring.settings().program.zone, wiring.now(), Week.parse(week)
        report = report_on(session, wanted, zone, now, asked.only)
        counted = _named(report, figure, clock)
        rows = listed(session, wanted, report.zone, now, figure, clock=clock, only=asked.only, limit=MOST_CASES)
    return render_template(
        "reports/cases.html",
        **written(report, None),
        named=counted,
        rows=rows,
        most=MOST_CASES,
        filtered=asked.words,
        back_href=url_for("reports.index", week=wanted, **_kept()),
    )


@reports.get("/reports/<week>.<any(csv,json,txt):kind>")
def download(week: str, kind: str) -> Response:
    zone, now, wanted = wiring.settings().program.zone, wiring.now(), Week.parse(week)
    with wiring.reading() as session:
        found = as_it_was(session, wanted, zone, now, _narrowed(session).only)
    mimetype, make = FILES[kind]
    name = quote(f"by-request-{found.report.week}.{kind}")
    answer = Response(make(found), content_type=f"{mimetype}; charset=utf-8")
    answer.headers["Content-Disposition"] = f"attachment; filename={name}"
    return answer


def _edition(session: Session, text: str, asked: Narrowed) -> Edition:
    """The report on the named week, by default the one that ended last. Raises BadWeek."""
    zone, now = wiring.settings().program.zone, wiring.now()
    week = Week.parse(text) if text.strip() else last_week(now, zone)
    return edition(session, week, zone, now, asked.only)


def _named(report: WeeklyReport, figure: str, clock: str) -> Named:
    try:
        return named(report, figure, clock)
    except NoSuchFigure as fault:
        abort(404, str(fault))


def _narrowed(session: Session) -> Narrowed:
    return narrowed(session, *(http.args.get(name, "") for name in FILTERS))


def _kept() -> dict[str, Any]:
    """The filters of the address, to be kept in the links of its page."""
    return {name: text for name in FILTERS if (text := http.args.get(name, "").strip())}


def _fields(session: Session, asked: Narrowed) -> list[FormField]:
    """One choice for each filter; where there are too many accounts to choose from, a name is typed."""
    person, account = ("" if each is None else str(each) for each in (asked.only.assignee_id, asked.only.account_id))
    people, houses = specialists(session), accounts(session, MOST_ACCOUNTS)
    first = _choice("specialist", "Specialist", person, people, "Everybody")
    if houses is not None:
        return [first, _choice("account", "Customer account", account, houses, "All accounts")]
    typed = http.args.get("account", "").strip()
    hint = "Its whole name, or its number"
    return [first, a_field(UNTRIED, "filter", "account", "Customer account", data=typed, hint=hint, required=False)]


def _choice(name: str, label: str, value: str, choices: list[tuple[str, str]], everything: str) -> FormField:
    rows = (("", everything), *choices)
    return a_field(UNTRIED, "filter", name, label, kind="select", data=value, choices=rows, required=False)
