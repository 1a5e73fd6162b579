"""The auditor's pages: the log of what was done to the program itself, and whether every case's history is whole."""

import csv
from datetime import UTC, date, datetime, time, timedelta
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, flash, redirect, render_template, url_for
from flask import request as http
from flask.typing import ResponseReturnValue

from request_tracker.access import policy, wiring
from request_tracker.actions import auditing as writing
from request_tracker.actions import verify
from request_tracker.rules.auditing import FAMILIES
from request_tracker.rules.report_files import guarded
from request_tracker.store import chain_checks, reading_audit
from request_tracker.store.reading_audit import Wanted
from request_tracker.web.attachment import attachment
from request_tracker.web.case_forms import NOTHING, FormField, a_field
from request_tracker.web.forms import whole
from request_tracker.web.texts import say

auditing = Blueprint("auditing", __name__)
ON_A_PAGE = 50
MOST_IN_A_FILE = 50_000
COLUMNS = ("at", "who", "act", "what", "details")
ASKED = ("act", "who", "since", "until")


@auditing.get("/admin/audit")
def index() -> ResponseReturnValue:
    before = http.args.get("before", type=int)
    with wiring.reading() as session:
        rows, onward = reading_audit.page(session, _wanted(), limit=ON_A_PAGE, before_id=before)
        actors = reading_audit.actors(session)
        last = reading_audit.checks(session, limit=1)
    return render_template(
        "admin/audit.html",
        rows=rows,
        fields=_fields(actors),
        is_filtered=any(http.args.get(name) for name in ASKED),
        last=last[0] if last else None,
        sees_people=policy.may("people_admin.show", wiring.viewer().role),
        most=MOST_IN_A_FILE,
        next_href=_href(onward) if onward else "",
        first_href=_href() if before else "",
        asked={name: http.args.get(name, "") for name in ASKED},
    )


@auditing.post("/admin/audit.csv")
def as_csv() -> Response:
    """A post, because it is written down that somebody took it."""
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    with wiring.transaction() as session:
        for row in reading_audit.every(session, _wanted(), most=MOST_IN_A_FILE):
            details = "; ".join(f"{key}: {value}" for key, value in sorted(row.data.items()))
            told = (row.at.isoformat(), row.who, row.act, row.said, details)
            writer.writerow([guarded(each) for each in told])
        writing.note(session, wiring.act(), "audit.taken", "the log")
    return attachment(out.getvalue().encode("utf-8", "replace"), "audit.csv")


@auditing.get("/admin/audit/chains")
def chains() -> ResponseReturnValue:
    return render_template("admin/chains.html", **_checks())


@auditing.get("/admin/audit/chains/progress")
def progress() -> ResponseReturnValue:
    """The part of the page that changes."""
    return render_template("admin/_chains.html", **_checks())


@auditing.post("/admin/audit/chains")
def verify_now() -> ResponseReturnValue:
    with wiring.transaction() as session:
        was_open = chain_checks.open_one(session) is not None
        verify.ask(session, wiring.act())
    flash(say("chains_under_way" if was_open else "chains_asked"), "ok")
    return redirect(url_for("auditing.chains"), 303)


def _checks() -> dict[str, object]:
    with wiring.reading() as session:
        rows = reading_audit.checks(session)
    return {"checks": rows, "under_way": next((each for each in rows if each.row.ended_at is None), None)}


def _wanted() -> Wanted:
    """What the address, or the form for a file, asks for; what makes no sense is not asked for."""
    family, who = http.values.get("act", ""), http.values.get("who", "")
    until = _day(http.values.get("until", ""))
    return Wanted(
        family if family in FAMILIES else "",
        whole(who) if who else None,
        _day(http.values.get("since", "")),
        until + timedelta(days=1) if until else None,
    )


def _day(text: str) -> datetime | None:
    """The beginning of a day in the reader's zone."""
    try:
        day = date.fromisoformat(text.strip())
        return datetime.combine(day, time(), ZoneInfo(wiring.viewer().zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _fields(actors: list[tuple[int, str]]) -> tuple[FormField, ...]:
    def asked(name: str, label: str, **more: object) -> FormField:
        data = http.args.get(name, "")[:200]
        return a_field(NOTHING, "find", name, label, data=data, required=False, **more)  # type: ignore[arg-type]

    people = (("", "Anybody"), ("0", "The system"), *((str(key), name) for key, name in actors))
    return (
        asked("act", "About", kind="select", choices=(("", "Everything"), *FAMILIES.items())),
        asked("who", "By", kind="select", choices=people),
        asked("since", "From", kind="date"),
        asked("until", "To", kind="date"),
    )


def _href(before: int | None = None) -> str:
    chosen: dict[str, Any] = {name: http.args[name] for name in ASKED if http.args.get(name)}
    return url_for("auditing.index", **chosen, before=before)
