"""What a letter is told: the matter as this one reader may know it, as plain values for the templates."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from request_tracker import links
from request_tracker.mail.compose import one_line
from request_tracker.rules.evidence import EVIDENCE, MINUTES
from request_tracker.rules.notices import Notice
from request_tracker.rules.people import Act
from request_tracker.rules.phases import CLOCKS
from request_tracker.rules.terms import Criterion, HoldReason, Outcome, Phase, Role
from request_tracker.store import cases, clocks, evidence
from request_tracker.store.cases import Case
from request_tracker.store.clocks import Clock
from request_tracker.store.facts import supporters
from request_tracker.store.people import Account, Person
from request_tracker.store.recipients import Recipient, words_for
from request_tracker.store.requests import Request, request_number
from request_tracker.store.requests import request_id as request_id_of
from request_tracker.store.timeline import Entry

_WORDS: Mapping[str, Any] = {
    "question": "", "answer": "", "comment": "", "reason": "", "criterion": "", "explanation": "", "alternatives": (),
    "findings": "", "gaps": (), "new_information": "", "note": "", "times": "", "consent": "",
}  # fmt: skip


@dataclass(frozen=True)
class Matter:
    """What the letters of one notice are about; the same for every reader."""

    notice: Notice
    case: Case
    entry: Entry | None
    act: Act
    base_url: str
    args: Mapping[str, Any]

    @property
    def at(self) -> datetime:
        return self.entry.at if self.entry else self.act.now


@dataclass(frozen=True)
class Promise:
    """A clock in words; `due_at` None while it waits."""

    label: str
    due_at: datetime | None
    is_broken: bool


def told(session: Session, matter: Matter, to: Recipient) -> dict[str, Any]:
    """Every name a mail template may use."""
    return {**_about_case(session, matter), **_about_dates(session, matter), **_about_reader(session, matter, to)}


def _about_case(session: Session, matter: Matter) -> dict[str, Any]:
    case, root = matter.case, cases.root_of(session, matter.case)
    persons, accounts = supporters(session, root.id)
    return {
        "title": matter.notice.title,
        "service": one_line(case.service_name),
        "root_service": one_line(root.service_name),
        "phase": Phase(root.phase).words,
        "ends_case": root.outcome == Outcome.WITHDRAWN
        or (matter.entry is not None and matter.entry.kind == "move.withdraw"),
        "has_ended": root.outcome is not None,
        "outcome": root.outcome or "",
        "waits_for": HoldReason(root.held).words if root.held else "",
        "specialist": _name(session, root.assignee_id),
        "persons": persons,
        "accounts": accounts,
        "connect_link": links.connect(matter.base_url, root.number),
        "slots": [datetime.fromisoformat(at) for at in _data(matter).get("slots", ())],
    }


def _about_dates(session: Session, matter: Matter) -> dict[str, Any]:
    program = matter.act.program
    return {
        "at": matter.at,
        "promise": _promise(session, matter.case),
        "clock": _clock(session, matter),
        "appeal_until": matter.at + program.appeal_for,
        "return_until": matter.at + program.reinstate_for,
        "grace_days": program.grace_for.days,
        "silence_days": program.silence_days,
        "until": _until(matter),
    }


def _about_reader(session: Session, matter: Matter, to: Recipient) -> dict[str, Any]:
    words = {**_WORDS, **words_for(session, matter.entry, to)}
    request_id = matter.args.get("request_id") or matter.case.primary_request_id
    primary_id = cases.root_of(session, matter.case).primary_request_id
    return {
        "name": to.name,
        "zone": to.zone,
        "number": to.number,
        "is_staff": to.is_staff,
        "is_primary": primary_id is not None and to.request_number == request_number(primary_id),
        "page": _page(matter.base_url, to),
        "words": words,
        "criterion": Criterion(words["criterion"]).words if words["criterion"] in list(Criterion) else "",
        "minutes": _minutes(session, matter.case) if to.account_id == matter.case.account_id else (),
        "actor": _actor(session, matter.entry, to),
        "about_number": request_number(request_id) if to.is_staff and request_id else to.number,
        "joined": matter.entry is not None and matter.entry.kind == "join",
        "would_preview": to.request_number is not None
        and session.get_one(Request, request_id_of(to.request_number)).would_preview,
        "withdrawal": links.withdrawal_page(matter.base_url, to.request_number) if to.request_number else "",
        "account": session.get_one(Account, matter.case.account_id).name if to.is_staff else "",
    }


def _page(base_url: str, to: Recipient) -> str:
    if to.request_number is None:
        return links.case_page(base_url, to.case_number)
    return links.request_page(base_url, to.request_number)


def _promise(session: Session, case: Case) -> Promise | None:
    """The first promise to the requester that runs now."""
    running = [each for each in clocks.of_case(session, case.id) if each.due_at and not CLOCKS[each.name].internal]
    return min((_as_promise(each) for each in running), key=lambda row: str(row.due_at), default=None)


def _clock(session: Session, matter: Matter) -> Promise | None:
    """The clock a warning is about, where it names one."""
    clock_id = matter.args.get("clock_id") or _data(matter).get("clock_id")
    clock = session.get(Clock, clock_id) if clock_id else None
    return _as_promise(clock) if clock is not None else _promise(session, matter.case)


def _as_promise(clock: Clock) -> Promise:
    is_broken = clock.breached_at is not None
    return Promise(CLOCKS[clock.name].label, clock.breached_at or clock.due_at, is_broken)


def _minutes(session: Session, case: Case) -> tuple[str, ...]:
    """What was noted of the consultation, for the account it was held with."""
    standing = evidence.standing(session, case.id)
    rows = [(EVIDENCE[key].label, standing[key].note) for key in MINUTES if key in standing]
    return tuple(f"{label}: {note}" if note else label for label, note in rows)


def _actor(session: Session, entry: Entry | None, to: Recipient) -> str:
    """Who did it: staff by name, a requester only to staff and to people of the same account."""
    person = session.get(Person, entry.actor_id) if entry is not None and entry.actor_id else None
    if person is None:
        return "By Request"
    may_know = to.is_staff or person.role != Role.REQUESTER or person.account_id == to.account_id
    return person.name if may_know else "another requester"


def _name(session: Session, person_id: int | None) -> str:
    person = session.get(Person, person_id) if person_id else None
    return person.name if person else ""


def _until(matter: Matter) -> datetime | None:
    """Until when the reader may say whether they take the lead."""
    until = _data(matter).get("until")
    return datetime.fromisoformat(until) if until else None


def _data(matter: Matter) -> Mapping[str, Any]:
    return matter.entry.data if matter.entry else {}
