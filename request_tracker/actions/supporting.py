"""A supporter says whether they would join the private preview, and may think again while the case lives."""

from sqlalchemy.orm import Session

from request_tracker.actions import record
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.people import Act
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.terms import Role
from request_tracker.store import cases
from request_tracker.store.requests import Request


def answer_preview(session: Session, request: Request, act: Act, *, would: bool) -> bool:
    """Keep the answer; True when it is a new one. Raises NotAllowed, Unfit."""
    if act.who.role is not Role.REQUESTER or request.person_id != act.who.id:
        raise NotAllowed("Only the requester may say whether they would join the private preview")
    root = cases.locked_root(session, request.case_id)
    session.refresh(request)
    if request.withdrawn_at is not None or root.outcome is not None:
        raise Unfit("would", "This request has ended: there is nothing left to join")
    if request.would_preview == would:
        return False
    request.would_preview = would
    data = {"request": request.id, "would": would}
    record.entry(session, root, act, "preview.answer", data=data, audience="account", account_id=request.account_id)
    return True
