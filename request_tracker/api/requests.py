"""Requests over the API: send one, read it, add a document, withdraw it and come back."""

import hashlib
import json
from typing import Any

from flask import Response, jsonify
from flask import request as http
from sqlalchemy.orm import Session

from request_tracker.access import wiring
from request_tracker.actions import submit as sending
from request_tracker.actions import withdraw as leaving
from request_tracker.actions.submit import Upload
from request_tracker.actions.unfit import Unfit
from request_tracker.api import api, shapes
from request_tracker.api.keyed import keyed
from request_tracker.api.schemas import read_body
from request_tracker.rules import submission
from request_tracker.rules.matching import Entry
from request_tracker.rules.people import Viewer
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.terms import Role
from request_tracker.store import cases, people, reading_case
from request_tracker.store.candidates import suggest
from request_tracker.store.cases import Case
from request_tracker.store.people import Account, Person
from request_tracker.store.requests import Request


@api.post("/requests")
def create_request() -> Response:
    body = read_body("Submission")
    with wiring.transaction() as session:
        return keyed(session, lambda: _create(session, body), status=201)


@api.get("/requests/<number>")
def read_request(number: str) -> Response:
    with wiring.reading() as session:
        return jsonify(shape(session, reading_case.request_for(session, number, wiring.viewer())))


@api.post("/requests/<number>/documents")
def add_document(number: str) -> Response:
    file = http.files.get("file") or http.files.get("document")
    if file is None:
        raise Unfit("file", "Send the document as a multipart part called file")
    upload = read_upload(file.filename or "document", file.mimetype, file.read())
    with wiring.transaction() as session:
        request = reading_case.request_for(session, number, wiring.viewer())
        sending.add_file(session, request, upload, wiring.act())
        return _answer(shape(session, request), 201)


@api.post("/requests/<number>/withdrawal")
def withdraw(number: str) -> Response:
    with wiring.transaction() as session:
        request = reading_case.request_for(session, number, wiring.viewer())
        return jsonify(shape(session, leaving.withdraw(session, request, wiring.act())))


@api.delete("/requests/<number>/withdrawal")
def take_back(number: str) -> Response:
    with wiring.transaction() as session:
        request = reading_case.request_for(session, number, wiring.viewer())
        return jsonify(shape(session, leaving.take_back(session, request, wiring.act())))


@api.get("/suggestions")
def suggestions() -> Response:
    entry = Entry(*(http.args.get(name, "") for name in ("service_name", "service_url", "api_docs_url")))
    with wiring.reading() as session:
        found = suggest(session, entry, wiring.knowledge(session))
    return jsonify({"items": [shapes.suggestion(each) for each in found]})


def read_upload(filename: str, media_type: str, body: bytes) -> Upload:
    """A checked upload. Raises Unfit when it is empty."""
    if not body:
        raise Unfit("file", "The file is empty: choose the API document again")
    name = submission.file_name(filename) or "document"
    return Upload(name, media_type or "application/octet-stream", hashlib.sha256(body).hexdigest(), body)


def _create(session: Session, body: dict[str, Any]) -> dict[str, Any]:
    document = body.get("document")
    sent = submission.read(body, has_document=bool(document))
    knowledge = wiring.knowledge(session)
    request = sending.submit(
        session,
        sent,
        wiring.act(),
        on_behalf_of=_behalf(session, body.get("on_behalf_of")),
        join=body.get("join") or None,
        upload=_inline(document),
        knowledge=knowledge,
        consent=_consent(body.get("consent")),
    )
    root = cases.root_of(session, session.get_one(Case, request.case_id))
    view = reading_case.view(session, root, wiring.act())
    entry = Entry(sent.service_name, sent.service_url, sent.api_docs_url)
    found = suggest(session, entry, knowledge, beside=request.case_id)
    promise = view.promise
    return {
        "number": request.number,
        "case": view.number,
        "phase": view.phase,
        "promised_at": shapes.instant(promise.due_at) if promise else None,
        "suggestions": [shapes.suggestion(each) for each in found],
    }


def _behalf(session: Session, email: str | None) -> Viewer | None:
    if not email:
        return None
    if wiring.viewer().role is not Role.SPECIALIST:
        raise NotAllowed("Only a specialist may submit on behalf of a requester")
    person = people.by_email(session, email)
    if person is None:
        raise Unfit("on_behalf_of", f"Nobody here has the address {email[:100]}: ask an admin to add them")
    return people.viewer_of(person)


def _consent(given: str | None) -> str:
    """What was said about it; who says nothing answers for it by name."""
    return f"stated through the API by {wiring.viewer().name}" if given is None else given


def _inline(document: Any) -> Upload | None:
    if not document:
        return None
    text = document if isinstance(document, str) else json.dumps(document)
    return read_upload("document", "text/plain", text.encode(errors="replace"))


def shape(session: Session, request: Request) -> dict[str, Any]:
    """The request as its account may see it."""
    root = cases.root_of(session, session.get_one(Case, request.case_id))
    view = reading_case.view(session, root, wiring.act())
    person, account = session.get_one(Person, request.person_id), session.get_one(Account, request.account_id)
    row = reading_case.request_row(session, request, person, account.name, primary_id=root.primary_request_id)
    return shapes.request(row, view)


def _answer(body: dict[str, Any], status: int) -> Response:
    answer = jsonify(body)
    answer.status_code = status
    return answer
