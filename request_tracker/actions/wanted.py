"""A starter connector that is gone: the requester says that it is still wanted; withdrawing is the other answer."""

from sqlalchemy.orm import Session

from request_tracker.actions import conditions, hold
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.people import Act
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.terms import StarterState
from request_tracker.store import cases, connections, requests
from request_tracker.store.cases import Case
from request_tracker.store.requests import Request
from request_tracker.store.timeline import Entry

SAID = "I still want the starter connector. Please set it up again."


def still(session: Session, request: Request, act: Act) -> Entry:
    """The primary requester wants it: whoever works on the case hears so, and may provision again. Raises NotAllowed,
    Unfit where nothing is asked (any more)."""
    case = cases.locked_root(session, request.case_id)
    primary = requests.primary_of(session, case)
    if primary is None or primary.person_id != act.who.id or request.person_id != act.who.id:
        raise NotAllowed("Only the primary requester of this case may answer this")
    row = connections.live(session, case.id)
    if row is None or not is_asked(session, row, case):
        raise Unfit("connection", "This is not asked any more: nothing was changed")
    message = "The requester still wants it: provision it again"
    conditions.say(session, row, "created", act, ok=False, reason="wanted", message=message)
    return hold.comment(session, case, act, body=SAID, internal=False, account_id=row.account_id)


def is_asked(session: Session, row: connections.Connection, case: Case) -> bool:
    """Whether it is gone, and the requester has not said anything yet."""
    if case.outcome is not None or row.state != StarterState.MISSING or row.grace_until is not None:
        return False
    said = conditions.of_kind(session, row, "created")
    return said is not None and said.reason == "missing"
