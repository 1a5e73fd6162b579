"""Faults strike where, when and as often as they are told."""

from typing import Any

import pytest

from request_tracker.emulator.world import EXTENSION

POST_CONNECTION = {"method": "POST", "path": "/v1/connections"}


def add(api, **rule: Any) -> None:
    answer = api("POST", "/_control/faults", rule)
    assert answer.status_code == 200, answer.text


def create(api, key: str, schema: str = "lite_1") -> int:
    wish = {"group_id": key, "service": "cursor", "config": {"schema": schema}}
    return api("POST", "/v1/connections", wish).status_code


def number_of_connections(api) -> int:
    return len(api.app.extensions[EXTENSION].state.find("connection"))


@pytest.mark.parametrize(
    ("rule", "status", "made"),
    [
        ({"kind": "error_before", "status": 500}, 500, 0),
        ({"kind": "error_after", "status": 502}, 502, 1),
        ({"kind": "conflict"}, 409, 0),
        ({"kind": "too_many_requests", "seconds": 7}, 429, 0),
        ({"kind": "down"}, 503, 0),
    ],
)
def test_a_fault_answers_as_told_with_or_without_the_effect(api, rule: dict[str, Any], status: int, made: int) -> None:
    key = api.group()
    add(api, **rule, **POST_CONNECTION, count=1)
    assert create(api, key) == status
    assert number_of_connections(api) == made
    assert create(api, key, "lite_2") == 201


def test_a_429_says_when_to_come_back(api) -> None:
    add(api, kind="too_many_requests", seconds=7)
    assert api("GET", "/v1/groups").headers["Retry-After"] == "7"


@pytest.mark.parametrize(("kind", "made_when_slow"), [("latency", 0), ("timeout_after_effect", 1)])
def test_slowness_comes_before_or_after_the_effect(api, kind: str, made_when_slow: int) -> None:
    key, slept = api.group(), []
    api.app.extensions[EXTENSION].sleep = lambda seconds: slept.append((seconds, number_of_connections(api)))
    add(api, kind=kind, seconds=30, **POST_CONNECTION, count=1)
    assert create(api, key) == 201
    assert slept == [(30.0, made_when_slow)]


def test_down_is_for_all_calls_until_it_is_cleared(api) -> None:
    add(api, kind="down")
    down = [api("GET", path).status_code for path in ("/v1/groups", "/v1/account/info", "/public/connector-types")]
    api("POST", "/_control/faults", {"items": []})
    assert down == [503, 503, 503]
    assert api("GET", "/v1/groups").status_code == 200


def test_a_fault_strikes_only_its_path_and_method(api) -> None:
    key = api.group()
    add(api, kind="error_before", method="post", path="/v1/conn*")
    assert api("GET", "/v1/connections").status_code == 200
    assert api("GET", "/v1/groups").status_code == 200
    assert create(api, key) == 503


def test_probability_is_obeyed(api) -> None:
    rolls = iter([0.4, 0.6])
    api.app.extensions[EXTENSION].faults._chance = lambda: next(rolls)
    add(api, kind="error_before", probability=0.5)
    assert [api("GET", "/v1/groups").status_code for _ in range(2)] == [503, 200]


def test_counts_are_counted_down_and_shown(api) -> None:
    add(api, kind="error_before", count=2)
    api("GET", "/v1/groups")
    rules = api("GET", "/_control/faults").get_json()["items"]
    assert [(rule["kind"], rule["count"]) for rule in rules] == [("error_before", 1)]
    api("GET", "/v1/groups")
    assert api("GET", "/_control/faults").get_json()["items"] == []


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"kind": "earthquake"},
        {"kind": "down", "count": 0},
        {"kind": "down", "status": 200},
        {"kind": "down", "probability": 2},
        {"kind": "down", "pth": "/v1"},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(api, rule: dict[str, Any]) -> None:
    assert api("POST", "/_control/faults", rule).status_code == 400


def test_struck_calls_are_in_the_log(api) -> None:
    add(api, kind="error_before", count=1)
    api("GET", "/v1/groups")
    entry = api("GET", "/_control/log").get_json()["items"][-1]
    assert (entry["method"], entry["path"], entry["status"]) == ("GET", "/v1/groups", 503)
    assert entry["fault"] == "error_before"
