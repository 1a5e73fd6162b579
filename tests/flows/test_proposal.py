"""The table proposal: shown as a tree, chosen by two people, taken as the data needed, expected in the preview."""

import re
import zipfile
from io import BytesIO
from typing import Any

import pytest
from factories import MONDAY, Cast, a_case, a_read_document, a_table, act, an_analysis, later
from flask import Flask
from sqlalchemy import Engine
from sqlalchemy.orm import Session
from webclient import Browser, Page

from request_tracker.actions import choosing
from request_tracker.actions.choosing import Picked
from request_tracker.actions.knowledge import Overtaken
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.people import Viewer
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.terms import Criterion
from request_tracker.rules.vendor_api import SignIn, SignInKind
from request_tracker.store import assessments, chosen_tables, reading_proposal, reading_timeline, tokens
from request_tracker.store import evidence as facts
from request_tracker.store.cases import Case
from request_tracker.store.connections import Connection
from request_tracker.store.schema_choices import SeenSchema
from request_tracker.store.session import Database

BOX = re.compile(r'name="wanted" value="(\d+)"( checked)?><label for="t\d+">([^<]*)</label>')
HOSTILE = "<script>x</script>\u202e{{7*7}}\x1b'\"../../etc"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=[pytest.mark.postgres, pytest.mark.deep])])
def engine(request: pytest.FixtureRequest) -> Engine:
    """On PostgreSQL in the deep sweep: nothing here is written otherwise for it."""
    database: Database = request.getfixturevalue(f"{request.param}_database")
    return database.engine


@pytest.fixture
def case(session: Session, cast: Cast) -> Case:
    made = a_case(session, cast, phase="consultation")
    a_read_document(session, made)
    session.commit()
    return made


def of(case: Case) -> str:
    return f"/cases/{case.number}/proposal"


def ticked(page: Page) -> set[str]:
    return {name for _, is_ticked, name in BOX.findall(page.text) if is_ticked}


def shown(page: Page) -> list[str]:
    return [name for _, _, name in BOX.findall(page.text)]


def posted(page: Page, *wanted: str, **more: Any) -> dict[str, Any]:
    """The form as it stands on the page, with these ticks."""
    places = {name: place for place, _, name in BOX.findall(page.text)}
    seen = re.search(r'name="seen" value="([^"]*)"', page.text)
    assert seen
    return {"shown": list(places.values()), "wanted": [places[name] for name in wanted], "seen": seen[1], **more}


def api(app: Flask, session: Session, who: Viewer, method: str, path: str, status: int = 200, **body: Any) -> Any:
    token = tokens.issue(session, who.id or 0, "all", app.extensions["request_tracker"].now())
    session.commit()
    headers = {"Authorization": f"Bearer {token}"}
    answer = app.test_client().open(f"/api/v1{path}", method=method, headers=headers, json=body or None)
    assert answer.status_code == status, answer.text
    return answer.get_json()


def test_tables_are_offered_chosen_by_two_and_taken_as_the_data_needed(
    app: Flask, cast: Cast, session: Session, case: Case
) -> None:
    sam, lea = Browser(app).sign_in(cast.specialist), Browser(app).sign_in(cast.lead)
    assert "choose from the 5 of the table proposal" in sam.get(f"/cases/{case.number}").text
    first = sam.get(of(case))
    assert ticked(first) >= {"customers", "invoices", "payments"}, "what matches the data needed is offered"
    assert "Not saved yet" in first.text
    assert chosen_tables.of_case(session, case.id) == {}
    assert shown(first) == ["customers", "invoices", "lines", "payments", "refunds"], (
        "children stand below their parents"
    )
    assert "Read after customers, invoices" in first.text
    assert "Deprecated" in first.text
    assert first.text.count("<rect") == 5

    mine, hers = posted(first, "lines"), posted(lea.get(of(case)), "payments")
    sam.post(of(case), mine)
    conflict = lea.post(of(case), hers, status=409)
    assert "Somebody chose tables" in conflict.text
    assert ticked(conflict) == {"payments"}, "what she ticked is not lost"
    now = lea.get(of(case))
    assert ticked(now) == {"lines"}
    assert "customers, invoices: each of these has to be read" in now.text
    lea.post(of(case), posted(now, "lines", "payments"))
    assert reading_proposal.expected(session, case.id) == ("lines", "payments")

    page = sam.get(f"/cases/{case.number}")
    assert "take the 2 chosen of the table proposal" in page.text
    assert "Proposed tables</a>" in page.text
    sam.post(f"/cases/{case.number}/proposal/data-needed", {"seen": "something older"}, status=409)
    sam.post(f"/cases/{case.number}/proposal/data-needed", posted(sam.get(of(case))))
    recorded = facts.standing(session, case.id)[choosing.KEY]
    assert recorded.note == "2 tables chosen: lines, payments"
    assert "of the table proposal" not in sam.get(f"/cases/{case.number}").text
    assert "Out of date" not in sam.get(of(case)).text
    told = [row for row in reading_timeline.timeline_of(session, case, cast.lead) if row.kind == "tables.needed"]
    assert len(told) == 2
    assert "Chosen from the table proposal: 2 of 5 tables are needed" in page.text
    assert not [r for r in reading_timeline.timeline_of(session, case, cast.ada) if r.kind == "tables.needed"]
    a_read_document(session, case, an_analysis(a_table("payments", constant_columns={"kind": "asked_kind"})))
    session.commit()
    assert "lines is named here and not in the newest document" in sam.get(of(case)).text
    (told_of,) = api(app, session, cast.engineer, "GET", of(case))["tables"]
    assert told_of["constant_columns"] == {"kind": "asked_kind"}


