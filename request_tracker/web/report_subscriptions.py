"""Who gets the weekly report: oneself, people of the house, addresses outside; and the links that were sent."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask import request as http
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from request_tracker.access import wiring
from request_tracker.actions import report as filing
from request_tracker.actions import report_subscriptions as subscriptions
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.report import BadWeek, Week, last_week
from request_tracker.rules.report_words import said_at
from request_tracker.rules.terms import Role
from request_tracker.store import reading_readers
from request_tracker.web.case_forms import NOTHING, Attempt, Choices, FormField, a_field, problem_of
from request_tracker.web.forms import whole
from request_tracker.web.texts import say

report_subscriptions = Blueprint("report_subscriptions", __name__)
FIELDS = ("person", "address", "name", "week", "nameless", "sure")
SURE = "Tick this once you are sure that they may read it"
Form = tuple[str, tuple[FormField, ...]]


@report_subscriptions.get("/reports/subscriptions")
def index() -> str:
    return _page(NOTHING)


@report_subscriptions.post("/reports/subscriptions/mine")
def mine() -> ResponseReturnValue:
    """Everybody of the house decides for themselves."""
    if http.form.get("on") == "yes":
        with wiring.transaction() as session:
            subscriptions.subscribe_person(session, wiring.viewer().id or 0, wiring.act())
        return _done(say("report_mine", when=_next()))
    with wiring.transaction() as session:
        subscriptions.unsubscribe_oneself(session, wiring.act())
    return _done(say("report_not_mine"))


@report_subscriptions.post("/reports/subscriptions/people")
def add_person() -> ResponseReturnValue:
    return _tried("person", _add_person)


@report_subscriptions.post("/reports/subscriptions/addresses")
def add_address() -> ResponseReturnValue:
    return _tried("address", _add_address)


@report_subscriptions.post("/reports/subscriptions/<int:subscription_id>/end")
def end(subscription_id: int) -> ResponseReturnValue:
    def work(session: Session) -> str:
        ended = subscriptions.stop(session, subscription_id, wiring.act())
        return say("subscription_ended" if ended else "subscription_ended_already")

    return _tried("", work)


@report_subscriptions.post("/reports/links")
def send_link() -> ResponseReturnValue:
    return _tried("send", _send_link)


@report_subscriptions.post("/reports/links/<int:share_id>/revoke")
def revoke(share_id: int) -> ResponseReturnValue:
    def work(session: Session) -> str:
        closed = subscriptions.revoke(session, share_id, wiring.act())
        return say("link_closed" if closed else "link_closed_already")

    return _tried("", work)


def _add_person(session: Session) -> str:
    new = subscriptions.subscribe_person(session, whole(http.form.get("person", "")), wiring.act())
    return say("report_theirs", when=_next()) if new else say("report_theirs_already")


def _add_address(session: Session) -> str:
    address, name = _typed("address"), _typed("name")
    _be_sure()
    new = subscriptions.subscribe_address(session, address, name, wiring.act(), nameless=bool(_typed("nameless")))
    return say("report_link_weekly" if new else "report_link_already", address=address, when=_next())


def _send_link(session: Session) -> str:
    _be_sure()
    week = _week(_typed("week"))
    nameless = bool(_typed("nameless"))
    subscriptions.send_link(session, week, _typed("address"), _typed("name"), wiring.act(), nameless=nameless)
    return say("report_link_sent", week=week, address=_typed("address"))


def _tried(form_id: str, work: Callable[[Session], str]) -> ResponseReturnValue:
    """Do it and say so, or show the page again with what was typed and what to change."""
    try:
        with wiring.transaction() as session:
            said = work(session)
    except Unfit as fault:
        typed = {name: http.form.getlist(name) for name in FIELDS}
        return _page(Attempt(form_id, typed, ((fault.field, fault.message),))), 422
    return _done(said)


def _done(said: str) -> ResponseReturnValue:
    flash(said, "ok")
    return redirect(url_for("report_subscriptions.index"), 303)


def _typed(name: str) -> str:
    return http.form.get(name, "").strip()


def _week(text: str) -> Week:
    try:
        return Week.parse(text)
    except BadWeek as fault:
        raise Unfit("week", str(fault)) from fault


def _be_sure() -> None:
    if not _typed("sure"):
        raise Unfit("sure", SURE)


def _next() -> str:
    """When the next report goes out."""
    zone, now = wiring.settings().program.zone, wiring.now()
    week = last_week(now, zone)
    due = filing.sent_from(week, zone)
    return f"on {said_at(due if now < due else filing.sent_from(week.back(-1), zone), zone)}"


def _page(attempt: Attempt) -> str:
    viewer, now = wiring.viewer(), wiring.now()
    leads = viewer.role == Role.LEAD
    with wiring.reading() as session:
        rows = reading_readers.listed(session)
        links = reading_readers.links(session) if leads else []
        staff = reading_readers.others(session) if leads else []
    me = next((row for row in rows if row.person_id == viewer.id), None)
    return render_template(
        "reports/subscriptions.html",
        me=me,
        gets=me is not None and me.gets,
        next_at=_next(),
        leads=leads,
        rows=rows if leads else [],
        links=links,
        now=now,
        link_days=wiring.settings().program.report_link_for.days,
        form=problem_of(attempt, {name: f"{attempt.form_id}-{name}" for name in FIELDS}),
        fields=_fields(attempt, staff) if leads else {},
    )


def _fields(attempt: Attempt, staff: Choices) -> dict[str, Any]:
    """The fields of the three forms of a lead, by form and name."""
    week = http.args.get("week", "").strip() or str(last_week(wiring.now(), wiring.settings().program.zone))
    choices = (("", "Choose somebody"), *staff)
    return {
        "person": {"person": a_field(attempt, "person", "person", "Person", kind="select", choices=choices)},
        "address": _guest(attempt, "address"),
        "send": {**_guest(attempt, "send"), "week": a_field(attempt, "send", "week", "Week", data=week)},
    }


def _guest(attempt: Attempt, form_id: str) -> dict[str, FormField]:
    return {
        "address": a_field(attempt, form_id, "address", "Email"),
        "name": a_field(attempt, form_id, "name", "Name", required=False),
        "nameless": a_field(attempt, form_id, "nameless", "Leave out the names of accounts and people", required=False),
        "sure": a_field(attempt, form_id, "sure", "They may read what the report tells"),
    }
