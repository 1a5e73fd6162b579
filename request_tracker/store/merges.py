"""Merge links: what was merged into what, with the child as it was, so that unmerging is the exact inverse."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, false, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.store.base import Base, partial, tied


class Merge(Base):
    """`snapshot`: the child's phase, outcome, assignee, hold and clocks at the merge. `account_id`: the child's.

    `automatic`: made by the policy that `merged_by` switched on.
    """

    __tablename__ = "merge"
    id: Mapped[int] = mapped_column(primary_key=True)
    child_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    into_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    snapshot: Mapped[dict[str, Any]]
    merged_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    merged_at: Mapped[datetime]
    event_id: Mapped[int | None] = mapped_column(ForeignKey("timeline.id"))
    automatic: Mapped[bool] = mapped_column(default=False, server_default=false())
    unmerged_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    unmerged_at: Mapped[datetime | None]
    __table_args__ = (
        tied("child_id <> into_id", "two_cases"),
        tied("(unmerged_at IS NULL) = (unmerged_by_id IS NULL)", "unmerged_by_somebody"),
        partial("uq_merge_standing", "child_id", where="unmerged_at IS NULL", unique=True),
        Index("ix_merge_into", "into_id"),
    )


class NoSuchMerge(LookupError):
    """No merge has this id."""


def by_id(session: Session, merge_id: int) -> Merge:
    merge = session.get(Merge, merge_id)
    if merge is None:
        raise NoSuchMerge(f"There is no merge {merge_id}")
    return merge


def standing_below(session: Session, into_id: int) -> list[Merge]:
    return list(session.scalars(select(Merge).where(Merge.into_id == into_id, Merge.unmerged_at.is_(None))))
