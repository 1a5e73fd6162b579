"""Somebody decides who reads the public board, or takes a case off it; the worker keeps its rows up."""

from sqlalchemy.orm import Session

from request_tracker.actions import auditing, in_force
from request_tracker.actions.calendars import MAY_DECIDE, reason_given
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.board import BY_KEY, OFF
from request_tracker.rules.people import Act
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.terms import Role
from request_tracker.store import board as store
from request_tracker.store.board import Unlisted
from request_tracker.store.cases import Case
from request_tracker.store.policies import BOARD, Policy

MAY_UNLIST = (Role.SPECIALIST, Role.LEAD, Role.ADMIN)


def decide(session: Session, level: str, reason: str, act: Act, *, seen: int) -> Policy:
    """Put a level of rules.board in force. `seen`: the id of the policy the person looked at, 0 for none.

    Raises NotAllowed, Unfit, Overtaken.
    """
    if act.who.role not in MAY_DECIDE or act.who.id is None:
        raise NotAllowed("Only a lead or an admin may decide about the board")
    if level not in BY_KEY:
        raise Unfit("level", "Choose who may read the board")
    value = {"level": level, "reason": reason_given(reason)}
    if (same := in_force.already(session, BOARD, value, seen=seen)) is not None:
        return same
    before = store.level(session)
    row = in_force.put(session, BOARD, value, act)
    auditing.note(session, act, "policy.board", BY_KEY[level].label, before=before, after=level)
    keep_up(session)
    return row


def keep_up(session: Session) -> int:
    """The rows of the cases that changed; nothing while there is no board. Answers how many were written."""
    return store.refresh(session) if store.level(session) != OFF else 0


def take_off(session: Session, case: Case, act: Act) -> bool:
    """The case is on the board no more, from now on. False where it was off it already. Raises NotAllowed."""
    _may(act)
    if store.unlisted(session, case.id) is not None:
        return False
    session.add(Unlisted(case_id=case.id, by_id=act.who.id or 0, at=act.now))
    auditing.note(session, act, "board.unlisted", case.number)
    return True


def put_back(session: Session, case: Case, act: Act) -> bool:
    """False where nobody had taken it off. Raises NotAllowed."""
    _may(act)
    row = store.unlisted(session, case.id)
    if row is None:
        return False
    session.delete(row)
    auditing.note(session, act, "board.listed", case.number)
    return True


def _may(act: Act) -> None:
    if act.who.role not in MAY_UNLIST:
        raise NotAllowed("Only a specialist, a lead or an admin may say what stands on the board")
