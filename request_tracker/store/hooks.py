"""Webhooks out: who is told of what happens, and every delivery with what became of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Index, String, Text, delete, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.rules.hooks import PING
from request_tracker.store.base import Base, insertion, one_of, partial, tied

DELETED_AT_ONCE = 1000
_WRITTEN_AT_ONCE = 500


class HookEndpoint(Base):
    """`events`: kinds of timeline entries (`*` at the end stands for any rest). The secret is derived from our own
    key, the endpoint's id and `generation`, so it is stored nowhere. `told_to`: the last timeline entry looked at;
    what happened before `since_at` is not told. `blocked_until`: a worker posts to it until then, and no other."""

    __tablename__ = "hook_endpoint"
    id: Mapped[int] = mapped_column(primary_key=True)
    url: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(String(200), default="")
    events: Mapped[list[Any]]
    state: Mapped[str] = mapped_column(String(10), default="active")
    why: Mapped[str] = mapped_column(Text, default="")
    generation: Mapped[int] = mapped_column(default=1)
    rotated_at: Mapped[datetime | None]
    told_to: Mapped[int] = mapped_column(default=0)
    since_at: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]
    blocked_until: Mapped[datetime | None]
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]
    __table_args__ = (
        one_of("state", ("active", "paused", "given_up", "deleted")),
        tied("(state = 'deleted') = (deleted_at IS NOT NULL)", "deleted_has_time"),
    )


class HookDelivery(Base):
    """`message_id` is the same at every attempt, so that a receiver can de-duplicate; what follows `#` in it is our
    own and is not sent, so that a replay is the same message. `event_id` is null for tests."""

    __tablename__ = "hook_delivery"
    id: Mapped[int] = mapped_column(primary_key=True)
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("hook_endpoint.id"))
    event_id: Mapped[int | None] = mapped_column(ForeignKey("timeline.id"))
    message_id: Mapped[str] = mapped_column(String(80), unique=True)
    kind: Mapped[str] = mapped_column(String(60))
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    attempt: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime | None]
    status: Mapped[int | None]
    said: Mapped[str] = mapped_column(Text, default="")
    took_ms: Mapped[int | None]
    created_at: Mapped[datetime]
    tried_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    replay_of_id: Mapped[int | None] = mapped_column(ForeignKey("hook_delivery.id"))
    __table_args__ = (
        one_of("state", ("waiting", "sent", "dead", "cancelled")),
        tied("(state = 'waiting') = (next_at IS NOT NULL)", "waiting_has_time"),
        tied("(state = 'sent') = (sent_at IS NOT NULL)", "sent_has_time"),
        partial("ix_hook_delivery_due", "endpoint_id", "id", where="state = 'waiting'"),
        partial("ix_hook_delivery_dead", "endpoint_id", "id", where="state = 'dead'"),
        Index("ix_hook_delivery_endpoint", "endpoint_id", "id"),
        Index("ix_hook_delivery_event", "event_id"),
        Index("ix_hook_delivery_created", "created_at"),
        partial("ix_hook_delivery_replay", "replay_of_id", where="replay_of_id IS NOT NULL"),
    )


class NoSuchHook(LookupError):
    """There is no endpoint or delivery of this number (any more)."""


def endpoint(session: Session, endpoint_id: int, *, lock: bool = False) -> HookEndpoint:
    """An endpoint that is not deleted. Raises NoSuchHook."""
    found = select(HookEndpoint).where(HookEndpoint.id == endpoint_id, HookEndpoint.state != "deleted")
    if lock:
        found = found.with_for_update().execution_options(populate_existing=True)
    row = session.scalar(found)
    if row is None:
        raise NoSuchHook("There is no such endpoint, or it was deleted: choose one from the list")
    return row


def count(session: Session) -> int:
    kept = select(func.count()).select_from(HookEndpoint).where(HookEndpoint.state != "deleted")
    return session.scalar(kept) or 0


def queued(endpoint_id: int) -> tuple[ColumnElement[bool], ...]:
    """What waits in the endpoint's queue: tests go past it."""
    return (HookDelivery.endpoint_id == endpoint_id, HookDelivery.state == "waiting", HookDelivery.kind != PING)


def given_up(endpoint_id: int) -> tuple[ColumnElement[bool], ...]:
    """The messages of the endpoint that were given up, and not sent again since."""
    again = select(HookDelivery.replay_of_id).where(HookDelivery.replay_of_id.is_not(None))
    ours = (HookDelivery.endpoint_id == endpoint_id, HookDelivery.kind != PING)
    return (*ours, HookDelivery.state == "dead", HookDelivery.id.not_in(again))


def head(session: Session, endpoint_id: int) -> HookDelivery | None:
    """What has to go first."""
    first = select(HookDelivery).where(*queued(endpoint_id)).order_by(HookDelivery.id).limit(1)
    return session.scalar(first.execution_options(populate_existing=True))


def put(session: Session, rows: Sequence[Mapping[str, Any]], now: datetime) -> list[int]:
    """Queue messages in this order, each id once whoever else does the same. Answers the ids of the new rows."""
    new: list[int] = []
    plain = {"state": "waiting", "attempt": 0, "next_at": now, "said": ""}
    for begin in range(0, len(rows), _WRITTEN_AT_ONCE):
        values = [{**plain, **row} for row in rows[begin : begin + _WRITTEN_AT_ONCE]]
        once = insertion(session, HookDelivery).values(values).on_conflict_do_nothing(index_elements=["message_id"])
        new += session.scalars(once.returning(HookDelivery.id)).all()
    return sorted(new)


def delete_ended(session: Session, *, before: datetime, dead_before: datetime) -> int:
    """Delete what ended so long ago, the dead later, DELETED_AT_ONCE at most. Answers how many."""
    late = (HookDelivery.state.in_(("sent", "cancelled")) & (HookDelivery.created_at < before)) | (
        (HookDelivery.state == "dead") & (HookDelivery.created_at < dead_before)
    )
    old = select(HookDelivery.id).where(HookDelivery.created_at < before, late).order_by(HookDelivery.created_at)
    ids = session.scalars(old.limit(DELETED_AT_ONCE)).all()
    if ids:
        replays = update(HookDelivery).where(HookDelivery.replay_of_id.in_(ids)).values(replay_of_id=None)
        session.execute(replays.execution_options(synchronize_session=False))
        session.execute(delete(HookDelivery).where(HookDelivery.id.in_(ids)))
    return len(ids)
