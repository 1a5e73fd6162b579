"""What is to be made for a case: the row that says so, its name and its group, and what stands there already."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from request_tracker.actions import conditions, record
from request_tracker.actions.readings import Seen
from request_tracker.rules.people import Act
from request_tracker.rules.sending import Sent, Thing
from request_tracker.rules.starter import Owner, Place, place, schema_name
from request_tracker.rules.terms import Phase, StarterState
from request_tracker.store import connections, keys, people, policies
from request_tracker.store.cases import Case
from request_tracker.store.connections import Connection
from request_tracker.store.people import Account
from request_tracker.store.provision_runs import ProvisionItem
from request_tracker.store.requests import Request

locked = connections.locked
MAKING = (StarterState.INTENDED, StarterState.CREATING, StarterState.UNKNOWN)


@dataclass(frozen=True)
class Plan:
    """What to look for and, if it is not there, to create; `sent`: our requests for it as the row had them.

    `group_id` None: the group of `place` has to be found or made first; `may_make` says whether we may make it.
    """

    row_id: int
    case_id: int
    account_id: int
    group_id: str | None
    place: Place
    may_make: bool
    schema_name: str
    service: str
    sync_frequency: int
    schedule_type: str
    daily_sync_time: str | None
    sent: Sent


def is_wanted(case: Case) -> bool:
    """Whether the case is to have a starter connector."""
    late_enough = case.outcome is None and Phase(case.phase).order >= Phase.CONSULTATION.order
    return late_enough and case.merged_into_id is None and case.primary_request_id is not None


def intend(session: Session, case: Case, act: Act) -> Connection | None:
    """A new intent; none while the last one of this primary stands refused, which only a person sets going again."""
    if failed(session, case) is not None:
        return None
    primary = session.get_one(Request, case.primary_request_id)
    row = Connection(
        case_id=case.id,
        request_id=primary.id,
        account_id=primary.account_id,
        state=StarterState.INTENDED,
        suffix=1 + _last_suffix(session, case),
        service=act.program.starter_service,
        sync_frequency=act.program.sync_frequency,
        created_at=act.now,
    )
    _name(session, row, case, act)
    session.add(row)
    session.flush()
    return row


def kept(session: Session, case: Case) -> Connection | None:
    """The one that runs out stays instead of a second one, where it was made for the present primary."""
    newest = connections.newest(session, case.id)
    if newest is None or newest.grace_until is None or newest.request_id != case.primary_request_id:
        return None
    if newest.state in (StarterState.DELETED, StarterState.FAILED):
        return None
    newest.grace_until = None
    session.flush()
    return newest


def failed(session: Session, case: Case) -> Connection | None:
    """The case's newest connection where Fivetran refused to make it for the present primary."""
    newest = connections.newest(session, case.id)
    if newest is None or newest.state != StarterState.FAILED or newest.request_id != case.primary_request_id:
        return None
    return newest


def rename(session: Session, row: Connection, case: Case, act: Act) -> None:
    """The name is somebody else's: the next one, written down before it is used."""
    before = row.schema_name
    row.suffix = 1 + max(row.suffix, _last_suffix(session, case))
    _name(session, row, case, act)
    row.state = StarterState.INTENDED
    keep(row, Sent(row.created_at))
    message = f"“{before}” is taken in this group by a connection that is not ours; “{row.schema_name}” is used instead"
    conditions.say(session, row, "name", act, ok=True, reason=f"taken_{row.suffix}", message=message)
    record.entry(session, case, act, "starter.renamed", data={"after": row.schema_name}, audience="staff")


def plan_of(session: Session, row: Connection, case: Case, act: Act) -> Plan:
    """The plan for a row. Until a request went out the group is chosen anew: an admin may have bound another since."""
    account = session.get_one(Account, row.account_id)
    policy = policies.group_policy(session, act.program)
    if row.state in MAKING and not row.sends:
        row.group_id = people.bound_group(session, account.id)
    return Plan(
        row_id=row.id,
        case_id=case.id,
        account_id=account.id,
        group_id=row.group_id,
        place=place(policy, Owner(account.id, account.name), service_of(case)),
        may_make=policy.on_demand,
        schema_name=row.schema_name,
        service=row.service,
        sync_frequency=row.sync_frequency,
        schedule_type=row.schedule_type,
        daily_sync_time=row.daily_sync_time,
        sent=sent_of(row),
    )


def service_of(case: Case) -> str:
    return keys.service_of(case.service_name, case.service_url)


def sent_of(row: Connection) -> Sent:
    return Sent(row.created_at, row.sends, row.sent_at, row.in_flight_until)


def keep(row: Connection, sent: Sent) -> None:
    row.sends, row.sent_at, row.in_flight_until = sent.sends, sent.sent_at, sent.in_flight_until


def things_of(session: Session, row: Connection, found: Collection[Seen]) -> list[Thing]:
    """What was found under our name, as the rules look at it."""
    claimed = claimed_by_others(session, row, [each.connection_id for each in found])
    return [
        Thing(each.connection_id, each.service, each.created_at, is_blank(each), each.connection_id in claimed)
        for each in found
    ]


def claimed_by_others(session: Session, row: Connection, ids: Collection[str]) -> set[str]:
    """Those of the connections that another row has, or an item of a file that was carried out."""
    rows = select(Connection.connection_id).where(Connection.connection_id.in_(ids), Connection.id != row.id)
    items = select(ProvisionItem.connection_id).where(
        ProvisionItem.connection_id.in_(ids), ProvisionItem.case_id.is_(None)
    )
    return {each for each in (*session.scalars(rows), *session.scalars(items)) if each}


def is_blank(seen: Seen) -> bool:
    """Nothing of anybody's is in it: never authorised, never synced, and at rest."""
    idle = seen.paused is True and seen.sync_state != "syncing"
    return idle and seen.setup_state in ("", "incomplete") and seen.succeeded_at is None and seen.failed_at is None


def _last_suffix(session: Session, case: Case) -> int:
    return int(session.scalar(select(func.max(Connection.suffix)).where(Connection.case_id == case.id)) or 0)


def _name(session: Session, row: Connection, case: Case, act: Act) -> None:
    layout = policies.group_policy(session, act.program).layout
    account = session.get_one(Account, row.account_id).name
    row.schema_name = schema_name(case.service_name, case.id, row.suffix, layout=layout, account_name=account)
