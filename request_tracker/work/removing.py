"""The end of a starter connector: a grace period, then it is deleted, if it is ours and still what we made."""

from request_tracker.actions import absent, intents, removal
from request_tracker.actions import provision as rows
from request_tracker.actions.intents import Plan
from request_tracker.fivetran.client import Connection as Reply
from request_tracker.fivetran.client import Fivetran, NotFound, Refused, Unreachable
from request_tracker.rules.sending import Step
from request_tracker.store.connections import Connection
from request_tracker.work import making
from request_tracker.work.context import Context, Later
from request_tracker.work.seeing import seen_of
from request_tracker.work.told import told

REFUSED_FOR = 6 * 3600.0


def remove(context: Context, case_id: int) -> None:
    """Begin the grace period of a case's starter connector. Twice: a running grace period stays as it is."""
    act = context.act()
    with context.database.transaction() as session:
        removal.let_go(session, case_id, act)


def delete(context: Context, row_id: int) -> None:
    """Delete what we made, after its grace period. Twice: it is read first, and what is gone already counts as deleted.

    That it goes is written down before it is asked for; a worker that died in between goes on where it was.
    """
    with context.database.reading() as session:
        row = session.get_one(Connection, row_id)
        over, now = removal.is_over(session, row), context.now()
    if over or row.grace_until is None:
        return
    if row.grace_until > now:
        raise Later("The grace period is not over", seconds=(row.grace_until - now).total_seconds() + 1)
    with context.fivetran() as api, told(context, row_id):
        connection_id = row.connection_id or _found(context, api, row)
        reply = api.connection(connection_id) if connection_id else None
        if reply is not None:
            _delete(context, api, row_id, reply)
            return
    with context.database.transaction() as session:
        if absent.is_doubtful(session, row, context.act()):
            raise Later(absent.MESSAGE, seconds=REFUSED_FOR)
        removal.removed(session, row_id, context.act())


def delete_twin(context: Context, row_id: int, connection_id: str) -> None:
    """Delete a second connection of ours that nobody uses. Twice: it is read first, and gone is gone."""
    with context.fivetran() as api, told(context, row_id):
        reply = api.connection(connection_id)
        if reply is None:
            return
        with context.database.transaction() as session:
            may = removal.may_delete_twin(session, row_id, seen_of(reply), context.act())
        if not may:
            return
        api.delete_connection(connection_id)
    with context.database.transaction() as session:
        removal.twin_gone(session, row_id, connection_id, context.act())


def _delete(context: Context, api: Fivetran, row_id: int, reply: Reply) -> None:
    with context.database.transaction() as session:
        if not removal.begin(session, row_id, seen_of(reply), context.act()):
            return
    try:
        api.delete_connection(reply.id)
    except Refused as no:
        with context.database.transaction() as session:
            removal.refused(session, row_id, context.act(), no.sentence)
        raise Later(no.sentence, seconds=REFUSED_FOR) from no
    except Unreachable:
        if api.connection(reply.id) is not None:
            raise
    with context.database.transaction() as session:
        removal.removed(session, row_id, context.act())


def _found(context: Context, api: Fivetran, row: Connection) -> str | None:
    """What a request whose answer never came left behind: it is recorded, so that it can be deleted."""
    plan = _plan(context, row.id)
    if not plan.sent.sends or plan.group_id is None:
        return None
    try:
        found = [seen_of(each) for each in making.named(api, plan.group_id, plan.schema_name)]
    except NotFound:
        return None
    with context.database.transaction() as session:
        turn = rows.consider(session, plan, found, context.act(), may_send=False)
    if turn is not None and turn.decision.step is Step.WAIT:
        raise Later("A request may still be on its way", seconds=turn.decision.seconds)
    taken = turn is not None and turn.decision.step is Step.TAKE and turn.decision.thing
    return taken.id if taken else None


def _plan(context: Context, row_id: int) -> Plan:
    with context.database.transaction() as session:
        case, row = intents.locked(session, row_id)
        return intents.plan_of(session, row, case, context.act())
