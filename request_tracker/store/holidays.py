"""Days off: proposed by a file or a library, confirmed or refused by a lead; a confirmed day enters a new calendar."""

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from request_tracker.store.base import Base, one_of, tied

PROPOSED, CONFIRMED, REFUSED = "proposed", "confirmed", "refused"


class Holiday(Base):
    """`source` says where the day comes from: `holidays:US`, `ical:<file name>`, `typed`."""

    __tablename__ = "holiday"
    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(Date)
    name: Mapped[str] = mapped_column(String(200))
    source: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(10), default=PROPOSED)
    proposed_at: Mapped[datetime]
    proposed_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    __table_args__ = (
        one_of("state", (PROPOSED, CONFIRMED, REFUSED)),
        tied("(state = 'proposed') = (decided_at IS NULL)", "decided_has_time"),
        Index("uq_holiday_day", "day", "name", "source", unique=True),
        Index("ix_holiday_state", "state", "day"),
    )