def test_a_choice_is_judged_again_undone_by_choosing_and_kept_over_a_newer_document(
    session: Session, cast: Cast
) -> None:
    case = a_case(session, cast, phase="validation")
    a_read_document(session, case, an_analysis(*(a_table(f"t{each:03}") for each in range(200)), a_table("old")))
    a = act(cast.engineer)
    assert choosing.choose(session, case, Picked({f"t{each:03}": True for each in range(9)} | {"old": True}), a)
    size = assessments.of_case(session, case.id)[Criterion.SIZE]
    assert (size.measured, size.figure[:2]) == ("great", "10")
    assert choosing.choose(session, case, Picked({"t000": True}), a) is None, "it is chosen so already"
    found = reading_proposal.proposal(session, case)
    assert found is not None
    seen = found.stamp
    choosing.choose(
        session, case, Picked({f"t{each:03}": False for each in range(9)} | {"old": False}, seen), later(a, hours=1)
    )
    assert reading_proposal.expected(session, case.id) == ()
    assert assessments.of_case(session, case.id)[Criterion.SIZE].measured != "great"
    with pytest.raises(Overtaken):
        choosing.choose(session, case, Picked({"t001": True}, seen), a)
    choosing.choose(session, case, Picked({"t001": True, "t002": True}), a)

    moved = (a_table("renamed", path="/t001"), a_table("t003"))
    a_read_document(session, case, an_analysis(*moved))
    found = reading_proposal.proposal(session, case)
    assert found is not None
    assert (found.chosen, found.gone) == ({"renamed"}, ("t002",))
    choosing.choose(session, case, Picked({"renamed": False}), a)
    assert chosen_tables.of_case(session, case.id)["t002"].is_wanted, "what is not named stays as it is"
    assert set(chosen_tables.of_case(session, case.id)) >= {"renamed", "t002"}
    assert "t001" not in chosen_tables.of_case(session, case.id)
    for tables, fault in (({"t002": True}, Unfit), ({"x" * 300: True}, Unfit)):
        with pytest.raises(fault, match="proposes no table"):
            choosing.choose(session, case, Picked(tables), a)
    for who in (cast.ada, cast.admin, cast.auditor):
        with pytest.raises(NotAllowed):
            choosing.choose(session, case, Picked({"t003": True}), act(who))
    with pytest.raises(Unfit, match="Choose at least one"):
        choosing.take(session, case, act(cast.specialist))


def test_a_strangers_names_are_shown_and_do_nothing(app: Flask, cast: Cast, session: Session, case: Case) -> None:
    odd = a_table(
        HOSTILE, path=f"/{HOSTILE}/" + "p" * 5000, summary=HOSTILE * 50, warnings=(HOSTILE,) * 40, tags=(HOSTILE,)
    )
    found = an_analysis(
        odd, a_table("child", HOSTILE), title=HOSTILE, version=HOSTILE, examples={HOSTILE: ({"a": HOSTILE},)}
    )
    a_read_document(session, case, found)
    session.commit()
    sam = Browser(app).sign_in(cast.specialist)
    page = sam.get(of(case))
    links = set(re.findall(r'href="(/cases/[^/"]+/proposal/[^"?#]+)"', page.text))
    detail = sam.get(f"/cases/{case.number}/proposal/child").text
    for text in (page.text, detail, *(sam.client.get(each).get_data(as_text=True) for each in links)):
        assert "<script>x" not in text
        assert "\x1b" not in text
        assert "p" * 400 not in text
        assert "\u202e" not in text
    choosing.choose(session, case, Picked({HOSTILE: True}), act(cast.specialist))
    assert "{{7*7}}" in reading_proposal.expected(session, case.id)[0]
    assert "\u202e" not in sam.get(f"/cases/{case.number}").text


