"""The specialist's queue: a table whose address is the view."""

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Blueprint, render_template, url_for
from flask import request as http
from flask.typing import ResponseReturnValue

from request_tracker.access import wiring
from request_tracker.rules.terms import HOLD_WORDS, HoldReason, Outcome, Phase
from request_tracker.store.reading_queue import Filter, QueuePage, page
from request_tracker.web.case_forms import NOTHING as UNTRIED
from request_tracker.web.case_forms import Choices, FormField, a_field

queue = Blueprint("queue", __name__)
NAMES = ("q", "phase", "due", "hold", "assignee", "outcome", "sort", "cursor")


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]


CHOICES: dict[str, Choices] = {
    "phase": (("", "Any"), *((each.value, _capital(each.words)) for each in Phase)),
    "due": (
        ("", "Any"), ("overdue", "Overdue"), ("at_risk", "At risk"), ("overdue,at_risk", "Overdue or at risk"),
        ("ok", "On track"), ("paused", "Waiting"),
    ),
    "hold": (
        ("", "Any"), ("any", "Anybody"), ("none", "Nobody"),
        *((each.value, _capital(each.words)) for each in HoldReason),
    ),
    "assignee": (("", "Anybody"), ("me", "Me"), ("none", "Nobody")),
    "outcome": (("", "Live"), *((each.value, _capital(each.words)) for each in Outcome), ("any", "Live and ended")),
    "sort": (
        ("due", "Due first"), ("-due", "Due last"), ("opened", "Oldest first"), ("-opened", "Newest first"),
        ("-touched", "Changed last"), ("touched", "Untouched longest"),
    ),
}  # fmt: skip
LABELS = {
    "phase": "Phase", "due": "Promise", "hold": "Waiting for", "assignee": "Assignee", "outcome": "Outcome",
    "sort": "Order",
}  # fmt: skip
SHORTCUTS: tuple[tuple[str, dict[str, str]], ...] = (
    ("All live", {}),
    ("Unassigned", {"assignee": "none"}),
    ("Mine", {"assignee": "me"}),
    ("Overdue", {"due": "overdue"}),
    ("At risk", {"due": "at_risk"}),
    ("Waiting", {"hold": "any"}),
)


@dataclass(frozen=True)
class Shortcut:
    label: str
    href: str
    current: bool


@queue.get("/queue")
def index() -> ResponseReturnValue:
    typed = {name: http.args.get(name, "").strip() for name in NAMES}
    wanted = _wanted(typed)
    with wiring.reading() as session:
        found = page(session, wanted, wiring.viewer(), wiring.now())
    kept = {name: text for name, text in typed.items() if text and name != "cursor"}
    return render_template(
        "queue/index.html",
        page=found,
        hold_words=HOLD_WORDS,
        caption=_caption(found, wanted),
        fields=[_filter(name, typed[name]) for name in LABELS],
        search=a_field(UNTRIED, "filter", "q", "Search", data=typed["q"], required=False),
        shortcuts=_shortcuts(kept),
        filtered=bool(kept),
        first_href=_address(kept) if typed["cursor"] else "",
        next_href=_address({**kept, "cursor": found.next_cursor}) if found.next_cursor else "",
    )


def _wanted(typed: dict[str, str]) -> Filter:
    return Filter(
        phase=typed["phase"],
        outcome=typed["outcome"],
        assignee=typed["assignee"],
        hold=typed["hold"],
        due=typed["due"],
        q=typed["q"],
        sort=typed["sort"] or "due",
        cursor=typed["cursor"],
    )


def _filter(name: str, value: str) -> FormField:
    """A select; a value that only the address knows (somebody's e-mail address) is kept as a choice of its own."""
    choices = tuple(CHOICES[name])
    if value and value not in dict(choices):
        choices = (*choices, (value, value))
    return a_field(UNTRIED, "filter", name, LABELS[name], kind="select", data=value, choices=choices, required=False)


def _shortcuts(kept: dict[str, str]) -> list[Shortcut]:
    return [Shortcut(label, _address(view), kept == view) for label, view in SHORTCUTS]


def _address(view: dict[str, str]) -> str:
    return f"{url_for('queue.index')}?{urlencode(view)}" if view else url_for("queue.index")


def _caption(found: QueuePage, wanted: Filter) -> str:
    count = len(found.items)
    number = f"{count} case{'' if count == 1 else 's'}"
    place = " on this page" if found.next_cursor or wanted.cursor else ""
    more = ", more follow" if found.next_cursor else ""
    order = dict(CHOICES["sort"])[wanted.sort].lower()
    return f"{number}{place}{more}, {order}"
