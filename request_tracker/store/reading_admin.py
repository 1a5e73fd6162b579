"""What the admin looks at: people, customer accounts with their Fivetran groups, jobs."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from request_tracker.store.jobs import Job
from request_tracker.store.people import Account, AccountGroup, Person

MOST = 200
SHOWN = ("dead", "running", "ready")
"""States of jobs listed one by one, the worst first."""


@dataclass(frozen=True)
class AccountRow:
    id: int
    name: str
    people: int
    group_id: str | None
    bound_at: datetime | None


@dataclass(frozen=True)
class JobRow:
    id: int
    kind: str
    about: str
    state: str
    attempt: int
    max_attempts: int
    run_at: datetime
    last_error: str


def account_names(session: Session) -> tuple[str, ...]:
    """The first MOST by name, offered while one is typed; any other is typed in full."""
    return tuple(session.scalars(select(Account.name).order_by(Account.name).limit(MOST)))


def accounts(session: Session, *, also: int = 0) -> tuple[AccountRow, ...]:
    """Customer accounts, each with the group bound to it last: the one asked for, then those with a group, then the
    others; MOST at most, by name."""
    standing = (
        select(func.max(AccountGroup.id)).where(AccountGroup.unbound_at.is_(None)).group_by(AccountGroup.account_id)
    )
    people = select(func.count(Person.id)).where(Person.account_id == Account.id, Person.active).correlate(Account)
    rows = session.execute(
        select(Account.id, Account.name, people.scalar_subquery(), AccountGroup.group_id, AccountGroup.bound_at)
        .outerjoin(AccountGroup, and_(AccountGroup.account_id == Account.id, AccountGroup.id.in_(standing)))
        .order_by(Account.id != also, AccountGroup.id.is_(None), Account.name)
        .limit(MOST)
    )
    return tuple(AccountRow(*row) for row in rows)


def job_counts(session: Session) -> dict[str, int]:
    return {row[0]: row[1] for row in session.execute(select(Job.state, func.count()).group_by(Job.state)).all()}


def jobs(session: Session) -> tuple[JobRow, ...]:
    """Dead, running and waiting jobs, at most MOST of each state: dead ones newest first, others as they are due."""
    return tuple(row for state in SHOWN for row in _jobs(session, state))


def _jobs(session: Session, state: str) -> list[JobRow]:
    order = Job.run_at.desc() if state == "dead" else Job.run_at
    rows = session.scalars(select(Job).where(Job.state == state).order_by(order, Job.id).limit(MOST))
    return [
        JobRow(
            row.id, row.kind, _about(row), row.state, row.attempt, row.max_attempts, row.run_at, row.last_error
        )
        for row in rows
    ]  # fmt: skip


def _about(job: Job) -> str:
    """`case 12, connection 4`: the parts of a job in the words of the pages."""
    return ", ".join(f"{_word(name)} {value}" for name, value in sorted(job.args.items()) if name != "body")[:200]


def _word(name: str) -> str:
    return "connection" if name == "row_id" else name.removesuffix("_id").replace("_", " ")
