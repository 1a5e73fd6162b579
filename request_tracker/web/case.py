"""The case page: everything for one decision; its clocks explained; the state of its connection as a fragment."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from request_tracker.access import policy, wiring
from request_tracker.store import reading_case
from request_tracker.web import case_clocks, case_leading, case_page, case_writes

case = Blueprint("case", __name__)
for path, view in (*case_writes.ROUTES, *case_leading.ROUTES):
    case.post(f"/cases/<number>{path}")(view)


@case.get("/cases/<number>")
def show(number: str) -> ResponseReturnValue:
    return case_page.show(number)


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
