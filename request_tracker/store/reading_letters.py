"""What the admin sees of letters: those that wait, those that did not go out, and the addresses they come back from."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, String, and_, case, cast, func, literal, or_, select, text
from sqlalchemy.orm import Session

from request_tracker.rules.bouncing import HARD
from request_tracker.store import bounces, letters
from request_tracker.store.bounces import Bounce
from request_tracker.store.cases import case_number
from request_tracker.store.jobs import Job
from request_tracker.store.letters import Letter
from request_tracker.store.people import Person
from request_tracker.store.requests import Request, request_id, request_number
from request_tracker.store.timeline import Undone

STATES = ("dead", "waiting", "gathered", "sent", "dropped")
MOST_BOUNCES = 100
_UNDONE = select(Undone.entry_id).where(Undone.entry_id == Letter.event_id).exists()
_GONE = Letter.error == letters.GONE
_STUCK = and_(Letter.state == "waiting", Job.state == "dead")
UNSENT = text("letter.state IN ('waiting', 'dead')")
"""Written as the index on it has it: a database cannot know what a parameter will be."""
_WHERE: dict[str, Any] = {
    "dead": and_(UNSENT, or_(and_(Letter.state == "dead", Job.id.is_not(None)), _STUCK), ~_UNDONE, ~_GONE),
    "waiting": and_(UNSENT, Letter.state == "waiting", Job.state.is_distinct_from("dead"), ~_UNDONE),
    "gathered": text("letter.state = 'gathered'"),
    "sent": Letter.state == "sent",
    "dropped": and_(UNSENT, or_(and_(Letter.state == "dead", or_(Job.id.is_(None), _GONE)), _UNDONE)),
}
"""Dead: somebody should have it and does not, also where a killed worker could not write that into the letter's row.
Dropped: nobody should have it any more, as it was undone, its reader left, or wanted none by the time it was told."""


@dataclass(frozen=True)
class LetterRow:
    """`state` is one of STATES, or folded. `due_at`: the next attempt of one that waits. `why`: the last error."""

    id: int
    notice: str
    to: str
    subject: str
    state: str
    why: str
    case_number: str
    created_at: datetime
    sent_at: datetime | None
    due_at: datetime | None
    attempt: int
    max_attempts: int
    comes_back: bool

    @property
    def may_go_again(self) -> bool:
        return self.state == "dead" and not self.comes_back


@dataclass(frozen=True)
class Pile:
    """`next_before` is the id to go on below, None on the last page."""

    items: tuple[LetterRow, ...]
    next_before: int | None


@dataclass(frozen=True)
class BounceRow:
    """What came back from one address. `held` counts the letters that did not go out because of it."""

    id: int
    address: str
    person: str
    kind: str
    status: str
    said: str
    at: datetime
    letter_id: int | None
    held: int

    @property
    def is_hard(self) -> bool:
        return self.kind == HARD


@dataclass(frozen=True)
class WholeLetter:
    row: LetterRow
    text: str
    html: str
    message_id: str
    headers: dict[str, Any]
    bounces: tuple[BounceRow, ...]


class NoSuchLetter(LookupError):
    """No letter with this number was written."""


def pile(session: Session, state: str, *, limit: int, before: int | None = None, address: str = "") -> Pile:
    """Letters of one of STATES, newest first, below the id `before`; of one address, where one is named."""
    # Of gathered letters there are few, and no index has them by number: a sum keeps SQLite from reading all letters.
    number = Letter.id + 0 if state == "gathered" else Letter.id
    found = _listed().where(_WHERE[state]).order_by(number.desc()).limit(limit + 1)
    if before is not None:
        found = found.where(Letter.id < before)
    if address:
        found = found.where(func.lower(Letter.to_address) == address.strip().lower())
    rows = session.execute(found).all()
    wrong = bounces.returning(session, [row[0].to_address for row in rows])
    items = tuple(_row(letter, job, undone, wrong) for letter, job, undone in rows[:limit])
    return Pile(items, items[-1].id if len(rows) > limit else None)


def count(session: Session, state: str, *, most: int = 1000) -> int:
    """How many letters of one of STATES there are, counted up to `most`."""
    some = select(Letter.id).outerjoin(Job, _delivers()).where(_WHERE[state]).limit(most).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def stuck(session: Session, *, most: int) -> list[int]:
    """The ids of dead letters whose address is not known to be wrong, oldest first."""
    wrong = select(Bounce.id).where(
        Bounce.address == func.lower(Letter.to_address), Bounce.cleared_at.is_(None), Bounce.kind == HARD
    )
    found = select(Letter.id).join(Job, _delivers()).where(_WHERE["dead"], ~wrong.exists())
    return list(session.scalars(found.order_by(Letter.id).limit(most)))


def unwritten(session: Session) -> int:
    """Jobs that died before their letters were even written."""
    kinds = ("notify", "mail_report", "digest", "send_sample")
    return session.scalar(select(func.count(Job.id)).where(Job.state == "dead", Job.kind.in_(kinds))) or 0


def letter(session: Session, letter_id: int) -> WholeLetter:
    """One letter of any state. Raises NoSuchLetter."""
    found = session.execute(_listed().where(Letter.id == letter_id)).one_or_none()
    if found is None:
        raise NoSuchLetter(f"There is no letter {letter_id}")
    kept, job, undone = found
    row = _row(kept, job, undone, bounces.returning(session, [kept.to_address]))
    back = _returned(session, Bounce.letter_id == letter_id)
    return WholeLetter(row, kept.text, kept.html, kept.message_id, dict(kept.headers), back)


def returned(session: Session) -> tuple[BounceRow, ...]:
    """What came back and was not cleared: hard ones first, then newest first."""
    return _returned(session, Bounce.cleared_at.is_(None))


def unreached(session: Session, numbers: Iterable[str]) -> frozenset[str]:
    """Of these requests' numbers those whose person gets no letters any more."""
    ids = [request_id(number) for number in numbers]
    found = (
        select(Request.id)
        .join(Person, Person.id == Request.person_id)
        .join(Bounce, and_(Bounce.address == Person.email, Bounce.cleared_at.is_(None), Bounce.kind == HARD))
        .where(Request.id.in_(ids))
    )
    return frozenset(request_number(each) for each in session.scalars(found)) if ids else frozenset()


