"""What a letter is told: the matter as this one reader may know it, as plain values for the templates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from request_tracker import links
from request_tracker.actions import preferences
from request_tracker.mail.compose import one_line
from request_tracker.rules import completeness
from request_tracker.rules.calendar import Calendar
from request_tracker.rules.calendar_words import day_ended
from request_tracker.rules.evidence import EVIDENCE, MINUTES
from request_tracker.rules.notices import Notice, Topic
from request_tracker.rules.people import Act
from request_tracker.rules.phases import CLOCKS
from request_tracker.rules.terms import Criterion, HoldReason, Outcome, Phase, Role
from request_tracker.store import cases, clocks, evidence, reading_access, reading_completeness
from request_tracker.store.cases import Case
from request_tracker.store.clocks import Clock
from request_tracker.store.facts import supporters
from request_tracker.store.people import Account, Person
from request_tracker.store.recipients import Recipient, words_for
from request_tracker.store.requests import Request, request_number
from request_tracker.store.requests import request_id as request_id_of
from request_tracker.store.timeline import Entry
from request_tracker.work import inviting

NO_WORDS: Mapping[str, Any] = {
    "question": "", "answer": "", "comment": "", "reason": "", "criterion": "", "explanation": "", "alternatives": (),
    "findings": "", "gaps": (), "new_information": "", "note": "", "times": "", "consent": "",
}  # fmt: skip
"""What templates may quote, where nothing of it was said."""


@dataclass(frozen=True)
class Matter:
    """What the letters of one notice are about; the same for every reader."""

    notice: Notice
    case: Case
    entry: Entry | None
    act: Act
    base_url: str
    args: Mapping[str, Any]
    secret_key: str = field(default="", repr=False)

    @property
    def at(self) -> datetime:
        return self.entry.at if self.entry else self.act.now


@dataclass(frozen=True)
class Promise:
    """A clock in words; `due_at` None while it waits. `ends`: the working day at whose end it is due, where it is."""

    label: str
    due_at: datetime | None
    is_broken: bool
    ends: str = ""


@dataclass(frozen=True)
class Moved:
    """A promised date that was changed by a lead: what it was, what it is now; `…_ends` as in Promise."""

    label: str
    before_at: datetime | None
    now_at: datetime
    is_past: bool
    before_ends: str = ""
    now_ends: str = ""


def told(session: Session, matter: Matter, to: Recipient) -> dict[str, Any]:
    """Every name a mail template may use."""
    return {
        **_about_case(session, matter),
        **_about_dates(session, matter),
        **_about_reader(session, matter, to),
        **footing(matter.notice, to.person_id, base_url=matter.base_url, secret_key=matter.secret_key),
    }


def footing(notice: Notice, person_id: int, *, base_url: str, secret_key: str) -> dict[str, str]:
    """What stands below a letter: its topic and how to end it, or why it comes anyway; and where all that is chosen."""
    return {
        "topic": notice.topic.words if notice.topic else "",
        "because": notice.because,
        "letter_settings": links.letter_settings(base_url),
        "unsubscribe": leaving(person_id, [notice.topic], base_url, secret_key) if notice.topic else "",
    }


def leaving(person_id: int, topics: Sequence[Topic], base_url: str, secret_key: str) -> str:
    """The address that ends the person's letters on these topics, without a sign-in."""
    return links.unsubscribe(base_url, preferences.leaving(secret_key, person_id, topics))


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
        "access_needs": _access_needs(session, matter, root),
        "slots": [datetime.fromisoformat(at) for at in _data(matter).get("slots", ())],
        "meeting": inviting.told(session, matter.entry),
    }


def _access_needs(session: Session, matter: Matter, root: Case) -> tuple[str, ...]:
    """What the primary requester should have at hand, in the letter that asks for access."""
    if matter.notice.name != "connect" or root.primary_request_id is None:
        return ()
    return reading_access.needed(session, session.get_one(Request, root.primary_request_id))


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
        "moved": _moved(session, matter),
        "differing": matter.args.get("differing", 0),
        "clocks_page": links.clocks(matter.base_url),
        "waiting": matter.args.get("waiting", 0),
        "since": _since(matter),
        "fivetran_page": links.fivetran(matter.base_url),
        "queue_page": links.queue(matter.base_url),
        "hook_page": links.hook(matter.base_url, matter.args.get("hook", 0)),
        "hook_gone": matter.args.get("gone", False),
    }


