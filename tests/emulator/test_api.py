"""The emulated API answers as the vendor's definition says."""

import io
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from request_tracker.emulator.source import discover
from request_tracker.emulator.world import EXTENSION, Switches

# Fields that the vendor's definition requires of each reply.
REQUIRED = {
    "group": {"id", "name", "created_at"},
    "connection": {"id", "service", "schema", "group_id", "paused", "status", "service_version", "created_at"}
    | {"pause_after_trial", "sync_frequency", "schedule_type", "data_delay_sensitivity"},
    "status": {"setup_state", "sync_state", "update_state", "is_historical_sync"},
    "destination": {"id", "group_id", "service", "region", "time_zone_offset", "setup_status"},
    "webhook": {"id", "type", "url", "events", "active", "created_at", "created_by"},
    "role": {"name", "scope", "is_custom", "is_deprecated", "replacement_role_name"},
    "user": {"id", "email", "verified", "active", "role", "logged_in_at", "created_at"},
    "type": {"id", "name", "type"},
}


def test_replies_carry_what_the_definition_requires(api) -> None:
    key = api.group()
    connection = api.connection(key)
    destination = api.made(
        "POST", "/v1/destinations", {"group_id": key, "service": "snowflake", "time_zone_offset": "0"}
    )
    webhook = api.made("POST", "/v1/webhooks/account", {"url": "https://r.example/", "events": ["sync_end"]})
    items = {
        "group": api.made("GET", f"/v1/groups/{key}"),
        "connection": connection,
        "status": connection["status"],
        "destination": destination,
        "webhook": webhook,
        "role": api.made("GET", "/v1/roles")["items"][0],
        "user": api.made("GET", "/v1/users")["items"][0],
        "type": api.made("GET", "/v1/metadata/connector-types")["items"][0],
    }
    lacking = {name: REQUIRED[name] - set(item) for name, item in items.items() if REQUIRED[name] - set(item)}
    assert lacking == {}
    assert api.made("GET", "/v1/account/info")["account_id"]


def test_ids_are_two_words_and_times_have_microseconds(api) -> None:
    group = api.made("POST", "/v1/groups", {"name": "acme"})
    assert re.fullmatch(r"[a-z]+_[a-z]+", group["id"])
    assert group["created_at"] == "2026-11-20T09:00:00.000000Z"


@pytest.mark.parametrize("auth", [None, ("the-api-key", "wrong"), ("", "")])
@pytest.mark.parametrize("path", ["/v1/account/info", "/v1/no-such-route"])
def test_without_the_pair_nothing_opens(api, auth: Any, path: str) -> None:
    answer = api("GET", path, auth=auth)
    assert (answer.status_code, answer.get_json()["code"]) == (401, "AuthFailed")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/no-such-route", 404, "NotFound"),
        ("GET", "/v1/groups/nobody_knows", 404, "NotFound_Group"),
        ("GET", "/v1/connections/nobody_knows", 404, "NotFound_Connection"),
        ("GET", "/v1/connectors/nobody_knows", 404, "NotFound_Connection"),
        ("GET", "/v1/groups?limit=0", 400, "InvalidInput"),
        ("GET", "/v1/groups?cursor=%25%25", 400, "InvalidInput"),
        ("PUT", "/v1/groups", 405, "MethodNotAllowed"),
    ],
)
def test_what_is_not_there_is_told_apart(api, method: str, path: str, status: int, code: str) -> None:
    answer = api(method, path)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"service": None}, "Field 'service' is required"),
        ({"group_id": None}, "Field 'group_id' is required"),
        ({"config": {}}, "Field 'schema' is required"),
        ({"config": []}, "Field 'config' must be an object"),
        ({"config": {"schema": "With-Dash"}}, "'schema'"),
        ({"sync_frequency": 7}, "'sync_frequency'"),
        ({"schedule_type": "sometimes"}, "'schedule_type'"),
        ({"paused": "yes"}, "'paused'"),
        ({"connect_card_config": {}}, "'redirect_uri'"),
        ({"connect_card_config": {"redirect_uri": "javascript:1"}}, "'redirect_uri'"),
    ],
)
def test_an_odd_connection_is_refused_and_not_made(api, change: dict[str, Any], named: str) -> None:
    key = api.group()
    good = {"group_id": key, "service": "cursor", "config": {"schema": "lite_1"}}
    answer = api("POST", "/v1/connections", {**good, **change})
    assert (answer.status_code, answer.get_json()["code"]) == (400, "InvalidInput")
    assert named in answer.get_json()["message"]
    assert api.made("GET", "/v1/connections")["items"] == []


