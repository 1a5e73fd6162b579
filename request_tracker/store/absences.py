"""Days on which somebody of the staff is out of office."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from request_tracker.store.base import Base, tied


class Absence(Base):
    """Whole days in the person's own zone, both included."""

    __tablename__ = "absence"
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    first_day: Mapped[date]
    last_day: Mapped[date]
    note: Mapped[str] = mapped_column(String(200), default="")
    stand_in_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime]
    __table_args__ = (
        tied("first_day <= last_day", "ends_after_start"),
        tied("stand_in_id IS NULL OR stand_in_id <> person_id", "not_for_oneself"),
        Index("ix_absence_person", "person_id", "last_day"),
    )
