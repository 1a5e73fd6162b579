"""The way to a Connect Card and back: a single-use state proves that who comes back is who left."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.actions import sync
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.people import Act
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.terms import StarterState
from request_tracker.store import connections
from request_tracker.store.cases import Case
from request_tracker.store.connections import CardState, Connection
from request_tracker.store.requests import Request

CARD_FOR = timedelta(days=1)


@dataclass(frozen=True)
class Ticket:
    """Which connection a card is to be minted for, and the state to put into its way back."""

    connection_id: str
    state: str


@dataclass(frozen=True)
class Arrival:
    """Who came back from a card: the request to show. `fresh` False: the state was used or has expired."""

    request_number: str
    fresh: bool


def leave(session: Session, case: Case, act: Act) -> Ticket:
    """Prepare the way to a card. Raises NotAllowed, Unfit."""
    row = connections.live(session, case.id)
    if row is None or row.connection_id is None:
        raise Unfit("connection", "The starter connector is not ready yet: you get a mail as soon as it is")
    if row.state == StarterState.MISSING:
        raise Unfit("connection", "The starter connector is missing in Fivetran: your specialist knows and will write")
    request = session.get_one(Request, row.request_id)
    if request.person_id != act.who.id:
        raise NotAllowed("Only the primary requester grants access")
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


def arrive(session: Session, state: str, act: Act) -> Arrival | None:
    """Take the way back, once. None: nobody of that state, or somebody else's. A reason to look, nothing more."""
    kept = session.scalar(select(CardState).where(CardState.digest == _digest(state)).with_for_update())
    if kept is None or kept.person_id != act.who.id:
        return None
    row = session.get_one(Connection, kept.connection_row_id)
    number = session.get_one(Request, row.request_id).number
    if kept.used_at is not None or kept.expires_at <= act.now:
        return Arrival(number, fresh=False)
    kept.used_at = act.now
    row.setup_state = ""  # to be read anew: what Fivetran says next counts as granted now
    sync.look(session, row.connection_id or "", act.now, why=f"card:{kept.id}")
    return Arrival(number, fresh=True)


def _digest(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()
