"""One HTTP exchange: bounded in time and size as a whole, so that a dripping server cannot hold a worker."""

import logging
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from request_tracker.fivetran.errors import Unreachable

Json = Mapping[str, Any]

LARGEST_ANSWER = 20 * 1024 * 1024
_CONNECT_TIME_OUT = 5.0
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_TALKATIVE = ("httpcore.http11", "httpcore.http2", "httpcore.proxy")
"""Their DEBUG lines hold whole headers, and a neighbour may say back in one what it was told in confidence."""
_CONNECTED = (".connect_tcp.complete", ".start_tls.complete")
_BROKEN = (httpx.TransportError, httpx.DecodingError)


@dataclass(frozen=True)
class Ask:
    """One call: what, where, with what; `kind` is "call", "source" or "tests"; `hidden` must not show in errors."""

    method: str
    path: str
    kind: str = "call"
    body: Json | None = field(default=None, repr=False)
    params: Json = field(default_factory=dict)
    version_2: bool = False
    hidden: tuple[str, ...] = field(default=(), repr=False)
    file: bytes | None = field(default=None, repr=False)

    @property
    def is_safe(self) -> bool:
        return self.method == "GET"


@dataclass(frozen=True)
class Answer:
    """A whole answer, read to its end."""

    status: int
    headers: httpx.Headers
    content: bytes = field(repr=False)

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


class Exchange:
    """Sends one Ask at a time; not to be shared by threads."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http
        self._socket: socket.socket | None = None
        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(logging.INFO)

    def run(self, ask: Ask, seconds: float) -> Answer:
        """The answer within so many seconds, or Unreachable. A redirect is an answer like any other."""
        answer, fault = self._tried(ask, seconds)
        if answer is None:
            # Raised out here, for the inner exception carries the request with its credentials.
            raise fault
        return answer

    def _tried(self, ask: Ask, seconds: float) -> tuple[Answer | None, Unreachable]:
        doubtful = not ask.is_safe
        try:
            with self._deadline(seconds) as ends_at:
                return self._read(ask, seconds, ends_at), Unreachable("", doubtful=False)
        except _NEVER_SENT as error:
            return None, Unreachable(type(error).__name__, doubtful=False)
        except _TooLarge:
            return None, Unreachable("the answer is too large", doubtful=doubtful)
        except _BROKEN as error:
            return None, Unreachable(type(error).__name__, doubtful=doubtful, in_flight=doubtful)

    def _read(self, ask: Ask, seconds: float, ends_at: float) -> Answer:
        with self._http.stream(
            ask.method,
            ask.path,
            json=ask.body,
            files=None if ask.file is None else {"file": ("package.zip", ask.file, "application/zip")},
            params=ask.params or None,
            headers={"Accept": "application/json;version=2" if ask.version_2 else "application/json"},
            timeout=httpx.Timeout(seconds, connect=min(seconds, _CONNECT_TIME_OUT)),
            extensions={"trace": self._note_socket},
        ) as answer:
            return Answer(answer.status_code, answer.headers, _content(answer, ends_at))

    @contextmanager
    def _deadline(self, seconds: float) -> Iterator[float]:
        """Time-outs count from byte to byte; this one cuts the line when the whole has taken too long."""
        timer = threading.Timer(seconds, self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield time.monotonic() + seconds
        finally:
            timer.cancel()

    def _cut(self) -> None:
        line = self._socket
        if line is not None:
            try:
                # The plain call, also under TLS: it wakes the reader and leaves the rest to it.
                socket.socket.shutdown(line, socket.SHUT_RDWR)
            except OSError:
                self._socket = None

    def _note_socket(self, event: str, info: Mapping[str, Any]) -> None:
        if event.endswith(_CONNECTED):
            self._socket = info["return_value"].get_extra_info("socket")


class _TooLarge(Exception):
    """More than LARGEST_ANSWER."""


def _content(answer: httpx.Response, ends_at: float) -> bytes:
    read = bytearray()
    for chunk in answer.iter_bytes():
        read += chunk
        if len(read) > LARGEST_ANSWER:
            raise _TooLarge
        if time.monotonic() > ends_at:
            raise httpx.ReadTimeout("the whole answer took too long")
    return bytes(read)
