"""What can happen to a letter after it left: it comes back, its address works again, it is sent once more."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from request_tracker.actions import auditing
from request_tracker.rules.bouncing import HARD, SOFT, SOFT_TOO_OFTEN, is_about_address, kind_of
from request_tracker.rules.people import Act
from request_tracker.store import bounces, jobs, people, reading_letters
from request_tracker.store.bounces import Bounce
from request_tracker.store.jobs import Job
from request_tracker.store.letters import Letter


@dataclass(frozen=True)
class Failure:
    """A letter that failed. `status` as in RFC 3463; `said`: the server's words.

    `address` where no letter is known. Only a `proven` one can stop letters to the address: what anybody could have
    sent us is shown, and nothing more. So is what tells of a letter from before the address was said to work again.
    """

    status: str
    said: str
    letter_id: int | None = None
    address: str = ""
    proven: bool = True


def record(session: Session, failure: Failure, now: datetime) -> Bounce:
    """Keep a failure. Twice: the same failure of the same letter is kept once, until it is cleared."""
    letter = session.get(Letter, failure.letter_id) if failure.letter_id else None
    address, status = (letter.to_address if letter else failure.address).lower(), failure.status[:20]
    letter_id = letter.id if letter and failure.proven and not _is_over(session, letter) else None
    if (before := bounces.known(session, address, letter_id, status)) is not None:
        return before
    person = people.by_email(session, address)
    found = Bounce(
        letter_id=letter_id,
        person_id=person.id if person else None,
        address=address,
        kind=_kind(session, address, status, letter_id, now),
        status=status,
        said=failure.said,
        at=now,
    )
    session.add(found)
    session.flush()
    return found


def _is_over(session: Session, letter: Letter) -> bool:
    """It left before somebody said that its address works again."""
    cleared_at = bounces.cleared_last(session, letter.to_address)
    return cleared_at is not None and letter.sent_at is not None and letter.sent_at <= cleared_at


def _kind(session: Session, address: str, status: str, letter_id: int | None, now: datetime) -> str:
    """What the status says; but the third letter within a week that the address did not take counts as hard."""
    if letter_id is None:
        return SOFT
    if kind_of(status) == HARD or not is_about_address(status):
        return kind_of(status)
    return HARD if bounces.soft_lately(session, address, now, besides=letter_id) >= SOFT_TOO_OFTEN - 1 else SOFT


def clear(session: Session, address: str, act: Act) -> bool:
    """The address works again: nothing that came back from it counts any more. False when nothing stood."""
    rows = bounces.uncleared(session, address)
    for row in rows:
        row.cleared_at, row.cleared_by_id = act.now, act.who.id
    session.flush()
    if rows:
        place = f"an address at {address.rpartition('@')[2]}"
        auditing.note(session, act, "letters.address_cleared", place, bounces=[row.id for row in rows])
    return bool(rows)


def send_again(session: Session, letter_id: int, act: Act) -> bool:
    """Give a letter that did not go out another round of attempts. False when it went out, waits, or was dropped.

    The letter keeps its Message-ID. Its delivery is a job of its own again: the old one gives up its key, so that two
    presses of the button are one delivery.
    """
    if not _again(session, letter_id, act):
        return False
    auditing.note(session, act, "letter.sent_again", f"letter {letter_id}", letter=letter_id)
    return True


def _again(session: Session, letter_id: int, act: Act) -> bool:
    letter = session.get(Letter, letter_id, with_for_update=True)
    if letter is None or letter.state not in ("dead", "waiting"):
        return False
    key = f"deliver:{letter.id}"
    job = session.scalar(select(Job).where(Job.unique_key == key))
    if job is None or (letter.state == "waiting" and job.state != "dead"):
        return False
    letter.state, letter.error = "waiting", ""
    session.flush()
    if job.state in ("done", "dead", "cancelled"):
        session.execute(update(Job).where(Job.id == job.id).values(unique_key=None))
    jobs.put(session, "deliver", {"letter_id": letter.id}, now=act.now, unique_key=key, event_id=letter.event_id)
    return True


def send_all_again(session: Session, act: Act, *, most: int = 1000) -> int:
    """Try again every dead letter whose address is not known to be wrong, after an outage. Answers how many."""
    count = sum(_again(session, letter_id, act) for letter_id in reading_letters.stuck(session, most=most))
    if count:
        auditing.note(session, act, "letters.sent_again", "letters", count=count)
    return count