def test_both_spellings_reach_the_same_connection(api) -> None:
    key = api.group()
    wish = {"group_id": key, "service": "cursor", "config": {"schema": "lite_1"}, "sync_frequency": "360"}
    made = api.made("POST", "/v1/connectors", wish)
    for path in ("/v1/connections", "/v1/connectors", f"/v1/groups/{key}/connections", f"/v1/groups/{key}/connectors"):
        assert [item["id"] for item in api.made("GET", f"{path}?schema=lite_1")["items"]] == [made["id"]]
        assert api.made("GET", f"{path}?schema=lite")["items"] == []
    assert made["sync_frequency"] == 360


def test_a_name_may_be_taken_once_in_a_group_only(api) -> None:
    one, two = api.group("one"), api.group("two")
    api.connection(one)
    again = api("POST", "/v1/connections", {"group_id": one, "service": "x", "config": {"schema": "lite_1"}})
    assert (again.status_code, again.get_json()["code"]) == (409, "Conflict")
    assert api.connection(two)["group_id"] == two


def test_secrets_are_neither_shown_nor_logged(api) -> None:
    config = {"schema": "lite_1", "api_key": "k-123", "secrets_list": [{"key": "token", "value": "v-123"}]}
    made = api.connection(api.group(), config=config, auth={"client_access": {"client_secret": "c-123"}})
    assert made["config"]["api_key"] == "******"
    assert made["config"]["secrets_list"] == [{"key": "token", "value": "******"}]
    api("POST", "/v1/webhooks/account", {"url": "https://r.example/", "events": ["sync_end"], "secret": "s-123"})
    told = api("GET", "/_control/log").text + api("GET", "/v1/webhooks").text + api("GET", "/v1/connections").text
    assert not [secret for secret in ("k-123", "v-123", "c-123", "s-123") if secret in told]


def test_lists_come_in_pages_with_an_opaque_cursor(api) -> None:
    for number in range(3):
        api.group(f"group_{number}")
    first = api.made("GET", "/v1/groups?limit=2")
    second = api.made("GET", f"/v1/groups?limit=2&cursor={first['next_cursor']}")
    assert [group["name"] for group in first["items"] + second["items"]] == ["group_0", "group_1", "group_2"]
    assert first["next_cursor"] == "eyJza2lwIjoyfQ"
    assert "next_cursor" not in second


def test_the_quota_is_told_and_kept(start, clock) -> None:
    api = start(switches=Switches(calls_per_hour=2))
    left = [api("GET", "/v1/groups").headers["X-Rate-Limit-Remaining"] for _ in range(2)]
    refused = api("GET", "/v1/groups")
    clock.pass_by(hours=1, seconds=1)
    assert left == ["1", "0"]
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "3601")
    assert refused.get_json()["message"] == "Max 2 api calls allowed in one-hour rolling time period"
    assert api("GET", "/v1/groups").status_code == 200


def test_a_changed_connection_keeps_the_change(api) -> None:
    key = api.connection(api.group())["id"]
    api.made("PATCH", f"/v1/connections/{key}", {"paused": False, "sync_frequency": 60, "run_setup_tests": False})
    read = api.made("GET", f"/v1/connections/{key}")
    assert (read["paused"], read["sync_frequency"], read["status"]["sync_state"]) == (False, 60, "scheduled")


@pytest.mark.parametrize("body", [{}, {"run_setup_tests": False}, {"config": {"schema": "another"}}])
def test_a_change_of_nothing_or_of_the_name_is_refused(api, body: dict[str, Any]) -> None:
    key = api.connection(api.group())["id"]
    assert api("PATCH", f"/v1/connections/{key}", body).status_code == 400


def test_a_test_call_needs_a_body(api) -> None:
    key = api.connection(api.group())["id"]
    assert api("POST", f"/v1/connections/{key}/test").status_code == 400
    assert api("POST", f"/v1/connections/{key}/test", {}).status_code == 200


