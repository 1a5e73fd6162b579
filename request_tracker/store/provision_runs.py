"""Provisioning many at once: a run with its items, each done, stopped and resumed by itself."""

from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, ForeignKey, Index, String, Text, func, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.rules.sending import Sent
from request_tracker.store.base import Base, one_of, partial

OPEN = ("waiting", "running", "unknown")
"""States of an item that a run still has to do with."""


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

    @property
    def sent(self) -> Sent:
        return Sent(self.since, self.sends, self.sent_at, self.in_flight_until)

    @property
    def since(self) -> datetime:
        """No request of this item is older: its name may have been asked for by nothing else of ours before."""
        return datetime.fromisoformat(self.wish["since"])


def items(session: Session, run_id: int, *states: str) -> list[ProvisionItem]:
    found = select(ProvisionItem).where(ProvisionItem.run_id == run_id)
    found = found.where(ProvisionItem.state.in_(states)) if states else found
    return list(session.scalars(found.order_by(ProvisionItem.id)))


def counted(session: Session, run_id: int, *states: str) -> int:
    found = select(func.count()).select_from(ProvisionItem).where(ProvisionItem.run_id == run_id)
    return int(session.scalar(found.where(ProvisionItem.state.in_(states))) or 0)


def claim(session: Session, item_id: int, now: datetime) -> bool:
    """Set a waiting item running; true for the one who did it."""
    mine = update(ProvisionItem).where(ProvisionItem.id == item_id, ProvisionItem.state == "waiting")
    done = session.execute(mine.values(state="running", changed_at=now).execution_options(synchronize_session=False))
    assert isinstance(done, CursorResult)
    return bool(done.rowcount)


def of_file(session: Session, digest: str) -> ProvisionRun | None:
    """The run of a file of this meaning that is not over."""
    found = select(ProvisionRun).where(ProvisionRun.digest == digest, ProvisionRun.origin == "file")
    return session.scalar(found.where(ProvisionRun.state != "done").order_by(ProvisionRun.id.desc()).limit(1))


def one_sender(session: Session) -> None:
    """Let one transaction at a time say that a request goes out for a file; SQLite lets only one write anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE provision_item IN SHARE ROW EXCLUSIVE MODE"))


def of_place(session: Session, group_id: str, schema: str) -> list[ProvisionItem]:
    """Every item of a file, of any run, that is about this name in this group."""
    found = select(ProvisionItem).where(ProvisionItem.group_id == group_id, ProvisionItem.case_id.is_(None))
    return [each for each in session.scalars(found.order_by(ProvisionItem.id)) if each.wish["schema"] == schema]
