"""The way to a Connect Card and back."""

from flask import Blueprint, abort, flash, redirect, render_template
from flask.typing import ResponseReturnValue

from request_tracker import links
from request_tracker.access import wiring
from request_tracker.actions import card
from request_tracker.fivetran.client import Fivetran, FivetranError
from request_tracker.settings import Settings
from request_tracker.store import cases, reading_case

connect = Blueprint("connect", __name__)


@connect.get("/connect/<number>")
def go(number: str) -> ResponseReturnValue:
    """Mint a fresh card on the click (a card lives one day) and hand the person over to Fivetran."""
    settings = wiring.settings()
    with wiring.transaction() as session:
        case = reading_case.case_for(session, number, wiring.viewer())
        ticket = card.leave(session, cases.root_of(session, case), wiring.act())
    try:
        with client(settings) as api:
            minted = api.mint_card(ticket.connection_id, links.connect_return(settings.base_url, ticket.state))
    except FivetranError as fault:
        return render_template("connect/unreachable.html", number=number, sentence=fault.sentence), 502
    return redirect(minted.uri, 303)


@connect.get("/connect/return/<state>")
def back(state: str) -> ResponseReturnValue:
    with wiring.transaction() as session:
        arrival = card.arrive(session, state, wiring.act())
    if arrival is None:
        abort(404, "This way back belongs to nobody here. Open your request and follow its link to grant access again.")
    if arrival.fresh:
        flash("Thank you. We are checking the access with Fivetran; this page shows it in a moment.", "ok")
    else:
        flash("This way back was used already. The page shows what Fivetran tells us now.", "info")
    return redirect(f"/requests/{arrival.request_number}", 303)


def client(settings: Settings) -> Fivetran:
    return Fivetran(settings.fivetran_url, settings.fivetran_key, settings.fivetran_secret)
