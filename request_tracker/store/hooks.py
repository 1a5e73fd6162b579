"""Webhooks out: who is told of what happens, and every delivery with what became of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from request_tracker.store.base import Base, one_of, partial, tied


class HookEndpoint(Base):
    """`events`: kinds of timeline entries (`*` at the end stands for any rest). The secret is derived from our own
    key, the endpoint's id and `generation`, so it is stored nowhere. `told_to`: the last timeline entry looked at."""

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
    """`message_id` is the same at every attempt, so that a receiver can de-duplicate. `event_id` is null for tests."""

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
        Index("ix_hook_delivery_endpoint", "endpoint_id", "id"),
        Index("ix_hook_delivery_event", "event_id"),
    )
