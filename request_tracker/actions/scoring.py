"""When a case is compared with the others anew: after it was opened, corrected, merged or taken out of a merge."""

from datetime import timedelta

from sqlalchemy.orm import Session

from request_tracker.actions import record
from request_tracker.rules.people import Act
from request_tracker.store.cases import Case
from request_tracker.store.timeline import Entry


def later(session: Session, case: Case, act: Act, cause: Entry) -> None:
    """Queue the comparison of this case with all others; it tells nobody, so it waits for no undo window."""
    record.later(session, "score", {"case_id": case.id}, act, cause, wait=timedelta(0), key=str(case.id))
