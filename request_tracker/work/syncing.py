"""Starting the first sync, once there is access, and reading what the account's history tells of syncs."""

import logging
from datetime import timedelta

from request_tracker.actions import first_sync, sync_events, tables
from request_tracker.actions.sync_events import STATUSES, Told
from request_tracker.fivetran.client import Refused
from request_tracker.fivetran.replies import SyncRecord
from request_tracker.store import connections, sync_runs
from request_tracker.store.cases import Case
from request_tracker.store.connections import Connection
from request_tracker.work.context import Context, Later
from request_tracker.work.looking import take_in
from request_tracker.work.told import told

log = logging.getLogger(__name__)
BACK = timedelta(hours=1)
FARTHEST = timedelta(days=7)
"""The history is told for at most a week."""


def start_sync(context: Context, case_id: int) -> None:
    """Start the first sync, once there is access and the chosen tables are set.

    Twice: what is about to be asked is written down before, with what Fivetran says then. After a doubt the connection
    is read first, and a sync that runs or ended since is ours: it is never asked for while it runs.
    """
    row = _waiting(context, case_id)
    if row is None or row.connection_id is None:
        return
    take_in(context, row.connection_id)
    row = _waiting(context, case_id)
    if row is None or row.connection_id is None:
        return
    if row.setup_state != "connected":
        raise Later("The requester has not granted access yet", seconds=300)
    asked = context.act()
    with context.database.transaction() as session:
        _, kept = connections.locked(session, row.id)
        if not tables.settled(session, kept):
            raise Later("The chosen tables are not set at Fivetran yet", seconds=60)
        if first_sync.is_travelling(session, kept, asked):
            raise Later("The first sync was asked for a moment ago: it shows soon, or is asked for again", seconds=60)
        run_id = first_sync.intend(session, kept, asked)
    if run_id is not None:
        _ask(context, row.id, row.connection_id)
        with context.database.transaction() as session:
            _, kept = connections.locked(session, row.id)
            first_sync.begun(session, kept, asked, run_id)


def read_history(context: Context, row_id: int) -> None:
    """Read what the account's history tells of the last syncs, if it has one. Twice: each sync has one row."""
    now = context.now()
    with context.database.reading() as session:
        row = session.get_one(Connection, row_id)
        run = sync_runs.awaited(session, row_id)
    if row.connection_id is None or row.state in ("missing", "deleted"):
        return
    since = (run.started_at or run.ended_at or now) - BACK if run is not None else now - BACK
    try:
        with context.fivetran() as api, told(context, row_id):
            found = api.sync_history(row.connection_id, max(since, now - FARTHEST), now)
    except Refused as no:
        log.info("no sync history of connection row %s: %s", row_id, no.sentence)
        return
    with context.database.transaction() as session:
        kept = session.get_one(Connection, row_id, with_for_update=True)
        sync_events.note_all(session, kept, (_told(each) for each in reversed(found or ())))


def _waiting(context: Context, case_id: int) -> Connection | None:
    """The connection whose first sync was not begun yet, of a case that goes on."""
    with context.database.reading() as session:
        row = connections.live(session, case_id)
        ended = session.get_one(Case, case_id).outcome is not None
    return None if row is None or ended or row.sync_started_at is not None else row


def _ask(context: Context, row_id: int, connection_id: str) -> None:
    """Let it run, then run it now: where it runs already, Fivetran does nothing."""
    try:
        with context.fivetran() as api, told(context, row_id):
            api.update_connection(connection_id, paused=False)
            api.start_sync(connection_id)
    except Refused as no:
        with context.database.transaction() as session:
            row = session.get_one(Connection, row_id, with_for_update=True)
            first_sync.refused(session, row, context.act(), no.sentence)
        raise


def _told(record: SyncRecord) -> Told:
    rows = tuple({"schema": each.schema, "table": each.table, "rows": each.rows} for each in record.rows)
    ended = record.ended_at if record.status in STATUSES else None
    return Told(
        record.sync_id,
        "history",
        status=STATUSES.get(record.status, ""),
        reason=record.reason,
        started_at=record.started_at,
        ended_at=ended,
        rows=rows,
    )
