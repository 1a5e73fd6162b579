"""How it stands with the access a requester was asked for: after they came back from the Connect Card."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from request_tracker.rules import card_words
from request_tracker.rules.card_words import Failure
from request_tracker.rules.terms import Criterion, Phase
from request_tracker.store import assessments, cases, connections
from request_tracker.store.cases import Case
from request_tracker.store.connections import CardState, Condition, Connection
from request_tracker.store.requests import Request

CONNECTED = "connected"


@dataclass(frozen=True)
class Access:
    """`state`: checking, granted, not_yet, or gone. `since`: when the person came back. `is_down`: Fivetran did not
    answer when it was looked at last. `case_number`: what our link to the card is made of.
    `is_early`: nothing is built yet."""

    state: str
    since: datetime | None
    failures: tuple[Failure, ...]
    is_down: bool
    case_number: str
    checked_at: datetime | None
    is_early: bool = True


def access(session: Session, request: Request) -> Access:
    """How the access to the request's starter connector stands. The caller has seen to it that the viewer may know."""
    root = cases.root_of(session, session.get_one(Case, request.case_id))
    row = connections.live(session, root.id)
    if row is None or root.outcome is not None or row.account_id != request.account_id:
        return Access("gone", None, (), False, root.number, None)
    arrived = select(func.max(CardState.used_at)).where(CardState.connection_row_id == row.id)
    since = session.scalar(arrived)
    failing = card_words.failures(row.findings) if row.setup_state != CONNECTED else ()
    state = _state(row, since)
    return Access(
        state,
        since,
        failing if state == "not_yet" else (),
        _is_down(session, row),
        root.number,
        row.checked_at,
        Phase(root.phase).order <= Phase.CONSULTATION.order,
    )


def needed(session: Session, request: Request) -> tuple[str, ...]:
    """What the requester should have at hand before the card, in sentences."""
    root = cases.root_of(session, session.get_one(Case, request.case_id))
    row = assessments.of_case(session, root.id).get(Criterion.AUTHENTICATION)
    return card_words.needed(request.auth_kind, row.figure if row else "")


def _state(row: Connection, since: datetime | None) -> str:
    unread = since is not None and (row.setup_state == "" or row.checked_at is None or row.checked_at < since)
    if unread:
        return "checking"
    if row.state == "missing":
        return "gone"
    return "granted" if row.setup_state == CONNECTED else "not_yet"


def _is_down(session: Session, row: Connection) -> bool:
    said = select(Condition.ok).where(Condition.connection_row_id == row.id, Condition.kind == "api")
    return session.scalar(said) is False
