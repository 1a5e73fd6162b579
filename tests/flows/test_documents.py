"""Documents of a case through pages, API and worker: handed in, fetched, read, judged, stopped, forgotten."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from conftest import Rolled
from factories import CLOCK, DECLINE, MONDAY, Cast, a_case, a_request, act, case_of, move
from flask import Flask
from running import SWEPT
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from webclient import Browser

from request_tracker.actions import assess, documents, forget, measured, submit
from request_tracker.actions.advance import advance
from request_tracker.apidocs.apart import Reading
from request_tracker.apidocs.fetch import Fetched, NotFetched
from request_tracker.rules import submission
from request_tracker.rules.people import Viewer
from request_tracker.rules.terms import Criterion
from request_tracker.rules.vendor_api import Analysis, Figures, SignIn, SignInKind, Table
from request_tracker.settings import Settings
from request_tracker.store import api_documents, assessments, drafts, jobs, tokens
from request_tracker.store.api_documents import ApiDocument
from request_tracker.store.cases import Case
from request_tracker.store.documents import Document
from request_tracker.store.timeline import Entry
from request_tracker.work import assessing
from request_tracker.work.context import Context
from request_tracker.work.worker import Worker

pytestmark = SWEPT
GOOD = b"openapi: 3.1.0"
PAGE = b"<html><a href='https://docs.acme.example/openapi.json'>for programs</a></html>"
BAD = b"\x00\x01"


def found_in(body: bytes) -> Analysis | None:
    """What the real reader might find: more tables the longer the body is."""
    if body == BAD:
        return None
    if body == PAGE:
        return Analysis("html", links=("https://docs.acme.example/openapi.json", "javascript:alert(1)"))
    names = ("invoices", "customers", "payments", "credit_notes", "tax_rates", "plans", "events")
    names = names[: 5 + len(body) - len(GOOD)]
    said = {"invoices": ({"id": 1},)}
    tables = tuple(Table(name, f"/{name}", "data", pointers=(f"/paths/~1{name}/get",)) for name in names)
    figures = Figures(operations=9, get_operations=9, get_with_schema=9, auth_vendor="static", collection_endpoints=5)
    way = SignIn(SignInKind.API_KEY, "X-Key\u202e<b>", "header")
    return Analysis("openapi3.1", "Acme <script>", "1", figures=figures, tables=tables, sign_in=(way,), examples=said)


@dataclass
class Desk:
    """The application, its worker with a made-up internet and reader, and the people."""

    app: Flask
    session: Session
    cast: Cast
    database: Rolled
    settings: Settings
    internet: dict[str, bytes] = field(default_factory=dict)
    read: list[bytes] = field(default_factory=list)
    meanwhile: Callable[[Callable[[str], None]], None] = lambda tell: tell("Looking for tables")

    def context(self) -> Context:
        return Context(
            self.database, self.settings, lambda: CLOCK["now"], _no_fivetran, fetch=self.fetch, read_apart=self.reader
        )

    def fetch(self, url: str, *, this_machine: bool, on_step: Callable[[str], None]) -> Fetched:
        if url not in self.internet:
            raise NotFetched("There is nothing at this address: upload the document.")
        return Fetched(url, self.internet[url], "application/json", "openapi.json")

    def reader(self, body: bytes, *, name: str, on_step: Callable[[str], None]) -> Reading:
        self.read.append(body)
        self.meanwhile(on_step)
        analysis = found_in(body)
        return Reading(analysis, "" if analysis else "This is no API document: export it as JSON.", 0.25, 60.0)

    def work(self) -> None:
        """What waits for the worker of documents, and nothing else."""
        self.session.commit()
        effects = {"assess_document": lambda context, call: assessing.assess(context, call.args["document_id"])}
        with self.database.transaction() as session:
            for job in session.scalars(select(jobs.Job).where(jobs.Job.kind != "assess_document")):
                session.delete(job)
        Worker(self.context(), effects=effects).drain()
        self.session.expire_all()

    def browser(self, who: Viewer) -> Browser:
        return Browser(self.app).sign_in(who)

    @property
    def newest(self) -> int:
        return self.session.scalar(select(func.max(ApiDocument.id))) or 0

    def documents(self) -> list[tuple[str, str, str]]:
        rows = self.session.scalars(select(ApiDocument).order_by(ApiDocument.id))
        return [(row.origin, row.state, row.kind) for row in rows]

    def call(self, who: Viewer, method: str, path: str, status: int = 200, **sent: Any) -> Any:
        secret = tokens.issue(self.session, who.id or 0, "all", CLOCK["now"])
        self.session.commit()
        headers = {"Authorization": f"Bearer {secret}"}
        answer = self.app.test_client().open(f"/api/v1{path}", method=method, headers=headers, **sent)
        assert answer.status_code == status, answer.text
        return answer.get_json()

    def kinds(self, case: Case) -> list[str]:
        found = select(Entry.kind).where(Entry.case_id == case.id, Entry.kind.like("document%")).order_by(Entry.seq)
        return list(self.session.scalars(found))


def _no_fivetran() -> Any:
    raise AssertionError("nothing here reaches Fivetran")


@pytest.fixture
def desk(app: Flask, session: Session, cast: Cast, rolled: Rolled, settings: Settings) -> Desk:
    return Desk(app, session, cast, rolled, settings)


@pytest.fixture
def case(session: Session, cast: Cast) -> Case:
    case = a_case(session, cast, phase="validation")
    session.commit()
    return case


def test_each_way_to_hand_one_in_ends_in_an_assessment(desk: Desk, case: Case) -> None:
    page, path = desk.browser(desk.cast.engineer), f"/cases/{case.number}"
    assert "No document was read yet" in page.get(f"{path}/assessment").text
    file = {"how": "file", "file": (io.BytesIO(GOOD), "../../api.yaml")}
    page.post(f"{path}/documents", file, on=f"{path}/assessment")
    waiting = page.get(f"{path}/assessment").text
    assert "Waits" in waiting
    assert "hx-trigger" in waiting
    assert "api.yaml" in waiting
    assert ".." not in waiting
    desk.work()
    desk.internet = {case.api_docs_url: GOOD + b"!", "https://docs.acme.example/openapi.json": GOOD + b"!!"}
    page.post(f"{path}/documents", {"how": "docs"}, on=path)
    desk.work()
    page.post(f"{path}/documents", {"how": "text", "text": PAGE.decode()}, on=path)
    desk.work()
    shown = page.get(f"{path}/assessment").text
    assert "Read this one instead" in shown
    assert "javascript:" not in shown
    page.post(f"{path}/documents", {"how": "url", "url": "https://docs.acme.example/openapi.json"}, on=path)
    desk.work()
    assert desk.documents() == [
        ("upload", "read", "openapi3.1"), ("address", "read", "openapi3.1"),
        ("paste", "read", "html"), ("address", "read", "openapi3.1"),
    ]  # fmt: skip
    rows = assessments.of_case(desk.session, case.id)
    assert set(rows) == set(Criterion)
    assert {row.document_id for row in rows.values()} == {desk.newest}
    shown = page.get(f"{path}/assessment").text
    assert "Compared with version 2" in shown
    assert "events" in shown
    assert "<script>" not in shown.replace("<script src", "")
    assert "\u202e" not in shown
    assert "<b>" not in shown
    assert desk.kinds(case) == ["document", "document.read"] * 4


def test_what_cannot_be_taken_is_told_and_what_was_typed_stays(desk: Desk, case: Case) -> None:
    page, path = desk.browser(desk.cast.specialist), f"/cases/{case.number}/documents"
    for sent, said in (
        ({"how": "file"}, "Choose a file first"),
        ({"how": "file", "file": (io.BytesIO(b"MZ"), "a.exe")}, "Choose a file of one of these kinds"),
        ({"how": "file", "file": (io.BytesIO(b""), "a.json")}, "The file is empty"),
        ({"how": "url", "url": "ftp://x.example/typed"}, "ftp://x.example/typed"),
        ({"how": "url", "url": "https://me:secret@x.example/"}, "without a name or password"),
        ({"how": "text", "text": "  "}, "Paste the text"),
        ({"how": "?"}, "Choose a file, an address or a text"),
    ):
        assert said in page.post(path, sent, status=422, on=f"/cases/{case.number}").text
    assert page.post(path, {"how": "sent", "upload": "1"}, status=404, on="/queue")
    assert desk.documents() == []
    requester = desk.browser(desk.cast.ada)
    assert requester.get(f"/cases/{case.number}/assessment", status=403)


def test_the_same_bytes_are_not_read_twice(desk: Desk, case: Case) -> None:
    page, path = desk.browser(desk.cast.specialist), f"/cases/{case.number}"
    text = {"how": "text", "text": GOOD.decode()}
    for _ in range(2):
        page.post(f"{path}/documents", text, on=path)
    assert len(desk.documents()) == 1
    desk.work()
    page.post(f"{path}/documents", text, on=path)
    assert "nothing new to read" in page.get(f"{path}/assessment").text
    desk.internet = {case.api_docs_url: GOOD}
    page.post(f"{path}/documents", {"how": "docs"}, on=path)
    desk.work()
    assert desk.read == [GOOD]
    shown = page.get(f"{path}/assessment").text
    assert "Same as version 1" in shown
    assert "It has not changed" in shown


def test_failures_say_what_to_do_and_can_be_begun_anew(desk: Desk, case: Case) -> None:
    page, path = desk.browser(desk.cast.specialist), f"/cases/{case.number}"
    page.post(f"{path}/documents", {"how": "docs"}, on=path)
    desk.work()
    assert "There is nothing at this address: upload the document." in page.get(path).text
    desk.internet = {case.api_docs_url: BAD}
    page.post(f"{path}/documents/{desk.newest}/again", on=path)
    desk.work()
    assert "This is no API document: export it as JSON." in page.get(f"{path}/assessment").text
    page.post(f"{path}/documents/{desk.newest}/again", on=path)
    desk.work()
    assert desk.read == [BAD, BAD]
    assert assessments.of_case(desk.session, case.id) == {}
    assert desk.kinds(case).count("document.failed") == 3


def test_stopping_drops_what_is_found_and_a_dead_workers_half_is_begun_anew(desk: Desk, case: Case) -> None:
    page, path = desk.browser(desk.cast.specialist), f"/cases/{case.number}"
    page.post(f"{path}/documents", {"how": "text", "text": GOOD.decode()}, on=path)

    def stopped(tell: Callable[[str], None]) -> None:
        tell("Looking for tables")
        assert "Looking for tables" in page.get(f"{path}/assessment/documents").text
        page.post(f"{path}/documents/{desk.newest}/stop", on=path)

    desk.meanwhile = stopped
    desk.work()
    assert desk.documents() == [("paste", "stopped", "")]
    desk.meanwhile = _killed
    page.post(f"{path}/documents/{desk.newest}/again", on=path)
    desk.session.commit()
    with pytest.raises(KeyboardInterrupt):
        assessing.assess(desk.context(), desk.newest)
    desk.session.expire_all()
    assert desk.documents() == [("paste", "reading", "")]
    desk.meanwhile = lambda tell: None
    assessing.assess(desk.context(), desk.newest)
    assessing.assess(desk.context(), desk.newest)
    desk.session.expire_all()
    assert desk.documents() == [("paste", "read", "openapi3.1")]
    assert len(desk.read) == 3


def _killed(tell: Callable[[str], None]) -> None:
    raise KeyboardInterrupt


def test_lost_work_is_taken_up_and_given_up_once_its_job_is_dead(desk: Desk, case: Case) -> None:
    documents.paste(desk.session, case, "a", act(desk.cast.specialist))
    documents.paste(desk.session, case, "b", act(desk.cast.specialist))
    one, two = desk.session.scalars(select(jobs.Job).where(jobs.Job.kind == "assess_document").order_by(jobs.Job.id))
    one.state, two.state = "dead", "done"
    desk.session.commit()
    CLOCK["now"] += timedelta(minutes=11)
    assessing.look_after(desk.context())
    desk.session.expire_all()
    assert [state for _, state, _ in desk.documents()] == ["failed", "waiting"]
    desk.work()
    assert [state for _, state, _ in desk.documents()] == ["failed", "read"]


def test_a_document_comes_with_the_request_and_later_ones_of_the_tree_keep_their_account(desk: Desk) -> None:
    cast, session = desk.cast, desk.session
    request = a_request(session, cast.ada)
    submit.keep_upload(session, request, _upload(GOOD), act(cast.ada))
    case = case_of(session, request)
    desk.work()
    joined = a_request(session, cast.cleo, join=case.number)
    for body in (GOOD, GOOD + b"!", *(b"%d" % n for n in range(9))):
        submit.keep_upload(session, joined, _upload(body), act(cast.cleo))
    rows = api_documents.of_case(session, case.id)
    assert len(rows) == 1 + documents.MOST_AT_ONCE, "not the same twice, and not too many at once"
    assert {row.account_id for row in rows[:-1]} == {cast.cleo.account_id}
    assert rows[-1].account_id == cast.ada.account_id
    desk.work()
    move(session, case, "claim", cast.specialist)
    session.commit()
    page, path = desk.browser(cast.specialist), f"/cases/{case.number}"
    unread = session.scalar(select(Document.id).order_by(Document.id.desc()).limit(1))
    assert f"came with {joined.number}" in page.get(f"{path}/assessment").text
    page.post(f"{path}/documents", {"how": "sent", "upload": str(unread)}, on=path)
    desk.work()
    assert api_documents.of_case(session, case.id)[0].upload_id == unread


def test_claiming_has_the_documentation_read_where_the_program_says_so(desk: Desk) -> None:
    cast, session = desk.cast, desk.session
    quiet, asked = (case_of(session, a_request(session, cast.ada)) for _ in range(2))
    move(session, quiet, "claim", cast.specialist)
    program = replace(act(cast.specialist).program, reads_documents=True)
    advance(session, asked, "claim", version=asked.version, act=replace(act(cast.specialist), program=program))
    desk.internet = {asked.api_docs_url: GOOD}
    desk.work()
    assert api_documents.of_case(session, quiet.id) == []
    assert [row.state for row in api_documents.of_case(session, asked.id)] == ["read"]


def test_what_a_person_decided_stays_and_a_new_measure_is_shown(desk: Desk, case: Case) -> None:
    cast, session = desk.cast, desk.session
    documents.paste(session, case, GOOD.decode(), act(cast.specialist))
    desk.work()
    assess.decide(session, case, {"size": ("poor", "Too few")}, act(cast.specialist), accept_all=True)
    session.commit()
    page = desk.browser(cast.specialist)
    assert "Measured anew since" not in page.get(f"/cases/{case.number}").text
    measured.judge_again(session, case, act(cast.specialist, MONDAY + timedelta(hours=1)))
    session.commit()
    assert "Measured anew since" not in page.get(f"/cases/{case.number}").text, "nothing became another"
    CLOCK["now"] += timedelta(hours=1)
    documents.paste(session, case, GOOD.decode() + "!!", act(cast.specialist, CLOCK["now"]))
    desk.work()
    row = assessments.of_case(session, case.id)[Criterion.SIZE]
    assert (row.verdict, row.note) == ("poor", "Too few")
    shown = page.get(f"/cases/{case.number}").text
    assert shown.count("Measured anew since") == 1


def test_names_that_steer_the_reading_lose_that(desk: Desk) -> None:
    browser, name = desk.browser(desk.cast.ada), "inv\u202eoice\x1b<b>.json"
    request = a_request(desk.session, desk.cast.ada, service_name=submission.read({**_TYPED}).service_name)
    path = f"/requests/{request.number}/documents"
    sent = {"data": {"file": (io.BytesIO(GOOD), f"folder\\{name}")}, "content_type": "multipart/form-data"}
    desk.call(desk.cast.ada, "POST", path, 201, **sent)
    page = browser.get(f"/requests/{request.number}").text
    assert "invoice &lt;b&gt;.json" in page
    assert "Acme flipped" in page
    assert not {"\u202e", "\u2067", "\x1b"} & set(page)


_TYPED = {
    "service_name": "Acme \u202eflip\u2067ped", "service_url": "https://acme.example", "terms_accepted": True,
    "api_docs_url": "https://acme.example/api", "use_case": "To know what was sold", "data_needed": "Invoices",
}  # fmt: skip


def test_the_api_hands_in_and_tells_all_of_it(desk: Desk, case: Case) -> None:
    path, lead = f"/cases/{case.number}", desk.cast.lead
    sent = desk.call(lead, "POST", f"{path}/documents", 202, json={"text": GOOD.decode()})
    assert (sent["state"], sent["is_new"]) == ("waiting", True)
    again = desk.call(lead, "POST", f"{path}/documents", 202, data={"file": (io.BytesIO(GOOD), "a.yaml")})
    assert (again["id"], again["is_new"]) == (sent["id"], False)
    for body in ({}, {"url": "https://x.example/", "text": "a"}, {"url": "file:///etc/passwd"}):
        desk.call(lead, "POST", f"{path}/documents", 422, json=body)
    desk.work()
    (item,) = desk.call(lead, "GET", f"{path}/documents")["items"]
    assert (item["state"], item["version"], item["in_use"]) == ("read", 1, True)
    told = desk.call(lead, "GET", f"{path}/assessment")
    assert told["verdict"] == item["verdict"]
    assert told["tables"] == 5
    assert told["criteria"]["size"]["pointers"] == [f"/paths/~1{name}/get" for name in _names(5)]
    assert {hit["word"].lower() for hit in told["needs"]["hits"]} >= {"invoices", "customers", "payments"}
    desk.call(desk.cast.ada, "GET", f"{path}/assessment", 403)
    desk.call(desk.cast.auditor, "POST", f"{path}/documents", 403, json={"text": "a"})


def _names(count: int) -> tuple[str, ...]:
    return ("invoices", "customers", "payments", "credit_notes", "tax_rates")[:count]


def test_contents_are_forgotten_a_week_after_the_end_and_their_rows_stay(desk: Desk) -> None:
    cast, session = desk.cast, desk.session
    kept, over = (case_of(session, a_request(session, cast.ada)) for _ in range(2))
    for each in (kept, over):
        request = session.get_one(submit.Request, each.primary_request_id)
        submit.keep_upload(session, request, _upload(GOOD), act(cast.ada))
        move(session, each, "claim", cast.specialist)
        documents.paste(session, each, "fetched elsewhere", act(cast.specialist))
    desk.work()
    move(session, over, "decline", cast.specialist, **DECLINE)
    ended = act(cast.specialist, MONDAY + timedelta(days=7, seconds=-1))
    assert forget.documents(session, ended) == 0
    assert forget.documents(session, act(cast.specialist, MONDAY + timedelta(days=7))) == 2
    assert forget.documents(session, act(cast.specialist, MONDAY + timedelta(days=8))) == 0
    session.commit()
    rows = api_documents.of_case(session, over.id)
    assert all(row.forgotten_at and row.analysis and api_documents.body_of(session, row) is None for row in rows)
    assert all(api_documents.body_of(session, row) for row in api_documents.of_case(session, kept.id))
    assert [_copied(each) for each in (*rows, *api_documents.of_case(session, kept.id))] == [0, 0, 1, 1]
    assert desk.kinds(over)[-1] == "document.forgotten"
    page, path = desk.browser(cast.lead), f"/cases/{over.number}"
    assert "Deleted as no longer needed" in page.get(f"{path}/assessment").text
    assert page.get(f"{path}/documents/{rows[0].id}", status=404)
    sent = page.get(f"/cases/{kept.number}/documents/{api_documents.of_case(session, kept.id)[0].id}")
    assert sent.headers["Content-Disposition"].startswith("attachment")
    elsewhere = api_documents.of_case(session, kept.id)[0].id
    assert page.get(f"/cases/{over.number}/documents/{elsewhere}", status=404), "a document of another case"


def _copied(row: ApiDocument) -> int:
    found = api_documents.analysis_of(row)
    assert found is not None
    assert found.tables
    return len(found.examples)


def test_the_file_of_a_request_that_was_never_sent_is_forgotten_and_its_words_stay(desk: Desk) -> None:
    session, who = desk.session, desk.cast.ada.id or 0
    packed = {"filename": "a.yaml", "media_type": "", "sha256": "0", "body": "YQ=="}
    drafts.keep(session, who, None, {"service_name": "Acme", drafts.DOCUMENT: packed}, MONDAY)
    session.flush()
    assert forget.drafts(session, act(desk.cast.ada, MONDAY + timedelta(days=7, seconds=-1))) == 0
    assert forget.drafts(session, act(desk.cast.ada, MONDAY + timedelta(days=7))) == 1
    session.flush()
    assert drafts.of(session, who) == {"service_name": "Acme"}
    assert forget.drafts(session, act(desk.cast.ada, MONDAY + timedelta(days=8))) == 0


def test_a_customer_that_sends_many_files_at_once_does_not_keep_the_others_waiting(desk: Desk) -> None:
    for n in range(documents.MOST_OF_ACCOUNT + 2):
        request = a_request(desk.session, desk.cast.ada, service_name=f"Service {n}")
        submit.keep_upload(desk.session, request, _upload(b"%d" % n), act(desk.cast.ada))
    other = a_request(desk.session, desk.cast.cleo)
    submit.keep_upload(desk.session, other, _upload(GOOD), act(desk.cast.cleo))
    accounts = [row.account_id for row in desk.session.scalars(select(ApiDocument).order_by(ApiDocument.id))]
    assert accounts == [desk.cast.ada.account_id] * documents.MOST_OF_ACCOUNT + [desk.cast.cleo.account_id]


def _upload(body: bytes) -> submit.Upload:
    return submit.Upload("api.yaml", "text/plain", sha256(body).hexdigest(), body)
