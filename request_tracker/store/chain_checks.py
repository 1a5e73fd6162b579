"""Verifications of every case's chain: when, by whom asked for, how far, and what was found."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.store.base import Base, partial
from request_tracker.store.cases import Case


class ChainCheck(Base):
    """`by_id` is None for the nightly one. `upto`: the case it came to. `faults`: the first that were found, each with
    `case` (a number) and `said`; `broken` counts all."""

    __tablename__ = "chain_check"
    id: Mapped[int] = mapped_column(primary_key=True)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    asked_at: Mapped[datetime]
    total: Mapped[int]
    checked: Mapped[int] = mapped_column(default=0)
    upto: Mapped[int] = mapped_column(default=0)
    entries: Mapped[int] = mapped_column(default=0)
    broken: Mapped[int] = mapped_column(default=0)
    faults: Mapped[list[Any]] = mapped_column(default=list)
    ended_at: Mapped[datetime | None]
    __table_args__ = (partial("ix_chain_check_open", "id", where="ended_at IS NULL"),)


def open_one(session: Session) -> ChainCheck | None:
    """The check that is under way, if any."""
    return session.scalar(select(ChainCheck).where(ChainCheck.ended_at.is_(None)).order_by(ChainCheck.id).limit(1))


def newest(session: Session, *, limit: int = 1) -> list[ChainCheck]:
    return list(session.scalars(select(ChainCheck).order_by(ChainCheck.id.desc()).limit(limit)))


def locked(session: Session, check_id: int) -> ChainCheck | None:
    return session.get(ChainCheck, check_id, with_for_update=True, populate_existing=True)


def to_check(session: Session) -> int:
    """How many cases there are."""
    return session.scalar(select(func.count()).select_from(Case)) or 0
