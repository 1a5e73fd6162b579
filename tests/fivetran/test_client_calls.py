"""Every call of the client, against the emulator."""

from datetime import UTC, datetime

import pytest
from flask import Flask

from request_tracker.emulator.world import World
from request_tracker.fivetran.client import Conflict, Connection, Fivetran, Group, NotFound, Refused


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
    assert [test.failed for test in before.setup_tests] == [True]
    assert [test.status for test in after.setup_tests] == ["PASSED"]
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
    assert fivetran.test_webhook(ours.id).succeeded
    assert fivetran.reactivate_webhook(theirs.id).active
    assert fivetran.delete_webhook(ours.id) is True
    assert fivetran.delete_webhook(ours.id) is False
    assert account.state.get("webhook", theirs.id)["secret"] == "s3cret"


def test_long_lists_are_read_to_the_end(fivetran: Fivetran, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        fivetran.create_group(f"group_{number}")
    monkeypatch.setattr("request_tracker.fivetran.client._PAGE", {"limit": 2})
    assert [one.name for one in fivetran.groups()] == [f"group_{number}" for number in range(5)]


def grant(account: World, connection_id: str) -> None:
    """What a person does on the card's page."""
    connection = account.state.get("connection", connection_id)
    connection["status"]["setup_state"] = "connected"
    account.state.put("connection", connection)
