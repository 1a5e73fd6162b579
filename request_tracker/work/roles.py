"""Asking Fivetran for a requester's role. Our key reads our program's account only, so mostly nobody knows."""

from request_tracker.actions import roles as actions
from request_tracker.fivetran.client import Fivetran, Refused
from request_tracker.rules.roles import Known, Verdict, judge
from request_tracker.store import role_checks
from request_tracker.store.people import Person
from request_tracker.store.requests import Request
from request_tracker.work.context import Context
from request_tracker.work.told import told

ELSEWHERE = "Our key sees the program's own Fivetran account only, and this person is not in it: ask them"
HIDDEN = "Our key may not read users and roles: ask the requester"


def check(context: Context, request_id: int) -> None:
    """Ask and keep the answer. Twice: the newer answer stands."""
    with context.database.reading() as session:
        request = session.get(Request, request_id)
        email = session.get_one(Person, request.person_id).email if request is not None else ""
        accepted = role_checks.accepted(session)
    if request is None or request.withdrawn_at is not None:
        return
    with context.fivetran() as api, told(context):
        role, verdict = _asked(api, email, accepted)
    with context.database.transaction() as session:
        actions.heard(session, request_id, role, verdict, context.act())


def ensure(context: Context) -> None:
    """Whoever leads a case in consultation is looked up once, before access is asked for."""
    act = context.act()
    with context.database.transaction() as session:
        for request_id in role_checks.unasked(session):
            actions.ask(session, session.get_one(Request, request_id), act, why="first")


def _asked(api: Fivetran, email: str, accepted: tuple[str, ...]) -> tuple[str, Verdict]:
    try:
        found = [each for each in api.users() if each.email.casefold() == email.casefold() and each.active]
        if not found:
            return "", Verdict("unknown", ELSEWHERE)
        known = {each.name: Known(each.name, each.replacement_role_name or "") for each in api.roles()}
    except Refused:
        return "", Verdict("unknown", HIDDEN)
    return found[0].role, judge(found[0].role, known, accepted)
