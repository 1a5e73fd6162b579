"""The start page: where each kind of person begins."""

from datetime import timedelta

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from request_tracker.access import wiring
from request_tracker.actions import own
from request_tracker.rules.terms import Role
from request_tracker.web import requester_home

home = Blueprint("home", __name__)


STARTS = {
    Role.REQUESTER: "requests.index",
    Role.SPECIALIST: "queue.index",
    Role.ENGINEER: "builds.index",
    Role.LEAD: "overview.index",
    Role.ADMIN: "administration.index",
    Role.AUDITOR: "reports.index",
}


@home.get("/")
def index() -> ResponseReturnValue:
    """Everybody begins with their own work."""
    return redirect(url_for(STARTS[wiring.viewer().role]), 303)


@home.get("/how-it-works")
def welcome() -> ResponseReturnValue:
    """The program in a minute, for everybody."""
    with wiring.reading() as session:
        numbers = requester_home.numbers(session)
    return render_template("home/welcome.html", **numbers)


@home.post("/how-it-works/read")
def put_away() -> ResponseReturnValue:
    """The words of the first visit are put away; the page stays."""
    with wiring.transaction() as session:
        own.put_welcome_away(session, wiring.act())
    return index()


@home.get("/style")
def style() -> ResponseReturnValue:
    """Every part of a page with sample data, to look at and to measure."""
    return render_template("style/parts.html", now=wiring.now(), step=timedelta(days=3))
