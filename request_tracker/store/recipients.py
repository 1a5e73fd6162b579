"""Who hears of a notice: each person once, by their own request's number; and which words they may read."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.rules.notices import Audience, Notice
from request_tracker.rules.terms import Role
from request_tracker.store import cases, merges, people, requests
from request_tracker.store.cases import Case, case_number
from request_tracker.store.people import Person
from request_tracker.store.requests import Request
from request_tracker.store.timeline import Entry, EntryText, is_own

OPEN_WORDS: dict[str, tuple[str, ...]] = {
    "move.decline": ("criterion", "explanation", "alternatives"),
    "move.decline_late": ("criterion", "explanation", "alternatives", "findings"),
    "move.rescope": ("reason",),
    "move.rework": ("gaps",),
    "move.close": ("reason",),
}
"""What staff wrote to everybody in the tree. All other words stay with the account they belong to."""


OWN_ONLY = ("swap", "unmerge.out")
"""Kinds of entries whose letters concern the people of the case itself and nobody below it."""


@dataclass(frozen=True)
class Recipient:
    """`account_id` and `request_number` are None for staff. `case_number`: the case their request belongs to."""

    person_id: int
    name: str
    email: str
    zone: str
    account_id: int | None
    request_number: str | None
    case_number: str

    @property
    def is_staff(self) -> bool:
        return self.account_id is None

    @property
    def number(self) -> str:
        """The number they know the matter by."""
        return self.request_number or self.case_number


@dataclass(frozen=True)
class _Asked:
    notice: Notice
    case: Case
    entry: Entry | None
    request_id: int | None


def recipients(
    session: Session, notice: Notice, case: Case, entry: Entry | None, request_id: int | None = None
) -> list[Recipient]:
    """Everybody who is to get the notice's letter, each once; inactive people never. Staff only where no request is."""
    asked = _Asked(notice, case, entry, request_id)
    found: dict[int, Recipient] = {}
    for audience in notice.audience:
        for each in _FINDERS[audience](session, asked):
            found.setdefault(each.person_id, each)
    return list(found.values())


def words_for(session: Session, entry: Entry | None, to: Recipient) -> dict[str, Any]:
    """The typed words of the causing entry that may stand in a letter to this person, by field.

    Of a staff entry (an internal note) none, to nobody. Of another account's entry only what staff wrote to all.
    """
    if entry is None or entry.audience == "staff":
        return {}
    kept = session.get(EntryText, entry.id)
    typed: dict[str, Any] = json.loads(kept.body) if kept is not None and kept.body else {}
    if to.is_staff or is_own(entry, to.account_id):
        return typed
    open_to_all = OPEN_WORDS.get(entry.kind, ()) if entry.audience == "public" else ()
    return {name: typed[name] for name in open_to_all if name in typed}


def _primary(session: Session, asked: _Asked) -> list[Recipient]:
    """The primary; but what was said to another account's people goes to them and not to the primary."""
    primary = requests.primary_of(session, asked.case)
    entry = asked.entry
    if entry is not None and entry.audience == "account" and primary and primary.account_id != entry.account_id:
        return [each for each in _everybody(session, asked) if each.account_id == entry.account_id]
    return _by_requests(session, [primary] if primary else [])


def _everybody(session: Session, asked: _Asked) -> list[Recipient]:
    """Everyone with a live request in the case or in what was merged into it, who was there when it happened. A case
    that was itself merged since speaks only to its own people: the others never heard of its phases."""
    own = Request.case_id.in_(_case_and_below(session, asked.case, asked.entry))
    live = select(Request).where(own, Request.withdrawn_at.is_(None)).order_by(Request.created_at, Request.id)
    if asked.entry is not None:
        live = live.where(Request.created_at <= asked.entry.at)
    return _by_requests(session, session.scalars(live))


def _submitter(session: Session, asked: _Asked) -> list[Recipient]:
    if asked.request_id is not None:
        return _by_requests(session, [session.get_one(Request, asked.request_id)])
    if asked.notice.name == "withdrawn":
        primary = requests.primary_of(session, asked.case)
        return _by_requests(session, [primary] if primary else [])
    if asked.entry is not None and asked.entry.kind in OWN_ONLY:
        return _own(session, asked)
    return _everybody(session, asked)


def _own(session: Session, asked: _Asked) -> list[Recipient]:
    """Everyone with a live request in the case alone: those below it were told of being combined before."""
    return _by_requests(session, requests.live_of(session, asked.case.id))


def _assignee(session: Session, asked: _Asked) -> list[Recipient]:
    """Who works on the case, or the leads where nobody does (any more)."""
    root = cases.root_of(session, asked.case)
    for person_id in (asked.case.assignee_id, root.assignee_id):
        person = session.get(Person, person_id) if person_id else None
        if person is not None and person.active:
            return [_staff(person, asked.case)]
    return _with_role(session, asked, Role.LEAD)


def _specialists(session: Session, asked: _Asked) -> list[Recipient]:
    """Every specialist, or the leads where there is none."""
    return _with_role(session, asked, Role.SPECIALIST) or _with_role(session, asked, Role.LEAD)


def _guest(session: Session, asked: _Asked) -> list[Recipient]:
    """Whom a meeting was agreed with, even where they left meanwhile: their calendar has it."""
    return _by_requests(session, [session.get_one(Request, asked.request_id)] if asked.request_id else [])


def _host(session: Session, asked: _Asked) -> list[Recipient]:
    """Who holds the meeting that the entry is about, or who works on the case where they are gone."""
    found = session.get(Person, asked.entry.data.get("host") or 0) if asked.entry is not None else None
    return [_staff(found, asked.case)] if found is not None and found.active else _assignee(session, asked)


def _leads(session: Session, asked: _Asked) -> list[Recipient]:
    return _with_role(session, asked, Role.LEAD)


def _admins(session: Session, asked: _Asked) -> list[Recipient]:
    return _with_role(session, asked, Role.ADMIN)


_FINDERS: dict[Audience, Callable[[Session, _Asked], list[Recipient]]] = {
    Audience.PRIMARY: _primary,
    Audience.EVERYBODY: _everybody,
    Audience.SUBMITTER: _submitter,
    Audience.ASSIGNEE: _assignee,
    Audience.SPECIALISTS: _specialists,
    Audience.LEADS: _leads,
    Audience.GUEST: _guest,
    Audience.HOST: _host,
    Audience.ADMINS: _admins,
}


def _case_and_below(session: Session, case: Case, entry: Entry | None) -> list[int]:
    """The case and what had been merged into it by the time of the entry: who came later never heard of it."""
    found = [case.id]
    for case_id in found:  # grows while it is walked: the links form a tree
        links = merges.standing_below(session, case_id)
        found += [link.child_id for link in links if entry is None or link.merged_at <= entry.at]
    return found


def _by_requests(session: Session, rows: Iterable[Request]) -> list[Recipient]:
    """The active people behind the requests, each with the first of theirs."""
    found: dict[int, Recipient] = {}
    for request in rows:
        person = session.get_one(Person, request.person_id)
        if person.active:
            found.setdefault(person.id, _requester(person, request))
    return list(found.values())


def _with_role(session: Session, asked: _Asked, role: Role) -> list[Recipient]:
    return [_staff(person, asked.case) for person in people.with_role(session, role)]


def _requester(person: Person, request: Request) -> Recipient:
    return Recipient(
        person.id,
        person.name,
        person.email,
        person.zone,
        request.account_id,
        request.number,
        case_number(request.case_id),
    )


def _staff(person: Person, case: Case) -> Recipient:
    return Recipient(person.id, person.name, person.email, person.zone, None, None, case.number)
