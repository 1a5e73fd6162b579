"""Every route of the emulated API, called well and badly, answers as the vendor's definition says.

Always on the committed excerpt; on the whole definition too where FIVETRAN_OPENAPI names it.
"""

import io
import re
from typing import Any

import pytest

from tests.emulator.conftest import PAIR, Api
from tests.fivetran.definition import answer_errors, definition, operation_of

NOT_IN_THE_DEFINITION = {
    "/v1/metadata/connectors": "guides and the vendor's own tooling still use the old name",
    "/v1/<spelling>/<key>/sync-history": "in the definition of September 2026, not in that of July",
    "/v1/connectors/<key>/connect-card-token": "the old form, gone from the definition, whose answer has no envelope",
    "/v1/connector-sdk/migration/connections": "undocumented, asked for by the vendor's own SDK on a first deploy",
}
"""Routes that practice knows and the definition of July 2026 does not, and why the emulator has them."""

OTHERWISE_IN_PRACTICE = {
    ("GET", "/public/connector-types"): "live it gives a bare array in `data`, the definition says one object",
}
"""Answers that practice shapes otherwise than the definition."""

CARD = {"connect_card_config": {"redirect_uri": "https://tracker.example/back"}}
TABLE = {"enabled": True, "columns": {"email": {"enabled": True, "hashed": True}}}
PERSON = {"email": "ada@customer.example", "given_name": "Ada", "family_name": "Lovelace"}
HOOK = {"url": "https://receiver.example/hook", "events": ["sync_end"], "secret": "s-123"}
PLACES = ("/v1/connections", "/v1/connectors")


