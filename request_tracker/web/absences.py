"""Days out of office: one's own, and for a lead those of everybody, with what falls due meanwhile."""

from datetime import date

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask import request as http
from flask.typing import ResponseReturnValue

from request_tracker.access import wiring
from request_tracker.actions import absences as action
from request_tracker.actions.absences import Days, NoSuchAbsence
from request_tracker.actions.assign import ASSIGNABLE
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.terms import Role
from request_tracker.store import absences as store
from request_tracker.web.case_forms import NOTHING, Attempt, FormField, a_field, problem_of
from request_tracker.web.forms import not_taken, whole
from request_tracker.web.texts import counted, say

absences = Blueprint("absences", __name__)
_FORM = "away"


@absences.get("/settings/away")
def index() -> ResponseReturnValue:
    return _page()


@absences.post("/settings/away")
def add() -> ResponseReturnValue:
    try:
        days = _typed()
        with wiring.transaction() as session:
            row = action.enter(session, days, wiring.act())
            entered = [each for each in store.of_person(session, row.person_id, wiring.now()) if each.id == row.id]
            due = len(store.due_while_away(session, entered))
    except Unfit as fault:
        return _page(not_taken(_FORM, fault)), 422
    flash(say("away_entered") if not due else counted(due, "away_entered_one_due", "away_entered_due"), "ok")
    return redirect(url_for("absences.index"), 303)


@absences.post("/settings/away/<int(max=2147483647):absence_id>/take-back")
def take_back(absence_id: int) -> ResponseReturnValue:
    try:
        with wiring.transaction() as session:
            action.take_back(session, absence_id, wiring.act())
    except NoSuchAbsence as fault:
        abort(404, str(fault))
    flash(say("away_taken_back"), "ok")
    return redirect(url_for("absences.index"), 303)


def _typed() -> Days:
    """What was typed. Raises Unfit."""
    person = whole(http.form.get("person", "")) or wiring.viewer().id or 0
    stand_in = http.form.get("stand_in", "")
    if stand_in and not whole(stand_in):
        raise Unfit("stand_in", "Choose somebody from the list, or nobody")
    first, last = _day("first_day"), _day("last_day")
    return Days(person, first, last, http.form.get("note", ""), whole(stand_in))


def _day(name: str) -> date:
    try:
        return date.fromisoformat(http.form.get(name, "").strip())
    except ValueError as fault:
        raise Unfit(name, "Write a day such as 2026-12-01") from fault


def _page(attempt: Attempt = NOTHING) -> str:
    viewer, now = wiring.viewer(), wiring.now()
    is_lead = viewer.role is Role.LEAD
    with wiring.reading() as session:
        workers = store.workers(session, ASSIGNABLE, now)
        rows = store.coming(session, now) if is_lead else store.of_person(session, viewer.id or 0, now)
        due = store.due_while_away(session, rows)
    fields = _fields(attempt, [(each.id, each.name) for each in workers], is_lead=is_lead)
    return render_template(
        "absences/index.html",
        rows=rows,
        due={each.id: [row for row in due if row.absence_id == each.id] for each in rows},
        now_away={each.id for each in rows if each.holds(now)},
        is_lead=is_lead,
        fields=fields,
        form=problem_of(attempt, {each.name: each.id for each in fields}),
    )


def _fields(attempt: Attempt, workers: list[tuple[int, str]], *, is_lead: bool) -> list[FormField]:
    mine = wiring.viewer().id
    named = [(str(key), f"{name} (you)" if key == mine else name) for key, name in workers]
    whose = [a_field(attempt, _FORM, "person", "Who is away", kind="select", choices=named, data=str(mine))]
    others = named if is_lead else [row for row in named if row[0] != str(mine)]
    return [
        *(whose if is_lead else []),
        a_field(attempt, _FORM, "first_day", "First day away", kind="date"),
        a_field(attempt, _FORM, "last_day", "Last day away", kind="date"),
        a_field(
            attempt, _FORM, "stand_in", "Who stands in", kind="select", choices=[("", "Nobody"), *others],
            hint="Named to whoever wants to give you a case meanwhile", required=False,
        ),
        a_field(attempt, _FORM, "note", "Note", hint="Colleagues read it; no reason is needed", required=False),
    ]  # fmt: skip
