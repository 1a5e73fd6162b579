"""API tokens are made and revoked; the log keeps for whom and with which scope, never the token."""

from datetime import timedelta

from sqlalchemy.orm import Session

from request_tracker.actions import auditing
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.people import Act
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.terms import Role
from request_tracker.store import tokens
from request_tracker.store.people import Person
from request_tracker.store.tokens import Token


def issue(session: Session, person: Person, scope: str, act: Act, *, expires_in: timedelta | None = None) -> str:
    """A new token, by an admin or by the person. The answer is the only time the secret is seen.

    Raises NotAllowed, Unfit, tokens.BadScope.
    """
    _may(person.id, act)
    if not person.active:
        raise Unfit("scope", "This person is inactive: let them sign in again first")
    secret = tokens.issue(session, person.id, scope, act.now, expires_in=expires_in)
    session.flush()
    row = tokens.find(session, secret, act.now)
    _note(session, "token.made", person.id, act, scope=scope, token=row.id if row else None)
    return secret


def revoke(session: Session, person_id: int, token_id: int, act: Act) -> bool:
    """The token opens nothing any more; False when it was revoked already, or is somebody else's. Raises NotAllowed."""
    _may(person_id, act)
    row = session.get(Token, token_id, with_for_update=True)
    if row is None or row.person_id != person_id or row.revoked_at is not None:
        return False
    row.revoked_at = act.now
    _note(session, "token.revoked", person_id, act, token=row.id, scope=row.scope)
    return True


def _may(person_id: int, act: Act) -> None:
    if act.who.role is not Role.ADMIN and act.who.id != person_id:
        raise NotAllowed("Only an admin looks after the tokens of others")


def _note(session: Session, what: str, person_id: int, act: Act, **data: object) -> None:
    auditing.note(session, act, what, auditing.of_person(person_id), person=person_id, **data)
