"""The way to a Connect Card and back, and how it went."""

from datetime import timedelta

from flask import Blueprint, Response, flash, make_response, redirect, render_template, url_for
from flask import request as http
from flask.typing import ResponseReturnValue

from request_tracker import links
from request_tracker.access import wiring
from request_tracker.actions import card
from request_tracker.actions.card import Foreign, Stopped, Ticket
from request_tracker.fivetran.client import AuthFailed, Fivetran, FivetranError, NotFound, Throttled
from request_tracker.settings import Settings
from request_tracker.store import cases, reading_access, reading_case
from request_tracker.store.cases import NoSuchCase
from request_tracker.store.quota import SharedPace
from request_tracker.store.reading_access import Access
from request_tracker.store.requests import Request
from request_tracker.web.texts import say

connect = Blueprint("connect", __name__)
STATUS = {"not_yours": 403, "unknown": 404, "connected": 200, "too_many": 429}
"""Of pages that open no card; all others answer 409."""
LONG = timedelta(minutes=1)
"""After which checking takes longer than it should."""


@connect.after_request
def _keep_to_itself(answer: Response) -> Response:
    """Addresses of this room may hold a state: no other page is told them, nothing is kept.

    Pages tell our own forms at least the host, which the check of form tokens asks for.
    """
    answer.headers["Referrer-Policy"] = "no-referrer" if answer.status_code == 303 else "strict-origin"
    answer.headers["Cache-Control"] = "no-store"
    return answer


@connect.get("/connect/<number>")
def go(number: str) -> ResponseReturnValue:
    """Mint a fresh card on the click (a card lives one day) and hand the person over to Fivetran."""
    if (unread := _not_a_click()) is not None:
        return unread
    try:
        with wiring.transaction() as session:
            case = reading_case.case_for(session, number, wiring.viewer())
            renew = http.args.get("renew") == "yes"
            ticket = card.leave(session, cases.root_of(session, case), wiring.act(), renew=renew)
    except NoSuchCase:
        return _stopped(Stopped("unknown"), number)
    except Stopped as stop:
        return _stopped(stop, number)
    return _to_card(ticket, number)


@connect.get("/connect/return/<state>")
def back(state: str) -> ResponseReturnValue:
    """Back from the card. The address is left at once, so that the state stays in no history."""
    if (unread := _not_a_click()) is not None:
        return unread
    try:
        with wiring.transaction() as session:
            arrival = card.arrive(session, state, wiring.act())
    except Foreign:
        return render_template("connect/foreign.html", known=True), 403
    if arrival is None:
        return render_template("connect/foreign.html", known=False), 404
    if arrival.expired:
        flash(say("way_back_closed"), "info")
    elif not arrival.fresh:
        flash(say("way_back_used"), "info")
    return redirect(url_for("connect.returned", number=arrival.request_number), 303)


@connect.get("/requests/<number>/access")
def returned(number: str) -> ResponseReturnValue:
    """How it stands with the access; fetches itself again while we check."""
    request, found = _access(number)
    return render_template("connect/returned.html", request=request, **_shown(found))


@connect.get("/requests/<number>/access/state")
def progress(number: str) -> ResponseReturnValue:
    """The same as a fragment."""
    request, found = _access(number)
    return render_template("connect/_state.html", request=request, **_shown(found))


def client(settings: Settings) -> Fivetran:
    here = wiring.wiring()
    pace = SharedPace(here.database, settings.fivetran_plan, here.now)
    return Fivetran(settings.fivetran_url, settings.fivetran_key, settings.fivetran_secret, pace=pace)


def _to_card(ticket: Ticket, number: str) -> ResponseReturnValue:
    settings = wiring.settings()
    try:
        with client(settings) as api:
            minted = api.mint_card(ticket.connection_id, links.connect_return(settings.base_url, ticket.state))
    except FivetranError as fault:
        with wiring.transaction() as session:
            card.stay(session, ticket, wiring.act(), gone=isinstance(fault, NotFound))
        return _no_card(fault, number)
    return redirect(minted.uri, 303)


def _no_card(fault: FivetranError, number: str) -> ResponseReturnValue:
    """Fivetran opened none: the person stays here, is told whose turn it is, and can try again."""
    if isinstance(fault, NotFound):
        return _stopped(Stopped("missing"), number)
    kind = "busy" if isinstance(fault, Throttled) else "ours" if isinstance(fault, AuthFailed) else "down"
    answer = make_response(
        render_template("connect/unreachable.html", number=number, kind=kind), 503 if kind == "busy" else 502
    )
    if isinstance(fault, Throttled):
        answer.headers["Retry-After"] = str(max(1, round(fault.retry_after)))
    return answer


def _stopped(stop: Stopped, number: str) -> ResponseReturnValue:
    page = render_template("connect/stopped.html", why=stop.why, number=number, request_number=stop.request_number)
    return page, STATUS.get(stop.why, 409)


def _not_a_click() -> ResponseReturnValue | None:
    """Who only looks whether there is something, or fetches ahead of a click, opens no card and uses no state."""
    if http.method == "HEAD":
        return "", 204
    ahead = http.headers.get("Sec-Purpose", "") or http.headers.get("Purpose", "")
    return ("", 503) if "prefetch" in ahead else None


def _access(number: str) -> tuple[Request, Access]:
    with wiring.reading() as session:
        request = reading_case.request_for(session, number, wiring.viewer())
        return request, reading_access.access(session, request)


def _shown(found: Access) -> dict[str, object]:
    is_long = found.since is not None and wiring.now() - found.since > LONG
    return {"access": found, "is_long": is_long, "every": "10s" if is_long else "2s"}
