"""Webhooks go out signed, in the recorded shape, and again when they are not taken."""

import hashlib
import hmac
import http.server
import json
import queue
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from werkzeug.serving import make_server

from request_tracker.emulator.app import create_app
from request_tracker.emulator.world import EXTENSION, Switches

ALL = ["create_connector", "connection_successful", "connection_failure", "sync_start", "sync_end", "delete_connector"]
SECRET = "hook-s3cret"


def subscribe(api, **more: Any) -> Any:
    wish = {"url": "https://tracker.example/hook", "events": ALL, "active": True, "secret": SECRET}
    return api("POST", more.pop("path", "/v1/webhooks/account"), {**wish, **more})


def test_creation_probes_the_address_without_a_sync_id(api, receiver) -> None:
    made = subscribe(api).get_json()["data"]
    probe = receiver.next()
    assert (probe["event"], probe["group_id"], probe["connector_id"]) == (
        "test_event",
        "_destination_1",
        "_connector_1",
    )
    assert "sync_id" not in probe
    assert made["secret"] == "******"


def test_an_address_that_does_not_answer_well_is_refused(api, receiver) -> None:
    receiver.status = 500
    assert subscribe(api).status_code == 400
    assert api.made("GET", "/v1/webhooks")["items"] == []
    quiet = subscribe(api, active=False)
    assert quiet.status_code == 200
    path = f"/v1/webhooks/{quiet.get_json()['data']['id']}"
    assert api("PATCH", path, {"active": True}).status_code == 400
    receiver.status = 200
    assert api.made("PATCH", path, {"active": True})["active"] is True


def test_plain_http_is_refused_unless_allowed(start) -> None:
    strict, lenient = start(), start(webhook_allow_http=True)
    url = "http://127.0.0.1:1/hook"
    assert subscribe(strict, url=url).status_code == 400
    assert subscribe(lenient, url=url).status_code == 200


def test_a_life_is_told_in_order_and_shape(api, receiver) -> None:
    subscribe(api)
    key = api.group()
    made = api.connection(key)
    for step in ("grant", "start-sync", "finish-sync", "delete"):
        api("POST", f"/_control/{step}/{made['id']}")
    probe, *told = [receiver.next() for _ in range(6)]
    assert probe["event"] == "test_event"
    assert [event["event"] for event in told] == [
        "create_connector",
        "connection_successful",
        "sync_start",
        "sync_end",
        "delete_connector",
    ]
    end = told[3]
    assert list(end) == [
        "event",
        "created",
        "connector_type",
        "connector_id",
        "connector_name",
        "sync_id",
        "destination_group_id",
        "data",
    ]
    assert (end["connector_id"], end["connector_name"], end["destination_group_id"]) == (made["id"], "lite_1", key)
    assert (end["created"], end["data"]) == ("2026-11-20T09:00:00.000Z", {"status": "SUCCESSFUL"})
    assert end["sync_id"] == told[2]["sync_id"]


def test_a_bad_end_says_why(api, receiver) -> None:
    key = api.connection(api.group())["id"]
    api("POST", f"/_control/grant/{key}")
    subscribe(api, events=["sync_end"])
    ended = api("POST", f"/_control/finish-sync/{key}", {"status": "FAILURE_WITH_TASK", "reason": "Key revoked"})
    receiver.next()
    assert receiver.next()["data"] == {"status": "FAILURE_WITH_TASK", "reason": "Key revoked", "taskType": "reconnect"}
    status = ended.get_json()["data"]["status"]
    assert (status["setup_state"], status["tasks"][0]["message"]) == ("broken", "Key revoked")


@pytest.mark.parametrize("upper_case", [False, True])
def test_the_signature_is_over_the_raw_body(start, receiver, upper_case: bool) -> None:
    subscribe(start(switches=Switches(upper_case_signature=upper_case)))
    request = receiver.came.get(timeout=10)
    wanted = hmac.new(SECRET.encode(), request.content, hashlib.sha256).hexdigest()
    assert request.headers["X-Fivetran-Signature-256"] == (wanted.upper() if upper_case else wanted)
    assert b": " not in request.content


def test_without_a_secret_there_is_no_signature(api, receiver) -> None:
    subscribe(api, secret=None)
    assert "X-Fivetran-Signature-256" not in receiver.came.get(timeout=10).headers


def test_a_groups_webhook_hears_of_its_group_only(api, receiver) -> None:
    one, two = api.group("one"), api.group("two")
    subscribe(api, path=f"/v1/webhooks/group/{one}", events=["create_connector"])
    api.connection(two)
    ours = api.connection(one)["id"]
    assert [receiver.next()["connector_id"] for _ in range(2)] == ["_connector_1", ours]


