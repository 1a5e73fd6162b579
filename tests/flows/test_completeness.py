"""The completeness review: a checklist of what Fivetran syncs, filled in by people, recorded as evidence."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from factories import a_request, act, move, put
from sqlalchemy import delete
from synced import Synced, a_stage
from webclient import Browser

from request_tracker.actions import tables
from request_tracker.rules.people import Viewer
from request_tracker.settings import Settings
from request_tracker.store import evidence, tokens
from request_tracker.store.cases import Case
from request_tracker.store.connections import Connection
from request_tracker.store.schema_choices import SeenSchema
from request_tracker.store.session import Database

NUMBER = "LITE-000001"
PAGE = f"/cases/{NUMBER}/completeness"
KEY = "completeness_reviewed"


@pytest.fixture(params=["fresh", pytest.param("fresh_postgres", marks=[pytest.mark.postgres, pytest.mark.deep])])
def stage(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Synced]:
    database: Database = request.getfixturevalue(request.param)
    with a_stage(database, settings, phase="private_preview") as made:
        yield made


@pytest.fixture
def plain(fresh: Database, settings: Settings) -> Iterator[Synced]:
    with a_stage(fresh, settings, phase="private_preview") as made:
        yield made


def tell(stage: Synced, *names: str) -> None:
    """Fivetran tells of these tables."""
    body = {"acme": {"enabled": True, "tables": {name: {"enabled": True, "columns": {}} for name in names}}}
    body["acme"]["tables"]["left_out"] = {"enabled": False, "columns": {}}  # type: ignore[index]
    with stage.database.transaction() as session:
        session.merge(
            SeenSchema(
                connection_row_id=stage.row().id,
                seen_at=stage.now,
                body={"handling": "BLOCK_ALL", "schemas": body},
            )
        )


def call(stage: Synced, who: Viewer, method: str, path: str, status: int = 200, **body: Any) -> Any:
    with stage.database.transaction() as session:
        token = tokens.issue(session, who.id or 0, "all", stage.now)
    client = stage.app.test_client()
    headers = {"Authorization": f"Bearer {token}"}
    answer = client.open(f"/api/v1{path}", method=method, headers=headers, json=body or None)
    assert answer.status_code == status, answer.text
    return answer.get_json()


def found(table: str, verdict: str, note: str = "") -> dict[str, str]:
    return {"schema": "acme", "table": table, "verdict": verdict, "note": note}


def test_a_review_from_the_first_table_over_a_rework_to_the_release(stage: Synced) -> None:
    sam = Browser(stage.app).sign_in(stage.cast.specialist)
    tell(stage, "customers", "invoices", "payments")
    page = sam.get(PAGE)
    assert "0 of 3 reviewed" in page.text
    assert "left_out" not in page.text
    typed = {f"{name}-{place}": value for place, table in enumerate(("customers", "invoices", "payments"))
             for name, value in (("schema", "acme"), ("table", table))}  # fmt: skip
    wrong = sam.post(PAGE, {**typed, "verdict-0": "complete", "verdict-1": "gap", "note-1": ""}, status=422, on=PAGE)
    assert "invoices: say what is missing" in wrong.text
    assert 'href="#review-note-1"' in wrong.text
    assert "0 of 3 reviewed" in sam.get(PAGE).text, "all of it or nothing"
    sam.post(PAGE, {**typed, "verdict-0": "complete", "verdict-1": "gap", "note-1": "No credit notes"}, on=PAGE)
    shown = sam.get(PAGE).text
    assert "2 of 3 reviewed" in shown
    assert "1 of 3 tables not reviewed yet" in shown
    assert sam.post(f"{PAGE}/record", {}, status=422, on=PAGE).text.count("not reviewed yet") >= 1
    assert KEY not in stage.standing()
    case = sam.get(f"/cases/{NUMBER}").text
    assert "acme.invoices: No credit notes</textarea>" in case, "the gap stands in the form that sends it back"
    with stage.database.transaction() as session:
        row = session.get_one(Case, stage.case_id)
        move(session, row, "rework", stage.cast.specialist, now=stage.now, gaps=["acme.invoices: No credit notes"])
        stage.now += timedelta(days=1)
        move(session, row, "open_preview", stage.cast.engineer, now=stage.now)
    again = sam.get(PAGE).text
    assert "0 of 3 reviewed" in again
    assert "Last time: Has a gap, No credit notes" in again
    done = {
        **typed,
        "verdict-0": "complete",
        "verdict-1": "complete",
        "verdict-2": "later",
        "note-2": "Refunds come later",
    }
    sam.post(PAGE, done, on=PAGE)
    assert "Last time: Has a gap, No credit notes" in sam.get(PAGE).text
    sam.post(f"{PAGE}/record", {}, on=PAGE)
    assert KEY in stage.standing()
    with stage.database.reading() as session:
        fact = evidence.standing(session, stage.case_id)[KEY]
        assert fact.value == "2 of 3 tables complete, 1 with a gap for later"
        assert "Refunds come later" in fact.note
    tell(stage, "customers", "invoices", "payments", "refunds", "taxes")
    assert "2 new tables since the review" in sam.get(PAGE).text
    assert KEY in stage.standing(), "what was reviewed was reviewed"


def test_the_api_reviews_and_records_as_the_page_does(plain: Synced) -> None:
    path = f"/cases/{NUMBER}/completeness"
    tell(plain, "customers", "invoices")
    erin, sam = plain.cast.engineer, plain.cast.specialist
    unknown = call(plain, erin, "PUT", path, 422, tables=[found("left_out", "complete")])
    assert unknown["errors"][0]["field"] == "tables.0"
    state = call(plain, erin, "PUT", path, tables=[found("customers", "complete"), found("invoices", "gap", "Taxes")])
    assert (state["reviewed"], state["total"], state["gaps"]) == (2, 2, ["acme.invoices: Taxes"])
    assert "gap" in call(plain, sam, "PUT", path, 422, record=True)["errors"][0]["message"]
    state = call(plain, sam, "PUT", path, tables=[found("invoices", "later", "Taxes")], record=True)
    assert (state["recorded"], state["later"], state["missing"]) == (True, ["acme.invoices: Taxes"], None)
    assert [each["who"] for each in state["tables"]] == ["Engineer", "Specialist"]
    assert call(plain, plain.cast.auditor, "GET", path) == state
    state = call(plain, erin, "PUT", path, tables=[found("invoices", "gap", "Taxes and dates")])
    assert state["recorded"] is False, "a gap found afterwards takes the record back"
    for who in (plain.cast.ada, plain.cast.cleo):
        call(plain, who, "GET", path, 403)
        call(plain, who, "PUT", path, 403, tables=[found("invoices", "complete")])
    call(plain, erin, "PUT", path, 422, tables=[found("invoices", "later")])
    odd = {f"table-{place}": "invoices" for place in ("9" * 5000, "007", "٣", "-1")}
    Browser(plain.app).sign_in(sam).post(PAGE, odd, on=PAGE)


def test_other_tables_wanted_after_the_review_void_it(plain: Synced) -> None:
    tell(plain, "customers")
    with plain.database.transaction() as session:
        tables.ask_reading(
            session, session.get_one(Connection, plain.row().id), act(plain.cast.lead, plain.now), why="test"
        )
    call(
        plain,
        plain.cast.lead,
        "PUT",
        f"/cases/{NUMBER}/completeness",
        tables=[found("customers", "complete")],
        record=True,
    )
    assert KEY in plain.standing()
    plain.look()
    assert KEY in plain.standing()
    with plain.database.transaction() as session:
        session.get_one(Connection, plain.row().id).tables_wanted_at = plain.now + timedelta(seconds=1)
    plain.pass_time(minutes=1)
    plain.look()
    assert KEY not in plain.standing()


def test_reading_the_tables_fills_the_checklist(plain: Synced) -> None:
    with plain.database.transaction() as session:
        session.execute(delete(SeenSchema))
    erin = Browser(plain.app).sign_in(plain.cast.engineer)
    assert "No tables yet" in erin.get(PAGE).text
    erin.post(f"{PAGE}/read", {}, on=PAGE)
    plain.pass_time(seconds=1)
    assert "Every table that is synced" in erin.get(PAGE).text
    assert "Record the review" not in erin.get(PAGE).text, "an engineer reviews; specialists record"
    ada = Browser(plain.app).sign_in(plain.cast.ada)
    ada.get(PAGE, status=403)


def test_gaps_for_later_reach_the_account_that_has_them_at_the_release_and_nobody_else(plain: Synced) -> None:
    tell(plain, "customers", "refunds")
    with plain.database.transaction() as session:
        a_request(session, plain.cast.cleo, now=plain.now, join=NUMBER)
    decided = [found("customers", "complete"), found("refunds", "later", "Partial refunds")]
    call(plain, plain.cast.specialist, "PUT", f"/cases/{NUMBER}/completeness", tables=decided, record=True)
    plain.pass_time(minutes=6)
    plain.play("finish-sync")
    plain.look()
    with plain.database.transaction() as session:
        case = session.get_one(Case, plain.case_id)
        put(session, case, plain.cast.lead, "requester_verified", "catalogue_checked", now=plain.now)
        move(session, case, "release", plain.cast.lead, now=plain.now)
    plain.pass_time(seconds=601)
    letters = {letter.to_address: letter.text for letter in plain.letters("released")}
    assert {name for name, text in letters.items() if "acme.refunds: Partial refunds" in text} == {plain.cast.ada.email}
    assert plain.cast.cleo.email in letters
