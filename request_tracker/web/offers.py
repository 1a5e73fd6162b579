"""After a merge: may the two names be remembered as one service? A specialist says yes or no on the root's page."""

from flask import Blueprint, flash, redirect, url_for
from flask import request as http
from flask.typing import ResponseReturnValue

from request_tracker.access import wiring
from request_tracker.actions import offers as actions
from request_tracker.actions.unfit import Unfit
from request_tracker.store import cases, reading_case
from request_tracker.web.forms import whole
from request_tracker.web.texts import say

offers = Blueprint("offers", __name__)


@offers.post("/cases/<number>/aliases")
def remember(number: str) -> ResponseReturnValue:
    return _answered(number, yes=True)


@offers.post("/cases/<number>/aliases/declined")
def decline(number: str) -> ResponseReturnValue:
    return _answered(number, yes=False)


def _answered(number: str, *, yes: bool) -> ResponseReturnValue:
    kind, merge_id = http.form.get("kind", "confirmed"), whole(http.form.get("merge_id", ""))
    with wiring.transaction() as session:
        root = cases.root_of(session, reading_case.case_for(session, number, wiring.viewer()))
        known, act, where = wiring.knowledge(session), wiring.act(), root.number
        try:
            if yes:
                found = actions.remember(session, root, merge_id, kind, act, known)
                flash(say("alias_leads", alias=found.alias, canonical=found.canonical), "ok")
            else:
                found = actions.decline(session, root, merge_id, act, known)
                flash(say("alias_declined", alias=found.alias, canonical=found.canonical), "ok")
        except Unfit as fault:
            flash(say("as_raised", message=fault), "problem")
    return redirect(url_for("case.show", number=where, _anchor="duplicates"), 303)
