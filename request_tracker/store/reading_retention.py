"""What is due to be forgotten now, and what was forgotten lately, with the rows that prove it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from request_tracker.rules.people import Act
from request_tracker.rules.retention import RULES, Rule
from request_tracker.store.api_documents import UNDER_WAY, ApiDocument
from request_tracker.store.capped import capped
from request_tracker.store.cases import Case, case_number
from request_tracker.store.connections import CardState
from request_tracker.store.documents import Document
from request_tracker.store.drafts import DOCUMENT, Draft
from request_tracker.store.hooks import HookDelivery
from request_tracker.store.jobs import Job
from request_tracker.store.passwords import FailedSignIn
from request_tracker.store.requests import Request
from request_tracker.store.timeline import Entry
from request_tracker.store.trials import TrialRun
from request_tracker.store.webhook_events import WebhookEvent

LATELY = 50
KIND = "forget_now"
PROVEN_BY = ("document.forgotten", "trial.forgotten")


@dataclass(frozen=True)
class Standing:
    """How one rule stands: how many are due now, how many were emptied and are still there as proof, and when last."""

    rule: Rule
    due: int
    emptied: int | None
    last_at: datetime | None


@dataclass(frozen=True)
class Gone:
    """A line that proves a deletion: `count` documents, or one trial, of a case."""

    at: datetime
    case: str
    kind: str
    count: int


def standings(session: Session, act: Act) -> tuple[Standing, ...]:
    return tuple(_standing(session, rule, act) for rule in RULES)


def lately(session: Session) -> tuple[Gone, ...]:
    """The newest deletions, by the entries they left."""
    found = select(Entry.at, Entry.case_id, Entry.kind, Entry.data).where(Entry.kind.in_(PROVEN_BY))
    rows = session.execute(found.order_by(Entry.at.desc(), Entry.id.desc()).limit(LATELY)).all()
    return tuple(Gone(at, case_number(case), kind, int(data.get("count", 1))) for at, case, kind, data in rows)


def asked(session: Session) -> tuple[str, datetime] | None:
    """How the last run that somebody asked for stands: its state and when it was asked for."""
    found = select(Job.state, Job.created_at).where(Job.unique_key.startswith(f"{KIND}:", autoescape=True))
    row = session.execute(found.order_by(Job.id.desc()).limit(1)).first()
    return (row[0], row[1]) if row else None


def _standing(session: Session, rule: Rule, act: Act) -> Standing:
    before = act.now - rule.kept_for(act.program)
    due = sum(capped(session, each) for each in _DUE[rule.key](before))
    emptied, last_at = None, None
    for column in _EMPTIED.get(rule.key, ()):
        emptied = (emptied or 0) + capped(session, select(column).where(column.is_not(None)))
        newest = session.scalar(select(func.max(column)))
        last_at = max(filter(None, (last_at, newest)), default=None)
    return Standing(rule, due, emptied, last_at)


def _documents(before: datetime) -> tuple[Select[*tuple[Any, ...]], ...]:
    sent = _ended(before, select(Document.id).join(Request, Request.id == Document.request_id), Request.case_id)
    fetched = _ended(before, select(ApiDocument.id), ApiDocument.case_id)
    open_ones = (ApiDocument.forgotten_at.is_(None), ApiDocument.state.not_in(UNDER_WAY))
    own = ApiDocument.upload_id.is_(None)
    return sent.where(Document.forgotten_at.is_(None)), fetched.where(*open_ones, own)


def _ended(before: datetime, found: Select[*tuple[Any, ...]], case_id: Any) -> Select[*tuple[Any, ...]]:
    root = aliased(Case)
    joined = found.join(Case, Case.id == case_id).join(root, root.id == Case.root_id)
    return joined.where(root.outcome.is_not(None), root.ended_at <= before)


def _of_messages(*states: str) -> Callable[[datetime], tuple[Select[*tuple[Any, ...]], ...]]:
    def due(before: datetime) -> tuple[Select[*tuple[Any, ...]], ...]:
        return (select(HookDelivery.id).where(HookDelivery.state.in_(states), HookDelivery.created_at < before),)

    return due


_DUE: dict[str, Callable[[datetime], tuple[Select[*tuple[Any, ...]], ...]]] = {
    "documents": _documents,
    "drafts": lambda before: (
        select(Draft.person_id).where(
            Draft.updated_at <= before, Draft.data[(DOCUMENT, "sha256")].as_string().is_not(None)
        ),
    ),
    "samples": lambda before: (
        select(TrialRun.id).where(TrialRun.forgotten_at.is_(None), TrialRun.finished_at <= before),
    ),
    "deliveries": lambda before: (select(WebhookEvent.id).where(WebhookEvent.received_at < before),),
    "cards": lambda before: (select(CardState.expires_at).where(CardState.expires_at < before),),
    "messages": _of_messages("sent", "cancelled"),
    "dead_messages": _of_messages("dead"),
    "failures": lambda before: (select(FailedSignIn.id).where(FailedSignIn.at < before),),
}
_EMPTIED: dict[str, tuple[Any, ...]] = {
    "documents": (Document.forgotten_at, ApiDocument.forgotten_at),
    "samples": (TrialRun.forgotten_at,),
}
