"""What an undone entry caused is revoked: waiting jobs are cancelled, clock events voided."""

from sqlalchemy.orm import Session

from request_tracker.actions import clock
from request_tracker.actions.clock import Cause
from request_tracker.rules.people import Act
from request_tracker.store import jobs
from request_tracker.store.timeline import Entry, Undone


def revoke(session: Session, entry: Entry, by: Entry, act: Act) -> None:
    """Mark the entry as taken back by another; effects that run later see the mark and do nothing."""
    session.add(Undone(entry_id=entry.id, by_entry_id=by.id, at=act.now))
    session.flush()
    jobs.cancel_for(session, entry.id, act.now)
    clock.void_caused_by(session, entry.id, Cause(act, by.id))
