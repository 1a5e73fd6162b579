"""What people without an account see: the report behind a signed link, and the end of their Monday letters."""

from collections.abc import Callable

from flask import Blueprint, make_response, render_template
from flask import request as http
from flask.typing import ResponseReturnValue

from request_tracker.access import wiring
from request_tracker.actions import report as filing
from request_tracker.actions import report_subscriptions as subscriptions
from request_tracker.rules.report import Week
from request_tracker.rules.report_nameless import nameless
from request_tracker.rules.report_words import written
from request_tracker.seals import BadSeal

report_shares = Blueprint("report_shares", __name__)
"""Its one post is RFC 8058's: a mail program sends it, with no cookie and no form token, to a signed address."""
UNSEEN = {
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Cache-Control": "no-store, private",
}
"""Whoever has the address can read: it is told to no other site, kept by no cache, found by no search."""


@report_shares.get("/reports/shared/<token>")
def shared(token: str) -> ResponseReturnValue:
    """The report, read-only and without a way into the house. Counts as opened, but for HEAD."""
    return _unseen(lambda: _shared(token))


@report_shares.get("/reports/stop/<token>")
def stop(token: str) -> ResponseReturnValue:
    """Asks first: programs that look at each link of a letter change nothing."""
    return _unseen(lambda: _stop(token))


@report_shares.post("/reports/stop/<token>")
def stopped(token: str) -> ResponseReturnValue:
    """One click, by a person or by their mail program. Twice does no harm, and says so."""
    return _unseen(lambda: _stopped(token))


def _shared(token: str) -> str:
    secret, now, zone = wiring.settings().secret_key, wiring.now(), wiring.settings().program.zone
    with wiring.transaction() as session:
        share = subscriptions.open_share(session, secret, token, now, counted=http.method != "HEAD")
        found = filing.filed(session, Week.parse(share.week), zone, now)
        expires_at, shown = share.expires_at, (found.report, found.changes)
    return render_template(
        "reports/shared.html",
        **written(*(nameless(*shown) if share.nameless else shown)),
        expires_at=expires_at,
        cases_href=None,
        week_href=None,
    )


def _stop(token: str) -> str:
    with wiring.reading() as session:
        row = subscriptions.of_link(session, wiring.settings().secret_key, token, wiring.now())
        state = "over" if row.ended_at else "asked"
        return render_template("reports/stop.html", address=row.address, token=token, state=state)


def _stopped(token: str) -> str:
    secret, now = wiring.settings().secret_key, wiring.now()
    with wiring.transaction() as session:
        new = subscriptions.stop_by_link(session, secret, token, now)
        address = subscriptions.of_link(session, secret, token, now).address
    return render_template("reports/stop.html", address=address, token=token, state="ended" if new else "over")


def _unseen(page: Callable[[], str]) -> ResponseReturnValue:
    """The page, or a calm word about a link that leads nowhere (any more)."""
    try:
        answer = make_response(page())
    except BadSeal as fault:
        answer = make_response(render_template("reports/closed.html", said=str(fault)), 404)
    answer.headers.update(UNSEEN)
    return answer
