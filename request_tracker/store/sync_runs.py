"""Syncs of starter connectors as far as Fivetran told of them: begun, ended how, why, with how many rows."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, false, func, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.store.base import Base, one_of

NEAR = timedelta(minutes=2)
"""A sync's end by webhook and by `succeeded_at` differ by less, as both are Fivetran's own time."""
LISTED = 20


class SyncRun(Base):
    """`sync_id` is Fivetran's, or one with a colon (`asked:<row>:<n>`, `read:<row>:<n>`) while only we know of it.

    `tables` is `[{schema, table, rows}]`, empty where the API does not tell; `task`: what somebody has to do about a
    failure (`reconnect`). `source`: who told (ask, webhook, reading, history). The newest `awaited` run is the one the
    case waits for. `asked_at`: when we last sent the request that starts it; `followed`: what was last done about it (a
    Stand of rules/sync_following), empty while it is not known to have begun; `…_before`: what Fivetran said just
    before it was asked for, in Fivetran's own time.
    """

    __tablename__ = "sync_run"
    id: Mapped[int] = mapped_column(primary_key=True)
    connection_row_id: Mapped[int] = mapped_column(ForeignKey("connection.id"))
    sync_id: Mapped[str] = mapped_column(String(80))
    status: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(Text, default="")
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    rows: Mapped[int | None] = mapped_column(BigInteger().with_variant(Integer(), "sqlite"))
    tables: Mapped[list[Any]] = mapped_column(default=list)
    source: Mapped[str] = mapped_column(String(10))
    task: Mapped[str] = mapped_column(String(60), default="", server_default="")
    awaited: Mapped[bool] = mapped_column(default=False, server_default=false())
    followed: Mapped[str] = mapped_column(String(20), default="", server_default="")
    asked_at: Mapped[datetime | None]
    succeeded_before: Mapped[datetime | None]
    failed_before: Mapped[datetime | None]
    __table_args__ = (
        one_of("status", ("running", "successful", "failed", "cancelled", "rescheduled", "late")),
        one_of("source", ("ask", "webhook", "reading", "history")),
        Index("uq_sync_run", "connection_row_id", "sync_id", unique=True),
    )

    @property
    def is_named(self) -> bool:
        """Whether Fivetran's own id is known."""
        return ":" not in self.sync_id


def awaited(session: Session, row_id: int) -> SyncRun | None:
    """The sync the case waits for, or waited for last."""
    found = select(SyncRun).where(SyncRun.connection_row_id == row_id, SyncRun.awaited)
    return session.scalar(found.order_by(SyncRun.id.desc()).limit(1))


def by_sync_id(session: Session, row_id: int, sync_id: str) -> SyncRun | None:
    return session.scalar(select(SyncRun).where(SyncRun.connection_row_id == row_id, SyncRun.sync_id == sync_id))


def unnamed_near(session: Session, row_id: int, at: datetime) -> SyncRun | None:
    """A run only we know of that ended about then."""
    about = SyncRun.ended_at.between(at - NEAR, at + NEAR)
    found = select(SyncRun).where(SyncRun.connection_row_id == row_id, SyncRun.sync_id.like("%:%"), about)
    return session.scalar(found.order_by(SyncRun.id.desc()).limit(1))


def ended_near(session: Session, row_id: int, status: str, at: datetime) -> SyncRun | None:
    """A run known to have ended so about then."""
    about = SyncRun.ended_at.between(at - NEAR, at + NEAR)
    found = select(SyncRun).where(SyncRun.connection_row_id == row_id, SyncRun.status == status, about)
    return session.scalar(found.order_by(SyncRun.id.desc()).limit(1))


def add(session: Session, row_id: int, source: str, *, sync_id: str = "", status: str = "running") -> SyncRun:
    """A new run; without Fivetran's id under one of our own."""
    if not sync_id:
        count = select(func.count()).select_from(SyncRun).where(SyncRun.connection_row_id == row_id)
        kind = "asked" if source == "ask" else "read"
        sync_id = f"{kind}:{row_id}:{1 + int(session.scalar(count) or 0)}"
    run = SyncRun(connection_row_id=row_id, sync_id=sync_id, status=status, source=source, tables=[])
    session.add(run)
    session.flush()
    return run


def newest(session: Session, row_id: int, *, limit: int = LISTED) -> Sequence[SyncRun]:
    """The last runs that were begun, the newest first."""
    begun = or_(SyncRun.started_at.is_not(None), SyncRun.ended_at.is_not(None))
    found = select(SyncRun).where(SyncRun.connection_row_id == row_id, begun)
    at = func.coalesce(SyncRun.started_at, SyncRun.ended_at)
    return session.scalars(found.order_by(at.desc(), SyncRun.id.desc()).limit(limit)).all()
