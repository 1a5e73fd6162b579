"""Reading connections: what Fivetran says now is taken in, and what is ours and was changed is put back."""

from datetime import timedelta

from request_tracker.actions import drifts, readings
from request_tracker.fivetran.client import Refused
from request_tracker.rules import drift
from request_tracker.rules.drift import Difference
from request_tracker.store import connections
from request_tracker.store.cases import Case
from request_tracker.store.connections import Connection
from request_tracker.work import making
from request_tracker.work.context import Context, Later
from request_tracker.work.seeing import seen_of
from request_tracker.work.told import told


def take_in(context: Context, connection_id: str) -> bool:
    """Read a connection and believe it. True when Fivetran answered. Twice: the same answer changes nothing.

    What got no answer is not waited for here: the row says when it is looked at again.
    """
    with context.database.reading() as session:
        row = connections.by_connection_id(session, connection_id)
    if row is None or row.state == "deleted":
        return True
    try:
        with context.fivetran() as api, told(context, row.id):
            reply = api.connection(connection_id)
            making.twins(context, api, row)
    except Refused as no:
        with context.database.transaction() as session:
            _, kept = connections.locked(session, row.id)
            readings.refused(session, kept, context.act(), no.sentence)
        return True
    except Later as later:
        _not_before(context, row.id, later)
        return False
    with context.database.transaction() as session:
        _, kept = connections.locked(session, row.id)
        readings.take_in(session, kept, seen_of(reply) if reply else None, context.act())
    return True


def heal(context: Context, row_id: int) -> None:
    """Put back what is ours, and nothing else. Twice: what is as we want it is left alone."""
    with context.database.reading() as session:
        row = session.get_one(Connection, row_id)
        case = session.get_one(Case, row.case_id)
        wanted, is_wanted = drifts.wanted_of(session, row, case), readings.counts(row, case)
    if row.connection_id is None or row.state in ("deleted", "missing") or not is_wanted:
        return
    try:
        with context.fivetran() as api, told(context, row.id):
            reply = api.connection(row.connection_id)
            found = drift.schedule(wanted, seen_of(reply).fields) if reply else ()
            if found:
                reply = api.update_connection(row.connection_id, **_fields(found))
    except Refused as no:
        with context.database.transaction() as session:
            _, kept = connections.locked(session, row_id)
            drifts.not_healed(session, kept, context.act(), no.sentence)
        return
    if found:
        with context.database.transaction() as session:
            _, kept = connections.locked(session, row_id)
            drifts.healed(session, kept, found, context.act())


def probe(context: Context) -> None:
    """Whether Fivetran answers and takes the key: the cheapest call there is. Twice: it is asked twice."""
    try:
        with context.fivetran() as api, told(context):
            api.account()
    except Later:
        return


def _fields(found: tuple[Difference, ...]) -> dict[str, str | int | bool]:
    return {each.name: each.value for each in found}


def _not_before(context: Context, row_id: int, later: Later) -> None:
    """A rate limit says how long to wait: the row is not looked at sooner."""
    act = context.act()
    with context.database.transaction() as session:
        row = session.get_one(Connection, row_id, with_for_update=True)
        if row.misses == 0 and row.check_after is not None:
            row.check_after = max(row.check_after, act.now + timedelta(seconds=later.seconds))
