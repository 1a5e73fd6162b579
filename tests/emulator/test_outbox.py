"""What faults, switches and time make of webhooks."""

import hashlib
import hmac
import json
import queue
import threading
from collections.abc import Callable
from itertools import pairwise

import httpx
import pytest

from request_tracker.emulator.outbox import _BROKEN
from request_tracker.emulator.world import EXTENSION, Switches, World

from .test_webhooks import SECRET, subscribe, wait_until

FIVE = (360, 1620, 6300, 23_100, 83_580)


def is_signed(request: httpx.Request) -> bool:
    wanted = hmac.new(SECRET.encode(), request.content, hashlib.sha256).hexdigest()
    return hmac.compare_digest(wanted, request.headers["X-Fivetran-Signature-256"].lower())


@pytest.fixture
def world(api) -> World:
    found: World = api.app.extensions[EXTENSION]
    return found


@pytest.fixture
def told(api, receiver, world) -> Callable[[], list[httpx.Request]]:
    """Everything that is due, once it has gone out; the probe of the subscription is left out."""
    subscribe(api, events=["create_connector", "delete_connector"])
    receiver.came.get(timeout=10)

    def look() -> list[httpx.Request]:
        world.sender.wake()
        wait_until(lambda: not world.state.up_to("delivery", "due_at", world.now().isoformat(timespec="microseconds")))
        return [receiver.came.get_nowait() for _ in range(receiver.came.qsize())]

    return look


def events(requests: list[httpx.Request]) -> list[str]:
    return [json.loads(each.content)["event"] for each in requests]


@pytest.mark.parametrize(
    ("kind", "at_once", "later"),
    [
        ("lost_webhook", 0, 0),
        ("duplicated_webhook", 2, 0),
        ("late_webhook", 0, 1),
        ("forged_webhook", 2, 0),
        ("malformed_webhook", 2, 0),
    ],
)
def test_how_many_come_and_when(api, told, clock, kind: str, at_once: int, later: int) -> None:
    api("POST", "/_control/faults", {"kind": kind, "path": "create_*", "seconds": 60, "count": 1})
    api.connection(api.group())
    assert len(told()) == at_once
    clock.pass_by(seconds=60)
    assert len(told()) == later


def test_a_double_is_the_same_to_the_letter(api, told) -> None:
    api("POST", "/_control/faults", {"kind": "duplicated_webhook"})
    api.connection(api.group())
    one, two = told()
    assert one.content == two.content
    assert is_signed(one)
    assert is_signed(two)


def test_a_forgery_says_what_is_not_so_and_never_comes_again(api, told, receiver, clock) -> None:
    api("POST", "/_control/faults", {"kind": "forged_webhook"})
    receiver.status = 401
    api.connection(api.group())
    forged, true = told()
    assert [is_signed(forged), is_signed(true)] == [False, True]
    assert events([forged, true]) == ["sync_end", "create_connector"]
    receiver.status = 200
    clock.pass_by(days=2)
    assert [each.content for each in told()] == [true.content]


@pytest.mark.parametrize("number", range(len(_BROKEN)))
def test_a_broken_body_is_rightly_signed_and_the_true_one_follows(api, told, world, number: int) -> None:
    world.faults._chance = lambda: (number + 0.5) / len(_BROKEN)
    api("POST", "/_control/faults", {"kind": "malformed_webhook"})
    api.connection(api.group())
    broken, true = told()
    assert [is_signed(broken), is_signed(true)] == [True, True]
    assert broken.content != true.content
    assert events([true]) == ["create_connector"]


def test_others_overtake_what_is_reordered(api, told, clock) -> None:
    api("POST", "/_control/faults", {"kind": "reordered_webhook", "seconds": 60, "seed": 5})
    group = api.group()
    made = [api.connection(group, f"lite_{number}")["id"] for number in range(6)]
    came = []
    for _ in range(60):
        came += told()
        clock.pass_by(seconds=1)
    order = [json.loads(each.content)["connector_id"] for each in came]
    assert sorted(order) == sorted(made)
    assert order != made


def test_what_is_not_taken_comes_again_at_the_vendors_times(api, told, receiver, world, clock) -> None:
    receiver.status = 503
    api.connection(api.group())
    begun = clock.at
    came = [len(told())]
    for was, moment in pairwise((0, *FIVE)):
        clock.pass_by(seconds=moment - was - 1)
        came.append(len(told()))
        clock.pass_by(seconds=1)
        came.append(len(told()))
    assert came == [1, *([0, 1] * len(FIVE))]
    assert (clock.at - begun).total_seconds() == FIVE[-1]
    assert world.state.count("delivery") == 0


