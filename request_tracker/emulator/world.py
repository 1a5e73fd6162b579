"""The emulated account: its memory, clock, switches and faults, and the events it sends out."""

import random
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

import httpx
from flask import current_app

from request_tracker.emulator import outbox
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
    webhook_allow_http: bool = False
    webhook_retry_after: tuple[float, ...] = (360.0, 1620.0, 6300.0, 23_100.0, 83_580.0)
    webhook_give_up_after: float = 259_200.0
    webhook_time_out: float = 10.0
    webhook_group_key: str = "destination_group_id"
    webhook_other_data: str = "object"
    card_flavour: str = "by service"
    seed: int | None = None
    sync_seconds: float = 2.0
    card_hours: float = 24.0
    callback_query: str = ""
    duplicate_schema: tuple[int, str] = (409, "Conflict")
    duplicate_schema_allowed: bool = False
    duplicate_group: tuple[int, str] = (409, "Conflict")
    duplicate_group_refused: bool = False
    second_destination: tuple[int, str] = (409, "Conflict")
    refusal_body: str = "envelope"
    delete_says_nothing: bool = False
    created_code: str = "Success"
    sync_history: bool = True
    sync_history_tells_rows: bool = True
    unknown_tables_refused: bool = True
    all_columns_listed: bool = True
    not_found_entity: str = "Connection"
    setup_status_lower_case: bool = False
    refuse_unknown_services: bool = False
    calls_per_hour: int = 20_000


# The values that a switch which is a word may have.
CHOICES = {
    "webhook_group_key": ("destination_group_id", "group_id"),
    "webhook_other_data": ("object", "absent", "null", "text", "list"),
    "card_flavour": ("by service", "api_key", "database", "oauth2"),
    "not_found_entity": ("Connection", "Connector"),
    "refusal_body": ("envelope", "text", "html"),
    "created_code": ("Success", "Created"),
}


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
    given: Switches = field(init=False)
    faults: Faults = field(init=False)
    sender: Sender = field(init=False)
    calls: deque[datetime] = field(default_factory=deque)
    calls_lock: threading.Lock = field(default_factory=threading.Lock)
    _http: httpx.Client | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.given = self.switches
        self.faults = Faults(self.state, self.chance, self.now)
        self.sender = Sender()
        self.turn(self.switches)

    def new_id(self, kind: str) -> str:
        while True:
            key = two_words()
            if self.state.get(kind, key) is None:
                return key

    def emit(self, event: str, connection: Doc, data: Doc, sync_id: str | None = None) -> None:
        """Queue one delivery for each active webhook that asked for this event. Call inside `state.changing()`."""
        outbox.tell(self, event, connection, data, sync_id)

    def turn(self, switches: Switches) -> None:
        """Have these switches from now on; a seed among them is sown anew."""
        self.switches = switches
        if switches.seed is not None:
            self.faults.sow(switches.seed)

    def http(self) -> httpx.Client:
        """What webhooks are sent with. No connection is kept: a receiver that was started again is none the wiser."""
        with self.calls_lock:
            if self._http is None:
                limits = httpx.Limits(max_keepalive_connections=0)
                self._http = httpx.Client(transport=self.webhook_transport, trust_env=False, limits=limits)
            return self._http

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
        if self._http is not None:
            self._http.close()
        self.state.close()


def world() -> World:
    """The world of the app that answers the present request."""
    return cast(World, current_app.extensions[EXTENSION])


def new_secret() -> str:
    return secrets.token_urlsafe(24)


def _too_many(limit: int, wait_for: timedelta) -> ApiError:
    seconds = max(1, int(wait_for.total_seconds()) + 1)
    message = f"Max {limit} api calls allowed in one-hour rolling time period"
    return ApiError(429, "TooManyRequests", message, {"Retry-After": str(seconds)})
