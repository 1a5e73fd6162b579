"""What goes wrong on the way, and what the client makes of it."""

import threading

import httpx
import pytest
from flask import Flask
from werkzeug.serving import make_server

from request_tracker.emulator.world import World
from request_tracker.fivetran.client import (
    AuthFailed,
    Conflict,
    Fivetran,
    Forbidden,
    Group,
    NotFound,
    Refused,
    Throttled,
    Unreachable,
)

NEW = {"group_id": "a_group", "service": "connector_sdk", "schema": "lite_1"}


def test_a_wrong_pair_is_told_apart(emulator: Flask) -> None:
    transport = httpx.WSGITransport(app=emulator)
    with Fivetran("http://emulator.test", "k", "wrong", transport=transport) as client, pytest.raises(AuthFailed) as e:
        client.account()
    assert "key" in e.value.sentence


@pytest.mark.parametrize(
    ("status", "kind", "expected"),
    [
        (302, "Found", Refused),
        (400, "InvalidInput", Refused),
        (403, "Forbidden", Forbidden),
        (404, "NotFound_Group", NotFound),
        (409, "Conflict", Conflict),
    ],
)
def test_a_refusal_keeps_status_code_and_message(answering, status: int, kind: str, expected: type[Refused]) -> None:
    client = answering(lambda request: httpx.Response(status, json={"code": kind, "message": "because"}))
    with pytest.raises(Refused) as caught:
        client.create_group("g")
    assert type(caught.value) is expected
    assert (caught.value.status, caught.value.code, caught.value.message) == (status, kind, "because")


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(404, json={"code": "NotFound", "message": "HTTP 404 Not Found"}),
        httpx.Response(404, html="<h1>nothing here</h1>"),
    ],
)
def test_a_wrong_address_does_not_read_as_a_deleted_connection(answering, answer: httpx.Response) -> None:
    client = answering(lambda request: answer)
    with pytest.raises(Refused):
        client.connection("some_connection")
    with pytest.raises(Refused):
        client.delete_connection("some_connection")


def test_throttling_carries_the_wait_and_is_not_repeated(answering) -> None:
    sent = []
    client = answering(lambda request: sent.append(1) or httpx.Response(429, headers={"Retry-After": "3600"}))
    with pytest.raises(Throttled) as caught:
        client.account()
    assert (caught.value.retry_after, len(sent)) == (3600, 1)


@pytest.mark.parametrize("header", [None, "soon", "-5"])
def test_an_unreadable_retry_after_still_waits(answering, header: str | None) -> None:
    headers = {"Retry-After": header} if header else {}
    client = answering(lambda request: httpx.Response(429, headers=headers))
    with pytest.raises(Throttled) as caught:
        client.account()
    assert caught.value.retry_after > 0


def test_reading_is_tried_three_times_with_pauses(answering) -> None:
    sent, slept = [], []
    client = answering(lambda request: sent.append(1) or httpx.Response(502), sleep=slept.append)
    with pytest.raises(Unreachable) as caught:
        client.account()
    assert (len(sent), len(slept), caught.value.doubtful) == (3, 2, False)


def test_reading_heals_after_a_short_fault(fivetran: Fivetran, account: World) -> None:
    account.faults.add({"kind": "error_before", "count": 1})
    client = Fivetran("http://emulator.test", "the-api-key", "the-api-secret", transport=fivetran._http._transport)
    client._wire._sleep = lambda seconds: None
    assert client.account().id
    assert [entry["status"] for entry in account.state.read_log()] == [503, 200]


@pytest.mark.parametrize("act", ["create_connection", "delete_connection", "update_connection", "start_sync"])
def test_a_5xx_on_a_write_is_doubtful_and_never_repeated(answering, act: str) -> None:
    sent = []
    client = answering(lambda request: sent.append(1) or httpx.Response(503))
    calls = {
        "create_connection": lambda: client.create_connection(**NEW),
        "delete_connection": lambda: client.delete_connection("c"),
        "update_connection": lambda: client.update_connection("c", paused=True),
        "start_sync": lambda: client.start_sync("c"),
    }
    with pytest.raises(Unreachable) as caught:
        calls[act]()
    assert (caught.value.doubtful, len(sent)) == (True, 1)


