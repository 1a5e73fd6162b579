"""The case page: everything for one decision; its clocks explained; the state of its connection as a fragment."""

from flask import Blueprint, render_template
from flask import request as http
from flask.typing import ResponseReturnValue

from request_tracker.access import policy, wiring
from request_tracker.store import presences, reading_case
from request_tracker.web import case_clocks, case_leading, case_page, case_writes
from request_tracker.web.case_forms import Asked

case = Blueprint("case", __name__)
for path, view in (*case_writes.ROUTES, *case_leading.ROUTES):
    case.post(f"/cases/<number>{path}")(view)


@case.get("/cases/<number>")
def show(number: str) -> ResponseReturnValue:
    """The page; the address may ask for a form (`do`), a section (`open`) and the words of a template."""
    asked = Asked(http.args.get("do", ""), http.args.get("open", ""), http.args.get("template", ""))
    return case_page.show(number, asked=asked)


@case.post("/cases/<number>/presence")
def presence(number: str) -> ResponseReturnValue:
    """The page is open, and perhaps somebody types: one small write; the answer tells who else is here."""
    viewer, now = wiring.viewer(), wiring.now()
    assert viewer.id is not None, "the gate lets in people only"
    with wiring.transaction() as session:
        found = reading_case.case_for(session, number, viewer)
        presences.seen(session, found.id, viewer.id, writing=http.form.get("writing") == "1", now=now)
        others = presences.others(session, found.id, viewer.id, now=now)
    return render_template("case/_presence.html", colleagues=others)


@case.get("/cases/<number>/clocks")
def clocks(number: str) -> ResponseReturnValue:
    with wiring.reading() as session:
        found = reading_case.case_for(session, number, wiring.viewer())
        rows = case_clocks.explained(session, found.id, wiring.viewer(), wiring.now())
    return render_template(
        "case/clocks.html",
        number=found.number,
        service=found.service_name,
        clocks=rows,
        may_change=policy.may("clocks_admin.decide", wiring.viewer().role),
    )


@case.get("/cases/<number>/state")
def state(number: str) -> ResponseReturnValue:
    """The connection's state alone, for the page to fetch again and again."""
    with wiring.reading() as session:
        found = reading_case.case_for(session, number, wiring.viewer())
        shown = reading_case.view(session, found, wiring.act())
    return render_template("case/state.html", case=shown)
