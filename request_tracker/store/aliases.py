"""What is known about services beforehand, as rows: aliases, shared hosts, families; and a log of every change."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.rules.claims import KINDS, Leads
from request_tracker.store.base import Base, one_of, partial


class Alias(Base):
    """`source` says where the knowledge is from; `retired_at` takes a row out of use without losing it."""

    __tablename__ = "alias"
    id: Mapped[int] = mapped_column(primary_key=True)
    canonical: Mapped[str] = mapped_column(String(200))
    alias: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(20))
    source: Mapped[str] = mapped_column(String(300))
    added_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]
    __table_args__ = (
        one_of("kind", KINDS),
        Index("uq_alias", "canonical", "alias", unique=True),
    )


class SharedHost(Base):
    """A host where many vendors have their pages: it says nothing about identity."""

    __tablename__ = "shared_host"
    id: Mapped[int] = mapped_column(primary_key=True)
    host: Mapped[str] = mapped_column(String(255), unique=True)
    kind: Mapped[str] = mapped_column(String(40))
    added_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]


class Family(Base):
    """A company whose one domain carries many products: neither the domain nor the company's name tells which."""

    __tablename__ = "family"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    domain: Mapped[str] = mapped_column(String(255))
    source: Mapped[str] = mapped_column(String(300))
    added_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]
    __table_args__ = (Index("uq_family", "name", "domain", unique=True),)


class KnowledgeChange(Base):
    """One change of what is known. The newest id is the version of the knowledge; `by_id` None: seeded.

    `merge_id`: the merge at which a specialist confirmed it. It carries no foreign key: SQLite adds none to a table.
    """

    __tablename__ = "knowledge_change"
    id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(String(20))
    row_id: Mapped[int | None]
    act: Mapped[str] = mapped_column(String(12))
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON())
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON())
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    merge_id: Mapped[int | None]
    __table_args__ = (
        one_of("subject", ("alias", "shared_host", "family", "seed")),
        one_of("act", ("seeded", "added", "corrected", "retired", "restored")),
        Index("ix_knowledge_change_row", "subject", "row_id", "id"),
        partial("ix_knowledge_change_merge", "merge_id", where="merge_id IS NOT NULL"),
    )


class DeclinedOffer(Base):
    """Two names, as keys, that a specialist would not have remembered as one service: it is not offered again."""

    __tablename__ = "declined_offer"
    id: Mapped[int] = mapped_column(primary_key=True)
    left_key: Mapped[str] = mapped_column(String(255))
    right_key: Mapped[str] = mapped_column(String(255))
    merge_id: Mapped[int] = mapped_column(ForeignKey("merge.id"))
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    __table_args__ = (Index("uq_declined_offer", "left_key", "right_key", unique=True),)


KnowledgeRow = Alias | SharedHost | Family
SUBJECTS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "alias": (Alias, ("canonical", "alias", "kind", "source")),
    "shared_host": (SharedHost, ("host", "kind")),
    "family": (Family, ("name", "domain", "source")),
}
"""What a row of each kind says, field by field."""


class NoSuchKnowledge(LookupError):
    """No row of what is known has this id."""


def row_of(session: Session, subject: str, row_id: int) -> KnowledgeRow:
    """The row as it is now. Raises NoSuchKnowledge."""
    row: KnowledgeRow | None = session.get(SUBJECTS[subject][0], row_id, populate_existing=True)
    if row is None:
        raise NoSuchKnowledge(f"There is no {subject.replace('_', ' ')} {row_id}")
    return row


def facts_of(subject: str, row: KnowledgeRow) -> dict[str, str]:
    return {name: getattr(row, name) for name in SUBJECTS[subject][1]}


def leads(session: Session, registrable: Callable[[str], str], *, beside: int | None = None) -> Leads:
    """Every alias in use, the one with the id `beside` left out."""
    found = Leads()
    columns = (Alias.canonical, Alias.alias, Alias.kind)
    for row in session.execute(
        select(Alias.id, *columns).where(Alias.retired_at.is_(None)).order_by(Alias.id)
    ).mappings():
        if row["id"] != beside:
            found.add({"canonical": row["canonical"], "alias": row["alias"], "kind": row["kind"]}, registrable)
    return found


def one_writer(session: Session) -> None:
    """Let one transaction at a time change what is known. Readers go on.

    Without it two admins could make a ring together, and a change could become visible with a lower id than one that
    others have read already: whoever keeps a copy by version would never see it. On SQLite a transaction that writes
    is alone anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE knowledge_change IN SHARE ROW EXCLUSIVE MODE"))


def confirmed_at(session: Session, merge_ids: Collection[int]) -> list[KnowledgeChange]:
    """The aliases that were added at one of these merges, each by the change that added it."""
    return list(session.scalars(select(KnowledgeChange).where(KnowledgeChange.merge_id.in_(merge_ids))))


def newest_change(session: Session, subject: str, row_id: int) -> int:
    """The id of the last change of this row; 0 where it stands as it was seeded."""
    mine = (KnowledgeChange.subject == subject) & (KnowledgeChange.row_id == row_id)
    return session.scalar(select(func.max(KnowledgeChange.id)).where(mine)) or 0
