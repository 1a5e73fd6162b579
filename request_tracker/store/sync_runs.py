"""Syncs of starter connectors as far as Fivetran told of them: begun, ended how, why, with how many rows."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from request_tracker.store.base import Base, one_of


class SyncRun(Base):
    """`sync_id` is Fivetran's, or `asked:<row>` while only we know of it. `tables` is `[{schema, table, rows}]`, empty
    where the API does not tell. `source`: who told (ask, webhook, reading, history)."""

    __tablename__ = "sync_run"
    id: Mapped[int] = mapped_column(primary_key=True)
    connection_row_id: Mapped[int] = mapped_column(ForeignKey("connection.id"))
    sync_id: Mapped[str] = mapped_column(String(80))
    status: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(Text, default="")
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    rows: Mapped[int | None]
    tables: Mapped[list[Any]] = mapped_column(default=list)
    source: Mapped[str] = mapped_column(String(10))
    __table_args__ = (
        one_of("status", ("running", "successful", "failed", "cancelled", "rescheduled", "late")),
        one_of("source", ("ask", "webhook", "reading", "history")),
        Index("uq_sync_run", "connection_row_id", "sync_id", unique=True),
    )
