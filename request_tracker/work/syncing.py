"""Starting the first sync, once there is access."""

from request_tracker.actions import first_sync
from request_tracker.store import connections
from request_tracker.store.cases import Case
from request_tracker.store.connections import Connection
from request_tracker.work.context import Context, Later
from request_tracker.work.looking import take_in
from request_tracker.work.told import told


def start_sync(context: Context, case_id: int) -> None:
    """Start the first sync, once there is access. Twice: a sync that was begun is not begun again."""
    with context.database.reading() as session:
        row = connections.live(session, case_id)
    if row is None or row.connection_id is None or row.sync_started_at is not None:
        return
    if _has_ended(context, case_id):
        return
    if row.setup_state != "connected":
        take_in(context, row.connection_id)
        with context.database.reading() as session:
            row = session.get_one(Connection, row.id)
    if row.setup_state != "connected" or row.connection_id is None:
        raise Later("The requester has not granted access yet", seconds=300)
    asked = context.act()
    with context.fivetran() as api, told(context, row.id):
        api.update_connection(row.connection_id, paused=False)
        api.start_sync(row.connection_id)
    with context.database.transaction() as session:
        kept = session.get_one(Connection, row.id, with_for_update=True)
        first_sync.begun(session, kept, asked)


def _has_ended(context: Context, case_id: int) -> bool:
    with context.database.reading() as session:
        return session.get_one(Case, case_id).outcome is not None
