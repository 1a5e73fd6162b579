"""Reading connections: what Fivetran says now is taken in."""

from request_tracker.actions import readings
from request_tracker.actions.readings import Finding, Seen
from request_tracker.fivetran.client import Connection as Reply
from request_tracker.store import connections
from request_tracker.store.connections import Connection
from request_tracker.work.context import Context
from request_tracker.work.told import told


def take_in(context: Context, connection_id: str) -> None:
    """Read a connection and believe it. Twice: the same answer changes nothing."""
    with context.database.reading() as session:
        row = connections.by_connection_id(session, connection_id)
    if row is None or row.state == "deleted":
        return
    with context.fivetran() as api, told(context, row.id):
        reply = api.connection(connection_id)
    with context.database.transaction() as session:
        kept = session.get_one(Connection, row.id, with_for_update=True)
        readings.take_in(session, kept, seen_of(reply) if reply else None, context.act())


def seen_of(reply: Reply) -> Seen:
    return Seen(
        connection_id=reply.id,
        setup_state=reply.setup_state,
        sync_state=reply.sync_state,
        is_historical_sync=reply.is_historical_sync,
        succeeded_at=reply.succeeded_at,
        failed_at=reply.failed_at,
        service=reply.service,
        schema=reply.schema,
        group_id=reply.group_id,
        created_at=reply.created_at,
        paused=reply.paused,
        sync_frequency=reply.sync_frequency,
        schedule_type=reply.schedule_type,
        daily_sync_time=reply.daily_sync_time,
        findings=_findings(reply),
    )


def _findings(reply: Reply) -> tuple[Finding, ...]:
    tests = [Finding(each.title, each.status, each.message) for each in reply.setup_tests]
    tasks = [Finding(each.code, "TASK", each.message) for each in reply.tasks]
    warnings = [Finding(each.code, "WARNING", each.message) for each in reply.warnings]
    return (*tests, *tasks, *warnings)
