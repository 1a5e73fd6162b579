"""The duplicates inbox: pairs that look alike, one decision a page, and the next pair after each."""

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, flash, redirect, render_template, url_for
from flask import request as http
from flask import session as cookie
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from request_tracker.access import wiring
from request_tracker.actions import dismiss as dismissing
from request_tracker.actions import merge as merging
from request_tracker.actions import scoring
from request_tracker.actions import undo as undoing
from request_tracker.actions.advance import Stale
from request_tracker.rules.phases import Blocker
from request_tracker.rules.process import Refused
from request_tracker.rules.terms import Phase
from request_tracker.store import reading_case, reading_duplicates, reading_pair
from request_tracker.store.cases import Case
from request_tracker.store.reading_duplicates import PairPage
from request_tracker.store.reading_places import Place
from request_tracker.web import duplicate_page
from request_tracker.web.case_forms import NOTHING as UNTRIED
from request_tracker.web.case_forms import Choices, FormField, a_field
from request_tracker.web.case_writes import whole
from request_tracker.web.duplicate_page import DECIDED, FILTERS, kept, wanted
from request_tracker.web.merging import CHANGED
from request_tracker.web.texts import say

duplicates = Blueprint("duplicates", __name__)
CHOICES: dict[str, tuple[str, Choices]] = {
    "band": ("Likeness", (("", "Any"), ("merge", "Almost certainly the same"), ("suggest", "Perhaps the same"))),
    "phase": ("Phase", (("", "Any"), *((each.value, each.words.capitalize()) for each in Phase))),
    "assignee": ("Assignee", (("", "Anybody"), ("me", "Me"), ("none", "Nobody"))),
}


class Overtaken(Exception):
    """Somebody else decided about the pair meanwhile: there is nothing left to decide."""


@duplicates.get("/duplicates")
def index() -> ResponseReturnValue:
    cursor = http.args.get("cursor", "").strip()
    with wiring.reading() as session:
        found = reading_duplicates.page(session, wanted({**kept(), "cursor": cursor}), wiring.viewer())
        last = duplicate_page.decided(session)
    return render_template(
        "duplicates/index.html",
        page=found,
        caption=_caption(found, cursor),
        fields=[_field(name) for name in FILTERS],
        kept=kept(),
        decided=last,
        first_href=_address({}) if cursor else "",
        next_href=_address({"cursor": found.next_cursor}) if found.next_cursor else "",
    )


@duplicates.get("/duplicates/dismissed")
def dismissed() -> ResponseReturnValue:
    cursor = http.args.get("cursor", "").strip()
    with wiring.reading() as session:
        found = reading_duplicates.decided(session, cursor, wiring.viewer())
    here = url_for("duplicates.dismissed")
    return render_template(
        "duplicates/dismissed.html",
        page=found,
        first_href=here if cursor else "",
        next_href=f"{here}?{urlencode({'cursor': found.next_cursor})}" if found.next_cursor else "",
    )


@duplicates.get("/duplicates/<left>/<right>")
def show(left: str, right: str) -> ResponseReturnValue:
    return duplicate_page.show(left, right, into=http.args.get("into", ""))


@duplicates.post("/duplicates/<left>/<right>/merge")
def merge(left: str, right: str) -> ResponseReturnValue:
    into = http.form.get("into", "")
    try:
        with wiring.transaction() as session:
            pair = _open_pair(session, left, right)
            place = _place(session, *pair)
            child, root = _direction(*pair, into)
            versions = whole("version"), whole("into_version")
            link = merging.merge(session, child, root, wiring.act(), version=versions[0], into_version=versions[1])
            onward = _onward(session, place)
    except Overtaken:
        return _again(left, right)
    except (Stale, StaleDataError, IntegrityError):
        return _again(left, right, into, CHANGED)
    except Refused as fault:
        return _again(left, right, into, *fault.blockers)
    cookie[DECIDED] = {"merge": link.id}
    return redirect(onward, 303)


