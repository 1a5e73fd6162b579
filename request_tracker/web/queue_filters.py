"""The filters of the queue: what can be chosen, and the address that is the view."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import url_for

from request_tracker.rules.terms import DUE_WORDS, HoldReason, Outcome, Phase
from request_tracker.store.reading_queue import Filter
from request_tracker.store.saved_views import ViewRow
from request_tracker.web.case_forms import NOTHING as UNTRIED
from request_tracker.web.case_forms import Choices, FormField, a_field, capital

KEPT = ("q", "phase", "due", "hold", "assignee", "account", "outcome", "sort")
"""What makes a view."""
NAMES = (*KEPT, "cursor")
LONGEST = 200


CHOICES: dict[str, Choices] = {
    "phase": (("", "Any"), *((each.value, capital(each.words)) for each in Phase)),
    "due": (
        ("", "Any"), *DUE_WORDS.items(), ("overdue,at_risk", "Overdue or at risk"),
    ),
    "hold": (
        ("", "Any"), ("any", "Anybody"), ("none", "Nobody"),
        *((each.value, capital(each.words)) for each in HoldReason),
    ),
    "assignee": (("", "Anybody"), ("me", "Me"), ("none", "Nobody")),
    "outcome": (("", "Live"), *((each.value, capital(each.words)) for each in Outcome), ("any", "Live and ended")),
    "sort": (
        ("due", "Due first"), ("-due", "Due last"), ("opened", "Oldest first"), ("-opened", "Newest first"),
        ("-touched", "Changed last"), ("touched", "Untouched longest"),
    ),
}  # fmt: skip
LABELS = {
    "phase": "Phase", "due": "Promise", "hold": "Waiting for", "assignee": "Assignee", "outcome": "Outcome",
    "sort": "Order",
}  # fmt: skip
SAID = {**LABELS, "q": "Search", "account": "Account"}
BUILT_IN: tuple[tuple[str, dict[str, str]], ...] = (
    ("All live", {}),
    ("Unassigned", {"assignee": "none"}),
    ("Mine", {"assignee": "me"}),
    ("Overdue", {"due": "overdue"}),
    ("At risk", {"due": "at_risk"}),
    ("Waiting", {"hold": "any"}),
)
EMPTY: dict[tuple[tuple[str, str], ...], tuple[str, str]] = {
    (("assignee", "none"),): (
        "Everything has somebody", "New requests appear here by themselves. Look at your own cases meanwhile.",
    ),
    (("assignee", "me"),): (
        "Nothing is assigned to you", "Take a case from those that nobody works on yet: c claims it.",
    ),
    (("due", "overdue"),): ("Nothing is overdue", "Every promise is kept so far. See what is at risk next."),
    (("due", "at_risk"),): ("Nothing is at risk", "No promise is close to its end at the moment."),
    (("hold", "any"),): ("Nobody is waited for", "All work is ours at the moment: what is due comes first."),
}  # fmt: skip
"""What an empty built-in view says, by its filters; all others say that nothing fits."""
THEN: dict[tuple[tuple[str, str], ...], tuple[str, dict[str, str]]] = {
    (("assignee", "none"),): ("Mine", {"assignee": "me"}),
    (("assignee", "me"),): ("Unassigned", {"assignee": "none"}),
    (("due", "overdue"),): ("At risk", {"due": "at_risk"}),
}
"""Where an empty view leads to; all others to every live case."""


@dataclass(frozen=True)
class Shortcut:
    label: str
    href: str
    current: bool
    owner: str = ""


@dataclass(frozen=True)
class Empty:
    title: str
    text: str
    href: str
    link: str


def typed_of(given: Mapping[str, str]) -> dict[str, str]:
    """Every filter as it stands in an address, cut to what a filter can be."""
    return {name: given.get(name, "").strip()[:LONGEST] for name in NAMES}


def kept_of(typed: Mapping[str, str]) -> dict[str, str]:
    """What makes the view: no place in its pages, nothing that says nothing."""
    return {name: typed[name] for name in KEPT if typed.get(name) and (name, typed[name]) != ("sort", "due")}


def kept_in(query: str) -> dict[str, str]:
    """The view that an address's query names; what the queue does not know is left out."""
    pairs = parse_qsl(query[: LONGEST * len(NAMES)])
    return kept_of(typed_of({name: text.replace("\0", "") for name, text in pairs}))


def wanted_of(typed: Mapping[str, str]) -> Filter:
    given: dict[str, Any] = {name: typed[name] for name in NAMES}
    return Filter(**{**given, "sort": typed["sort"] or "due"})


def query_of(kept: Mapping[str, str]) -> str:
    return urlencode([(name, kept[name]) for name in KEPT if name in kept])


def address(view: Mapping[str, str], *, cursor: str = "", tick: str = "", anchor: str = "") -> str:
    place = [(name, text) for name, text in (("cursor", cursor), ("tick", tick)) if text]
    query = urlencode([*((name, view[name]) for name in KEPT if name in view), *place])
    return url_for("queue.index") + (f"?{query}" if query else "") + (f"#{anchor}" if anchor else "")


def in_words(kept: Mapping[str, str]) -> str:
    """What a view shows: `Phase: Validation; promise: Overdue`."""
    told = [f"{SAID[name]}: {dict(CHOICES.get(name, ())).get(value, value)}" for name, value in kept.items()]
    return "; ".join(told) or "All live cases"


def fields(typed: Mapping[str, str]) -> list[FormField]:
    return [chosen(name, typed[name], CHOICES[name]) for name in LABELS]


def chosen(name: str, value: str, choices: Choices) -> FormField:
    """A select; a value that only the address knows (somebody's e-mail address) is kept as a choice of its own."""
    rows = tuple(choices) if not value or value in dict(choices) else (*choices, (value, value))
    return a_field(UNTRIED, "filter", name, LABELS[name], kind="select", data=value, choices=rows, required=False)


def words(name: str, label: str, value: str) -> FormField:
    return a_field(UNTRIED, "filter", name, label, data=value, required=False)


def shortcuts(kept: dict[str, str]) -> list[Shortcut]:
    return [Shortcut(label, address(view), kept == view) for label, view in BUILT_IN]


def saved(views: tuple[ViewRow, ...], kept: dict[str, str], *, team: bool) -> list[Shortcut]:
    """The saved views of one kind; the team's name whoever saved them."""
    return [
        Shortcut(each.name, address(view), kept == view, "" if each.is_mine else each.owner)
        for each in views
        if each.is_team == team
        for view in [kept_in(each.query)]
    ]


def empty(kept: dict[str, str]) -> Empty:
    """The words where a list would stand, and what to do next."""
    if not kept:
        text = (
            "No live case waits for a decision. New requests appear here by themselves; ended cases are in the view "
            "of all outcomes."
        )
        return Empty("The queue is empty", text, address({"outcome": "any"}), "Show ended cases too")
    key = tuple(kept.items())
    label, view = THEN.get(key, ("all live cases", {}))
    title, text = EMPTY.get(key, ("No case fits this view", "Choose fewer filters, or look at every live case."))
    return Empty(title, text, address(view), f"Show {label}" if not view else f"Look at “{label}”")