def test_a_sync_call_may_have_no_body(api) -> None:
    key = api.connection(api.group())["id"]
    assert api("POST", f"/v1/connections/{key}/sync").status_code == 400
    api("POST", f"/_control/grant/{key}")
    assert api("POST", f"/v1/connections/{key}/sync").status_code == 200


def test_credentials_in_the_body_make_a_connection_connected(api) -> None:
    key = api.group()
    config = {"schema": "lite_2", "api_key": "k"}
    without = api.connection(key, run_setup_tests=True)
    with_key = api.connection(key, "lite_2", run_setup_tests=True, config=config)
    assert [one["status"]["setup_state"] for one in (without, with_key)] == ["incomplete", "connected"]
    told = [[test["status"] for test in one["setup_tests"]] for one in (without, with_key)]
    assert told == [["PASSED", "FAILED", "SKIPPED"], ["PASSED"] * 3]


def test_setup_tests_fit_the_way_in_and_what_failed_fails_again(api) -> None:
    key = api.connection(api.group(), service="postgres")["id"]
    api("POST", f"/_control/grant/{key}", {"passed": False, "failing": "Connection"})
    again = api.made("POST", f"/v1/connections/{key}/test", {})["setup_tests"]
    api("POST", f"/_control/grant/{key}")
    after = api.made("POST", f"/v1/connections/{key}/test", {})["setup_tests"]
    assert [(one["title"], one["status"]) for one in again][:2] == [("Host", "PASSED"), ("Connection", "FAILED")]
    assert {one["status"] for one in after} == {"PASSED"}


def test_a_full_resync_makes_it_historical_again(api, clock) -> None:
    key = api.connection(api.group())["id"]
    api("POST", f"/_control/grant/{key}")
    api("POST", f"/_control/finish-sync/{key}")
    assert api.made("GET", f"/v1/connections/{key}")["status"]["is_historical_sync"] is False
    assert api("POST", f"/v1/connections/{key}/resync", {"scope": {}}).status_code == 400
    assert api("POST", f"/v1/connections/{key}/resync").status_code == 200
    assert api.made("GET", f"/v1/connections/{key}")["status"]["is_historical_sync"] is True


def test_a_destination_shares_the_groups_id_and_brings_a_platform_connection(api) -> None:
    key = api.group()
    wish = {"group_id": key, "service": "snowflake", "time_zone_offset": "-5", "config": {"password": "p-123"}}
    made = api.made("POST", "/v1/destinations", wish)
    listed = api.made("GET", "/v1/destinations")["items"][0]
    platform = api.made("GET", f"/v1/connections?group_id={key}")["items"][0]
    assert (made["id"], made["setup_status"], made["config"]["password"]) == (key, "CONNECTED", "******")
    assert not {"config", "setup_tests"} & set(listed)
    assert (platform["service"], platform["connected_by"]) == ("fivetran_log", "_fivetran_system")
    assert api("POST", "/v1/destinations", wish).status_code == 409
    assert api("POST", "/v1/destinations", {**wish, "group_id": "no_group"}).status_code == 404


def test_groups_and_destinations_go_only_when_empty(api) -> None:
    key = api.group()
    api.made("POST", "/v1/destinations", {"group_id": key, "service": "snowflake", "time_zone_offset": "0"})
    connection = api.connection(key)["id"]
    assert [api("DELETE", f"/v1/{kind}/{key}").status_code for kind in ("destinations", "groups")] == [409, 409]
    api("DELETE", f"/v1/connections/{connection}")
    assert [api("DELETE", f"/v1/{kind}/{key}").status_code for kind in ("destinations", "groups")] == [200, 200]
    assert api.made("GET", "/v1/connections")["items"] == []


def test_the_catalogue_answers_under_its_old_name_and_in_public(api) -> None:
    api.app.test_client().post("/_control/connector-types", json={"id": "acme", "name": "Acme"})
    new, old = (api.made("GET", f"/v1/metadata/{word}")["items"] for word in ("connector-types", "connectors"))
    public = api("GET", "/public/connector-types", auth=None).get_json()["data"]
    assert new == old == public
    assert (new[-1]["id"], new[-1]["connector_class"], new[-1]["service_status"]) == ("acme", "lite", "development")
    assert api.made("GET", "/v1/metadata/connector-types/acme")["config"]["type"] == "object"