def _about_reader(session: Session, matter: Matter, to: Recipient) -> dict[str, Any]:
    words = {**NO_WORDS, **words_for(session, matter.entry, to)}
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
        "later_tables": _later_tables(session, matter, to),
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
    first = min(running, key=lambda each: str(each.due_at), default=None)
    return _as_promise(session, first) if first is not None else None


def _clock(session: Session, matter: Matter) -> Promise | None:
    """The clock a warning is about, where it names one."""
    clock_id = matter.args.get("clock_id") or _data(matter).get("clock_id")
    clock = session.get(Clock, clock_id) if clock_id else None
    return _as_promise(session, clock) if clock is not None else _promise(session, matter.case)


def _as_promise(session: Session, clock: Clock) -> Promise:
    is_broken = clock.breached_at is not None
    due_at, calendar = clock.breached_at or clock.due_at, _calendar(session, clock.calendar_id)
    return Promise(CLOCKS[clock.name].label, due_at, is_broken, day_ended(calendar, due_at) if due_at else "")


def _calendar(session: Session, calendar_id: int | None) -> Calendar:
    """By its id; the newest for a clock of before migration 0019, whose row has none."""
    return clocks.calendar_of(session, calendar_id) if calendar_id else clocks.newest_calendar(session).calendar


def _minutes(session: Session, case: Case) -> tuple[str, ...]:
    """What was noted of the consultation, for the account it was held with."""
    standing = evidence.standing(session, case.id)
    rows = [(EVIDENCE[key].label, standing[key].note) for key in MINUTES if key in standing]
    return tuple(f"{label}: {note}" if note else label for label, note in rows)


def _later_tables(session: Session, matter: Matter, to: Recipient) -> tuple[str, ...]:
    """Gaps left for a later phase, for the feedback portal: to the account whose tables they are, and to staff."""
    root = cases.root_of(session, matter.case)
    if matter.notice.name != "released" or not (to.is_staff or to.account_id == root.account_id):
        return ()
    return tuple(completeness.told(reading_completeness.checklist(session, root).later))


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
    """Until when the reader may answer: a question, or whether they take the lead."""
    until = _data(matter).get("until")
    return datetime.fromisoformat(until) if until else None


def _since(matter: Matter) -> datetime:
    """Since when it is so, where the notice says it; an outage has begun before it is told."""
    since = matter.args.get("since")
    return datetime.fromisoformat(since) if since else matter.at


def _moved(session: Session, matter: Matter) -> Moved | None:
    if matter.entry is None or matter.entry.kind != "promise.moved":
        return None
    data = matter.entry.data
    before, after = (datetime.fromisoformat(at) if at else None for at in (data["before"], data["after"]))
    assert after is not None, "a promise moves to some date"
    old, new = _calendars(session, matter)
    was, ends = day_ended(old, before) if before else "", day_ended(new, after)
    return Moved(CLOCKS[data["name"]].label, before, after, after <= matter.at, was, ends)


def _calendars(session: Session, matter: Matter) -> tuple[Calendar, Calendar]:
    """Those the moved clock counted by before and after; what was decided since is not looked at."""
    clock = session.get(Clock, matter.args.get("clock_id", 0))
    if clock is None:
        newest = clocks.newest_calendar(session).calendar
        return newest, newest
    assert matter.entry is not None, "a moved date has its entry"
    known = [event for event in clocks.events_of(session, clock.id) if event.recorded_at <= matter.entry.at]
    taken = [event.calendar for event in known if event.calendar is not None]
    new = taken[-1] if taken else _calendar(session, clock.calendar_id)
    return (taken[-2] if len(taken) > 1 and known[-1].calendar is not None else new), new


def _data(matter: Matter) -> Mapping[str, Any]:
    return matter.entry.data if matter.entry else {}