def _returned(session: Session, where: Any) -> tuple[BounceRow, ...]:
    held = (
        select(func.count(Letter.id))
        .where(Letter.state == "dead", func.lower(Letter.to_address) == Bounce.address, ~_UNDONE)
        .correlate(Bounce)
        .scalar_subquery()
    )
    order = case((Bounce.kind == HARD, 0), else_=1)
    found = select(Bounce, Person.name, held).outerjoin(Person, Person.id == Bounce.person_id).where(where)
    rows = session.execute(found.order_by(order, Bounce.id.desc()).limit(MOST_BOUNCES)).all()
    return tuple(
        BounceRow(b.id, b.address, name or "", b.kind, b.status, b.said, b.at, b.letter_id, number)
        for b, name, number in rows
    )


def _listed() -> Select[Letter, Job, bool]:
    return select(Letter, Job, _UNDONE).outerjoin(Job, _delivers())


def _delivers() -> Any:
    """A letter has one delivery under this key; the key is indexed, what a job is about is not."""
    return Job.unique_key == literal("deliver:") + cast(Letter.id, String)


def _row(kept: Letter, job: Job | None, undone: bool, wrong: dict[str, Bounce]) -> LetterRow:
    stuck = kept.state == "waiting" and job is not None and job.state == "dead"
    nobodys = kept.state == "dead" and (job is None or kept.error == letters.GONE)
    dropped = nobodys or (undone and kept.state in ("dead", "waiting"))
    state = "dropped" if dropped else "dead" if stuck else kept.state
    return LetterRow(
        id=kept.id,
        notice=kept.notice,
        to=kept.to_address,
        subject=kept.subject,
        state=state,
        why=kept.error or (job.last_error if job and kept.state == "waiting" else ""),
        case_number=case_number(kept.case_id) if kept.case_id else "",
        created_at=kept.created_at,
        sent_at=kept.sent_at,
        due_at=job.run_at if job and state == "waiting" else None,
        attempt=job.attempt if job else 0,
        max_attempts=job.max_attempts if job else 0,
        comes_back=kept.to_address.lower() in wrong,
    )
