"""Whether a requester's role in Fivetran may set up a connector, as Fivetran last said; the roles that may."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.rules.roles import DEFAULT, Verdict
from request_tracker.rules.terms import Phase
from request_tracker.store import policies
from request_tracker.store.base import Base, one_of
from request_tracker.store.cases import Case
from request_tracker.store.requests import Request


class RoleCheck(Base):
    """One row a request, overwritten each time it is asked. `role_name` is what Fivetran calls it, empty if unknown."""

    __tablename__ = "role_check"
    request_id: Mapped[int] = mapped_column(ForeignKey("request.id"), primary_key=True)
    role_name: Mapped[str] = mapped_column(String(200))
    may: Mapped[str] = mapped_column(String(10))
    why: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    __table_args__ = (one_of("may", ("yes", "no", "unknown")),)


def of(session: Session, request_ids: Collection[int]) -> dict[int, RoleCheck]:
    rows = session.scalars(select(RoleCheck).where(RoleCheck.request_id.in_(request_ids)))
    return {row.request_id: row for row in rows}


def keep(session: Session, request_id: int, role_name: str, verdict: Verdict, now: datetime) -> None:
    row = session.get(RoleCheck, request_id) or RoleCheck(request_id=request_id)
    row.role_name, row.may, row.why, row.at = role_name[:200], verdict.may, verdict.why, now
    session.add(row)


def accepted(session: Session) -> tuple[str, ...]:
    """The names of the roles that may set up a connector: what a lead decided, or the published list."""
    row = policies.in_force(session, policies.ROLES)
    return tuple(row.value["names"]) if row else DEFAULT.names


def preset(session: Session) -> str:
    """The key of the list in force."""
    row = policies.in_force(session, policies.ROLES)
    return str(row.value["preset"]) if row else DEFAULT.key


def unasked(session: Session, *, limit: int = 50) -> list[int]:
    """The primary requests of live cases in consultation of which Fivetran was never asked."""
    found = (
        select(Request.id)
        .join(Case, Case.primary_request_id == Request.id)
        .outerjoin(RoleCheck, RoleCheck.request_id == Request.id)
        .where(Case.outcome.is_(None), Case.phase == Phase.CONSULTATION, RoleCheck.request_id.is_(None))
        .order_by(Request.id)
        .limit(limit)
    )
    return list(session.scalars(found))
