"""A case is given to somebody who works on it, or to nobody."""

from sqlalchemy.orm import Session

from request_tracker.actions import record
from request_tracker.actions.advance import Stale, touch
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.people import Act
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.terms import Role
from request_tracker.store import cases
from request_tracker.store.cases import Case
from request_tracker.store.people import Person
from request_tracker.store.timeline import Entry

MAY_ASSIGN = (Role.SPECIALIST, Role.LEAD)
ASSIGNABLE = (Role.SPECIALIST, Role.ENGINEER, Role.LEAD)


def assign(session: Session, case: Case, person_id: int | None, *, version: int, act: Act) -> Entry:
    """Give the case to a person (None: to nobody). Raises NotAllowed, Stale, Unfit."""
    if act.who.role not in MAY_ASSIGN:
        raise NotAllowed("Only a specialist or a lead may assign a case")
    (case,) = cases.locked(session, case.id)
    if case.version != version:
        raise Stale(case)
    person = _worker(session, case, person_id)
    before, case.assignee_id = case.assignee_id, person.id if person else None
    touch(case, act.now)
    data = {"name": person.name if person else "nobody", "before": before, "after": case.assignee_id}
    return record.entry(session, case, act, "assigned", data=data, audience="staff")


def _worker(session: Session, case: Case, person_id: int | None) -> Person | None:
    if case.merged_into_id is not None:
        raise Unfit("assignee", "This case was merged: assign the case it was merged into")
    if person_id is None:
        return None
    person = session.get(Person, person_id)
    if person is None or not person.active or person.role not in ASSIGNABLE:
        raise Unfit("assignee", "Choose a specialist, an engineer or a lead from the list")
    return person
