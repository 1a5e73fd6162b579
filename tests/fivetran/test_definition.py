"""Every request that the client can make is one the vendor's definition describes."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fivetran.definition import excerpt, excerpt_of, request_errors, whole

from request_tracker.fivetran.client import Fivetran

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
BACK = "https://tracker.example/connect/return/s1"
ORDERS = {"orders": {"enabled": True, "columns": {"email": {"enabled": True, "hashed": True}}}}
CHOICE = {"schema_change_handling": "BLOCK_ALL", "schemas": {"shop": {"enabled": True, "tables": ORDERS}}}
SDK = {"package_id": "p", "python_version": "3.12", "secrets_list": [{"key": "k", "value": "secret-value"}]}

NEWER = {"sync_history"}
"""In the vendor's definition of September 2026 only."""

CALLS: dict[str, list[Callable[[Fivetran], Any]]] = {
    "account": [lambda api: api.account()],
    "groups": [lambda api: api.groups()],
    "group": [lambda api: api.group("g")],
    "create_group": [lambda api: api.create_group("acme")],
    "delete_group": [lambda api: api.delete_group("g")],
    "destinations": [lambda api: api.destinations()],
    "destination": [lambda api: api.destination("g")],
    "create_destination": [lambda api: api.create_destination(group_id="g", service="snowflake")],
    "users": [lambda api: api.users()],
    "group_users": [lambda api: api.group_users("g")],
    "roles": [lambda api: api.roles()],
    "connector_types": [lambda api: api.connector_types()],
    "connector_type": [lambda api: api.connector_type("stripe")],
    "connections": [lambda api: api.connections("g"), lambda api: api.connections("g", "lite_1")],
    "find_connection": [lambda api: api.find_connection("g", "lite_1")],
    "connection": [lambda api: api.connection("c")],
    "create_connection": [
        lambda api: api.create_connection(group_id="g", service="connector_sdk", schema="lite_1"),
        lambda api: api.create_connection(
            group_id="g",
            service="connector_sdk",
            schema="lite_1",
            config=SDK,
            redirect_uri=BACK,
            sync_frequency=1440,
            daily_sync_time="04:00",
            schedule_type="manual",
            destination_schema_names="SOURCE_NAMING",
        ),
    ],
    "update_connection": [
        lambda api: api.update_connection("c", paused=False, sync_frequency=60, schedule_type="auto"),
        lambda api: api.update_connection("c", is_historical_sync=True, run_setup_tests=True),
    ],
    "delete_connection": [lambda api: api.delete_connection("c")],
    "mint_card": [lambda api: api.mint_card("c", BACK)],
    "run_tests": [lambda api: api.run_tests("c")],
    "start_sync": [lambda api: api.start_sync("c"), lambda api: api.start_sync("c", force=True)],
    "resync": [lambda api: api.resync("c"), lambda api: api.resync("c", {"shop": ["orders", "orders"]})],
    "sync_history": [lambda api: api.sync_history("c", AT, AT + timedelta(days=9))],
    "schemas": [lambda api: api.schemas("c")],
    "reload_schemas": [lambda api: api.reload_schemas("c")],
    "create_schemas": [lambda api: api.create_schemas("c", CHOICE)],
    "set_schemas": [lambda api: api.set_schemas("c", CHOICE)],
    "columns": [lambda api: api.columns("c", "shop", "order lines/2")],
    "webhooks": [lambda api: api.webhooks()],
    "webhook": [lambda api: api.webhook("w")],
    "create_webhook": [
        lambda api: api.create_webhook(BACK, ["sync_end"], "hook-s3cret"),
        lambda api: api.create_webhook(BACK, ["sync_end"], "hook-s3cret", active=False, group_id="g"),
    ],
    "update_webhook": [lambda api: api.update_webhook("w", url=BACK, events=["sync_end"], secret="s", active=False)],
    "test_webhook": [lambda api: api.test_webhook("w")],
    "delete_webhook": [lambda api: api.delete_webhook("w")],
    "packages": [lambda api: api.packages()],
    "package": [lambda api: api.package("p")],
    "upload_package": [lambda api: api.upload_package(b"PK")],
    "replace_package": [lambda api: api.replace_package("p", b"PK")],
    "delete_package": [lambda api: api.delete_package("p")],
}


