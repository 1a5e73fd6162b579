"""Letters are written, a row a person: the effect "notify"."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from request_tracker.actions import meetings_due
from request_tracker.mail import compose as writing
from request_tracker.mail.compose import Composed, MailingList
from request_tracker.rules.notices import NOTICES, Notice, Way
from request_tracker.rules.people import Act
from request_tracker.rules.sla import LIVE
from request_tracker.settings import Settings
from request_tracker.store import clocks, heirs, jobs, letters, preferences, requests, timeline
from request_tracker.store.base import insertion
from request_tracker.store.cases import Case
from request_tracker.store.letters import Letter
from request_tracker.store.recipients import Recipient, recipients
from request_tracker.store.timeline import Entry
from request_tracker.work import inviting
from request_tracker.work.particulars import Matter, leaving, told


@dataclass(frozen=True)
class Envelope:
    """Which letter this is, and to whom. The same `unique_key` is the same letter, whoever writes it again.

    `unsubscribe`: the address that ends letters of this kind with one click, where it is another than its topic's.
    """

    unique_key: str
    notice: str
    to: Recipient
    case_id: int | None = None
    event_id: int | None = None
    attachments: Sequence[Mapping[str, str]] = ()
    unsubscribe: str = ""


def notify(session: Session, args: Mapping[str, Any], event_id: int | None, act: Act, settings: Settings) -> int:
    """Write the letters of a notice, one a person, and queue their delivery. Answers how many are new.

    `args`: {notice, case_id, [request_id], [clock_id], [round], [attachments]}. Nothing is written when the event was
    undone, or what it tells is not so any more. Idempotent: a letter's unique key is made of notice, event and person,
    and so is its delivery's.
    """
    entry = session.get(Entry, event_id) if event_id is not None else None
    if entry is not None and not timeline.stands(session, entry.id):
        return 0
    notice = NOTICES[args["notice"]]
    case = session.get_one(Case, args["case_id"])
    if entry is not None and not _still_so(session, notice.name, case, entry, act.now):
        return 0
    matter = Matter(notice, case, entry, act, settings.base_url, args, settings.secret_key)
    wanted = recipients(session, notice, case, entry, args.get("request_id"))
    return sum(_told(session, matter, to, _occasion(args, event_id), settings) for to in wanted)


def write(session: Session, envelope: Envelope, composed: Composed, *, settings: Settings, now: datetime) -> bool:
    """Store a letter, once per unique key, and queue its delivery, or let it wait for its reader's digest. True when it
    is new; nothing is written to who turned its topic off."""
    way = _way(session, envelope)
    if way is Way.OFF or letters.by_key(session, envelope.unique_key) is not None:
        return False
    row = _row(envelope, composed, settings, now) | {"state": "gathered" if way.gathers else "waiting"}
    letter_id = session.scalar(insertion(session, Letter).values(row).on_conflict_do_nothing().returning(Letter.id))
    if letter_id is None:
        return False
    if not way.gathers:
        key = f"deliver:{letter_id}"
        jobs.put(session, "deliver", {"letter_id": letter_id}, now=now, unique_key=key, event_id=envelope.event_id)
    return True


def _way(session: Session, envelope: Envelope) -> Way:
    """How its reader hears of it. Somebody without a place in the house chose nothing."""
    notice = NOTICES.get(envelope.notice)
    if notice is None or not envelope.to.person_id:
        return Way.INSTANT
    return preferences.way_of(session, envelope.to.person_id, notice.topic)


def _told(session: Session, matter: Matter, to: Recipient, occasion: str, settings: Settings) -> int:
    envelope = Envelope(
        unique_key=f"{matter.notice.name}:{occasion}:{to.person_id}",
        notice=matter.notice.name,
        to=to,
        case_id=matter.case.id,
        event_id=matter.entry.id if matter.entry else None,
        attachments=(
            *matter.args.get("attachments", ()),
            *inviting.attached(session, matter.notice.name, matter.entry, to, settings),
        ),
    )
    if letters.by_key(session, envelope.unique_key) is not None:
        return 0
    composed = writing.compose(matter.notice.template, told(session, matter, to))
    return int(write(session, envelope, composed, settings=settings, now=matter.act.now))


def _still_so(session: Session, notice: str, case: Case, entry: Entry, now: datetime) -> bool:
    """Nobody is asked to lead after the question was closed, or told that they lead after somebody else does, or told
    the new date of a promise that has ended or was taken back since."""
    if notice == "primary_asked":
        ask = heirs.open_ask(session, case.id)
        return ask is not None and ask.event_id == entry.id
    if notice.startswith("meeting_") and notice != "meeting_asked":
        return meetings_due.still_so(session, notice, entry, now)
    if notice == "promoted":
        return entry.data.get("after", case.primary_request_id) == case.primary_request_id
    if entry.kind == "promise.moved":
        moved = entry.data["name"], entry.data["cycle"]
        return any(each.state in LIVE for each in clocks.of_case(session, case.id) if (each.name, each.cycle) == moved)
    return True


def _occasion(args: Mapping[str, Any], event_id: int | None) -> str:
    """The event; or, where no event causes the notice, the case. Clocks and reminders count their own occasions."""
    begin = str(event_id) if event_id is not None else f"case{args['case_id']}"
    return ".".join([begin, *(str(args[name]) for name in ("clock_id", "round") if args.get(name) is not None)])


def _row(envelope: Envelope, composed: Composed, settings: Settings, now: datetime) -> dict[str, Any]:
    to, host = envelope.to, writing.host_of(settings.mail_from)
    return {
        "unique_key": envelope.unique_key,
        "notice": envelope.notice,
        "person_id": to.person_id or None,
        "account_id": to.account_id,
        "case_id": envelope.case_id,
        "request_id": requests.request_id(to.request_number) if to.request_number else None,
        "to_address": to.email,
        "subject": composed.subject,
        "text": composed.text,
        "html": composed.html,
        "headers": writing.headers(number=to.number, host=host, belongs_to=_belongs_to(envelope, settings)),
        "attachments": [dict(each) for each in envelope.attachments],
        "message_id": writing.message_id(envelope.unique_key, host, settings.secret_key),
        "state": "waiting",
        "created_at": now,
        "error": "",
        "event_id": envelope.event_id,
    }


def _belongs_to(envelope: Envelope, settings: Settings) -> MailingList:
    notice = NOTICES.get(envelope.notice)
    if notice is None or notice.topic is None:
        return MailingList(_list_name(notice), unsubscribe=envelope.unsubscribe)
    own = leaving(envelope.to.person_id, [notice.topic], settings.base_url, settings.secret_key)
    return MailingList(notice.topic.value, notice.topic.words, envelope.unsubscribe or own)


def _list_name(notice: Notice | None) -> str:
    """Letters that must be said are the program's own; what gathers others is a list by its own name."""
    return "" if notice is None or notice.must else notice.name
