"""How often a case's connection syncs: chosen by a person, kept as what we want, brought to Fivetran by a job."""

from sqlalchemy.orm import Session

from request_tracker.actions import record
from request_tracker.actions.rooted import must_be_root
from request_tracker.actions.tables import must_choose
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.people import Act
from request_tracker.rules.sync_schedule import BadSchedule, Schedule, read
from request_tracker.store import connections, jobs
from request_tracker.store.cases import Case
from request_tracker.store.connections import Connection
from request_tracker.store.timeline import Entry


def choose(session: Session, case: Case, frequency: object, type_: object, daily_at: object, act: Act) -> Entry | None:
    """Keep the schedule and have it applied; None where it is so already. Raises NotAllowed, Refused, Unfit."""
    must_choose(act)
    must_be_root(case)
    try:
        wanted = read(frequency, type_, daily_at)
    except BadSchedule as fault:
        raise Unfit(fault.field, fault.message) from fault
    row = connections.live(session, case.id)
    if row is None or case.outcome is not None:
        raise Unfit("sync_frequency", "There is no starter connector whose schedule could be chosen")
    if wanted == schedule_of(row):
        return None
    row.sync_frequency, row.schedule_type, row.daily_sync_time = wanted.frequency, wanted.type, wanted.daily_at
    data = {"minutes": wanted.frequency, "type": wanted.type, "at": wanted.daily_at}
    entry = record.entry(session, case, act, "schedule.chosen", data=data, audience="account")
    if row.connection_id is not None:
        key = f"apply_schedule::{entry.id}"
        jobs.put(session, "apply_schedule", {"row_id": row.id}, now=act.now, unique_key=key)
    return entry


def schedule_of(row: Connection) -> Schedule:
    return Schedule(row.sync_frequency, row.schedule_type, row.daily_sync_time)
