"""Connections in our Fivetran groups that no row of ours answers for, as the last search found them."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ForeignKey, String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.store.base import Base, one_of
from request_tracker.store.connections import Connection
from request_tracker.store.groups import GroupIntent
from request_tracker.store.people import AccountGroup


class Stray(Base):
    """`why`: twin (the name of one of ours), deleted (we count it as removed), named (named as ours are), unknown (in a
    group that we made). `case_id`: the case it seems to belong to."""

    __tablename__ = "stray"
    connection_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    group_id: Mapped[str] = mapped_column(String(200))
    schema_name: Mapped[str] = mapped_column(String(200))
    service: Mapped[str] = mapped_column(String(100))
    why: Mapped[str] = mapped_column(String(10))
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"))
    first_seen_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    __table_args__ = (one_of("why", ("twin", "deleted", "named", "unknown")),)


def all_of(session: Session) -> list[Stray]:
    return list(session.scalars(select(Stray).order_by(Stray.group_id, Stray.schema_name, Stray.connection_id)))


def of_group(session: Session, group_id: str) -> dict[str, Stray]:
    return {row.connection_id: row for row in session.scalars(select(Stray).where(Stray.group_id == group_id))}


def forget_others(session: Session, group_ids: Collection[str]) -> None:
    """Those of groups that are not searched any more."""
    session.execute(delete(Stray).where(Stray.group_id.not_in(list(group_ids))))


def our_groups(session: Session) -> list[str]:
    """Every group in which something of ours is, was or may be."""
    found = set(session.scalars(select(AccountGroup.group_id).where(AccountGroup.unbound_at.is_(None))))
    found |= set(session.scalars(select(GroupIntent.group_id).where(GroupIntent.group_id.is_not(None))))
    found |= set(session.scalars(select(Connection.group_id).where(Connection.group_id.is_not(None)).distinct()))
    return sorted(each for each in found if each)


def made_by_us(session: Session, group_id: str) -> bool:
    """Whether the group was made on demand, so that nobody else has business in it."""
    return session.scalar(select(GroupIntent.id).where(GroupIntent.group_id == group_id).limit(1)) is not None
