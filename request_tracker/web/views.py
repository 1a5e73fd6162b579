"""Saved views of the queue: kept under a name, for oneself or for the team, renamed, shared and deleted."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask import request as http
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import IntegrityError

from request_tracker.access import policy, wiring
from request_tracker.actions import views as actions
from request_tracker.actions.unfit import Unfit
from request_tracker.store import saved_views
from request_tracker.store.reading_queue import must_be_known
from request_tracker.web import queue_filters as filters
from request_tracker.web.case_forms import NOTHING, Attempt, FormField, a_field, problem_of
from request_tracker.web.forms import not_taken
from request_tracker.web.queue import show as show_queue
from request_tracker.web.texts import say

views = Blueprint("views", __name__)
ID = "<int(max=2147483647):view_id>"
TAKEN = Unfit("name", "There is a view of this name already: choose another name")


@views.get("/queue/views")
def index() -> ResponseReturnValue:
    return _page()


@views.post("/queue/views")
def save() -> ResponseReturnValue:
    kept = filters.kept_in(http.form.get("query", ""))
    name, is_team = http.form.get("name", ""), http.form.get("whose") == "team"
    must_be_known(filters.wanted_of(filters.typed_of(kept)))
    try:
        with wiring.transaction() as session:
            view = actions.save(session, wiring.act(), name=name, query=filters.query_of(kept), is_team=is_team)
    except (Unfit, IntegrityError) as fault:
        return show_queue(filters.typed_of(kept), _attempt("view", fault))
    flash(say("view_saved_for_team" if is_team else "view_saved", name=view.name), "ok")
    return redirect(filters.address(kept), 303)


@views.post(f"/queue/views/{ID}")
def change(view_id: int) -> ResponseReturnValue:
    name, is_team = http.form.get("name", ""), http.form.get("whose") == "team"
    try:
        with wiring.transaction() as session:
            view = actions.change(session, wiring.act(), view_id, name=name, is_team=is_team)
    except (Unfit, IntegrityError) as fault:
        return _page(_attempt(f"view-{view_id}", fault))
    flash(say("view_changed", name=view.name), "ok")
    return redirect(url_for("views.index"), 303)


@views.post(f"/queue/views/{ID}/delete")
def delete(view_id: int) -> ResponseReturnValue:
    with wiring.transaction() as session:
        name = actions.delete(session, wiring.act(), view_id)
    flash(say("view_deleted", name=name), "ok")
    return redirect(url_for("views.index"), 303)


def _attempt(form_id: str, fault: Unfit | IntegrityError) -> Attempt:
    """The form as it was sent, with what was wrong; two that save one name at once are told the same as one."""
    return not_taken(form_id, fault if isinstance(fault, Unfit) else TAKEN)


def _page(attempt: Attempt = NOTHING) -> ResponseReturnValue:
    with wiring.reading() as session:
        rows = saved_views.of_viewer(session, wiring.viewer())
    shown = [(row, _view(row, filters.kept_in(row.query)), _fields(row, attempt)) for row in rows]
    page = render_template(
        "queue/views.html",
        groups=(
            ("own", "Your own", [each for each in shown if not each[0].is_team]),
            ("team", "The team’s", [each for each in shown if each[0].is_team]),
        ),
        form=problem_of(attempt, {"name": f"{attempt.form_id}-name"}),
        may=policy.may("views.change", wiring.viewer().role),
    )
    return page, 422 if attempt.errors else 200


def _view(row: saved_views.ViewRow, kept: dict[str, str]) -> filters.Shortcut:
    return filters.Shortcut(filters.in_words(kept), filters.address(kept), False, "" if row.is_mine else row.owner)


def _fields(row: saved_views.ViewRow, attempt: Attempt) -> tuple[FormField, FormField, bool]:
    """Name and reach, and whether the form stands open."""
    form_id = f"view-{row.id}"
    choices = (("me", "Only " + ("me" if row.is_mine else row.owner)), ("team", "The team"))
    return (
        a_field(attempt, form_id, "name", "Name", data=row.name),
        a_field(
            attempt, form_id, "whose", "Who sees it", kind="radio", data="team" if row.is_team else "me",
            choices=choices,
        ),
        attempt.form_id == form_id,
    )  # fmt: skip
