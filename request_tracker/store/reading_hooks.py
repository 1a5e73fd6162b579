"""What the admin sees of webhooks out: each endpoint and how it stands, and the log of what was posted to it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session

from request_tracker.rules.hooks import PING
from request_tracker.store.cases import case_number
from request_tracker.store.hooks import HookDelivery, HookEndpoint, NoSuchHook, endpoint, given_up, head, queued
from request_tracker.store.people import Person
from request_tracker.store.timeline import Entry

STATES = ("waiting", "sent", "dead", "cancelled")
MANY = 1000
"""Messages are counted up to this number."""


@dataclass(frozen=True)
class EndpointRow:
    """`waiting`, `dead`: how many messages, counted up to MANY. `next_at`: when the first of its queue is tried."""

    id: int
    url: str
    title: str
    events: tuple[str, ...]
    state: str
    why: str
    by: str
    created_at: datetime
    rotated_at: datetime | None
    generation: int
    failing_since: datetime | None
    last_at: datetime | None
    next_at: datetime | None
    waiting: int
    dead: int

    @property
    def name(self) -> str:
        return self.title or self.url.partition("://")[2].partition("/")[0]


@dataclass(frozen=True)
class MessageRow:
    """One message in the log. `case_number` is empty for a test. `message_id`: as the receiver sees it."""

    id: int
    kind: str
    message_id: str
    case_number: str
    state: str
    attempt: int
    next_at: datetime | None
    status: int | None
    said: str
    took_ms: int | None
    created_at: datetime
    tried_at: datetime | None
    sent_at: datetime | None
    replay_of_id: int | None

    @property
    def is_test(self) -> bool:
        return self.kind == PING

    @property
    def may_go_again(self) -> bool:
        return self.state in ("sent", "dead") and not self.is_test


@dataclass(frozen=True)
class Log:
    """A page of messages, newest first; `next_before`: the number the next page begins below."""

    rows: tuple[MessageRow, ...]
    next_before: int | None


def endpoints(session: Session) -> list[EndpointRow]:
    kept = select(HookEndpoint).where(HookEndpoint.state != "deleted").order_by(HookEndpoint.id)
    return [_endpoint(session, row) for row in session.scalars(kept)]


def one(session: Session, endpoint_id: int) -> EndpointRow:
    """Raises NoSuchHook."""
    return _endpoint(session, endpoint(session, endpoint_id))


def log(session: Session, endpoint_id: int, state: str, *, limit: int, before: int | None = None) -> Log:
    """The endpoint's messages of one of STATES (empty: all), newest first, below the id `before`."""
    found = _messages().where(HookDelivery.endpoint_id == endpoint_id).order_by(HookDelivery.id.desc())
    if state:
        found = found.where(HookDelivery.state == state)
    if before is not None:
        found = found.where(HookDelivery.id < before)
    rows = [_message(row) for row in session.execute(found.limit(limit + 1))]
    return Log(tuple(rows[:limit]), rows[limit - 1].id if len(rows) > limit else None)


def message(session: Session, endpoint_id: int, delivery_id: int) -> tuple[MessageRow, str, tuple[MessageRow, ...]]:
    """One message, its body, and when it was sent again, the newest first. Raises NoSuchHook."""
    mine = _messages().where(HookDelivery.endpoint_id == endpoint_id)
    row = session.execute(mine.where(HookDelivery.id == delivery_id)).one_or_none()
    if row is None:
        raise NoSuchHook("There is no such message, or it was deleted as its time was over")
    again = mine.where(HookDelivery.replay_of_id == delivery_id).order_by(HookDelivery.id.desc()).limit(50)
    return _message(row), row[0].body, tuple(_message(each) for each in session.execute(again))


def _endpoint(session: Session, row: HookEndpoint) -> EndpointRow:
    first, by = head(session, row.id), session.get(Person, row.by_id)
    last = select(HookDelivery.sent_at).where(HookDelivery.endpoint_id == row.id, HookDelivery.state == "sent")
    return EndpointRow(
        row.id, row.url, row.title, tuple(row.events), row.state, row.why, by.name if by else "", row.created_at,
        row.rotated_at, row.generation, row.failing_since,
        session.scalar(last.order_by(HookDelivery.id.desc()).limit(1)), first.next_at if first else None,
        _count(session, *queued(row.id)), _count(session, *given_up(row.id)),
    )  # fmt: skip


def _count(session: Session, *where: Any) -> int:
    some = select(HookDelivery.id).where(*where).limit(MANY).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def _messages() -> Select[HookDelivery, int | None]:
    return select(HookDelivery, Entry.case_id).outerjoin(Entry, Entry.id == HookDelivery.event_id)


def _message(found: Row[HookDelivery, int | None]) -> MessageRow:
    row, case_id = found
    return MessageRow(
        row.id, row.kind, row.message_id.partition("#")[0], case_number(case_id) if case_id else "", row.state,
        row.attempt, row.next_at, row.status, row.said, row.took_ms, row.created_at, row.tried_at, row.sent_at,
        row.replay_of_id,
    )  # fmt: skip
