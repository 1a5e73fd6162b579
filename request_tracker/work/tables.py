"""A connection's tables: read, compared with what the case wants, changed, read again and then believed."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select

from request_tracker.actions import drifts, readings
from request_tracker.actions import tables as rows
from request_tracker.fivetran.client import ColumnSetting, Conflict, Fivetran, NotFound, Refused, Schemas, TableSetting
from request_tracker.rules import looks
from request_tracker.rules.sync_schedule import Schedule
from request_tracker.rules.tables_wanted import LOCKED, Column, Shown, Table, Wish, compare
from request_tracker.rules.terms import StarterState
from request_tracker.store import connections, schema_choices
from request_tracker.store.connections import Connection
from request_tracker.store.session import Database
from request_tracker.work.context import Context, Later
from request_tracker.work.seeing import seen_of
from request_tracker.work.told import told

Place = tuple[str, str]
AGAIN = 300
SPREAD = timedelta(hours=1)
"""Over how long the daily looks are spread."""


def read(context: Context, row_id: int, *, columns_of: Place | None = None, again: bool = False) -> None:
    """Read the tables, and have what differs from the choice put right. Twice: the same answer changes nothing.

    `columns_of`: a table of which all columns are asked for. `again`: have Fivetran look into the source anew.
    """
    row, wish, _ = _now(context.database, row_id)
    if not _is_readable(context, row):
        return
    with context.fivetran() as api, told(context, row.id), _refusals(context, row.id):
        shown = read_shown(api, row.connection_id or "", wish, also=[columns_of] if columns_of else [], again=again)
        with context.database.transaction() as session:
            rows.drifted(session, row.id, shown, context.act())


def apply(context: Context, row_id: int) -> None:
    """Bring the choice to Fivetran. Twice: only what differs is sent, and what is shown afterwards is believed."""
    row, wish, stamp = _now(context.database, row_id)
    if not _is_readable(context, row):
        return
    connection_id = row.connection_id or ""
    with context.fivetran() as api, told(context, row.id), _refusals(context, row.id):
        shown = read_shown(api, connection_id, wish)
        if body := compare(wish, shown).body:
            api.set_schemas(connection_id, body)
            shown = read_shown(api, connection_id, wish)
        with context.database.transaction() as session:
            rows.applied(session, row.id, shown, context.act(), stamp=stamp)


def apply_schedule(context: Context, row_id: int) -> None:
    """Bring the wanted schedule to Fivetran and believe its answer. Twice: the same fields are set again."""
    with context.database.reading() as session:
        row = session.get_one(Connection, row_id)
    if row.connection_id is None or row.state in ("missing", "deleted"):
        return
    wanted = Schedule(row.sync_frequency, row.schedule_type, row.daily_sync_time)
    try:
        with context.fivetran() as api, told(context, row.id):
            reply = api.update_connection(row.connection_id, **wanted.fields)
    except Refused as no:
        with context.database.transaction() as session:
            drifts.not_healed(session, session.get_one(Connection, row.id), context.act(), no.sentence)
        return
    with context.database.transaction() as session:
        _, kept = connections.locked(session, row.id)
        readings.take_in(session, kept, seen_of(reply), context.act())


def look_daily(context: Context) -> None:
    """Once a day each connection's tables are looked at: somebody may have changed them in Fivetran."""
    act = context.act()
    with context.database.transaction() as session:
        found = select(Connection).where(Connection.state.in_(rows.READABLE), Connection.grace_until.is_(None))
        for row in session.scalars(found.order_by(Connection.id)):
            day = f"{act.now:%Y-%m-%d}"
            rows.ask_reading(session, row, act, why=day, wait=SPREAD * looks.share(row.id, day))


def _now(database: Database, row_id: int) -> tuple[Connection, Wish, str]:
    with database.reading() as session:
        row = session.get_one(Connection, row_id)
        return row, schema_choices.wish_of(session, row), rows.stamp_of(session, row)


def _is_readable(context: Context, row: Connection) -> bool:
    """Whether Fivetran can know the tables. They are read from the source, so access comes first, and that is said."""
    if row.connection_id is not None and row.state in rows.READABLE:
        return True
    if row.state == StarterState.CREATED:
        with context.database.transaction() as session:
            rows.unreadable(session, row.id, context.act())
    return False


@contextmanager
def _refusals(context: Context, row_id: int) -> Iterator[None]:
    """A no is said in words. What may be otherwise soon is tried again; the rest waits for another choice."""
    try:
        yield
    except Refused as no:
        with context.database.transaction() as session:
            rows.refused(session, row_id, context.act(), no.sentence)
        if isinstance(no, NotFound | Conflict):
            raise Later(no.sentence, seconds=AGAIN) from no


def read_shown(
    api: Fivetran, connection_id: str, wish: Wish, *, also: Iterable[Place] = (), again: bool = False
) -> Shown:
    """The whole of what matters: the overview, and all columns of the tables of which a column was decided about."""
    found = None if again else api.schemas(connection_id)
    shown = shown_of(found or api.reload_schemas(connection_id))
    asked = {*rows.places_of_columns(wish, shown), *also}
    return replace(shown, tables=tuple(_whole(api, connection_id, each, asked) for each in shown.tables))


def _whole(api: Fivetran, connection_id: str, table: Table, asked: set[Place]) -> Table:
    if table.place not in asked:
        return table
    found = api.columns(connection_id, table.schema, table.name)
    return replace(table, columns=tuple(map(_column, found)), columns_known=True)


def shown_of(reply: Schemas) -> Shown:
    return Shown(reply.handling, tuple(map(_table, reply.tables)))


def _table(each: TableSetting) -> Table:
    columns = tuple(map(_column, each.columns))
    return Table(each.schema, each.name, each.enabled, _why(each), columns, each.schema_enabled)


def _column(each: ColumnSetting) -> Column:
    return Column(each.name, each.enabled, each.hashed, _why(each), each.is_primary_key)


_REASONS = {
    "SYSTEM_TABLE": "it is a table of Fivetran's own",
    "SYSTEM_COLUMN": "it is a column of Fivetran's own",
    "DELETED": "it was deleted in the source",
    "OTHER": LOCKED,
}


def _why(each: TableSetting | ColumnSetting) -> str:
    """Why it cannot be changed, in words; empty where it can."""
    return _REASONS.get(each.locked_because, each.locked_because or LOCKED) if each.locked else ""
