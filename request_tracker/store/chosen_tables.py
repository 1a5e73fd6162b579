"""Chosen tables: which of the proposed tables a case needs, by the names of the proposal."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.store.base import Base


class ChosenTable(Base):
    """A person's word on one proposed table. `path` tells the same table in a later version of the document."""

    __tablename__ = "chosen_table"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    name: Mapped[str] = mapped_column(String(200))
    path: Mapped[str] = mapped_column(Text)
    is_wanted: Mapped[bool]
    note: Mapped[str] = mapped_column(Text, default="")
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    __table_args__ = (Index("uq_chosen_table", "case_id", "name", unique=True),)


def of_case(session: Session, case_id: int) -> Mapping[str, ChosenTable]:
    """Each table somebody decided about, by name, in the order of names."""
    rows = session.scalars(select(ChosenTable).where(ChosenTable.case_id == case_id).order_by(ChosenTable.name))
    return {row.name: row for row in rows}
