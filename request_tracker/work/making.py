"""Making a starter connector exactly once: look, write down that a request goes out, send it, record what came of it.

Each step is a short transaction or a call, never both; whatever dies in between is found again by looking.
"""

from request_tracker.actions import intents, removal
from request_tracker.actions import provision as rows
from request_tracker.actions.intents import Plan
from request_tracker.actions.provision import Turn
from request_tracker.fivetran.client import Connection as Reply
from request_tracker.fivetran.client import (
    Fivetran,
    FivetranError,
    NotFound,
    Refused,
    Unreachable,
)
from request_tracker.rules.sending import Sent, Step
from request_tracker.store.connections import Connection
from request_tracker.work.context import Context, Later
from request_tracker.work.grouping import placed
from request_tracker.work.seeing import seen_of
from request_tracker.work.told import told

MOST_NAMES = 20
AGAIN = 30.0


def provision(context: Context, case_id: int) -> None:
    """Make the case's starter connector, or adopt the one that is there.

    Twice, or by two workers at once: the row says which request went out last, and only who saw it so may send another.
    """
    with context.database.transaction() as session:
        plan = rows.plan(session, case_id, context.act())
    if plan is None:
        return
    with context.fivetran() as api, told(context, plan.row_id):
        try:
            _make(context, api, plan)
        except Unreachable:
            with context.database.transaction() as session:
                rows.doubtful(session, plan.row_id)
            raise
        except Refused as no:
            with context.database.transaction() as session:
                given_up = rows.refused(
                    session, plan.row_id, context.act(), no.sentence, is_place_gone=isinstance(no, NotFound)
                )
            if not given_up:
                raise Later(no.sentence, seconds=AGAIN) from no


def twins(context: Context, api: Fivetran, row: Connection) -> None:
    """Look for a second connection of the same name, where a request too many may have had its effect after all.

    For some while after a second request went out; costs one call then, and none otherwise.
    """
    sent = intents.sent_of(row)
    if row.connection_id is None or row.group_id is None or not sent.may_have_twins(context.now()):
        return
    found = [seen_of(each) for each in named(api, row.group_id, row.schema_name)]
    if len(found) > 1:
        with context.database.transaction() as session:
            removal.look_for_twins(session, row.id, found, context.act())


def named(api: Fivetran, group_id: str, schema: str) -> list[Reply]:
    """What stands there under exactly this name, whatever else a list holds."""
    found = api.connections(group_id, schema)
    return [each for each in found if (each.schema, each.group_id) == (schema, group_id)]


def _make(context: Context, api: Fivetran, plan: Plan) -> None:
    for _ in range(MOST_NAMES):
        plan = placed(context, api, plan)
        turn = _look(context, api, plan)
        if turn is None:
            raise Later("Somebody else is at it", seconds=1)
        if turn.decision.step is Step.WAIT:
            raise Later("A request may still be on its way", seconds=turn.decision.seconds)
        if turn.decision.step is Step.TAKE:
            break
        if turn.decision.step is Step.SEND:
            _send(context, api, turn.plan, plan.sent)
            break
        plan = turn.plan
    else:
        raise Later("Every name that was tried is taken", seconds=AGAIN)
    with context.database.reading() as session:
        row = session.get_one(Connection, plan.row_id)
    twins(context, api, row)


def _look(context: Context, api: Fivetran, plan: Plan, *, may_send: bool = True) -> Turn | None:
    assert plan.group_id is not None
    found = [seen_of(each) for each in named(api, plan.group_id, plan.schema_name)]
    with context.database.transaction() as session:
        return rows.consider(session, plan, found, context.act(), may_send=may_send)


def _send(context: Context, api: Fivetran, plan: Plan, before: Sent) -> None:
    assert plan.group_id is not None
    try:
        reply = api.create_connection(
            group_id=plan.group_id,
            service=plan.service,
            schema=plan.schema_name,
            paused=True,
            sync_frequency=plan.sync_frequency,
            schedule_type=plan.schedule_type,
            daily_sync_time=plan.daily_sync_time,
        )
    except FivetranError as fault:
        _look_after(context, api, plan, before, fault)
        return
    with context.database.transaction() as session:
        rows.made(session, plan.row_id, seen_of(reply), context.act())


def _look_after(context: Context, api: Fivetran, plan: Plan, before: Sent, fault: FivetranError) -> None:
    """No good answer. What the request may have left behind is looked for at once; it is never sent again here."""
    never_sent = before if fault.never_taken else None
    if not fault.in_flight:
        with context.database.transaction() as session:
            plan = rows.decided(session, plan, context.act(), never_sent=never_sent)
    if never_sent is not None:
        raise fault
    turn = _look(context, api, plan, may_send=False)
    step = turn.decision.step if turn is not None else None
    if step is Step.TAKE:
        return
    if not isinstance(fault, Refused):
        raise fault
    if step is Step.RENAME:
        raise Later(fault.sentence, seconds=1)
    is_about_name = fault.status == 409 or plan.schema_name in fault.message
    if not is_about_name or plan.sent.sends >= rows.MOST_CONFLICTS:
        raise fault
    raise Later(fault.sentence, seconds=AGAIN * plan.sent.sends)
