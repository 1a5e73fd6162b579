"""What Fivetran posts to us: kept once and raw, and never more than a reason to look at a connection."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case as when_sql
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from request_tracker.actions import auditing
from request_tracker.rules.people import Act
from request_tracker.rules.quoting import storable
from request_tracker.store import connections, jobs
from request_tracker.store.base import insertion
from request_tracker.store.connections import Connection
from request_tracker.store.jobs import Job
from request_tracker.store.webhook_events import WebhookEvent, WebhookRefusal, delete_before

MOST_REPLAYED = 500


@dataclass(frozen=True)
class Delivery:
    """A genuine delivery as it came. `natural_key` is equal for deliveries of the same event; `digest`: SHA-256 of
    the raw body; `happened_at` is Fivetran's own time and decides nothing."""

    natural_key: str
    digest: str
    kind: str
    connection_id: str
    sync_id: str
    happened_at: datetime | None
    body: bytes


def store_delivery(session: Session, delivery: Delivery, now: datetime) -> bool:
    """Keep a delivery once; True when it is new. A new one about a connection of ours is a reason to look at it."""
    connection_id = _fit(delivery.connection_id, 200)
    row = {
        "natural_key": _key(delivery), "digest": delivery.digest, "kind": _fit(delivery.kind, 60),
        "connection_id": connection_id, "body": delivery.body, "received_at": now,
        "happened_at": delivery.happened_at, "sync_id": _fit(delivery.sync_id, 80), "replays": 0,
    }  # fmt: skip
    once = insertion(session, WebhookEvent).values(row).on_conflict_do_nothing(index_elements=["natural_key"])
    new = session.scalar(once.returning(WebhookEvent.id)) is not None
    if new and connection_id and connections.by_connection_id(session, connection_id) is not None:
        look(session, connection_id, now)
    return new


def look(session: Session, connection_id: str, now: datetime) -> None:
    """Queue a reading of the connection. However often it is asked for, one waits: see `begin`."""
    args = {"connection_id": connection_id}
    jobs.put_anew(session, "take_in", args, now=now, unique_key=_waiting(connection_id))


def begin(session: Session, job_id: int, connection_id: str) -> int:
    """A look begins: what is told from now on asks for another one. Answers the last delivery this look covers.

    A look that failed and waits for its next attempt is dropped, as this one looks at the same connection: so there
    are never more than two, however many deliveries come while Fivetran does not answer.
    """
    begun = f"{_waiting(connection_id)}:begun"
    is_ready = Job.state == "ready"
    earlier = update(Job).where(Job.unique_key == begun, Job.id != job_id)
    over = earlier.values(unique_key=None, state=when_sql((is_ready, "cancelled"), else_=Job.state))
    mine = update(Job).where(Job.id == job_id, Job.unique_key == _waiting(connection_id)).values(unique_key=begun)
    for statement in (over, mine):
        session.execute(statement.execution_options(synchronize_session=False))
    untaken = (WebhookEvent.connection_id == connection_id) & WebhookEvent.taken_at.is_(None)
    return session.scalar(select(func.max(WebhookEvent.id)).where(untaken)) or 0


def taken(session: Session, connection_id: str, up_to: int, now: datetime) -> None:
    """The connection was read: the deliveries that were a reason for it are done with."""
    told = update(WebhookEvent).where(WebhookEvent.connection_id == connection_id, WebhookEvent.taken_at.is_(None))
    done = told.where(WebhookEvent.id <= up_to).values(taken_at=now)
    session.execute(done.execution_options(synchronize_session=False))


def look_at_all(session: Session, now: datetime) -> None:
    """Deliveries may have been missed: every connection is due for a look, at the pace of the reconcile tick."""
    kept = Connection.connection_id.is_not(None) & (Connection.state != "deleted")
    late = update(Connection).where(kept, Connection.check_after > now).values(check_after=now)
    session.execute(late.execution_options(synchronize_session=False))


def replay(session: Session, event_ids: Iterable[int], act: Act) -> int:
    """Act on kept deliveries once more, as if they came now; at most MOST_REPLAYED. Answers how many there were."""
    wanted = sorted(set(event_ids))[:MOST_REPLAYED]
    chosen = WebhookEvent.id.in_(wanted)
    mark = {"replayed_at": act.now, "replayed_by_id": act.who.id, "taken_at": None}
    again = update(WebhookEvent).where(chosen).values(replays=WebhookEvent.replays + 1, **mark)
    session.execute(again.execution_options(synchronize_session=False))
    known = Connection.connection_id == WebhookEvent.connection_id
    found = select(WebhookEvent.connection_id).join(Connection, known).where(chosen).distinct()
    for connection_id in session.scalars(found.order_by(WebhookEvent.connection_id)):
        look(session, connection_id, act.now)
    count = session.scalar(select(func.count()).select_from(WebhookEvent).where(chosen)) or 0
    if count:
        auditing.note(session, act, "webhook.replayed", "deliveries", count=count, first=wanted[0], last=wanted[-1])
    return count


def refuse(session: Session, refused: dict[str, int], now: datetime) -> None:
    """Count deliveries that were not believed: by UTC day and reason, nothing else is kept of them."""
    for reason, count in sorted(refused.items()):
        row = {"day": now.date().isoformat(), "reason": reason, "count": count, "last_at": now}
        new = insertion(session, WebhookRefusal).values(row)
        more = {"count": WebhookRefusal.count + count, "last_at": now}
        session.execute(new.on_conflict_do_update(index_elements=["day", "reason"], set_=more))


def forget(session: Session, act: Act) -> int:
    """Delete the deliveries that are older than the program keeps them, some at a time. Answers how many."""
    return delete_before(session, act.now - act.program.keep_deliveries_for)


def _waiting(connection_id: str) -> str:
    """At most 160 characters, with room for what a look adds."""
    return f"take_in:{connection_id[:150]}"


def _key(delivery: Delivery) -> str:
    """Without a connection (transformations) nothing but the body tells two events of one moment apart."""
    plain = _fit(delivery.natural_key, 300)
    return plain if delivery.connection_id and plain == delivery.natural_key else f"sha256:{delivery.digest}"


def _fit(text: str, most: int) -> str:
    return storable(text)[:most]
