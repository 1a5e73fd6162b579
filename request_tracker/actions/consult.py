"""The consultation: a specialist offers meeting times."""

from sqlalchemy.orm import Session

from request_tracker.actions import clock, record
from request_tracker.actions.clock import Cause
from request_tracker.actions.rooted import must_be_led
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.people import Act
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.terms import Phase, Role
from request_tracker.store.cases import Case
from request_tracker.store.timeline import Entry

MAY_OFFER = (Role.SPECIALIST, Role.LEAD)


def offer(session: Session, case: Case, act: Act, *, times: str) -> Entry:
    """Tell the primary requester the meeting times; the promise to offer some is kept. Raises NotAllowed, Unfit.

    `times` is what the specialist typed, in any words. Offering again replaces nothing: both stay on the timeline.
    """
    if act.who.role not in MAY_OFFER:
        raise NotAllowed("Only a specialist or a lead may offer meeting times")
    if not times.strip():
        raise Unfit("times", "Write at least one meeting time, with its time zone")
    if case.outcome is not None or Phase(case.phase) is not Phase.CONSULTATION:
        raise Unfit("times", "Meeting times are offered during the consultation: accept the case first")
    must_be_led(case)
    entry = record.entry(session, case, act, "slots", words={"times": times.strip()}, audience="account")
    clock.stop(session, case, "consult_offer", Cause(act, entry.id))
    record.notify(session, "slots", case, act, entry)
    return entry
