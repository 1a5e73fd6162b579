"""What is remembered of the webhook we keep at Fivetran: which it is, what we wish, what stands in the way."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from request_tracker.actions import auditing
from request_tracker.rules.people import Act
from request_tracker.store import jobs
from request_tracker.store.base import insertion
from request_tracker.store.webhook_events import OurWebhook


@dataclass(frozen=True)
class Wish:
    """How our webhook should be. `secret_digest`: SHA-256 of the secret it is given."""

    url: str
    events: tuple[str, ...]
    secret_digest: str

    @property
    def digest(self) -> str:
        return hashlib.sha256("|".join((self.url, self.secret_digest, *self.events)).encode()).hexdigest()


def must_wait(rows: Sequence[OurWebhook], wish: Wish, now: datetime) -> bool:
    """Whether Fivetran refused just this a short while ago."""
    return any(row.tried == wish.digest and row.retry_at is not None and row.retry_at > now for row in rows)


def keep(session: Session, webhook_id: str, wish: Wish, now: datetime) -> None:
    """Our webhook is as we wish."""
    row = _row(session, webhook_id, wish, now)
    row.url, row.secret_digest, row.kept_at = wish.url, wish.secret_digest, now
    row.fault, row.tried, row.retry_at = "", "", None


def note(session: Session, wish: Wish, sentence: str, now: datetime, *, retry_at: datetime | None) -> None:
    """Our webhook is not as we wish, and why; the same is not asked for again before `retry_at`."""
    newest = select(OurWebhook).where(OurWebhook.url == wish.url).order_by(OurWebhook.id.desc()).limit(1)
    row = session.scalar(newest) or _row(session, "", wish, now)
    if not row.webhook_id:
        row.url = wish.url
    row.fault, row.tried, row.retry_at = sentence, wish.digest, retry_at


def tested(session: Session, webhook_id: str, said: str, now: datetime) -> None:
    row = session.scalar(select(OurWebhook).where(OurWebhook.webhook_id == webhook_id))
    if row is not None:
        row.tested_at, row.test_said = now, said


def forget(session: Session, webhook_id: str) -> None:
    session.execute(delete(OurWebhook).where(OurWebhook.webhook_id == webhook_id))


def ask_for_test(session: Session, act: Act) -> None:
    """Have the worker test our webhook."""
    _ask(session, "test_webhook", act)
    auditing.note(session, act, "job.asked", "a test of the webhook at Fivetran")


def ask_to_mend(session: Session, act: Act) -> None:
    """Have the worker see to our webhook now, whatever was refused a while ago."""
    _ask(session, "mend_webhook", act)
    auditing.note(session, act, "webhook.mended", "the webhook at Fivetran")


def _ask(session: Session, kind: str, act: Act) -> None:
    """Once a second: a double click asks once."""
    jobs.put(session, kind, {}, now=act.now, unique_key=f"{kind}:{act.now.isoformat(timespec='seconds')}")


def _row(session: Session, webhook_id: str, wish: Wish, now: datetime) -> OurWebhook:
    """The webhook's row, made where there is none; another worker may do the same at the same moment."""
    new = {"webhook_id": webhook_id, "url": wish.url, "secret_digest": wish.secret_digest, "kept_at": now, "fault": ""}
    once = insertion(session, OurWebhook).values(new).on_conflict_do_nothing(index_elements=["webhook_id"])
    session.execute(once)
    found = select(OurWebhook).where(OurWebhook.webhook_id == webhook_id).with_for_update()
    return session.scalars(found).one()
