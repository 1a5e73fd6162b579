"""A requester leaves: the case ends, or goes on while a supporter is asked to lead it. Leaving can be taken back."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.actions import clock, heir, hold, record, scoring
from request_tracker.actions.advance import advance, ended_with, place, snapshot
from request_tracker.actions.clock import Cause
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.people import Act
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.terms import Outcome, Phase, Role
from request_tracker.store import cases, connections, heirs, jobs, requests
from request_tracker.store.cases import Case
from request_tracker.store.requests import Request
from request_tracker.store.timeline import Entry

SETTLED = "settled"
"""Marks an ending that followed from an unmerging: nobody decided it, so nobody can undo it by itself."""
MAY_WITHDRAW = (Role.REQUESTER, Role.SPECIALIST)


@dataclass(frozen=True)
class Consequences:
    """What leaving would mean, said before it happens. `next_primary` is who is asked first to lead the case."""

    ends_case: bool
    is_primary: bool
    next_primary: Request | None
    has_starter: bool


def consequences(session: Session, request: Request) -> Consequences:
    """What would follow if this request were withdrawn now."""
    root = cases.root_of(session, session.get_one(Case, request.case_id))
    is_primary = root.primary_request_id == request.id
    remain = heir.others(session, root, request)
    leads = is_primary or root.primary_request_id is None
    return Consequences(
        ends_case=leads and not remain and root.outcome is None,
        is_primary=is_primary,
        next_primary=remain[0] if is_primary and remain else None,
        has_starter=is_primary and connections.live(session, root.id) is not None,
    )


def withdraw(session: Session, request: Request, act: Act) -> Request:
    """Take the request out. Idempotent. Raises NotAllowed."""
    _may(request, act)
    root = _locked_root(session, request)
    if request.withdrawn_at is not None:
        return request
    if root.outcome is not None:
        raise Unfit("request", "This case has ended: there is nothing to withdraw from")
    if root.primary_request_id == request.id and not heir.others(session, root, request):
        advance(session, root, "withdraw", version=root.version, act=act)
        return request
    _leave(session, root, request, act)
    if root.primary_request_id == request.id:
        heir.vacate(session, root, act)
    settle(session, root, act)
    return request


def take_back(session: Session, request: Request, act: Act) -> Request:
    """Come back within the program's reinstate_for. Raises NotAllowed, Unfit."""
    _may(request, act)
    root = _locked_root(session, request)
    if request.withdrawn_at is None:
        return request
    _say_nothing(session, root, request, act)
    if root.outcome == Outcome.WITHDRAWN and ended_with(root, request):
        advance(session, root, "reinstate", version=root.version, act=act)
        return request
    if root.outcome is not None:
        raise Unfit("request", "The case has ended meanwhile: send a new request")
    if act.now > request.withdrawn_at + act.program.reinstate_for:
        days = act.program.reinstate_for.days
        raise Unfit("request", f"The {days} days to come back have passed: send a new request")
    request.withdrawn_at = None
    session.flush()
    data = {"request": request.id}
    record.entry(session, root, act, "returned", data=data, audience="account", account_id=request.account_id)
    if not heir.give_back(session, root, request, act):
        heir.fill(session, root, act)
    return request


def settle(session: Session, case: Case, act: Act) -> None:
    """After a tree came apart or somebody left: a live root has people of its own tree and asks them, or it ends."""
    (case,) = cases.locked(session, case.id)
    if case.outcome is not None:
        return
    own = requests.of_tree(session, case.id, live_only=True)
    if not own:
        _end(session, case, act)
        return
    if case.primary_request_id is not None and all(each.id != case.primary_request_id for each in own):
        heir.vacate(session, case, act)
    ask = heirs.open_ask(session, case.id)
    if ask is not None and all(each.id != ask.request_id for each in own):
        heir.drop(session, case, act)
    heir.fill(session, case, act)


def _end(session: Session, case: Case, act: Act) -> None:
    before = snapshot(case)
    heir.drop(session, case, act)
    place(case, Phase(case.phase), Outcome.WITHDRAWN, act.now)
    data = {"before": before, "after": snapshot(case), SETTLED: True}
    entry = record.entry(session, case, act, "move.withdraw", data=data)
    hold.end_all(session, case, Cause(act, entry.id))
    clock.cancel(session, case, (), Cause(act, entry.id))
    record.later(session, "remove_starter", {"case_id": case.id}, act, entry)
    scoring.later(session, case, act, entry)


def _locked_root(session: Session, request: Request) -> Case:
    """The root, locked, and the request as it is now: somebody else may have been quicker."""
    root = cases.locked_root(session, request.case_id)
    session.refresh(request)
    return root


def _say_nothing(session: Session, root: Case, request: Request, act: Act) -> None:
    """Who comes back inside the undo window is not told that they left."""
    left = select(Entry).where(
        Entry.case_id == root.id, Entry.kind.in_(("left", "move.withdraw")), Entry.at == request.withdrawn_at
    )
    for entry in session.scalars(left):
        jobs.cancel_for(session, entry.id, act.now)


def _may(request: Request, act: Act) -> None:
    if act.who.role not in MAY_WITHDRAW or (act.who.role is Role.REQUESTER and request.person_id != act.who.id):
        raise NotAllowed("Only the requester, or a specialist on request, may withdraw this request")


def _leave(session: Session, root: Case, request: Request, act: Act) -> Request:
    request.withdrawn_at = act.now
    session.flush()
    entry = record.entry(
        session, root, act, "left", data={"request": request.id}, audience="account", account_id=request.account_id
    )
    record.notify(session, "withdrawn", root, act, entry, request_id=request.id)
    return request
