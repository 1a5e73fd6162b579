"""Syncs: somebody asks for the first one."""

from sqlalchemy.orm import Session

from request_tracker.actions import record
from request_tracker.actions.rooted import must_be_root
from request_tracker.rules.people import Act
from request_tracker.rules.phases import Blocker
from request_tracker.rules.process import NotAllowed, Refused
from request_tracker.rules.sync_following import Stand
from request_tracker.rules.terms import Role
from request_tracker.store import connections, evidence, jobs, sync_runs
from request_tracker.store.cases import Case
from request_tracker.store.timeline import Entry


def ask(session: Session, case: Case, act: Act) -> Entry | None:
    """Ask for the first sync of the case's starter connector; None where it runs already. Raises NotAllowed, Refused.

    After a failure, a pause or a cancelled sync it is asked for anew.
    """
    must_be_root(case)
    if act.who.role not in (Role.SPECIALIST, Role.ENGINEER, Role.LEAD):
        raise NotAllowed("Only a specialist, an engineer or a lead may start the first sync")
    if found := _blockers(session, case):
        raise Refused("sync", found)
    row = connections.live(session, case.id)
    if row is not None and row.sync_started_at is not None:
        run = sync_runs.awaited(session, row.id)
        if run is None or run.followed != Stand.PAUSED:
            return None
        row.sync_started_at = None
    entry = record.entry(session, case, act, "sync.asked", audience="account")
    jobs.put(session, "start_sync", {"case_id": case.id}, now=act.now, unique_key=f"start_sync::{entry.id}")
    return entry


def _blockers(session: Session, case: Case) -> tuple[Blocker, ...]:
    row = connections.live(session, case.id)
    found = []
    if case.outcome is not None:
        found.append(Blocker("outcome", f"This case has ended ({case.outcome.replace('_', ' ')})", "moves"))
    if row is None or row.connection_id is None:
        found.append(Blocker("starter_ready", "There is no starter connector to sync yet", "connection"))
    if "access_granted" not in evidence.standing(session, case.id):
        found.append(Blocker("access_granted", "The requester has not granted access yet", "connection"))
    return tuple(found)
