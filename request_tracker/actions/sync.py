"""Syncs: somebody asks for the first one; what Fivetran tells by webhook is only a reason to look."""

from datetime import datetime

from sqlalchemy.orm import Session

from request_tracker.actions import record
from request_tracker.actions.rooted import must_be_root
from request_tracker.rules.people import Act
from request_tracker.rules.phases import Blocker
from request_tracker.rules.process import NotAllowed, Refused
from request_tracker.rules.terms import Role
from request_tracker.store import connections, evidence, jobs
from request_tracker.store.base import insertion
from request_tracker.store.cases import Case
from request_tracker.store.timeline import Entry
from request_tracker.store.webhook_events import WebhookEvent


def ask(session: Session, case: Case, act: Act) -> Entry:
    """Ask for the first sync of the case's starter connector. Raises NotAllowed, Refused."""
    must_be_root(case)
    if act.who.role not in (Role.SPECIALIST, Role.ENGINEER, Role.LEAD):
        raise NotAllowed("Only a specialist, an engineer or a lead may start the first sync")
    if found := _blockers(session, case):
        raise Refused("sync", found)
    entry = record.entry(session, case, act, "sync.asked", audience="account")
    jobs.put(session, "start_sync", {"case_id": case.id}, now=act.now, unique_key=f"start_sync::{entry.id}")
    return entry


def store_delivery(
    session: Session, *, natural_key: str, digest: str, kind: str, connection_id: str, body: bytes, now: datetime
) -> bool:
    """Keep a webhook delivery once; True when it is new. A new one is a reason to look at the connection."""
    row = {
        "natural_key": natural_key, "digest": digest, "kind": kind, "connection_id": connection_id, "body": body,
        "received_at": now,
    }  # fmt: skip
    done = session.execute(
        insertion(session, WebhookEvent)
        .values(row)
        .on_conflict_do_nothing(index_elements=["natural_key"])
        .returning(WebhookEvent.id)
    )
    new = done.scalar() is not None
    if new and connection_id:
        look(session, connection_id, now, why=digest)
    return new


def look(session: Session, connection_id: str, now: datetime, *, why: str) -> None:
    """Queue a reading of the connection."""
    jobs.put(session, "take_in", {"connection_id": connection_id}, now=now, unique_key=f"take_in:{connection_id}:{why}")


def _blockers(session: Session, case: Case) -> tuple[Blocker, ...]:
    row = connections.live(session, case.id)
    found = []
    if case.outcome is not None:
        found.append(Blocker("outcome", f"This case has ended ({case.outcome.replace('_', ' ')})", "moves"))
    if row is None or row.connection_id is None:
        found.append(Blocker("starter_ready", "There is no starter connector to sync yet", "connection"))
    if "access_granted" not in evidence.standing(session, case.id):
        found.append(Blocker("access_granted", "The requester has not granted access yet", "connection"))
    return tuple(found)
