"""How the request form begins: with a draft, with what a link brought, or as a short form that joins a case."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from request_tracker.rules.names import name_key
from request_tracker.rules.people import Viewer
from request_tracker.rules.strangers import plain
from request_tracker.rules.submission import ADDRESS, SHORT, web_address
from request_tracker.rules.terms import Outcome
from request_tracker.store import board, reading_board
from request_tracker.store.drafts import JOIN
from request_tracker.store.reading_board import BoardCase
from request_tracker.web.intake_form import has_words

BROUGHT = {"service_name": SHORT, "service_url": ADDRESS, "api_docs_url": ADDRESS}
"""What a link may fill in, and how much of it."""


@dataclass(frozen=True)
class Beginning:
    """`fields`: what stands in the form; `card`: the case it joins; `aside`: the service of a draft that is left as it
    is until something is typed, None where there is none."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    card: BoardCase | None = None
    aside: str | None = None


def beginning(session: Session, viewer: Viewer, asked: Mapping[str, str], draft: Mapping[str, Any]) -> Beginning:
    """The form for this link (its arguments) and this draft; neither is lost to the other."""
    brought = {name: plain(asked.get(name, ""), most) for name, most in BROUGHT.items()}
    number = asked.get("join", "") or ("" if any(brought.values()) else str(draft.get(JOIN) or ""))
    card = joinable(session, viewer, number)
    fields = taken_over(card) if card else {name: value for name, value in brought.items() if value}
    if fields and has_words(draft) and not _is_same(draft, fields, card):
        return Beginning(fields, card, str(draft.get("service_name") or ""))
    return Beginning({**draft, **{name: value for name, value in fields.items() if not draft.get(name)}}, card)


def joinable(session: Session, viewer: Viewer, number: str) -> BoardCase | None:
    """The case that may be joined by its number alone: one that the reader may read on the board, and that goes on."""
    if not number or not (viewer.is_staff or board.may_read(session, viewer)):
        return None
    card = reading_board.one(session, number, viewer)
    return None if card is None or card.stage in (Outcome.RELEASED, Outcome.NOT_A_CANDIDATE) else card


def taken_over(card: BoardCase) -> dict[str, str]:
    """What the case shares, as the form's fields; nobody reads the website another account typed."""
    parts = urlsplit(card.docs_url) if web_address(card.docs_url) else None
    site = f"{parts.scheme}://{parts.netloc}/" if parts else ""
    return {"service_name": card.service_name, "service_url": site, "api_docs_url": card.docs_url}


def _is_same(draft: Mapping[str, Any], fields: Mapping[str, str], card: BoardCase | None) -> bool:
    if card is not None:
        return bool(draft.get(JOIN) == card.number)
    begun = str(draft.get("service_name") or "")
    return not begun or not fields.get("service_name") or name_key(begun) == name_key(fields["service_name"])
