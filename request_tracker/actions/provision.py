"""The starter connector: planned before any call, recorded after it; what Fivetran says is believed."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from request_tracker.actions import conditions, evidence, readings, record
from request_tracker.actions.evidence import Fact
from request_tracker.actions.readings import Seen
from request_tracker.actions.rooted import must_be_led
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.people import Act
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.starter import group_name, schema_name
from request_tracker.rules.terms import Phase, Role, StarterState
from request_tracker.store import connections, people
from request_tracker.store.cases import Case
from request_tracker.store.connections import Connection
from request_tracker.store.people import Account, AccountGroup
from request_tracker.store.requests import Request

_MADE = (StarterState.CREATED, StarterState.CONNECTED, StarterState.SYNCING, StarterState.LIVE, StarterState.MISSING)


@dataclass(frozen=True)
class Plan:
    """What to look for and, if it is not there, to create. `group_id` None: make or find `group_name` first."""

    row_id: int
    case_id: int
    account_id: int
    group_id: str | None
    group_name: str
    schema_name: str
    service: str
    sync_frequency: int


def plan(session: Session, case_id: int, act: Act) -> Plan | None:
    """Write the intent, or find it written. None where nothing is to be made (ended, or made already)."""
    case = session.get_one(Case, case_id, with_for_update=True)
    wanted = case.outcome is None and Phase(case.phase).order >= Phase.CONSULTATION.order
    if not wanted or case.merged_into_id is not None or case.primary_request_id is None:
        return None
    row = connections.live(session, case.id) or _intend(session, case, act)
    if row.state in _MADE:
        return None
    account = session.get_one(Account, row.account_id)
    if row.group_id is None:
        row.group_id = people.bound_group(session, account.id)
    return Plan(
        row_id=row.id,
        case_id=case.id,
        account_id=account.id,
        group_id=row.group_id,
        group_name=group_name(account.id, account.name),
        schema_name=row.schema_name,
        service=row.service,
        sync_frequency=act.program.sync_frequency,
    )


def use_group(session: Session, a_plan: Plan, group_id: str, act: Act) -> None:
    """A group made on demand is bound to the account from now on."""
    if people.bound_group(session, a_plan.account_id) is None:
        session.add(AccountGroup(account_id=a_plan.account_id, group_id=group_id, bound_at=act.now))
    session.get_one(Connection, a_plan.row_id).group_id = group_id


def needs_group(session: Session, a_plan: Plan, act: Act) -> None:
    """No group is bound and none may be made: say so on the case, and tell the admins once."""
    row = session.get_one(Connection, a_plan.row_id)
    case = session.get_one(Case, row.case_id)
    message = "An admin has to bind a Fivetran group to the customer account first"
    if conditions.say(session, row, "group", act, ok=False, reason="no_group", message=message):
        entry = record.entry(session, case, act, "starter.no_group", audience="staff")
        record.notify(session, "bind_group", case, act, entry)


def creating(session: Session, row_id: int) -> None:
    session.get_one(Connection, row_id).state = StarterState.CREATING


def doubtful(session: Session, row_id: int, act: Act, sentence: str) -> None:
    """A call may have had an effect: the next attempt looks before it makes anything."""
    row = session.get_one(Connection, row_id)
    if row.state in (StarterState.INTENDED, StarterState.CREATING):
        row.state = StarterState.UNKNOWN
    conditions.say(session, row, "api", act, ok=False, reason="unreachable", message=sentence)


def refused(session: Session, row_id: int, act: Act, sentence: str) -> None:
    """Fivetran answered no: shown on the case, a person has to act."""
    row = session.get_one(Connection, row_id)
    conditions.say(session, row, "api", act, ok=False, reason="refused", message=sentence)


def made(session: Session, row_id: int, seen: Seen, act: Act) -> None:
    """The connection exists: record whose it is and ask the requester for access. Idempotent."""
    row = session.get_one(Connection, row_id, with_for_update=True)
    if row.connection_id is None:
        row.connection_id, row.state = seen.connection_id, StarterState.CREATED
        row.check_after = act.now
        session.flush()
        case = session.get_one(Case, row.case_id)
        if not readings.counts(row, case):
            return
        conditions.say(session, row, "api", act, ok=True, reason="reachable", message="Fivetran answers")
        conditions.say(session, row, "created", act, ok=True, reason="created", message="The starter connector exists")
        entry = record.entry(session, case, act, "starter.created", data={"connection": seen.connection_id})
        evidence.observe(session, case, Fact("starter_ready"), act)
        record.notify(session, "connect", case, act, entry)
    readings.take_in(session, row, seen, act)


def again(session: Session, case: Case, act: Act) -> None:
    """A specialist has asked the requester: a connection that is gone is given up, and a new one planned."""
    if act.who.role not in (Role.SPECIALIST, Role.LEAD):
        raise NotAllowed("Only a specialist or a lead may provision again")
    must_be_led(case)
    row = connections.live(session, case.id)
    if row is not None and row.state not in (StarterState.MISSING, StarterState.INTENDED, StarterState.UNKNOWN):
        raise Unfit("connection", "The case has a starter connector already")
    entry = record.entry(session, case, act, "starter.again", audience="account")
    if row is not None and row.state == StarterState.MISSING:
        row.state, row.deleted_at, row.check_after = StarterState.DELETED, act.now, None
    record.later(session, "provision", {"case_id": case.id}, act, entry, wait=timedelta(0))


def removed(session: Session, row: Connection, act: Act) -> None:
    """The connection is gone for good, by our own hand. Idempotent."""
    if row.state == StarterState.DELETED:
        return
    row.state, row.deleted_at, row.check_after = StarterState.DELETED, act.now, None
    case = session.get_one(Case, row.case_id)
    if row.request_id == case.primary_request_id:
        readings.lose(session, case, act, reason="The starter connector was removed")
    record.entry(session, case, act, "starter.deleted", data={"connection": row.connection_id}, audience="account")


def _intend(session: Session, case: Case, act: Act) -> Connection:
    before = select(func.count()).select_from(Connection).where(Connection.case_id == case.id)
    attempt = 1 + int(session.scalar(before) or 0)
    primary = session.get_one(Request, case.primary_request_id)
    row = Connection(
        case_id=case.id,
        request_id=primary.id,
        account_id=primary.account_id,
        state=StarterState.INTENDED,
        schema_name=schema_name(case.service_name, case.id, attempt),
        service=act.program.starter_service,
        created_at=act.now,
    )
    session.add(row)
    session.flush()
    return row