def test_schema_configuration_is_kept(api) -> None:
    key = api.connection(api.group())["id"]
    assert api("GET", f"/v1/connections/{key}/schemas").get_json()["code"] == "NotFound_SchemaConfig"
    assert api("POST", f"/v1/connections/{key}/schemas/reload").status_code == 400
    api("POST", f"/_control/grant/{key}")
    api("POST", f"/v1/connections/{key}/schemas/reload")
    table = {"contact": {"columns": {"email": {"hashed": True}}}, "invoice": {"enabled": False}}
    wish = {"schema_change_handling": "BLOCK_ALL", "schemas": {"lite_1": {"tables": table}}}
    api.made("PATCH", f"/v1/connections/{key}/schemas", wish)
    read = api.made("GET", f"/v1/connectors/{key}/schemas")
    tables = read["schemas"]["lite_1"]["tables"]
    columns = tables["contact"]["columns"]
    assert (read["schema_change_handling"], read["enable_new_by_default"]) == ("BLOCK_ALL", False)
    assert (columns["email"]["enabled"], columns["email"]["hashed"], columns["phone"]["hashed"]) == (True, True, False)
    assert (columns["id"]["is_primary_key"], columns["id"]["enabled_patch_settings"]["allowed"]) == (True, False)
    assert (tables["invoice"]["enabled"], tables["account"]["enabled"]) == (False, True)


@pytest.mark.parametrize(
    ("policy", "table", "column"),
    [("ALLOW_ALL", True, True), ("ALLOW_COLUMNS", False, True), ("BLOCK_ALL", False, False)],
)
def test_what_is_new_in_the_source_obeys_the_policy(api, policy: str, table: bool, column: bool) -> None:
    key = connected(api)
    api.made("POST", f"/v1/connections/{key}/schemas/reload")
    api.made("PATCH", f"/v1/connections/{key}/schemas", {"schema_change_handling": policy})
    appear(api, key, "contact", "newcomer")
    api("POST", f"/_control/finish-sync/{key}")
    tables = api.made("GET", f"/v1/connections/{key}/schemas")["schemas"]["lite_1"]["tables"]
    new = tables["newcomer"]["columns"]
    assert (tables["newcomer"]["enabled"], new["email"]["enabled"], new["id"]["enabled"]) == (table, column, True)
    assert tables["contact"]["columns"]["added_later"]["enabled"] is column


@pytest.mark.parametrize(("mode", "enabled"), [("PRESERVE", [True, False]), ("INCLUDE", [True]), ("EXCLUDE", [False])])
def test_a_reload_can_include_or_exclude_everything(api, mode: str, enabled: list[bool]) -> None:
    key = connected(api)
    api.made("POST", f"/v1/connections/{key}/schemas/reload")
    api.made("PATCH", f"/v1/connections/{key}/schemas/lite_1/tables/invoice", {"enabled": False})
    read = api.made("POST", f"/v1/connections/{key}/schemas/reload", {"exclude_mode": mode})
    tables = read["schemas"]["lite_1"]["tables"]
    assert sorted({one["enabled"] for one in tables.values()}, reverse=True) == enabled


def test_the_same_name_always_has_the_same_tables(start) -> None:
    one, two = (set(schema_of(start())) for _ in range(2))
    assert one == two
    assert {"account", "contact", "invoice"} <= one


def test_only_columns_somebody_chose_are_listed_where_the_switch_says_so(start) -> None:
    api = start(switches=Switches(all_columns_listed=False))
    key = connected(api)
    api.made("POST", f"/v1/connections/{key}/schemas/reload")
    path = f"/v1/connections/{key}/schemas/lite_1/tables/contact"
    listed = api.made("PATCH", f"{path}/columns/email", {"enabled": True, "hashed": True})
    assert list(listed["schemas"]["lite_1"]["tables"]["contact"]["columns"]) == ["email"]
    assert {"id", "email", "phone"} <= set(api.made("GET", f"{path}/columns")["columns"])


