"""What is no longer needed is forgotten: the contents of documents, some days after their case has ended."""

from datetime import datetime

from sqlalchemy import CursorResult, Select, select, update
from sqlalchemy.orm import Session, aliased

from request_tracker.actions import auditing, record
from request_tracker.rules.people import Act
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.terms import Role
from request_tracker.store import api_documents, cases, jobs
from request_tracker.store import drafts as kept_drafts
from request_tracker.store.api_documents import UNDER_WAY, ApiDocument
from request_tracker.store.cases import Case
from request_tracker.store.documents import Document
from request_tracker.store.requests import Request

MOST = 100
"""Cases dealt with at a time."""


def documents(session: Session, act: Act) -> int:
    """Forget the contents of documents whose case ended long enough ago. Answers how many; the rows stay as proof.

    Twice: what was forgotten is not looked at any more. A case that lives again, or stands alone again, keeps its own.
    """
    before = act.now - act.program.keep_documents_for
    found = {
        row.id: row.root_id for statement in (_fetched(before), _sent(before)) for row in session.execute(statement)
    }
    due = dict(sorted(found.items())[:MOST])
    if not due:
        return 0
    held = {case.id: case for case in cases.locked(session, *{*due, *(root_id or 0 for root_id in due.values())})}
    over = [held[each] for each, root_id in due.items() if _is_over(held[root_id or 0], before)]
    return sum(_forget(session, case, act) for case in over)


def drafts(session: Session, act: Act) -> int:
    """Forget files of requests that were begun and never sent. Answers how many; what was typed stays."""
    return kept_drafts.forget_documents(session, act.now - act.program.keep_documents_for)


def ask(session: Session, act: Act) -> None:
    """Have everything that is due forgotten now; one run waits or runs at a time. Raises NotAllowed."""
    if act.who.role is not Role.ADMIN:
        raise NotAllowed("Only an admin may have things forgotten before their turn")
    jobs.put_anew(session, "forget_now", {}, now=act.now, unique_key="forget_now:asked")
    auditing.note(session, act, "retention.run", "what is due")


def _fetched(before: datetime) -> Select[int, int | None]:
    found = _ended(before).join(ApiDocument, ApiDocument.case_id == Case.id)
    return found.where(ApiDocument.forgotten_at.is_(None), ApiDocument.state.not_in(UNDER_WAY))


def _sent(before: datetime) -> Select[int, int | None]:
    found = _ended(before).join(Request, Request.case_id == Case.id).join(Document, Document.request_id == Request.id)
    return found.where(Document.forgotten_at.is_(None))


def _ended(before: datetime) -> Select[int, int | None]:
    """Cases, and the roots whose end counts for them."""
    root = aliased(Case)
    found = select(Case.id, Case.root_id).join(root, root.id == Case.root_id).distinct().order_by(Case.id).limit(MOST)
    return found.where(root.outcome.is_not(None), root.ended_at <= before)


def _is_over(root: Case, before: datetime) -> bool:
    return root.outcome is not None and root.ended_at is not None and root.ended_at <= before


def _forget(session: Session, case: Case, act: Act) -> int:
    empty = {"body": None, "forgotten_at": act.now}
    ours = (ApiDocument.case_id == case.id, ApiDocument.forgotten_at.is_(None), ApiDocument.state.not_in(UNDER_WAY))
    theirs = Document.request_id.in_(select(Request.id).where(Request.case_id == case.id))
    for row in session.scalars(select(ApiDocument).where(*ours, ApiDocument.analysis.is_not(None))).all():
        row.analysis = api_documents.without_contents(row)
    count = _rows(session, update(ApiDocument).where(*ours, ApiDocument.upload_id.is_(None)).values(empty))
    _rows(session, update(ApiDocument).where(*ours).values(empty))
    count += _rows(session, update(Document).where(theirs, Document.forgotten_at.is_(None)).values(empty))
    if count:
        record.entry(session, case, act, "document.forgotten", data={"count": count}, audience="staff")
    return count


def _rows(session: Session, statement: object) -> int:
    done = session.execute(statement.execution_options(synchronize_session="fetch"))  # type: ignore[attr-defined]
    assert isinstance(done, CursorResult)
    return int(done.rowcount)
