"""Starter connectors: one row a connection over a case's life, at most one live, with its conditions."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, bindparam, select, true
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.rules.terms import StarterState
from request_tracker.store import cases
from request_tracker.store.base import Base, one_of, partial, tied
from request_tracker.store.cases import Case
from request_tracker.store.once import once

_GONE = "('deleted', 'failed', 'none')"
UNMADE = "connection_id IS NULL AND state IN ('intended', 'creating', 'unknown')"
"""Intents that wait to be made, written as the index on them has it."""


class Connection(Base):
    """`connection_id` is Fivetran's id. `service`, `schema_name`, `sync_frequency` (minutes), `schedule_type` and
    `daily_sync_time` are what we want; what Fivetran says of them may differ for a while (drift).

    `sent_at`, `sends`, `in_flight_until`: the last request that may have made it, how many there were, and until when
    it may still have its effect. `ours`: made by us, so we may delete it. `suffix`: 1, or more after a collision.
    `misses`: looks in a row that got no answer. `findings`: setup tests and tasks as last read, `[{title, status,
    message}]`. `change_handling`: what happens to new tables; empty stands for the program's rule.
    """

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
    sent_at: Mapped[datetime | None]
    sends: Mapped[int] = mapped_column(default=0, server_default="0")
    in_flight_until: Mapped[datetime | None]
    ours: Mapped[bool] = mapped_column(default=True, server_default=true())
    adopted_at: Mapped[datetime | None]
    suffix: Mapped[int] = mapped_column(default=1, server_default="1")
    misses: Mapped[int] = mapped_column(default=0, server_default="0")
    sync_frequency: Mapped[int] = mapped_column(default=360, server_default="360")
    schedule_type: Mapped[str] = mapped_column(String(10), default="auto", server_default="auto")
    daily_sync_time: Mapped[str | None] = mapped_column(String(5))
    sync_deadline_at: Mapped[datetime | None]
    findings: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    change_handling: Mapped[str] = mapped_column(String(20), default="", server_default="")
    tables_wanted_at: Mapped[datetime | None]
    tables_applied_at: Mapped[datetime | None]
    cloned_from_id: Mapped[int | None] = mapped_column(ForeignKey("connection.id"))
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
        partial("ix_connection_unmade", "check_after", "id", where=UNMADE),
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


IS_LIVE = (Connection.grace_until.is_(None), Connection.state.not_in(("deleted", "failed", "none")))


_OF_CASE = select(Connection).where(Connection.case_id == bindparam("case_id")).order_by(Connection.id.desc())
_LIVE, _NEWEST = _OF_CASE.where(*IS_LIVE).limit(1), _OF_CASE.limit(1)
_CONDITIONS = select(Condition).where(Condition.connection_row_id == bindparam("row_id")).order_by(Condition.kind)


@once
def live(session: Session, case_id: int) -> Connection | None:
    """The connection that counts for the case: not gone and not in its grace period."""
    return session.scalar(_LIVE, {"case_id": case_id})


def locked(session: Session, row_id: int) -> tuple[Case, Connection]:
    """The connection as it is now and its case. Every writer locks the case first, so that no two wait crosswise."""
    row = session.get_one(Connection, row_id)
    (case,) = cases.locked(session, row.case_id)
    return case, session.get_one(Connection, row_id, with_for_update=True, populate_existing=True)


def with_live(session: Session, case_ids: Collection[int]) -> set[int]:
    """Those of the cases that have such a connection."""
    return set(session.scalars(select(Connection.case_id).where(Connection.case_id.in_(case_ids), *IS_LIVE)))


@once
def newest(session: Session, case_id: int) -> Connection | None:
    return session.scalar(_NEWEST, {"case_id": case_id})


def by_connection_id(session: Session, connection_id: str) -> Connection | None:
    return session.scalar(select(Connection).where(Connection.connection_id == connection_id))


@once
def conditions(session: Session, connection_row_id: int) -> list[Condition]:
    return list(session.scalars(_CONDITIONS, {"row_id": connection_row_id}))
