"""A request is sent: it opens a case, or joins a live one."""

from sqlalchemy.orm import Session

from request_tracker.actions import clock, documents, heir, record, scoring
from request_tracker.actions.clock import Cause
from request_tracker.actions.unfit import Unfit, short_enough
from request_tracker.actions.uploads import Upload as Upload
from request_tracker.rules.matching import Knowledge
from request_tracker.rules.people import Act, Viewer
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.submission import DOCUMENTS, SHORT, Submission, is_document
from request_tracker.rules.terms import Phase, Role
from request_tracker.store import candidates, cases, drafts, requests
from request_tracker.store.base import FAR
from request_tracker.store.cases import Case
from request_tracker.store.documents import Document, count_of
from request_tracker.store.requests import Request

MOST_DOCUMENTS = 20
"""So many files come with one request, whatever is sent again and again."""


def submit(
    session: Session,
    submission: Submission,
    act: Act,
    *,
    on_behalf_of: Viewer | None = None,
    form_key: str | None = None,
    join: str | None = None,
    upload: Upload | None = None,
    knowledge: Knowledge | None = None,
    consent: str = "",
) -> Request:
    """Store what was sent: opens a case, or joins the live case named by `join`. The same form key answers the same
    request. `knowledge` indexes the new case for matching; `consent` is how the requester agreed to be asked for.
    Raises NotAllowed, Unfit."""
    if form_key and (found := requests.by_form_key(session, form_key)) is not None:
        return found
    asker = _asker(act, on_behalf_of)
    agreed = _agreed(consent) if on_behalf_of is not None else {}
    case = _joined(session, join, asker, act) if join else _opened(session, submission, asker, act)
    request = _request(submission, asker, act, case, kind="joined" if join else "opened", form_key=form_key)
    session.add(request)
    session.flush()
    if upload is not None:
        keep_upload(session, request, upload, act)
    if join:
        _after_join(session, case, request, act, agreed)
    else:
        _after_opening(session, case, request, act, agreed)
    if knowledge is not None and not join:
        candidates.index_case(session, case, knowledge)
    drafts.drop(session, act.who.id or 0)
    return request


def add_file(session: Session, request: Request, upload: Upload, act: Act) -> Document:
    """A file that comes later, kept and read like one that came with the request. Raises Unfit."""
    if request.withdrawn_at is not None or cases.locked_root(session, request.case_id).outcome is not None:
        raise Unfit("file", "This request goes on no more: no file can be added")
    return keep_upload(session, request, upload, act)


def keep_upload(session: Session, request: Request, upload: Upload, act: Act) -> Document:
    """Keep an uploaded file with the request it belongs to, and have it read. Raises Unfit for what is no document."""
    if not is_document(upload.filename):
        raise Unfit("file", f"Send an API document: {', '.join(DOCUMENTS)}")
    if count_of(session, request.id) >= MOST_DOCUMENTS:
        raise Unfit("file", f"This request has {MOST_DOCUMENTS} documents already: tell its specialist what is new")
    document = Document(
        request_id=request.id,
        account_id=request.account_id,
        filename=upload.filename[:255],
        media_type=upload.media_type[:100],
        size=len(upload.body),
        sha256=upload.sha256,
        body=upload.body,
        created_at=act.now,
    )
    session.add(document)
    session.flush()
    documents.with_request(session, request, document, act)
    return document


def _asker(act: Act, on_behalf_of: Viewer | None) -> Viewer:
    if on_behalf_of is None:
        if act.who.role is not Role.REQUESTER:
            raise NotAllowed("Only customers may ask: name the requester you submit this for")
        return act.who
    if act.who.role is not Role.SPECIALIST:
        raise NotAllowed("Only a specialist may submit on behalf of a requester")
    if on_behalf_of.role is not Role.REQUESTER:
        raise Unfit("on_behalf_of", "Name a requester: only customers may ask")
    return on_behalf_of


def _agreed(consent: str) -> dict[str, str]:
    """How the requester agreed, as the words of the timeline entry. Raises Unfit."""
    if not consent.strip():
        raise Unfit("consent", "Say how the requester agreed, for example: by mail on 3 November")
    short_enough("consent", consent, most=SHORT)
    return {"consent": consent.strip()}


def _opened(session: Session, submission: Submission, asker: Viewer, act: Act) -> Case:
    assert asker.account_id is not None, "a requester has an account"
    case = Case(
        service_name=submission.service_name,
        service_url=submission.service_url,
        api_docs_url=submission.api_docs_url,
        account_id=asker.account_id,
        phase=Phase.SUBMISSION,
        opened_at=act.now,
        phase_at=act.now,
        touched_at=act.now,
        queue_at=FAR,
    )
    session.add(case)
    session.flush()
    case.root_id = case.id
    return case


def _joined(session: Session, number: str, asker: Viewer, act: Act) -> Case:
    case = cases.locked_root(session, cases.by_number(session, number).id)
    if case.outcome is not None:
        raise Unfit("join", f"{case.number} has ended; send your request on its own")
    mine = [each for each in requests.of_tree(session, case.id, live_only=True) if each.person_id == asker.id]
    if mine:
        who = "You take" if act.who.id == asker.id else "They take"
        raise Unfit("join", f"{who} part in this already, with {mine[0].number}")
    return case


def _request(
    submission: Submission, asker: Viewer, act: Act, case: Case, *, kind: str, form_key: str | None
) -> Request:
    return Request(
        account_id=asker.account_id,
        person_id=asker.id,
        submitted_by_id=act.who.id,
        case_id=case.id,
        kind=kind,
        service_name=submission.service_name,
        service_url=submission.service_url,
        api_docs_url=submission.api_docs_url,
        use_case=submission.use_case,
        data_needed=submission.data_needed,
        auth_kind=submission.auth_kind,
        sandbox=submission.sandbox,
        endpoint_count=submission.endpoint_count,
        custom_fields=submission.custom_fields,
        group_wanted=submission.group_id,
        fivetran_role=submission.fivetran_role,
        also_tell=submission.also_tell,
        would_preview=submission.would_preview,
        form_key=form_key,
        created_at=act.now,
    )


def _after_opening(session: Session, case: Case, request: Request, act: Act, agreed: dict[str, str]) -> None:
    case.primary_request_id = request.id
    data = {"request": request.id, "by": act.who.id, "consent": request.submitted_by_id != request.person_id}
    entry = record.entry(session, case, act, "submit", data=data, words=agreed)
    clock.start(session, case, "review", Cause(act, entry.id))
    record.notify(session, "on_behalf" if agreed else "receipt", case, act, entry, request_id=request.id)
    scoring.later(session, case, act, entry)


def _after_join(session: Session, case: Case, request: Request, act: Act, agreed: dict[str, str]) -> None:
    entry = record.entry(
        session,
        case,
        act,
        "join",
        data={"request": request.id, "consent": bool(agreed)},
        words=agreed,
        audience="account",
        account_id=request.account_id,
    )
    record.notify(session, "on_behalf" if agreed else "joined", case, act, entry, request_id=request.id)
    heir.fill(session, case, act)
