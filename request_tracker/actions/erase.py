"""What is kept about a person is erased: who they were and what they wrote. Figures stay, and every chain whole."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, Select, delete, select, update
from sqlalchemy.orm import Session, aliased

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
    if leads := _numbers(session, _led(person.id)):
        said.append(
            f"They are the main contact of {leads}: choose another main contact on the case, or end the case first"
        )
    if works := _numbers(session, _assigned(person.id)):
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
    waits = update(Letter).where(own, Letter.state.in_(("waiting", "gathered"))).values(state="dead", error=GONE)
    _run(session, waits)
    empty: dict[str, Any] = {"to_address": "erased@erased.invalid", "subject": WORDS, "text": WORDS, "html": ""}
    count = _run(session, update(Letter).where(own).values(**empty, headers={}, attachments=[]))
    _run(session, update(Bounce).where(Bounce.person_id == person_id).values(address="erased@erased.invalid", said=""))
    return count


def _rest(session: Session, person: Person, act: Act) -> None:
    of_theirs: tuple[ColumnElement[bool], ...] = (
        Draft.person_id == person.id,
        Preference.person_id == person.id,
        Presence.person_id == person.id,
        KeyedAnswer.person_id == person.id,
        (SavedView.owner_id == person.id) & SavedView.is_team.is_(False),
    )
    for model, own in zip((Draft, Preference, Presence, KeyedAnswer, SavedView), of_theirs, strict=True):
        _run(session, delete(model).where(own))
    _run(session, update(Absence).where(Absence.person_id == person.id).values(note=""))
    open_one = (Subscription.person_id == person.id, Subscription.ended_at.is_(None))
    _run(session, update(Subscription).where(*open_one).values(ended_at=act.now, ended_by_id=act.who.id))


def _person(session: Session, person: Person, act: Act) -> None:
    persons.end_all(session, person, act)
    person.active, person.password_hash, person.erased_at = False, None, act.now
    person.name, person.email = f"Erased person {person.id}", f"erased-{person.id}@erased.invalid"
    person.zone = "UTC"
    session.flush()


def _led(person_id: int) -> Select[int]:
    root = aliased(Case)
    found = select(root.id).join(Request, Request.id == root.primary_request_id)
    return found.where(Request.person_id == person_id, Request.withdrawn_at.is_(None), root.outcome.is_(None))


def _assigned(person_id: int) -> Select[int]:
    return select(Case.id).where(Case.assignee_id == person_id, Case.outcome.is_(None))


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
