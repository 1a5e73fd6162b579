"""What is kept about a person is erased: who they were and what they wrote. Figures stay, and every chain whole."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, Select, delete, or_, select, update
from sqlalchemy.orm import Session

from request_tracker.actions import auditing, persons
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.people import Act
from request_tracker.rules.terms import Role
from request_tracker.store import passwords, search
from request_tracker.store.absences import Absence
from request_tracker.store.assessments import Assessment
from request_tracker.store.bounces import Bounce
from request_tracker.store.cases import Case, case_number
from request_tracker.store.documents import Document
from request_tracker.store.drafts import Draft
from request_tracker.store.evidence import Evidence
from request_tracker.store.holds import Comment, Hold
from request_tracker.store.letters import GONE, Letter
from request_tracker.store.meetings import Meeting
from request_tracker.store.people import Person
from request_tracker.store.preferences import Preference
from request_tracker.store.presences import Presence
from request_tracker.store.reading_people import assigned_to, led_by
from request_tracker.store.reports import Subscription
from request_tracker.store.requests import Request
from request_tracker.store.role_checks import RoleCheck
from request_tracker.store.saved_views import SavedView
from request_tracker.store.timeline import Entry, EntryText
from request_tracker.store.tokens import KeyedAnswer

WORDS = "(erased)"
"""What stands where a column needs some words."""
NAMED = 5


@dataclass(frozen=True)
class Erased:
    """How many rows lost their words."""

    requests: int
    texts: int
    letters: int


def obstacles(session: Session, person: Person) -> tuple[str, ...]:
    """What has to be done before; empty where nothing stands in the way."""
    said = []
    if leads := _numbers(session, led_by(person.id)):
        said.append(
            f"They are the main contact of {leads}: choose another main contact on the case, or end the case first"
        )
    if works := _numbers(session, assigned_to(person.id)):
        said.append(f"They work on {works}: assign somebody else first")
    return tuple(said)


def erase(session: Session, person_id: int, act: Act) -> Erased:
    """Empty it all, and end whatever lets them in. Twice: the second time is refused, as nothing is left.

    What staff wrote on cases in the course of their work stays with the cases: only who they were goes.

    Raises NotAllowed, NoSuchPerson, Unfit.
    """
    persons.must_be_admin(act)
    person = session.get(Person, person_id, with_for_update=True, populate_existing=True)
    if person is None:
        raise persons.NoSuchPerson("Nobody here has this number: choose from the list of people")
    if person.erased_at is not None:
        raise Unfit("sure", persons.ERASED)
    if person.id == act.who.id:
        raise Unfit("sure", "Nobody erases themselves: ask another admin")
    if person.role == Role.ADMIN and person.active:
        raise Unfit("sure", "Deactivate this admin first")
    if standing := obstacles(session, person):
        raise Unfit("sure", ". ".join(standing))
    is_customer = person.role == Role.REQUESTER
    texts = _texts(session, person.id, act) if is_customer else 0
    if is_customer:
        _empty(session, _quoting(person))
    found = Erased(_requests(session, person.id, act), texts, _letters(session, person.id))
    _rest(session, person, act)
    passwords.forget(session, person.email)
    _person(session, person, act)
    search.forget_person(session, person.id)
    auditing.note(session, act, "person.erased", auditing.of_person(person.id), person=person.id, **vars(found))
    return found


def _requests(session: Session, person_id: int, act: Act) -> int:
    """What they asked for stays by name and address of the service, which the case shares; their own words go."""
    own = Request.person_id == person_id
    ids = select(Request.id).where(own)
    empty = dict.fromkeys(("custom_fields", "group_wanted", "fivetran_role", "also_tell"), "")
    count = _run(session, update(Request).where(own).values(use_case=WORDS, data_needed=WORDS, form_key=None, **empty))
    kept = (Document.request_id.in_(ids), Document.forgotten_at.is_(None))
    _run(session, update(Document).where(*kept).values(body=None, forgotten_at=act.now))
    _run(session, update(Document).where(Document.request_id.in_(ids)).values(filename=WORDS))
    _run(session, delete(RoleCheck).where(RoleCheck.request_id.in_(ids)))
    return count


def _texts(session: Session, person_id: int, act: Act) -> int:
    """Words of the timeline, with their salt: their digest stays in the chain and says nothing without it."""
    theirs = select(Entry.id).where(Entry.actor_id == person_id)
    kept = (EntryText.entry_id.in_(theirs), EntryText.erased_at.is_(None))
    count = _run(session, update(EntryText).where(*kept).values(body=None, salt=None, erased_at=act.now))
    _run(session, update(Comment).where(Comment.author_id == person_id).values(body=WORDS))
    _run(session, update(Hold).where(Hold.ended_by_id == person_id, Hold.answer.is_not(None)).values(answer=WORDS))
    _run(session, update(Hold).where(Hold.asked_by_id == person_id, Hold.question != "").values(question=WORDS))
    _run(session, update(Evidence).where(Evidence.by_id == person_id).values(note="", link=""))
    _run(session, update(Evidence).where(Evidence.voided_by_id == person_id).values(void_reason=WORDS))
    _run(session, update(Assessment).where(Assessment.by_id == person_id).values(note=""))
    _run(session, update(Meeting).where(Meeting.guest_id == person_id).values(place="", asked=""))
    return count


def _letters(session: Session, person_id: int) -> int:
    """That a letter was written stays, and of which kind; what waits is not sent any more."""
    own = Letter.person_id == person_id
    count = _empty(session, own)
    _run(session, update(Letter).where(own).values(to_address="erased@erased.invalid", headers={}))
    _run(session, update(Bounce).where(Bounce.person_id == person_id).values(address="erased@erased.invalid", said=""))
    return count


def _quoting(person: Person) -> ColumnElement[bool]:
    """Letters to others that tell what they did, or that name them in a matter of theirs: copies of their words, and of
    their address in an invitation."""
    roots = select(Case.root_id).join(Request, Request.case_id == Case.id).where(Request.person_id == person.id)
    named = or_(*(Letter.text.contains(each, autoescape=True) for each in (person.name, person.email)))
    did = Letter.event_id.in_(select(Entry.id).where(Entry.actor_id == person.id))
    of_theirs = Letter.case_id.in_(select(Case.id).where(Case.root_id.in_(roots))) & named
    return (Letter.person_id.is_(None) | (Letter.person_id != person.id)) & (did | of_theirs)


def _empty(session: Session, which: ColumnElement[bool]) -> int:
    """Answers how many letters lost their words."""
    waits = update(Letter).where(which, Letter.state.in_(("waiting", "gathered"))).values(state="dead", error=GONE)
    _run(session, waits)
    return _run(session, update(Letter).where(which).values(subject=WORDS, text=WORDS, html="", attachments=[]))


def _rest(session: Session, person: Person, act: Act) -> None:
    for model in (Draft, Preference, Presence, KeyedAnswer):
        _run(session, delete(model).where(model.person_id == person.id))
    _run(session, delete(SavedView).where(SavedView.owner_id == person.id, SavedView.is_team.is_(False)))
    _run(session, update(Absence).where(Absence.person_id == person.id).values(note=""))
    open_one = (Subscription.person_id == person.id, Subscription.ended_at.is_(None))
    _run(session, update(Subscription).where(*open_one).values(ended_at=act.now, ended_by_id=act.who.id))


def _person(session: Session, person: Person, act: Act) -> None:
    persons.end_all(session, person, act)
    person.active, person.password_hash, person.erased_at = False, None, act.now
    person.name, person.email = f"Erased person {person.id}", f"erased-{person.id}@erased.invalid"
    person.zone = "UTC"
    session.flush()


def _numbers(session: Session, found: Select[int]) -> str:
    """`LITE-000001, LITE-000002 and more`; empty where there is none."""
    column = found.selected_columns[0]
    ids = list(session.scalars(found.order_by(column).limit(NAMED + 1)))
    told = ", ".join(case_number(each) for each in ids[:NAMED])
    return f"{told} and more" if len(ids) > NAMED else told


def _run(session: Session, statement: Any) -> int:
    done = session.execute(statement.execution_options(synchronize_session=False))
    assert isinstance(done, CursorResult)
    return int(done.rowcount)
