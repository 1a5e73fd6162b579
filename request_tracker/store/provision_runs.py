"""Provisioning many at once: a run with its items, each done, stopped and resumed by itself."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from request_tracker.store.base import Base, one_of, partial


class ProvisionRun(Base):
    """`origin`: page or file; `digest` of the file's meaning, so that the same file resumes its own run.
    `by_id` is null where the command line started it."""

    __tablename__ = "provision_run"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    origin: Mapped[str] = mapped_column(String(10))
    digest: Mapped[str] = mapped_column(String(64), default="")
    state: Mapped[str] = mapped_column(String(10), default="running")
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    __table_args__ = (
        one_of("origin", ("page", "file")),
        one_of("state", ("running", "stopped", "done")),
        partial("uq_provision_run_digest", "digest", where="origin = 'file' AND state <> 'done'", unique=True),
    )


class ProvisionItem(Base):
    """One connection of a run: a case's own (`case_id`), or one from a file (`wish`, with its own way to exactly one:
    `sent_at`, `in_flight_until`, `sends` as with starter connectors)."""

    __tablename__ = "provision_item"
    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("provision_run.id"))
    name: Mapped[str] = mapped_column(String(200))
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"))
    wish: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    sentence: Mapped[str] = mapped_column(Text, default="")
    group_id: Mapped[str | None] = mapped_column(String(200))
    connection_id: Mapped[str | None] = mapped_column(String(200))
    sent_at: Mapped[datetime | None]
    in_flight_until: Mapped[datetime | None]
    sends: Mapped[int] = mapped_column(default=0)
    changed_at: Mapped[datetime]
    __table_args__ = (
        one_of("state", ("waiting", "running", "unknown", "done", "failed", "skipped")),
        Index("uq_provision_item", "run_id", "name", unique=True),
        Index("ix_provision_item_state", "run_id", "state"),
    )
