"""A configuration file held against what is known here: cases, accounts, and which groups may be used."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from request_tracker.actions import clone, intents, tables
from request_tracker.actions.placing import There
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.config_file import ConfigFile
from request_tracker.rules.people import Act
from request_tracker.rules.wishes import Fault, Wish
from request_tracker.store import cases, connections, people
from request_tracker.store.cases import Case
from request_tracker.store.groups import GroupIntent
from request_tracker.store.people import Account, AccountGroup


@dataclass(frozen=True)
class Resolved:
    """A wish with what it means here. `group_id` None: the group of that name is made first (or the case has its own).

    `standing`: of a case, the state of its starter connector, empty where it has none.
    """

    wish: Wish
    case_id: int | None = None
    account_id: int | None = None
    group_id: str | None = None
    standing: str = ""


def check(
    session: Session, config: ConfigFile, groups: Collection[There], act: Act
) -> tuple[tuple[Resolved, ...], tuple[Fault, ...]]:
    """Every wish resolved, or every fault. `groups`: all that Fivetran lists. Writes nothing."""
    resolved: list[Resolved] = []
    faults: list[Fault] = []
    for wish in config.wishes:
        try:
            resolved.append(
                _case(session, wish, act) if wish.case else _alone(session, wish, config.groups_on_demand, groups)
            )
        except Unfit as no:
            faults.append(Fault(f"{wish.place}.{no.field}", no.message))
    faults += [] if faults else _together(resolved)
    return tuple(resolved), tuple(faults)


def _case(session: Session, wish: Wish, act: Act) -> Resolved:
    case = _found(session, wish.case, "case")
    if case.merged_into_id is not None:
        raise Unfit("case", f"it was merged: use {cases.case_number(cases.root_of(session, case).id)}")
    if not intents.is_wanted(case):
        raise Unfit("case", "no starter connector is to be made for it: it was not accepted, it ended, or nobody leads")
    if wish.changes_case and act.who.role not in tables.MAY_CHOOSE:
        raise Unfit("case", "somebody has to answer for its tables and schedule: add --by with a specialist's address")
    row = connections.live(session, case.id)
    if wish.like:
        _setup(session, wish, case)
    failed = intents.failed(session, case) if row is None else None
    standing = row.state if row is not None else failed.state if failed is not None else ""
    return Resolved(wish, case.id, row.account_id if row else None, row.group_id if row else None, standing)


def _alone(session: Session, wish: Wish, on_demand: Collection[str], groups: Collection[There]) -> Resolved:
    account_id = _account(session, wish.account) if wish.account else None
    filled = wish
    if wish.like:
        setup = _setup(session, wish, None, account_id)
        said = setup.schedule
        filled = replace(
            wish,
            service=wish.service or setup.service,
            sync_frequency=wish.sync_frequency or said.frequency,
            schedule_type=wish.schedule_type or said.type,
            daily_sync_time=wish.daily_sync_time if wish.sync_frequency else said.daily_at,
            handling=wish.handling or setup.handling,
            choices=wish.choices or setup.choices,
        )
    if not wish.group:
        bound = people.bound_group(session, account_id or 0)
        if bound is None:
            raise Unfit("account", "no group is bound to this account: bind one, or give a “group”")
        _one(session, bound, groups, account_id, may_be_free=False)
        return Resolved(filled, account_id=account_id, group_id=bound)
    is_free = wish.group in on_demand
    if is_free and not any(wish.group in (each.id, each.name) for each in groups):
        return Resolved(filled, account_id=account_id)
    found = _one(session, wish.group, groups, account_id, may_be_free=is_free)
    return Resolved(filled, account_id=account_id, group_id=found)


def _one(session: Session, wanted: str, groups: Collection[There], account_id: int | None, *, may_be_free: bool) -> str:
    """The id of the one group that is meant and may be used. Raises Unfit."""
    named = [each.id for each in groups if each.id == wanted] or [each.id for each in groups if each.name == wanted]
    if not named:
        raise Unfit("group", "Fivetran has no such group: correct it, or name it under groups_on_demand")
    if len(named) > 1:
        raise Unfit("group", f"several groups have this name: use one of the ids {', '.join(sorted(named))}")
    owners = list(_owners(session, named[0]))
    if not owners and not may_be_free:
        raise Unfit("group", "nobody bound this group: an admin binds it, or it is named under groups_on_demand")
    strangers = [each for each in owners if each not in (None, account_id)]
    if strangers and account_id is not None:
        raise Unfit("group", "this group is another account's: its data would land there")
    return named[0]


def _owners(session: Session, group_id: str) -> Iterator[int | None]:
    """Whom the group is for: accounts, or None where it was made for several."""
    bound = select(AccountGroup.account_id).where(AccountGroup.group_id == group_id, AccountGroup.unbound_at.is_(None))
    made = select(GroupIntent.account_id).where(GroupIntent.group_id == group_id)
    yield from session.scalars(bound.order_by(AccountGroup.id))
    yield from session.scalars(made.order_by(GroupIntent.id))


def _together(resolved: Iterable[Resolved]) -> list[Fault]:
    """What is only wrong as a whole: one name twice in a group, or two accounts in a group made for the file."""
    first: dict[tuple[str, str], str] = {}
    owner: dict[str, int] = {}
    faults = []
    for each in resolved:
        wish = each.wish
        if wish.case:
            continue
        place = (each.group_id or f"new {wish.group}", wish.schema)
        if (there := first.setdefault(place, wish.place)) != wish.place:
            faults.append(Fault(f"{wish.place}.schema", f"the same group and schema as {there}: keep one"))
        is_new = each.group_id is None and each.account_id is not None
        if is_new and owner.setdefault(wish.group, each.account_id or 0) != each.account_id:
            faults.append(Fault(f"{wish.place}.group", "this group is another account's in this file"))
    return faults


def _setup(session: Session, wish: Wish, target: Case | None, account_id: int | None = None) -> clone.Setup:
    source = _found(session, wish.like, "like")
    try:
        return clone.setup_of(session, source, target, account_id)
    except Unfit as no:
        raise Unfit("like", no.message) from no


def _found(session: Session, number: str, field: str) -> Case:
    try:
        return cases.by_number(session, number)
    except cases.NoSuchCase as unknown:
        raise Unfit(field, "there is no such case") from unknown


def _account(session: Session, name: str) -> int:
    found = session.scalars(select(Account.id).where(func.lower(Account.name) == name.lower()).order_by(Account.id))
    ids = list(found)
    if len(ids) != 1:
        raise Unfit("account", "no customer account has this name" if not ids else "several accounts have this name")
    return ids[0]
