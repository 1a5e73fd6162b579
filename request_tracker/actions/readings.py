"""What Fivetran says of a connection is believed: missing, access, syncs, each with what follows for the case."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from request_tracker.actions import absent, conditions, drifts, evidence, first_sync, outage, record, tables
from request_tracker.actions.evidence import Fact
from request_tracker.rules import card_words, looks
from request_tracker.rules.drift import Fields
from request_tracker.rules.people import Act
from request_tracker.rules.terms import StarterState
from request_tracker.store.cases import Case
from request_tracker.store.connections import Connection
from request_tracker.store.requests import Request

CONNECTED, BROKEN = "connected", "broken"
TESTED = ("PASSED", "SKIPPED", "WARNING", "FAILED", "JOB_FAILED")
WORTH_KNOWING = ("WARNING", "NOTE")
MOST = 500
OF_ONE_THAT_IS_THERE = ("access", "sync", "source", "schedule", "paused", "identity", "tables")
"""Conditions that mean nothing once the connection is gone."""


@dataclass(frozen=True)
class Finding:
    """What a setup test (PASSED, FAILED, WARNING…), a task (TASK) or a warning of the connection (NOTE) says."""

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

    @property
    def fields(self) -> Fields:
        """Those of them that we own."""
        return Fields(
            self.service,
            self.schema,
            self.group_id,
            self.sync_frequency,
            self.schedule_type,
            self.daily_sync_time,
            self.paused,
        )


def take_in(session: Session, row: Connection, seen: Seen | None, act: Act) -> None:
    """Believe what Fivetran says now. Idempotent: the same answer twice changes nothing the second time."""
    if row.state == StarterState.DELETED:
        return
    case = session.get_one(Case, row.case_id)
    if seen is None and _is_news(row, case) and absent.is_doubtful(session, row, act):
        absent.doubt(session, row, case, act)
        return
    row.checked_at, row.misses = act.now, 0
    conditions.say(session, row, "api", act, ok=True, reason="reachable", message="Fivetran answers")
    if seen is None:
        _missing(session, row, case, act)
    else:
        _present(session, row, case, seen, act)
    row.check_after = looks.next_look(row.id, act.now, outage.standing_of(row), act.program.check_every)


def _is_news(row: Connection, case: Case) -> bool:
    return row.state != StarterState.MISSING and counts(row, case)


def counts(row: Connection, case: Case) -> bool:
    """Whether the connection still speaks for the case: nobody left it, and the case lives."""
    return row.grace_until is None and case.outcome is None


def lose(session: Session, case: Case, act: Act, *, reason: str) -> None:
    for key in ("starter_ready", "access_granted"):
        evidence.lose(session, case, key, act, reason=reason)


def refused(session: Session, row: Connection, act: Act, sentence: str) -> None:
    """Fivetran answered a look with a no: said on the connection, and looked at again after a longer pause."""
    row.misses += 1
    row.check_after = looks.next_look(row.id, act.now, outage.standing_of(row), act.program.check_every)
    conditions.say(session, row, "api", act, ok=False, reason="refused", message=sentence)


def _present(session: Session, row: Connection, case: Case, seen: Seen, act: Act) -> None:
    if row.state == StarterState.MISSING:
        _back(session, row, case, act)
    granted = row.setup_state != CONNECTED and seen.setup_state == CONNECTED
    row.setup_state, row.sync_state = seen.setup_state, seen.sync_state
    row.succeeded_at, row.failed_at = seen.succeeded_at, seen.failed_at
    _findings(session, row, seen, act)
    drifts.look(session, row, case, seen.fields, act, counts=counts(row, case))
    if counts(row, case):
        _access(session, row, case, act, granted=granted)
        first_sync.follow(session, row, case, act, is_historical=seen.is_historical_sync)


def _missing(session: Session, row: Connection, case: Case, act: Act) -> None:
    """Told once: a hint that nobody wants it any more, so the requester is asked. Never made again by itself."""
    if row.state == StarterState.MISSING:
        return
    row.state, row.setup_state, row.sync_state = StarterState.MISSING, "", ""
    conditions.forget(session, row, OF_ONE_THAT_IS_THERE)
    if not counts(row, case):
        return
    lose(session, case, act, reason="Fivetran no longer has the connection")
    message = "Fivetran no longer has this connection; the requester is asked whether it is still wanted"
    conditions.say(session, row, "created", act, ok=False, reason="missing", message=message)
    entry = record.entry(session, case, act, "starter.missing", audience="account")
    record.notify(session, "starter_missing", case, act, entry)
    record.notify(session, "still_wanted", case, act, entry)


def _back(session: Session, row: Connection, case: Case, act: Act) -> None:
    row.state = StarterState.SYNCING if row.sync_started_at is not None else StarterState.CREATED
    conditions.say(session, row, "created", act, ok=True, reason="created", message="The starter connector is back")
    if counts(row, case):
        record.entry(session, case, act, "starter.back", audience="account")
        evidence.observe(session, case, Fact("starter_ready"), act)


def _access(session: Session, row: Connection, case: Case, act: Act, *, granted: bool) -> None:
    if row.setup_state == CONNECTED:
        kind = "sandbox" if session.get_one(Request, row.request_id).sandbox == "yes" else "production"
        conditions.say(session, row, "access", act, ok=True, reason="connected", message="The requester granted access")
        if row.state == StarterState.CREATED:
            row.state = StarterState.CONNECTED
        if granted:
            evidence.observe(session, case, Fact("access_granted", kind), act)
            tables.ask_reading(session, row, act, why=act.now.isoformat())
        return
    broken = row.setup_state == BROKEN
    message = "The connection is broken: access has to be granted again" if broken else "Waiting for the Connect Card"
    changed = conditions.say(
        session, row, "access", act, ok=False, reason=row.setup_state or "incomplete", message=message
    )
    if broken and changed:
        evidence.lose(session, case, "access_granted", act, reason="Fivetran reports the connection as broken")
        entry = record.entry(session, case, act, "access.broken", audience="account")
        record.notify(session, "access_broken", case, act, entry)


def _findings(session: Session, row: Connection, seen: Seen, act: Act) -> None:
    """Setup tests, tasks and warnings as last read. A reading without tests keeps those of the last run, until there is
    access."""
    tests = [each for each in seen.findings if each.status.upper() in TESTED]
    kept = [each for each in row.findings if each["status"].upper() in TESTED]
    old = [] if tests or seen.setup_state == CONNECTED else kept
    row.findings = old + [{**asdict(each), "message": each.message[:MOST]} for each in seen.findings]
    troubles = [each for each in row.findings if each["status"].upper() in card_words.FAILED]
    if troubles:
        words = "; ".join(each["message"] or each["title"] for each in troubles)[:MOST]
        reason = str(troubles[0]["title"])[:60].lower() or "task"
        conditions.say(session, row, "source", act, ok=False, reason=reason, message=f"Fivetran says: {words}")
        return
    warnings = [each for each in row.findings if each["status"].upper() in WORTH_KNOWING]
    if warnings:
        words = "; ".join(each["message"] or each["title"] for each in warnings)[:MOST]
        conditions.say(session, row, "source", act, ok=True, reason="warning", message=f"Fivetran warns: {words}")
        return
    conditions.clear(session, row, "source", act, message="Fivetran asks for nothing")
