"""What is known about services beforehand, as rows: aliases, shared hosts, families; and a log of every change."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from request_tracker.store.base import Base, one_of

ALIAS_KINDS = ("rename", "acronym", "old_domain", "second_domain", "confirmed")


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
        one_of("kind", ("rename", "acronym", "old_domain", "second_domain", "confirmed")),
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
    """One change of what is known. The newest id is the version of the knowledge; `by_id` None: seeded."""

    __tablename__ = "knowledge_change"
    id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(String(20))
    row_id: Mapped[int | None]
    act: Mapped[str] = mapped_column(String(12))
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON())
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON())
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    __table_args__ = (
        one_of("subject", ("alias", "shared_host", "family", "seed")),
        one_of("act", ("seeded", "added", "corrected", "retired", "restored")),
    )
