"""The end of a starter connector: a grace period, then it is deleted, if it is ours."""

from datetime import timedelta

from request_tracker.actions import provision as rows
from request_tracker.store import connections, jobs
from request_tracker.store.cases import Case
from request_tracker.store.connections import Connection
from request_tracker.work.context import Context, Later
from request_tracker.work.told import told


def remove(context: Context, case_id: int) -> None:
    """Begin the grace period of a case's starter connector. Twice: a running grace period stays as it is."""
    act = context.act()
    with context.database.transaction() as session:
        case = session.get_one(Case, case_id, with_for_update=True)
        row = connections.live(session, case_id)
        if row is None or case.outcome is None:
            return
        row.grace_until = act.now + act.program.grace_for
        jobs.put(
            session,
            "delete_starter",
            {"row_id": row.id},
            now=act.now,
            run_at=row.grace_until + timedelta(seconds=1),
            unique_key=f"delete_starter:{row.id}:{row.grace_until.isoformat()}",
        )


def delete(context: Context, row_id: int) -> None:
    """Delete what we made, after its grace period. Twice: what is gone already counts as deleted."""
    with context.database.reading() as session:
        row = session.get_one(Connection, row_id)
    if row.state == "deleted" or row.grace_until is None:
        return
    if row.grace_until > context.now():
        raise Later("The grace period is not over", seconds=(row.grace_until - context.now()).total_seconds() + 1)
    if row.connection_id is not None:
        with context.fivetran() as api, told(context, row.id):
            api.delete_connection(row.connection_id)
    with context.database.transaction() as session:
        rows.removed(session, session.get_one(Connection, row_id, with_for_update=True), context.act())
