"""Letters are sent: the effect "deliver"; and what came back is found and recorded."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.actions import bounces as keeping
from request_tracker.actions.bounces import Failure
from request_tracker.mail import bounced
from request_tracker.mail.bounced import NoBounce, Returned
from request_tracker.mail.compose import is_message_id, one_line
from request_tracker.mail.deliver import Outgoing, Transport, Undeliverable
from request_tracker.settings import Settings
from request_tracker.store import bounces, letters, people, timeline
from request_tracker.store.bounces import Bounce
from request_tracker.store.letters import Letter
from request_tracker.store.people import Person
from request_tracker.store.session import Database

UNDONE = "What this letter tells was undone before it went out"


def deliver(
    database: Database,
    letter_id: int,
    now: datetime,
    transport: Transport,
    *,
    settings: Settings | None = None,
    is_last: bool = False,
) -> str:
    """Send a waiting letter; answers its state afterwards (sent; dead when refused for good, when its address is
    known not to work, when it was undone or its reader left in the meantime, or when this was the last attempt).

    Raises Undeliverable (not permanent) when it should be tried again. Idempotent: a letter that is not waiting is
    left alone. A crash between the server's 250 and our commit can send it again, with the same Message-ID, which is
    how mail programs know a copy.
    """
    if not transport.leaves:
        with database.transaction() as session:
            return _record(session, letter_id, now, why_not=_why_not(session, letter_id))
    with database.reading() as session:
        letter = session.get_one(Letter, letter_id)
        if letter.state != "waiting":
            return letter.state
        outgoing, why_not = _outgoing(letter, now, settings), _why_not(session, letter_id)
    refusal = None if why_not else _send(transport, outgoing, is_last=is_last)
    with database.transaction() as session:
        if refusal is not None and refusal.status:
            keeping.record(session, Failure(refusal.status, one_line(refusal.sentence)[:500], letter_id), now)
        return _record(session, letter_id, now, why_not=refusal.sentence if refusal else why_not)


def take_back(session: Session, raw: bytes, recipient: str, settings: Settings, now: datetime) -> Bounce:
    """Record what a returned mail tells. `recipient`: where it arrived, where the mail server says so.

    Its letter is named by the address it came back to; else by the Message-ID it returns; else only the person is
    known. Where letters go out with an address of their own, the other two are hearsay: they are shown, but silence
    nobody. Raises NoBounce for what is no failure of a letter of ours.
    """
    returned = bounced.read(raw, recipient)
    letter_id = bounced.letter_named(returned.arrived_at, settings.bounce_address, settings.secret_key)
    if letter_id is not None and session.get(Letter, letter_id) is not None:
        return keeping.record(session, Failure(returned.status, returned.said, letter_id), now)
    return keeping.record(session, _hearsay(session, returned, settings), now)


def _hearsay(session: Session, returned: Returned, settings: Settings) -> Failure:
    """A Message-ID proves to have had the letter; not one from before they were keyed, as those could be guessed."""
    found = select(Letter).where(Letter.message_id.in_(returned.message_ids), Letter.state == "sent")
    letter = session.scalar(found.limit(1))
    if letter is not None:
        keyed = is_message_id(letter.message_id, letter.unique_key, settings.secret_key)
        return Failure(returned.status, returned.said, letter.id, proven=keyed and not settings.bounce_address)
    address = next((each for each in returned.addresses if people.by_email(session, each)), None)
    if address is None:
        raise NoBounce("This names no letter of ours, and nobody we write to")
    return Failure(returned.status, returned.said, address=address, proven=False)


def _outgoing(letter: Letter, now: datetime, settings: Settings | None) -> Outgoing:
    return Outgoing(
        to=letter.to_address,
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
        message_id=letter.message_id,
        at=now,
        headers=letter.headers,
        attachments=letter.attachments,
        sender=_sender(letter.id, settings),
    )


def _sender(letter_id: int, settings: Settings | None) -> str:
    if settings is None or not settings.bounce_address:
        return ""
    return bounced.comes_back_to(settings.bounce_address, letter_id, settings.secret_key)


def _why_not(session: Session, letter_id: int) -> str:
    """Why a letter must not go out any more; empty when it may."""
    letter = session.get_one(Letter, letter_id)
    if letter.event_id is not None and not timeline.stands(session, letter.event_id):
        return UNDONE
    if letter.person_id is not None and not session.get_one(Person, letter.person_id).active:
        return letters.GONE
    if (standing := bounces.standing(session, letter.to_address)) is not None:
        since = f"{standing.at.day} {standing.at:%B %Y}"
        return f"{bounces.HELD_BACK} since {since} ({standing.said or standing.status})"
    return ""


def _send(transport: Transport, outgoing: Outgoing, *, is_last: bool) -> Undeliverable | None:
    """The final refusal, or nothing when the server took the letter."""
    try:
        transport.send(outgoing)
    except Undeliverable as fault:
        if fault.permanent:
            return fault
        if is_last:
            return Undeliverable(f"Tried too often. {fault.sentence}", permanent=True)
        raise
    return None


def _record(session: Session, letter_id: int, now: datetime, *, why_not: str = "") -> str:
    letter = session.get_one(Letter, letter_id, with_for_update=True)
    if letter.state == "waiting":
        letter.state, letter.sent_at, letter.error = ("dead", None, why_not) if why_not else ("sent", now, "")
    return letter.state
