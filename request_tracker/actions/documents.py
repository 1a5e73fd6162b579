"""API documents of a case: handed in with a request, by staff or by address; stopped, and begun anew."""

import hashlib
from dataclasses import dataclass

from sqlalchemy.orm import Session

from request_tracker.actions import record
from request_tracker.actions.rooted import must_be_root
from request_tracker.actions.unfit import Unfit, short_enough
from request_tracker.actions.uploads import Upload
from request_tracker.rules.people import Act
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.submission import ADDRESS, DOCUMENTS, file_name, is_document, web_address
from request_tracker.rules.terms import Role
from request_tracker.store import api_documents, cases, jobs
from request_tracker.store.api_documents import UNDER_WAY, ApiDocument
from request_tracker.store.cases import Case
from request_tracker.store.documents import Document, NoSuchDocument
from request_tracker.store.requests import Request

MAY_HAND_IN = (Role.SPECIALIST, Role.LEAD, Role.ENGINEER)
MOST_AT_ONCE = 5
"""So many documents of one case wait or are read at a time."""
MOST_OF_ACCOUNT = 10
"""So many files of one customer are read by themselves at a time: the others' are not to wait for a flood of them."""
EMPTY = "The file is empty: choose the API document again"
GONE = "Its contents were deleted as no longer needed: send the document again"
STOPPED = "It was stopped before it was read: try again if it is still wanted"


@dataclass(frozen=True)
class Added:
    """`is_new` is False where the same bytes are what the case rests upon already, or are being read."""

    document: ApiDocument
    is_new: bool


def an_upload(filename: str, media_type: str, body: bytes) -> Upload:
    """A file as it was handed in, without the folders of whoever had it."""
    name = file_name(filename) or "document"
    return Upload(name, media_type or "application/octet-stream", hashlib.sha256(body).hexdigest(), body)


def upload(session: Session, case: Case, sent: Upload, act: Act) -> Added:
    """Take a file from a member of staff. Raises Unfit, NotAllowed, Refused."""
    _may(case, act)
    if not is_document(sent.filename):
        raise Unfit("file", f"Choose a file of one of these kinds: {', '.join(DOCUMENTS)}")
    if not sent.body:
        raise Unfit("file", EMPTY)
    return _keep(session, case, act, "upload", sent.body, filename=sent.filename, media_type=sent.media_type)


def paste(session: Session, case: Case, text: str, act: Act) -> Added:
    """Take a document as text. Raises Unfit, NotAllowed, Refused."""
    _may(case, act)
    if not text.strip():
        raise Unfit("text", "Paste the text of the document: OpenAPI, Postman or GraphQL")
    return _keep(session, case, act, "paste", text.encode(errors="replace"))


def fetch(session: Session, case: Case, url: str, act: Act) -> Added:
    """Have a document fetched by its address. Raises Unfit, NotAllowed, Refused."""
    _may(case, act)
    found = url.strip()
    short_enough("url", found, most=ADDRESS)
    if not web_address(found):
        raise Unfit("url", "Enter a full web address that starts with https:// or http://, without a name or password")
    return Added(_queued(session, case, act, _row(case, act, "address", url=found)), True)


def read_upload(session: Session, case: Case, upload_id: int, act: Act) -> Added:
    """Read what came with one of the requests of the case's tree. Raises NoSuchDocument, Unfit, NotAllowed, Refused."""
    _may(case, act)
    found = session.get(Document, upload_id)
    request = session.get(Request, found.request_id) if found else None
    home = session.get(Case, request.case_id) if request else None
    if found is None or request is None or home is None or home.root_id != case.id:
        raise NoSuchDocument("There is no such document on this case")
    if found.body is None:
        raise Unfit("file", GONE)
    same = api_documents.same_bytes(session, case.id, found.sha256)
    return (
        Added(same, False) if same else Added(_queued(session, case, act, _of_request(case, request, found, act)), True)
    )