class Witness:
    """Calls, compares the status with what is expected and the answer with the definition, notes the route."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.routes: set[tuple[str, str]] = set()
        self.compared = 0
        self.faults: list[str] = []

    def __call__(self, status: int, method: str, path: str, body: Any = None, **more: Any) -> Any:
        answer = self.api(method, path, body, **more)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        found = answer.get_json(silent=True)
        self.note(method, path.split("?")[0], status, found)
        return found.get("data", found) if isinstance(found, dict) else None

    def note(self, method: str, path: str, status: int, found: Any) -> None:
        if status in (404, 405) and not self.is_route(method, path):
            return
        rule = self.rule_of(method, path)
        self.routes.add((method, rule))
        if status < 400 and (rule in NOT_IN_THE_DEFINITION or (method, path) in OTHERWISE_IN_PRACTICE):
            return
        if rule in NOT_IN_THE_DEFINITION or operation_of(method, old_to_new(path), definition()) is None:
            self.faults += [f"{path}: no envelope"] * (status >= 400 and set(found or ()) != {"code", "message"})
            return
        self.compared += 1
        self.faults += answer_errors(method, path, status, found)

    def is_route(self, method: str, path: str) -> bool:
        return self.api.app.url_map.bind("").test(path, method)

    def rule_of(self, method: str, path: str) -> str:
        rule, _ = self.api.app.url_map.bind("").match(path, method, return_rule=True)
        return plainly(rule.rule)


def plainly(rule: str) -> str:
    return re.sub(r"<any\(.*?\):(\w+)>", r"<\1>", rule)


def old_to_new(path: str) -> str:
    return path.replace("/connectors", "/connections") if not path.startswith("/v1/metadata") else path


def test_every_route_answers_as_defined(api) -> None:
    call = Witness(api)
    group = walk_groups(call)
    for place in PLACES:
        walk_connections(call, place, group)
        walk_schemas(call, place, group)
    walk_users(call, group)
    walk_webhooks(call, group)
    walk_packages(call)
    walk_catalogue(call)
    walk_away(call, group)
    assert call.faults == []
    assert routes_of(api) - call.routes == set()
    assert call.compared > 100


def test_a_fault_against_the_definition_would_be_seen(api) -> None:
    call = Witness(api)
    call.note("GET", "/v1/groups", 200, {"code": "Success", "data": {"items": [{"id": "a", "name": "b"}]}})
    call.note("GET", "/v1/groups", 500, {"error": "odd"})
    assert len(call.faults) >= 2


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("status", "call"),
    [
        (400, {"data": b"{", "content_type": "application/json"}),
        (400, {"data": b"", "content_type": "application/json"}),
        (400, {"json": ["a", "list"]}),
        (400, {"json": {"group_id": 7, "service": "cursor", "config": {"schema": "lite_1"}}}),
        (400, {"json": {"group_id": "g", "service": ["cursor"], "config": {"schema": "lite_1"}}}),
        (400, {"json": {"group_id": "g", "service": "cursor", "config": "lite_1"}}),
        (404, {"json": {"group_id": "no_group", "service": "cursor", "config": {"schema": "lite_1"}}}),
        (406, {"json": {}, "headers": {"Accept": "text/html"}}),
        (406, {"json": {}, "headers": {"Accept": "application/json;version=7"}}),
        (413, {"data": b"{" + b" " * (20 * 1024 * 1024 + 1), "content_type": "application/json"}),
        (415, {"data": b"service=cursor", "content_type": "application/x-www-form-urlencoded"}),
    ],
)
def test_odd_calls_are_refused_in_the_envelope(api, place: str, status: int, call: dict[str, Any]) -> None:
    answer = api.app.test_client().post(place, auth=PAIR, **call)
    assert (answer.status_code, set(answer.get_json())) == (status, {"code", "message"})


@pytest.mark.parametrize("accept", ["application/json", "application/json; version=2", "*/*", "text/html, */*;q=0.1"])
def test_either_version_of_json_may_be_asked_for(api, accept: str) -> None:
    assert api("GET", "/v1/groups", headers={"Accept": accept}).status_code == 200


def walk_groups(call: Witness) -> str:
    call(200, "GET", "/v1/account/info")
    call(401, "GET", "/v1/account/info", auth=None)
    key = str(call(201, "POST", "/v1/groups", {"name": "acme"})["id"])
    call(400, "POST", "/v1/groups", {})
    call(400, "POST", "/v1/groups", {"name": ["acme"]})
    call(405, "PUT", "/v1/groups", {})
    call(404, "GET", "/v1/nothing")
    call(200, "GET", "/v1/groups?limit=1")
    call(400, "GET", "/v1/groups?limit=1001")
    call(200, "GET", f"/v1/groups/{key}")
    call(404, "GET", "/v1/groups/none")
    call(200, "PATCH", f"/v1/groups/{key}", {"name": "acme_2"})
    for part in ("public-key", "service-account", "users", "connections", "connectors"):
        call(200, "GET", f"/v1/groups/{key}/{part}")
        call(404, "GET", f"/v1/groups/none/{part}")
    return walk_destinations(call, key)


def walk_destinations(call: Witness, key: str) -> str:
    wish = {"group_id": key, "service": "snowflake", "time_zone_offset": "+2", "config": {"password": "p-123"}}
    call(201, "POST", "/v1/destinations", wish)
    call(409, "POST", "/v1/destinations", wish)
    call(400, "POST", "/v1/destinations", {**wish, "time_zone_offset": "2"})
    call(404, "POST", "/v1/destinations", {**wish, "group_id": "none"})
    call(200, "GET", "/v1/destinations")
    path = f"/v1/destinations/{key}"
    call(200, "GET", path)
    call(200, "PATCH", path, {"region": "AWS_US_EAST_1"})
    call(400, "PATCH", path, {"region": "MOON"})
    call(200, "POST", f"{path}/test")
    for method in ("GET", "PATCH", "DELETE"):
        call(404, method, "/v1/destinations/none", {} if method == "PATCH" else None)
    return key


def walk_connections(call: Witness, place: str, group: str) -> None:
    wish = {"group_id": group, "service": "connector_sdk", "config": {"schema": f"sdk{len(place)}"}, "paused": True}
    made = call(201, "POST", place, {**wish, **CARD, "run_setup_tests": False})
    path = f"{place}/{made['id']}"
    call(409, "POST", place, wish)
    call(200, "GET", f"{place}?group_id={group}")
    call(200, "GET", path)
    call(200, "PATCH", path, {"sync_frequency": 60})
    call(400, "PATCH", path, {"sync_frequency": 61})
    call(200, "POST", f"{path}/connect-card", CARD)
    call(400, "POST", f"{path}/connect-card", {"connect_card_config": {}})
    call(200, "POST", f"{path}/test", {})
    call(400, "POST", f"{path}/test")
    call(400, "POST", f"{path}/sync")
    call.api("POST", f"/_control/grant/{made['id']}")
    call(200, "POST", f"{path}/resync", {})
    call(409, "PATCH", f"{path}/state", {"state": {"at": 1}})
    call.api("POST", f"/_control/finish-sync/{made['id']}")
    call(200, "GET", path)
    call(200, "POST", f"{path}/sync", {"force": True})
    call.api("POST", f"/_control/finish-sync/{made['id']}", {"status": "FAILURE_WITH_TASK", "reason": "Sign in again"})
    call(200, "GET", path)
    call(200, "PATCH", f"{path}/state", {"state": {"at": 1}})
    assert call(200, "GET", f"{path}/state") == {"state": {"at": 1}}
    call(200, "GET", f"{path}/sync-history")
    call(400, "GET", f"{path}/sync-history?start_time=2026-01-01T00:00:00Z&end_time=2026-02-01T00:00:00Z")
    if place.endswith("connectors"):
        assert set(call(200, "POST", f"{path}/connect-card-token")) == {"token"}
    for method, part in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/sync"), ("POST", "/connect-card")):
        call(404, method, f"{place}/none{part}", CARD if method in ("PATCH", "POST") else None)
    call(200, "DELETE", path)


def walk_schemas(call: Witness, place: str, group: str) -> None:
    wish = {"group_id": group, "service": "cursor", "config": {"schema": "shop"}, "run_setup_tests": False}
    key = call(201, "POST", place, wish)["id"]
    path = f"{place}/{key}/schemas"
    call(404, "GET", path)
    call(404, "PATCH", path, {"schema_change_handling": "BLOCK_ALL"})
    call(400, "POST", f"{path}/reload", {"exclude_mode": "PRESERVE"})
    call(200, "POST", path, {"schemas": {"shop": {"enabled": True, "tables": {"contact": TABLE}}}})
    call(400, "POST", path, {"schemas": {"shop": {"enabled": True}}})
    call.api("POST", f"/_control/grant/{key}")
    call(400, "POST", f"{path}/reload", {"exclude_mode": "MAYBE"})
    call(200, "POST", f"{path}/reload", {"exclude_mode": "PRESERVE"})
    call(200, "GET", path)
    call(200, "PATCH", path, {"schema_change_handling": "ALLOW_COLUMNS"})
    call(400, "PATCH", path, {"schema_change_handling": "SOMETIMES"})
    call(400, "PATCH", path, {"schemas": {"shop": {"tables": {"contact": {"enabled": "no"}}}}})
    call(200, "PATCH", f"{path}/shop", {"enabled": True})
    call(404, "PATCH", f"{path}/Shop", {"enabled": True})
    call(200, "PATCH", f"{path}/shop/tables/contact", TABLE)
    call(404, "PATCH", f"{path}/shop/tables/Contact", TABLE)
    call(200, "PATCH", f"{path}/shop/tables/contact/columns/email", {"enabled": False})
    call(400, "PATCH", f"{path}/shop/tables/contact/columns/id", {"enabled": False})
    call(200, "DELETE", f"{path}/shop/tables/contact/columns/email")
    call(409, "DELETE", f"{path}/shop/tables/contact/columns/phone")
    call(404, "DELETE", f"{path}/shop/tables/contact/columns/Phone")
    call(200, "POST", f"{path}/drop-columns", {"schemas": {"shop": {"tables": {"contact": {"columns": ["email"]}}}}})
    call(409, "POST", f"{path}/drop-columns", {"schemas": {"shop": {"tables": {"contact": {"columns": ["phone"]}}}}})
    call(200, "GET", f"{path}/shop/tables/contact/columns")
    call(404, "GET", f"{path}/shop/tables/none/columns")
    call(200, "POST", f"{path}/tables/resync", {"shop": ["contact"]})
    call(400, "POST", f"{path}/tables/resync", {})
    call(400, "GET", f"{place}/{key}/state")
    call(200, "DELETE", f"{place}/{key}")


def walk_users(call: Witness, group: str) -> None:
    connection = call.api.connection(group, "of_users")["id"]
    key = call(201, "POST", "/v1/users", {**PERSON, "role": "Account Reviewer"})["id"]
    call(400, "POST", "/v1/users", PERSON)
    call(400, "POST", "/v1/users", {"email": "grace@customer.example"})
    call(200, "GET", "/v1/users?active=true")
    call(200, "GET", f"/v1/users/{key}")
    call(200, "PATCH", f"/v1/users/{key}", {"role": "Account Analyst"})
    call(200, "DELETE", f"/v1/users/{key}/role")
    for kind, of in (("groups", group), ("connections", connection)):
        path = f"/v1/users/{key}/{kind}"
        call(201, "POST", path, {"id": of, "role": "Manage Destination"})
        call(404, "POST", path, {"id": "none", "role": "Manage Destination"})
        call(200, "GET", path)
        call(200, "GET", f"{path}/{of}")
        call(200, "PATCH", f"{path}/{of}", {"role": "Edit Destination"})
        call(200, "DELETE", f"{path}/{of}")
        call(404, "GET", f"{path}/{of}")
    call(200, "POST", f"/v1/groups/{group}/users", {"email": PERSON["email"], "role": "Destination Reviewer"})
    assert [one["role"] for one in call(200, "GET", f"/v1/groups/{group}/users")["items"]][1:] == [
        "Destination Reviewer"
    ]
    call(200, "DELETE", f"/v1/groups/{group}/users/{key}")
    call(404, "DELETE", f"/v1/groups/{group}/users/{key}")
    call(200, "GET", "/v1/roles")
    call(200, "DELETE", f"/v1/users/{key}")
    call(404, "GET", f"/v1/users/{key}")
    call.api("DELETE", f"/v1/connections/{connection}")


def walk_webhooks(call: Witness, group: str) -> None:
    key = call(200, "POST", "/v1/webhooks/account", HOOK)["id"]
    call(200, "POST", f"/v1/webhooks/group/{group}", HOOK)
    call(404, "POST", "/v1/webhooks/group/none", HOOK)
    call(400, "POST", "/v1/webhooks/account", {**HOOK, "url": "ftp://receiver.example"})
    call(200, "GET", "/v1/webhooks")
    path = f"/v1/webhooks/{key}"
    call(200, "GET", path)
    call(200, "PATCH", path, {"active": False})
    call(200, "POST", f"{path}/test", {"event": "sync_end"})
    call(200, "DELETE", path)
    call(404, "GET", path)


def walk_packages(call: Witness) -> None:
    place = "/v1/connector-sdk/packages"
    key = call(201, "POST", place, data={"file": (io.BytesIO(b"PK\x03\x04one"), "code.zip")})["id"]
    call(400, "POST", place, data={"file": (io.BytesIO(b"no archive"), "code.zip")})
    call(200, "PATCH", f"{place}/{key}", data={"file": (io.BytesIO(b"PK\x03\x04two"), "code.zip")})
    call(200, "GET", place)
    call(200, "GET", f"{place}/{key}")
    assert call.api("GET", f"{place}/{key}/download", headers={"Accept": "application/zip"}).data == b"PK\x03\x04two"
    call.routes.add(("GET", f"{place}/<key>/download"))
    call(200, "GET", "/v1/connector-sdk/migration/connections?limit=100")
    call(200, "DELETE", f"{place}/{key}")
    call(404, "GET", f"{place}/{key}")


def walk_catalogue(call: Witness) -> None:
    for word in ("connector-types", "connectors"):
        call(200, "GET", f"/v1/metadata/{word}?limit=3")
        call(200, "GET", f"/v1/metadata/{word}/cursor")
        call(404, "GET", f"/v1/metadata/{word}/none")
    call(200, "GET", "/public/connector-types", auth=None)


def walk_away(call: Witness, group: str) -> None:
    connection = call.api.connection(group, "last_one")["id"]
    call(409, "DELETE", f"/v1/destinations/{group}")
    call(409, "DELETE", f"/v1/groups/{group}")
    call.api("DELETE", f"/v1/connections/{connection}")
    call(200, "DELETE", f"/v1/destinations/{group}")
    call(200, "DELETE", f"/v1/groups/{group}")


def routes_of(api: Api) -> set[tuple[str, str]]:
    rules = [rule for rule in api.app.url_map.iter_rules() if rule.rule.startswith(("/v1/", "/public/"))]
    named = [(rule.methods or set(), plainly(rule.rule)) for rule in rules]
    return {(method, rule) for methods, rule in named for method in methods - {"HEAD", "OPTIONS"}}
