"""Provisioning many cases at once: which wait and why, and runs over them, watched, stopped, resumed, tried again."""

from datetime import timedelta

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask import request as http
from flask.typing import ResponseReturnValue

from request_tracker.access import policy, wiring
from request_tracker.actions import provision_many as actions
from request_tracker.actions.unfit import Unfit
from request_tracker.store import reading_provisioning
from request_tracker.store.reading_provisioning import RunView
from request_tracker.web.case_forms import NOTHING, Attempt, problem_of
from request_tracker.web.forms import whole
from request_tracker.web.texts import counted, say

provisioning = Blueprint("provisioning", __name__)
ID = "<int(max=2147483647):run_id>"


@provisioning.get("/admin/provisioning")
def index() -> ResponseReturnValue:
    return _page()


@provisioning.post("/admin/provisioning")
def start() -> ResponseReturnValue:
    picked = {whole(each) for each in http.form.getlist("cases")} - {0}
    try:
        with wiring.transaction() as session:
            run = actions.start(session, picked, wiring.act())
    except Unfit as fault:
        return _page(Attempt("pick", {}, ((fault.field, fault.message),)), frozenset(picked)), 422
    return redirect(url_for("provisioning.show", run_id=run.id), 303)


@provisioning.get(f"/admin/provisioning/{ID}")
def show(run_id: int) -> ResponseReturnValue:
    return render_template("provisioning/run.html", **_told(run_id))


@provisioning.get(f"/admin/provisioning/{ID}/progress")
def progress(run_id: int) -> ResponseReturnValue:
    """The part of the page that changes."""
    return render_template("provisioning/_progress.html", **_told(run_id))


@provisioning.post(f"/admin/provisioning/{ID}/stop")
def stop(run_id: int) -> ResponseReturnValue:
    with wiring.transaction() as session:
        done = actions.stop(session, run_id, wiring.act())
    return _back(run_id, done, say("run_stopped"), say("run_not_running"))


@provisioning.post(f"/admin/provisioning/{ID}/resume")
def resume(run_id: int) -> ResponseReturnValue:
    with wiring.transaction() as session:
        done = actions.resume(session, run_id, wiring.act())
    return _back(run_id, done, say("run_goes_on"), say("run_not_stopped"))


@provisioning.post(f"/admin/provisioning/{ID}/retry")
def retry(run_id: int) -> ResponseReturnValue:
    with wiring.transaction() as session:
        count = actions.retry(session, run_id, wiring.act())
    said = counted(count, "run_retried_one", "run_retried_many")
    return _back(run_id, count > 0, said, say("run_nothing_failed"))


def _page(attempt: Attempt = NOTHING, picked: frozenset[int] = frozenset()) -> str:
    with wiring.reading() as session:
        found = reading_provisioning.candidates(session)
        runs = reading_provisioning.runs(session)
    return render_template(
        "provisioning/index.html",
        found=found,
        free=sum(each.run_id is None for each in found),
        most=reading_provisioning.MOST,
        runs=runs,
        picked=picked,
        form=problem_of(attempt, {"cases": "cases"}),
        may=policy.may("provisioning.start", wiring.viewer().role),
    )


def _told(run_id: int) -> dict[str, object]:
    with wiring.reading() as session:
        view = reading_provisioning.view(session, run_id, wiring.settings().fivetran_plan, wiring.now())
    if view is None:
        abort(404, say("no_such_run"))
    may = policy.may("provisioning.stop", wiring.viewer().role) and view.run.origin == "page"
    return {"view": view, "may": may, "ends": _ends(view), "states": reading_provisioning.STATES}


def _ends(view: RunView) -> str:
    """When it may be over, in words: by how fast it went just now, and never sooner than the rate limit allows."""
    if not view.run.left or view.run.state != "running":
        return ""
    by_rate = timedelta(minutes=view.run.left / view.rate) if view.rate else timedelta(0)
    minutes = int(max(by_rate, view.at_least_for).total_seconds() // 60)
    if not view.rate and not minutes:
        return "It has just begun."
    return "About a minute is left." if minutes < 1 else f"About {minutes // 60} h {minutes % 60} min are left."


def _back(run_id: int, done: bool, good: str, bad: str) -> ResponseReturnValue:
    flash(good if done else bad, "ok" if done else "problem")
    return redirect(url_for("provisioning.show", run_id=run_id), 303)
