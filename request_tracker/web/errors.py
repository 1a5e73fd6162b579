"""Errors as pages: the same table of errors as the API's, told to people."""

from collections.abc import Callable

from flask import flash, g, render_template
from flask import request as http
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from request_tracker.access.faults import row_of
from request_tracker.access.signin import sign_in_page


def pick(
    fault: Exception,
    by_api: Callable[[Exception], ResponseReturnValue],
    by_page: Callable[[Exception], ResponseReturnValue],
) -> ResponseReturnValue:
    """The API answers problem+json, pages answer a page."""
    return by_api(fault) if http.path.startswith("/api/") else by_page(fault)


def told(fault: Exception) -> ResponseReturnValue:
    if isinstance(fault, HTTPException) and fault.response is not None:
        return fault.response
    if isinstance(fault, CSRFError):
        return _out_of_date()
    status, title, more = row_of(fault)
    return render_template("errors/problem.html", title=title, more=more, next_step=_next_step(status)), status


def _out_of_date() -> ResponseReturnValue:
    """The form's token is missing or another session's: the page was open while somebody signed in or out."""
    if g.get("viewer") is None:
        flash("That page was out of date. Sign in again.", "problem")
        return sign_in_page("")
    more = {"detail": "The page you sent it from was open while somebody signed in or out in this browser."}
    step = (
        "Nothing was changed. Go back, copy what you typed, load the page again and send it again: "
        "what was typed is not kept here."
    )
    return render_template("errors/problem.html", title="This form is out of date", more=more, next_step=step), 400


BY_LOOKING = {
    403: "If you should be able to see this, ask an admin.",
    422: "Check the address, or go back and choose anew.",
}
"""Where somebody only looked: nothing could have been changed."""
NEXT_STEPS = {
    403: "Nothing was changed. If you should be able to do this, ask an admin.",
    404: "Check the address, or look for it in your list: it may belong to somebody else.",
    413: "Nothing was stored. Send something smaller, or several parts one after the other.",
}


def _next_step(status: int) -> str:
    """What the reader can do now."""
    if http.method in ("GET", "HEAD") and status in BY_LOOKING:
        return BY_LOOKING[status]
    if status >= 500:
        return "Nothing was changed. Try again in a minute."
    return NEXT_STEPS.get(status, "Nothing was changed. Go back, load the page again and decide anew.")
