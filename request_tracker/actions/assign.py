"""A case is given to somebody who works on it, or to nobody."""

from sqlalchemy.orm import Session

from request_tracker.actions import record
from request_tracker.actions.advance import Stale, touch
from request_tracker.actions.unfit import Unfit
from request_tracker.rules import absence_words
from request_tracker.rules.people import Act
from request_tracker.rules.phases import BUILDING
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.terms import Role
from request_tracker.store import absences, cases
from request_tracker.store.cases import Case
from request_tracker.store.people import Person
from request_tracker.store.timeline import Entry

MAY_ASSIGN = (Role.SPECIALIST, Role.LEAD)
ASSIGNABLE = (Role.SPECIALIST, Role.ENGINEER, Role.LEAD)


class Absent(Unfit):
    """The person is away: whoever assigns is asked once more."""


def assign(session: Session, case: Case, person_id: int | None, *, version: int, act: Act, sure: bool = False) -> Entry:
    """Give the case to a person (None: to nobody). Raises NotAllowed, Stale, Unfit; Absent where the person is away and
    it was not said that this is meant (`sure`)."""
    if act.who.role not in MAY_ASSIGN:
        raise NotAllowed("Only a specialist or a lead may assign a case")
    (case,) = cases.locked(session, case.id)
    if case.version != version:
        raise Stale(case)
    person = _worker(session, case, person_id)
    if person is not None and person.id != case.assignee_id and not sure:
        _must_be_there(session, person, act)
    before, case.assignee_id = case.assignee_id, person.id if person else None
    touch(case, act.now)
    data = {"name": person.name if person else "nobody", "before": before, "after": case.assignee_id}
    return record.entry(session, case, act, "assigned", data=data, audience="staff")


def take(session: Session, case: Case, *, version: int, act: Act) -> Entry:
    """An engineer takes a build nobody of the engineers has; who had it before reads so in the timeline.

    Raises NotAllowed, Stale, Unfit.
    """
    if act.who.role is not Role.ENGINEER:
        raise NotAllowed("Only an engineer may take a build")
    (case,) = cases.locked(session, case.id)
    if case.version != version:
        raise Stale(case)
    if case.outcome is not None or case.phase not in BUILDING:
        raise Unfit("assignee", "Only a live case in development or private preview can be taken")
    _must_be_free(session, case)
    before, case.assignee_id = case.assignee_id, act.who.id
    touch(case, act.now)
    data = {"name": act.who.name, "before": before, "after": case.assignee_id}
    return record.entry(session, case, act, "assigned", data=data, audience="staff")


def _must_be_free(session: Session, case: Case) -> None:
    had = session.get(Person, case.assignee_id) if case.assignee_id is not None else None
    if had is not None and had.active and had.role == Role.ENGINEER:
        raise Unfit("assignee", f"{had.name} builds this case already: a specialist or a lead can give it to you")


def _worker(session: Session, case: Case, person_id: int | None) -> Person | None:
    if case.merged_into_id is not None:
        raise Unfit("assignee", "This case was merged: assign the case it was merged into")
    if person_id is None:
        return None
    person = session.get(Person, person_id)
    if person is None or not person.active or person.role not in ASSIGNABLE:
        raise Unfit("assignee", "Choose a specialist, an engineer or a lead from the list")
    return person


def _must_be_there(session: Session, person: Person, act: Act) -> None:
    away = absences.away_now(session, act.now).get(person.id)
    if away is not None:
        raise Absent("assignee", absence_words.ask_again(person.name, away.last_day, away.stand_in))