def test_after_three_days_of_failure_it_is_switched_off_and_can_be_switched_on(api, told, receiver, world, clock):
    key = world.state.find("webhook")[0]["id"]
    group = api.group()
    for number, (days, status, active) in enumerate([(2, 500, True), (0, 200, True), (2, 500, True), (3, 500, False)]):
        clock.pass_by(days=days)
        receiver.status = status
        api.connection(group, f"lite_{number}")
        assert told()
        assert api.made("GET", f"/v1/webhooks/{key}")["active"] is active
    api.connection(group, "lite_9")
    assert told() == []
    receiver.status = 200
    assert api.made("PATCH", f"/v1/webhooks/{key}", {"active": True})["active"] is True
    assert "failing_since" not in api.made("GET", f"/v1/webhooks/{key}")


def test_a_slow_receiver_holds_up_nobody_else(start) -> None:
    gate, came = threading.Event(), queue.Queue[str]()

    def answer(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        if request.url.host == "slow.example" and body["event"] != "test_event":
            gate.wait(10)
        came.put(f"{request.url.host} {body['event']}")
        return httpx.Response(200)

    api = start(webhook_transport=httpx.MockTransport(answer))
    for host in ("slow", "quick"):
        subscribe(api, url=f"https://{host}.example/", events=["create_connector"])
    group = api.group()
    for number in range(3):
        api.connection(group, f"lite_{number}")
    got = [came.get(timeout=10) for _ in range(5)]
    gate.set()
    got += [came.get(timeout=10) for _ in range(3)]
    assert got[2:] == ["quick.example create_connector"] * 3 + ["slow.example create_connector"] * 3


@pytest.mark.parametrize(
    ("switch", "wanted"),
    [
        ({"webhook_other_data": "absent"}, {"destination_group_id"}),
        ({"webhook_other_data": "null"}, {"destination_group_id", "data"}),
        ({"webhook_group_key": "group_id"}, {"group_id", "data"}),
    ],
)
def test_what_is_not_known_of_bodies_is_switched(api, told, switch: dict[str, str], wanted: set[str]) -> None:
    api("POST", "/_control/switches", switch)
    api.connection(api.group())
    (request,) = told()
    assert (
        set(json.loads(request.content))
        - {
            "event",
            "created",
            "connector_type",
            "connector_id",
            "connector_name",
        }
        == wanted
    )


def test_any_event_can_be_sent_to_all_who_are_active(api, told) -> None:
    key = api.connection(api.group())["id"]
    told()
    wishes = [
        {"event": "transformation_succeeded", "group": "decent_dropsy", "data": {"result": ["any"]}},
        {"event": "dbt_run_failed", "connection": key, "data": "text"},
        {"event": "odd", "body": {"what": "ever"}},
    ]
    for wish in wishes:
        assert api("POST", "/_control/webhook", wish).get_json()["message"] == "Put in the post for 1 webhook"
    free, of_connection, bare = (json.loads(each.content) for each in told())
    assert list(free) == ["event", "created", "destination_group_id", "data"]
    assert (of_connection["connector_id"], of_connection["data"]) == (key, "text")
    assert bare == {"what": "ever"}


def test_an_address_must_be_https_also_when_it_is_changed(api) -> None:
    key = subscribe(api).get_json()["data"]["id"]
    for url in ("http://r.example/", "ftp://r.example/", "https://", "https://[", "r.example"):
        assert api("PATCH", f"/v1/webhooks/{key}", {"url": url}).status_code == 400, url
    api("POST", "/_control/switches", {"webhook_allow_http": True})
    assert api("PATCH", f"/v1/webhooks/{key}", {"url": "http://r.example/"}).status_code == 200


def test_with_the_webhook_go_its_waiting_deliveries(start, receiver) -> None:
    api = start(switches=Switches(webhook_retry_after=(3600.0,)))
    key = subscribe(api).get_json()["data"]["id"]
    receiver.status = 500
    api.connection(api.group())
    world = api.app.extensions[EXTENSION]
    wait_until(lambda: [one["attempt"] for one in world.state.find("delivery")] == [1])
    api.made("DELETE", f"/v1/webhooks/{key}")
    assert world.state.count("delivery") == 0
