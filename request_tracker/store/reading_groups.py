"""Fivetran groups as the admin sees them: what is bound, what was made, what waits for a person."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from request_tracker.rules.program import Program
from request_tracker.rules.starter import GroupPolicy, Owner, place, schema_name
from request_tracker.store import keys, policies
from request_tracker.store.cases import Case, case_number
from request_tracker.store.connections import Condition, Connection
from request_tracker.store.groups import GroupIntent
from request_tracker.store.people import Account, AccountGroup
from request_tracker.store.requests import Request

MOST = 50
EXAMPLES = 3


@dataclass(frozen=True)
class Decision:
    policy: GroupPolicy
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True)
class Purpose:
    """A group on demand. `words`: what it is for; `destination`: ready, missing or empty, as last looked at."""

    id: int
    words: str
    name: str
    group_id: str | None
    destination: str


@dataclass(frozen=True)
class Todo:
    """What waits for an admin about one case."""

    case: str
    service: str
    account: str
    words: str


@dataclass(frozen=True)
class Example:
    account: str
    service: str
    group: str
    is_bound: bool
    schema: str


def decisions(session: Session) -> tuple[Decision, ...]:
    """What was decided about groups, newest first."""
    rows = policies.decisions(session, policies.GROUPS)
    return tuple(Decision(GroupPolicy.of(row.value), str(row.value.get("reason", "")), by, row.at) for row, by in rows)


def destinations(session: Session) -> dict[str, str]:
    """Whether each group has a destination, as it was looked at last: `ready` or `missing` by group id."""
    rows = session.execute(
        select(Connection.group_id, Condition.reason)
        .join(Condition, Condition.connection_row_id == Connection.id)
        .where(Condition.kind == "destination", Connection.group_id.is_not(None))
        .order_by(Condition.since, Condition.id)
    )
    return {row[0] or "": row[1] for row in rows}


def purposes(session: Session) -> tuple[Purpose, ...]:
    """Groups made on demand, or about to be."""
    seen = destinations(session)
    rows = session.execute(
        select(GroupIntent, Account.name)
        .outerjoin(Account, Account.id == GroupIntent.account_id)
        .order_by(GroupIntent.group_id.is_not(None), GroupIntent.id)
        .limit(MOST)
    ).all()
    return tuple(
        Purpose(row.id, _words(row, account), row.name, row.group_id, seen.get(row.group_id or "", ""))
        for row, account in rows
    )


def todos(session: Session) -> tuple[Todo, ...]:
    """Starter connectors that wait for a group, and groups that requesters named: only what is bound is ever used."""
    said = aliased(Condition)
    waits = session.execute(
        select(Case.id, Case.service_name, Account.name, said.message)
        .join(Connection, Connection.case_id == Case.id)
        .join(Account, Account.id == Connection.account_id)
        .join(said, said.connection_row_id == Connection.id)
        .where(said.kind == "group", said.ok.is_(False), Connection.connection_id.is_(None), Case.outcome.is_(None))
        .order_by(Case.id)
        .limit(MOST)
    ).all()
    bound = select(AccountGroup.account_id).where(AccountGroup.unbound_at.is_(None))
    typed = session.execute(
        select(Case.id, Case.service_name, Account.name, Request.group_wanted)
        .join(Request, Request.id == Case.primary_request_id)
        .join(Account, Account.id == Request.account_id)
        .where(Request.group_wanted != "", Case.outcome.is_(None), Request.account_id.not_in(bound))
        .order_by(Case.id)
        .limit(MOST)
    ).all()
    waiting = [Todo(case_number(row[0]), row[1], row[2], row[3]) for row in waits]
    return (*waiting, *(Todo(case_number(r[0]), r[1], r[2], f"The requester asks for “{r[3]}”") for r in typed))


def examples(session: Session, policy: GroupPolicy) -> tuple[Example, ...]:
    """Where the newest live cases would go under the policy, were they planned now."""
    rows = session.execute(
        select(Case.id, Case.service_name, Case.service_url, Account.id, Account.name)
        .join(Account, Account.id == Case.account_id)
        .where(Case.outcome.is_(None))
        .order_by(Case.id.desc())
        .limit(EXAMPLES)
    ).all()
    bound = _bound(session)
    return tuple(_example(policy, bound, *row) for row in rows)


def in_force(session: Session, program: Program) -> tuple[GroupPolicy, int]:
    """The policy in force, and the id of the decision about it; 0 where nobody ever decided."""
    row = policies.in_force(session, policies.GROUPS)
    return policies.group_policy(session, program), row.id if row else 0


def _example(
    policy: GroupPolicy, bound: dict[int, str], case_id: int, service: str, url: str, account_id: int, account: str
) -> Example:
    wanted = place(policy, Owner(account_id, account), keys.service_of(service, url))
    return Example(
        account=account,
        service=service,
        group=bound.get(account_id, wanted.name),
        is_bound=account_id in bound,
        schema=schema_name(service, case_id, layout=policy.layout, account_name=account),
    )


def _bound(session: Session) -> dict[int, str]:
    standing = select(AccountGroup).where(AccountGroup.unbound_at.is_(None)).order_by(AccountGroup.id)
    return {row.account_id: row.group_id for row in session.scalars(standing)}


def _words(row: GroupIntent, account: str | None) -> str:
    kind, _, rest = row.place.partition(":")
    known = {"all": "All accounts", "service": f"All accounts' {rest}", "named": "A configuration file"}
    return known.get(kind, account or row.place)
