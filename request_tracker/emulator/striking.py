"""Faults at work on a call: before its effect, after it, and on the wire."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

import httpx
from flask import Response, g, request

from request_tracker.emulator.answers import ApiError, failure
from request_tracker.emulator.state import Doc
from request_tracker.emulator.world import World

_HANG_UP = "fivetran_emulator.hang_up"
_SOCKET = "werkzeug.socket"
_ONE_CONNECTION = re.compile(r"/v1/(?:connections|connectors)/([^/]+)")
_CREATES = re.compile(r"/v1/(?:connections|connectors|destinations)")
_ASKS_FOR_TESTS = re.compile(r"/v1/(?:connections|connectors|destinations)/[^/]+/test")
_CHANGES = re.compile(r"/v1/(?:connections|connectors|destinations)/[^/]+")
_GATEWAY = "<html><head><title>Gateway</title></head><body>Please wait</body></html>"

Wsgi = Callable[[Doc, Callable[..., Any]], Iterable[bytes]]


class HungUp(httpx.RemoteProtocolError, ConnectionError):
    """Nobody answers. Werkzeug drops the connection at a ConnectionError; httpx, when it calls the application in
    its own process, takes the other parent for a server that has gone away."""


class HangUps:
    """Between server and application: keeps back the answer where a fault says so, and closes the connection."""

    def __init__(self, inner: Wsgi) -> None:
        self._inner = inner

    def __call__(self, environ: Doc, start_response: Callable[..., Any]) -> Iterable[bytes]:
        answer = self._inner(environ, start_response)
        if environ.get(_HANG_UP):
            _close(answer)
            _cut(environ.get(_SOCKET))
            raise HungUp("Server disconnected without sending a response.")
        return answer


def strike_before(here: World) -> None:
    """What the faults do before the call is carried out. ApiError where it is not to be."""
    connection = _ONE_CONNECTION.fullmatch(request.path)
    if request.method == "GET" and connection is not None:
        for rule in here.faults.strike("read", request.method, request.path):
            g.fault = rule["kind"]
            here.state.drop("connection", connection[1])
    for rule in here.faults.strike("before", request.method, request.path):
        g.fault = rule["kind"]
        _strike(here, rule)


def strike_after(here: World, answer: Response) -> Response:
    """The answer as the faults leave it. Where nothing was done there is no effect to be silent about."""
    if g.get("refused") or answer.status_code == 401:
        return answer
    if answer.status_code < 300 and _runs_tests():
        for rule in here.faults.strike("tests", request.method, request.path):
            g.fault = rule["kind"]
            here.sleep(rule["seconds"])
    for rule in here.faults.strike("after", request.method, request.path):
        g.fault = rule["kind"]
        answer = _AFTER[rule["kind"]](here, rule, answer)
    return answer


def nobody_answers() -> bool:
    """Is the answer to this call kept back?"""
    return bool(request.environ.get(_HANG_UP))


def _strike(here: World, rule: Doc) -> None:
    if rule["kind"] == "latency":
        here.sleep(rule["seconds"])
        return
    g.refused = True
    if rule["kind"] == "hang_up_before":
        request.environ[_HANG_UP] = True
    raise _refusal(rule)


def _refusal(rule: Doc) -> ApiError:
    wait = {"Retry-After": str(int(rule["seconds"]))}
    return {
        "down": ApiError(503, "ServiceUnavailable", "The emulator is told to be down"),
        "too_many_requests": ApiError(429, "TooManyRequests", "Too many requests", wait),
        "conflict": ApiError(409, "Conflict", "The emulator is told to answer with a conflict"),
        "expired_key": ApiError(401, "AuthFailed", "The API key has expired", {"WWW-Authenticate": "Basic"}),
    }.get(rule["kind"], _injected(rule))


def _injected(rule: Doc) -> ApiError:
    return ApiError(int(rule["status"]), "InternalServerError", "The emulator is told to fail")


def _error(here: World, rule: Doc, answer: Response) -> Response:
    return failure(_injected(rule))


def _held(here: World, rule: Doc, answer: Response) -> Response:
    here.sleep(rule["seconds"])
    return answer


def _hung_up(here: World, rule: Doc, answer: Response) -> Response:
    request.environ[_HANG_UP] = True
    return answer


def _garbled(here: World, rule: Doc, answer: Response) -> Response:
    return Response(_GATEWAY, 200, content_type="text/html; charset=utf-8")


def _dripping(here: World, rule: Doc, answer: Response) -> Response:
    raw = answer.get_data()
    pause = rule["seconds"] / max(1, len(raw))

    def drops() -> Iterator[bytes]:
        for place in range(len(raw)):
            here.sleep(pause)
            yield raw[place : place + 1]

    answer.response = drops()
    answer.content_length = len(raw)
    return answer


_AFTER = {
    "error_after": _error,
    "timeout_after_effect": _held,
    "hang_up_after": _hung_up,
    "garbled_answer": _garbled,
    "drip": _dripping,
}


def _runs_tests() -> bool:
    path = request.path
    if request.method == "POST" and _ASKS_FOR_TESTS.fullmatch(path):
        return True
    may = {"POST": _CREATES, "PATCH": _CHANGES}.get(request.method)
    wish = request.get_json(silent=True) if request.is_json else None
    return bool(may and may.fullmatch(path) and isinstance(wish, dict) and wish.get("run_setup_tests", True))


def _close(answer: Iterable[bytes]) -> None:
    close = getattr(answer, "close", None)
    if close is not None:
        close()


def _cut(socket: Any) -> None:
    if socket is not None:
        with suppress(OSError):
            socket.shutdown(2)  # both ways
