"""Every call of the client, against the emulator."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from request_tracker.emulator.world import World
from request_tracker.fivetran.calls import PAGE
from request_tracker.fivetran.client import Conflict, Connection, Fivetran, Forbidden, Group, NotFound, Refused


def a_connection(fivetran: Fivetran, group: Group, schema: str = "lite_000045", **more: str) -> Connection:
    return fivetran.create_connection(group_id=group.id, service="connector_sdk", schema=schema, **more)


def last_body(account: World) -> dict[str, object]:
    body: dict[str, object] = account.state.read_log()[-1]["body"]
    return body


def test_the_account_is_named(fivetran: Fivetran) -> None:
    account = fivetran.account()
    assert account.id
    assert account.user_id
    assert account.system_key_id is None


def test_groups_are_made_and_listed(fivetran: Fivetran, group: Group) -> None:
    assert group.created_at == datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    assert fivetran.groups() == (group,)


def test_an_odd_group_name_is_refused_with_the_vendors_words(fivetran: Fivetran) -> None:
    with pytest.raises(Refused) as caught:
        fivetran.create_group("1 group")
    assert (caught.value.status, caught.value.code) == (400, "InvalidInput")
    assert "'name'" in caught.value.sentence


def test_a_connection_is_born_paused_and_not_set_up(fivetran: Fivetran, group: Group) -> None:
    born = a_connection(fivetran, group)
    assert (born.schema, born.group_id, born.service) == ("lite_000045", group.id, "connector_sdk")
    assert born.paused
    assert (born.setup_state, born.sync_state, born.update_state) == ("incomplete", "paused", "on_schedule")
    assert born.is_historical_sync
    assert (born.succeeded_at, born.failed_at, born.card) == (None, None, None)
    assert (born.tasks, born.warnings, born.setup_tests) == ((), (), ())


def test_creating_sends_what_must_always_be_sent(fivetran: Fivetran, group: Group, account: World) -> None:
    a_connection(fivetran, group)
    assert last_body(account) == {
        "group_id": group.id,
        "service": "connector_sdk",
        "config": {"schema": "lite_000045"},
        "paused": True,
        "run_setup_tests": False,
        "sync_frequency": 360,
        "schedule_type": "auto",
        "destination_schema_names": "FIVETRAN_NAMING",
    }


def test_creating_with_a_way_back_brings_the_card_along(fivetran: Fivetran, group: Group) -> None:
    born = a_connection(fivetran, group, redirect_uri="https://tracker.example/back?state=s1")
    assert born.card is not None
    assert born.card.token in born.card.uri


def test_a_connection_is_found_by_group_and_name_only(fivetran: Fivetran, group: Group) -> None:
    other = fivetran.create_group("other")
    born = a_connection(fivetran, group)
    found = fivetran.find_connection(group.id, "lite_000045")
    assert found is not None
    assert found.id == born.id
    assert fivetran.find_connection(other.id, "lite_000045") is None
    assert fivetran.find_connection(group.id, "lite_0000") is None


def test_the_platform_connection_of_a_destination_is_not_listed(
    fivetran: Fivetran, group: Group, emulator: Flask
) -> None:
    pair = ("the-api-key", "the-api-secret")
    wish = {"group_id": group.id, "service": "snowflake", "time_zone_offset": "0"}
    made = emulator.test_client().post("/v1/destinations", json=wish, auth=pair)
    born = a_connection(fivetran, group)
    listed = emulator.test_client().get(f"/v1/groups/{group.id}/connections", auth=pair).get_json()
    assert made.status_code == 201
    assert {item["service"] for item in listed["data"]["items"]} == {"fivetran_log", "connector_sdk"}
    assert [one.id for one in fivetran.connections(group.id)] == [born.id]


def test_the_same_name_twice_in_a_group_is_a_conflict(fivetran: Fivetran, group: Group) -> None:
    a_connection(fivetran, group)
    with pytest.raises(Conflict) as caught:
        a_connection(fivetran, group)
    assert caught.value.status == 409


def test_creating_in_an_unknown_group_is_not_found(fivetran: Fivetran) -> None:
    with pytest.raises(NotFound) as caught:
        fivetran.create_connection(group_id="no_group", service="connector_sdk", schema="lite_1")
    assert caught.value.code == "NotFound_Group"


def test_an_unknown_connection_reads_as_none(fivetran: Fivetran) -> None:
    assert fivetran.connection("no_connection") is None


def test_an_id_cannot_lead_to_another_path(fivetran: Fivetran, group: Group) -> None:
    born = a_connection(fivetran, group)
    with pytest.raises(Refused):
        fivetran.connection(f"{born.id}/../../groups/{group.id}")


def test_a_connection_is_changed_without_setup_tests(fivetran: Fivetran, group: Group, account: World) -> None:
    born = a_connection(fivetran, group)
    changed = fivetran.update_connection(born.id, paused=False, sync_frequency=1440, daily_sync_time="04:00")
    assert last_body(account)["run_setup_tests"] is False
    assert (changed.paused, changed.sync_frequency, changed.sync_state) == (False, 1440, "scheduled")


def test_deleting_says_whether_there_was_anything(fivetran: Fivetran, group: Group) -> None:
    born = a_connection(fivetran, group)
    assert fivetran.delete_connection(born.id) is True
    assert fivetran.connection(born.id) is None
    assert fivetran.delete_connection(born.id) is False


def test_a_card_is_minted_anew_each_time(fivetran: Fivetran, group: Group) -> None:
    born = a_connection(fivetran, group)
    one, two = (fivetran.mint_card(born.id, "https://tracker.example/back?state=s1") for _ in range(2))
    assert one.token != two.token
    assert one.uri.startswith("http://emulator.test/connect-card/setup?")


def test_a_sync_runs_to_its_end(fivetran: Fivetran, group: Group, account: World, clock) -> None:
    born = a_connection(fivetran, group)
    with pytest.raises(Refused, match="setup"):
        fivetran.start_sync(born.id)
    grant(account, born.id)
    fivetran.start_sync(born.id)
    running = fivetran.connection(born.id)
    clock.pass_by(seconds=2)
    ended = fivetran.connection(born.id)
    assert running is not None
    assert (running.sync_state, running.first_sync_done) == ("syncing", False)
    assert ended is not None
    assert (ended.sync_state, ended.first_sync_done, ended.succeeded_at) == ("paused", True, clock.at)


def test_setup_tests_tell_what_failed(fivetran: Fivetran, group: Group, account: World) -> None:
    born = a_connection(fivetran, group)
    before = fivetran.run_tests(born.id)
    grant(account, born.id)
    after = fivetran.run_tests(born.id)
    assert [test.failed for test in before.setup_tests] == [False, True, False]
    assert {test.status for test in after.setup_tests} == {"PASSED"}
    assert (before.is_connected, after.is_connected) == (False, True)


def test_the_catalogue_tells_class_and_status(fivetran: Fivetran) -> None:
    types = {one.id: one for one in fivetran.connector_types()}
    assert (types["cursor"].connector_class, types["cursor"].service_status) == ("lite", "private_preview")
    assert types["stripe"].name == "Stripe"


def test_webhooks_live_and_die(fivetran: Fivetran, group: Group, account: World) -> None:
    ours = fivetran.create_webhook("https://tracker.example/hook", ["sync_end"], "s3cret")
    theirs = fivetran.create_webhook("https://tracker.example/g", ["sync_end"], "s3cret", False, group.id)
    assert (ours.type, ours.events, ours.active, ours.group_id) == ("account", ("sync_end",), True, None)
    assert (theirs.type, theirs.active, theirs.group_id) == ("group", False, group.id)
    assert fivetran.webhooks() == (ours, theirs)
    assert (fivetran.webhook(ours.id), fivetran.webhook("no_webhook")) == (ours, None)
    assert fivetran.update_webhook(theirs.id, events=["sync_start"]).events == ("sync_start",)
    assert fivetran.test_webhook(ours.id).succeeded
    assert fivetran.update_webhook(theirs.id, active=True).active
    assert fivetran.delete_webhook(ours.id) is True
    assert fivetran.delete_webhook(ours.id) is False
    assert account.state.get("webhook", theirs.id)["secret"] == "s3cret"


def test_tables_are_blocked_chosen_and_hashed(fivetran: Fivetran, group: Group, account: World) -> None:
    born = a_connection(fivetran, group)
    assert fivetran.schemas(born.id) is None
    grant(account, born.id)
    read = fivetran.reload_schemas(born.id, "EXCLUDE")
    table = next(one for one in read.tables if one.columns and not one.locked)
    column = next(one for one in fivetran.columns(born.id, table.schema, table.name) if not one.locked)
    chosen = {"enabled": True, "columns": {column.name: {"enabled": True, "hashed": True}}}
    wish = {"enabled": True, "tables": {table.name: chosen}}
    body = {"schema_change_handling": "BLOCK_ALL", "schemas": {table.schema: wish}}
    changed = fivetran.set_schemas(born.id, body)
    assert changed.handling == "BLOCK_ALL"
    assert fivetran.schemas(born.id) == changed
    kept = next(one for one in changed.tables if one.name == table.name)
    assert kept.enabled
    assert {one.name for one in kept.columns if one.hashed} == {column.name}
    with pytest.raises(NotFound):
        fivetran.schemas("no_connection")


def test_past_syncs_are_read_where_the_account_has_them(
    fivetran: Fivetran, group: Group, account: World, clock
) -> None:
    born = a_connection(fivetran, group)
    grant(account, born.id)
    began_at = clock.at
    fivetran.start_sync(born.id)
    clock.pass_by(seconds=5)
    fivetran.connection(born.id)
    account.switches = replace(account.switches, sync_history=True)
    past = fivetran.sync_history(born.id, began_at - timedelta(days=20), clock.at)
    assert past is not None
    assert [(one.status, one.started_at) for one in past] == [("COMPLETED", began_at)]
    account.switches = replace(account.switches, sync_history=False)
    assert fivetran.sync_history(born.id, began_at, clock.at) is None
    account.switches = replace(account.switches, sync_history=True)
    with pytest.raises(NotFound):
        fivetran.sync_history("no_connection", began_at, clock.at)


def test_everything_is_synced_anew(fivetran: Fivetran, group: Group, account: World, clock) -> None:
    born = a_connection(fivetran, group)
    grant(account, born.id)
    fivetran.start_sync(born.id)
    clock.pass_by(seconds=5)
    assert (done := fivetran.connection(born.id))
    assert not done.is_historical_sync
    fivetran.resync(born.id)
    assert last_body(account) == {}
    assert (again := fivetran.connection(born.id))
    assert again.sync_state == "syncing"


def test_destinations_are_read_and_made_empty(fivetran: Fivetran, group: Group) -> None:
    assert (fivetran.destination(group.id), fivetran.destinations()) == (None, ())
    made = fivetran.create_destination(group_id=group.id, service="snowflake")
    assert (made.id, made.service, made.is_connected) == (group.id, "snowflake", False)
    assert fivetran.destination(group.id) == made
    assert fivetran.destinations() == (made,)


def test_people_and_their_roles_are_read(fivetran: Fivetran, group: Group) -> None:
    roles = {role.name: role for role in fivetran.roles()}
    assert {user.role for user in fivetran.users()} <= set(roles)
    assert all(one.replacement_role_name in roles for one in roles.values() if one.is_deprecated)
    assert {"ACCOUNT"} <= {scope for role in roles.values() for scope in role.scope}
    assert all("@" in user.email for user in (*fivetran.users(), *fivetran.group_users(group.id)))


def test_one_group_and_one_type_are_read_by_id(fivetran: Fivetran, group: Group) -> None:
    assert (fivetran.group(group.id), fivetran.group("no_group")) == (group, None)
    found = fivetran.connector_type("stripe")
    assert found in fivetran.connector_types()
    assert fivetran.connector_type("no_such_service") is None
    assert fivetran.delete_group(group.id) is True
    assert fivetran.delete_group(group.id) is False


def test_packages_live_and_die(fivetran: Fivetran, group: Group) -> None:
    made = fivetran.upload_package(b"PK first")
    changed = fivetran.replace_package(made.id, b"PK second")
    assert made.sha256 == hashlib.sha256(b"PK first").hexdigest()
    assert changed.sha256 == hashlib.sha256(b"PK second").hexdigest()
    bound = fivetran.create_connection(
        group_id=group.id, service="connector_sdk", schema="lite_1", config={"package_id": made.id}
    )
    assert bound.config["package_id"] == made.id
    assert [one.connection_id for one in fivetran.packages()] == [bound.id]
    with pytest.raises(Forbidden):
        fivetran.delete_package(made.id)
    fivetran.delete_connection(bound.id)
    assert [fivetran.delete_package(made.id), fivetran.delete_package(made.id)] == [True, False]
    assert fivetran.package(made.id) is None


@pytest.mark.parametrize(
    "switches",
    [
        {"delete_says_nothing": True, "created_code": "Created", "not_found_entity": "Connector"},
        {"refusal_body": "html", "setup_status_lower_case": True, "duplicate_schema": (400, "InvalidInput")},
        {"refusal_body": "text", "duplicate_schema": (400, "SchemaExists"), "sync_history": False},
    ],
)
def test_whatever_the_vendor_leaves_open_the_same_is_read(
    fivetran: Fivetran, account: World, switches: dict[str, object]
) -> None:
    account.switches = replace(account.switches, **switches)
    group = fivetran.create_group("acme")
    made = fivetran.create_destination(group_id=group.id, service="snowflake")
    assert fivetran.destination(group.id) == made
    assert made.setup_status == "incomplete"
    born = a_connection(fivetran, group)
    with pytest.raises(Refused):
        a_connection(fivetran, group)
    assert fivetran.find_connection(group.id, born.schema) == born
    assert fivetran.schemas(born.id) is None
    assert [fivetran.delete_connection(born.id), fivetran.delete_connection(born.id)] == [True, False]
    assert fivetran.connection(born.id) is None
    with pytest.raises(NotFound):
        fivetran.schemas(born.id)


def test_long_lists_are_read_to_the_end(fivetran: Fivetran, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        fivetran.create_group(f"group_{number}")
    monkeypatch.setitem(PAGE, "limit", 2)
    assert [one.name for one in fivetran.groups()] == [f"group_{number}" for number in range(5)]


def grant(account: World, connection_id: str) -> None:
    """What a person does on the card's page."""
    connection = account.state.get("connection", connection_id)
    connection["status"]["setup_state"] = "connected"
    account.state.put("connection", connection)
