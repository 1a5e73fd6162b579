"""Letters are written, a row a person, and sent: the effects "notify" and "deliver"."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from request_tracker.mail import compose as writing
from request_tracker.mail.compose import Composed
from request_tracker.mail.deliver import Outgoing, Transport, Undeliverable
from request_tracker.rules.notices import NOTICES
from request_tracker.rules.people import Act
from request_tracker.settings import Settings
from request_tracker.store import heirs, jobs, letters, requests, timeline
from request_tracker.store.cases import Case
from request_tracker.store.letters import Letter
from request_tracker.store.recipients import Recipient, recipients
from request_tracker.store.session import Database
from request_tracker.store.timeline import Entry
from request_tracker.work.particulars import Matter, told


@dataclass(frozen=True)
class Envelope:
    """Which letter this is, and to whom. The same `unique_key` is the same letter, whoever writes it again."""

    unique_key: str
    notice: str
    to: Recipient
    case_id: int | None = None
    event_id: int | None = None
    attachments: Sequence[Mapping[str, str]] = ()


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
    if entry is not None and not _still_so(session, notice.name, case, entry):
        return 0
    matter = Matter(notice, case, entry, act, settings.base_url, args)
    wanted = recipients(session, notice, case, entry, args.get("request_id"))
    return sum(_told(session, matter, to, _occasion(args, event_id), settings) for to in wanted)


def write(session: Session, envelope: Envelope, composed: Composed, *, settings: Settings, now: datetime) -> bool:
    """Store a letter and queue its delivery, once per unique key. True when it is new."""
    if letters.by_key(session, envelope.unique_key) is not None:
        return False
    make = postgres_insert if session.get_bind().dialect.name == "postgresql" else sqlite_insert
    row = _row(envelope, composed, settings, now)
    session.execute(make(Letter).values(row).on_conflict_do_nothing())
    letter = letters.by_key(session, envelope.unique_key)
    assert letter is not None, "it was written just now, by us or by another worker"
    key = f"deliver:{letter.id}"
    return jobs.put(session, "deliver", {"letter_id": letter.id}, now=now, unique_key=key, event_id=envelope.event_id)


def deliver(database: Database, letter_id: int, now: datetime, transport: Transport) -> str:
    """Send a waiting letter; answers its state afterwards (sent; dead when refused for good, or undone in
    the meantime).

    Raises Undeliverable (not permanent) when it should be tried again. Idempotent: a letter that is not waiting is
    left alone. A crash between the server's 250 and our commit can send it again, with the same Message-ID, which is
    how mail programs know a copy.
    """
    if not transport.leaves:
        with database.transaction() as session:
            return _record(session, letter_id, now, error=_too_late(session, letter_id))
    with database.reading() as session:
        letter = session.get_one(Letter, letter_id)
        if letter.state != "waiting":
            return letter.state
        outgoing, error = _outgoing(letter, now), _too_late(session, letter_id)
    error = error or _send(transport, outgoing)
    with database.transaction() as session:
        return _record(session, letter_id, now, error=error)


def _told(session: Session, matter: Matter, to: Recipient, occasion: str, settings: Settings) -> int:
    envelope = Envelope(
        unique_key=f"{matter.notice.name}:{occasion}:{to.person_id}",
        notice=matter.notice.name,
        to=to,
        case_id=matter.case.id,
        event_id=matter.entry.id if matter.entry else None,
        attachments=matter.args.get("attachments", ()),
    )
    if letters.by_key(session, envelope.unique_key) is not None:
        return 0
    composed = writing.compose(matter.notice.template, told(session, matter, to))
    return int(write(session, envelope, composed, settings=settings, now=matter.act.now))


def _still_so(session: Session, notice: str, case: Case, entry: Entry) -> bool:
    """Nobody is asked to lead after the question was closed, or told that they lead after somebody else does."""
    if notice == "primary_asked":
        ask = heirs.open_ask(session, case.id)
        return ask is not None and ask.event_id == entry.id
    if notice == "promoted":
        return entry.data.get("after", case.primary_request_id) == case.primary_request_id
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
        "person_id": to.person_id,
        "account_id": to.account_id,
        "case_id": envelope.case_id,
        "request_id": requests.request_id(to.request_number) if to.request_number else None,
        "to_address": to.email,
        "subject": composed.subject,
        "text": composed.text,
        "html": composed.html,
        "headers": writing.headers(number=to.number, case_number=to.case_number, host=host),
        "attachments": [dict(each) for each in envelope.attachments],
        "message_id": writing.message_id(envelope.unique_key, host),
        "state": "waiting",
        "created_at": now,
        "error": "",
        "event_id": envelope.event_id,
    }


def _outgoing(letter: Letter, now: datetime) -> Outgoing:
    return Outgoing(
        to=letter.to_address,
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
        message_id=letter.message_id,
        at=now,
        headers=letter.headers,
        attachments=letter.attachments,
    )


def _too_late(session: Session, letter_id: int) -> str:
    event_id = session.get_one(Letter, letter_id).event_id
    undone = event_id is not None and not timeline.stands(session, event_id)
    return "What this letter tells was undone before it went out" if undone else ""


def _send(transport: Transport, outgoing: Outgoing) -> str:
    """The server's final refusal, or nothing when it took the letter."""
    try:
        transport.send(outgoing)
    except Undeliverable as fault:
        if fault.permanent:
            return fault.sentence
        raise
    return ""


def _record(session: Session, letter_id: int, now: datetime, *, error: str = "") -> str:
    letter = session.get_one(Letter, letter_id, with_for_update=True)
    if letter.state == "waiting":
        letter.state, letter.sent_at, letter.error = ("dead", None, error) if error else ("sent", now, "")
    return letter.state
