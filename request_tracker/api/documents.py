"""A case's API documents over the API: hand one in, see how they stand, and all that was measured."""

from typing import Any

from flask import Response, jsonify
from flask import request as http
from sqlalchemy.orm import Session

from request_tracker.access import wiring
from request_tracker.actions import documents as actions
from request_tracker.actions.documents import Added
from request_tracker.actions.unfit import Unfit
from request_tracker.api import api, shapes
from request_tracker.api.keyed import keyed
from request_tracker.api.schemas import read_body
from request_tracker.rules.assessment import Judgement
from request_tracker.rules.people import Viewer
from request_tracker.store import reading_case, reading_documents, reading_measured
from request_tracker.store.case_rows import CriterionRow
from request_tracker.store.cases import Case
from request_tracker.store.reading_documents import DocumentVersion
from request_tracker.store.reading_measured import Found

Json = dict[str, Any]


@api.post("/cases/<number>/documents")
def add_case_document(number: str) -> Response:
    """202: it is read by the worker. The same bytes as before answer with the document that is there."""
    file = http.files.get("file") or http.files.get("document")
    body = {} if file is not None else read_body("Document")
    with wiring.transaction() as session:
        case = reading_case.case_for(session, number, wiring.viewer(), lock=True)
        if file is None:
            return keyed(session, lambda: _answer(session, case, _named(session, case, body)), status=202)
        sent = actions.an_upload(file.filename or "", file.mimetype, file.read())
        answer = jsonify(_answer(session, case, actions.upload(session, case, sent, wiring.act())))
        answer.status_code = 202
        return answer


@api.get("/cases/<number>/documents")
def read_documents(number: str) -> Response:
    with wiring.reading() as session:
        case = reading_case.case_for(session, number, wiring.viewer())
        found = reading_documents.documents(session, case, wiring.viewer())
    return jsonify({"items": [_document(each) for each in found.versions]})


@api.get("/cases/<number>/assessment")
def read_assessment(number: str) -> Response:
    """What was measured and decided, and what it rests upon. Without a document only what was decided."""
    viewer = wiring.viewer()
    with wiring.reading() as session:
        case = reading_case.case_for(session, number, viewer)
        return jsonify(_assessment(session, case, viewer))


def _named(session: Session, case: Case, body: Json) -> Added:
    given = [name for name in ("url", "text") if body.get(name)]
    if len(given) != 1:
        raise Unfit("url", "Send either url or text, or the document as a multipart part called file")
    take = {"url": actions.fetch, "text": actions.paste}[given[0]]
    return take(session, case, body[given[0]], wiring.act())


def _answer(session: Session, case: Case, added: Added) -> Json:
    found = reading_documents.documents(session, case, wiring.viewer())
    return {**next(_document(each) for each in found.versions if each.id == added.document.id), "is_new": added.is_new}


def _document(row: DocumentVersion) -> Json:
    return {
        "id": row.id, "version": row.version or None, "name": row.name, "kind": row.kind or None, "origin": row.origin,
        "request": row.request or None, "url": row.url or None, "size": row.size, "at": shapes.instant(row.at),
        "state": row.state, "step": row.step or None, "sentence": row.sentence or None, "offered": list(row.offered),
        "verdict": row.verdict, "score": row.score, "seconds": row.took_s, "in_use": row.is_basis,
        "same_as_version": row.same_as or None, "read_at": shapes.instant(row.finished_at),
        "forgotten_at": shapes.instant(row.forgotten_at),
    }  # fmt: skip


def _assessment(session: Session, case: Case, viewer: Viewer) -> Json:
    documents = reading_documents.documents(session, case, viewer)
    found = reading_measured.found(session, case, viewer)
    points = {each.criterion: each for each in found.judged.criteria} if found else {}
    view = reading_case.view(session, case, wiring.act())
    basis = documents.basis
    return {
        "verdict": basis.verdict if basis else None,
        "score": basis.score if basis else None,
        "caps": list(basis.caps) if basis else [],
        "alternatives": list(basis.alternatives) if basis else [],
        "document": _document(basis) if basis else None,
        "criteria": {row.criterion: _criterion(row, points.get(row.criterion)) for row in view.assessment},
        **(_found(found) if found else {}),
    }


def _criterion(row: CriterionRow, judged: Judgement | None) -> Json:
    return {
        "measured": row.measured, "figure": row.figure, "threshold": row.threshold, "reason": row.reason,
        "pointers": list(row.pointers), "points": judged.points if judged else None,
        "of": judged.of if judged else None, "verdict": row.verdict, "note": row.note, "measured_anew": row.is_anew,
    }  # fmt: skip


def _found(found: Found) -> Json:
    needs = found.judged.needs
    return {
        "tables": found.tables,
        "chosen": found.chosen,
        "needs": {
            "hits": [{"word": hit.word, "tables": list(hit.tables), "why": hit.why} for hit in needs.hits],
            "misses": list(needs.misses),
        },
        "sign_in": [{"way": row.way, "about": row.about} for row in found.sign_in],
        "webhooks": found.webhooks or None,
        "post_reads": list(found.post_reads),
        "warnings": [{"sentence": sentence, "pointer": pointer} for sentence, pointer in found.warnings],
        "changes": {"since_version": found.since, "sentences": list(found.changes)} if found.since else None,
    }
