"""What no public source settles about Fivetran is a switch of the emulator: our client passes under each setting."""

import queue
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from flask import Flask

from request_tracker.emulator import syncs
from request_tracker.emulator.app import create_app
from request_tracker.emulator.world import CHOICES, EXTENSION, Switches, World
from request_tracker.fivetran.client import Fivetran, Forbidden, NotFound, Refused
from request_tracker.fivetran.webhook import SIGNATURE_HEADER, read, verify

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
PAIR = ("the-api-key", "the-api-secret")
BACK = "https://tracker.example/connect/return?state=s1"
EVENTS = ("sync_start", "sync_end", "connection_successful")
PATIENCE = 10.0

OTHERWISE: dict[str, tuple[Any, ...]] = {
    "webhook_retry_after": ((1.0,),),
    "webhook_give_up_after": (1.0,),
    "webhook_time_out": (1.0,),
    "seed": (7,),
    "sync_seconds": (0.0, 600.0),
    "card_hours": (1.0,),
    "callback_query": ("id=lite_1&status=ok", "state=somebody-elses"),
    "duplicate_schema": ((400, "InvalidInput"), (400, "BadRequest"), (409, "AlreadyExists")),
    "duplicate_group": ((400, "InvalidInput"),),
    "second_destination": ((400, "InvalidInput"),),
    "calls_per_hour": (500,),
}
"""Other settings of the switches that are neither a choice nor on or off."""


def settings_of(name: str) -> tuple[Any, ...]:
    usual = getattr(Switches(), name)
    if name in CHOICES:
        return tuple(value for value in CHOICES[name] if value != usual)
    return (not usual,) if isinstance(usual, bool) else OTHERWISE[name]


# Times and numbers are no open points: they come with the deep sweep.
TIMES = {"webhook_retry_after", "webhook_give_up_after", "webhook_time_out", "card_hours", "seed", "calls_per_hour"}
REFUSING = {"duplicate_group": {"duplicate_group_refused": True}}
ONE_BY_ONE = [
    pytest.param({name: value, **REFUSING.get(name, {})}, marks=[pytest.mark.deep] * (name in TIMES))
    for name in (each.name for each in fields(Switches))
    for value in settings_of(name)
]
ALL = {each.name: settings_of(each.name)[-1] for each in fields(Switches)}


@dataclass
class Walk:
    """Our client, the account behind it, and what its webhooks brought."""

    api: Fivetran
    app: Flask
    here: World
    came: "queue.Queue[httpx.Request]"

    def emulated(self, do: Callable[..., Any], *args: Any) -> Any:
        with self.here.state.changing():
            return do(self.here, *args)


@pytest.fixture(scope="module")
def walk() -> Iterator[Walk]:
    """One account for all: each walk begins with an empty one, under switches of its own."""
    came: queue.Queue[httpx.Request] = queue.Queue()
    app = create_app(
        template_folder=TEMPLATES,
        key=PAIR[0],
        secret=PAIR[1],
        now=lambda: datetime.now(UTC),
        webhook_transport=httpx.MockTransport(lambda request: came.put(request) or httpx.Response(200)),
    )
    here: World = app.extensions[EXTENSION]
    with Fivetran("http://emulator.test", *PAIR, transport=httpx.WSGITransport(app=app)) as api:
        yield Walk(api, app, here, came)
    here.close()


@pytest.fixture
def walk_under(walk: Walk) -> Callable[[dict[str, Any]], Walk]:
    def start(changed: dict[str, Any]) -> Walk:
        walk.here.state.clear()
        walk.here.calls.clear()
        walk.here.turn(Switches(**changed))
        while not walk.came.empty():
            walk.came.get_nowait()
        return walk

    return start


@pytest.mark.parametrize(
    "changed",
    [{}, ALL, *ONE_BY_ONE],
    ids=lambda changed: ", ".join(f"{name}={value}" for name, value in changed.items())[:60] or "as it is",
)
def test_our_client_passes_under_every_setting(walk_under, changed: dict[str, Any]) -> None:
    walk = walk_under(changed)
    group = makes_a_group(walk)
    makes_a_destination(walk, group)
    connection = makes_one_connection(walk, group)
    secret = makes_a_webhook(walk)
    connects(walk, connection)
    syncs_once(walk, connection)
    hears_of_it(walk, connection, secret)
    chooses_tables(walk, connection)
    keeps_a_package_in_use(walk, group)
    clears_up(walk, group, connection)


def makes_a_group(walk: Walk) -> str:
    group = walk.api.create_group("acme")
    if walk.here.switches.duplicate_group_refused:
        with pytest.raises(Refused):
            walk.api.create_group("acme")
    assert [one.id for one in walk.api.groups() if one.name == "acme"] == [group.id]
    return group.id


def makes_a_destination(walk: Walk, group: str) -> None:
    walk.api.create_destination(group_id=group, service="snowflake")
    with pytest.raises(Refused):
        walk.api.create_destination(group_id=group, service="snowflake")
    walk.app.test_client().post(f"/v1/destinations/{group}/test", auth=PAIR)
    found = walk.api.destination(group)
    assert found is not None
    assert found.is_connected


def makes_one_connection(walk: Walk, group: str) -> str:
    wish = {"group_id": group, "service": "cursor", "schema": "lite_1", "redirect_uri": BACK}
    assert walk.api.find_connection(group, "lite_1") is None
    made = walk.api.create_connection(**wish)
    assert made.card is not None
    if not walk.here.switches.duplicate_schema_allowed:
        with pytest.raises(Refused) as refused:
            walk.api.create_connection(**wish)
        assert "lite_1" in str(refused.value)
    found = walk.api.find_connection(group, "lite_1")
    assert found is not None
    assert (found.id, found.is_connected, len(walk.api.connections(group))) == (made.id, False, 1)
    return found.id


