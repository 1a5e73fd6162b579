"""Suggestions as the request form shows them: who asked already, what exists already, and why it is shown."""

from dataclasses import dataclass

from flask import url_for

from request_tracker.rules.submission import web_address
from request_tracker.rules.terms import Outcome, Phase
from request_tracker.store.candidates import Suggestion


@dataclass(frozen=True)
class MatchItem:
    """One row of templates/parts/matches.html."""

    kind: str
    number: str
    title: str
    href: str
    sentence: str
    reasons: tuple[str, ...]
    join: bool


class Offered(Exception):
    """Others asked for this already, and the person has not seen it yet."""

    def __init__(self, found: list[MatchItem]) -> None:
        super().__init__("others asked for this already")
        self.items = found


def items(found: list[Suggestion]) -> list[MatchItem]:
    return [_item(each) for each in found]


def unseen(found: list[Suggestion], seen: str) -> list[MatchItem]:
    """All matches, if a sure one among them is not named in `seen` (numbers with commas between); else none.

    Only the sure ones are shown before a request is stored, even to those without script: weaker ones would keep
    people from sending what is new.
    """
    known = {part.strip() for part in seen.split(",")}
    strong = [each for each in found if each.decision == "merge"]
    return items(found) if any(each.number not in known for each in strong) else []


def _item(row: Suggestion) -> MatchItem:
    exists = row.kind == "catalogue" or row.outcome == Outcome.RELEASED
    return MatchItem(
        kind="catalogue" if exists else "case",
        number=row.number,
        title=row.service_name,
        href=_address(row),
        sentence=_sentence(row),
        reasons=row.reasons,
        join=row.kind == "case" and row.outcome is None,
    )


def _address(row: Suggestion) -> str:
    """Where one reads more: how to start what exists already, or the public documentation of what was asked for."""
    if row.kind == "catalogue":
        return url_for("catalogue.show", service=row.number)
    return row.docs_url if web_address(row.docs_url) else "#service_name"


def _sentence(row: Suggestion) -> str:
    if row.kind == "catalogue":
        return f"A connector exists already ({row.phase.replace('_', ' ')}): open it to read how to start it."
    asked = "1 account has" if row.accounts == 1 else f"{row.accounts} accounts have"
    if row.outcome == Outcome.RELEASED:
        return f"{asked} asked for it, and it is generally available: use it instead of asking."
    if row.outcome == Outcome.NOT_A_CANDIDATE:
        return f"{asked} asked for it, and it was no candidate then. Ask again if something has changed."
    return f"{asked} asked for this already; it is in {Phase(row.phase).words}."
