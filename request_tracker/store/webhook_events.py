"""Webhook deliveries: stored raw and once, whatever their kind."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from request_tracker.store.base import Base


class WebhookEvent(Base):
    """`natural_key` de-duplicates deliveries of the same event; `digest` is SHA-256 of the raw body.

    `happened_at` is Fivetran's own time, `received_at` ours, `taken_at` when the connection was read because of it.
    """

    __tablename__ = "webhook_event"
    id: Mapped[int] = mapped_column(primary_key=True)
    natural_key: Mapped[str] = mapped_column(String(300), unique=True)
    digest: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(60))
    connection_id: Mapped[str] = mapped_column(String(200), default="")
    body: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime]
    taken_at: Mapped[datetime | None]
    happened_at: Mapped[datetime | None]
    sync_id: Mapped[str] = mapped_column(String(80), default="", server_default="")
    replays: Mapped[int] = mapped_column(default=0, server_default="0")
    replayed_at: Mapped[datetime | None]
    replayed_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    __table_args__ = (
        Index("ix_webhook_event_connection", "connection_id"),
        Index("ix_webhook_event_received", "received_at"),
    )


class OurWebhook(Base):
    """The webhook kept alive at Fivetran. `secret_digest`: of the secret it was given, to notice a new one."""

    __tablename__ = "our_webhook"
    id: Mapped[int] = mapped_column(primary_key=True)
    webhook_id: Mapped[str] = mapped_column(String(200), unique=True)
    url: Mapped[str] = mapped_column(Text)
    secret_digest: Mapped[str] = mapped_column(String(64))
    kept_at: Mapped[datetime]
    fault: Mapped[str] = mapped_column(Text, default="")
