"""Pairs of cases that look like one service, scored and waiting for a specialist: the duplicates inbox."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from request_tracker.store.base import Base, one_of, tied


class DuplicatePair(Base):
    """Two roots and how alike they are, as scored last. Derived: it may be deleted and computed again at any time."""

    __tablename__ = "duplicate_pair"
    id: Mapped[int] = mapped_column(primary_key=True)
    left_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    right_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    score: Mapped[float]
    decision: Mapped[str] = mapped_column(String(8))
    reasons: Mapped[list[Any]]
    scored_at: Mapped[datetime]
    __table_args__ = (
        one_of("decision", ("merge", "suggest")),
        tied("left_id < right_id", "ordered"),
        Index("uq_duplicate_pair", "left_id", "right_id", unique=True),
        Index("ix_duplicate_pair_right", "right_id"),
        Index("ix_duplicate_pair_score", "score", "id"),
    )
