"""Endpoints of webhooks out: what an admin does with them, and having what was sent sent again."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from request_tracker.actions import auditing
from request_tracker.actions.unfit import Unfit, short_enough
from request_tracker.rules import hooks as rules
from request_tracker.rules.people import Act
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.terms import Role
from request_tracker.store import hooks, jobs
from request_tracker.store.hooks import HookDelivery, HookEndpoint
from request_tracker.store.timeline import Entry

MOST_ENDPOINTS = 20
MOST_REPLAYED = 1000
CANCELLED = {"state": "cancelled", "next_at": None}


@dataclass(frozen=True)
class Wish:
    """What was typed about an endpoint. `events`: patterns as in rules.hooks.wants."""

    url: str
    title: str
    events: tuple[str, ...]


def add(session: Session, wish: Wish, act: Act, *, this_machine: bool = False) -> HookEndpoint:
    """A new endpoint, told of what happens from now on. Raises NotAllowed, Unfit."""
    must_be_admin(act)
    found = _fit(wish, this_machine=this_machine)
    if hooks.count(session) >= MOST_ENDPOINTS:
        raise Unfit("url", f"There are {MOST_ENDPOINTS} endpoints already, which is all there can be: delete one first")
    row = HookEndpoint(
        url=found.url, title=found.title, events=list(found.events), state="active", why="", generation=1,
        told_to=_newest(session), since_at=act.now, by_id=act.who.id or 0, created_at=act.now,
    )  # fmt: skip
    session.add(row)
    session.flush()
    _note(session, "hook.added", row, act, events=row.events)
    return row


def change(session: Session, endpoint_id: int, wish: Wish, act: Act, *, this_machine: bool = False) -> HookEndpoint:
    """Another address, title or choice of events. What waits goes to the new address, at once."""
    must_be_admin(act)
    row, found = hooks.endpoint(session, endpoint_id, lock=True), _fit(wish, this_machine=this_machine)
    if row.url != found.url:
        _at_once(session, row, act.now)
    before = {"title": row.title, "events": list(row.events), "same_address": row.url == found.url}
    row.url, row.title, row.events = found.url, found.title, list(found.events)
    _note(session, "hook.changed", row, act, events=row.events, before=before)
    return row


def pause(session: Session, endpoint_id: int, act: Act) -> None:
    """Nothing is posted to it; what waits goes on waiting."""
    must_be_admin(act)
    row = hooks.endpoint(session, endpoint_id, lock=True)
    if row.state == "active":
        row.state, row.why = "paused", f"Paused by {act.who.name}"
        _note(session, "hook.paused", row, act)


def resume(session: Session, endpoint_id: int, act: Act, *, missed: bool) -> None:
    """Post to it again; with `missed` also what waits and what happened meanwhile, or else from now on only."""
    must_be_admin(act)
    row = hooks.endpoint(session, endpoint_id, lock=True)
    if row.state == "active":
        return
    row.state, row.why, row.failing_since = "active", "", None
    _note(session, "hook.resumed", row, act, missed=missed)
    if missed:
        _at_once(session, row, act.now)
        return
    row.told_to, row.since_at = _newest(session), act.now
    session.execute(update(HookDelivery).where(*hooks.queued(row.id)).values(CANCELLED))


def rotate(session: Session, endpoint_id: int, act: Act) -> HookEndpoint:
    """A new secret; the old one signs too for a day."""
    must_be_admin(act)
    row = hooks.endpoint(session, endpoint_id, lock=True)
    row.generation, row.rotated_at = row.generation + 1, act.now
    _note(session, "hook.rotated", row, act)
    return row


def reveal(session: Session, endpoint_id: int, act: Act) -> HookEndpoint:
    """Somebody looks at the secret: that is written down."""
    must_be_admin(act)
    row = hooks.endpoint(session, endpoint_id)
    _note(session, "hook.revealed", row, act)
    return row


def delete(session: Session, endpoint_id: int, act: Act) -> None:
    """Nothing is posted to it any more; what was sent stays in the log until its time is over."""
    must_be_admin(act)
    row = hooks.endpoint(session, endpoint_id, lock=True)
    row.state, row.deleted_at = "deleted", act.now
    waiting = update(HookDelivery).where(HookDelivery.endpoint_id == row.id, HookDelivery.state == "waiting")
    session.execute(waiting.values(CANCELLED))
    _note(session, "hook.deleted", row, act)


def ping(session: Session, endpoint_id: int, act: Act) -> None:
    """Send a message that says nothing, past the queue and once; a double click sends one."""
    must_be_admin(act)
    row = hooks.endpoint(session, endpoint_id)
    message_id = f"evt_ping_{row.id}_{int(act.now.timestamp())}"
    event = rules.Event(message_id, rules.PING, act.now, "staff", {})
    values = {
        "endpoint_id": row.id, "event_id": None, "message_id": message_id, "kind": rules.PING,
        "body": rules.body_of(event, None), "created_at": act.now, "replay_of_id": None,
    }  # fmt: skip
    for delivery_id in hooks.put(session, [values], act.now):
        jobs.put(session, "hook_ping", {"delivery_id": delivery_id}, now=act.now, unique_key=f"hook_ping:{message_id}")


def replay(session: Session, endpoint_id: int, delivery_ids: Iterable[int], act: Act) -> int:
    """Send these messages once more, as they were and in their order, MOST_REPLAYED at most. Answers how many."""
    must_be_admin(act)
    row_of = hooks.endpoint(session, endpoint_id)
    wanted = sorted(set(delivery_ids))[:MOST_REPLAYED]
    ended = HookDelivery.state.in_(("sent", "dead")) & (HookDelivery.kind != rules.PING)
    chosen = select(HookDelivery).where(HookDelivery.id.in_(wanted), HookDelivery.endpoint_id == endpoint_id, ended)
    rows = session.scalars(chosen.order_by(HookDelivery.id)).all()
    again = {_base(row.message_id): _again(row, act.now) for row in rows}
    count = len(hooks.put(session, list(again.values()), act.now))
    if count:
        _note(session, "hook.replayed", row_of, act, count=count)
    return count


def dead(session: Session, endpoint_id: int) -> list[int]:
    """The messages that were given up and not replayed since, the oldest first."""
    found = select(HookDelivery.id).where(*hooks.given_up(endpoint_id))
    return list(session.scalars(found.order_by(HookDelivery.id).limit(MOST_REPLAYED)))


def since(session: Session, endpoint_id: int, instant: datetime) -> list[int]:
    """The messages first written from the instant on, the oldest first."""
    first = (HookDelivery.endpoint_id == endpoint_id, HookDelivery.replay_of_id.is_(None))
    found = select(HookDelivery.id).where(*first, HookDelivery.created_at >= instant, HookDelivery.kind != rules.PING)
    ended = found.where(HookDelivery.state.in_(("sent", "dead")))
    return list(session.scalars(ended.order_by(HookDelivery.id).limit(MOST_REPLAYED)))


def must_be_admin(act: Act) -> None:
    if act.who.role != Role.ADMIN:
        raise NotAllowed("Only an admin may look after webhooks")


def _fit(wish: Wish, *, this_machine: bool) -> Wish:
    """The wish without what is only space. Raises Unfit with what to do."""
    found = Wish(
        wish.url.strip(), wish.title.strip(), tuple(dict.fromkeys(e.strip() for e in wish.events if e.strip()))
    )
    if fault := rules.fault_of(found.url, this_machine=this_machine):
        raise Unfit("url", fault)
    short_enough("title", found.title, most=200)
    if not found.events:
        raise Unfit("events", "Choose at least one kind of event")
    if len(found.events) > rules.MOST_PATTERNS:
        raise Unfit("others", f"Name at most {rules.MOST_PATTERNS} kinds; a * at the end stands for any rest")
    if strange := rules.unknown(found.events):
        raise Unfit("others", f"There is no event like {', '.join(strange)[:200]}: take the names from the list")
    return found


def _note(session: Session, what: str, row: HookEndpoint, act: Act, **data: object) -> None:
    """By id and title: an address may carry what only its receiver should know."""
    named = f"webhook {row.id} ({row.title})" if row.title else f"webhook {row.id}"
    auditing.note(session, act, what, named, endpoint=row.id, **data)


def _newest(session: Session) -> int:
    return session.scalar(select(func.max(Entry.id))) or 0


def _at_once(session: Session, row: HookEndpoint, now: datetime) -> None:
    """What waits first is tried now, with all its attempts before it."""
    head = hooks.head(session, row.id)
    if head is not None:
        head.next_at, head.attempt = now, 0


def _again(row: HookDelivery, now: datetime) -> dict[str, object]:
    """The same message in the queue once more; a double click within the second is one."""
    return {
        "endpoint_id": row.endpoint_id, "event_id": row.event_id, "kind": row.kind, "body": row.body,
        "message_id": f"{_base(row.message_id)}#{int(now.timestamp())}", "created_at": now,
        "replay_of_id": row.replay_of_id or row.id,
    }  # fmt: skip


def _base(message_id: str) -> str:
    return message_id.partition("#")[0]
