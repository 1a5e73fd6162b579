"""The side door: playing people and the source, switches, the log, starting over."""

import dataclasses
import json
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from click.testing import CliRunner
from flask import Flask

from request_tracker import serve
from request_tracker.cli import main
from request_tracker.emulator import state as memory
from request_tracker.emulator.world import CHOICES, EXTENSION, Switches

BROWSER = {"Accept": "text/html"}


@pytest.fixture
def key(api) -> str:
    return str(api.connection(api.group())["id"])


def read(api, key: str) -> dict[str, Any]:
    found: dict[str, Any] = api.made("GET", f"/v1/connections/{key}")
    return found


def test_another_sites_page_presses_no_button(api, key) -> None:
    for path in (f"delete/{key}", "reset", "faults", "switches", "webhook"):
        answer = api.app.test_client().post(f"/_control/{path}", headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403, path
    assert api("GET", f"/v1/connections/{key}").status_code == 200


def test_reset_forgets_everything(api, key) -> None:
    api("POST", "/_control/switches", {"sync_seconds": 9})
    api("POST", "/_control/reset")
    assert api("GET", "/_control/log").get_json() == {"items": []}
    assert api.made("GET", "/v1/connections")["items"] == []
    assert api.made("GET", "/v1/groups")["items"] == []
    assert api("GET", "/_control/switches").get_json()["sync_seconds"] == Switches().sync_seconds


def test_somebody_pauses_and_goes_on(api, key) -> None:
    api("POST", f"/_control/pause/{key}", {"paused": False})
    assert (read(api, key)["paused"], read(api, key)["status"]["sync_state"]) == (False, "scheduled")
    api("POST", f"/_control/pause/{key}")
    assert (read(api, key)["paused"], read(api, key)["status"]["sync_state"]) == (True, "paused")


def test_access_is_taken_back(api, key) -> None:
    api("POST", f"/_control/grant/{key}")
    api("POST", f"/_control/break/{key}", {"reason": "Key revoked"})
    status = read(api, key)["status"]
    assert (status["setup_state"], status["tasks"][0]["message"]) == ("broken", "Key revoked")


def test_a_failing_test_can_be_named(api, key) -> None:
    api("POST", f"/_control/grant/{key}", {"failing": "Host"})
    tests = read(api, key)["setup_tests"]
    assert [test["status"] for test in tests] == ["FAILED", "SKIPPED", "SKIPPED"]
    assert tests[0]["message"] == "The host name of the source could not be found"


def test_fields_drift_behind_everybodys_back(api, key) -> None:
    wish = {"sync_frequency": 5, "service": "other", "status.update_state": "delayed", "config.base_url": "elsewhere"}
    assert api("POST", f"/_control/drift/{key}", wish).status_code == 200
    found = read(api, key)
    assert (found["sync_frequency"], found["service"]) == (5, "other")
    assert (found["status"]["update_state"], found["config"]["base_url"]) == ("delayed", "elsewhere")


def test_what_is_no_field_does_not_drift(api, key) -> None:
    for wish in ({"id": "x"}, {"no_such": 1}, {"no.such": 1}, {"sync": {}}):
        assert api("POST", f"/_control/drift/{key}", {"paused": False, **wish}).status_code == 400, wish
        assert read(api, key)["paused"] is True, wish


def test_tables_appear_and_rows_are_told(api, key) -> None:
    api("POST", f"/_control/grant/{key}")
    api("POST", f"/_control/finish-sync/{key}")
    api("POST", f"/_control/grow/{key}", {"tables": ["gadget", "contact"]})
    api("POST", f"/v1/connections/{key}/schemas/reload", {"exclude_mode": "PRESERVE"})
    (schema,) = api.made("GET", f"/v1/connections/{key}/schemas")["schemas"].values()
    assert "gadget" in schema["tables"]
    api("POST", f"/_control/finish-sync/{key}", {"rows": {"gadget": 7}})
    api("POST", f"/_control/rows/{key}", {"contact": 9})
    source = api.app.extensions[EXTENSION].state.get("source", key)
    assert (source["rows"]["gadget"], source["held"]["contact"]) == (7, 9)
    for wish in ({"contact": -1}, {"contact": "many"}):
        assert api("POST", f"/_control/rows/{key}", wish).status_code == 400
    assert api("POST", f"/_control/grow/{key}", {"tables": [1]}).status_code == 400


def other(name: str, hint: Any) -> Any:
    """A value of the switch's type that is not its usual one."""
    usual = getattr(Switches(), name)
    if name in CHOICES:
        return next(value for value in CHOICES[name] if value != usual)
    if get_origin(hint) is tuple:
        return [1.5] if get_args(hint)[-1] is Ellipsis else [400, "InvalidInput"]
    return {bool: not usual, str: "changed"}.get(hint, 3)


def test_every_switch_can_be_turned_and_is_remembered(start, tmp_path) -> None:
    api = start(path=tmp_path / "state")
    hints = get_type_hints(Switches)
    wish = {name: other(name, hint) for name, hint in hints.items()}
    assert api("POST", "/_control/switches", wish).status_code == 200
    assert json.loads(json.dumps(dataclasses.asdict(api.app.extensions[EXTENSION].switches))) == wish
    again = start(path=tmp_path / "state")
    assert again("GET", "/_control/switches").get_json() == wish


ODD_SWITCHES: tuple[dict[str, Any], ...] = (
    {"no_such": 1},
    {"sync_seconds": "soon"},
    {"sync_seconds": -1},
    {"sync_seconds": True},
    {"calls_per_hour": 1.5},
    {"webhook_allow_http": 1},
    {"webhook_retry_after": 5},
    {"webhook_retry_after": ["a"]},
    {"duplicate_schema": [409]},
    {"not_found_entity": "Gadget"},
    {"seed": "x"},
)


def test_an_odd_switch_is_refused_and_none_is_turned(api) -> None:
    for wish in ODD_SWITCHES:
        assert api("POST", "/_control/switches", {"card_hours": 1, **wish}).status_code == 400, wish
        assert api("GET", "/_control/switches").get_json()["card_hours"] == 24, wish


def test_pages_turn_switches_and_set_faults_and_say_what_was_wrong(api) -> None:
    client = api.app.test_client()
    turned = client.post("/_control/switches", data={"name": "callback_query", "value": "a=b"}, headers=BROWSER)
    assert (turned.status_code, turned.headers["Location"]) == (303, "/_control/switches")
    assert api.app.extensions[EXTENSION].switches.callback_query == "a=b"
    odd = client.post("/_control/switches", data={"name": "card_hours", "value": "many"}, headers=BROWSER)
    assert odd.status_code == 400
    assert "must be a number" in odd.text
    assert 'value="many"' in odd.text
    set_one = client.post("/_control/faults", data={"kind": "drip", "path": "/v1/g*", "count": ""}, headers=BROWSER)
    assert set_one.status_code == 303
    (rule,) = api("GET", "/_control/faults").get_json()["items"]
    odd = client.post("/_control/faults", data={"kind": "drip", "count": "none"}, headers=BROWSER)
    assert odd.status_code == 400
    assert "&#39;count&#39; must be a number" in odd.text
    client.post("/_control/faults", data={"remove": rule["id"]}, headers=BROWSER)
    assert api("GET", "/_control/faults").get_json()["items"] == []


def test_the_log_can_be_read_from_a_place_on(api) -> None:
    api.group("one")
    seen = api("GET", "/_control/log").get_json()["items"]
    api.group("two")
    later = api("GET", f"/_control/log?after={seen[-1]['seq']}").get_json()["items"]
    assert [(entry["method"], entry["status"], entry["body"]) for entry in later] == [("POST", 201, {"name": "two"})]


ASKED = {
    "method=post": ["POST /v1/groups"],
    "path=/v1/groups": ["POST /v1/groups", "GET /v1/groups?limit=5"],
    "path=/v1/*/nobody": ["GET /v1/groups/nobody", "GET /v1/users/nobody"],
    "status=404": ["GET /v1/groups/nobody", "GET /v1/users/nobody"],
    "status=2xx&method=GET": ["GET /v1/groups?limit=5"],
    "limit=1": ["POST /v1/groups"],
}


def test_the_log_gives_what_is_asked_for(api) -> None:
    api.group()
    for path in ("/v1/groups?limit=5", "/v1/groups/nobody", "/v1/users/nobody"):
        api("GET", path)
    answers = {query: api("GET", f"/_control/log?{query}").get_json()["items"] for query in ASKED}
    assert {query: [f"{each['method']} {each['path']}" for each in items] for query, items in answers.items()} == ASKED
    for odd in ("status=good", "after=x", "limit=-1"):
        assert api("GET", f"/_control/log?{odd}").status_code == 400, odd


def test_the_log_holds_no_secret_and_no_end_of_calls(api, monkeypatch) -> None:
    monkeypatch.setattr(memory, "LOG_KEPT", 3)
    monkeypatch.setattr(memory, "_SWEEP_EVERY", 1)
    config = {"schema": "lite_1", "key": "s-1", "deep": [{"key": "s-2", "value": "s-3"}]}
    back = {"redirect_uri": "https://tracker.example/back?state=s-4"}
    api.connection(api.group(), config=config, auth={"any": "s-5"}, connect_card_config=back)
    api("POST", "/v1/webhooks/account", {"url": "https://r.example/?s-6", "events": ["sync_end"], "secret": "s-7"})
    told = api("GET", "/_control/log").text
    assert "lite_1" in told
    assert "https://tracker.example/back" in told
    assert [secret for secret in (f"s-{number}" for number in range(1, 8)) if secret in told] == []
    for _ in range(5):
        api("GET", "/v1/groups")
    assert len(api("GET", "/_control/log").get_json()["items"]) == 3


def test_the_command_line_says_what_webhooks_may_be(monkeypatch) -> None:
    served: list[Flask] = []
    monkeypatch.setattr(serve, "serve_plainly", lambda app, **_: served.append(app))
    for flags in ([], ["--allow-http-webhooks", "--quick-retries"]):
        assert CliRunner().invoke(main, ["emulator", *flags]).exit_code == 0
    worlds = [app.extensions[EXTENSION] for app in served]
    told = [(one.switches.webhook_allow_http, one.switches.webhook_retry_after[0]) for one in worlds]
    for one in worlds:
        one.close()
    assert told == [(False, 360.0), (True, 2.0)]
