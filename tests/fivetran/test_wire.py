"""The line itself: whole time-outs, sizes, pauses, pace, spellings, pages."""

import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from flask import Flask

from request_tracker.fivetran import exchange, wire
from request_tracker.fivetran.client import Fivetran, NotFound, Refused, Throttled, Unreachable

OK = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900000\r\n\r\n{"data"'
FINE = httpx.Response(200, json={"code": "Success", "data": {}})
AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
NO_ROUTE = {"code": "NotFound", "message": "HTTP 404 Not Found"}


@contextmanager
def dripping(first: bytes) -> Iterator[str]:
    """A server that says `first`, and then a byte every hundredth of a second for as long as somebody listens."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def drip() -> None:
        line, _ = listener.accept()
        with line:
            line.recv(65536)
            try:
                line.sendall(first)
                while not over.wait(0.01):
                    line.sendall(b"x")
            except OSError:
                return

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        over.set()
        thread.join()
        listener.close()


@pytest.mark.parametrize("first", [b"HTTP/1.1 200 OK\r\nX-Slow: ", OK], ids=["headers", "body"])
def test_a_dripping_server_is_left_after_the_time_for_the_whole(first: bytes) -> None:
    with dripping(first) as url, Fivetran(url, "k", "s", time_outs={"call": 0.2}) as api:
        began = time.monotonic()
        with pytest.raises(Unreachable) as caught:
            api.create_group("g")
        assert 0.15 < time.monotonic() - began < 5
    assert (caught.value.doubtful, caught.value.in_flight) == (True, True)


def test_an_endless_answer_is_given_up(answering, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "LARGEST_ANSWER", 1000)
    given = 0

    def more() -> Iterator[bytes]:
        nonlocal given
        while True:
            given += 1
            yield b"x" * 100

    with pytest.raises(Unreachable, match="too large"):
        answering(lambda request: httpx.Response(200, content=more())).create_group("g")
    assert given == 11


@pytest.mark.parametrize(
    ("answer", "in_flight"),
    [
        (httpx.ReadTimeout("slow"), True),
        (httpx.RemoteProtocolError("hung up"), True),
        (httpx.ConnectError("refused"), False),
        (httpx.Response(500), False),
        (httpx.Response(503), False),
        (httpx.Response(502), True),
        (httpx.Response(504), True),
        (httpx.Response(408), True),
    ],
)
def test_a_write_may_still_travel_when_no_answer_of_the_api_came(answering, answer: Any, in_flight: bool) -> None:
    with pytest.raises(Unreachable) as caught:
        answering(lambda request: given(answer)).create_group("g")
    assert caught.value.in_flight is in_flight
    with pytest.raises(Unreachable) as caught:
        answering(lambda request: given(answer)).account()
    assert caught.value.in_flight is False


def given(answer: httpx.Response | Exception) -> httpx.Response:
    if isinstance(answer, Exception):
        raise answer
    return answer


@pytest.mark.parametrize(("chance", "pauses"), [(0.0, [0.25, 1.0]), (0.5, [0.5, 2.0]), (1.0, [0.75, 3.0])])
def test_workers_do_not_come_back_in_step(answering, chance: float, pauses: list[float]) -> None:
    slept: list[float] = []
    api = answering(lambda request: httpx.Response(502), sleep=slept.append, jitter=lambda: chance)
    with pytest.raises(Unreachable):
        api.account()
    assert slept == pauses


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "30"}, 30),
        ({"Retry-After": "0"}, 1),
        ({"Retry-After": "9" * 400}, 3600),
        ({"Retry-After": "Fri, 20 Nov 2026 09:02:00 GMT", "Date": "Fri, 20 Nov 2026 09:00:30 GMT"}, 90),
        ({"Retry-After": "Fri, 20 Nov 2026 08:00:00 GMT", "Date": "Fri, 20 Nov 2026 09:00:00 GMT"}, 1),
        ({"Retry-After": "Fri, 20 Nov 2026 09:02:00 GMT"}, 60),
        ({}, 60),
    ],
)
def test_a_wait_is_read_as_seconds_or_a_date_and_all_are_told(answering, noting, headers: Any, seconds: int) -> None:
    pace = noting()
    with pytest.raises(Throttled) as caught:
        answering(lambda request: httpx.Response(429, headers=headers), pace=pace).start_sync("c")
    assert (caught.value.retry_after, pace.told) == (seconds, [("source", seconds)])


def test_a_short_wait_is_slept_and_a_long_one_handed_back(answering, noting) -> None:
    sent, slept = [], []
    send = lambda request: sent.append(1) or FINE  # noqa: E731
    answering(send, pace=noting(0.4, 0.2), sleep=slept.append).account()
    assert (sent, slept) == ([1], [0.4, 0.2])
    for waits, seconds in (((0.4, 7.2), 8), ((0.5,) * 50, 1)):
        with pytest.raises(Throttled) as caught:
            answering(send, pace=noting(*waits)).account()
        assert (caught.value.retry_after, sent) == (seconds, [1])


class OneSpelling:
    """An old or a new gateway: paths of the other spelling are no routes of it."""

    def __init__(self, inner: Flask, missing: str) -> None:
        self.inner = inner
        self.missing = missing
        self.asked: list[str] = []

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        self.asked.append(environ["PATH_INFO"].split("/")[2])
        if self.asked[-1] != self.missing:
            return self.inner.wsgi_app(environ, start)
        start("404 Not Found", [("Content-Type", "application/json")])
        return [b'{"code": "NotFound", "message": "HTTP 404 Not Found"}']


@pytest.mark.parametrize(("missing", "tries"), [("connections", 2), ("connectors", 1)])
def test_either_spelling_of_paths_will_do(emulator: Flask, missing: str, tries: int) -> None:
    gateway = OneSpelling(emulator, missing)
    transport = httpx.WSGITransport(app=gateway)
    with Fivetran("http://emulator.test", "the-api-key", "the-api-secret", transport=transport) as api:
        group = api.create_group("acme")
        gateway.asked.clear()
        made = api.create_connection(group_id=group.id, service="connector_sdk", schema="lite_1")
        assert api.find_connection(group.id, "lite_1") == made
        assert api.connection("no_such_connection") is None
        assert api.delete_connection(made.id)
    assert len(gateway.asked) == 4 + tries - 1
    assert set(gateway.asked[tries - 1 :]) == {"connections", "connectors"} - {missing}


def test_a_wrong_address_is_asked_under_each_name_once(answering) -> None:
    sent = []
    api = answering(lambda request: sent.append(request.url.path) or httpx.Response(404, json=NO_ROUTE))
    with pytest.raises(Refused) as caught:
        api.start_sync("c")
    assert (type(caught.value), sent) == (Refused, ["/v1/connections/c/sync", "/v1/connectors/c/sync"])


def test_where_the_names_are_settled_a_missing_call_is_just_missing(answering) -> None:
    sent = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.url.path)
        return httpx.Response(404, json=NO_ROUTE) if "history" in request.url.path else FINE

    api = answering(answer)
    api.start_sync("c")
    assert api.sync_history("c", AT, AT.replace(hour=10)) is None
    assert sent == ["/v1/connections/c/sync", "/v1/connections/c/sync-history"]


@pytest.mark.parametrize(
    ("code", "expected"), [("NotFound_SchemaConfig", None), ("NotFound_Connector", NotFound), ("NotFound", NotFound)]
)
def test_no_schemas_yet_is_told_from_no_connection(answering, code: str, expected: type[Exception] | None) -> None:
    api = answering(lambda request: httpx.Response(404, json={"code": code, "message": "none"}))
    if expected is None:
        assert api.schemas("c") is None
        return
    with pytest.raises(expected):
        api.schemas("c")


def test_pages_without_end_end(answering, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MOST_PAGES", 5)
    sent: list[httpx.Request] = []

    def page(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json={"data": {"items": [{"id": "g"}], "next_cursor": f"c{len(sent)}"}})

    assert len(answering(page).groups()) == len(sent) == 5
    assert {request.url.params["limit"] for request in sent} == {"1000"}


@pytest.mark.parametrize("data", [{}, [], "x", {"items": None}, {"items": [1, None]}, {"items": {}, "next_cursor": 5}])
def test_odd_lists_are_empty(answering, data: object) -> None:
    assert answering(lambda request: httpx.Response(200, json={"data": data})).webhooks() == ()
