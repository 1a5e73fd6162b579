"""The queue of an endpoint: who posts from it, what goes next, and what became of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import CursorResult, Update, func, or_, select, update
from sqlalchemy.orm import Session

from request_tracker.rules import hook_sending
from request_tracker.rules import hooks as rules
from request_tracker.rules.people import Act
from request_tracker.store import hooks, jobs
from request_tracker.store.cases import Case
from request_tracker.store.hooks import HookDelivery, HookEndpoint
from request_tracker.store.timeline import Entry, Undone

HELD_FOR = timedelta(seconds=60)
"""How long one post may hold the queue; longer than any can take."""
IS_GONE = "The receiver answered 410 Gone: it wants no more messages"


@dataclass(frozen=True)
class Sending:
    """What is to be posted next. `held_until` tells whose turn it is."""

    delivery_id: int
    endpoint_id: int
    url: str
    message_id: str
    body: str
    secrets: tuple[str, ...]
    held_until: datetime | None


@dataclass(frozen=True)
class Answer:
    """What came of a post. `status` None: no answer; `said`: its beginning, or what went wrong. `asked`: a pause."""

    status: int | None
    said: str
    took_ms: int
    asked: timedelta | None = None


def wake(session: Session, act: Act) -> None:
    """A job for each endpoint with something due, one while it waits."""
    first = select(func.min(HookDelivery.id)).where(HookDelivery.state == "waiting", HookDelivery.kind != rules.PING)
    free = or_(HookEndpoint.blocked_until.is_(None), HookEndpoint.blocked_until <= act.now)
    due = (
        select(HookEndpoint.id)
        .join(HookDelivery, HookDelivery.endpoint_id == HookEndpoint.id)
        .where(HookDelivery.id.in_(first.group_by(HookDelivery.endpoint_id)))
        .where(HookEndpoint.state == "active", free, HookDelivery.next_at <= act.now)
    )
    for endpoint_id in session.scalars(due.order_by(HookEndpoint.id)).all():
        args = {"endpoint_id": endpoint_id}
        jobs.put_anew(session, "hook_post", args, now=act.now, unique_key=f"hook_post:{endpoint_id}")


def begin(session: Session, endpoint_id: int, key: str, act: Act, *, mine: datetime | None) -> Sending | None:
    """Take or keep the turn, and answer what is to be posted; None where another has the turn or nothing is due.

    `mine`: the `held_until` of the turn that this worker has already.
    """
    now, until = act.now, act.now + HELD_FOR
    free = [HookEndpoint.blocked_until.is_(None), HookEndpoint.blocked_until <= now]
    held = [HookEndpoint.blocked_until == mine] if mine is not None else []
    turn = update(HookEndpoint).where(HookEndpoint.id == endpoint_id, HookEndpoint.state == "active", or_(*free, *held))
    if not _rows(session, turn.values(blocked_until=until)):
        return None
    head = _head(session, endpoint_id, act)
    if head is None or head.next_at is None or head.next_at > now:
        release(session, endpoint_id, until)
        return None
    return _sending(hooks.endpoint(session, endpoint_id), head, key, now, until)


def a_ping(session: Session, delivery_id: int, key: str, now: datetime) -> Sending | None:
    """A test that was not tried yet."""
    row = session.get(HookDelivery, delivery_id)
    if row is None or row.state != "waiting":
        return None
    return _sending(hooks.endpoint(session, row.endpoint_id), row, key, now, None)


def record(session: Session, sent: Sending, answer: Answer, act: Act) -> bool:
    """What became of a post is kept. True when the next may go at once: it was taken, and it is still our turn."""
    endpoint = _locked(session, sent.endpoint_id)
    row = session.get_one(HookDelivery, sent.delivery_id, with_for_update=True, populate_existing=True)
    if row.state != "waiting":
        return False
    row.attempt, row.tried_at, row.status = row.attempt + 1, act.now, answer.status
    row.said, row.took_ms = answer.said, answer.took_ms
    if hook_sending.is_taken(answer.status):
        row.state, row.next_at, row.sent_at = "sent", None, act.now
        endpoint.failing_since = None if sent.held_until is not None else endpoint.failing_since
        return endpoint.state == "active" and endpoint.blocked_until == sent.held_until
    if sent.held_until is None:
        row.state, row.next_at = "dead", None
        return False
    _failed(session, endpoint, row, answer, act)
    return False


def release(session: Session, endpoint_id: int, held_until: datetime) -> None:
    """Give the turn back, if it is still ours."""
    ours = update(HookEndpoint).where(HookEndpoint.id == endpoint_id, HookEndpoint.blocked_until == held_until)
    _rows(session, ours.values(blocked_until=None))


def is_due(session: Session, endpoint_id: int, now: datetime) -> bool:
    head = hooks.head(session, endpoint_id)
    is_active = select(HookEndpoint.state).where(HookEndpoint.id == endpoint_id)
    return (
        head is not None and head.next_at is not None and head.next_at <= now and session.scalar(is_active) == "active"
    )


def _head(session: Session, endpoint_id: int, act: Act) -> HookDelivery | None:
    """What goes next. What was undone in its window after all, by somebody who was slower than we, is dropped."""
    while (head := hooks.head(session, endpoint_id)) is not None:
        undone = select(Undone.at, Entry.at).join(Entry, Entry.id == Undone.entry_id)
        found = session.execute(undone.where(Undone.entry_id == head.event_id)).one_or_none()
        if head.attempt or found is None or found[0] >= found[1] + act.program.undo_for:
            return head
        head.state, head.next_at = "cancelled", None
        session.flush()
    return None


def _locked(session: Session, endpoint_id: int) -> HookEndpoint:
    """The endpoint as it is now, deleted or not."""
    return session.get_one(HookEndpoint, endpoint_id, with_for_update=True, populate_existing=True)


def _failed(session: Session, endpoint: HookEndpoint, row: HookDelivery, answer: Answer, act: Act) -> None:
    pause = hook_sending.pause_after(row.id, row.attempt, asked=answer.asked)
    endpoint.failing_since = endpoint.failing_since or act.now
    row.state, row.next_at = ("waiting", act.now + pause) if pause is not None else ("dead", None)
    if endpoint.state != "active":
        return
    if answer.status == hook_sending.GONE:
        row.state, row.next_at = "waiting", act.now
        _stop(session, endpoint, row, "paused", IS_GONE, act)
    elif act.now - endpoint.failing_since >= hook_sending.GIVE_UP_AFTER:
        days = hook_sending.GIVE_UP_AFTER.days
        _stop(session, endpoint, row, "given_up", f"It has taken no message for {days} days", act)


def _stop(session: Session, endpoint: HookEndpoint, row: HookDelivery, state: str, why: str, act: Act) -> None:
    """Nothing is posted to it any more until an admin says so; the admins are told, about a case they can look at."""
    endpoint.state, endpoint.why = state, why
    about = select(Entry.case_id).where(Entry.id == row.event_id)
    case_id = session.scalar(about) or session.scalar(select(func.max(Case.id)))
    if case_id is None:
        return
    since, occasion = endpoint.failing_since or act.now, f"{endpoint.id}.{row.id}.{row.attempt}"
    args = {
        "notice": "hook_stopped", "case_id": case_id, "round": f"hook{occasion}", "hook": endpoint.id,
        "gone": state == "paused", "since": since.isoformat(),
    }  # fmt: skip
    jobs.put(session, "notify", args, now=act.now, unique_key=f"notify:hook_stopped:{occasion}")


def _sending(endpoint: HookEndpoint, row: HookDelivery, key: str, now: datetime, until: datetime | None) -> Sending:
    signed_with = hook_sending.secrets_of(
        key, endpoint.id, endpoint.generation, rotated_at=endpoint.rotated_at, now=now
    )
    message_id = row.message_id.partition("#")[0]
    return Sending(row.id, endpoint.id, endpoint.url, message_id, row.body, signed_with, until)


def _rows(session: Session, statement: Update) -> int:
    done = session.execute(statement.execution_options(synchronize_session=False))
    assert isinstance(done, CursorResult)
    return int(done.rowcount)
