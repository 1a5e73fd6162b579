"""Errors as pages: the same table of errors as the API's, told to people."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import current_app, flash, g, render_template
from flask import request as http
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from request_tracker.access.faults import row_of
from request_tracker.access.signin import sign_in_page
from request_tracker.web.texts import say

BROKEN = 500
MENDED_BY_WAITING = frozenset({429, 502, 503, 504})


@dataclass(frozen=True)
class Told:
    """What a page says of an error that nobody has said anything about: a heading, and what it means."""

    title: str
    meaning: str


TOLD: dict[int, Told] = {
    400: Told("This could not be read", "Part of what was sent is missing, or is not what a page of ours sends."),
    403: Told("This is not open to you", "It belongs to somebody else, or to another role than yours."),
    404: Told("There is nothing here", "The address may be mistyped, or what was here is not kept any more."),
    405: Told("This address only takes a form", "It was opened as a page, but there is no page to show."),
    409: Told("Somebody changed this meanwhile", "What you saw is not how it stands any more."),
    413: Told("This is too big to take", "What was sent is bigger than this program takes at once."),
    415: Told("This kind of file cannot be read", "The program does not know what to do with it."),
    422: Told("Some of this cannot be taken", "Something that was typed or chosen does not fit."),
    429: Told("Too many attempts", "To keep guessers out, the program takes only so many in a while."),
    500: Told("Something broke on our side", "It is our fault, not yours."),
    503: Told("The program is busy", "It could not be done at this moment."),
}
BY_LOOKING = {
    403: "If you should be able to see this, ask an admin.",
    405: "Go back to the page with the form and press its button again.",
    422: "Check the address, or go back and choose anew.",
    429: "Wait a few minutes, then load the page again.",
    500: "Load the page again in a minute. If it happens again, tell an admin the reference below.",
    503: "Load the page again in a minute.",
}
"""Where somebody only looked: nothing could have been changed."""
NEXT_STEPS = {
    403: "Nothing was changed. If you should be able to do this, ask an admin.",
    404: "Check the address, or look for it in your list: it may belong to somebody else.",
    413: "Nothing was stored. Send something smaller, or several parts one after the other.",
    415: "Nothing was stored. Send it in one of the formats the page names.",
    429: "Nothing was changed. Wait a few minutes, then try again.",
    500: "Nothing was changed. Go back, try again in a minute; if it happens again, tell an admin the reference below.",
    503: "Nothing was changed. Go back and try again in a minute.",
}
ELSE = "Nothing was changed. Go back, load the page again and decide anew."


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
    return _page(status, _heading(fault, status, title), _meaning(fault, status, more), reference=_reference(status))


def _page(
    status: int, title: str, more: dict[str, Any], *, next_step: str = "", reference: str = ""
) -> ResponseReturnValue:
    step = next_step or _next_step(status)
    shown = render_template(
        "errors/problem.html", title=title, more=more, next_step=step, reference=reference, status=status
    )
    return shown, status, {"Retry-After": "60"} if status in MENDED_BY_WAITING else {}


def _heading(fault: Exception, status: int, title: str) -> str:
    """Our own words for what the protocol only numbers; the lower rooms have said theirs."""
    unsaid = isinstance(fault, HTTPException) or title == "stale"
    return TOLD[status].title if unsaid and status in TOLD else title


def _meaning(fault: Exception, status: int, more: dict[str, Any]) -> dict[str, Any]:
    """What the room said that refused; what the protocol says of every such answer is put in our words."""
    stock = isinstance(fault, HTTPException) and fault.description == type(fault).description
    return {**more, "detail": TOLD[status].meaning} if stock and status in TOLD else more


def _reference(status: int) -> str:
    """A word to find the fault by: the page shows it, and the log has it beside what broke."""
    if status != BROKEN:
        return ""
    reference = secrets.token_hex(4)
    current_app.logger.error("The page of %s %s was answered with reference %s", http.method, http.path, reference)
    return reference


def _out_of_date() -> ResponseReturnValue:
    """The form's token is missing or another session's: the page was open while somebody signed in or out."""
    if g.get("viewer") is None:
        flash(say("page_out_of_date"), "problem")
        return sign_in_page("")
    more = {"detail": "The page you sent it from was open while somebody signed in or out in this browser."}
    step = (
        "Nothing was changed. Go back, copy what you typed, load the page again and send it again: "
        "what was typed is not kept here."
    )
    return _page(400, "This form is out of date", more, next_step=step)


def _next_step(status: int) -> str:
    """What the reader can do now."""
    if http.method in ("GET", "HEAD") and status in BY_LOOKING:
        return BY_LOOKING[status]
    return NEXT_STEPS.get(status, NEXT_STEPS[503] if status > BROKEN else ELSE)
