"""The first sync: asked for once, followed to its end whatever comes between, told where it goes wrong."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from factories import a_request, act, move, put
from synced import Synced, a_stage
from webclient import Browser

from request_tracker.actions import first_sync, sync, sync_events, tables
from request_tracker.actions.sync_events import Told
from request_tracker.rules.people import SYSTEM, Act, Viewer
from request_tracker.settings import Settings
from request_tracker.store import tokens
from request_tracker.store.cases import Case
from request_tracker.store.connections import Connection
from request_tracker.store.session import Database

FIRST = "00000000-0000-0000-0000-000000000001"


@pytest.fixture(params=["fresh", pytest.param("fresh_postgres", marks=pytest.mark.postgres)])
def stage(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Synced]:
    database: Database = request.getfixturevalue(request.param)
    with a_stage(database, settings) as made:
        yield made


@pytest.fixture
def plain(fresh: Database, settings: Settings) -> Iterator[Synced]:
    """The same on SQLite alone, for what no database decides."""
    with a_stage(fresh, settings) as made:
        yield made


def ask(stage: Synced) -> None:
    with stage.database.transaction() as session:
        sync.ask(session, session.get_one(Case, stage.case_id), act(stage.cast.specialist, stage.now))
    stage.pass_time(seconds=1)


def test_a_first_sync_is_asked_for_followed_and_joined_with_what_webhooks_tell(stage: Synced) -> None:
    ask(stage)
    row = stage.row()
    assert (row.state, row.sync_deadline_at, stage.asked()) == ("syncing", row.sync_started_at + timedelta(days=1), 1)
    assert [(run.sync_id, run.status) for run in stage.runs()] == [(f"asked:{row.id}:1", "running")]
    ask(stage)
    assert stage.asked() == 1, "what runs is not asked for again"
    stage.play("finish-sync", rows={"invoices": 12})
    stage.pass_time(hours=1)
    assert (stage.row().state, stage.condition()[1]) == ("live", "finished")
    assert "initial_sync_finished" in stage.standing()
    (run,) = stage.runs()
    assert ":" not in run.sync_id, "the history gave it its name"
    assert (run.status, run.rows is not None) == ("successful", True)
    stage.deliver("sync_end", run.sync_id, stage.now, status="SUCCESSFUL")
    stage.pass_time(hours=1)
    assert len(stage.runs()) == 1
    stage.deliver("sync_end", run.sync_id, stage.now, status="FAILURE", reason="half \ud800")
    stage.pass_time(hours=1)
    assert not [each for each in stage.jobs("take_in") if each.state != "done"], "no text of a neighbour stops us"
    with stage.database.transaction() as session:
        many = Told("many", "history", rows=({"schema": "s", "table": "t", "rows": 3 * 10**9},))
        sync_events.note(session, session.get_one(Connection, row.id), many)
    assert stage.runs()[-1].rows == 3 * 10**9


@pytest.mark.parametrize(
    "kind", ["error_after", "error_before", pytest.param("garbled_answer", marks=pytest.mark.deep)]
)
def test_after_a_doubt_the_connection_is_read_first_and_nothing_runs_twice(plain: Synced, kind: str) -> None:
    plain.fault(kind=kind, method="POST", path="/v1/connections/*/sync", count=1, status=502)
    ask(plain)
    assert plain.row().state == "connected", "no answer: not known to have begun"
    for _ in range(5):
        plain.pass_time(minutes=2)
    assert plain.row().state == "syncing"
    assert len(plain.runs()) == 1
    assert plain.asked() == (2 if kind == "error_before" else 1)
    plain.play("finish-sync")
    plain.pass_time(minutes=30)
    assert plain.row().state == "live"
    assert len(plain.runs()) == 1
    assert len(plain.told("sync.started")) == 1


def test_two_workers_who_are_asked_at_once_ask_once(plain: Synced) -> None:
    with plain.database.transaction() as session:
        row = session.get_one(Connection, plain.row().id)
        system = Act(SYSTEM, plain.now, plain.settings.program)
        assert first_sync.intend(session, row, system), "the other worker is about to ask"
    ask(plain)
    assert plain.asked() == 0
    plain.pass_time(minutes=3)
    assert plain.asked() == 1
    assert plain.row().state == "syncing"


def test_a_failure_is_told_with_its_reason_and_the_sync_started_again(plain: Synced) -> None:
    ask(plain)
    plain.play("finish-sync", status="FAILURE", reason="429 from the service; api_key=abc123secret")
    plain.deliver(
        "sync_end",
        plain.last_sync_id(),
        plain.now,
        status="FAILURE",
        reason="429 from the service; api_key=abc123secret",
    )
    plain.pass_time(minutes=30)
    assert (plain.row().state, "initial_sync_finished" in plain.standing()) == ("connected", False)
    ok, reason, message = plain.condition()
    assert (ok, reason) == (False, "failed")
    assert "429 from the service" in message
    assert plain.told("sync.failed") == [("sync.failed", "staff")]
    (letter,) = plain.letters("sync_failed")
    page = Browser(plain.app).sign_in(plain.cast.specialist).get(f"/cases/{plain.case().number}")
    assert "429 from the service" in page.text
    assert "Start the first sync" in page.text
    for text in (message, letter.text, page.text, *(run.reason for run in plain.runs())):
        assert "abc123secret" not in text
    api = plain.app.test_client()
    assert api.post(f"/api/v1/cases/{plain.case().number}/sync", headers=bearer(plain)).status_code == 200
    plain.pass_time(seconds=1)
    assert (plain.row().state, plain.asked()) == ("syncing", 2)
    plain.look()
    assert plain.condition()[1] == "syncing", "the failure of before the second asking does not count"
    plain.play("finish-sync")
    plain.pass_time(minutes=30)
    assert (plain.row().state, plain.condition()[1]) == ("live", "finished")
    assert "initial_sync_finished" in plain.standing()
    assert len(plain.letters("sync_failed")) == 1
    assert sorted(run.status for run in plain.runs()) == ["failed", "successful"]


def bearer(stage: Synced) -> dict[str, str]:
    with stage.database.transaction() as session:
        return {"Authorization": f"Bearer {tokens.issue(session, stage.cast.specialist.id or 0, 'all', stage.now)}"}


def test_a_failure_for_want_of_access_is_the_requesters_to_mend(plain: Synced) -> None:
    ask(plain)
    plain.play("finish-sync", status="FAILURE_WITH_TASK", reason="The key was withdrawn")
    plain.look()
    assert plain.told("sync.failed") == [("sync.failed", "account")]
    assert "access_granted" not in plain.standing()
    assert "Access has to be granted again" in plain.condition()[2]
    shown = Browser(plain.app).sign_in(plain.cast.ada).get("/requests/REQ-000001")
    assert "The key was withdrawn" in shown.text


def test_what_fivetran_retries_by_itself_counts_and_a_later_failure_takes_nothing_back(plain: Synced) -> None:
    ask(plain)
    plain.play("finish-sync", status="FAILURE")
    plain.look()
    assert plain.condition()[1] == "failed"
    plain.pass_time(minutes=9)
    plain.play("finish-sync")
    plain.look()
    assert (plain.row().state, plain.condition()[:2]) == ("live", (True, "finished"))
    plain.pass_time(minutes=9)
    plain.play("finish-sync", status="FAILURE", reason="Down for the night")
    plain.look()
    plain.look()
    assert plain.condition()[:2] == (False, "failed")
    assert "initial_sync_finished" in plain.standing()
    assert (plain.row().state, len(plain.letters("sync_failed"))) == ("live", 2)
    assert [run.status for run in plain.runs()] == ["failed", "successful", "failed"]


def test_a_sync_that_waits_gets_time_and_one_that_hangs_is_told_once(plain: Synced) -> None:
    ask(plain)
    plain.play("finish-sync", status="RESCHEDULED")
    plain.look()
    assert plain.condition()[:2] == (False, "rescheduled")
    assert plain.told("sync.rescheduled", "sync.late") == [("sync.rescheduled", "account")]
    for _ in range(3):
        plain.pass_time(hours=20)
    assert plain.letters("sync_late") == [], "it waits for the service: the deadline moves"
    plain.play("start-sync")
    plain.look()
    assert plain.condition()[1] == "syncing"
    for _ in range(5):
        plain.pass_time(hours=12)
    assert plain.condition()[:2] == (False, "late")
    assert (len(plain.letters("sync_late")), plain.awaited().status) == (1, "late")
    plain.play("finish-sync")
    plain.look()
    assert (plain.row().state, plain.condition()[1]) == ("live", "finished")


def test_paused_or_cancelled_in_fivetran_it_is_started_again_from_here(plain: Synced) -> None:
    ask(plain)
    plain.play("finish-sync", status="CANCELED")
    plain.deliver("sync_end", plain.last_sync_id(), plain.now, status="CANCELED")
    plain.pass_time(minutes=1)
    assert (plain.condition()[1], plain.row().state) == ("cancelled", "connected")
    ask(plain)
    assert (plain.condition()[1], plain.asked()) == ("syncing", 2)
    connection_id = plain.row().connection_id or ""
    plain.play("finish-sync", status="CANCELED")
    with plain.api() as api:
        api.update_connection(connection_id, paused=True)
    plain.look()
    assert plain.condition()[1] == "paused"
    assert plain.told("sync.stopped") == [("sync.stopped", "account")] * 2
    ask(plain)
    assert (plain.condition()[1], plain.asked()) == ("syncing", 3)


def test_a_full_resync_takes_back_that_the_first_one_has_finished(plain: Synced) -> None:
    ask(plain)
    plain.play("finish-sync")
    plain.look()
    assert "initial_sync_finished" in plain.standing()
    with plain.api() as api:
        api.update_connection(plain.row().connection_id or "", is_historical_sync=True)
    plain.look()
    assert "initial_sync_finished" not in plain.standing()
    assert plain.row().state == "syncing"
    plain.pass_time(minutes=1)
    plain.play("finish-sync")
    plain.look()
    assert "initial_sync_finished" in plain.standing()


def test_webhooks_in_any_order_give_each_sync_one_row_and_forged_ones_none(plain: Synced) -> None:
    ask(plain)
    ended = plain.now + timedelta(minutes=5)
    plain.pass_time(minutes=10)
    plain.deliver("sync_end", FIRST, ended, status="CANCELED")
    plain.deliver("sync_start", FIRST, ended - timedelta(minutes=4))
    plain.deliver("sync_end", "later", ended + timedelta(minutes=3), status="SUCCESSFUL")
    plain.deliver("sync_end", "odd", ended + timedelta(minutes=3), status=["?"], reason={"a": 1})
    plain.pass_time(minutes=1)
    told = {run.sync_id: (run.status, run.started_at, run.ended_at) for run in plain.runs()}
    assert told[FIRST] == ("running", ended - timedelta(minutes=4), None), "the reading says that it runs"
    assert told["later"][0] == "successful"
    assert told["odd"][0] == "running"
    assert "initial_sync_finished" not in plain.standing(), "a webhook is only a hint"


def test_the_account_sees_its_syncs_and_rows_and_nobody_else_does(plain: Synced) -> None:
    with plain.database.transaction() as session:
        case = session.get_one(Case, plain.case_id)
        put(session, case, plain.cast.engineer, "built", "tested", "documented", now=plain.now)
        move(session, case, "open_preview", plain.cast.engineer, now=plain.now)
        a_request(session, plain.cast.cleo, now=plain.now, join=case.number)
    plain.pass_time(seconds=601)
    plain.play("finish-sync")
    plain.pass_time(minutes=30)
    with plain.database.transaction() as session:
        tables.ask_reading(
            session, session.get_one(Connection, plain.row().id), act(plain.cast.lead, plain.now), why=""
        )
    plain.pass_time(seconds=1)
    number = plain.case().number
    own = Browser(plain.app).sign_in(plain.cast.ada).get("/requests/REQ-000001").text
    assert "Your data" in own
    assert "Finished" in own
    other = Browser(plain.app).sign_in(plain.cast.cleo).get("/requests/REQ-000002").text
    assert "Your data" not in other
    told = {who.name: read(plain, who, f"/cases/{number}/syncs") for who in (plain.cast.ada, plain.cast.cleo)}
    assert [each["status"] for each in told["Ada"]["items"]] == ["successful"]
    rows = {each["table"]: each["rows"] for each in told["Ada"]["tables"]}
    assert rows
    assert all(name in own for name in rows)
    assert told["Cleo"] == {"items": [], "tables": [], "tables_at": None}
    assert read(plain, plain.cast.auditor, f"/cases/{number}/syncs") == told["Ada"]


def read(stage: Synced, who: Viewer, path: str) -> Any:
    with stage.database.transaction() as session:
        token = tokens.issue(session, who.id or 0, "all", stage.now)
    answer = stage.app.test_client().get(f"/api/v1{path}", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def test_where_the_account_has_no_history_rows_are_not_told_rather_than_invented(plain: Synced) -> None:
    plain.switch(sync_history=False)
    ask(plain)
    plain.play("finish-sync", rows={"invoices": 3})
    plain.look()
    assert plain.row().state == "live"
    (run,) = plain.runs()
    assert (run.rows, run.tables, run.status) == (None, [], "successful")
    page = Browser(plain.app).sign_in(plain.cast.specialist).get(f"/cases/{plain.case().number}")
    assert "Not told by Fivetran" in page.text
    assert all(job.state == "done" for job in plain.jobs("read_history"))