def with_request(session: Session, request: Request, sent: Document, act: Act) -> None:
    """Have a file read that just came with a request. What came too often is kept and read by nobody."""
    case = session.get_one(Case, request.case_id)
    root = cases.root_of(session, case)
    busy = (
        api_documents.under_way(session, root.id) >= MOST_AT_ONCE
        or api_documents.sent_by(session, request.account_id) >= MOST_OF_ACCOUNT
    )
    if root.outcome is not None or busy or api_documents.same_bytes(session, root.id, sent.sha256):
        return
    row = _of_request(root, request, sent, act)
    session.add(row)
    session.flush()
    queue(session, row.id, act)


def when_claimed(session: Session, case: Case, act: Act) -> None:
    """Have the request's documentation read as somebody begins with the case, where nothing was read yet."""
    url = case.api_docs_url
    if not act.program.reads_documents or not web_address(url) or api_documents.of_case(session, case.id):
        return
    row = _row(case, act, "address", url=url)
    session.add(row)
    session.flush()
    queue(session, row.id, act)


def stop(session: Session, case: Case, document_id: int, act: Act) -> bool:
    """Stop what waits or is being read: what the worker finds after that is dropped. False where it is over."""
    _may(case, act)
    row = api_documents.locked(session, api_documents.of_number(session, case.id, document_id).id)
    if row.state not in UNDER_WAY:
        return False
    row.over("stopped", STOPPED, act.now)
    record.entry(session, case, act, "document.stopped", data={"document": row.id}, audience="staff")
    return True


def again(session: Session, case: Case, document_id: int, act: Act) -> bool:
    """Begin anew with what failed or was stopped. False where nothing is to begin. Raises Unfit where it is gone."""
    _may(case, act)
    row = api_documents.locked(session, api_documents.of_number(session, case.id, document_id).id)
    if row.state not in ("failed", "stopped"):
        return False
    if not row.url and api_documents.body_of(session, row) is None:
        raise Unfit("file", GONE)
    row.state, row.step, row.sentence, row.former_id = "waiting", "", "", None
    row.started_at = row.finished_at = None
    row.created_at = act.now
    queue(session, row.id, act)
    return True


def queue(session: Session, document_id: int, act: Act) -> None:
    """Have the worker read it, unless that is queued."""
    args = {"document_id": document_id}
    jobs.put_anew(session, "assess_document", args, now=act.now, unique_key=key_of(document_id))


def _may(case: Case, act: Act) -> None:
    must_be_root(case)
    if act.who.role not in MAY_HAND_IN:
        raise NotAllowed("Only staff who work on the case may hand in documents")
    if case.outcome is not None:
        raise Unfit("file", "This case has ended: its documents are no longer read")


def _keep(
    session: Session, case: Case, act: Act, origin: str, body: bytes, *, filename: str = "", media_type: str = ""
) -> Added:
    sha256 = hashlib.sha256(body).hexdigest()
    if same := api_documents.same_bytes(session, case.id, sha256):
        return Added(same, False)
    row = _row(case, act, origin, filename=filename[:255], media_type=media_type[:100], size=len(body), sha256=sha256)
    row.body = body
    return Added(_queued(session, case, act, row), True)


def _of_request(case: Case, request: Request, sent: Document, act: Act) -> ApiDocument:
    row = _row(case, act, "request", filename=sent.filename, media_type=sent.media_type, size=sent.size)
    row.sha256, row.upload_id, row.request_id, row.account_id = sent.sha256, sent.id, request.id, sent.account_id
    return row


def _row(case: Case, act: Act, origin: str, **more: object) -> ApiDocument:
    return ApiDocument(
        case_id=case.id, account_id=case.account_id, origin=origin, by_id=act.who.id, created_at=act.now, **more
    )


def _queued(session: Session, case: Case, act: Act, row: ApiDocument) -> ApiDocument:
    if api_documents.under_way(session, case.id) >= MOST_AT_ONCE:
        raise Unfit("file", f"{MOST_AT_ONCE} documents of this case wait already: wait until one is read, or stop one")
    session.add(row)
    session.flush()
    record.entry(session, case, act, "document", data={"document": row.id, "origin": row.origin}, audience="staff")
    queue(session, row.id, act)
    return row


def key_of(document_id: int) -> str:
    return f"assess_document:{document_id}"
