"""A case's service name and addresses are put right; the requests stay as they were typed."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from request_tracker.actions import record, scoring
from request_tracker.actions.rooted import must_be_root
from request_tracker.actions.versions import fresh, touch
from request_tracker.rules import correcting
from request_tracker.rules.matching import Knowledge
from request_tracker.rules.people import Act
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.terms import Role
from request_tracker.store import candidates, cases, websites
from request_tracker.store.cases import Case
from request_tracker.store.documents import Document
from request_tracker.store.requests import Request
from request_tracker.store.timeline import Entry

MAY_CORRECT = (Role.SPECIALIST, Role.LEAD)


def correct(
    session: Session, case: Case, typed: Mapping[str, Any], act: Act, *, version: int, knowledge: Knowledge
) -> Entry | None:
    """Write what differs, find the case by it from now on, and compare it anew. None where nothing differs.

    Raises NotAllowed, Stale, Refused, Incomplete.
    """
    if act.who.role not in MAY_CORRECT:
        raise NotAllowed("Only a specialist or a lead may correct a case")
    (case,) = cases.locked(session, case.id)
    must_be_root(case)
    fresh(case, version)
    wanted = correcting.read(typed, has_document=_has_document(session, case))
    changed = {name: text for name, text in wanted.items() if getattr(case, name) != text}
    if not changed:
        return None
    words = {name: {"from": getattr(case, name), "to": text} for name, text in changed.items()}
    audience = _audience(session, case, changed)
    for name, text in changed.items():
        setattr(case, name, text)
    touch(case, act.now)
    data = {"fields": list(changed)}
    entry = record.entry(session, case, act, "corrected", data=data, words=words, audience=audience)
    session.flush()
    candidates.index_case(session, case, knowledge)
    scoring.later(session, case, act, entry)
    return entry


def _audience(session: Session, case: Case, changed: Mapping[str, str]) -> str:
    """The website may name a customer's own tenant: of another account than the one that leads now, staff alone read
    what it was."""
    if "service_url" in changed and websites.owner(session, case) != case.account_id:
        return "staff"
    return "account"


def _has_document(session: Session, case: Case) -> bool:
    sent = select(Document.id).join(Request, Request.id == Document.request_id).where(Request.case_id == case.id)
    return bool(session.scalar(select(exists(sent))))
