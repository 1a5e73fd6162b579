"""Customers are enrolled: their account, and the Fivetran group an admin binds to it."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.actions import auditing
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.people import Act
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.terms import Role, StarterState
from request_tracker.store import groups, jobs
from request_tracker.store.connections import Connection
from request_tracker.store.people import Account, AccountGroup


def account(session: Session, name: str, act: Act) -> Account:
    """The account of this name, opened where there is none. Raises Unfit."""
    wanted = " ".join(name.split())
    if not wanted or len(wanted) > 200:
        raise Unfit("account", "Name the customer account, in 200 characters or fewer")
    found = session.scalar(select(Account).where(Account.name == wanted))
    if found is None:
        found = Account(name=wanted, created_at=act.now)
        session.add(found)
        session.flush()
        auditing.note(session, act, "account.added", wanted, account=found.id)
    return found


def bind(session: Session, account_id: int, group_id: str, act: Act) -> None:
    """From now on the account's connections are made in this group. Idempotent. Raises NotAllowed, Unfit."""
    if act.who.role is not Role.ADMIN:
        raise NotAllowed("Only an admin may bind a Fivetran group")
    group = group_typed(group_id)
    standing = _standing(session, account_id, group)
    if any(row.group_id == group for row in standing):
        return
    for row in standing:
        row.unbound_at = act.now
    session.add(AccountGroup(account_id=account_id, group_id=group, bound_by_id=act.who.id, bound_at=act.now))
    session.flush()
    _note(session, "group.bound", account_id, act, group=group, before=[row.group_id for row in standing])
    _wake(session, account_id, act)


def unbind(session: Session, account_id: int, act: Act) -> bool:
    """From now on the policy says again where the account's connectors go; those that are there stay. Idempotent.

    True when a group was bound. Raises NotAllowed.
    """
    if act.who.role is not Role.ADMIN:
        raise NotAllowed("Only an admin may unbind a Fivetran group")
    bound = select(AccountGroup).where(AccountGroup.account_id == account_id, AccountGroup.unbound_at.is_(None))
    rows = list(session.scalars(bound))
    for row in rows:
        row.unbound_at = act.now
        _note(session, "group.unbound", account_id, act, group=row.group_id)
    session.flush()
    _wake(session, account_id, act)
    return bool(rows)


def group_typed(group_id: str) -> str:
    """A group's id as somebody typed it. Raises Unfit."""
    group = group_id.strip()
    if not group or len(group) > 200 or any(sign.isspace() for sign in group):
        raise Unfit("group_id", "Enter the id of the group as Fivetran shows it, without spaces")
    return group


def _standing(session: Session, account_id: int, group: str) -> list[AccountGroup]:
    if session.get(Account, account_id) is None:
        raise Unfit("account_id", "Choose a customer account from the list")
    rows = session.scalars(select(AccountGroup).where(AccountGroup.unbound_at.is_(None))).all()
    if any(row.group_id == group and row.account_id != account_id for row in rows):
        raise Unfit("group_id", "This group is bound to another account: a group belongs to one customer")
    if groups.serves_others(session, group, account_id):
        raise Unfit("group_id", "This group was made for others: a group that is bound belongs to one customer")
    return [row for row in rows if row.account_id == account_id]


def _note(session: Session, what: str, account_id: int, act: Act, **data: object) -> None:
    name = session.get_one(Account, account_id).name
    auditing.note(session, act, what, name, account=account_id, **data)


def _wake(session: Session, account_id: int, act: Act) -> None:
    """Starter connectors that waited for a group are tried again."""
    waiting = select(Connection).where(
        Connection.account_id == account_id,
        Connection.state.in_((StarterState.INTENDED, StarterState.UNKNOWN)),
        Connection.sends == 0,
    )
    for row in session.scalars(waiting):
        key = f"provision:bound:{row.id}:{act.now.isoformat()}"
        jobs.put(session, "provision", {"case_id": row.case_id}, now=act.now, unique_key=key)
