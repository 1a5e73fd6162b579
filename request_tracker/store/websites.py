"""Whose words a case's website is: it may name a customer's own tenant, and the primary may have changed since."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.rules.people import Viewer
from request_tracker.store.cases import Case
from request_tracker.store.requests import Request
from request_tracker.store.timeline import Entry


def owner(session: Session, case: Case) -> int | None:
    """The account that typed the website, or led the case when staff put it right; None: staff alone may read it."""
    corrected = select(Entry).where(Entry.case_id == case.id, Entry.kind == "corrected").order_by(Entry.seq.desc())
    for entry in session.scalars(corrected):
        if "service_url" in entry.data["fields"]:
            return entry.account_id if entry.audience == "account" else None
    return session.scalar(select(Request.account_id).where(Request.case_id == case.id, Request.kind == "opened"))


def website(session: Session, case: Case, viewer: Viewer, primary: Request | None) -> str:
    """The case's to staff and to its owner while they lead; who leads after them reads what they typed themselves."""
    if viewer.is_staff:
        return case.service_url
    if primary is None or primary.account_id != viewer.account_id:
        return ""
    return case.service_url if owner(session, case) == viewer.account_id else primary.service_url