def test_what_is_not_taken_comes_again_and_then_no_more(start, receiver, clock) -> None:
    api = start(switches=Switches(webhook_retry_after=(60.0,)))
    subscribe(api, events=["create_connector"])
    receiver.next()
    receiver.status = 500
    api.connection(api.group())
    first = receiver.next()
    world = api.app.extensions[EXTENSION]
    wait_until(lambda: [one["attempt"] for one in world.state.find("delivery")] == [1])
    assert receiver.came.empty()
    clock.pass_by(seconds=60)
    assert receiver.next() == first
    wait_until(lambda: world.state.find("delivery") == [])


def test_a_lost_webhook_never_comes(api, receiver) -> None:
    subscribe(api)
    key = api.connection(api.group())["id"]
    api("POST", "/_control/faults", {"kind": "lost_webhook", "path": "connection_*", "count": 1})
    api("POST", f"/_control/grant/{key}")
    api("POST", f"/_control/delete/{key}")
    assert [receiver.next()["event"] for _ in range(3)] == ["test_event", "create_connector", "delete_connector"]


def test_the_test_call_tells_the_receivers_status(api, receiver) -> None:
    key = subscribe(api).get_json()["data"]["id"]
    receiver.status = 418
    told = api.made("POST", f"/v1/webhooks/{key}/test", {"event": "sync_end"})
    assert (told["succeed"], told["status"]) == (False, 418)
    assert [receiver.next()["event"] for _ in range(2)] == ["test_event", "sync_end"]


def test_a_sync_ends_by_itself_and_tells(api, receiver, clock) -> None:
    key = api.connection(api.group())["id"]
    api("POST", f"/_control/grant/{key}")
    subscribe(api, events=["sync_end"])
    receiver.next()
    api("POST", f"/v1/connections/{key}/sync", {"force": False})
    clock.pass_by(seconds=2)
    assert receiver.next()["data"] == {"status": "SUCCESSFUL"}


def test_a_running_sync_is_left_alone_unless_forced(api, receiver) -> None:
    key = api.connection(api.group())["id"]
    api("POST", f"/_control/grant/{key}")
    subscribe(api, events=["sync_start", "sync_end"])
    for body in ({}, {"force": False}, {"force": True}):
        api("POST", f"/v1/connections/{key}/sync", body)
    told = [receiver.next() for _ in range(4)]
    assert [(event["event"], event["data"].get("status")) for event in told] == [
        ("test_event", None),
        ("sync_start", None),
        ("sync_end", "CANCELED"),
        ("sync_start", None),
    ]


def test_over_a_real_port_a_signed_delivery_arrives(tmp_path, target) -> None:
    url, came = target
    app = create_app(
        template_folder=tmp_path,
        key="k",
        secret="s",
        now=lambda: datetime.now(UTC),
        switches=Switches(sync_seconds=0, webhook_allow_http=True),
    )
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", auth=("k", "s"), trust_env=False) as http:
            http.post("/v1/webhooks/account", json={"url": url, "events": ["sync_end"], "secret": SECRET})
            group = http.post("/v1/groups", json={"name": "acme"}).json()["data"]["id"]
            wish = {"group_id": group, "service": "cursor", "config": {"schema": "lite_1"}}
            key = http.post("/v1/connections", json=wish).json()["data"]["id"]
            http.post(f"/_control/grant/{key}")
            http.post(f"/v1/connections/{key}/sync")
            probe, end = came.get(timeout=10), came.get(timeout=10)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        app.extensions[EXTENSION].close()
    assert json.loads(probe[0])["event"] == "test_event"
    assert json.loads(end[0])["connector_id"] == key
    assert end[1] == hmac.new(SECRET.encode(), end[0], hashlib.sha256).hexdigest()


@pytest.fixture
def target() -> Iterator[tuple[str, "queue.Queue[tuple[bytes, str]]"]]:
    """A small receiver on a port of the system's choice: its address, and what came (body, signature)."""
    came: queue.Queue[tuple[bytes, str]] = queue.Queue()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            came.put((raw, self.headers["X-Fivetran-Signature-256"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/hook?kept=1", came
    server.shutdown()
    thread.join()
    server.server_close()


def wait_until(true_at_last) -> None:
    """Look again and again, for at most ten seconds."""
    pause = threading.Event()
    for _ in range(1000):
        if true_at_last():
            return
        pause.wait(0.01)
    pytest.fail("it never came true")
