"""Two cases that look alike are not the same service: a specialist says so once, and the pair stays dismissed."""

from sqlalchemy.orm import Session

from request_tracker.actions import record, scoring
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.people import Act
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.terms import Role
from request_tracker.store import cases, dismissals, pairs
from request_tracker.store.cases import Case
from request_tracker.store.dismissals import DismissedPair

MAY_DISMISS = (Role.SPECIALIST, Role.LEAD)
KINDS = ("different", "related")


def dismiss(session: Session, case: Case, other: Case, act: Act, *, kind: str = "different") -> DismissedPair:
    """Keep the pair from being suggested again, and out of the inbox. Raises NotAllowed, Unfit.

    Idempotent: answers the decision that stands, which is somebody else's where they were quicker.
    """
    _may(act, "dismiss a suggestion")
    if kind not in KINDS:
        raise Unfit("kind", f"Choose one of: {', '.join(KINDS)}")
    case, other = _locked(session, case, other)
    standing = dismissals.between(session, case.id, other.id)
    if standing is not None:
        return standing
    left, right = pairs.ordered(case.id, other.id)
    row = DismissedPair(left_id=left, right_id=right, kind=kind, by_id=act.who.id or 0, at=act.now)
    session.add(row)
    session.flush()
    ours, theirs = ([each.id for each in cases.tree(session, side.root_id or side.id)] for side in (case, other))
    pairs.drop_between(session, ours, theirs)
    _tell(session, case, other, act, "dismissed", kind)
    return row


def take_back(session: Session, case: Case, other: Case, act: Act) -> bool:
    """The decision about the pair no longer stands: both are compared anew. Raises NotAllowed, Unfit.

    Idempotent: False where nothing was decided about the two, or where somebody took it back already.
    """
    _may(act, "take back what was decided about a pair")
    case, other = _locked(session, case, other)
    standing = dismissals.between(session, case.id, other.id)
    if standing is None:
        return False
    session.delete(standing)
    session.flush()
    _tell(session, case, other, act, "dismissed.back", standing.kind)
    return True


def _may(act: Act, what: str) -> None:
    if act.who.role not in MAY_DISMISS:
        raise NotAllowed(f"Only a specialist or a lead may {what}")


def _locked(session: Session, case: Case, other: Case) -> list[Case]:
    if case.id == other.id:
        raise Unfit("other", "A case cannot differ from itself: name another case")
    return cases.locked(session, case.id, other.id)


def _tell(session: Session, case: Case, other: Case, act: Act, entry_kind: str, kind: str) -> None:
    """Both cases keep it in their history; taking back makes both be compared anew."""
    for one, two in ((case, other), (other, case)):
        entry = record.entry(session, one, act, entry_kind, data={"other": two.number, "kind": kind}, audience="staff")
        if entry_kind == "dismissed.back":
            scoring.later(session, one, act, entry)
