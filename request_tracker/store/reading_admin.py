"""What the admin looks at: people, customer accounts with their Fivetran groups, jobs."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from request_tracker.store.jobs import Job
from request_tracker.store.people import Account, AccountGroup, Person

MOST = 200
SHOWN = ("dead", "running", "ready")
"""States of jobs listed one by one, the worst first."""


@dataclass(frozen=True)
class PersonRow:
    email: str
    name: str
    role: str
    account: str
    active: bool
    has_password: bool
    created_at: datetime


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


def people(session: Session) -> tuple[PersonRow, ...]:
    """Everybody, staff first, then the customers' people by account."""
    rows = session.execute(
        select(Person, Account.name)
        .outerjoin(Account, Account.id == Person.account_id)
        .order_by(Person.account_id.isnot(None), Account.name, Person.role, Person.name, Person.id)
    ).all()
    return tuple(
        PersonRow(p.email, p.name, p.role, account or "", p.active, p.password_hash is not None, p.created_at)
        for p, account in rows
    )


def knows_address(session: Session, email: str) -> bool:
    """Whether anybody, active or not, has this address."""
    return session.scalar(select(Person.id).where(Person.email == email.strip().lower())) is not None


def accounts(session: Session) -> tuple[AccountRow, ...]:
    """Customer accounts by name, each with the group bound to it last."""
    members = _members(session)
    bound = {
        row.account_id: row
        for row in session.scalars(select(AccountGroup).where(AccountGroup.unbound_at.is_(None)).order_by("id"))
    }
    return tuple(
        AccountRow(a.id, a.name, members.get(a.id, 0), g.group_id if g else None, g.bound_at if g else None)
        for a in session.scalars(select(Account).order_by(Account.name))
        for g in (bound.get(a.id),)
    )


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
    return ", ".join(f"{name} {value}" for name, value in sorted(job.args.items()) if name != "body")[:200]


def _members(session: Session) -> dict[int | None, int]:
    rows = session.execute(select(Person.account_id, func.count()).group_by(Person.account_id)).all()
    return {row[0]: row[1] for row in rows}
