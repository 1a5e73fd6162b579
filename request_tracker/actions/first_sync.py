"""The sync a case waits for: asked for once, followed until it ends, believed only as far as the reading goes."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.actions import completeness, conditions, evidence, sync_events, sync_stands
from request_tracker.actions.sync_stands import Matter
from request_tracker.rules import sync_following
from request_tracker.rules.people import Act
from request_tracker.rules.quoting import quoted
from request_tracker.rules.sync_following import Stand, Told
from request_tracker.rules.terms import Phase, StarterState
from request_tracker.store import jobs, sync_runs
from request_tracker.store.cases import Case
from request_tracker.store.connections import Connection
from request_tracker.store.sync_runs import SyncRun

TRAVELS_FOR = timedelta(minutes=2)
"""A request without an answer may still arrive for so long."""


def intend(session: Session, row: Connection, act: Act) -> int | None:
    """We are about to ask for the sync: keep what Fivetran said just before. None where there is nothing to ask.

    An asking whose effect is not known yet is gone on with, so that its sync is recognised whenever it shows.
    """
    if row.sync_started_at is not None or row.grace_until is not None or row.setup_state != "connected":
        return None
    run = sync_runs.awaited(session, row.id)
    if run is None or run.followed:
        run = sync_runs.add(session, row.id, "ask")
        run.awaited, run.succeeded_before, run.failed_before = True, row.succeeded_at, row.failed_at
    run.asked_at = act.now
    return run.id


def overdue(session: Session, act: Act) -> int:
    """First syncs whose work was lost or given up are asked for again, once a day; not one that was refused or ended,
    which a person starts again. Answers how many."""
    known = select(SyncRun.connection_row_id).where(SyncRun.awaited)
    known = known.where((SyncRun.followed != "") | SyncRun.asked_at.is_(None))
    rests = (Connection.state == StarterState.CONNECTED, Connection.grace_until.is_(None))
    waits = (Case.outcome.is_(None), Case.phase == Phase.PRIVATE_PREVIEW, Connection.id.not_in(known))
    found = select(Case.id).join(Connection, Connection.case_id == Case.id).where(*rests, *waits).order_by(Case.id)
    keys = {each: f"first_sync:{each}:late:{act.now.date().isoformat()}" for each in session.scalars(found)}
    return sum(
        jobs.put(session, "first_sync", {"case_id": each}, now=act.now, unique_key=key) for each, key in keys.items()
    )


def is_travelling(session: Session, row: Connection, act: Act) -> bool:
    """Whether a request that starts it was sent a moment ago, here or by another worker, and may still arrive."""
    run = sync_runs.awaited(session, row.id)
    sent = run.asked_at if run is not None and not run.followed else None
    return sent is not None and act.now - sent < TRAVELS_FOR


def begun(session: Session, row: Connection, act: Act, run_id: int | None = None) -> None:
    """Fivetran took it: remember when, and until when it should be over. Idempotent."""
    run = session.get_one(SyncRun, run_id) if run_id else _asked(session, row)
    if run.followed or row.sync_started_at is not None:
        return
    run.followed, run.status, run.started_at = Stand.RUNNING, "running", run.started_at or act.now
    sync_stands.goes_on(row, act)
    row.check_after = act.now
    message = "The initial sync is running"
    conditions.say(session, row, "sync", act, ok=True, reason="syncing", message=message)
    evidence.sync_started(session, session.get_one(Case, row.case_id), act)


def refused(session: Session, row: Connection, act: Act, sentence: str) -> None:
    """Fivetran answered that it does not start the sync: said on the case, where it can be asked for again."""
    run = sync_runs.awaited(session, row.id)
    if run is not None and not run.followed:
        run.asked_at = None
    message = f"Fivetran did not start the first sync: {quoted(sentence)}"
    conditions.say(session, row, "sync", act, ok=False, reason="refused", message=message)


def follow(session: Session, row: Connection, case: Case, act: Act, *, is_historical: bool = False) -> None:
    """Draw the consequences of a reading for the sync the case waits for. Twice: nothing new the second time."""
    sync_events.take(session, row, act)
    completeness.weigh(session, row, case, act)
    run = sync_runs.awaited(session, row.id)
    if run is None:
        return
    told = Told(row.sync_state, row.succeeded_at, row.failed_at, is_historical)
    if not run.followed:
        if not sync_following.has_begun(sync_stands.before(run), told):
            return
        begun(session, row, act, run.id)
    if run.followed == Stand.SUCCEEDED and is_historical:
        run = _anew(session, row, case, act)
    sync_stands.judge(Matter(session, row, case, run, told, act))


def _anew(session: Session, row: Connection, case: Case, act: Act) -> SyncRun:
    """Somebody asked for all of it again: what was finished is not so any more."""
    run = sync_runs.add(session, row.id, "reading")
    run.awaited, run.succeeded_before, run.failed_before = True, row.succeeded_at, row.failed_at
    run.followed, run.started_at = Stand.RUNNING, act.now
    row.sync_started_at = None
    sync_stands.goes_on(row, act)
    reason = "A full resync was asked for in Fivetran: all data is synced once more"
    evidence.lose(session, case, "initial_sync_finished", act, reason=reason)
    return run


def _asked(session: Session, row: Connection) -> SyncRun:
    run = sync_runs.awaited(session, row.id)
    if run is None or (run.followed and row.sync_started_at is None):
        run = sync_runs.add(session, row.id, "ask")
        run.awaited, run.succeeded_before, run.failed_before = True, row.succeeded_at, row.failed_at
    return run
