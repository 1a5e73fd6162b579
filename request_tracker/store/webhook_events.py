"""Webhook deliveries: stored raw and once, whatever their kind."""

from datetime import datetime

from sqlalchemy import Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from request_tracker.store.base import Base


class WebhookEvent(Base):
    """`natural_key` de-duplicates deliveries of the same event; `digest` is SHA-256 of the raw body."""

    __tablename__ = "webhook_event"
    id: Mapped[int] = mapped_column(primary_key=True)
    natural_key: Mapped[str] = mapped_column(String(300), unique=True)
    digest: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(60))
    connection_id: Mapped[str] = mapped_column(String(200), default="")
    body: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime]
    taken_at: Mapped[datetime | None]
    __table_args__ = (Index("ix_webhook_event_connection", "connection_id"),)
