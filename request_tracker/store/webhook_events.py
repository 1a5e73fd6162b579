"""Webhook deliveries: stored raw and once, whatever their kind."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.store.base import Base, partial

DELETED_AT_ONCE = 1000


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
        partial("ix_webhook_event_untaken", "connection_id", "id", where="taken_at IS NULL"),
    )


class OurWebhook(Base):
    """A webhook of ours at Fivetran; without a `webhook_id` one that could not be made yet.

    `secret_digest`: of the secret it was given, to notice a new one. `fault`: why it is not as it should be, in words.
    `tried`: what Fivetran refused, as a digest; the same is not asked for again before `retry_at`. `tested_at`,
    `test_said`: the last test an admin asked for.
    """

    __tablename__ = "our_webhook"
    id: Mapped[int] = mapped_column(primary_key=True)
    webhook_id: Mapped[str] = mapped_column(String(200), unique=True)
    url: Mapped[str] = mapped_column(Text)
    secret_digest: Mapped[str] = mapped_column(String(64))
    kept_at: Mapped[datetime]
    fault: Mapped[str] = mapped_column(Text, default="")
    tried: Mapped[str] = mapped_column(String(64), default="", server_default="")
    retry_at: Mapped[datetime | None]
    tested_at: Mapped[datetime | None]
    test_said: Mapped[str] = mapped_column(Text, default="", server_default="")


class WebhookRefusal(Base):
    """How many deliveries of a UTC day were not believed, by reason; nothing else is kept of them."""

    __tablename__ = "webhook_refusal"
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    reason: Mapped[str] = mapped_column(String(20), primary_key=True)
    count: Mapped[int]
    last_at: Mapped[datetime]


def our_webhooks(session: Session) -> list[OurWebhook]:
    return list(session.scalars(select(OurWebhook).order_by(OurWebhook.id)))


def delete_before(session: Session, instant: datetime) -> int:
    """Delete deliveries received before the instant, DELETED_AT_ONCE at most. Answers how many."""
    late = select(WebhookEvent.id).where(WebhookEvent.received_at < instant).order_by(WebhookEvent.received_at)
    ids = session.scalars(late.limit(DELETED_AT_ONCE)).all()
    session.execute(delete(WebhookEvent).where(WebhookEvent.id.in_(ids)))
    return len(ids)
