"""Two cases that look alike are not the same service: a specialist says so once, and the pair stays dismissed."""

from sqlalchemy.orm import Session

from request_tracker.actions import record
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.people import Act
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.terms import Role
from request_tracker.store import cases
from request_tracker.store.cases import Case
from request_tracker.store.dismissals import DismissedPair, dismissed_with

MAY_DISMISS = (Role.SPECIALIST, Role.LEAD)
KINDS = ("different", "related")


def dismiss(session: Session, case: Case, other: Case, act: Act, *, kind: str = "different") -> None:
    """Keep the pair from being suggested again. Idempotent. Raises NotAllowed, Unfit."""
    if act.who.role not in MAY_DISMISS:
        raise NotAllowed("Only a specialist or a lead may dismiss a suggestion")
    if kind not in KINDS:
        raise Unfit("kind", f"Choose one of: {', '.join(KINDS)}")
    if case.id == other.id:
        raise Unfit("other", "A case cannot differ from itself: name another case")
    cases.locked(session, case.id, other.id)
    if other.id in dismissed_with(session, case.id):
        return
    left, right = sorted((case.id, other.id))
    session.add(DismissedPair(left_id=left, right_id=right, kind=kind, by_id=act.who.id, at=act.now))
    record.entry(session, case, act, "dismissed", data={"other": other.number, "kind": kind}, audience="staff")
