"""The completeness review: what a person found out about each table of the connector in private preview."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from request_tracker.store.base import Base, one_of


class TableReview(Base):
    """`verdict`: complete, gap (goes back to the build), later (a gap accepted for a later phase)."""

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
    __table_args__ = (
        one_of("verdict", ("complete", "gap", "later")),
        Index("uq_table_review", "connection_row_id", "table_schema", "table_name", unique=True),
        Index("ix_table_review_case", "case_id"),
    )
