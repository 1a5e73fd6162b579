"""The state of Fivetran, for the admin: does it answer, what is left of the limits, which connections need a look."""

from datetime import timedelta

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from request_tracker.access import policy, wiring
from request_tracker.actions import outage, strays, sweep
from request_tracker.store import reading_fivetran
from request_tracker.web.texts import counted, say

fivetran_admin = Blueprint("fivetran_admin", __name__)


@fivetran_admin.get("/admin/fivetran")
def index() -> ResponseReturnValue:
    settings = wiring.settings()
    with wiring.reading() as session:
        found = reading_fivetran.overview(session, settings.fivetran_plan, wiring.now())
    return render_template(
        "admin/fivetran.html",
        found=found,
        plan=settings.fivetran_plan,
        address=settings.fivetran_url,
        may_act=policy.may("fivetran_admin.check", wiring.viewer().role),
        lasted=lasted,
    )


@fivetran_admin.post("/admin/fivetran/check")
def check() -> ResponseReturnValue:
    """Ask Fivetran now whether it answers."""
    with wiring.transaction() as session:
        outage.probe(session, wiring.act())
    flash(say("fivetran_asked"), "info")
    return redirect(url_for("fivetran_admin.index"), 303)


@fivetran_admin.post("/admin/fivetran/looks")
def look_at_all() -> ResponseReturnValue:
    with wiring.transaction() as session:
        count = sweep.look_at_all(session, wiring.act())
    flash(counted(count, "connections_looked_at_one", "connections_looked_at_many"), "ok")
    return redirect(url_for("fivetran_admin.index"), 303)


@fivetran_admin.post("/admin/fivetran/looks/<int(max=2147483647):row_id>")
def look_at(row_id: int) -> ResponseReturnValue:
    with wiring.transaction() as session:
        asked = sweep.look_at(session, row_id, wiring.act())
    flash(say(_LOOKED[asked]), "ok" if asked else "problem")
    return redirect(url_for("fivetran_admin.index"), 303)


@fivetran_admin.post("/admin/fivetran/strays")
def find_strays() -> ResponseReturnValue:
    with wiring.transaction() as session:
        strays.ask(session, wiring.act())
    flash(say("groups_searched"), "info")
    return redirect(url_for("fivetran_admin.index"), 303)


_LOOKED = {
    True: "connection_looked_at",
    False: "no_connection_to_look_at",
}


def lasted(duration: timedelta) -> str:
    """`2 h 5 min`, `40 s`."""
    seconds = int(duration.total_seconds())
    hours, minutes = seconds // 3600, seconds % 3600 // 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min" if minutes else f"{seconds} s"
