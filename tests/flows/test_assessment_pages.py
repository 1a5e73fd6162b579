"""The assessment as staff see it: documents read by the real reader, in a real child, and judged."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from conftest import Rolled
from factories import CLOCK, Cast, a_case, a_request, act, case_of, move
from flask import Flask
from running import SWEPT
from sqlalchemy.orm import Session
from webclient import Browser

from request_tracker import resources
from request_tracker.actions import documents, submit
from request_tracker.rules.terms import Criterion
from request_tracker.settings import Settings
from request_tracker.store import api_documents, assessments
from request_tracker.store.cases import Case
from request_tracker.work import assessing
from request_tracker.work.context import Context

pytestmark = SWEPT
SEEDS = resources.SEED_DATA / "api_documents"
Read = Callable[[Case], None]


@pytest.fixture
def read(rolled: Rolled, session: Session, settings: Settings) -> Read:
    """Read the newest document of the case as the worker does; nothing is fetched."""

    def nothing(*_: Any, **__: Any) -> Any:
        raise AssertionError("nothing here reaches a network")

    def run(case: Case) -> None:
        session.commit()
        context = Context(rolled, settings, lambda: CLOCK["now"], nothing, fetch=nothing)
        assessing.assess(context, api_documents.of_case(session, case.id)[0].id)
        session.expire_all()

    return run


def sent_with(session: Session, cast: Cast, file: Path) -> Case:
    request = a_request(session, cast.ada, data_needed="Conversations, queues, agents, invoices")
    body = file.read_bytes()
    submit.keep_upload(session, request, submit.Upload(file.name, "", sha256(body).hexdigest(), body), act(cast.ada))
    return case_of(session, request)


def test_what_came_with_a_request_is_judged_with_evidence(app: Flask, session: Session, cast: Cast, read: Read) -> None:
    case = sent_with(session, cast, SEEDS / "genesys.yaml")
    read(case)
    move(session, case, "claim", cast.specialist)
    session.commit()
    row = api_documents.of_case(session, case.id)[0]
    assert (row.state, row.kind, row.verdict) == ("read", "openapi3.1", "great"), row.sentence
    judged = assessments.of_case(session, case.id)
    assert judged.keys() == set(Criterion)
    assert judged[Criterion.NESTING].measured == "great"
    page = Browser(app).sign_in(cast.specialist)
    shown = page.get(f"/cases/{case.number}/assessment").text
    assert "not found: invoices" in shown
    assert "X-Api-Key" in shown
    assert all(pointer in shown for pointer in judged[Criterion.NESTING].pointers)
    assert "excerpt" in shown
    assert "summary: All queues" in shown, "what stands at the place is shown beside its pointer"
    version = {"version": str(case.version), "seen": "1", "accept_all": "1"}
    page.post(f"/cases/{case.number}/assessment", version, on=f"/cases/{case.number}")
    session.expire_all()
    decided = assessments.of_case(session, case.id)
    assert {name: row.verdict for name, row in decided.items()} == {name: row.measured for name, row in decided.items()}


def test_a_better_description_is_not_pushed_aside_by_a_page(session: Session, cast: Cast, read: Read) -> None:
    case = sent_with(session, cast, SEEDS / "pipeline_crm.json")
    read(case)
    before = {name: row.figure for name, row in assessments.of_case(session, case.id).items()}
    documents.paste(session, case, (SEEDS / "keka.html").read_text(), act(cast.specialist))
    read(case)
    page = api_documents.of_case(session, case.id)[0]
    assert (page.kind, page.verdict, len(page.offered)) == ("html", "unknown", 2)
    assert {name: row.figure for name, row in assessments.of_case(session, case.id).items()} == before
    basis = api_documents.newest_read(session, case.id)
    assert basis is not None
    assert basis.kind == "openapi2.0"


def test_judging_by_hand_stays_possible_without_a_document(app: Flask, session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="validation")
    session.commit()
    page, path = Browser(app).sign_in(cast.specialist), f"/cases/{case.number}"
    assert "judge by hand" in page.get(f"{path}/assessment").text
    sent = {"version": str(case.version), "verdict-size": "possible", "note-size": "By hand"}
    page.post(f"{path}/assessment", sent, on=path)
    assert "By hand" in page.get(f"{path}/assessment").text
    readers = [Browser(app).sign_in(who) for who in (cast.auditor, cast.admin)]
    for reader in readers:
        shown = reader.get(f"{path}/assessment").text
        assert "Add a document" not in shown.replace('aria-label="Add a document"', "")
        assert "Save what I judged" not in shown


@pytest.mark.deep
@pytest.mark.parametrize(
    ("name", "kind", "verdict"),
    [
        ("moosend.json", "postman2.1", "great"),
        ("select_star.graphql", "graphql-sdl", "possible"),
        ("nocobase.json", "openapi3.0", "poor"),
        ("keka.html", "html", "unknown"),
        ("pipeline_crm.json", "openapi2.0", "great"),
    ],
)
def test_the_documents_of_the_demo_are_as_varied_as_they_should_be(
    session: Session, cast: Cast, read: Read, name: str, kind: str, verdict: str
) -> None:
    case = sent_with(session, cast, SEEDS / name)
    read(case)
    row = api_documents.of_case(session, case.id)[0]
    assert (row.kind, row.verdict) == (kind, verdict), row.sentence
    assert bool(row.judged["alternatives"]) == (verdict == "poor")
