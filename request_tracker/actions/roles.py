"""Roles in Fivetran: which ones may set up a connector (a policy), which one a requester has, what Fivetran says."""

from sqlalchemy.orm import Session

from request_tracker.actions import auditing, in_force, record
from request_tracker.actions.calendars import must_decide, reason_given
from request_tracker.actions.unfit import Unfit
from request_tracker.rules import roles
from request_tracker.rules.people import Act
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.roles import Verdict
from request_tracker.rules.terms import Role
from request_tracker.store import cases, jobs, role_checks
from request_tracker.store.policies import ROLES, Policy
from request_tracker.store.requests import Request

LONGEST = 200


def decide(session: Session, preset: str, typed: str, reason: str, act: Act, *, seen: int) -> Policy:
    """Put a list of roles in force. `seen`: the policy the person looked at, 0 for none; a double click decides once.

    Raises NotAllowed, Unfit, Overtaken.
    """
    must_decide(act)
    value = {"preset": preset, "names": list(_names(preset, typed)), "reason": reason_given(reason)}
    if (same := in_force.already(session, ROLES, value, seen=seen)) is not None:
        return same
    if list(role_checks.accepted(session)) == value["names"]:
        raise Unfit("preset", "This is the list in force: nothing needs to change")
    row = in_force.put(session, ROLES, value, act)
    auditing.note(session, act, "policy.roles", preset, policy=row.id, **value)
    return row


def tell(session: Session, request: Request, role: str, act: Act) -> bool:
    """The requester says which role they have; True when it is another one. Raises NotAllowed, Unfit."""
    if act.who.role is not Role.REQUESTER or request.person_id != act.who.id:
        raise NotAllowed("Only the requester may say which role they have")
    root = cases.locked_root(session, request.case_id)
    session.refresh(request)
    if request.withdrawn_at is not None or root.outcome is not None:
        raise Unfit("role", "This request has ended: no role is needed for it any more")
    said = " ".join(role.split())
    if len(said) > LONGEST:
        raise Unfit("role", f"Shorten this to {LONGEST} characters or fewer")
    if said == request.fivetran_role:
        return False
    request.fivetran_role = said
    data = {"request": request.id, "may": roles.sets_up(said, role_checks.accepted(session))}
    entry = record.entry(session, root, act, "role.told", data=data, audience="account", account_id=request.account_id)
    ask(session, request, act, why=str(entry.id))
    return True


def ask(session: Session, request: Request, act: Act, *, why: str) -> None:
    """Have Fivetran asked about the requester's role, once for each reason."""
    key = f"check_role:{request.id}:{why}"
    jobs.put(session, "check_role", {"request_id": request.id}, now=act.now, unique_key=key)


def must_check(act: Act) -> None:
    if not act.who.is_staff:
        raise NotAllowed("Only the program asks Fivetran about somebody's role")


def heard(session: Session, request_id: int, role_name: str, verdict: Verdict, act: Act) -> None:
    """What Fivetran said is kept beside the request. It decides nothing: a missing role is a thing to do."""
    role_checks.keep(session, request_id, role_name, verdict, act.now)


def _names(preset: str, typed: str) -> tuple[str, ...]:
    if preset in roles.BY_KEY:
        return roles.BY_KEY[preset].names
    if preset != roles.OWN:
        raise Unfit("preset", "Choose one of the lists")
    try:
        return roles.read_names(typed)
    except ValueError as fault:
        raise Unfit("names", str(fault)) from fault
