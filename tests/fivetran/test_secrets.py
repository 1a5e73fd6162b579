"""What is secret stays out of logs, words, reprs and tracebacks, whatever the neighbour says."""

import base64
import json
import logging
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from wsgiref.types import WSGIApplication

import httpx
import pytest
from flask import Flask
from werkzeug.serving import make_server

from request_tracker.fivetran.client import Card, Connection, Fivetran, FivetranError, Unreachable

KEY, SECRET, HOOK, STATE, PASSWORD = (
    "the-api-key",
    "the-api-secret",
    "hook-s3cret",
    "state-4711-of-ours",
    "url-passw0rd",
)
PAIR = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode().rstrip("=")
BACK = f"https://tracker.example/connect/return/{STATE}"


class Telltale:
    """The emulator, and on demand a neighbour that says back everything it was told, with any status."""

    def __init__(self, inner: WSGIApplication) -> None:
        self.inner = inner
        self.status: int | None = None

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if self.status is None:
            return self.inner(environ, start)
        length = int(environ.get("CONTENT_LENGTH") or 0)
        told = f"{environ['HTTP_AUTHORIZATION']} {SECRET} {environ['wsgi.input'].read(length).decode()}"
        headers = [("Content-Type", "application/json"), ("X-Request-Id", told.replace("\n", " "))]
        start(f"{self.status} Odd", headers)
        return [json.dumps({"code": f"Odd {told}", "message": told}).encode()]


@pytest.fixture
def served(emulator: Flask) -> Iterator[tuple[str, Telltale]]:
    neighbour = Telltale(emulator)
    server = make_server("127.0.0.1", 0, neighbour, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://someone:{PASSWORD}@127.0.0.1:{server.port}", neighbour
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_whole_conversation_gives_no_secret_away(
    served: tuple[str, Telltale], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    url, neighbour = served
    with Fivetran(url, KEY, SECRET, sleep=lambda seconds: None) as api:
        words, card = talk(api)
        for status in (302, 400, 401, 403, 404, 409, 418, 429, 500, 503):
            neighbour.status = status
            words += [told(lambda: create(api)), told(lambda: hook(api)), told(lambda: api.mint_card("c", BACK))]
        words.append(repr(api))
    with Fivetran("http://127.0.0.1:1", KEY, SECRET, sleep=lambda seconds: None) as nowhere:
        words += [told(lambda: hook(nowhere)), told(nowhere.account)]
    said = "\n".join([*words, caplog.text])
    assert "httpcore" in caplog.text
    assert "HTTP Request: POST" in caplog.text
    assert said.count("******") >= 20
    for secret in (SECRET, KEY, PAIR, HOOK, STATE, PASSWORD, "sdk-s3cret", card.token, card.uri):
        assert secret not in said


def test_a_success_that_says_back_our_pair_or_text_nobody_can_keep_is_cleaned() -> None:
    said = f"{KEY}:{SECRET} Basic {base64.b64encode(f'{KEY}:{SECRET}'.encode()).decode()} a\ud800b\x00c"
    data = {"id": "c", "status": {"tasks": [{"code": "x", "message": said}]}, "setup_tests": [{"message": said}]}
    answer = json.dumps({"code": "Success", "data": data})
    with answering(lambda _: httpx.Response(200, text=answer)) as api:
        made = api.connection("c")
    assert made is not None
    words = [*(each.message for each in made.tasks), *(each.message for each in made.setup_tests)]
    assert words == ["******:****** Basic ****** a?bc"] * 2


@pytest.mark.parametrize(
    "uri",
    ["", "/queue", "//evil.example/", "javascript:alert(1)", "https://", "https://fivetran.com@evil.example/",
     "https://x.example/\r\nSet-Cookie: a=b", "https:\\\\evil.example"],
)  # fmt: skip
def test_nobody_is_sent_to_what_is_no_address_of_the_web(uri: str) -> None:
    card = {"connect_card": {"uri": uri, "token": "t"}}
    with answering(lambda _: httpx.Response(200, json={"data": card})) as api, pytest.raises(Unreachable):
        api.mint_card("c", BACK)


def answering(handler: Callable[[httpx.Request], httpx.Response]) -> Fivetran:
    return Fivetran("https://api.example", KEY, SECRET, transport=httpx.MockTransport(handler))


def talk(api: Fivetran) -> tuple[list[str], Card]:
    group = api.create_group("acme")
    made = create(api, group.id)
    card = api.mint_card(made.id, BACK)
    seen = [made, card, api.connection(made.id), hook(api), *api.webhooks(), api.account()]
    return [repr(each) for each in seen], card


def create(api: Fivetran, group_id: str = "g") -> Connection:
    config = {"secrets_list": [{"key": "token", "value": "sdk-s3cret"}]}
    return api.create_connection(
        group_id=group_id, service="connector_sdk", schema="lite_1", redirect_uri=BACK, config=config
    )


def hook(api: Fivetran) -> object:
    return api.create_webhook("https://tracker.example/hook", ["sync_end"], HOOK)


def told(call: Callable[[], object]) -> str:
    """Everything that an error would show: its words, its fields, and the traceback with all it grew from."""
    with pytest.raises(FivetranError) as caught:
        call()
    error = caught.value
    shown = [repr(error), error.sentence, error.request_id, repr(vars(error))]
    assert error.__cause__ is None
    assert error.__context__ is None
    return "\n".join([*shown, *traceback.format_exception(error, chain=True)])
