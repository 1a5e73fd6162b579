"""What somebody changed at Fivetran in the fields we own: told, and the schedule put back, at most once an hour."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.actions import conditions, record
from request_tracker.rules import drift
from request_tracker.rules.drift import Difference, Fields
from request_tracker.rules.people import Act
from request_tracker.rules.terms import Phase
from request_tracker.store import jobs
from request_tracker.store.cases import Case
from request_tracker.store.connections import Connection
from request_tracker.store.sync_runs import SyncRun
from request_tracker.store.timeline import Entry

HEALED = "starter.healed"
HEALED_EVERY = timedelta(hours=1)


def look(session: Session, row: Connection, case: Case, seen: Fields, act: Act, *, counts: bool) -> None:
    """Say what differs. Where the connection still counts and the program says so, the schedule is put back later."""
    wanted = wanted_of(session, row, case)
    _identity(session, row, drift.identity(wanted, seen), act)
    found = drift.schedule(wanted, seen)
    heals = counts and act.program.heal_drift
    if found:
        message = drift.sentence(found, heals=heals)
        conditions.say(session, row, "schedule", act, ok=False, reason=found[0].name, message=message)
    else:
        conditions.clear(session, row, "schedule", act, message="It syncs as we want it to")
    if found and heals and not _healed_lately(session, row, act):
        hour = int(act.now.timestamp() // HEALED_EVERY.total_seconds())
        jobs.put(session, "heal_starter", {"row_id": row.id}, now=act.now, unique_key=f"heal_starter:{row.id}:{hour}")
    _paused(session, row, wanted, seen, act)


def wanted_of(session: Session, row: Connection, case: Case) -> Fields:
    """The fields we own as they should be."""
    return Fields(
        row.service,
        row.schema_name,
        row.group_id or "",
        row.sync_frequency,
        row.schedule_type,
        row.daily_sync_time,
        paused=True if _rests(session, row, case) else None,
    )


def healed(session: Session, row: Connection, found: tuple[Difference, ...], act: Act) -> None:
    """It was put back: staff can read what it was."""
    case = session.get_one(Case, row.case_id)
    data = {"connection": row.id, "fields": {each.name: [each.seen, each.wanted] for each in found}}
    record.entry(session, case, act, HEALED, data=data, audience="staff")
    conditions.say(session, row, "schedule", act, ok=True, reason="healed", message="It was put back as we want it")


def not_healed(session: Session, row: Connection, act: Act, sentence: str) -> None:
    """Fivetran refused to put it back: a person has to."""
    message = f"It could not be put back: {sentence}"
    conditions.say(session, row, "schedule", act, ok=False, reason="refused", message=message)


def _identity(session: Session, row: Connection, found: tuple[Difference, ...], act: Act) -> None:
    if not found:
        conditions.clear(session, row, "identity", act, message="It is the connection we made")
        return
    changed = "; ".join(f"{each.label} is {each.seen}, not {each.wanted}" for each in found)
    message = f"This is not the connection we made: {changed}. Look at it in Fivetran; nothing is changed by itself."
    conditions.say(session, row, "identity", act, ok=False, reason=found[0].name, message=message)


def _paused(session: Session, row: Connection, wanted: Fields, seen: Fields, act: Act) -> None:
    """Until the first sync resting is ours; afterwards it is theirs, and only shown."""
    if wanted.paused is None and row.sync_started_at is not None and seen.paused:
        message = "Somebody paused it in Fivetran: nothing syncs until it is resumed there"
        conditions.say(session, row, "paused", act, ok=False, reason="paused", message=message)
    else:
        conditions.clear(session, row, "paused", act, message="It is not paused")


def _rests(session: Session, row: Connection, case: Case) -> bool:
    """Whether nobody asked for the first sync yet. Who asked wakes it up, a moment before it is known to have begun."""
    if row.sync_started_at is not None or Phase(case.phase).order >= Phase.PRIVATE_PREVIEW.order:
        return False
    asked = (Entry.case_id == case.id, Entry.kind == "sync.asked", Entry.at >= row.created_at)
    begun = select(SyncRun.id).where(SyncRun.connection_row_id == row.id)
    return not (session.scalar(select(Entry.id).where(*asked).limit(1)) or session.scalar(begun.limit(1)))


def _healed_lately(session: Session, row: Connection, act: Act) -> bool:
    since = (Entry.case_id == row.case_id, Entry.kind == HEALED, Entry.at > act.now - HEALED_EVERY)
    return session.scalar(select(Entry.id).where(*since).limit(1)) is not None
