"""Every fault, struck through the real client over a real port: what the client sees, and what was done."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from werkzeug.serving import make_server

from request_tracker.emulator.app import create_app
from request_tracker.emulator.faults import KINDS
from request_tracker.emulator.world import EXTENSION, World
from request_tracker.fivetran.client import AuthFailed, Conflict, Fivetran, Refused, Throttled, Unreachable

from .conftest import PAIR, TEMPLATES

PATIENCE = 0.25
LONGER = 30.0

# Kind, more of the rule, what the client raises, may the call still be travelling, connections made.
CREATING: list[tuple[str, dict[str, Any], type[Exception] | None, bool, int]] = [
    ("down", {}, Unreachable, False, 0),
    ("latency", {"seconds": 0.01}, None, False, 1),
    ("latency", {"seconds": LONGER}, Unreachable, True, 0),
    ("too_many_requests", {"seconds": 7}, Throttled, False, 0),
    ("error_before", {"status": 500}, Unreachable, False, 0),
    ("error_after", {"status": 500}, Unreachable, False, 1),
    ("conflict", {}, Conflict, False, 0),
    ("expired_key", {}, AuthFailed, False, 0),
    ("hang_up_before", {}, Unreachable, True, 0),
    ("hang_up_after", {}, Unreachable, True, 1),
    ("timeout_after_effect", {"seconds": LONGER}, Unreachable, True, 1),
    ("garbled_answer", {}, Unreachable, False, 1),
    ("drip", {"seconds": 0.01}, None, False, 1),
    ("drip", {"seconds": LONGER}, Unreachable, True, 1),
]
ELSEWHERE = {"slow_setup_tests", "deleted_behind"}


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, World]]:
    """An emulator on a port of the system's choice. Whoever waits there is let go at the end."""
    over = threading.Event()
    app = create_app(template_folder=TEMPLATES, key=PAIR[0], secret=PAIR[1], now=lambda: datetime.now(UTC))
    here: World = app.extensions[EXTENSION]
    here.sleep = lambda seconds: over.wait(seconds) and None
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.port}", here
    over.set()
    server.shutdown()
    thread.join()
    server.server_close()
    here.close()


@pytest.fixture
def here(served: tuple[str, World]) -> World:
    served[1].state.clear()
    return served[1]


@pytest.fixture
def fivetran(served: tuple[str, World]) -> Iterator[Fivetran]:
    limits = dict.fromkeys(("call", "source", "tests"), PATIENCE)
    with Fivetran(served[0], *PAIR, sleep=lambda _: None, time_outs=limits) as client:
        yield client


def seen(call: Callable[[], object]) -> Exception | None:
    try:
        call()
    except Exception as error:
        return error
    return None


@pytest.mark.parametrize(("kind", "more", "raised", "in_flight", "made"), CREATING)
def test_what_the_client_sees_and_what_was_done(
    here, fivetran, kind: str, more: dict[str, Any], raised: type[Exception] | None, in_flight: bool, made: int
) -> None:
    group = fivetran.create_group("acme")
    here.faults.add({"kind": kind, "method": "POST", "path": "/v1/connections", "count": 1, **more})
    error = seen(lambda: fivetran.create_connection(group_id=group.id, service="cursor", schema="lite_1"))
    assert type(error) is (raised or type(None))
    assert getattr(error, "in_flight", False) is in_flight
    assert getattr(error, "doubtful", False) is (raised is Unreachable)
    assert getattr(error, "retry_after", 7) == 7
    assert here.state.count("connection") == made
    assert (fivetran.find_connection(group.id, "lite_1") is not None) is bool(made)
    assert here.faults.all() == [], "the rule was for one call"


def test_every_kind_is_walked() -> None:
    webhooks = {kind.name for kind in KINDS if kind.when == "event"}
    assert {row[0] for row in CREATING} | ELSEWHERE | webhooks == {kind.name for kind in KINDS}


def test_setup_tests_can_be_slow_and_other_calls_are_not(here, fivetran) -> None:
    group = fivetran.create_group("acme")
    here.faults.add({"kind": "slow_setup_tests", "seconds": LONGER})
    key = fivetran.create_connection(group_id=group.id, service="cursor", schema="lite_1").id
    assert fivetran.update_connection(key, paused=True).paused
    refused = seen(lambda: fivetran.update_connection(key, run_setup_tests=True))
    assert isinstance(refused, Refused), "a change of nothing but the tests is refused before they run"
    assert isinstance(seen(lambda: fivetran.run_tests(key)), Unreachable)
    assert isinstance(seen(lambda: fivetran.update_connection(key, paused=False, run_setup_tests=True)), Unreachable)
    assert here.faults.all()[0]["struck"] == 2
    assert here.state.find("connection")[0]["paused"] is False


def test_deleted_behind_our_back_at_the_next_read(here, fivetran) -> None:
    group = fivetran.create_group("acme")
    keys = [fivetran.create_connection(group_id=group.id, service="cursor", schema=f"lite_{n}").id for n in (1, 2)]
    here.faults.add({"kind": "deleted_behind", "path": f"/v1/connections/{keys[0]}", "count": 1})
    assert fivetran.connection(keys[1]) is not None
    assert fivetran.connection(keys[0]) is None
    assert [one.id for one in fivetran.connections(group.id)] == [keys[1]]


def test_a_call_without_an_answer_has_no_status_in_the_log(here, fivetran) -> None:
    here.faults.add({"kind": "hang_up_after", "path": "/v1/groups", "count": 3})
    assert isinstance(seen(lambda: fivetran.create_group("acme")), Unreachable)
    assert [(each["status"], each["fault"]) for each in here.state.read_log()] == [(0, "hang_up_after")]


@pytest.mark.parametrize("kind", ["hang_up_before", "hang_up_after"])
def test_in_one_process_a_hang_up_is_a_transport_error_too(api, kind: str) -> None:
    api("POST", "/_control/faults", {"kind": kind, "path": "/v1/groups", "count": 1})
    transport = httpx.WSGITransport(app=api.app)
    with Fivetran("http://emulator.test", *PAIR, transport=transport, sleep=lambda _: None) as client:
        error = seen(lambda: client.create_group("acme"))
        assert isinstance(error, Unreachable)
        assert error.in_flight
        assert len(client.groups()) == (kind == "hang_up_after")


def test_a_fault_may_last_for_a_while(api, clock) -> None:
    api("POST", "/_control/faults", {"kind": "expired_key", "lasting": 3600})
    assert api("GET", "/v1/groups").status_code == 401
    clock.pass_by(minutes=59)
    assert api("GET", "/v1/groups").status_code == 401
    clock.pass_by(minutes=1)
    assert api("GET", "/v1/groups").status_code == 200
    assert api("GET", "/_control/faults").get_json()["items"] == []


def test_chance_repeats_itself_with_the_seed(api) -> None:
    api("POST", "/_control/faults", {"kind": "error_before", "probability": 0.5})

    def calls() -> list[int]:
        return [api("GET", "/v1/groups").status_code for _ in range(24)]

    api("POST", "/_control/faults", {"seed": 7})
    first = calls()
    api("POST", "/_control/switches", {"seed": 8})
    other = calls()
    api("POST", "/_control/faults", {"seed": 7})
    assert calls() == first
    assert {*first} == {200, 503}
    assert other != first