@duplicates.post("/duplicates/<left>/<right>/dismiss")
def dismiss(left: str, right: str) -> ResponseReturnValue:
    try:
        with wiring.transaction() as session:
            pair = _open_pair(session, left, right)
            place = _place(session, *pair)
            row = dismissing.dismiss(session, *pair, wiring.act(), kind=http.form.get("kind", ""))
            if (row.by_id, row.at) != (wiring.viewer().id, wiring.now()):
                raise Overtaken
            onward = _onward(session, place)
    except Overtaken:
        return _again(left, right)
    cookie[DECIDED] = {"pair": [row.left_id, row.right_id]}
    return redirect(onward, 303)


@duplicates.post("/duplicates/<left>/<right>/take-back")
def take_back(left: str, right: str) -> ResponseReturnValue:
    """A dismissed pair waits again, and is looked at again at once."""
    with wiring.transaction() as session:
        pair = reading_pair.both(session, left, right, wiring.viewer())
        done = dismissing.take_back(session, *pair, wiring.act())
    return _compared_again(left, right, say("pair_taken_back") if done else "")


@duplicates.post("/duplicates/undo")
def undo() -> ResponseReturnValue:
    """What this person decided last is taken back, and its pair shown again."""
    left, right, child = (http.form.get(name, "") for name in ("left", "right", "child"))
    if not child:
        return take_back(left, right)
    try:
        with wiring.transaction() as session:
            case = reading_case.case_for(session, child, wiring.viewer())
            undoing.undo(session, case, version=whole("version"), act=wiring.act())
    except (Stale, StaleDataError, IntegrityError, Refused):
        flash(say("merge_stands", child=child), "problem")
        return redirect(url_for("case.show", number=child), 303)
    return _compared_again(left, right, say("merge_undone", child=child))


def _compared_again(left: str, right: str, told: str) -> ResponseReturnValue:
    """The job that compares the two comes later; whoever looks at the page wants it now."""
    with wiring.reading() as session:
        one, _ = reading_pair.both(session, left, right, wiring.viewer())
        found = scoring.search(session, one, wiring.knowledge(session))
    with wiring.transaction() as session:
        scoring.keep(session, found, wiring.act())
    cookie.pop(DECIDED, None)
    if told:
        flash(told, "ok")
    return redirect(url_for("duplicates.show", left=left, right=right, **kept()), 303)


def _open_pair(session: Session, left: str, right: str) -> tuple[Case, Case]:
    """The two cases while they can be decided about. Raises NoSuchCase, Overtaken."""
    pair = reading_pair.both(session, left, right, wiring.viewer())
    if reading_pair.gone(session, *pair) is not None:
        raise Overtaken
    return pair


def _direction(left: Case, right: Case, into: str) -> tuple[Case, Case]:
    """The child and the root. Raises Refused where `into` names neither."""
    if into not in (left.number, right.number):
        reason = f"Choose which goes on: {left.number} or {right.number}"
        raise Refused("merge", (Blocker("into", reason, "decision"),))
    return (right, left) if into == left.number else (left, right)


def _again(left: str, right: str, into: str = "", *blockers: Blocker) -> ResponseReturnValue:
    """Nothing was done: the pair as it is now, or what became of it."""
    return duplicate_page.show(left, right, into=into, blockers=blockers, status=409)


def _place(session: Session, left: Case, right: Case) -> Place | None:
    found = reading_pair.scored(session, left, right)
    return found.place if found else None


def _onward(session: Session, place: Place | None) -> str:
    """The next pair, or the list where this was the last."""
    return duplicate_page.next_href(session, place) or url_for("duplicates.index", **kept())


def _field(name: str) -> FormField:
    label, choices = CHOICES[name]
    value = kept().get(name, "")
    return a_field(UNTRIED, "filter", name, label, kind="select", data=value, choices=choices, required=False)


def _address(more: dict[str, Any]) -> str:
    return url_for("duplicates.index", **{**kept(), **more})


def _caption(found: PairPage, cursor: str) -> str:
    number = len(found.items)
    words = f"{number} pair{'' if number == 1 else 's'}"
    place = " on this page" if found.next_cursor or cursor else ""
    return f"{words}{place}{', more follow' if found.next_cursor else ''}, most alike first"
