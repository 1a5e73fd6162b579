"""A requester leaves: the case ends with them, or goes on with a supporter as primary; leaving can be taken back."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.actions import clock, evidence, hold, record
from request_tracker.actions.advance import advance, place, snapshot, touch
from request_tracker.actions.clock import Cause
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.people import Act
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.terms import Outcome, Phase, Role
from request_tracker.store import cases, connections, jobs, requests
from request_tracker.store.cases import Case
from request_tracker.store.requests import Request
from request_tracker.store.timeline import Entry

SETTLED = "settled"
"""Marks an ending that followed from an unmerging: nobody decided it, so nobody can undo it by itself."""
MAY_WITHDRAW = (Role.REQUESTER, Role.SPECIALIST)


@dataclass(frozen=True)
class Consequences:
    """What leaving would mean, said before it happens. `next_primary` is who the case goes on with, if anybody."""

    ends_case: bool
    is_primary: bool
    next_primary: Request | None
    has_starter: bool


def consequences(session: Session, request: Request) -> Consequences:
    """What would follow if this request were withdrawn now."""
    root = cases.root_of(session, session.get_one(Case, request.case_id))
    is_primary = root.primary_request_id == request.id
    heir = next_primary(session, root, leaving=request)
    return Consequences(
        ends_case=is_primary and heir is None and root.outcome is None,
        is_primary=is_primary,
        next_primary=heir if is_primary else None,
        has_starter=is_primary and connections.live(session, root.id) is not None,
    )


def next_primary(session: Session, root: Case, *, leaving: Request) -> Request | None:
    """Who comes next: those who would join the private preview first, then the oldest."""
    others = [
        each
        for each in requests.of_tree(session, root.id, live_only=True)
        if each.id != leaving.id and each.person_id != leaving.person_id
    ]
    return min(others, key=_turn, default=None)


def withdraw(session: Session, request: Request, act: Act) -> Request:
    """Take the request out. Idempotent. Raises NotAllowed."""
    _may(request, act)
    root = _locked_root(session, request)
    if request.withdrawn_at is not None:
        return request
    if root.outcome is not None:
        raise Unfit("request", "This case has ended: there is nothing to withdraw from")
    if root.primary_request_id != request.id:
        return _leave(session, root, request, act)
    heir = next_primary(session, root, leaving=request)
    if heir is None:
        advance(session, root, "withdraw", version=root.version, act=act)
        return request
    _leave(session, root, request, act)
    _promote(session, root, heir, act)
    return request


def take_back(session: Session, request: Request, act: Act) -> Request:
    """Come back within the program's reinstate_for. Raises NotAllowed, Unfit."""
    _may(request, act)
    root = _locked_root(session, request)
    if request.withdrawn_at is None:
        return request
    _say_nothing(session, root, request, act)
    if root.outcome == Outcome.WITHDRAWN and root.primary_request_id == request.id:
        advance(session, root, "reinstate", version=root.version, act=act)
        return request
    if root.outcome is not None:
        raise Unfit("request", "The case has ended meanwhile: send a new request")
    if act.now > request.withdrawn_at + act.program.reinstate_for:
        days = act.program.reinstate_for.days
        raise Unfit("request", f"The {days} days to come back have passed: send a new request")
    request.withdrawn_at = None
    record.entry(session, root, act, "returned", data={"request": request.id}, account_id=request.account_id)
    return request


def settle(session: Session, case: Case, act: Act) -> None:
    """After a tree came apart: a live root needs a live primary of its own tree, or it ends as withdrawn."""
    (case,) = cases.locked(session, case.id)
    own = requests.of_tree(session, case.id, live_only=True)
    if case.outcome is not None or any(each.id == case.primary_request_id for each in own):
        return
    heir = min(own, key=_turn, default=None)
    if heir is not None:
        _promote(session, case, heir, act)
        return
    before = snapshot(case)
    place(case, Phase(case.phase), Outcome.WITHDRAWN, act.now)
    data = {"before": before, "after": snapshot(case), SETTLED: True}
    entry = record.entry(session, case, act, "move.withdraw", data=data)
    hold.end_all(session, case, Cause(act, entry.id))
    clock.cancel(session, case, (), Cause(act, entry.id))
    record.later(session, "remove_starter", {"case_id": case.id}, act, entry)


def _locked_root(session: Session, request: Request) -> Case:
    """The root, locked, and the request as it is now: somebody else may have been quicker."""
    root = cases.root_of(session, session.get_one(Case, request.case_id))
    (root,) = cases.locked(session, root.id)
    session.refresh(request)
    return root


def _say_nothing(session: Session, root: Case, request: Request, act: Act) -> None:
    """Who comes back inside the undo window is not told that they left."""
    left = select(Entry).where(
        Entry.case_id == root.id, Entry.kind.in_(("left", "move.withdraw")), Entry.at == request.withdrawn_at
    )
    for entry in session.scalars(left):
        jobs.cancel_for(session, entry.id, act.now)


def _turn(request: Request) -> tuple[bool, datetime, int]:
    return not request.would_preview, request.created_at, request.id


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


def _promote(session: Session, root: Case, heir: Request, act: Act) -> Entry:
    """The case goes on with another primary: what hung on the old one is void, a new starter connector is planned."""
    before = root.primary_request_id
    evidence.void_for_primary(session, root, act, reason="The primary requester left")
    hold.drop_questions(session, root, act)
    root.primary_request_id, root.account_id = heir.id, heir.account_id
    touch(root, act.now)
    data = {"before": before, "after": heir.id}
    entry = record.entry(session, root, act, "promoted", data=data, audience="account", account_id=heir.account_id)
    clock.cancel(session, root, ("first_sync",), Cause(act, entry.id, "The primary requester changed"))
    record.notify(session, "promoted", root, act, entry)
    _hand_over_starter(session, root, act, entry)
    return entry


def _hand_over_starter(session: Session, root: Case, act: Act, entry: Entry) -> None:
    old = connections.live(session, root.id)
    if old is not None:
        old.grace_until = act.now + act.program.grace_for
        record.later(
            session, "delete_starter", {"row_id": old.id}, act, entry, wait=act.program.grace_for, key=str(old.id)
        )
    if Phase(root.phase).order >= Phase.CONSULTATION.order:
        record.later(session, "provision", {"case_id": root.id}, act, entry)
