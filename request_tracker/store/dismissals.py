"""Pairs of cases a specialist looked at and called different: they stay dismissed."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, and_, case, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.store.base import Base, one_of, tied
from request_tracker.store.cases import Case


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
        Index("ix_dismissed_pair_right", "right_id"),
    )


def between(session: Session, a: int, b: int) -> DismissedPair | None:
    """What was decided about these two, if anything."""
    pair = and_(DismissedPair.left_id == min(a, b), DismissedPair.right_id == max(a, b))
    return session.scalar(select(DismissedPair).where(pair))


def roots_dismissed_with(session: Session, members: Collection[int]) -> set[int]:
    """The roots of which a case was called different from, or only related to, one of these."""
    is_left = DismissedPair.left_id.in_(members)
    partner = case((is_left, DismissedPair.right_id), else_=DismissedPair.left_id)
    found = select(Case.root_id).join(DismissedPair, Case.id == partner)
    roots = session.scalars(found.where(or_(is_left, DismissedPair.right_id.in_(members))))
    return {root for root in roots if root is not None}
