"""What the program decided to do by itself: policies as immutable rows, the newest of a name is in force."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, bindparam, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.rules.program import Program
from request_tracker.rules.starter import GroupPolicy
from request_tracker.store.base import Base, one_of
from request_tracker.store.people import Person

AUTOMATIC_MERGE = "automatic_merge"
TARGETS = "targets"
GROUPS = "groups"
ROLES = "roles"
BOARD = "board"


class Policy(Base):
    """`value` as the rules of that name read it. Rows are never changed: a change is a newer row."""

    __tablename__ = "policy"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    value: Mapped[dict[str, Any]]
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    __table_args__ = (
        one_of("name", (AUTOMATIC_MERGE, TARGETS, GROUPS, ROLES, BOARD)),
        Index("ix_policy_name", "name", "id"),
    )


@dataclass(frozen=True)
class AutomaticMerge:
    """Whether pairs are merged without a person, from which score on, and who decided so. `id` 0: nobody ever did."""

    on: bool = False
    from_score: float = 1.0
    reason: str = ""
    by_id: int = 0
    at: datetime | None = None
    id: int = 0


def automatic_merge(session: Session) -> AutomaticMerge:
    """What is in force; off where nobody ever decided."""
    row = in_force(session, AUTOMATIC_MERGE)
    return read_automatic(row) if row else AutomaticMerge()


def read_automatic(row: Policy) -> AutomaticMerge:
    value = row.value
    score = float(value["from_score"])
    return AutomaticMerge(bool(value["on"]), score, str(value.get("reason", "")), row.by_id, row.at, row.id)


def target_days(session: Session, program: Program) -> Mapping[str, float]:
    """Working days by clock for new clocks: what a lead decided, over the program's own numbers."""
    row = in_force(session, TARGETS)
    return {**program.target_days, **(row.value["days"] if row else {})}


def group_policy(session: Session, program: Program) -> GroupPolicy:
    """Which group a starter connector goes to; the program's own rule where nobody ever decided."""
    row = in_force(session, GROUPS)
    return GroupPolicy.of(row.value) if row else GroupPolicy(on_demand=program.groups_on_demand)


_IN_FORCE = select(Policy).where(Policy.name == bindparam("name")).order_by(Policy.id.desc()).limit(1)


def in_force(session: Session, name: str) -> Policy | None:
    """The newest policy of that name; None where nobody ever decided."""
    return session.scalar(_IN_FORCE, {"name": name})


def decisions(session: Session, name: str, *, limit: int = 50) -> list[tuple[Policy, str]]:
    """What was decided about it, newest first, each with the name of who decided. One statement."""
    found = select(Policy, Person.name).join(Person, Person.id == Policy.by_id).where(Policy.name == name)
    return [(row, by) for row, by in session.execute(found.order_by(Policy.id.desc()).limit(limit))]
