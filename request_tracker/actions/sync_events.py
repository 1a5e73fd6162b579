"""What webhooks and the sync history tell of single syncs: details beside the reading, which alone is believed."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.rules.people import Act
from request_tracker.rules.quoting import quoted, storable
from request_tracker.store import sync_runs
from request_tracker.store.connections import Connection
from request_tracker.store.sync_runs import SyncRun
from request_tracker.store.webhook_events import WebhookEvent

AT_ONCE = 50
KINDS = ("sync_start", "sync_end")
STATUSES = {
    "SUCCESSFUL": "successful", "COMPLETED": "successful", "FAILURE": "failed", "FAILURE_WITH_TASK": "failed",
    "FAILED": "failed", "RESCHEDULED": "rescheduled", "CANCELED": "cancelled", "CANCELLED": "cancelled",
    "PAUSED": "cancelled",
}  # fmt: skip
_SLACK = timedelta(seconds=10)
"""A webhook tells of an end a moment after `succeeded_at` or `failed_at` of the same sync."""


@dataclass(frozen=True)
class Told:
    """One sync as somebody told of it. `status` empty while it runs; `rows` is `[{schema, table, rows}]`."""

    sync_id: str
    source: str
    status: str = ""
    reason: str = ""
    task: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    rows: tuple[Mapping[str, Any], ...] = ()


def take(session: Session, row: Connection, act: Act) -> None:
    """Read the deliveries about the connection's syncs that nobody has taken yet. Twice: a sync has one row."""
    if row.connection_id is None:
        return
    untaken = select(WebhookEvent).where(
        WebhookEvent.connection_id == row.connection_id, WebhookEvent.taken_at.is_(None), WebhookEvent.kind.in_(KINDS)
    )
    newest = session.scalars(untaken.order_by(WebhookEvent.id.desc()).limit(AT_ONCE)).all()
    for event in sorted(newest, key=lambda each: (each.happened_at or each.received_at, each.id)):
        note(session, row, _told(event))
        event.taken_at = act.now
    session.flush()


def note(session: Session, row: Connection, told: Told) -> None:
    """Write down what was told of one sync; the sync the case waits for is joined with what we asked for."""
    if not told.sync_id:
        return
    run = sync_runs.by_sync_id(session, row.id, told.sync_id) or _joined(session, row, told)
    run = run or sync_runs.add(session, row.id, told.source, sync_id=told.sync_id)
    run.sync_id = told.sync_id
    run.started_at, run.ended_at = told.started_at or run.started_at, told.ended_at or run.ended_at
    run.reason, run.task = quoted(told.reason) or run.reason, told.task[:60] or run.task
    if told.rows:
        run.tables, run.rows = [dict(each) for each in told.rows], sum(int(each["rows"]) for each in told.rows)
    if told.status and run.status != "successful":
        run.status = told.status
    session.flush()


def note_all(session: Session, row: Connection, told: Iterable[Told]) -> None:
    for each in told:
        note(session, row, each)


def _joined(session: Session, row: Connection, told: Told) -> SyncRun | None:
    """The run of ours that Fivetran now gives a name: the one that ended then, or the one the case waits for."""
    ended = sync_runs.unnamed_near(session, row.id, told.ended_at) if told.ended_at else None
    if ended is not None:
        return ended
    run = sync_runs.awaited(session, row.id)
    if run is None or run.is_named or run.ended_at is not None:
        return None
    last = max((at for at in (run.succeeded_before, run.failed_before) if at is not None), default=None)
    at = told.started_at or told.ended_at
    return run if last is None or at is None or at > last + _SLACK else None


def _told(event: WebhookEvent) -> Told:
    data = _data(event.body)
    at = event.happened_at
    if event.kind == "sync_start":
        return Told(event.sync_id, "webhook", started_at=at)
    return Told(
        event.sync_id,
        "webhook",
        status=STATUSES.get(_text(data, "status").upper(), ""),
        reason=_text(data, "reason"),
        task=_text(data, "taskType").lower(),
        ended_at=at or event.received_at,
    )


def _data(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    data = found.get("data") if isinstance(found, dict) else None
    return data if isinstance(data, dict) else {}


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    return storable(value) if isinstance(value, str) else ""
