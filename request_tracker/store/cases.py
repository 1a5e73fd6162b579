"""Cases: one row a service's journey, tied to its state by CHECKs; the tree of merged cases."""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import TypeVar

from sqlalchemy import ForeignKey, Index, String, Text, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.rules.terms import Outcome, Phase
from request_tracker.store.base import Base, one_of, partial, tied

T = TypeVar("T")
TRIES = 5


class Case(Base):
    """The root of a tree has a phase of its own; `root_id` is a cached pointer, its own id for a root.

    `account_id` is the primary's account. `primary_request_id` carries no foreign key: request points to case.
    `version` counts up when phase, outcome, assignee, primary or tree change.
    """

    __tablename__ = "case"
    id: Mapped[int] = mapped_column(primary_key=True)
    service_name: Mapped[str] = mapped_column(String(200))
    service_url: Mapped[str] = mapped_column(Text)
    api_docs_url: Mapped[str] = mapped_column(Text)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    primary_request_id: Mapped[int | None]
    phase: Mapped[str] = mapped_column(String(30))
    outcome: Mapped[str | None] = mapped_column(String(30))
    version: Mapped[int] = mapped_column(default=1)
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"))
    root_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"))
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    opened_at: Mapped[datetime]
    phase_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    touched_at: Mapped[datetime]
    queue_at: Mapped[datetime]
    at_risk_at: Mapped[datetime | None]
    held: Mapped[str | None] = mapped_column(String(30))
    chain_head: Mapped[str] = mapped_column(String(64), default="")
    chain_count: Mapped[int] = mapped_column(default=0)
    __table_args__ = (
        one_of("phase", Phase),
        one_of("outcome", Outcome),
        tied("(merged_into_id IS NOT NULL) = (outcome IS NOT NULL AND outcome = 'merged')", "merged_has_parent"),
        tied("(outcome IS NOT NULL) = (ended_at IS NOT NULL)", "ended_has_time"),
        tied(
            "(outcome IS NOT NULL AND outcome = 'released') = (phase = 'generally_available')", "released_is_available"
        ),
        tied("merged_into_id IS NULL OR merged_into_id <> id", "not_into_itself"),
        tied("version > 0", "version_positive"),
        Index("ix_case_queue", "outcome", "queue_at", "id"),
        Index("ix_case_phase_queue", "outcome", "phase", "queue_at", "id"),
        Index("ix_case_assignee_queue", "assignee_id", "outcome", "queue_at", "id"),
        Index("ix_case_any_queue", "queue_at", "id"),
        Index("ix_case_opened", "opened_at", "id"),
        Index("ix_case_touched", "touched_at", "id"),
        Index("ix_case_outcome_opened", "outcome", "opened_at", "id"),
        Index("ix_case_outcome_touched", "outcome", "touched_at", "id"),
        partial("ix_case_waiting", "outcome", "queue_at", "id", where="held IS NOT NULL"),
        Index("ix_case_root", "root_id"),
        Index("ix_case_merged_into", "merged_into_id"),
        Index("ix_case_account", "account_id"),
    )
    __mapper_args__ = {"version_id_col": version, "version_id_generator": False}  # noqa: RUF012

    @property
    def number(self) -> str:
        return case_number(self.id)


class NoSuchCase(LookupError):
    """No case has this number, or the viewer may not know of it."""


def case_number(case_id: int) -> str:
    return f"LITE-{case_id:06d}"


def case_id(number: str) -> int:
    """`LITE-000045` → 45. Raises NoSuchCase for anything else."""
    found = re.fullmatch(r"LITE-(\d{1,9})", number.strip().upper(), re.ASCII)
    if not found:
        raise NoSuchCase(f"{number[:40]!r} is no case number: they look like LITE-000045")
    return int(found[1])


def by_number(session: Session, number: str, *, lock: bool = False) -> Case:
    case = session.get(Case, case_id(number), with_for_update=lock or None)
    if case is None:
        raise NoSuchCase(f"There is no case {number[:40]}")
    return case


def locked(session: Session, *ids: int) -> list[Case]:
    """The cases as they are now, locked in id order so that two writers can never wait for each other in a ring."""
    session.flush()
    wanted = select(Case).where(Case.id.in_(set(ids))).order_by(Case.id).with_for_update()
    rows = {case.id: case for case in session.scalars(wanted, execution_options={"populate_existing": True})}
    return [rows[each] for each in ids]


def locked_root(session: Session, case_id: int) -> Case:
    """The root that the case belongs to now, locked: one that was merged while we waited is not it any more."""
    return _settled(session, lambda: _root_then_lock(session, case_id))


def locked_trees(session: Session, *ids: int) -> tuple[list[Case], list[Case]]:
    """The cases and, in the same order, their roots, with every case of their trees locked in id order.

    Whoever ties trees together or takes them apart moves all of their cases, so it locks all of them.
    """
    return _settled(session, lambda: _members_then_lock(session, ids))


class _Changed(Exception):
    """The tree was changed between looking and locking."""


def _settled(session: Session, attempt: Callable[[], T]) -> T:
    """Look, lock, look again: what changed in between is let go of, locks and all, and tried anew."""
    for _ in range(TRIES):
        with suppress(_Changed), session.begin_nested():
            return attempt()
    raise OperationalError("locking a tree", None, RuntimeError("it kept changing"))


def _root_then_lock(session: Session, case_id: int) -> Case:
    (root_id,) = _roots(session, (case_id,))
    (root,) = locked(session, root_id)
    if _roots(session, (case_id,)) != [root_id]:
        raise _Changed
    return root


def _members_then_lock(session: Session, ids: tuple[int, ...]) -> tuple[list[Case], list[Case]]:
    roots = _roots(session, ids)
    members = _members(session, roots)
    rows = {case.id: case for case in locked(session, *members)}
    if _roots(session, ids) != roots or _members(session, roots) != members:
        raise _Changed
    return [rows[each] for each in ids], [rows[each] for each in roots]


def _roots(session: Session, ids: tuple[int, ...]) -> list[int]:
    found = session.execute(select(Case.id, Case.root_id).where(Case.id.in_(ids)))
    roots = {row[0]: row[1] or row[0] for row in found}
    return [roots[each] for each in ids]


def _members(session: Session, roots: list[int]) -> list[int]:
    return list(session.scalars(select(Case.id).where(Case.root_id.in_(roots)).order_by(Case.id)))


def root_of(session: Session, case: Case) -> Case:
    if case.root_id in (None, case.id):
        return case
    root = session.get(Case, case.root_id)
    assert root is not None, "root_id has a foreign key"
    return root


def tree(session: Session, root_id: int) -> list[Case]:
    """The root and every case merged below it, oldest first."""
    return list(session.scalars(select(Case).where(Case.root_id == root_id).order_by(Case.id)))
