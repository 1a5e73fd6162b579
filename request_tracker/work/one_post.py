"""One post to an address that an admin typed: guarded, without redirects, and over after ten seconds whatever comes."""

import socket
import time
from datetime import datetime
from threading import Timer
from types import TracebackType
from typing import Any

import httpx

from request_tracker.actions.posting import Answer, Sending
from request_tracker.guard import Guarded, Inside
from request_tracker.rules import hook_sending
from request_tracker.rules.hooks import said_of

SECONDS = 10.0
LONGEST_ANSWER = 4096
AGENT = "request-tracker-webhooks/1"
_SLOW = f"No answer within {SECONDS:.0f} seconds"


class Poster:
    """Posts one after the other over connections it keeps. `resolve` and others: as guard.Guarded takes them.

    Without a client of httpx between, for that writes addresses to the log, and an address may hold a secret.
    """

    def __init__(self, *, this_machine: bool, seconds: float = SECONDS, **transport: Any) -> None:
        self._seconds = seconds
        self._transport = Guarded(this_machine=this_machine, **transport)
        self._stream: Any = None

    def __enter__(self) -> "Poster":
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self._transport.close()

    def post(self, sending: Sending, now: datetime) -> Answer:
        """What came of it, never an error: what goes wrong is told in words without the address."""
        began, cut = time.monotonic(), _Cut(self._seconds, self._stream)
        status, said, headers = self._answered(sending, now, cut)
        self._stream = cut.stream
        took_ms = int((time.monotonic() - began) * 1000)
        asked = hook_sending.asked_of(status, headers, now) if status is not None else None
        return Answer(status, said, took_ms, asked)

    def _answered(self, sending: Sending, now: datetime, cut: "_Cut") -> tuple[int | None, str, httpx.Headers]:
        signed = hook_sending.headers_of(sending.message_id, sending.body, sending.secrets, now)
        headers = {**signed, "content-type": "application/json", "user-agent": AGENT, "accept-encoding": "identity"}
        try:
            more = {"trace": cut.trace, "timeout": httpx.Timeout(self._seconds).as_dict()}
            body = sending.body.encode()
            request = httpx.Request("POST", sending.url, content=body, headers=headers, extensions=more)
            with cut:
                answer = self._transport.handle_request(request)
                try:
                    return answer.status_code, said_of(_body(answer)), answer.headers
                finally:
                    answer.close()
        except Inside as fault:
            return None, str(fault), httpx.Headers()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as fault:
            return None, _SLOW if cut.is_over else _words(fault), httpx.Headers()


class _Cut:
    """Ends the connection when the time is over: a time-out of httpx begins anew with every byte that comes.

    `stream`: the connection of the post before, which this one may go over too.
    """

    def __init__(self, seconds: float, stream: Any) -> None:
        self.is_over = False
        self.stream = stream
        self._timer = Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def trace(self, name: str, info: dict[str, Any]) -> None:
        if name in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self.stream = info["return_value"]
            if self.is_over:
                self._end()

    def _end(self) -> None:
        self.is_over = True
        found = self.stream.get_extra_info("socket") if self.stream is not None else None
        if isinstance(found, socket.socket):
            try:
                socket.socket.shutdown(found, socket.SHUT_RDWR)
            except OSError:
                return


def _body(answer: httpx.Response) -> bytes:
    """The answer's beginning, as it came over the wire; whether it can be read to its end changes nothing."""
    body = bytearray()
    try:
        for piece in answer.iter_raw():
            body += piece
            if len(body) >= LONGEST_ANSWER:
                break
    except httpx.HTTPError:
        return bytes(body)
    return bytes(body[:LONGEST_ANSWER])


def _words(fault: Exception) -> str:
    """What went wrong, for the admin, without the address: it may hold a secret."""
    for kind, words in _FAULTS:
        if isinstance(fault, kind):
            return words
    return "The answer could not be read"


_FAULTS: tuple[tuple[type[Exception], str], ...] = (
    (httpx.ConnectTimeout, _SLOW),
    (httpx.ConnectError, "The receiver could not be reached: the name is unknown, or nobody answers there"),
    (httpx.TimeoutException, _SLOW),
    (httpx.RemoteProtocolError, "The receiver closed the connection before it answered"),
    (httpx.NetworkError, "The connection broke before an answer came"),
    (httpx.InvalidURL, "The address cannot be called: correct it"),
)
