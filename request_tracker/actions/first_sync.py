"""The initial sync: begun by us, followed until it ends, believed only when it ended after we began it."""

from sqlalchemy.orm import Session

from request_tracker.actions import conditions, evidence
from request_tracker.actions.evidence import Fact
from request_tracker.rules.people import Act
from request_tracker.rules.terms import StarterState
from request_tracker.store.cases import Case
from request_tracker.store.connections import Connection


def begun(session: Session, row: Connection, act: Act) -> None:
    """We asked for the first sync: remember when, so that only a success after it counts. Idempotent."""
    if row.sync_started_at is not None:
        return
    row.sync_started_at, row.state = act.now, StarterState.SYNCING
    row.check_after = act.now
    conditions.say(session, row, "sync", act, ok=True, reason="syncing", message="The initial sync is running")
    evidence.sync_started(session, session.get_one(Case, row.case_id), act)


def follow(session: Session, row: Connection, case: Case, act: Act) -> None:
    since = row.sync_started_at
    if since is None:
        return
    if row.succeeded_at is not None and row.succeeded_at >= since:
        row.state = StarterState.LIVE
        conditions.say(session, row, "sync", act, ok=True, reason="finished", message="The initial sync has finished")
        evidence.observe(session, case, Fact("initial_sync_finished"), act)
    elif row.failed_at is not None and row.failed_at >= since:
        message = "The initial sync failed; look at the connection in Fivetran, then start it again"
        conditions.say(session, row, "sync", act, ok=False, reason="failed", message=message)
        row.sync_started_at, row.state = None, StarterState.CONNECTED
