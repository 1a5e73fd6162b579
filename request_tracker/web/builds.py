"""An engineer's builds: what is promised, what is recorded, what is missing, and what could be taken on."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask import request as http
from flask.typing import ResponseReturnValue
from sqlalchemy.orm.exc import StaleDataError

from request_tracker.access import wiring
from request_tracker.actions import assign
from request_tracker.actions.advance import Stale
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.terms import HOLD_WORDS, Role
from request_tracker.store import reading_builds, reading_case
from request_tracker.web.forms import whole
from request_tracker.web.texts import say

builds = Blueprint("builds", __name__)


@builds.get("/builds")
def index() -> str:
    viewer, now = wiring.viewer(), wiring.now()
    with wiring.reading() as session:
        found = reading_builds.builds(session, viewer.id, now)
    may_take = viewer.role is Role.ENGINEER
    return render_template("builds/index.html", builds=found, now=now, may_take=may_take, hold_words=HOLD_WORDS)


@builds.post("/builds/<number>/take")
def take(number: str) -> ResponseReturnValue:
    """Give the build to whoever asks; what somebody changed meanwhile is looked at first."""
    try:
        with wiring.transaction() as session:
            case = reading_case.case_for(session, number, wiring.viewer())
            assign.take(session, case, version=whole(http.form.get("version", "")), act=wiring.act())
    except (Stale, StaleDataError):
        flash(say("build_changed", number=number), "problem")
    except Unfit as fault:
        flash(say("build_not_taken", number=number, message=fault.message), "problem")
    else:
        flash(say("build_taken", number=case.number), "ok")
    return redirect(url_for("builds.index"), 303)
