"""What Fivetran posts to us: believed only when signed, kept once, answered fast."""

import hashlib
from collections import Counter
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from threading import Lock

from flask import Blueprint, current_app
from flask import request as http
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from request_tracker.access import wiring
from request_tracker.actions import deliveries
from request_tracker.actions.deliveries import Delivery
from request_tracker.fivetran import webhook

webhooks = Blueprint("webhooks", __name__)
BIGGEST = 256 * 1024
"""Bytes of a delivery; real ones have some hundred."""
REFUSALS = "request_tracker.refusals"
_TURN = Lock()


class Refusals:
    """What was not believed since it was last written down: forged deliveries must not cost a write each.

    The first is written at once, those that follow within WRITE_EVERY together, at the latest with the next genuine
    delivery. A process that is killed forgets no more than those of its last second.
    """

    WRITE_EVERY = timedelta(seconds=1)

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: Counter[str] = Counter()
        self._written_at: datetime | None = None

    def add(self, reason: str, now: datetime) -> dict[str, int]:
        """Count one; what is to be written down now."""
        with self._lock:
            self._counts[reason] += 1
            if self._written_at is not None and abs(now - self._written_at) < self.WRITE_EVERY:
                return {}
            self._written_at = now
        return self.take()

    def take(self) -> dict[str, int]:
        with self._lock:
            found = dict(self._counts)
            self._counts.clear()
        return found


@webhooks.post("/webhooks/fivetran")
def fivetran() -> ResponseReturnValue:
    http.max_content_length = BIGGEST
    try:
        raw = http.get_data()
    except RequestEntityTooLarge:
        return _refused("too_big", 413, f"A delivery has at most {BIGGEST} bytes")
    signature = http.headers.get(webhook.SIGNATURE_HEADER)
    if not _is_genuine(raw, signature):
        return _refused("forged" if signature else "unsigned", 401, "The signature does not fit the body")
    try:
        event = webhook.read(raw)
    except ValueError as fault:
        return {"detail": str(fault)}, 400
    delivery = Delivery(
        natural_key=event.natural_key,
        digest=hashlib.sha256(raw).hexdigest(),
        kind=event.event,
        connection_id=event.connector_id or "",
        sync_id=event.sync_id or "",
        happened_at=event.created,
        body=raw,
    )
    refused = _refusals().take()
    with _turn(), wiring.transaction() as session:
        new = deliveries.store_delivery(session, delivery, wiring.now())
        deliveries.refuse(session, refused, wiring.now())
    return {"stored": new}


def _turn() -> AbstractContextManager[object]:
    """On SQLite the threads of a process take turns: waiting inside SQLite is polling with ever longer pauses."""
    return _TURN if wiring.settings().database_url.startswith("sqlite") else nullcontext()


def _is_genuine(raw: bytes, signature: str | None) -> bool:
    """Each secret is tried, also after one fitted: how long it takes tells nothing."""
    fits = [webhook.verify(raw, signature, secret) for secret in wiring.settings().webhook_secrets]
    return any(fits)


def _refused(reason: str, status: int, sentence: str) -> ResponseReturnValue:
    if refused := _refusals().add(reason, wiring.now()):
        with wiring.transaction() as session:
            deliveries.refuse(session, refused, wiring.now())
    return {"detail": sentence}, status


def _refusals() -> Refusals:
    found = current_app.extensions.setdefault(REFUSALS, Refusals())
    assert isinstance(found, Refusals)
    return found
