"""The decisions about roles in Fivetran, newest first, and the case of a request."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from request_tracker.rules.roles import label_of
from request_tracker.store import policies
from request_tracker.store.cases import Case, case_number
from request_tracker.store.requests import Request


@dataclass(frozen=True)
class RolesDecided:
    label: str
    names: tuple[str, ...]
    reason: str
    by: str
    at: datetime


def decided(session: Session) -> tuple[RolesDecided, ...]:
    rows = policies.decisions(session, policies.ROLES)
    return tuple(
        RolesDecided(label_of(row.value["preset"]), tuple(row.value["names"]), row.value["reason"], by, row.at)
        for row, by in rows
    )


def case_of(session: Session, request: Request) -> str:
    """The number of the case on which the request goes on."""
    case = session.get_one(Case, request.case_id)
    return case_number(case.root_id or case.id)
