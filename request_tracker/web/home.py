"""The start page: where each kind of person begins."""

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from request_tracker.access import wiring

home = Blueprint("home", __name__)


@home.get("/")
def index() -> ResponseReturnValue:
    """Requesters begin with their requests, staff with the queue."""
    start = "queue.index" if wiring.viewer().is_staff else "requests.index"
    return redirect(url_for(start), 303)


@home.get("/style")
def style() -> ResponseReturnValue:
    """Every part of a page with sample data, to look at and to measure."""
    return render_template("style/parts.html", now=wiring.now())
