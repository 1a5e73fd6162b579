"""Saved views of the queue: an address with a name, for oneself or for the team."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from request_tracker.store.base import Base, tied


class SavedView(Base):
    """`query`: the filters as in the queue's address, without a place in its pages. `is_team`: all staff see it."""

    __tablename__ = "saved_view"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    name: Mapped[str] = mapped_column(String(60))
    query: Mapped[str] = mapped_column(Text)
    is_team: Mapped[bool]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    __table_args__ = (
        tied("name <> ''", "has_name"),
        Index("uq_saved_view_name", "owner_id", "name", unique=True),
        Index("ix_saved_view_team", "is_team"),
    )
