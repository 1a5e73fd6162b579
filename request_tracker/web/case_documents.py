"""A case's API documents and what was measured in them: hand one in, watch it being read, see every figure."""

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, url_for
from flask import request as http
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from request_tracker.access import policy, wiring
from request_tracker.actions import documents as actions
from request_tracker.actions.documents import Added
from request_tracker.actions.unfit import Unfit
from request_tracker.actions.uploads import Upload
from request_tracker.rules.process import Refused
from request_tracker.rules.rubric import RUBRIC
from request_tracker.store import api_documents, reading_case, reading_documents, reading_measured
from request_tracker.store.cases import Case
from request_tracker.store.documents import NoSuchDocument
from request_tracker.web import case_evidence
from request_tracker.web.attachment import attachment
from request_tracker.web.case_forms import NOTHING, Attempt, FormField, a_field, problem_of
from request_tracker.web.forms import whole
from request_tracker.web.texts import say

documents = Blueprint("documents", __name__)
ID = "<int(max=2147483647):document_id>"
Take = Callable[[Session, Case], Added]
ANCHORS = {"file": "add-file", "url": "add-url", "text": "add-text"}


@documents.get("/cases/<number>/assessment")
def show(number: str) -> ResponseReturnValue:
    return _page(number)


@documents.get("/cases/<number>/assessment/documents")
def progress(number: str) -> ResponseReturnValue:
    """The part of the page that changes while a document is read; `brief` for the case page."""
    with wiring.reading() as session:
        case = reading_case.case_for(session, number, wiring.viewer())
        found = reading_documents.documents(session, case, wiring.viewer())
        number, may = case.number, _may(case)
    part = "documents/_brief.html" if "brief" in http.args else "documents/_versions.html"
    return render_template(part, number=number, documents=found, may=may, polled=True)


@documents.post("/cases/<number>/documents")
def add(number: str) -> ResponseReturnValue:
    """A file, an address, a text; the documentation the request names; or a file that came with a request."""
    how = http.form.get("how", "")
    try:
        with wiring.transaction() as session:
            case = reading_case.case_for(session, number, wiring.viewer(), lock=True)
            added = _take(how)(session, case)
            number = case.number
    except Unfit as fault:
        return _page(number, Attempt("add", http.form.to_dict(flat=False), ((_field(how, fault), fault.message),))), 422
    except Refused as fault:
        return _page(number, Attempt("add", {}, (), fault.blockers)), 409
    flash(say("document_being_read") if added.is_new else say("document_not_new"), "ok" if added.is_new else "info")
    return _back(number)


@documents.post(f"/cases/<number>/documents/{ID}/stop")
def stop(number: str, document_id: int) -> ResponseReturnValue:
    with wiring.transaction() as session:
        case = reading_case.case_for(session, number, wiring.viewer(), lock=True)
        done = actions.stop(session, case, document_id, wiring.act())
    flash(say("stopped") if done else say("over_already"), "ok" if done else "info")
    return _back(case.number)


@documents.post(f"/cases/<number>/documents/{ID}/again")
def again(number: str, document_id: int) -> ResponseReturnValue:
    try:
        with wiring.transaction() as session:
            case = reading_case.case_for(session, number, wiring.viewer(), lock=True)
            done = actions.again(session, case, document_id, wiring.act())
    except Unfit as fault:
        flash(say("as_raised", message=fault.message), "problem")
        return _back(number)
    flash(say("document_being_read") if done else say("document_under_way"), "ok" if done else "info")
    return _back(case.number)


@documents.get(f"/cases/<number>/documents/{ID}")
def download(number: str, document_id: int) -> ResponseReturnValue:
    """A document as it came, never shown by the browser itself. Raises NoSuchDocument."""
    with wiring.reading() as session:
        case = reading_case.case_for(session, number, wiring.viewer())
        row = api_documents.of_number(session, case.id, document_id)
        body = api_documents.body_of(session, row)
        name = f"{case.number}-document-{row.id}.txt"
    if body is None:
        raise NoSuchDocument("There is no such document, or it was deleted as it was no longer needed")
    return attachment(body, name)


def _take(how: str) -> Take:
    act = wiring.act()
    takes: dict[str, Take] = {
        "file": lambda session, case: actions.upload(session, case, _file(), act),
        "url": lambda session, case: actions.fetch(session, case, http.form.get("url", ""), act),
        "text": lambda session, case: actions.paste(session, case, http.form.get("text", ""), act),
        "docs": lambda session, case: actions.fetch(session, case, case.api_docs_url, act),
        "sent": lambda session, case: actions.read_upload(session, case, whole(http.form.get("upload", "")), act),
    }
    if how not in takes:
        raise Unfit("file", "Choose a file, an address or a text")
    return takes[how]


def _file() -> Upload:
    sent = http.files.get("file")
    if sent is None or not sent.filename:
        raise Unfit("file", "Choose a file first")
    return actions.an_upload(sent.filename, sent.mimetype, sent.read())


def _field(how: str, fault: Unfit) -> str:
    """Where the fault is shown: at the field that was sent, whatever the action calls it."""
    return how if how in ANCHORS else fault.field


def _page(number: str, attempt: Attempt = NOTHING) -> str:
    viewer = wiring.viewer()
    with wiring.reading() as session:
        case = reading_case.case_for(session, number, viewer)
        view = reading_case.view(session, case, wiring.act())
        shown = {
            "case": view,
            "documents": reading_documents.documents(session, case, viewer),
            "unread": reading_documents.unread(session, case, viewer),
            "found": reading_measured.found(session, case, viewer),
            "may": _may(case),
            "seen": reading_documents.newest_entry(session, case.id),
        }
    return render_template(
        "documents/assessment.html",
        number=view.number,
        criteria=case_evidence.criteria(view, NOTHING),
        fields=_fields(attempt),
        form=problem_of(attempt, ANCHORS),
        most=RUBRIC,
        max_mb=wiring.settings().max_body // 1_048_576,
        polled=False,
        **shown,
    )


def _fields(attempt: Attempt) -> dict[str, FormField]:
    most = wiring.settings().max_body // 1_048_576
    kinds = f"OpenAPI, Postman or GraphQL, or a page that points at one; {most} MB at most"
    return {
        "file": a_field(attempt, "add", "file", "File", hint=kinds),
        "url": a_field(attempt, "add", "url", "Address", kind="url", hint="Of the document itself, not of its pages"),
        "text": a_field(attempt, "add", "text", "Text", kind="area", hint="The document itself, pasted as it is"),
    }


def _may(case: Case) -> frozenset[str]:
    """What the viewer may do with the documents of this case as it stands."""
    if case.outcome is not None:
        return frozenset()
    names = ("documents.add", "documents.stop", "documents.again", "case.assess")
    return frozenset(name for name in names if policy.may(name, wiring.viewer().role))


def _back(number: str) -> ResponseReturnValue:
    return redirect(url_for("documents.show", number=number, _anchor="documents"), 303)
