"""Merge links: what was merged into what, with the child as it was, so that unmerging is the exact inverse."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, false, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.store.base import Base, partial, tied
from request_tracker.store.timeline import Entry


class Merge(Base):
    """`snapshot`: the child as `snapshot` of a case has it, and who was told (`heard`). `account_id`: the child's.

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
        partial("ix_merge_taken_apart", "child_id", where="unmerged_at IS NOT NULL"),
        Index("ix_merge_into", "into_id"),
        Index("ix_merge_automatic", "id", sqlite_where=text("automatic = 1"), postgresql_where=text("automatic")),
    )


class NoSuchMerge(LookupError):
    """No merge has this id."""


def by_id(session: Session, merge_id: int) -> Merge:
    merge = session.get(Merge, merge_id)
    if merge is None:
        raise NoSuchMerge(f"There is no merge {merge_id}")
    return merge


def standing_below(session: Session, into_id: int) -> list[Merge]:
    found = select(Merge).where(Merge.into_id == into_id, Merge.unmerged_at.is_(None)).order_by(Merge.id)
    return list(session.scalars(found))


def of_event(session: Session, event_id: int) -> Merge:
    """The link that a merge's or a swap's timeline entry made."""
    return session.scalars(select(Merge).where(Merge.event_id == event_id)).one()


def swap_entries(session: Session, entry: Entry) -> tuple[Entry, Entry]:
    """The two entries of a swap, from either: of the case that leads since, and of the one below it."""
    if "pair" in entry.data:
        return session.get_one(Entry, entry.data["pair"]), entry
    below = select(Entry).where(Entry.case_id == entry.data["over"], Entry.kind == "swap", Entry.id > entry.id)
    return entry, session.scalars(below.order_by(Entry.id).limit(1)).one()


def turned_from(session: Session, link: Merge) -> list[int]:
    """The ids of the link and of those it came from by swapping: one merge, whichever case leads."""
    found = [link.id]
    entry = session.get(Entry, link.event_id)
    while entry is not None and entry.kind == "swap":
        lead, _ = swap_entries(session, entry)
        link = session.get_one(Merge, lead.data["link"])
        found.append(link.id)
        entry = session.get(Entry, link.event_id)
    return found


def made_together(session: Session, link: Merge) -> list[Merge]:
    """The links of one act, this one among them, whether or not they still stand; in order of the cases."""
    found = select(Merge).where(
        Merge.into_id == link.into_id, Merge.merged_at == link.merged_at, Merge.merged_by_id == link.merged_by_id
    )
    return list(session.scalars(found.order_by(Merge.child_id)))


def child_and_below(session: Session, case_id: int) -> list[int]:
    """The case and everything that stands merged below it, by walking the links down."""
    found = level = [case_id]
    while level := _directly_below(session, level):
        found = [*found, *level]
    return found


def _directly_below(session: Session, case_ids: list[int]) -> list[int]:
    below = select(Merge.child_id).where(Merge.into_id.in_(case_ids), Merge.unmerged_at.is_(None))
    return list(session.scalars(below.order_by(Merge.child_id)))
