"""Saved views of the queue: an address with a name, for oneself or for the team."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, ForeignKey, Index, String, Text, func, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.rules.people import Viewer
from request_tracker.rules.terms import Role
from request_tracker.store.base import Base, tied
from request_tracker.store.people import Person

LONGEST = 60


class SavedView(Base):
    """`query`: the filters as in the queue's address, without a place in its pages. `is_team`: all staff see it."""

    __tablename__ = "saved_view"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    name: Mapped[str] = mapped_column(String(LONGEST))
    query: Mapped[str] = mapped_column(Text)
    is_team: Mapped[bool]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    __table_args__ = (
        tied("name <> ''", "has_name"),
        Index("uq_saved_view_name", "owner_id", "name", unique=True),
        Index("ix_saved_view_team", "is_team"),
    )


@dataclass(frozen=True)
class ViewRow:
    """A view as somebody sees it. `may_change`: it is theirs, or the team's and they are a lead."""

    id: int
    name: str
    query: str
    is_team: bool
    owner: str
    is_mine: bool
    may_change: bool
    changed_at: datetime


class NoSuchView(LookupError):
    """No view has this id, or it is somebody else's own."""


def seen_by(viewer: Viewer) -> ColumnElement[bool]:
    """A person's own views and the team's; nobody else's."""
    return or_(SavedView.owner_id == viewer.id, SavedView.is_team)


def of_viewer(session: Session, viewer: Viewer) -> tuple[ViewRow, ...]:
    """Own views first, then the team's, by name."""
    found = select(SavedView, Person.name).join(Person, Person.id == SavedView.owner_id).where(seen_by(viewer))
    rows = session.execute(found.order_by(SavedView.is_team, SavedView.name, SavedView.id)).all()
    return tuple(row_of(row[0], row[1], viewer) for row in rows)


def for_change(session: Session, view_id: int, viewer: Viewer) -> SavedView | None:
    """The view, locked, or None where the viewer may not change it. Raises NoSuchView."""
    view = session.get(SavedView, view_id, with_for_update=True, populate_existing=True)
    if view is None or not (view.is_team or view.owner_id == viewer.id):
        raise NoSuchView("There is no such view: it may have been deleted, or taken from the team")
    return view if _may_change(view, viewer) else None


def is_named(session: Session, owner_id: int, name: str, *, but: int = 0) -> bool:
    """Whether the owner has another view of this name."""
    same = select(SavedView.id).where(SavedView.owner_id == owner_id, SavedView.name == name, SavedView.id != but)
    return session.scalar(same.limit(1)) is not None


def count_of(session: Session, owner_id: int) -> int:
    return session.scalar(select(func.count()).select_from(SavedView).where(SavedView.owner_id == owner_id)) or 0


def row_of(view: SavedView, owner: str, viewer: Viewer) -> ViewRow:
    return ViewRow(
        view.id, view.name, view.query, view.is_team, owner, view.owner_id == viewer.id, _may_change(view, viewer),
        view.changed_at,
    )  # fmt: skip


def _may_change(view: SavedView, viewer: Viewer) -> bool:
    return view.owner_id == viewer.id or (view.is_team and viewer.role is Role.LEAD)
