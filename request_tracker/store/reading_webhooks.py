"""What the admin sees of webhooks in: ours at Fivetran, what came, what was not believed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, case, exists, func, select
from sqlalchemy.orm import Session

from request_tracker.store.cases import case_number
from request_tracker.store.connections import Connection
from request_tracker.store.people import Person
from request_tracker.store.webhook_events import OurWebhook, WebhookEvent, WebhookRefusal

DAYS = 7
KINDS_KNOWN = 60
YES_OR_NO = ("yes", "no")


class NoSuchWebhook(LookupError):
    """There is no delivery of this number (any more)."""


@dataclass(frozen=True)
class Filter:
    """Which deliveries; empty: all. `known`: "yes" about connections of ours, "no" others. `taken`: looked at since."""

    kind: str = ""
    connection: str = ""
    known: str = ""
    taken: str = ""


@dataclass(frozen=True)
class DeliveryRow:
    """`case_number` is empty for a connection that is not ours. `by`: who had it acted on again."""

    id: int
    kind: str
    connection_id: str
    sync_id: str
    case_number: str
    received_at: datetime
    happened_at: datetime | None
    taken_at: datetime | None
    replays: int
    replayed_at: datetime | None
    by: str


@dataclass(frozen=True)
class Pile:
    """A page of deliveries, newest first; `next_before`: the number the next page begins below."""

    rows: tuple[DeliveryRow, ...]
    next_before: int | None


@dataclass(frozen=True)
class Day:
    """What came on one UTC day: deliveries by kind, and how many were not believed."""

    begins_at: datetime
    kinds: tuple[tuple[str, int], ...]
    refused: int

    @property
    def total(self) -> int:
        return sum(count for _, count in self.kinds)


def ours(session: Session) -> OurWebhook | None:
    """The webhook that is kept at Fivetran, or the one that could not be made."""
    newest = select(OurWebhook).order_by((OurWebhook.webhook_id == ""), OurWebhook.kept_at.desc(), OurWebhook.id.desc())
    return session.scalar(newest.limit(1))


def last_received(session: Session) -> datetime | None:
    return session.scalar(select(func.max(WebhookEvent.received_at)))


def first_received(session: Session) -> datetime | None:
    return session.scalar(select(func.min(WebhookEvent.received_at)))


def kinds(session: Session) -> list[str]:
    """The kinds that came in the last days and weeks, to choose from; at most KINDS_KNOWN."""
    newest = select(WebhookEvent.kind).order_by(WebhookEvent.id.desc()).limit(10_000).subquery()
    return list(session.scalars(select(newest.c.kind).distinct().order_by(newest.c.kind).limit(KINDS_KNOWN)))


def days(session: Session, now: datetime) -> tuple[Day, ...]:
    """The last DAYS days, today first: one pass over what came in them."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    begins = [today - timedelta(days=number) for number in range(DAYS)]
    which = case(*((WebhookEvent.received_at >= begin, number) for number, begin in enumerate(begins)))
    since = select(WebhookEvent.kind, which.label("day")).where(WebhookEvent.received_at >= begins[-1]).subquery()
    counted = select(since.c.day, since.c.kind, func.count()).group_by(since.c.day, since.c.kind)
    found = session.execute(counted.order_by(since.c.day, since.c.kind)).all()
    refused = _refused(session, begins[-1])
    return tuple(
        Day(begin, tuple((kind, count) for day, kind, count in found if day == number), refused.get(_name(begin), 0))
        for number, begin in enumerate(begins)
    )


def page(session: Session, wanted: Filter, *, limit: int, before: int | None = None) -> Pile:
    chosen = _chosen(wanted).order_by(WebhookEvent.id.desc()).limit(limit + 1)
    if before is not None:
        chosen = chosen.where(WebhookEvent.id < before)
    rows = _rows(session, chosen)
    return Pile(tuple(rows[:limit]), rows[limit - 1].id if len(rows) > limit else None)


def ids(session: Session, wanted: Filter, *, limit: int) -> list[int]:
    """The newest of the chosen deliveries."""
    chosen = _chosen(wanted).with_only_columns(WebhookEvent.id).order_by(WebhookEvent.id.desc()).limit(limit)
    return list(session.scalars(chosen))


def delivery(session: Session, event_id: int) -> tuple[DeliveryRow, bytes]:
    """One delivery and its raw body. Raises NoSuchWebhook."""
    rows = _rows(session, _chosen(Filter()).where(WebhookEvent.id == event_id))
    body = session.scalar(select(WebhookEvent.body).where(WebhookEvent.id == event_id))
    if not rows or body is None:
        raise NoSuchWebhook("There is no such delivery, or it was deleted as its time was over")
    return rows[0], body


def _chosen(wanted: Filter) -> Select[WebhookEvent, int | None, str | None]:
    found = (
        select(WebhookEvent, Connection.case_id, Person.name)
        .outerjoin(Connection, Connection.connection_id == WebhookEvent.connection_id)
        .outerjoin(Person, Person.id == WebhookEvent.replayed_by_id)
    )
    was_taken = WebhookEvent.taken_at.is_not(None)
    is_ours = exists().where(Connection.connection_id == WebhookEvent.connection_id).correlate(WebhookEvent)
    if wanted.kind:
        found = found.where(WebhookEvent.kind == wanted.kind)
    if wanted.connection:
        found = found.where(WebhookEvent.connection_id == wanted.connection)
    if wanted.known in YES_OR_NO:
        found = found.where(is_ours if wanted.known == "yes" else ~is_ours)
    if wanted.taken in YES_OR_NO:
        found = found.where(was_taken if wanted.taken == "yes" else ~was_taken)
    return found


def _rows(session: Session, chosen: Select[WebhookEvent, int | None, str | None]) -> Sequence[DeliveryRow]:
    return [
        DeliveryRow(
            row.id, row.kind, row.connection_id, row.sync_id, case_number(case_id) if case_id else "",
            row.received_at, row.happened_at, row.taken_at, row.replays, row.replayed_at, by or "",
        )
        for row, case_id, by in session.execute(chosen)
    ]  # fmt: skip


def _refused(session: Session, since: datetime) -> dict[str, int]:
    per_day = select(WebhookRefusal.day, func.sum(WebhookRefusal.count)).group_by(WebhookRefusal.day)
    found = session.execute(per_day.where(WebhookRefusal.day >= _name(since)))
    return {day: int(count) for day, count in found}


def _name(begin: datetime) -> str:
    return begin.date().isoformat()
