"""The starter connector: planned before any call, recorded after it. Its intent stands before anything is asked for."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from request_tracker.actions import conditions, evidence, intents, readings, record, removal
from request_tracker.actions.evidence import Fact
from request_tracker.actions.intents import MAKING, Plan
from request_tracker.actions.readings import Seen
from request_tracker.actions.rooted import must_be_led
from request_tracker.actions.unfit import Unfit
from request_tracker.rules import sending
from request_tracker.rules.people import Act
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.sending import Decision, Sent, Step
from request_tracker.rules.terms import Outcome, Role, StarterState
from request_tracker.store import cases, connections
from request_tracker.store.cases import Case
from request_tracker.store.connections import Connection
from request_tracker.store.timeline import Entry

__all__ = ["Plan", "Turn", "again", "consider", "decided", "doubtful", "made", "plan", "refused"]
MOST_CONFLICTS = 5
"""After so many requests a name that is called taken, and is not there, is a matter for people."""


@dataclass(frozen=True)
class Turn:
    """What to do after a look, already written down, and the plan to go on with."""

    decision: Decision
    plan: Plan


def plan(session: Session, case_id: int, act: Act) -> Plan | None:
    """Write the intent, or find it written. None where nothing is to be made: ended, made already, or refused."""
    (case,) = cases.locked(session, case_id)
    row = connections.live(session, case.id)
    if not intents.is_wanted(case):
        if row is not None and row.state in MAKING:
            _settle(session, row, case, act)
        return None
    row = row or _kept(session, case, act) or intents.intend(session, case, act)
    if row is None or row.state not in MAKING:
        _announce(session, row, case, act)
        return None
    return intents.plan_of(session, row, case, act)


def consider(
    session: Session, a_plan: Plan, found: Collection[Seen], act: Act, *, may_send: bool = True
) -> Turn | None:
    """Decide after a look, and write it down: a request about to go out, a name given up, a connection taken.

    None where the row is not as it was planned (somebody else was quicker), or where the case no longer wants it.
    """
    case, row = intents.locked(session, a_plan.row_id)
    if row.state not in MAKING or intents.sent_of(row) != a_plan.sent or row.schema_name != a_plan.schema_name:
        return None
    decision = sending.decide(a_plan.sent, intents.things_of(session, row, found), row.service, act.now)
    if not _may(case, row, decision):
        return None
    if decision.step is Step.SEND and not may_send:
        return Turn(decision, a_plan)
    row.group_id = a_plan.group_id
    _write(session, row, case, decision, found, act)
    return Turn(decision, intents.plan_of(session, row, case, act))


def doubtful(session: Session, row_id: int) -> None:
    """No usable answer to some call: whether the connection is there is not known until the next look."""
    row = session.get_one(Connection, row_id, with_for_update=True)
    if row.state in MAKING:
        row.state = StarterState.UNKNOWN


def decided(session: Session, a_plan: Plan, act: Act, *, never_sent: Sent | None = None) -> Plan:
    """The request of this plan was answered, whatever the answer was: nothing of it is on its way any more.

    `never_sent`: it did not even go out, so that things are as they were before it.
    """
    case, row = intents.locked(session, a_plan.row_id)
    if row.state in MAKING and intents.sent_of(row) == a_plan.sent:
        row.state = StarterState.UNKNOWN
        intents.keep(row, (never_sent or a_plan.sent).decided())
    return intents.plan_of(session, row, case, act)


def refused(session: Session, row_id: int, act: Act, sentence: str, *, is_place_gone: bool = False) -> bool:
    """Fivetran said no for good: shown on the case, told to the specialist once; a person has to act.

    `is_place_gone`: the group does not exist, so nothing of ours is in it and another may be chosen.
    False while an earlier request may still be on its way: then it is too soon to give up.
    """
    case, row = intents.locked(session, row_id)
    conditions.say(session, row, "api", act, ok=False, reason="refused", message=sentence)
    if row.state not in MAKING:
        return True
    if intents.sent_of(row).is_in_flight(act.now):
        return False
    row.state, row.in_flight_until = StarterState.FAILED, None
    if is_place_gone:
        intents.keep(row, Sent(row.created_at))
    entry = record.entry(session, case, act, "starter.failed", audience="staff")
    if readings.counts(row, case):
        record.notify(session, "starter_failed", case, act, entry)
    return True


def made(session: Session, row_id: int, seen: Seen, act: Act, *, taken: Decision | None = None) -> None:
    """The connection exists: record whose it is and ask the requester for access. Idempotent.

    It stands on the row it was made for even where the case ended or went on with somebody else meanwhile: then it is
    removed after its days of grace. `taken`: it was found rather than made just now.
    """
    case, row = intents.locked(session, row_id)
    if row.state == StarterState.DELETED or row.connection_id not in (None, seen.connection_id):
        removal.twin_later(session, row, seen.connection_id, act)
        return
    if row.connection_id is None:
        _record(session, row, case, seen, act)
        if taken is not None:
            row.adopted_at, row.ours = act.now, taken.is_ours
        session.flush()
    _announce(session, row, case, act)
    readings.take_in(session, row, seen, act)


def again(session: Session, case: Case, act: Act) -> None:
    """A specialist has asked the requester: a connection that is gone is given up, and a new one planned.

    One that Fivetran refused is tried again on the same row, under the same name.
    """
    if act.who.role not in (Role.SPECIALIST, Role.LEAD):
        raise NotAllowed("Only a specialist or a lead may provision again")
    entry = anew(session, case, act)
    record.later(session, "provision", {"case_id": case.id}, act, entry, wait=timedelta(0))


def anew(session: Session, case: Case, act: Act) -> Entry:
    """As `again`, without queueing anything: for whoever provisions it right away."""
    must_be_led(case)
    row = connections.live(session, case.id) or intents.failed(session, case)
    if row is not None and row.state not in (*MAKING, StarterState.MISSING, StarterState.FAILED):
        raise Unfit("connection", "The case has a starter connector already")
    entry = record.entry(session, case, act, "starter.again", audience="account")
    if row is not None and row.state == StarterState.MISSING:
        row.state, row.deleted_at, row.check_after = StarterState.DELETED, act.now, None
        for key in ("initial_sync_finished", "completeness_reviewed"):
            evidence.lose(session, case, key, act, reason="A new starter connector is made: its data comes anew")
    elif row is not None and row.state == StarterState.FAILED:
        row.state = StarterState.UNKNOWN if row.sends else StarterState.INTENDED
    return entry


def _kept(session: Session, case: Case, act: Act) -> Connection | None:
    row = intents.kept(session, case)
    if row is not None and row.connection_id is not None and row.state != StarterState.MISSING:
        evidence.observe(session, case, Fact("starter_ready"), act)
    return row


def _may(case: Case, row: Connection, decision: Decision) -> bool:
    """What nobody wants any more is not asked for; but what we asked for before is ours to look after."""
    if decision.step is Step.WAIT or (decision.step is Step.TAKE and decision.is_ours):
        return True
    return intents.is_wanted(case) and row.grace_until is None and row.request_id == case.primary_request_id


def _write(
    session: Session, row: Connection, case: Case, decision: Decision, found: Collection[Seen], act: Act
) -> None:
    """What was decided, before anything is done about it. To wait writes nothing: the row says already until when."""
    if decision.step is Step.SEND:
        intents.keep(row, intents.sent_of(row).again(act.now, act.program.settle_for))
        row.state = StarterState.CREATING
    elif decision.step is Step.RENAME:
        intents.rename(session, row, case, act)
    elif decision.step is Step.TAKE:
        seen = next(each for each in found if decision.thing and each.connection_id == decision.thing.id)
        made(session, row.id, seen, act, taken=decision)
    session.flush()


def _record(session: Session, row: Connection, case: Case, seen: Seen, act: Act) -> None:
    other = connections.live(session, case.id)
    row.connection_id, row.state, row.in_flight_until = seen.connection_id, StarterState.CREATED, None
    row.group_id = seen.group_id or row.group_id
    row.misses, row.check_after = 0, act.now
    if row.grace_until is None and other is not None and other.id != row.id:
        removal.begin_grace(session, row, act)
    _settle(session, row, case, act)
    session.flush()


def _settle(session: Session, row: Connection, case: Case, act: Act) -> None:
    """A case that ended while it was being made lets go of what came of it, once its undo window is over."""
    if case.outcome not in (None, Outcome.RELEASED):
        removal.settle_later(session, row, act)


def _announce(session: Session, row: Connection | None, case: Case, act: Act) -> None:
    """Say once that the connector exists, as soon as it counts for the case: condition, evidence, letter."""
    if row is None or row.connection_id is None or row.state == StarterState.MISSING:
        return
    if not readings.counts(row, case) or conditions.of_kind(session, row, "created") is not None:
        return
    conditions.say(session, row, "api", act, ok=True, reason="reachable", message="Fivetran answers")
    conditions.say(session, row, "created", act, ok=True, reason="created", message="The starter connector exists")
    if not row.ours:
        message = "It was there already, unused, under our name: it is used, but we never delete what we did not make"
        conditions.say(session, row, "origin", act, ok=True, reason="found", message=message)
    entry = record.entry(session, case, act, "starter.created", data={"connection": row.connection_id})
    evidence.observe(session, case, Fact("starter_ready"), act)
    record.notify(session, "connect", case, act, entry)
