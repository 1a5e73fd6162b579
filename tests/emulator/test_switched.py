"""Each switch over an open point changes the emulator's answer as it says."""

from typing import Any

import pytest

from request_tracker.emulator.world import Switches

WISH = {"service": "cursor", "config": {"schema": "lite_1"}, "run_setup_tests": False}
PLACE = {"service": "snowflake", "time_zone_offset": "0"}
TABLE = {"schemas": {"lite_1": {"tables": {"nowhere": {"enabled": True}}}}}


def twice(api, key: str) -> Any:
    api("POST", "/v1/connections", {**WISH, "group_id": key})
    return api("POST", "/v1/connections", {**WISH, "group_id": key})


def second_destination(api, key: str) -> Any:
    api("POST", "/v1/destinations", {**PLACE, "group_id": key})
    return api("POST", "/v1/destinations", {**PLACE, "group_id": key})


def unknown_table(api, key: str) -> Any:
    connection = api.connection(key)["id"]
    api("POST", f"/_control/grant/{connection}")
    api("POST", f"/v1/connections/{connection}/schemas/reload")
    return api("PATCH", f"/v1/connections/{connection}/schemas", TABLE)


def history(api, key: str) -> Any:
    return api("GET", f"/v1/connections/{api.connection(key)['id']}/sync-history")


CALLS = {
    "a taken schema": twice,
    "a taken group name": lambda api, key: api("POST", "/v1/groups", {"name": "acme"}),
    "a second destination": second_destination,
    "an unknown service": lambda api, key: api(
        "POST", "/v1/connections", {**WISH, "group_id": key, "service": "nobody"}
    ),
    "an unknown connection": lambda api, key: api("GET", "/v1/connectors/nobody"),
    "an unknown table": unknown_table,
    "the history": history,
    "a new group": lambda api, key: api("POST", "/v1/groups", {"name": "another"}),
}


@pytest.mark.parametrize(
    ("switches", "what", "status", "code"),
    [
        ({}, "a taken schema", 409, "Conflict"),
        ({"duplicate_schema": (400, "InvalidInput")}, "a taken schema", 400, "InvalidInput"),
        ({"duplicate_schema_allowed": True}, "a taken schema", 201, "Success"),
        ({}, "a taken group name", 201, "Success"),
        ({"duplicate_group_refused": True}, "a taken group name", 409, "Conflict"),
        ({"duplicate_group_refused": True, "duplicate_group": (400, "Bad")}, "a taken group name", 400, "Bad"),
        ({}, "a second destination", 409, "Conflict"),
        ({"second_destination": (400, "InvalidInput")}, "a second destination", 400, "InvalidInput"),
        ({}, "an unknown service", 201, "Success"),
        ({"refuse_unknown_services": True}, "an unknown service", 400, "InvalidInput"),
        ({}, "an unknown connection", 404, "NotFound_Connection"),
        ({"not_found_entity": "Connector"}, "an unknown connection", 404, "NotFound_Connector"),
        ({}, "an unknown table", 404, "NotFound_Table"),
        ({"unknown_tables_refused": False}, "an unknown table", 200, "Success"),
        ({}, "the history", 200, "Success"),
        ({"sync_history": False}, "the history", 404, "NotFound"),
        ({"created_code": "Created"}, "a new group", 201, "Created"),
    ],
)
def test_an_open_point_is_answered_as_the_switch_says(
    start, switches: dict[str, Any], what: str, status: int, code: str
) -> None:
    api = start(switches=Switches(**switches))
    answer = CALLS[what](api, api.group())
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)


@pytest.mark.parametrize(
    ("form", "kind", "text"),
    [
        ("envelope", "application/json", '"code":"MethodNotAllowed"'),
        ("text", "text/plain", "405 Method Not Allowed"),
        ("html", "text/html", "<h1>405 Method Not Allowed</h1>"),
    ],
)
def test_refusals_come_in_the_form_of_the_switch(start, form: str, kind: str, text: str) -> None:
    api = start(switches=Switches(refusal_body=form))
    answer = api("PUT", "/v1/groups", {})
    assert (answer.status_code, answer.mimetype, answer.headers["Allow"]) == (405, kind, "GET, HEAD, OPTIONS, POST")
    assert text in answer.text
    others = [api("GET", "/v1/groups", headers={"Accept": "text/html"}), api("POST", "/v1/groups", data=b"x")]
    assert [(one.status_code, one.mimetype) for one in others] == [(406, kind), (415, kind)]
    assert api("GET", "/v1/groups/nobody").mimetype == "application/json"


def test_deletes_may_say_nothing(start) -> None:
    api = start(switches=Switches(delete_says_nothing=True))
    path = f"/v1/groups/{api.group()}"
    answer = api("DELETE", path)
    assert (answer.status_code, answer.data, "Content-Type" in answer.headers) == (204, b"", False)
    assert api("DELETE", path).status_code == 404


def test_a_card_of_the_old_form_opens(api) -> None:
    key = api.connection(api.group())["id"]
    told = api("POST", f"/v1/connectors/{key}/connect-card-token").get_json()
    assert list(told) == ["token"]
    assert api.app.test_client().get("/connect-card/setup", query_string={"auth": told["token"]}).status_code == 200