def test_the_history_tells_syncs_and_rows_that_grow(api, clock) -> None:
    key = connected(api)
    api.made("POST", f"/v1/connections/{key}/schemas/reload")
    api.made("PATCH", f"/v1/connections/{key}/schemas/lite_1/tables/invoice", {"enabled": False})
    for outcome in ({}, {"status": "FAILURE", "reason": "Source is down"}, {}):
        api.made("POST", f"/v1/connections/{key}/sync")
        clock.pass_by(seconds=1)
        api("POST", f"/_control/finish-sync/{key}", outcome)
    api.made("POST", f"/v1/connections/{key}/sync")
    items = api.made("GET", f"/v1/connections/{key}/sync-history")["items"]
    assert [one["status"] for one in items] == ["INCOMPLETE", "COMPLETED", "FAILURE", "COMPLETED"]
    assert (items[0]["end"], items[2]["reason"], items[2]["stages"]) == (None, "Source is down", [])
    tables = {one["table"]: one["rows"] for one in items[1]["stages"][0]["tables"]}
    assert tables["contact"] > 0
    assert "invoice" not in tables
    clock.pass_by(hours=3)
    assert api.made("GET", f"/v1/connections/{key}/sync-history")["items"] == []
    window = "start_time=2026-11-20T09:00:00Z&end_time=2026-11-20T09:00:02Z"
    assert len(api.made("GET", f"/v1/connections/{key}/sync-history?{window}&limit=2")["items"]) == 2


def test_a_sync_brings_the_rows_that_are_lacking(api) -> None:
    key = connected(api)
    for rows in (3, 10, 10, 4):
        api("POST", f"/_control/finish-sync/{key}", {"rows": {"contact": rows}})
    items = api.made("GET", f"/v1/connections/{key}/sync-history")["items"]
    told = [{table["table"]: table["rows"] for table in one["stages"][0]["tables"]} for one in reversed(items)]
    assert [one["contact"] for one in told] == [3, 7, 0, 0]
    assert told[0]["invoice"] == told[1]["invoice"] > 0


def connected(api) -> str:
    key = str(api.connection(api.group())["id"])
    api("POST", f"/_control/grant/{key}")
    return key


def schema_of(api) -> dict[str, Any]:
    found: dict[str, Any] = api.made("POST", f"/v1/connections/{connected(api)}/schemas/reload")
    return found["schemas"]["lite_1"]["tables"]


def appear(api, key: str, *tables: str) -> None:
    here = api.app.extensions[EXTENSION]
    with here.state.changing():
        discover(here, here.state.get("connection", key), tables)


def test_a_package_is_bound_by_its_connection(api) -> None:
    upload = {"file": (io.BytesIO(b"PK\x03\x04rest"), "code.zip")}
    client = api.app.test_client()
    auth = ("the-api-key", "the-api-secret")
    made = client.post("/v1/connector-sdk/packages", data=upload, auth=auth).get_json()["data"]
    path = f"/v1/connector-sdk/packages/{made['id']}"
    connection = api.connection(api.group(), config={"schema": "lite_1", "package_id": made["id"]})
    assert api.made("GET", path)["connection_id"] == connection["id"]
    assert api("DELETE", path).status_code == 403
    assert api("GET", f"{path}/download").data == b"PK\x03\x04rest"
    api("DELETE", f"/v1/connections/{connection['id']}")
    assert api("DELETE", path).status_code == 200


def test_killed_and_started_again_it_still_knows_everything(start, tmp_path, clock) -> None:
    one = start(path=tmp_path / "emulator.sqlite")
    key = one.connection(one.group())["id"]
    one("POST", f"/_control/grant/{key}")
    one("POST", f"/v1/connections/{key}/sync")
    two = start(path=tmp_path / "emulator.sqlite")
    before = two.made("GET", f"/v1/connections/{key}")["status"]
    clock.pass_by(seconds=2)
    after = two.made("GET", f"/v1/connections/{key}")["status"]
    assert (before["setup_state"], before["sync_state"]) == ("connected", "syncing")
    assert after["sync_state"] == "paused"


def test_many_at_once_get_different_connections_and_one_name_once(api) -> None:
    key = api.group()

    def create(number: int) -> int:
        wish = {"group_id": key, "service": "cursor", "config": {"schema": f"lite_{number % 5}"}}
        return api("POST", "/v1/connections", wish).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(create, range(20)))
    assert statuses == [201] * 5 + [409] * 15
    assert len(api.app.extensions[EXTENSION].state.find("connection")) == 5
