"""Automatic merging as its page shows it: what was decided, and what the policy did."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from request_tracker.store import policies
from request_tracker.store.cases import Case, case_number
from request_tracker.store.merges import Merge
from request_tracker.store.people import Person

NEWEST = 50


@dataclass(frozen=True)
class Decision:
    """One decision about automatic merging."""

    on: bool
    from_score: float
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True)
class Automatic:
    """A merge the policy made. `unmerged_by` is empty while it stands."""

    id: int
    child: str
    child_name: str
    root: str
    root_name: str
    merged_at: datetime
    unmerged_by: str
    unmerged_at: datetime | None


def decisions(session: Session) -> tuple[Decision, ...]:
    """What was decided about automatic merging, newest first."""
    rows = policies.decisions(session, policies.AUTOMATIC_MERGE)
    read = [(policies.read_automatic(row), by) for row, by in rows]
    return tuple(Decision(e.on, e.from_score, e.reason, by, e.at) for e, by in read if e.at is not None)


def automatic_merges(session: Session) -> tuple[Automatic, ...]:
    """The newest merges made by the policy, standing or taken apart again."""
    into = aliased(Case)
    rows = session.execute(
        select(Merge, Case.service_name, into.service_name, Person.name)
        .join(Case, Case.id == Merge.child_id)
        .join(into, into.id == Merge.into_id)
        .outerjoin(Person, Person.id == Merge.unmerged_by_id)
        .where(Merge.automatic)
        .order_by(Merge.id.desc())
        .limit(NEWEST)
    ).all()
    return tuple(
        Automatic(
            link.id, case_number(link.child_id), child, case_number(link.into_id), root, link.merged_at, by or "",
            link.unmerged_at,
        )
        for link, child, root, by in rows
    )  # fmt: skip
