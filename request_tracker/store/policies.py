"""What the program decided to do by itself: policies as immutable rows, the newest of a name is in force."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.store.base import Base, one_of

AUTOMATIC_MERGE = "automatic_merge"


class Policy(Base):
    """`value` as the rules of that name read it. Rows are never changed: a change is a newer row."""

    __tablename__ = "policy"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    value: Mapped[dict[str, Any]]
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    __table_args__ = (one_of("name", (AUTOMATIC_MERGE,)), Index("ix_policy_name", "name", "id"))


def in_force(session: Session, name: str) -> Policy | None:
    """The newest policy of that name; None where nobody ever decided."""
    return session.scalar(select(Policy).where(Policy.name == name).order_by(Policy.id.desc()).limit(1))


def history(session: Session, name: str, *, limit: int = 50) -> list[Policy]:
    """The decisions of that name, newest first."""
    return list(session.scalars(select(Policy).where(Policy.name == name).order_by(Policy.id.desc()).limit(limit)))
