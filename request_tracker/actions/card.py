"""The way to a Connect Card and back: a single-use state proves that who comes back is who left."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from request_tracker.actions import deliveries
from request_tracker.rules.people import Act
from request_tracker.rules.terms import StarterState
from request_tracker.store import connections, evidence
from request_tracker.store.cases import Case
from request_tracker.store.connections import CardState, Connection
from request_tracker.store.requests import Request

CARD_FOR = timedelta(days=1)
HOUR = timedelta(hours=1)


class Stopped(Exception):
    """No card is opened. `why`: ended, not_yours, none, gone, being_made, missing, connected or too_many."""

    def __init__(self, why: str, *, request_number: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.request_number = request_number


@dataclass(frozen=True)
class Ticket:
    """Which connection a card is to be minted for, and the state to put into its way back."""

    connection_id: str
    state: str


@dataclass(frozen=True)
class Arrival:
    """Who came back from a card: the request to show. `fresh` False: the state was used, or has expired."""

    request_number: str
    fresh: bool
    expired: bool = False


class Foreign(Exception):
    """The state is another person's: it is not used up by this."""


def leave(session: Session, case: Case, act: Act, *, renew: bool = False) -> Ticket:
    """Prepare the way to a card. `renew`: also where access is granted already. Raises Stopped."""
    row = _to_connect(session, case)
    request = session.get_one(Request, row.request_id)
    if request.person_id != act.who.id:
        raise Stopped("not_yours")
    if row.connection_id is None:
        raise Stopped("being_made", request_number=request.number)
    if row.state == StarterState.MISSING:
        raise Stopped("missing", request_number=request.number)
    if not renew and row.setup_state == "connected" and "access_granted" in evidence.standing(session, case.id):
        raise Stopped("connected", request_number=request.number)
    if _opened(session, request.person_id, act) >= act.program.cards_an_hour:
        raise Stopped("too_many", request_number=request.number)
    state = secrets.token_urlsafe(24)
    session.add(
        CardState(
            connection_row_id=row.id,
            person_id=request.person_id,
            digest=_digest(state),
            created_at=act.now,
            expires_at=act.now + CARD_FOR,
        )
    )
    return Ticket(row.connection_id, state)


def stay(session: Session, ticket: Ticket, act: Act, *, gone: bool = False) -> None:
    """No card was minted after all: its state leads nowhere. `gone`: Fivetran says there is no such connection."""
    session.execute(delete(CardState).where(CardState.digest == _digest(ticket.state)))
    if gone:
        deliveries.look(session, ticket.connection_id, act.now)


def arrive(session: Session, state: str, act: Act) -> Arrival | None:
    """Take the way back, once. None: there is no such state. A reason to look, nothing more. Raises Foreign."""
    kept = session.scalar(select(CardState).where(CardState.digest == _digest(state)).with_for_update())
    if kept is None:
        return None
    if kept.person_id != act.who.id:
        raise Foreign
    row = session.get_one(Connection, kept.connection_row_id)
    number = session.get_one(Request, row.request_id).number
    if kept.used_at is not None or kept.expires_at <= act.now:
        return Arrival(number, fresh=False, expired=kept.used_at is None)
    kept.used_at = act.now
    row.setup_state = ""  # to be read anew: what Fivetran says next counts as granted now
    if row.connection_id:
        deliveries.look(session, row.connection_id, act.now)
    return Arrival(number, fresh=True)


def forget(session: Session, act: Act) -> None:
    """Who went to a card when is nobody's business for longer than the deliveries that came of it are kept."""
    late = CardState.expires_at < act.now - act.program.keep_deliveries_for
    session.execute(delete(CardState).where(late).execution_options(synchronize_session=False))


def _to_connect(session: Session, case: Case) -> Connection:
    """The connection that counts. Raises Stopped where there is none."""
    if case.outcome is not None:
        raise Stopped("ended")
    row = connections.live(session, case.id)
    if row is None:
        raise Stopped("none" if connections.newest(session, case.id) is None else "gone")
    return row


def _opened(session: Session, person_id: int, act: Act) -> int:
    since = (CardState.person_id == person_id) & (CardState.created_at > act.now - HOUR)
    return session.scalar(select(func.count()).select_from(CardState).where(since)) or 0


def _digest(state: str) -> str:
    return hashlib.sha256(state.encode("utf-8", "replace")).hexdigest()