@pytest.mark.parametrize(
    ("error", "doubtful"),
    [
        (httpx.ReadTimeout("slow"), True),
        (httpx.WriteTimeout("slow"), True),
        (httpx.RemoteProtocolError("hung up"), True),
        (httpx.ConnectTimeout("slow"), False),
        (httpx.ConnectError("refused"), False),
    ],
)
def test_a_silent_write_is_doubtful_only_when_it_may_have_arrived(answering, error: Exception, doubtful: bool) -> None:
    sent = []

    def fail(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        raise error

    with pytest.raises(Unreachable) as caught:
        answering(fail).create_connection(**NEW)
    assert (caught.value.doubtful, len(sent)) == (doubtful, 1)


def test_a_silent_read_is_never_doubtful(answering) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("slow")

    with pytest.raises(Unreachable) as caught:
        answering(fail).account()
    assert not caught.value.doubtful


def test_a_doubtful_create_is_settled_by_looking_it_up(fivetran: Fivetran, group: Group, account: World) -> None:
    account.faults.add({"kind": "error_after", "method": "POST", "path": "/v1/connections", "count": 1})
    with pytest.raises(Unreachable) as caught:
        fivetran.create_connection(group_id=group.id, service="connector_sdk", schema="lite_1")
    assert caught.value.doubtful
    assert fivetran.find_connection(group.id, "lite_1") is not None


def test_silence_after_the_effect_is_doubtful_and_can_be_looked_up(
    group: Group, account: World, emulator: Flask
) -> None:
    account.faults.add({"kind": "timeout_after_effect", "method": "POST", "path": "/v1/connections", "count": 1})
    heard = threading.Event()
    account.sleep = lambda seconds: heard.wait(10)
    server = make_server("127.0.0.1", 0, emulator, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        patience = {"call": 0.5}
        with Fivetran(f"http://127.0.0.1:{server.port}", "the-api-key", "the-api-secret", time_outs=patience) as client:
            with pytest.raises(Unreachable) as caught:
                client.create_connection(group_id=group.id, service="connector_sdk", schema="lite_1")
            heard.set()
            found = client.find_connection(group.id, "lite_1")
    finally:
        heard.set()
        server.shutdown()
        thread.join()
        server.server_close()
    assert caught.value.doubtful
    assert found is not None


def test_an_answer_that_is_no_json_is_no_success(answering) -> None:
    client = answering(lambda request: httpx.Response(200, html="<h1>Welcome to the hotel</h1>"))
    with pytest.raises(Unreachable) as caught:
        client.create_group("g")
    assert caught.value.doubtful


@pytest.mark.parametrize("answer", [httpx.Response(204), httpx.Response(200, json={"code": "Success"})])
def test_a_delete_may_answer_with_or_without_a_body(answering, answer: httpx.Response) -> None:
    assert answering(lambda request: answer).delete_connection("c") is True


def test_a_cursor_that_comes_back_ends_the_list(answering) -> None:
    sent = []

    def same_again(request: httpx.Request) -> httpx.Response:
        sent.append(request.url.params.get("cursor"))
        item = {"id": f"group_{len(sent)}", "name": "g", "created_at": "2026-11-20T09:00:00.000000Z"}
        return httpx.Response(200, json={"code": "Success", "data": {"items": [item], "next_cursor": "abc"}})

    assert [group.id for group in answering(same_again).groups()] == ["group_1", "group_2"]
    assert sent == [None, "abc"]


def test_each_call_is_paced_by_its_kind(answering, noting) -> None:
    pace = noting()
    client = answering(lambda request: httpx.Response(200, json={"data": {}}), pace=pace)
    client.account()
    client.start_sync("c")
    client.run_tests("c")
    client.update_connection("c", paused=True)
    client.update_connection("c", paused=True, run_setup_tests=True)
    assert pace.taken == ["call", "source", "tests", "call", "tests"]


def test_repeated_reads_are_paced_each_time(answering, noting) -> None:
    pace = noting()
    client = answering(lambda request: httpx.Response(500), pace=pace)
    with pytest.raises(Unreachable):
        client.account()
    assert pace.taken == ["call"] * 3


def test_the_versioned_calls_say_so_and_all_carry_the_pair(answering) -> None:
    seen = {}

    def note(request: httpx.Request) -> httpx.Response:
        seen[request.url.path] = request.headers
        return httpx.Response(200, json={"data": {}})

    client = answering(note)
    client.account()
    client.connection("c")
    assert seen["/v1/account/info"]["Accept"] == "application/json"
    assert seen["/v1/connections/c"]["Accept"] == "application/json;version=2"
    assert all(headers["Authorization"].startswith("Basic ") for headers in seen.values())


def test_a_card_does_not_show_its_token(answering) -> None:
    card = {"token": "tok-123", "uri": "https://fivetran.com/connect-card/setup?auth=tok-123"}
    client = answering(lambda request: httpx.Response(200, json={"data": {"connect_card": card}}))
    minted = client.mint_card("c", "https://tracker.example/back")
    assert minted.token == "tok-123"
    assert "tok-123" not in repr(minted)
    assert "tok-123" not in repr(client.connection("c"))


def test_odd_fields_are_read_with_care(answering) -> None:
    odd = {"id": "c", "status": {"setup_state": "CONNECTED", "tasks": None}, "succeeded_at": "yesterday"}
    client = answering(lambda request: httpx.Response(200, json={"data": {**odd, "sync_frequency": "360"}}))
    read = client.connection("c")
    assert (read.setup_state, read.tasks, read.succeeded_at, read.sync_frequency) == ("connected", (), None, 360)
