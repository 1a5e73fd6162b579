"""What follows from how a sync stands: state, evidence, the condition people read, and who is told."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from request_tracker.actions import conditions, evidence, record
from request_tracker.actions.evidence import Fact
from request_tracker.rules import sync_following
from request_tracker.rules.people import Act
from request_tracker.rules.quoting import quoted
from request_tracker.rules.sync_following import Asked, Stand, Told
from request_tracker.rules.terms import StarterState
from request_tracker.store import jobs, sync_runs
from request_tracker.store.cases import Case
from request_tracker.store.connections import Connection
from request_tracker.store.sync_runs import SyncRun

RECONNECT = "reconnect"
STOPPED = {
    Stand.PAUSED: "The connection was paused in Fivetran before its first sync ended: start the first sync again",
    Stand.CANCELLED: "The first sync was cancelled in Fivetran: start it again",
}


@dataclass(frozen=True)
class Matter:
    """A reading of the connection and the sync the case waits for."""

    session: Session
    row: Connection
    case: Case
    run: SyncRun
    told: Told
    act: Act

    def say(self, reason: str, message: str, *, ok: bool) -> bool:
        return conditions.say(self.session, self.row, "sync", self.act, ok=ok, reason=reason, message=message)


def judge(matter: Matter) -> None:
    """Draw the consequences. Twice: nothing new the second time."""
    if matter.run.followed == Stand.SUCCEEDED:
        _later(matter)
        return
    stand = sync_following.stand(before(matter.run), matter.told)
    STANDS[stand](matter)
    matter.session.flush()


def _running(matter: Matter) -> None:
    row, run, act = matter.row, matter.run, matter.act
    if run.followed != Stand.RUNNING:
        run.followed = Stand.RUNNING
        goes_on(row, act)
    if run.status not in ("running", "late"):
        run.status, run.ended_at = "running", None
    if _is_late(matter):
        return
    matter.say("syncing", "The initial sync is running", ok=True)


def _is_late(matter: Matter) -> bool:
    """Whether the deadline has passed: told once, and followed all the same."""
    row, run, act = matter.row, matter.run, matter.act
    if row.sync_deadline_at is None or act.now <= row.sync_deadline_at:
        return False
    hours = round(act.program.first_sync_for / timedelta(hours=1))
    message = f"The initial sync has run for more than {hours} hours: look at the connection in Fivetran"
    if matter.say("late", message, ok=False) and run.status != "late":
        run.status = "late"
        entry = record.entry(matter.session, matter.case, act, "sync.late", data={"hours": hours}, audience="staff")
        record.notify(matter.session, "sync_late", matter.case, act, entry)
    return True


def _rescheduled(matter: Matter) -> None:
    """Fivetran waits until the source allows more: no fault of anybody, so there is more time."""
    row, run, act = matter.row, matter.run, matter.act
    row.sync_deadline_at = act.now + act.program.first_sync_for
    if run.followed == Stand.RESCHEDULED:
        return
    run.followed, run.status = Stand.RESCHEDULED, "rescheduled"
    goes_on(row, act)
    message = "The initial sync waits until the service allows more requests; Fivetran goes on by itself"
    matter.say("rescheduled", message, ok=False)
    record.entry(matter.session, matter.case, act, "sync.rescheduled", audience="account")


def _stopped(matter: Matter) -> None:
    """Somebody paused or cancelled it in Fivetran: it can be started again here, and goes on if it is resumed there."""
    row, run, act = matter.row, matter.run, matter.act
    stand = sync_following.stand(before(run), matter.told)
    matter.say(stand, STOPPED[stand], ok=False)
    if run.followed == stand:
        return
    run.followed = stand
    if stand is Stand.CANCELLED:
        run.status, run.ended_at = "cancelled", run.ended_at or act.now
        row.sync_started_at, row.state = None, StarterState.CONNECTED
    record.entry(matter.session, matter.case, act, "sync.stopped", data={"how": str(stand)}, audience="account")


def _failed(matter: Matter) -> None:
    row, run = matter.row, matter.run
    fresh = run.followed != Stand.FAILED
    if fresh:
        run.followed, run.status, run.ended_at = Stand.FAILED, "failed", row.failed_at
        row.sync_started_at, row.state = None, StarterState.CONNECTED
        _look_back(matter)
    run.reason = run.reason or _finding(row)
    theirs = "Access has to be granted again, then it can be started again"
    again = theirs if _is_theirs(row, run) else "Start it again once that is put right"
    matter.say("failed", f"The initial sync failed. {_said(run)}{again}", ok=False)
    if fresh:
        _tell_failure(matter, run)


def _succeeded(matter: Matter) -> None:
    row, act, run = matter.row, matter.act, matter.run
    if run.status in ("failed", "cancelled"):
        run = _other(matter)
    run.followed, run.status, run.ended_at = Stand.SUCCEEDED, "successful", run.ended_at or row.succeeded_at
    row.state, row.sync_started_at = StarterState.LIVE, row.sync_started_at or run.started_at or act.now
    row.sync_deadline_at = None
    matter.say("finished", "The initial sync has finished", ok=True)
    evidence.observe(matter.session, matter.case, Fact("initial_sync_finished"), act)
    _look_back(matter)


def _later(matter: Matter) -> None:
    """The initial sync is over: later ones are recorded, and one that failed is told once."""
    row, session = matter.row, matter.session
    row.state = StarterState.LIVE
    if not sync_following.is_failing(matter.told):
        matter.say("finished", "The last sync has finished", ok=True)
        return
    assert row.failed_at is not None, "a failing sync has ended"
    run = sync_runs.ended_near(session, row.id, "failed", row.failed_at)
    if run is None:
        run = sync_runs.add(session, row.id, "reading", status="failed")
        run.ended_at = row.failed_at
    run.reason = run.reason or _finding(row)
    if matter.say("failed", f"The last sync failed. {_said(run)}".strip(), ok=False):
        _tell_failure(matter, run)
        _look_back(matter)


STANDS: dict[Stand, Callable[[Matter], None]] = {
    Stand.RUNNING: _running,
    Stand.RESCHEDULED: _rescheduled,
    Stand.PAUSED: _stopped,
    Stand.CANCELLED: _stopped,
    Stand.FAILED: _failed,
    Stand.SUCCEEDED: _succeeded,
}


def _other(matter: Matter) -> SyncRun:
    """The one awaited did not succeed: another one did, which Fivetran began by itself."""
    session, row, former = matter.session, matter.row, matter.run
    assert row.succeeded_at is not None, "a sync that succeeded has ended"
    run = sync_runs.ended_near(session, row.id, "successful", row.succeeded_at)
    run = run or sync_runs.add(session, row.id, "reading")
    former.awaited, run.awaited = False, True
    run.succeeded_before, run.failed_before = former.succeeded_before, former.failed_before
    return run


def goes_on(row: Connection, act: Act) -> None:
    """A sync runs: the deadline counts from its begin, and is never drawn nearer."""
    row.state = StarterState.SYNCING
    row.sync_started_at = row.sync_started_at or act.now
    due_at = row.sync_started_at + act.program.first_sync_for
    row.sync_deadline_at = max(due_at, row.sync_deadline_at or due_at)


def before(run: SyncRun) -> Asked:
    """What Fivetran said before it was asked for."""
    return Asked(run.succeeded_before, run.failed_before, run.status == "cancelled")


def _tell_failure(matter: Matter, run: SyncRun) -> None:
    """Access is for the requester to give, who hears of it as soon as it is broken; anything else is ours to mend."""
    session, case, act = matter.session, matter.case, matter.act
    theirs = _is_theirs(matter.row, run)
    entry = record.entry(
        session,
        case,
        act,
        "sync.failed",
        data={"first": run.awaited, "task": RECONNECT if theirs else ""},
        words={"reason": run.reason} if run.reason else None,
        audience="account" if theirs else "staff",
    )
    record.notify(session, "sync_failed", case, act, entry)


def _is_theirs(row: Connection, run: SyncRun) -> bool:
    return run.task == RECONNECT or row.setup_state == "broken"


def _said(run: SyncRun) -> str:
    """`Fivetran says: … .`: with a full stop and a space behind it."""
    return f"Fivetran says: {run.reason.rstrip('.')}. " if run.reason else "Fivetran gave no reason. "


def _finding(row: Connection) -> str:
    """What the reading itself tells of a failure: its first task."""
    tasks = [each for each in row.findings or [] if each.get("status") == "TASK"]
    return quoted(str(tasks[0].get("message") or tasks[0].get("title") or "")) if tasks else ""


def _look_back(matter: Matter) -> None:
    """A sync ended: ask the history of the account what it knows about it."""
    run, act = matter.run, matter.act
    key = f"read_history:{run.id}:{run.followed}:{matter.row.failed_at}"
    jobs.put(matter.session, "read_history", {"row_id": matter.row.id}, now=act.now, unique_key=key)
