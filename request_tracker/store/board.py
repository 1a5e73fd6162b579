"""The public board: cases that staff took off it."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from request_tracker.store.base import Base


class Unlisted(Base):
    """The case stays off the board, for as long as the row stands."""

    __tablename__ = "board_unlisted"
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), primary_key=True)
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
