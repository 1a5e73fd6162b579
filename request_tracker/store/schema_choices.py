"""Which tables and columns a case wants, and the schema as Fivetran last told it."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from request_tracker.store.base import Base


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
    {name: {enabled, columns: {name: {enabled, hashed}}}}}}}`, with only the parts we use."""

    __tablename__ = "seen_schema"
    connection_row_id: Mapped[int] = mapped_column(ForeignKey("connection.id"), primary_key=True)
    seen_at: Mapped[datetime]
    body: Mapped[dict[str, Any]]
