"""What Fivetran says of a connection is believed: missing, access, syncs, each with what follows for the case."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from request_tracker.actions import conditions, evidence, first_sync, record
from request_tracker.actions.evidence import Fact
from request_tracker.rules.people import Act
from request_tracker.rules.terms import StarterState
from request_tracker.store.cases import Case
from request_tracker.store.connections import Connection
from request_tracker.store.requests import Request

CONNECTED = "connected"


@dataclass(frozen=True)
class Finding:
    """What a setup test, a task or a warning says. `status`: PASSED, FAILED, WARNING, TASK and so on."""

    title: str
    status: str
    message: str


@dataclass(frozen=True)
class Seen:
    """What Fivetran says about a connection; None stands for 'there is none'."""

    connection_id: str
    setup_state: str
    sync_state: str
    is_historical_sync: bool
    succeeded_at: datetime | None
    failed_at: datetime | None
    service: str = ""
    schema: str = ""
    group_id: str = ""
    created_at: datetime | None = None
    paused: bool | None = None
    sync_frequency: int | None = None
    schedule_type: str = ""
    daily_sync_time: str | None = None
    findings: tuple[Finding, ...] = ()


def take_in(session: Session, row: Connection, seen: Seen | None, act: Act) -> None:
    """Believe what Fivetran says now. Idempotent: the same answer twice changes nothing the second time."""
    row.checked_at, row.check_after = act.now, act.now + act.program.check_every
    case = session.get_one(Case, row.case_id)
    if row.state == StarterState.DELETED:
        return
    if seen is None:
        _missing(session, row, case, act)
        return
    if row.state == StarterState.MISSING:
        row.state = StarterState.CREATED
        conditions.say(session, row, "created", act, ok=True, reason="created", message="The starter connector is back")
        evidence.observe(session, case, Fact("starter_ready"), act)
    granted = row.setup_state != CONNECTED and seen.setup_state == CONNECTED
    row.setup_state, row.sync_state = seen.setup_state, seen.sync_state
    row.succeeded_at, row.failed_at = seen.succeeded_at, seen.failed_at
    conditions.say(session, row, "api", act, ok=True, reason="reachable", message="Fivetran answers")
    if counts(row, case):
        _access(session, row, case, act, granted=granted)
        first_sync.follow(session, row, case, act)


def counts(row: Connection, case: Case) -> bool:
    """Whether the connection still speaks for the case: nobody left it, and the case lives."""
    return row.grace_until is None and case.outcome is None


def lose(session: Session, case: Case, act: Act, *, reason: str) -> None:
    for key in ("starter_ready", "access_granted"):
        evidence.lose(session, case, key, act, reason=reason)


def _missing(session: Session, row: Connection, case: Case, act: Act) -> None:
    message = "Fivetran no longer has this connection; ask the requester before provisioning it again"
    row.state = StarterState.MISSING
    if counts(row, case):
        lose(session, case, act, reason="Fivetran no longer has the connection")
    if conditions.say(session, row, "created", act, ok=False, reason="missing", message=message):
        entry = record.entry(session, case, act, "starter.missing", audience="account")
        record.notify(session, "starter_missing", case, act, entry)


def _access(session: Session, row: Connection, case: Case, act: Act, *, granted: bool) -> None:
    if row.setup_state == CONNECTED:
        kind = "sandbox" if session.get_one(Request, row.request_id).sandbox == "yes" else "production"
        conditions.say(session, row, "access", act, ok=True, reason="connected", message="The requester granted access")
        if row.state == StarterState.CREATED:
            row.state = StarterState.CONNECTED
        if granted:
            evidence.observe(session, case, Fact("access_granted", kind), act)
        return
    broken = row.setup_state == "broken"
    message = "The connection is broken: access has to be granted again" if broken else "Waiting for the Connect Card"
    changed = conditions.say(
        session, row, "access", act, ok=False, reason=row.setup_state or "incomplete", message=message
    )
    if broken and changed:
        evidence.lose(session, case, "access_granted", act, reason="Fivetran reports the connection as broken")
