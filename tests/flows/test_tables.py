"""Choosing what a connection brings: over the pages and the real client to the emulator, and read back from it."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from factories import MONDAY, a_case, a_request, act
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from synced import AUTH, Synced, a_stage
from webclient import Browser

from request_tracker.actions import record
from request_tracker.actions.table_choices import Chosen, choose
from request_tracker.actions.tables import drifted, refused, seen
from request_tracker.rules.people import SYSTEM, Viewer
from request_tracker.rules.program import Program
from request_tracker.rules.tables_wanted import BLOCK_ALL, Choice, Column, Shown, Table
from request_tracker.settings import Settings
from request_tracker.store import reading_tables, schema_choices, tokens
from request_tracker.store.cases import Case
from request_tracker.store.connections import Connection
from request_tracker.store.schema_choices import SchemaChoice
from request_tracker.store.session import Database
from request_tracker.work import tables

PAGE = "/cases/LITE-000001/tables"


@pytest.fixture(params=["fresh", pytest.param("fresh_postgres", marks=pytest.mark.postgres)])
def stage(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Synced]:
    database: Database = request.getfixturevalue(request.param)
    with a_stage(database, settings) as found:
        yield found


@pytest.fixture
def sqlite_stage(fresh: Database, settings: Settings) -> Iterator[Synced]:
    with a_stage(fresh, settings) as found:
        yield found


def at_fivetran(stage: Synced) -> dict[str, Any]:
    """`handling`, and by table whether it is synced and which of its columns are hashed."""
    path = f"/v1/connections/{stage.row().connection_id}/schemas"
    found = stage.control.get(path, auth=AUTH).json()["data"]
    rows = {name: each for schema in found["schemas"].values() for name, each in schema["tables"].items()}
    return {"handling": found["schema_change_handling"]} | {
        name: (each["enabled"], [column for column, said in (each.get("columns") or {}).items() if said["hashed"]])
        for name, each in rows.items()
    }


def values(text: str, name: str) -> list[str]:
    found = re.findall(rf'name="{name}" value="([^"]*)"', text)
    return [each.replace("&#34;", '"').replace("&quot;", '"') for each in found]


def form_of(text: str, *wanted: str) -> dict[str, Any]:
    """What the page would send with these tables ticked."""
    shown = values(text, "shown")
    return {
        "seen": values(text, "seen")[0],
        "handling": "",
        "shown": shown,
        "wanted": [each for each in shown if each.endswith(tuple(f'"{name}"]' for name in wanted))],
    }


def test_what_is_chosen_reaches_fivetran_and_new_tables_stay_out(stage: Synced) -> None:
    stage.pass_time(seconds=1)
    assert at_fivetran(stage)["handling"] == "ALLOW_COLUMNS", "new tables stay out from the day access is granted"
    assert stage.condition("tables")[:2] == (True, "open")
    browser = Browser(stage.app).sign_in(stage.cast.specialist)
    page = browser.get(PAGE)
    assert "Invoices, customers, payments." in page.text
    assert "Named in the data needed" in page.text, "invoice"
    answer = browser.post(PAGE, form_of(page.text, "contact", "invoice"), on=PAGE)
    assert "on its way" in browser.follow(answer).text
    columns = f"{PAGE}/columns?schema={stage.row().schema_name}&table=contact"
    text = browser.get(columns).text
    assert "May hold an email address" in text
    assert not re.search(r'name="hash"[^>]*checked', text), "a guess is not a decision"
    mark = {"schema": stage.row().schema_name, "table": "contact", "hash": ["email", "phone"]}
    mark |= {"seen": values(text, "seen")[0], "shown": values(text, "shown"), "leave": ["first_name"]}
    browser.post(f"{PAGE}/columns", mark, on=columns)
    stage.pass_time(seconds=1)
    now = at_fivetran(stage)
    assert now["handling"] == BLOCK_ALL, "a new column might be personal"
    assert now["contact"] == (True, ["email", "phone"])
    assert now["invoice"] == (True, [])
    assert not now["account"][0]
    assert stage.condition("tables")[:2] == (True, "applied")
    assert stage.told("tables.chosen", "tables.applied", "tables.drifted")
    stage.play("grow", tables=["secrets"])
    browser.post(f"{PAGE}/read", on=PAGE)
    stage.pass_time(seconds=1)
    assert at_fivetran(stage)["secrets"] == (False, [])
    assert "New since the choice" in browser.get(PAGE).text
    before = at_fivetran(stage)
    with stage.database.reading() as session:
        row = session.get_one(Connection, stage.row().id)
    tables.apply(stage.context, row.id)
    assert at_fivetran(stage) == before, "applied again, nothing changes"


def test_somebody_elses_change_is_put_back_by_the_daily_look(sqlite_stage: Synced) -> None:
    stage = sqlite_stage
    schema = stage.row().schema_name
    with stage.database.transaction() as session:
        chosen = Chosen((Choice(schema, "contact"), Choice(schema, "contact", "email", hashed=True)))
        choose(session, stage_case(session, stage), chosen, act(stage.cast.lead, stage.now))
    stage.pass_time(seconds=1)
    path = f"/v1/connections/{stage.row().connection_id}/schemas"
    opened = {"enabled": True, "tables": {"account": {"enabled": True}, "contact": {"enabled": True, "columns": {
        "email": {"enabled": True, "hashed": False}}}}}  # fmt: skip
    stage.control.patch(path, json={"schemas": {schema: opened}}, auth=AUTH).raise_for_status()
    assert at_fivetran(stage)["contact"] == (True, [])
    tables.look_daily(stage.context)
    tables.look_daily(stage.context)
    daily = [each for each in stage.jobs("read_tables") if (each.unique_key or "").endswith(":2026-11-02")]
    assert len(daily) == 1, "two looks at one day are one"
    stage.pass_time(hours=1)
    now = at_fivetran(stage)
    assert now["contact"] == (True, ["email"])
    assert not now["account"][0]
    assert stage.told("tables.drifted") == [("tables.drifted", "staff")]
    open_now = Shown("ALLOW_ALL", (Table(schema, "contact", columns=(Column("email"),)),))
    with stage.database.transaction() as session:
        drifted(session, stage.row().id, open_now, act(SYSTEM, stage.now, Program(heal_drift=False)))
    queued = stage.jobs("apply_tables")
    assert stage.condition("tables")[:2] == (False, "drift"), "the program may leave it to people"
    assert {each.state for each in queued} == {"done"}
    Browser(stage.app).sign_in(stage.cast.lead).post(PAGE, {"shown": [], "wanted": [], "handling": ""}, on=PAGE)
    assert len(stage.jobs("apply_tables")) == len(queued) + 1, "saved again, it is put back"


def test_a_schedule_arrives_and_the_first_sync_waits_until_the_choice_has(sqlite_stage: Synced) -> None:
    stage = sqlite_stage
    stage.pass_time(seconds=1)
    browser = Browser(stage.app).sign_in(stage.cast.specialist)
    wrong = {"sync_frequency": "60", "schedule_type": "auto", "daily_sync_time": "02:00"}
    page = browser.post("/cases/LITE-000001/schedule", wrong, status=422, on=PAGE)
    assert "A time of day goes with a sync once a day" in page.text
    assert '<option value="02:00" selected' in page.text, "what was typed is kept"
    browser.post("/cases/LITE-000001/schedule", {**wrong, "sync_frequency": "9" * 5000}, status=422, on=PAGE)
    for odd in ('["\\ud800","x"]', '["x\\u0000","y"]'):
        browser.post(PAGE, {"shown": [odd], "wanted": [odd], "handling": ""}, status=422, on=PAGE)
    browser.post("/cases/LITE-000001/schedule", {**wrong, "sync_frequency": "1440"}, on=PAGE)
    stage.pass_time(seconds=1)
    made = stage.control.get(f"/v1/connections/{stage.row().connection_id}", auth=AUTH).json()["data"]
    assert (made["sync_frequency"], made["daily_sync_time"], made["schedule_type"]) == (1440, "02:00", "auto")
    stage.fault(kind="conflict", method="PATCH", path="/v1/connections/*/schemas")
    browser.post(PAGE, form_of(browser.get(PAGE).text, "invoice"), on=PAGE)
    browser.post("/cases/LITE-000001/sync", {"version": str(stage.case().version)}, on="/cases/LITE-000001")
    stage.pass_time(seconds=1)
    assert stage.row().sync_started_at is None
    assert not stage.condition("tables")[0]
    stage.control.post("/_control/faults", json={"items": []})
    for _ in range(8):
        stage.pass_time(minutes=10)
    assert stage.condition("tables")[:2] == (True, "applied")
    assert stage.row().sync_started_at is not None
    assert at_fivetran(stage)["account"] == (False, [])


def test_before_access_names_are_typed_and_found_later(app: Flask, session: Session, cast: Any) -> None:
    case = a_case(session, cast, phase="consultation")
    page_of = f"/cases/{case.number}/tables"
    session.commit()
    browser = Browser(app).sign_in(cast.engineer)
    page = browser.get(page_of)
    assert "As the source" in page.text or "as the source calls them" in page.text
    browser.post(
        page_of, {"typed": "Invoice\r\n\r\n invoice \nGone one", "seen": values(page.text, "seen")[0]}, on=page_of
    )
    wish = schema_choices.choices_of(session, case.id)
    assert {each.table for each in wish} == {"Invoice", "invoice", "Gone one"}
    row = Connection(
        case_id=case.id, request_id=case.primary_request_id, account_id=case.account_id, state="connected",
        schema_name="lite", service="x", connection_id="c", setup_state="connected", created_at=act(cast.lead).now,
        change_handling="",
    )  # fmt: skip
    session.add(row)
    session.flush()
    plan = seen(
        session, row.id, Shown(BLOCK_ALL, (Table("crm", "INVOICE", False), Table("crm", "other"))), act(cast.lead)
    )
    session.commit()
    assert plan.body["schemas"] == {
        "crm": {"enabled": True, "tables": {"INVOICE": {"enabled": True}, "other": {"enabled": False}}}
    }
    text = browser.get(page_of).text
    assert "Not in the source" in text
    stale = browser.post(page_of, {"typed": "x", "seen": "0"}, status=409, on=page_of)
    assert "Somebody chose tables after you opened this" in stale.text
    none = browser.post(
        page_of, {"shown": values(text, "shown"), "wanted": [], "seen": values(text, "seen")[0]}, status=422
    )
    assert "Choose at least one table" in none.text
    for bad in ('["a"]', "x", "[1,2]"):
        assert "Choose tables from the list" in browser.post(page_of, {"wanted": bad}, status=422).text
    session.refresh(case)
    with_mark = Chosen((Choice("crm", "INVOICE", "iban", hashed=True),))
    choose(session, case, with_mark, act(cast.lead))
    retyped = Chosen((Choice("", "INVOICE"), Choice("", "other")), replaces=True)
    choose(session, case, retyped, act(cast.lead))
    session.commit()
    marks = [each for each in schema_choices.choices_of(session, case.id) if each.column]
    assert [each.hashed for each in marks] == [True], "typing the names anew loses no mark"


def test_only_the_account_whose_data_it_is_reads_what_is_synced(app: Flask, session: Session, cast: Any) -> None:
    case = a_case(session, cast, phase="consultation")
    page_of, own = f"/cases/{case.number}/tables", f"/requests/REQ-{case.primary_request_id:06d}"
    others = a_request(session, cast.cleo, join=case.number).number
    chosen = Chosen((Choice("", "invoice"), Choice("", "invoice", "secret_email", hashed=True)))
    choose(session, case, chosen, act(cast.specialist))
    session.commit()
    assert "Your data" in Browser(app).sign_in(cast.ada).get(own).text
    assert "hashed: " in Browser(app).sign_in(cast.ben).get(own).text
    assert "Your data" not in Browser(app).sign_in(cast.cleo).get(f"/requests/{others}").text
    for who, status in ((cast.ada, 200), (cast.ben, 200), (cast.cleo, 404), (cast.auditor, 200)):
        answer = app.test_client().get(f"/api/v1{page_of}", headers=bearer(app, session, who))
        assert answer.status_code == status
        assert ("invoice" in answer.text) == (status == 200)
    found = reading_tables.for_viewer(session, case, cast.ada)
    assert found is not None
    assert found.data_needed == (), "what others typed is read by staff only"
    row = Connection(
        case_id=case.id, request_id=case.primary_request_id or 0, account_id=cast.ada.account_id, state="connected",
        schema_name="acme", service="x", connection_id="c", created_at=MONDAY,
    )  # fmt: skip
    session.add(row)
    session.flush()
    refused(session, row.id, act(SYSTEM), "Fivetran refused (400 Odd): ours to mend.")
    found = reading_tables.for_viewer(session, case, cast.ada)
    assert found is not None
    assert (found.ok, found.message, len(found.rows)) == (False, "", 1)
    row.cloned_from_id = row.id
    found = reading_tables.for_viewer(session, case, cast.ada)
    assert found is not None
    assert found.rows == (), "copied names may be out of the source of another account"
    row.cloned_from_id = None
    record.entry(session, case, act(cast.lead), "tables.chosen", account_id=cast.cleo.account_id, audience="account")
    found = reading_tables.for_viewer(session, case, cast.ada)
    assert found is not None
    assert found.rows == (), "names out of the source of whoever led before stay theirs"


def test_the_api_chooses_what_the_page_shows(app: Flask, session: Session, cast: Any) -> None:
    case = a_case(session, cast, phase="consultation")
    row = Connection(
        case_id=case.id, request_id=case.primary_request_id, account_id=case.account_id, state="created",
        schema_name="lite", service="x", connection_id="c", created_at=act(cast.lead).now,
    )  # fmt: skip
    session.add(row)
    session.flush()
    shown = Shown(BLOCK_ALL, (Table("crm", "account", columns=(Column("email"),)), Table("crm", "invoice")))
    schema_choices.keep_seen(session, row.id, shown, act(cast.lead).now)
    session.commit()
    client, headers = app.test_client(), bearer(app, session, cast.engineer)
    path = f"/api/v1/cases/{case.number}"
    wish = {"tables": [{"schema": "crm", "name": "account", "columns": [{"name": "email", "hashed": True}]}]}
    answer = client.put(f"{path}/tables", json=wish, headers=headers).get_json()
    assert [(each["name"], each["wanted"], each["hashed"]) for each in answer["tables"]] == [
        ("account", True, ["email"]), ("invoice", False, []),
    ]  # fmt: skip
    assert answer["state"]["message"] == "The tables cannot be read before access is granted"
    other = client.put(f"{path}/tables", json={**wish, "seen": "0", "change_handling": BLOCK_ALL}, headers=headers)
    assert other.status_code == 409
    assert client.put(f"{path}/tables", json={"tables": []}, headers=headers).status_code == 422
    daily = {"sync_frequency": 1440, "daily_sync_time": "03:00"}
    said = client.put(f"{path}/schedule", json=daily, headers=headers).get_json()["schedule"]
    assert said["words"] == "once a day at 03:00 UTC"
    for bad in (
        {"sync_frequency": 7},
        {"sync_frequency": 60, "daily_sync_time": "03:00"},
        {"sync_frequency": 1440, "daily_sync_time": "3"},
    ):
        assert client.put(f"{path}/schedule", json=bad, headers=headers).status_code == 422
    refused = client.put(f"{path}/tables", json=wish, headers=bearer(app, session, cast.admin))
    assert refused.status_code == 403
    unhash = {"tables": [{"schema": "crm", "name": "account", "columns": [{"name": "email"}]}]}
    client.put(f"{path}/tables", json=unhash, headers=headers)
    kept = session.scalars(select(SchemaChoice).where(SchemaChoice.column_name == "email")).one()
    assert not kept.hashed, "who takes a mark away decided that too: the hash goes"


def test_five_hundred_tables_of_fifty_columns_are_one_page(app: Flask, session: Session, cast: Any) -> None:
    case = a_case(session, cast, phase="consultation")
    page_of = f"/cases/{case.number}/tables"
    row = Connection(
        case_id=case.id, request_id=case.primary_request_id, account_id=case.account_id, state="connected",
        schema_name="lite", service="x", connection_id="c", created_at=act(cast.lead).now,
    )  # fmt: skip
    session.add(row)
    session.flush()
    wide = tuple(Column(f"column_{number}") for number in range(50))
    shown = Shown(BLOCK_ALL, tuple(Table("crm", f"table_{number:03}", columns=wide) for number in range(500)))
    schema_choices.keep_seen(session, row.id, shown, act(cast.lead).now)
    session.commit()
    client = Browser(app).sign_in(cast.specialist).client
    page = client.get(page_of).text
    assert page.count('name="shown"') == 500
    assert "column_49" not in page, "columns have a page of their own"
    assert client.get(f"{page_of}?q=table_49").text.count('name="shown"') == 10
    token = re.findall(r'name="csrf_token" value="([^"]+)"', page)[0]
    form = {**form_of(page), "csrf_token": token}
    form["wanted"] = [each for each in form["shown"] if each.endswith('7"]')]
    assert client.post(page_of, data=form).status_code == 303
    assert sum(each.enabled for each in schema_choices.of_case(session, case.id)) == 50


def bearer(app: Flask, session: Session, who: Viewer) -> dict[str, str]:
    secret = tokens.issue(session, who.id or 0, "all", app.extensions["request_tracker"].now())
    session.commit()
    return {"Authorization": f"Bearer {secret}"}


def stage_case(session: Session, stage: Synced) -> Any:
    return session.get_one(Case, stage.case_id)
