"""The link in a letter that ends its kind: works without a sign-in, for a person and for a mail program (RFC 8058)."""

from collections.abc import Sequence

from flask import Blueprint, Response, render_template
from flask import request as http
from flask.typing import ResponseReturnValue

from request_tracker.access import wiring
from request_tracker.actions import preferences as action
from request_tracker.rules.notices import Topic
from request_tracker.rules.people import SYSTEM, Act
from request_tracker.seals import BadSeal
from request_tracker.web.report_shares import UNSEEN

unsubscribe = Blueprint("unsubscribe", __name__)
ONE_CLICK = ("List-Unsubscribe", "One-Click")
"""What the post says, whether a mail program sends it or our own button."""


@unsubscribe.get("/unsubscribe/<token>")
def ask(token: str) -> ResponseReturnValue:
    """One button, and nothing changes: what looks at links in letters opens them too."""
    try:
        _, topics = _read(token)
    except BadSeal as fault:
        return _not_known(fault)
    return _page("letters/unsubscribe.html", topics, token=token)


@unsubscribe.post("/unsubscribe/<token>")
def leave(token: str) -> ResponseReturnValue:
    """No cookie and no form token is asked for, and nobody is sent elsewhere: the signed link says who and what."""
    try:
        person_id, topics = _read(token)
    except BadSeal as fault:
        return _not_known(fault)
    if http.form.get(ONE_CLICK[0]) != ONE_CLICK[1]:
        return _page("letters/unsubscribe.html", topics, token=token), 422
    with wiring.transaction() as session:
        new = action.leave(session, person_id, topics, _nobody())
    return _page("letters/unsubscribed.html", topics, new=new)


@unsubscribe.after_request
def _unseen(answer: Response) -> Response:
    """Whoever has the address can end these letters: it is told to no other site and found by no search."""
    answer.headers.update(UNSEEN)
    return answer


def _read(token: str) -> tuple[int, tuple[Topic, ...]]:
    return action.read_leaving(wiring.settings().secret_key, token, _nobody())


def _nobody() -> Act:
    """Whoever holds the letter: the link acts for its owner, whoever is signed in here."""
    return Act(SYSTEM, wiring.now(), wiring.settings().program)


def _page(template: str, topics: Sequence[Topic], **more: object) -> str:
    words = "”, “".join(topic.words for topic in topics)
    return render_template(template, topics=topics, words=words, one_click=ONE_CLICK, **more)


def _not_known(fault: BadSeal) -> ResponseReturnValue:
    return render_template("letters/not_known.html", why=str(fault)), 404
