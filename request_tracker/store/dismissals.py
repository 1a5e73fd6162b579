"""Pairs of cases a specialist looked at and called different: they stay dismissed."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.store.base import Base, one_of, tied


class DismissedPair(Base):
    __tablename__ = "dismissed_pair"
    id: Mapped[int] = mapped_column(primary_key=True)
    left_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    right_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    kind: Mapped[str] = mapped_column(String(12))
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    __table_args__ = (
        one_of("kind", ("different", "related")),
        tied("left_id < right_id", "ordered"),
        Index("uq_dismissed_pair", "left_id", "right_id", unique=True),
    )


def dismissed_with(session: Session, case_id: int) -> set[int]:
    """The other halves of the case's dismissed pairs."""
    pairs = session.execute(
        select(DismissedPair.left_id, DismissedPair.right_id).where(
            or_(DismissedPair.left_id == case_id, DismissedPair.right_id == case_id)
        )
    ).all()
    return {left if right == case_id else right for left, right in pairs}