def test_many_tables_stay_usable_and_what_is_not_shown_stays(
    app: Flask, cast: Cast, session: Session, case: Case
) -> None:
    parents = [a_table(f"group_{each:02}") for each in range(20)]
    tables = [*parents, *(a_table(f"records_of_{each:03}", f"group_{each % 20:02}") for each in range(620))]
    a_read_document(session, case, an_analysis(*tables))
    choosing.choose(session, case, Picked({"group_19": True, "records_of_619": True}), act(cast.lead))
    session.commit()
    eve = Browser(app).sign_in(cast.engineer)
    page = eve.client.get(of(case)).get_data(as_text=True)
    assert len(page) < 1_000_000
    assert "140 more tables would be shown" in page
    found = eve.get(f"/cases/{case.number}/proposal?q=of_01")
    assert set(shown(found)) == {f"records_of_{each:03}" for each in range(10, 20)}
    eve.post(of(case), posted(found, "records_of_011", q="of_01"))
    assert reading_proposal.expected(session, case.id) == ("group_19", "records_of_011", "records_of_619")
    assert len(ticked(eve.get(f"/cases/{case.number}/proposal?only=chosen"))) == 3
    assert ticked(eve.get(f"/cases/{case.number}/proposal?only=chosen&take=none")) == set()
    assert len(reading_proposal.expected(session, case.id)) == 3, "an offer is not saved by itself"
    a_read_document(session, case, an_analysis(a_table("another")))
    session.commit()
    overtaken = eve.post(of(case), posted(found, "records_of_012"), status=409)
    assert ticked(overtaken) == set(), "places of an older document mean nothing in a newer one"
    assert "3 chosen tables are not in the newest document" in overtaken.text
    eve.post(of(case), posted(eve.get(of(case)), "another"))
    assert reading_proposal.expected(session, case.id) == ("another",)
    assert "not in the newest document" not in eve.get(of(case)).text, "saving lets go of what is gone"


def test_a_table_has_a_page_of_its_own_and_nothing_is_shown_to_requesters(
    app: Flask, cast: Cast, session: Session, case: Case
) -> None:
    auditor = Browser(app).sign_in(cast.auditor)
    page = auditor.get(f"/cases/{case.number}/proposal/lines")
    for words in (
        "GET /customers/{customers_id}/invoices/{invoices_id}/lines",
        "First of lines",
        "LONG",
        "next_cursor",
    ):
        assert words in page.text or words == "next_cursor", words
    assert "customers_id, invoices_id, id" in page.text
    auditor.get(f"/cases/{case.number}/proposal/nothing", status=404)
    shown = auditor.get(of(case))
    assert 'name="wanted"' not in shown.text
    ada = Browser(app).sign_in(cast.ada)
    for path in (of(case), f"/cases/{case.number}/proposal/lines"):
        ada.get(path, status=403)
    api(app, session, cast.ada, "GET", of(case), 403)
    api(app, session, cast.auditor, "PUT", of(case), 403, tables={"lines": True})


def test_programs_read_and_choose(app: Flask, cast: Cast, session: Session, case: Case) -> None:
    path = of(case)
    before = api(app, session, cast.engineer, "GET", path)
    assert [each["name"] for each in before["tables"]] == ["customers", "invoices", "lines", "payments", "refunds"]
    assert before["tables"][2]["parents"] == ["customers", "invoices"]
    assert before["tables"][2]["wanted"] is None
    after = api(app, session, cast.engineer, "PUT", path, tables={"lines": True, "refunds": False}, seen=before["seen"])
    assert after["chosen"] == 1
    assert [each["wanted"] for each in after["tables"]] == [None, None, True, None, False]
    assert [each["name"] for each in after["tables"] if each["walked"]] == ["customers", "invoices"]
    api(app, session, cast.engineer, "PUT", path, 409, tables={"lines": False}, seen=before["seen"])
    api(app, session, cast.engineer, "PUT", path, 422, tables={"nowhere": True})
    api(app, session, cast.engineer, "PUT", path, 422, tables={"lines": "yes"})


def test_without_a_document_the_page_says_what_to_do(app: Flask, cast: Cast, session: Session) -> None:
    case = a_case(session, cast, phase="consultation")
    session.commit()
    sam = Browser(app).sign_in(cast.specialist)
    assert "No API document was read yet" in sam.get(of(case)).text
    assert "No API document of this case was read" in sam.post(of(case), {"wanted": "0"}, status=422).text
    assert "The data requirements have not been recorded yet" in sam.get(f"/cases/{case.number}").text
    assert api(app, session, cast.lead, "GET", of(case))["document"] is None
    a_read_document(session, case, an_analysis(a_table("x"), tables=()))
    session.commit()
    assert "The document describes no table" in sam.get(of(case)).text


