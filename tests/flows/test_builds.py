"""An engineer's builds: own cases with what is recorded and missing, and taking one on."""

import re
from datetime import timedelta
from typing import Any

import pytest
from factories import BUILT, CLOCK, MONDAY, Cast, Counted, a_case, a_read_document, a_request, act, case_of, move, put
from flask import Flask
from sqlalchemy.orm import Session
from webclient import Browser

from request_tracker.actions import assign, evidence
from request_tracker.actions.advance import Stale
from request_tracker.actions.evidence import Fact
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.process import NotAllowed
from request_tracker.store import reading_builds, reading_timeline
from request_tracker.store.cases import Case
from request_tracker.store.connections import Connection
from request_tracker.store.schema_choices import SeenSchema
from request_tracker.store.sync_runs import SyncRun
from request_tracker.store.table_reviews import TableReview
from request_tracker.store.trials import TrialRun

DAY = timedelta(days=1)
A_TABLE: dict[str, Any] = {
    "columns": [], "key": [], "upserts": 0, "updates": 0, "deletes": 0, "truncates": 0, "is_chosen": True,
    "has_example": True, "warnings": [],
}  # fmt: skip


def mine(session: Session, cast: Cast, case: Case) -> Case:
    assign.assign(session, case, cast.engineer.id, version=case.version, act=act(cast.lead))
    return case


def in_preview(session: Session, cast: Cast) -> Case:
    """A case of the engineer's in preview: synced, two tables, one with a gap, one for later, one of an old round."""
    case = mine(session, cast, a_case(session, cast, phase="private_preview", service_name="Previewed"))
    row = Connection(case_id=case.id, request_id=case.primary_request_id, account_id=case.account_id, state="live",
                     connection_id="conn_1", schema_name="previewed", service="connector_sdk",
                     created_at=MONDAY)  # fmt: skip
    session.add(row)
    session.flush()
    tables = {name: {"enabled": True} for name in ("invoices", "payments", "lines")}
    session.add(SeenSchema(connection_row_id=row.id, seen_at=MONDAY, body={"schemas": {"s": {"tables": tables}}}))
    for number, (status, rows) in enumerate((("failed", None), ("successful", 1234))):
        session.add(SyncRun(connection_row_id=row.id, sync_id=f"s{number}", status=status, rows=rows, tables=[],
                            started_at=MONDAY + number * DAY, source="reading"))  # fmt: skip
    for name, verdict, at in (("invoices", "gap", 1), ("payments", "later", 1), ("lines", "gap", -9)):
        session.add(TableReview(case_id=case.id, connection_row_id=row.id, table_schema="s", table_name=name,
                                verdict=verdict, note="Credit notes <i>missing</i>", by_id=cast.engineer.id,
                                at=MONDAY + at * DAY))  # fmt: skip
    return case


def a_trial(session: Session, case: Case, state: str, *rows: int) -> TrialRun:
    document = a_read_document(session, case)
    run = TrialRun(case_id=case.id, account_id=case.account_id, document_id=document.id, origin="examples", state=state,
                   tables=[{**A_TABLE, "name": f"t{n}", "rows": n} for n in rows], warnings=[], created_at=MONDAY,
                   finished_at=MONDAY, sentence="It stopped at the second page.")  # fmt: skip
    session.add(run)
    session.flush()
    return run


