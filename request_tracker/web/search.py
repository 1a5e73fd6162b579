"""Searching: what was found, case by case, each with the words that say why."""

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, url_for
from flask import request as http
from flask.typing import ResponseReturnValue

from request_tracker.access import wiring
from request_tracker.rules.people import Viewer
from request_tracker.rules.searching import KINDS, NOTE, Asked, read
from request_tracker.store.reading_search import FoundPage, page
from request_tracker.store.search_hits import MOST, direct
from request_tracker.web.case_forms import NOTHING, a_field
from request_tracker.web.texts import say

search = Blueprint("search", __name__)
PLACES = {"case": "case.show", "request": "requests.show"}


@dataclass(frozen=True)
class Choice:
    """One kind of text to look in, as a link."""

    label: str
    href: str
    current: bool


@search.get("/search")
def index() -> ResponseReturnValue:
    """The cases found, or straight to the one whose number was typed."""
    asked, viewer = read(http.args.get("q", "")), wiring.viewer()
    kind, cursor = http.args.get("kind", ""), http.args.get("cursor", "")
    with wiring.reading() as session:
        place = direct(session, viewer, asked.text)
        found = page(session, viewer, asked, kind=kind, cursor=cursor) if place is None else None
    if place is not None or found is None:
        return redirect(_place(place), 303)
    return render_template(
        "search/index.html",
        asked=asked,
        found=found,
        places=PLACES,
        caption=_caption(found, viewer),
        hints=_hints(found, asked),
        kinds=_kinds(viewer, asked, kind),
        kind_words=KINDS.get(kind, ""),
        field=a_field(NOTHING, "search", "q", say("search_label"), data=asked.text, required=False),
        kind=kind,
        next_href=_address(asked, kind, found.next_cursor) if found.next_cursor else "",
        first_href=_address(asked, kind) if found.first > 1 else "",
        all_href=_address(asked),
    )


def _place(place: tuple[str, str] | None) -> str:
    assert place is not None, "either a place or a page"
    kind, number = place
    is_case = kind == "case" and number.startswith("LITE-")
    return url_for(PLACES["case" if is_case else "request"], number=number)


def _caption(found: FoundPage, viewer: Viewer) -> str:
    if found.more:
        return say("search_more", most=MOST)
    one, many = ("case", "cases") if viewer.is_staff else ("request", "requests")
    return say("search_count", count=found.total, what=one if found.total == 1 else many)


def _hints(found: FoundPage, asked: Asked) -> list[str]:
    """What was looked for in place of what was typed."""
    return [
        say(
            "search_nothing_for" if slip.is_unknown else "search_also",
            typed=slip.typed,
            taken=" and ".join(f"“{word}”" for word in slip.taken),
        )
        for slip in found.slips
    ]


def _kinds(viewer: Viewer, asked: Asked, kind: str) -> list[Choice]:
    known = {"": say("search_everywhere"), **KINDS}
    return [
        Choice(label, _address(asked, name), name == kind)
        for name, label in known.items()
        if viewer.is_staff or name != NOTE
    ]


def _address(asked: Asked, kind: str = "", cursor: str = "") -> str:
    view = {"q": asked.text, "kind": kind, "cursor": cursor}
    return f"{url_for('search.index')}?{urlencode({name: text for name, text in view.items() if text})}"
