"""What is kept how long: the rules in force, what is due now, what was deleted lately, and deleting it now."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from request_tracker.access import policy, wiring
from request_tracker.actions import forget
from request_tracker.rules.retention import FOR_EVER
from request_tracker.store import reading_retention
from request_tracker.web.texts import say

retention = Blueprint("retention", __name__)


@retention.get("/admin/retention")
def index() -> ResponseReturnValue:
    with wiring.reading() as session:
        rows = reading_retention.standings(session, wiring.act())
        gone, asked = reading_retention.lately(session), reading_retention.asked(session)
    return render_template(
        "admin/retention.html",
        rows=rows,
        program=wiring.settings().program,
        for_ever=FOR_EVER,
        gone=gone,
        asked=asked,
        may=policy.may("retention.run", wiring.viewer().role),
    )


@retention.post("/admin/retention/run")
def run() -> ResponseReturnValue:
    with wiring.transaction() as session:
        forget.ask(session, wiring.act())
    flash(say("forgetting_asked"), "ok")
    return redirect(url_for("retention.index"), 303)
