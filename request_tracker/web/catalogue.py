"""A connector that exists already, and how to start it: the answer to a request that needs no case."""

from dataclasses import dataclass

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from request_tracker.access import wiring
from request_tracker.rules.submission import web_address
from request_tracker.rules.terms import Role
from request_tracker.store import reading_catalogue

catalogue = Blueprint("catalogue", __name__)


@dataclass(frozen=True)
class Standing:
    """What a status of the catalogue means to somebody who wants the data."""

    words: str
    tone: str
    sentence: str
    by_oneself: bool


STANDINGS = {
    "general_availability": Standing("Generally available", "ok", "You can set it up yourself, today.", True),
    "beta": Standing("Beta", "ok", "You can set it up yourself; details may still change.", True),
    "private_preview": Standing(
        "Private preview", "info", "It is tried out by a few customers: ask Fivetran's support to let you in.", False
    ),
    "development": Standing(
        "In development", "info", "Fivetran is building it: ask Fivetran's support when you may try it.", False
    ),
    "sunset": Standing(
        "Being retired", "at_risk", "It takes no new connections: asking for a new one makes sense.", False
    ),
}
UNKNOWN = Standing("In the catalogue", "info", "Look it up in your Fivetran dashboard.", True)


@catalogue.get("/catalogue/<service>")
def show(service: str) -> ResponseReturnValue:
    with wiring.reading() as session:
        row = reading_catalogue.connector(session, service)
    may_ask = wiring.viewer().role in (Role.REQUESTER, Role.SPECIALIST)
    docs = row.docs_url if web_address(row.docs_url) else ""
    return render_template(
        "catalogue/show.html", row=row, docs=docs, standing=STANDINGS.get(row.status, UNKNOWN), may_ask=may_ask
    )
