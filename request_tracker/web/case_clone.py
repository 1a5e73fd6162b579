"""The setup of a case's starter connector for another account's case."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask import request as http
from flask.typing import ResponseReturnValue

from request_tracker.access import wiring
from request_tracker.actions import clone
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.process import NotAllowed, Refused
from request_tracker.rules.tables_wanted import HANDLINGS
from request_tracker.store import reading_case
from request_tracker.store.cases import case_number
from request_tracker.web.case_forms import NOTHING, Attempt, a_field, problem_of
from request_tracker.web.texts import say

same_setup = Blueprint("same_setup", __name__)
FORM = "same-setup"


@same_setup.get("/cases/<number>/same-setup")
def show(number: str) -> ResponseReturnValue:
    return _page(number)


@same_setup.post("/cases/<number>/same-setup")
def use(number: str) -> ResponseReturnValue:
    typed, replace = http.form.get("target", ""), bool(http.form.get("replace"))
    try:
        with wiring.transaction() as session:
            source = reading_case.case_for(session, number, wiring.viewer())
            targets = {each.number: each for each in clone.targets(session, source)}
            if typed not in targets:
                raise Unfit("target", "Choose a case from the list")
            clone.clone(session, source, targets[typed], wiring.act(), replace=replace)
    except (Unfit, NotAllowed, Refused) as fault:
        field = fault.field if isinstance(fault, Unfit) else "target"
        attempt = Attempt(FORM, {"target": [typed]}, ((field, str(fault)),))
        return _page(number, attempt), 422 if isinstance(fault, Unfit) else 409
    flash(say("setup_used", number=typed), "ok")
    return redirect(url_for("tables.show", number=typed), 303)


def _page(number: str, attempt: Attempt = NOTHING) -> str:
    with wiring.reading() as session:
        case = reading_case.case_for(session, number, wiring.viewer())
        try:
            setup, why_not = clone.setup_of(session, case, None), ""
        except Unfit as fault:
            setup, why_not = None, fault.message
        targets = [(each.number, f"{each.number} {each.service_name}") for each in clone.targets(session, case)]
    return render_template(
        "case/same_setup.html",
        number=case_number(case.id),
        setup=setup,
        why_not=why_not,
        handling=HANDLINGS.get(setup.handling, setup.handling) if setup else "",
        tables=sum(not each.column and each.enabled for each in setup.choices) if setup else 0,
        hashed=sum(each.hashed for each in setup.choices) if setup else 0,
        targets=targets,
        field=a_field(attempt, FORM, "target", "Use it for", kind="select", choices=[("", "Choose a case"), *targets]),
        form=problem_of(attempt, {"target": f"{FORM}-target", "replace": f"{FORM}-replace"}),
        replaces=bool(http.form.get("replace")),
    )
