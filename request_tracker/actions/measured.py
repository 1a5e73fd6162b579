"""What was measured in a document becomes the case's assessment; what a person decided stays as it is."""

from sqlalchemy.orm import Session

from request_tracker.actions import record
from request_tracker.rules.assessment import Judged, Judgement
from request_tracker.rules.people import Act
from request_tracker.rules.submission import ADDRESS, web_address
from request_tracker.rules.vendor_api import Analysis
from request_tracker.store import api_documents, assessments
from request_tracker.store.api_documents import ApiDocument
from request_tracker.store.assessments import Assessment
from request_tracker.store.cases import Case
from request_tracker.store.reading_measured import judged_of

LONGEST, MOST_OFFERED = 1000, 20


def take_in(session: Session, case: Case, row: ApiDocument, analysis: Analysis, act: Act) -> Judged:
    """Keep what was found in the document, and judge the case by it unless a better document was read before."""
    judged = judged_of(session, case, analysis)
    row.analysis = api_documents.as_text(analysis)
    row.state, row.step, row.sentence, row.finished_at = "read", "", "", act.now
    row.kind, row.title, row.version = analysis.kind, analysis.title[:200], analysis.version[:100]
    row.offered = [each for each in analysis.links if len(each) <= ADDRESS and web_address(each)][:MOST_OFFERED]
    session.flush()
    _note(row, judged)
    basis = api_documents.newest_read(session, case.id)
    if basis is row:
        _put(session, case, row, judged, act)
    data = {
        "document": row.id,
        "verdict": judged.verdict.value,
        "score": judged.score,
        "tables": len(analysis.tables),
        "counts": basis is row,
    }
    record.entry(session, case, act, "document.read", data=data, audience="staff")
    return judged


def judge_again(session: Session, case: Case, act: Act) -> Judged | None:
    """Judge the newest document anew, by the tables that are chosen now; None where nothing was read."""
    row = api_documents.newest_read(session, case.id)
    analysis = api_documents.analysis_of(row) if row is not None else None
    if row is None or analysis is None:
        return None
    judged = judged_of(session, case, analysis)
    _note(row, judged)
    _put(session, case, row, judged, act)
    return judged


def _note(row: ApiDocument, judged: Judged) -> None:
    row.verdict, row.score = judged.verdict, judged.score
    row.judged = {"caps": list(judged.caps), "alternatives": list(judged.alternatives)}


def _put(session: Session, case: Case, document: ApiDocument, judged: Judged, act: Act) -> None:
    rows = assessments.of_case(session, case.id)
    for each in judged.criteria:
        row = rows.get(each.criterion)
        if row is None:
            row = Assessment(case_id=case.id, account_id=case.account_id, criterion=each.criterion)
            session.add(row)
        _measure(row, each, document, act)
    session.flush()


def _measure(row: Assessment, found: Judgement, document: ApiDocument, act: Act) -> None:
    """`measured_at` is when the measure last became another: what was decided after it needs no second look."""
    is_new = (row.measured, row.figure) != (found.verdict, found.figure[:LONGEST]) or row.measured_at is None
    row.measured, row.figure, row.threshold = found.verdict, found.figure[:LONGEST], found.threshold[:LONGEST]
    row.reason, row.pointers, row.points = found.reason[:LONGEST], list(found.pointers[:5]), found.points
    row.document_id = document.id
    row.measured_at = act.now if is_new else row.measured_at
