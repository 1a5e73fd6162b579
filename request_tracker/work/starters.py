"""Starter connectors over the network: plan in a short transaction, call, record in a short one."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from request_tracker.actions import provision as rows
from request_tracker.actions.provision import Plan, Seen
from request_tracker.fivetran.client import Conflict, Fivetran, FivetranError, Throttled, Unreachable
from request_tracker.fivetran.client import Connection as Reply
from request_tracker.store import connections, jobs
from request_tracker.store.cases import Case
from request_tracker.store.connections import Connection
from request_tracker.work.context import Context, Later


def provision(context: Context, case_id: int) -> None:
    """Make the case's starter connector, or adopt the one that is there.

    Twice: the name is the same every time and looked up before anything is made; 409 and doubt lead back to looking.
    """
    with context.database.transaction() as session:
        plan = rows.plan(session, case_id, context.act())
    if plan is None:
        return
    with context.fivetran() as api, _told(context, plan.row_id):
        group_id = plan.group_id or _group(context, api, plan)
        with context.database.transaction() as session:
            rows.creating(session, plan.row_id)
        reply = _found_or_made(api, plan, group_id)
    with context.database.transaction() as session:
        rows.made(session, plan.row_id, seen_of(reply), context.act())


def take_in(context: Context, connection_id: str) -> None:
    """Read a connection and believe it. Twice: the same answer changes nothing."""
    with context.database.reading() as session:
        row = connections.by_connection_id(session, connection_id)
    if row is None or row.state == "deleted":
        return
    with context.fivetran() as api, _told(context, row.id):
        reply = api.connection(connection_id)
    with context.database.transaction() as session:
        kept = session.get_one(Connection, row.id, with_for_update=True)
        rows.take_in(session, kept, seen_of(reply) if reply else None, context.act())


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
    with context.fivetran() as api, _told(context, row.id):
        api.update_connection(row.connection_id, paused=False)
        api.start_sync(row.connection_id)
    with context.database.transaction() as session:
        kept = session.get_one(Connection, row.id, with_for_update=True)
        rows.sync_begun(session, kept, asked)


def _has_ended(context: Context, case_id: int) -> bool:
    with context.database.reading() as session:
        return session.get_one(Case, case_id).outcome is not None


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
        with context.fivetran() as api, _told(context, row.id):
            api.delete_connection(row.connection_id)
    with context.database.transaction() as session:
        rows.removed(session, session.get_one(Connection, row_id, with_for_update=True), context.act())


def seen_of(reply: Reply) -> Seen:
    return Seen(
        connection_id=reply.id,
        setup_state=reply.setup_state,
        sync_state=reply.sync_state,
        is_historical_sync=reply.is_historical_sync,
        succeeded_at=reply.succeeded_at,
        failed_at=reply.failed_at,
    )


def _found_or_made(api: Fivetran, plan: Plan, group_id: str) -> Reply:
    found = api.find_connection(group_id, plan.schema_name)
    if found is not None:
        return found
    try:
        return api.create_connection(
            group_id=group_id,
            service=plan.service,
            schema=plan.schema_name,
            paused=True,
            sync_frequency=plan.sync_frequency,
        )
    except Conflict:
        found = api.find_connection(group_id, plan.schema_name)
        if found is None:
            raise
        return found


def _group(context: Context, api: Fivetran, plan: Plan) -> str:
    """The account's group: found by its name, or made where the policy allows it."""
    if not context.settings.program.groups_on_demand:
        with context.database.transaction() as session:
            rows.needs_group(session, plan, context.act())
        raise Later("No Fivetran group is bound to the customer account", seconds=900)
    named = [group for group in api.groups() if group.name == plan.group_name]
    group = named[0] if named else api.create_group(plan.group_name)
    with context.database.transaction() as session:
        rows.use_group(session, plan, group.id, context.act())
    return group.id


@contextmanager
def _told(context: Context, row_id: int) -> Iterator[None]:
    """Write on the case what went wrong with a call, then let the worker try again."""
    try:
        yield
    except Throttled as wait:
        raise Later(wait.sentence, seconds=wait.retry_after) from wait
    except Unreachable as gone:
        with context.database.transaction() as session:
            rows.doubtful(session, row_id, context.act(), gone.sentence)
        raise
    except FivetranError as no:
        with context.database.transaction() as session:
            rows.refused(session, row_id, context.act(), no.sentence)
        raise
