"""Chosen tables: which of the proposed tables a case needs, by the names of the proposal."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.rules import chosen
from request_tracker.rules.vendor_api import Table
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
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    __table_args__ = (Index("uq_chosen_table", "case_id", "name", unique=True),)


def of_case(session: Session, case_id: int) -> Mapping[str, ChosenTable]:
    """Each table somebody decided about, by name, in the order of names."""
    rows = session.scalars(select(ChosenTable).where(ChosenTable.case_id == case_id).order_by(ChosenTable.name))
    return {row.name: row for row in rows}


def decided(session: Session, case_id: int, tables: Iterable[Table]) -> Mapping[str, ChosenTable]:
    """What was decided about each of these tables, by its name in them: a table that a later version of the document
    names otherwise is told by its path. Tables nobody decided about are left out."""
    return matched(of_case(session, case_id), {table.name: table.path for table in tables})


def matched(rows: Mapping[str, ChosenTable], tables: Mapping[str, str]) -> Mapping[str, ChosenTable]:
    """The same for decisions at hand, and tables as name → path."""
    found = chosen.matched(tables, {row.name: row.path for row in rows.values()})
    return {name: rows[decision] for name, decision in found.items()}


def wanted(session: Session, case_id: int, tables: Iterable[Table]) -> frozenset[str] | None:
    """The names of those tables that are needed; None where none is chosen, and then all of them count."""
    names = frozenset(name for name, row in decided(session, case_id, tables).items() if row.is_wanted)
    return names or None


def count(session: Session, case_id: int) -> int:
    """How many tables are chosen."""
    found = select(func.count()).where(ChosenTable.case_id == case_id, ChosenTable.is_wanted)
    return int(session.scalar(found) or 0)


def stamp(session: Session, case_id: int) -> str:
    """Changes with every decision about the case's proposed tables."""
    found = select(func.count(), func.max(ChosenTable.id), func.max(ChosenTable.at)).where(
        ChosenTable.case_id == case_id
    )
    rows, newest, at = session.execute(found).one()
    return f"{rows}.{newest or 0}.{at.timestamp() if at else 0:.6f}"
