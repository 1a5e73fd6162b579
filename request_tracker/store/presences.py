"""Who looks at a case now: a hint for colleagues, forgotten within minutes."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from request_tracker.store.base import Base


class Presence(Base):
    """`writing`: something is typed into a form of the page and not sent yet."""

    __tablename__ = "presence"
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    seen_at: Mapped[datetime]
    writing: Mapped[bool] = mapped_column(default=False)
    __table_args__ = (Index("ix_presence_seen", "seen_at"),)
