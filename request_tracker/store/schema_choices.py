"""Which tables and columns a case wants, and the schema as Fivetran last told it."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.rules.tables_wanted import Choice, Column, Shown, Table, Wish
from request_tracker.store.base import Base
from request_tracker.store.connections import Connection
from request_tracker.store.once import once


class SchemaChoice(Base):
    """A decision about one table (`column_name` empty) or one column. Names are as the source spells them."""

    __tablename__ = "schema_choice"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    table_schema: Mapped[str] = mapped_column(String(200), default="")
    table_name: Mapped[str] = mapped_column(String(200))
    column_name: Mapped[str] = mapped_column(String(200), default="")
    enabled: Mapped[bool]
    hashed: Mapped[bool] = mapped_column(default=False)
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    __table_args__ = (Index("uq_schema_choice", "case_id", "table_schema", "table_name", "column_name", unique=True),)


class SeenSchema(Base):
    """A connection's schema configuration as last read: `body` is `{handling, schemas: {name: {enabled, tables:
    {name: {enabled, columns: {name: {enabled, hashed}}}}}}}`, with only the parts we use; beside `enabled` there may be
    `locked` (why it cannot be changed) and, of a table, `whole` (all of its columns are here)."""

    __tablename__ = "seen_schema"
    connection_row_id: Mapped[int] = mapped_column(ForeignKey("connection.id"), primary_key=True)
    seen_at: Mapped[datetime]
    body: Mapped[dict[str, Any]]


def of_case(session: Session, case_id: int) -> list[SchemaChoice]:
    """Every decision about the case's tables and columns, in the order of their names."""
    found = select(SchemaChoice).where(SchemaChoice.case_id == case_id)
    order = (SchemaChoice.table_schema, SchemaChoice.table_name, SchemaChoice.column_name, SchemaChoice.id)
    return list(session.scalars(found.order_by(*order)))


def wish_of(session: Session, row: Connection) -> Wish:
    return Wish(choices_of(session, row.case_id), row.change_handling)


def choices_of(session: Session, case_id: int) -> tuple[Choice, ...]:
    """The decisions as the rules read them: there may be ten thousand, so that no objects are made of the rows."""
    place = (SchemaChoice.table_schema, SchemaChoice.table_name, SchemaChoice.column_name)
    found = select(*place, SchemaChoice.enabled, SchemaChoice.hashed).where(SchemaChoice.case_id == case_id)
    return tuple(Choice(*row) for row in session.execute(found.order_by(*place)))


def newest(session: Session, case_id: int) -> SchemaChoice | None:
    """The decision made last."""
    found = select(SchemaChoice).where(SchemaChoice.case_id == case_id)
    return session.scalar(found.order_by(SchemaChoice.at.desc(), SchemaChoice.id.desc()).limit(1))


def is_decided(session: Session, case_id: int) -> bool:
    return session.scalar(select(SchemaChoice.id).where(SchemaChoice.case_id == case_id).limit(1)) is not None


def stamp(session: Session, case_id: int) -> str:
    """Changes with every decision about the case's tables: what somebody looked at, and what was decided since."""
    found = select(func.count(), func.max(SchemaChoice.id), func.max(SchemaChoice.at)).where(
        SchemaChoice.case_id == case_id
    )
    count, newest, at = session.execute(found).one()
    return f"{count}.{newest or 0}.{at.timestamp() if at else 0:.6f}"


def keep_seen(session: Session, row_id: int, shown: Shown, now: datetime) -> None:
    """Remember the schema as Fivetran tells it now. Columns read before are kept where only an overview came."""
    before = seen_of(session, row_id)
    known = {table.place: table for table in before.tables} if before else {}
    kept = session.get(SeenSchema, row_id) or SeenSchema(connection_row_id=row_id)
    kept.seen_at, kept.body = now, _body(Shown(shown.handling, tuple(_with(known, each) for each in shown.tables)))
    session.add(kept)
    session.flush()


@once
def kept_seen(session: Session, row_id: int) -> SeenSchema | None:
    """The row of a connection; None where its schema was never read."""
    return session.get(SeenSchema, row_id)


def seen_of(session: Session, row_id: int) -> Shown | None:
    """The schema as it was last read; None where it never was."""
    row = kept_seen(session, row_id)
    return _shown(row.body) if row else None


def _with(known: dict[tuple[str, str], Table], table: Table) -> Table:
    """The table with the columns that were read in full before, overlaid by what is said of them now."""
    before = known.get(table.place)
    if table.columns_known or before is None or not before.columns_known:
        return table
    now = {column.name: column for column in table.columns}
    older = tuple(now.pop(column.name, column) for column in before.columns)
    return Table(
        table.schema, table.name, table.enabled, table.locked, (*older, *now.values()), table.schema_enabled, True
    )


def _body(shown: Shown) -> dict[str, Any]:
    schemas: dict[str, Any] = {}
    for table in shown.tables:
        inside = schemas.setdefault(table.schema, {"enabled": table.schema_enabled, "tables": {}})
        columns = {each.name: _column_body(each) for each in table.columns}
        locked = {"locked": table.locked} if table.locked else {}
        whole = {"whole": True} if table.columns_known else {}
        inside["tables"][table.name] = {"enabled": table.enabled, **locked, **whole, "columns": columns}
    return {"handling": shown.handling, "schemas": schemas}


def _column_body(column: Column) -> dict[str, Any]:
    more = {"locked": column.locked} if column.locked else {}
    return {"enabled": column.enabled, "hashed": column.hashed, **more, **({"key": True} if column.is_key else {})}


def _shown(body: dict[str, Any]) -> Shown:
    tables = tuple(
        Table(
            schema,
            name,
            table["enabled"],
            table.get("locked", ""),
            tuple(
                Column(each, said["enabled"], said["hashed"], said.get("locked", ""), said.get("key", False))
                for each, said in table["columns"].items()
            ),
            inside["enabled"],
            table.get("whole", False),
        )
        for schema, inside in body["schemas"].items()
        for name, table in inside["tables"].items()
    )
    return Shown(body["handling"], tables)
