"""The emulated account: its memory, clock, switches and faults, and the events it sends out."""

import json
import random
import secrets
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import cast

import httpx
from flask import current_app

from request_tracker.emulator.answers import ApiError
from request_tracker.emulator.faults import Faults
from request_tracker.emulator.sender import Sender
from request_tracker.emulator.state import Doc, State
from request_tracker.emulator.words import two_words

EXTENSION = "fivetran_emulator"


@dataclass(frozen=True)
class Switches:
    """What no public source settles, and what a test may want otherwise. Times in seconds."""

    upper_case_signature: bool = False
    webhook_allow_http: bool = True
    webhook_retry_after: tuple[float, ...] = (2.0, 10.0, 30.0)
    webhook_time_out: float = 10.0
    sync_seconds: float = 2.0
    card_hours: float = 24.0
    callback_query: str = ""
    duplicate_schema: tuple[int, str] = (409, "Conflict")
    duplicate_group_refused: bool = False
    not_found_entity: str = "Connection"
    setup_status_lower_case: bool = False
    refuse_unknown_services: bool = False
    calls_per_hour: int = 20_000


@dataclass
class World:
    """Everything one emulator holds. `now` is the clock, `sleep` what faults use to be slow."""

    state: State
    now: Callable[[], datetime]
    key: str
    secret: str
    public_url: str | None = None
    switches: Switches = field(default_factory=Switches)
    webhook_transport: httpx.BaseTransport | None = None
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random
    faults: Faults = field(init=False)
    sender: Sender = field(init=False)
    calls: deque[datetime] = field(default_factory=deque)
    calls_lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.faults = Faults(self.state, self.chance)
        self.sender = Sender()

    def new_id(self, kind: str) -> str:
        while True:
            key = two_words()
            if self.state.get(kind, key) is None:
                return key

    def emit(self, event: str, connection: Doc, data: Doc, sync_id: str | None = None) -> None:
        """Queue one delivery for each active webhook that asked for this event. Call inside `state.changing()`."""
        raw = compact(_event(event, connection, data, sync_id, self.now()))
        for webhook in self.state.find("webhook"):
            if _wants(webhook, event, connection["group_id"]) and not self.faults.loses(event):
                self.queue(webhook, raw)

    def queue(self, webhook: Doc, raw: str) -> None:
        delivery = {"id": uuid.uuid4().hex, "webhook_id": webhook["id"], "body": raw, "attempt": 0}
        self.state.put("delivery", {**delivery, "due_at": self.now().isoformat()})
        self.sender.wake()

    def count_call(self) -> None:
        """Count this call in the rolling hour. ApiError 429 when none was left."""
        now, limit = self.now(), self.switches.calls_per_hour
        with self.calls_lock:
            while self.calls and self.calls[0] <= now - timedelta(hours=1):
                self.calls.popleft()
            if len(self.calls) >= limit:
                raise _too_many(limit, self.calls[0] + timedelta(hours=1) - now)
            self.calls.append(now)

    def calls_left(self) -> int:
        with self.calls_lock:
            return self.switches.calls_per_hour - len(self.calls)

    def close(self) -> None:
        """Stop sending and close the memory."""
        self.sender.close()
        self.state.close()


def world() -> World:
    """The world of the app that answers the present request."""
    return cast(World, current_app.extensions[EXTENSION])


def compact(doc: Doc) -> str:
    return json.dumps(doc, separators=(",", ":"))


def new_secret() -> str:
    return secrets.token_urlsafe(24)


def short_stamp(moment: datetime) -> str:
    """As webhooks write instants: UTC with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _event(event: str, connection: Doc, data: Doc, sync_id: str | None, now: datetime) -> Doc:
    # The order of the keys is that of a recorded delivery.
    fields = {
        "event": event,
        "created": short_stamp(now),
        "connector_type": connection["service"],
        "connector_id": connection["id"],
        "connector_name": connection["schema"],
        "sync_id": sync_id,
        "destination_group_id": connection["group_id"],
        "data": data,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _wants(webhook: Doc, event: str, group_id: str) -> bool:
    return bool(webhook["active"]) and event in webhook["events"] and webhook.get("group_id") in (None, group_id)


def _too_many(limit: int, wait_for: timedelta) -> ApiError:
    seconds = max(1, int(wait_for.total_seconds()) + 1)
    message = f"Max {limit} api calls allowed in one-hour rolling time period"
    return ApiError(429, "TooManyRequests", message, {"Retry-After": str(seconds)})
