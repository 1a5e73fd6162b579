"""Making a starter connector exactly once: plan in a short transaction, look, call, record in a short one."""

from request_tracker.actions import provision as rows
from request_tracker.actions.provision import Plan
from request_tracker.fivetran.client import Conflict, Fivetran
from request_tracker.fivetran.client import Connection as Reply
from request_tracker.work.context import Context, Later
from request_tracker.work.looking import seen_of
from request_tracker.work.told import told


def provision(context: Context, case_id: int) -> None:
    """Make the case's starter connector, or adopt the one that is there.

    Twice: the name is the same every time and looked up before anything is made; 409 and doubt lead back to looking.
    """
    with context.database.transaction() as session:
        plan = rows.plan(session, case_id, context.act())
    if plan is None:
        return
    with context.fivetran() as api, told(context, plan.row_id):
        group_id = plan.group_id or _group(context, api, plan)
        with context.database.transaction() as session:
            rows.creating(session, plan.row_id)
        reply = _found_or_made(api, plan, group_id)
    with context.database.transaction() as session:
        rows.made(session, plan.row_id, seen_of(reply), context.act())


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
