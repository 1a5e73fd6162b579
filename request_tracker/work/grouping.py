"""Finding a starter connector's group, or making it once; and whether the groups have destinations."""

import secrets
from dataclasses import replace

from sqlalchemy import select

from request_tracker.actions import placing
from request_tracker.actions.intents import Plan
from request_tracker.actions.placing import Choice, Going, There
from request_tracker.fivetran.client import Fivetran, FivetranError, Refused
from request_tracker.store import groups
from request_tracker.store.connections import Condition, Connection
from request_tracker.work.context import Context, Later
from request_tracker.work.told import told

ASK_AGAIN = 900.0
LOOK_AGAIN = 30.0
_GONE = ("deleted", "failed", "missing")


def placed(context: Context, api: Fivetran, plan: Plan) -> Plan:
    """The plan with its group. Raises Later where the group is not there yet."""
    if plan.group_id is None:
        found = _group(context, api, plan)
        with context.database.transaction() as session:
            plan = replace(plan, group_id=placing.use(session, plan, found, context.act()))
    _destination(context, api, plan)
    return plan


def look(context: Context) -> None:
    """Look which groups have a working destination, for all connections at once. Twice: the same is said again."""
    with context.fivetran() as api, told(context):
        ready = {each.group_id for each in api.destinations() if each.is_connected}
    live = select(Connection).where(Connection.group_id.is_not(None), Connection.state.not_in(_GONE))
    with context.database.transaction() as session:
        for row in session.scalars(live.order_by(Connection.id)):
            placing.destination(session, row, context.act(), is_ready=row.group_id in ready)


def ensure(context: Context) -> None:
    """While some group has no destination, look now and then whether it has one."""
    with context.database.transaction() as session:
        placing.look_due(session, context.act())


def _group(context: Context, api: Fivetran, plan: Plan) -> str:
    """The group of the plan's place: the one made for it, found by its name, or made where the policy allows it."""
    with context.database.transaction() as session:
        going = placing.intended(session, plan, context.act())
    if going.group_id is not None:
        return going.group_id
    if not plan.may_make:
        _needs(context, plan, "no_group", placing.NO_GROUP)
    worker = secrets.token_hex(8)
    choice = _look(context, api, plan, going, worker)
    if choice.group_id is not None:
        return choice.group_id
    if not choice.may_send:
        raise Later("The group is being made", seconds=choice.seconds)
    return _made(context, api, plan, going, worker)


def _look(context: Context, api: Fivetran, plan: Plan, going: Going, worker: str) -> Choice:
    found = [There(each.id, each.name, each.created_at) for each in api.groups()]
    with context.database.transaction() as session:
        choice = placing.consider(session, plan, going, found, worker, context.act())
    if choice is None:
        raise Later("An admin has to say which group is used", seconds=ASK_AGAIN)
    return choice


def _made(context: Context, api: Fivetran, plan: Plan, going: Going, worker: str) -> str:
    try:
        made = api.create_group(going.name)
    except FivetranError as fault:
        if not fault.in_flight:
            _decided(context, going, worker)
        if not isinstance(fault, Refused):
            raise
        if fault.status == 409 or going.name in fault.message:
            raise Later(fault.sentence, seconds=LOOK_AGAIN) from fault
        _needs(context, plan, "refused", fault.sentence)
    with context.database.transaction() as session:
        return groups.made(session, going.intent_id, made.id)


def _decided(context: Context, going: Going, worker: str) -> None:
    with context.database.transaction() as session:
        groups.decided(session, going.intent_id, worker)


def _needs(context: Context, plan: Plan, reason: str, message: str) -> None:
    with context.database.transaction() as session:
        placing.needs_group(session, plan, context.act(), reason=reason, message=message)
    raise Later(message, seconds=ASK_AGAIN)


def _destination(context: Context, api: Fivetran, plan: Plan) -> None:
    """Looked at once while the connector is made; afterwards by `look`."""
    assert plan.group_id is not None
    with context.database.reading() as session:
        said = select(Condition.id).where(Condition.connection_row_id == plan.row_id, Condition.kind == "destination")
        if session.scalar(said) is not None:
            return
    found = api.destination(plan.group_id)
    with context.database.transaction() as session:
        row = session.get_one(Connection, plan.row_id)
        placing.destination(session, row, context.act(), is_ready=found is not None and found.is_connected)
