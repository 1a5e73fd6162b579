"""A document on its way through the worker: what is to be done, how far it is, what came of it.

Each function is a short transaction of its own; all of them may be called twice, by a worker that took over another's.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.actions import documents, measured, record
from request_tracker.actions.documents import GONE
from request_tracker.actions.uploads import Upload
from request_tracker.rules.people import Act
from request_tracker.rules.submission import ADDRESS
from request_tracker.rules.vendor_api import Analysis
from request_tracker.store import api_documents, cases, jobs
from request_tracker.store.api_documents import UNDER_WAY, ApiDocument

SAME = "It has not changed since it was read before: nothing was read twice"
LOST = "It was begun again and again and never ended: send a smaller document, or ask an admin to look at the worker"
LATE = timedelta(minutes=10)


@dataclass(frozen=True)
class Task:
    """What the worker has to do: fetch `url`, or read `body`, known by its file name or its address."""

    url: str = ""
    body: bytes | None = None
    name: str = ""


def begin(session: Session, document_id: int, act: Act) -> Task | None:
    """What is to be done; None where it is over or was stopped. A dead worker's half is begun anew."""
    row = api_documents.locked(session, document_id)
    if row.state not in UNDER_WAY:
        return None
    row.started_at = row.started_at or act.now
    body = api_documents.body_of(session, row)
    if body is None and row.url:
        row.state, row.step = "fetching", "Asking for the document"
        return Task(url=row.url)
    if body is None:
        row.over("failed", GONE, act.now)
        return None
    row.state, row.step = "reading", "Reading the document"
    return Task(body=body, name=row.url or row.filename)


def fetched(session: Session, document_id: int, sent: Upload, url: str, act: Act) -> bool:
    """Keep what was fetched. False where it was stopped meanwhile, or is what the case rests upon already."""
    row = api_documents.locked(session, document_id)
    if row.state not in UNDER_WAY:
        return False
    row.url, row.filename, row.media_type = url[:ADDRESS], sent.filename[:255], sent.media_type[:100]
    row.size, row.sha256 = len(sent.body), sent.sha256
    newest = api_documents.newest_read(session, row.case_id)
    if newest is not None and newest.sha256 == row.sha256:
        row.former_id = newest.id
        row.over("stopped", SAME, act.now)
        return False
    row.body, row.state, row.step = sent.body, "reading", "Reading the document"
    return True


def step(session: Session, document_id: int, words: str) -> bool:
    """What is being done now, for those who watch. False where it was stopped."""
    row = session.get_one(ApiDocument, document_id)
    if row.state not in UNDER_WAY:
        return False
    row.step = words[:200]
    return True


def taken_in(session: Session, document_id: int, analysis: Analysis, took_s: float, act: Act) -> bool:
    """Take in what was found. False where it was stopped, or another worker was first."""
    row = session.get_one(ApiDocument, document_id)
    (case,) = cases.locked(session, row.case_id)
    row = api_documents.locked(session, document_id)
    if row.state not in UNDER_WAY:
        return False
    former = api_documents.newest_read(session, row.case_id)
    row.former_id, row.took_s = former.id if former else None, round(took_s, 3)
    measured.take_in(session, case, row, analysis, act)
    return True


def failed(session: Session, document_id: int, sentence: str, act: Act) -> None:
    """It could not be fetched or read: `sentence` says why and what to do."""
    row = session.get_one(ApiDocument, document_id)
    (case,) = cases.locked(session, row.case_id)
    row = api_documents.locked(session, document_id)
    if row.state in UNDER_WAY:
        row.over("failed", sentence[:1000], act.now)
        record.entry(session, case, act, "document.failed", data={"document": row.id}, audience="staff")


def overdue(session: Session, act: Act) -> int:
    """Documents that nobody works on any more: begun anew, or given up where that was tried. Answers how many."""
    late = select(ApiDocument.id).where(ApiDocument.state.in_(UNDER_WAY), ApiDocument.created_at < act.now - LATE)
    count = 0
    for document_id in session.scalars(late.order_by(ApiDocument.id).limit(100)).all():
        state = jobs.state_of(session, documents.key_of(document_id))
        if state in ("ready", "running"):
            continue
        count += 1
        if state == "dead":
            failed(session, document_id, LOST, act)
        else:
            documents.queue(session, document_id, act)
    return count