def test_the_page_shows_each_build_with_what_is_missing(app: Flask, session: Session, cast: Cast) -> None:
    building = mine(session, cast, a_case(session, cast, phase="development", service_name="Building"))
    built = Fact("built", note="Done", link="https://git.example/building")
    evidence.put(session, building, built, act(cast.engineer))
    a_trial(session, building, "done", 20)
    run = a_trial(session, building, "failed", 3, 4)
    preview = in_preview(session, cast)
    again = mine(session, cast, a_case(session, cast, phase="private_preview", service_name="Again"))
    move(session, again, "rework", cast.specialist, gaps=["Deleted rows", "Time zones"])
    session.commit()
    CLOCK["now"] = MONDAY + 2 * DAY
    at = Browser(app).sign_in(cast.engineer)
    assert at.get("/", status=303).location == "/builds"
    cards = dict(
        re.findall(r'<li class="card stack-tight build" id="([^"]+)">(.*?)</dl>', at.get("/builds").text, re.S)
    )
    assert set(cards) == {building.number, preview.number, again.number}
    one = cards[building.number]
    assert 'href="https://git.example/building"' in one
    assert "Connector tested: missing" in one
    assert f"/cases/{building.number}?do=evidence-tested#build" in one
    assert f'href="/cases/{building.number}/trials/{run.id}"' in one
    assert re.search(r"Trial sync <[^>]*tag--overdue[^>]*>[^/]*Failed", one)
    assert "7 rows" in one
    assert "It stopped at the second page." in one
    assert "Deleted rows" in cards[again.number]
    assert "Round 2" in cards[again.number]
    assert "No API document was read yet" in cards[again.number]
    two = cards[preview.number]
    for said in ("1,234 rows told", "Sync: finished", "2 of 3 tables reviewed", "1 with a gap", "1 for later"):
        assert said in two
    assert "invoices: Credit notes &lt;i&gt;missing&lt;/i&gt;" in two
    assert "lines: " not in two, "that gap was found before this preview"
    for path in (f"/cases/{preview.number}/completeness", f"/cases/{building.number}/trials/{run.id}"):
        assert f'href="{path}"' in one + two
        at.get(path)


def test_a_build_is_taken_once_and_its_history_says_so(app: Flask, session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="development")
    coming = a_case(session, cast, phase="consultation", service_name="Coming")
    session.commit()
    at = Browser(app).sign_in(cast.engineer)
    text = at.get("/builds").text
    assert "You build nothing yet" in text
    assert f">{coming.number}<" in text.split("Coming up")[1]
    form = {"version": str(case.version)}
    assert at.post(f"/builds/{case.number}/take", form, on="/builds").location == "/builds"
    assert f"{case.number} is yours now" in at.get("/builds").text
    session.expire_all()
    assert session.get_one(Case, case.id).assignee_id == cast.engineer.id
    newest = reading_timeline.timeline_of(session, case, cast.lead)[0]
    assert (newest.kind, newest.who) == ("assigned", "Engineer")
    at.post(f"/builds/{case.number}/take", form, on="/builds")
    assert "was changed while you looked at it" in at.get("/builds").text
    at.post(f"/builds/{case.number}/take", {"version": str(session.get_one(Case, case.id).version)}, on="/builds")
    assert "Engineer builds this case already" in at.get("/builds").text
    Browser(app).sign_in(cast.specialist).post(f"/builds/{case.number}/take", form, status=403, on="/builds")


def test_only_a_live_build_is_taken_and_only_by_an_engineer(session: Session, cast: Cast) -> None:
    early, case = a_case(session, cast, phase="consultation"), a_case(session, cast, phase="development")
    with pytest.raises(Unfit, match="in development or private preview"):
        assign.take(session, early, version=early.version, act=act(cast.engineer))
    with pytest.raises(NotAllowed):
        assign.take(session, case, version=case.version, act=act(cast.lead))
    with pytest.raises(Stale):
        assign.take(session, case, version=case.version + 1, act=act(cast.engineer))


def test_the_statements_do_not_grow_with_builds(session: Session, cast: Cast) -> None:
    def run() -> list[Any]:
        with Counted(session) as counted:
            found = reading_builds.builds(session, cast.engineer.id, MONDAY + DAY)
            assert (len(found.mine), len(found.free), len(found.coming)) == sizes
        return counted.statements

    sizes = (1, 0, 0)
    in_preview(session, cast)
    few = run()
    mine(session, cast, a_case(session, cast, phase="development"))
    other = a_case(session, cast, phase="development")
    put(session, other, cast.engineer, *BUILT)
    a_case(session, cast, phase="consultation")
    case_of(session, a_request(session, cast.ada))
    session.flush()
    sizes = (2, 1, 1)
    assert len(run()) == len(few) <= 13