def test_chosen_tables_are_expected_in_the_preview(app: Flask, cast: Cast, session: Session) -> None:
    case = a_case(session, cast, phase="private_preview")
    a_read_document(session, case)
    row = Connection(
        case_id=case.id, request_id=case.primary_request_id or 0, account_id=case.account_id, state="connected",
        schema_name="acme", service="connector_sdk", connection_id=f"id_{case.id}", created_at=MONDAY,
    )  # fmt: skip
    session.add(row)
    session.flush()
    tell(session, row, Invoices=True, payments=False)
    session.commit()
    page, eve = f"/cases/{case.number}/completeness", Browser(app).sign_in(cast.engineer)
    sam = Browser(app).sign_in(cast.specialist)
    assert "Expected" not in eve.get(page).text
    chosen = Picked({"invoices": True, "lines": True, "payments": True})
    choosing.choose(session, case, chosen, act(cast.specialist))
    session.commit()
    before = eve.get(page).text
    assert "0 of 3 reviewed" in before
    assert before.count("Expected by the chosen tables, not arrived") == 1
    assert before.count("Expected by the chosen tables, left out in Fivetran") == 1
    found = {"schema-0": "acme", "table-0": "Invoices", "verdict-0": "complete"}
    eve.post(page, found)
    assert "2 of 3 tables not reviewed yet" in sam.post(f"{page}/record", status=422).text
    tell(session, row, Invoices=True, payments=True)
    session.commit()
    left = {"schema-1": "acme", "table-1": "lines", "verdict-1": "later", "note-1": "Comes with the next version"}
    eve.post(page, left | {"schema-0": "acme", "table-0": "payments", "verdict-0": "complete"})
    sam.post(f"{page}/record")
    assert (
        facts.standing(session, case.id)["completeness_reviewed"].value
        == "2 of 3 tables complete, 1 with a gap for later"
    )


def tell(session: Session, row: Connection, **tables: bool) -> None:
    """Fivetran tells of these tables, enabled or not."""
    told = {name: {"enabled": enabled, "columns": {}} for name, enabled in tables.items()}
    body = {"handling": "BLOCK_ALL", "schemas": {"acme": {"enabled": True, "tables": told}}}
    session.merge(SeenSchema(connection_row_id=row.id, seen_at=MONDAY, body=body))
    session.flush()


def test_the_starter_project_holds_what_is_chosen_for_our_schema(
    app: Flask, cast: Cast, session: Session, case: Case
) -> None:
    eve = Browser(app).sign_in(cast.engineer)
    page = f"/cases/{case.number}/project"
    assert "Starter project from the API document" in eve.get(f"/cases/{case.number}").text
    whole = eve.get(page).text
    assert "customers, invoices, lines, payments <a" in whole, "deprecated ones are left out unless they are chosen"
    choosing.choose(session, case, Picked({"invoices": True, "refunds": True}), act(cast.specialist))
    session.commit()
    text = eve.get(page).text
    schema = f"lite_acme_billing_{case.id}"
    for words in (
        "invoices, refunds <a", f"--connection {schema} --configuration", "&lt;API_KEY&gt;", "header X-Api-Key",
        "It is named so unless that name is taken", "2 tables, not chosen: lines, payments",
    ):  # fmt: skip
        assert words in text, words
    made = eve.client.get(f"{page}.zip")
    assert made.headers["Content-Disposition"] == f"attachment; filename=starter-{case.number}.zip"
    assert made.mimetype == "application/zip"
    with zipfile.ZipFile(BytesIO(made.data)) as archive:
        assert {name.partition("/")[0] for name in archive.namelist()} == {schema}
        tables = archive.read(f"{schema}/tables.py").decode()
    assert all(f"'{name}'" in tables or f'"{name}"' in tables for name in ("invoices", "refunds", "customers"))
    assert "payments" not in tables
    token = tokens.issue(session, cast.lead.id or 0, "all", MONDAY)
    session.commit()
    headers = {"Authorization": f"Bearer {token}"}
    assert app.test_client().get(f"/api/v1{page}", headers=headers).data == made.data
    Browser(app).sign_in(cast.ada).get(page, status=403)
    Browser(app).sign_in(cast.auditor).get(f"{page}.zip", status=403)

    a_read_document(session, case, an_analysis(sign_in=(SignIn(SignInKind.CERTIFICATE),)))
    session.commit()
    refused = eve.get(page).text
    assert "No starter project can be made from this document" in refused
    assert "client certificate" in refused
    assert eve.client.get(f"{page}.zip").status_code == 404
    api(app, session, cast.lead, "GET", page, 404)