def test_no_call_of_the_client_is_left_out() -> None:
    calls = {name for name in dir(Fivetran) if not name.startswith("_") and callable(getattr(Fivetran, name))}
    assert calls - {"close"} == set(CALLS)


@pytest.mark.parametrize("name", sorted(set(CALLS) - NEWER))
def test_every_request_is_in_the_definition(answering, name: str) -> None:
    sent = recorded(answering, CALLS[name])
    known = [excerpt(), *filter(None, [whole()])]
    found = [fault for one in known for request in sent for fault in errors_of(request, one)]
    assert (len(sent) >= len(CALLS[name]), found) == (True, [])


def test_versions_of_json_are_asked_for_where_the_vendor_does(answering) -> None:
    asked: dict[str, set[str]] = {}
    for calls in CALLS.values():
        for request in recorded(answering, calls):
            asked.setdefault(request.headers["Accept"], set()).add(request.url.path.split("/")[2])
    assert asked["application/json;version=2"] == {"connections", "destinations"}
    assert asked["application/json"].isdisjoint({"destinations"})


def test_a_history_is_asked_for_in_weeks(answering) -> None:
    spans = [dict(request.url.params) for request in recorded(answering, CALLS["sync_history"], cursors=0)]
    assert [(one["start_time"][:10], one["end_time"][:10]) for one in spans] == [
        ("2026-11-20", "2026-11-27"),
        ("2026-11-27", "2026-11-29"),
    ]


@pytest.mark.parametrize(
    ("method", "path", "query", "body"),
    [
        ("POST", "/v1/connections/c/delete", {}, None),
        ("PUT", "/v1/groups", {}, {"name": "g"}),
        ("GET", "/v1/groups", {"size": "5"}, None),
        ("POST", "/v1/destinations", {}, {"group_id": "g"}),
        ("POST", "/v1/groups", {}, {"name": "g", "nmae": "g"}),
        ("POST", "/v1/connections", {}, {"group_id": "g", "service": "connector_sdk", "sync_frequency": 7}),
        ("POST", "/v1/connections", {}, {"group_id": "g", "service": "connector_sdk", "config": {"table": "t"}}),
        ("PATCH", "/v1/connections/c/schemas", {}, {"schemas": {"shop": {"tables": {}}}}),
        ("DELETE", "/v1/groups/g", {}, {"force": True}),
    ],
)
def test_the_check_sees_a_slip_of_the_pen(method: str, path: str, query: dict[str, str], body: object) -> None:
    assert request_errors(method, path, query, body, excerpt())


@pytest.mark.skipif(whole() is None, reason="FIVETRAN_OPENAPI does not name the vendor's definition")
def test_the_excerpt_is_what_the_vendors_file_says() -> None:
    assert excerpt() == excerpt_of(json.loads(Path(os.environ["FIVETRAN_OPENAPI"]).read_text()))


def recorded(answering, calls: list[Callable[[Fivetran], Any]], cursors: int = 1) -> list[httpx.Request]:
    """What goes out; each list has a second page, so that the cursor is seen too."""
    sent: list[httpx.Request] = []

    def note(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        more = request.method == "GET" and "limit" in request.url.params and "cursor" not in request.url.params
        data: dict[str, Any] = {"items": [], "next_cursor": "abc"} if more and cursors else {"items": []}
        data["connect_card"] = {"uri": "https://card.example/"}
        return httpx.Response(200, json={"code": "Success", "data": data})

    with answering(note) as api:
        for call in calls:
            call(api)
    return sent


def errors_of(request: httpx.Request, known: dict[str, Any]) -> list[str]:
    path = request.url.raw_path.decode().split("?")[0]
    return request_errors(request.method, path, dict(request.url.params), body_of(request), known)


def body_of(request: httpx.Request) -> object:
    if request.headers.get("Content-Type", "").startswith("multipart/form-data"):
        assert b'name="file"; filename="package.zip"' in request.content
        return {"file": {}}
    return json.loads(request.content) if request.content else None
