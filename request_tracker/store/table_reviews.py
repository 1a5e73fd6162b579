"""The completeness review: what a person found out about each table of the connector in private preview."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, bindparam, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.store.base import Base, one_of
from request_tracker.store.people import Person


class TableReview(Base):
    """`verdict`: complete, gap (goes back to the build), later (a gap accepted for a later phase).

    `last_…`: what was found in the private preview before this one, empty where there was none.
    """

    __tablename__ = "table_review"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    connection_row_id: Mapped[int] = mapped_column(ForeignKey("connection.id"))
    table_schema: Mapped[str] = mapped_column(String(200), default="")
    table_name: Mapped[str] = mapped_column(String(200))
    verdict: Mapped[str] = mapped_column(String(10))
    note: Mapped[str] = mapped_column(Text, default="")
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    last_verdict: Mapped[str] = mapped_column(String(10), default="", server_default="")
    last_note: Mapped[str] = mapped_column(Text, default="", server_default="")
    __table_args__ = (
        one_of("verdict", ("complete", "gap", "later")),
        Index("uq_table_review", "connection_row_id", "table_schema", "table_name", unique=True),
        Index("ix_table_review_case", "case_id"),
    )


_OF_CONNECTION = (
    select(TableReview, Person.name)
    .join(Person, Person.id == TableReview.by_id)
    .where(TableReview.connection_row_id == bindparam("row_id"))
    .order_by(TableReview.table_schema, TableReview.table_name)
)


def of_connection(session: Session, row_id: int) -> Sequence[tuple[TableReview, str]]:
    """Each review with the name of who made it, by schema and table."""
    return [(row, name) for row, name in session.execute(_OF_CONNECTION, {"row_id": row_id})]


def one(session: Session, row_id: int, schema: str, table: str) -> TableReview | None:
    return session.scalar(
        select(TableReview).where(
            TableReview.connection_row_id == row_id,
            TableReview.table_schema == schema,
            TableReview.table_name == table,
        )
    )