def makes_a_webhook(walk: Walk) -> str:
    made = walk.api.create_webhook("https://tracker.example/webhooks", EVENTS, "hook-secret")
    assert read(walk.came.get(timeout=PATIENCE).content).event == "test_event"
    assert [one.id for one in walk.api.webhooks()] == [made.id]
    return "hook-secret"


def connects(walk: Walk, connection: str) -> None:
    card = walk.api.mint_card(connection, BACK)
    parts = urlsplit(card.uri)
    kept = walk.here.state.get("card", parse_qs(parts.query)["auth"][0])
    form = {"form_token": kept["form_token"], "choice": "grant"}
    back = walk.app.test_client().post(f"{parts.path}?{parts.query}", data=form)
    assert back.status_code == 303
    assert parse_qs(urlsplit(back.headers["Location"]).query)["state"][0] == "s1"
    found = walk.api.connection(connection)
    assert found is not None
    assert found.is_connected


def syncs_once(walk: Walk, connection: str) -> None:
    walk.api.update_connection(connection, paused=False)
    walk.api.start_sync(connection)
    running = walk.here.state.get("connection", connection)
    if running["sync"]:
        walk.emulated(syncs.finish, running)
    found = walk.api.connection(connection)
    assert found is not None
    assert found.first_sync_done
    now = datetime.now(UTC)
    history = walk.api.sync_history(connection, now - timedelta(hours=1), now + timedelta(hours=1))
    assert (history is None) == (not walk.here.switches.sync_history)
    if history is not None:
        assert [one.status for one in history] == ["COMPLETED"]
        assert bool(history[0].rows) == walk.here.switches.sync_history_tells_rows


def hears_of_it(walk: Walk, connection: str, secret: str) -> None:
    came = [walk.came.get(timeout=PATIENCE) for _ in EVENTS]
    heard = [read(one.content) for one in came if verify(one.content, one.headers[SIGNATURE_HEADER], secret)]
    assert {one.event for one in heard} == set(EVENTS)
    assert {(one.connector_id, one.group_id is not None) for one in heard} == {(connection, True)}


def chooses_tables(walk: Walk, connection: str) -> None:
    email = {"email": {"enabled": True, "hashed": True}}
    tables = {"contact": {"enabled": True, "columns": email}, "invoice": {"enabled": False}}
    body = {"schema_change_handling": "BLOCK_ALL", "schemas": {"lite_1": {"enabled": True, "tables": tables}}}
    walk.api.reload_schemas(connection)
    if walk.here.switches.unknown_tables_refused:
        with pytest.raises(NotFound):
            walk.api.set_schemas(
                connection, {"schemas": {"lite_1": {"enabled": True, "tables": {"x": {"enabled": True}}}}}
            )
    walk.api.set_schemas(connection, body)
    found = walk.api.schemas(connection)
    assert found is not None
    assert (found.handling, {one.name: one.enabled for one in found.tables}["invoice"]) == ("BLOCK_ALL", False)
    columns = {one.name: one for one in walk.api.columns(connection, "lite_1", "contact")}
    assert (columns["email"].hashed, columns["phone"].hashed, columns["id"].locked) == (True, False, True)


def keeps_a_package_in_use(walk: Walk, group: str) -> None:
    package = walk.api.upload_package(b"PK\x03\x04code")
    config = {"package_id": package.id}
    made = walk.api.create_connection(group_id=group, service="connector_sdk", schema="sdk_1", config=config)
    with pytest.raises(Forbidden):
        walk.api.delete_package(package.id)
    assert walk.api.delete_connection(made.id)
    assert walk.api.delete_package(package.id)


def clears_up(walk: Walk, group: str, connection: str) -> None:
    assert [walk.api.delete_connection(connection) for _ in range(2)] == [True, False]
    assert walk.api.connection(connection) is None
    with pytest.raises(NotFound):
        walk.api.start_sync(connection)
    assert [walk.api.delete_webhook(one.id) for one in walk.api.webhooks()] == [True]
    walk.app.test_client().delete(f"/v1/destinations/{group}", auth=PAIR)
    assert [walk.api.delete_group(group) for _ in range(2)] == [True, False]


@pytest.mark.parametrize(("service", "refused"), [("cursor", False), ("of_nobody", True)])
def test_unknown_services_may_be_refused(walk_under, service: str, refused: bool) -> None:
    walk = walk_under({"refuse_unknown_services": True})
    group = makes_a_group(walk)
    try:
        made: Any = walk.api.create_connection(group_id=group, service=service, schema="lite_1")
    except Refused as fault:
        made = fault
    assert isinstance(made, Refused) is refused
    assert (walk.api.find_connection(group, "lite_1") is None) is refused


def test_two_of_one_name_are_seen_where_the_vendor_allows_them(walk_under) -> None:
    walk = walk_under({"duplicate_schema_allowed": True})
    group = makes_a_group(walk)
    made = [walk.api.create_connection(group_id=group, service="cursor", schema="lite_1").id for _ in range(2)]
    assert [one.id for one in walk.api.connections(group, "lite_1")] == made
    found = walk.api.find_connection(group, "lite_1")
    assert found is not None
    assert found.id in made
