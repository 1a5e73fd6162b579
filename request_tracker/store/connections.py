"""Starter connectors: one row a connection over a case's life, at most one live, with its conditions."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.rules.terms import StarterState
from request_tracker.store.base import Base, one_of, partial, tied

_GONE = "('deleted', 'failed', 'none')"


class Connection(Base):
    """`connection_id` is Fivetran's id; `card_state` the digest of the single-use state in the redirect address."""

    __tablename__ = "connection"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    request_id: Mapped[int] = mapped_column(ForeignKey("request.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    state: Mapped[str] = mapped_column(String(20))
    group_id: Mapped[str | None] = mapped_column(String(200))
    schema_name: Mapped[str] = mapped_column(String(60))
    service: Mapped[str] = mapped_column(String(100))
    connection_id: Mapped[str | None] = mapped_column(String(200), unique=True)
    setup_state: Mapped[str] = mapped_column(String(20), default="")
    sync_state: Mapped[str] = mapped_column(String(20), default="")
    sync_started_at: Mapped[datetime | None]
    succeeded_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    grace_until: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]
    check_after: Mapped[datetime | None]
    created_at: Mapped[datetime]
    event_id: Mapped[int | None] = mapped_column(ForeignKey("timeline.id"))
    __table_args__ = (
        one_of("state", StarterState),
        tied(
            "connection_id IS NOT NULL OR state IN ('none', 'intended', 'creating', 'unknown', 'failed', 'deleted')",
            "made_has_id",
        ),
        tied("(state = 'deleted') = (deleted_at IS NOT NULL)", "deleted_has_time"),
        partial("uq_connection_live", "case_id", where=f"state NOT IN {_GONE} AND grace_until IS NULL", unique=True),
        Index("ix_connection_case", "case_id"),
        Index("ix_connection_check", "check_after"),
    )


class Condition(Base):
    """What is so with a connection, why, and since when; one row a kind, overwritten when it changes."""

    __tablename__ = "connection_condition"
    id: Mapped[int] = mapped_column(primary_key=True)
    connection_row_id: Mapped[int] = mapped_column(ForeignKey("connection.id"))
    kind: Mapped[str] = mapped_column(String(30))
    ok: Mapped[bool]
    reason: Mapped[str] = mapped_column(String(60))
    message: Mapped[str] = mapped_column(Text)
    since: Mapped[datetime]
    __table_args__ = (Index("uq_condition_kind", "connection_row_id", "kind", unique=True),)


class CardState(Base):
    """A single-use state put into a Connect Card's redirect address; only its digest is kept."""

    __tablename__ = "card_state"
    id: Mapped[int] = mapped_column(primary_key=True)
    connection_row_id: Mapped[int] = mapped_column(ForeignKey("connection.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


_IS_LIVE = (Connection.grace_until.is_(None), Connection.state.not_in(("deleted", "failed", "none")))


def live(session: Session, case_id: int) -> Connection | None:
    """The connection that counts for the case: not gone and not in its grace period."""
    found = select(Connection).where(Connection.case_id == case_id, *_IS_LIVE)
    return session.scalar(found.order_by(Connection.id.desc()).limit(1))


def with_live(session: Session, case_ids: Collection[int]) -> set[int]:
    """Those of the cases that have such a connection."""
    return set(session.scalars(select(Connection.case_id).where(Connection.case_id.in_(case_ids), *_IS_LIVE)))


def newest(session: Session, case_id: int) -> Connection | None:
    found = select(Connection).where(Connection.case_id == case_id).order_by(Connection.id.desc()).limit(1)
    return session.scalar(found)


def by_connection_id(session: Session, connection_id: str) -> Connection | None:
    return session.scalar(select(Connection).where(Connection.connection_id == connection_id))


def conditions(session: Session, connection_row_id: int) -> list[Condition]:
    found = select(Condition).where(Condition.connection_row_id == connection_row_id).order_by(Condition.kind)
    return list(session.scalars(found))
