"""Provisioning many at once: a run over cases, fed to the workers in pieces, stopped, resumed, and tried again."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.actions import auditing, conditions, intents, provision
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.people import SYSTEM, Act
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.terms import USABLE_STARTER, Role, StarterState
from request_tracker.store import cases, connections, jobs, people, provision_runs, reading_provisioning
from request_tracker.store.cases import Case, case_number
from request_tracker.store.connections import Connection
from request_tracker.store.jobs import Job
from request_tracker.store.provision_runs import OPEN, ProvisionItem, ProvisionRun

MAY_START = (Role.ADMIN, Role.LEAD)
PIECE = 10
"""So many items of a run are among the jobs at a time: other work never waits behind a whole run."""


def start(session: Session, case_ids: Collection[int], act: Act) -> ProvisionRun:
    """A run over the cases. One that another run is at, or that has a connector by now, is told and left out.

    Raises NotAllowed, Unfit.
    """
    _must_start(act)
    wanted = sorted(set(case_ids))
    if not wanted:
        raise Unfit("cases", "Pick at least one case")
    try:
        rows = cases.locked(session, *wanted)
    except KeyError as unknown:
        raise Unfit("cases", "One of the cases is not there: load the page again") from unknown
    run = _run(session, f"{len(rows)} case{'' if len(rows) == 1 else 's'}", act)
    taken = reading_provisioning.in_runs(session, wanted)
    open_to_it = {each.case_id for each in reading_provisioning.candidates(session)}
    for case in rows:
        state, sentence = _begins(case, taken.get(case.id), case.id in open_to_it)
        name = case_number(case.id)
        item = {"run_id": run.id, "name": name, "case_id": case.id, "state": state, "sentence": sentence}
        session.add(ProvisionItem(**item, changed_at=act.now))
    _feed_later(session, run, act)
    _note(session, "provisioning.started", run.id, act, count=len(rows))
    return run


def stop(session: Session, run_id: int, act: Act) -> bool:
    """Begin nothing new; what is under way ends. False where it does not run. Raises NotAllowed."""
    _must_start(act)
    if _turn(session, run_id, "running", "stopped", act) is None:
        return False
    _note(session, "provisioning.stopped", run_id, act)
    return True


def resume(session: Session, run_id: int, act: Act) -> bool:
    """Go on where it was. False where it was not stopped. Raises NotAllowed."""
    _must_start(act)
    run = _turn(session, run_id, "stopped", "running", act)
    if run is not None:
        _feed_later(session, run, act)
        _note(session, "provisioning.resumed", run.id, act)
    return run is not None


def retry(session: Session, run_id: int, act: Act) -> int:
    """Try again what failed. Answers how many. A case that another run is at stays as it is. Raises NotAllowed."""
    _must_start(act)
    run = _locked(session, run_id)
    if run is None or run.origin != "page":
        return 0
    failed = provision_runs.items(session, run.id, "failed")
    taken = reading_provisioning.in_runs(session, [each.case_id for each in failed if each.case_id])
    again = [each for each in failed if each.case_id not in taken]
    for item in again:
        _set(item, "waiting", "", act)
    if again:
        run.state, run.finished_at, run.changed_at = "running", None, act.now
        _feed_later(session, run, act)
        _note(session, "provisioning.retried", run.id, act, count=len(again))
    return len(again)


def feed(session: Session, run_id: int, act: Act) -> bool:
    """Give the workers as much as they may have at once. Answers whether to come again. Twice: nothing is fed twice."""
    run = _locked(session, run_id)
    if run is None or run.state != "running":
        return False
    _bury(session, run, act)
    room = PIECE - provision_runs.counted(session, run.id, "running", "unknown")
    for item in provision_runs.items(session, run.id, "waiting")[: max(0, room)]:
        if provision_runs.claim(session, item.id, act.now):
            session.refresh(item)
            item.wish = {**item.wish, "job": f"provision_item:{item.id}:{act.now.isoformat()}"}
            jobs.put(session, "provision_item", {"item_id": item.id}, now=act.now, unique_key=item.wish["job"])
    session.flush()
    if not provision_runs.counted(session, run.id, *OPEN):
        run.state, run.finished_at, run.changed_at = "done", act.now, act.now
    return run.state == "running"


def begin(session: Session, item_id: int, act: Act) -> int | None:
    """The case to provision now; None where it is not to be done, or not any more. Raises Unfit, Refused."""
    item = session.get_one(ProvisionItem, item_id, with_for_update=True)
    if item.case_id is None or item.state not in ("running", "unknown"):
        return None
    run = session.get_one(ProvisionRun, item.run_id)
    (case,) = cases.locked(session, item.case_id)
    row = connections.live(session, case.id) or intents.failed(session, case)
    if run.state == "stopped" and not (row is not None and row.sends and row.state in intents.MAKING):
        _set(item, "waiting", "", act)
        return None
    if row is not None and intents.is_wanted(case) and _is_gone(session, row):
        provision.anew(session, case, _in_the_name_of(session, run, act))
    return case.id


def waits(session: Session, item_id: int, sentence: str, act: Act) -> bool:
    """It cannot be done yet. True where it is given up: a person has to bind a group before."""
    item = session.get_one(ProvisionItem, item_id, with_for_update=True)
    row = connections.live(session, item.case_id or 0)
    group = conditions.of_kind(session, row, "group") if row is not None else None
    if group is not None and not group.ok:
        _set(item, "failed", group.message, act)
        return True
    in_doubt = row is not None and row.in_flight_until is not None
    _set(item, "unknown" if in_doubt else "running", sentence, act)
    return False


def settle(session: Session, item_id: int, act: Act) -> str:
    """How it ended, by what stands on the case. Answers the item's state. Idempotent."""
    item = session.get_one(ProvisionItem, item_id, with_for_update=True)
    case = session.get_one(Case, item.case_id)
    row = connections.live(session, case.id)
    failed = intents.failed(session, case) if row is None else None
    if row is not None and row.state in USABLE_STARTER:
        item.group_id, item.connection_id = row.group_id, row.connection_id
        _set(item, "done", "It is there", act)
    elif failed is not None:
        no = conditions.of_kind(session, failed, "api")
        _set(item, "failed", no.message if no else "Fivetran refused to make it", act)
    elif row is not None and row.state == StarterState.MISSING:
        _set(item, "failed", "Gone in Fivetran: the requester has to say first whether it is still wanted", act)
    elif row is None or row.state not in intents.MAKING:
        _set(item, "skipped", "The case does not want a starter connector any more", act)
    return item.state


def give_up(session: Session, item_id: int, sentence: str, act: Act) -> None:
    _set(session.get_one(ProvisionItem, item_id, with_for_update=True), "failed", sentence, act)


def _begins(case: Case, run_id: int | None, is_open: bool) -> tuple[str, str]:
    if run_id is not None:
        return "skipped", f"It is in run {run_id} already"
    return ("waiting", "") if is_open else ("skipped", "Nothing is to be done for it any more: look at the case")


def _is_gone(session: Session, row: Connection) -> bool:
    """Refused, or gone while the requester still wants it: then, and only then, another one is made."""
    if row.state == StarterState.FAILED:
        return True
    created = conditions.of_kind(session, row, "created")
    return row.state == StarterState.MISSING and created is not None and created.reason == "wanted"


def _bury(session: Session, run: ProvisionRun, act: Act) -> None:
    """Items whose job was given up fail with what it said, so that a run always comes to an end."""
    under_way = {each.wish.get("job"): each for each in provision_runs.items(session, run.id, "running", "unknown")}
    found = select(Job).where(Job.unique_key.in_(list(under_way)), Job.state.in_(("dead", "cancelled", "done")))
    for job in session.scalars(found.order_by(Job.id)):
        said = f"Given up: {job.last_error}" if job.last_error else "Given up: its job ended without a word"
        _set(under_way[job.unique_key], "failed", said, act)
    session.flush()


def _in_the_name_of(session: Session, run: ProvisionRun, act: Act) -> Act:
    who = people.viewer(session, run.by_id) if run.by_id is not None else None
    return Act(who or SYSTEM, act.now, act.program)


def _run(session: Session, title: str, act: Act) -> ProvisionRun:
    run = ProvisionRun(title=title, origin="page", state="running", by_id=act.who.id)
    run.created_at = run.changed_at = act.now
    session.add(run)
    session.flush()
    return run


def _turn(session: Session, run_id: int, before: str, after: str, act: Act) -> ProvisionRun | None:
    run = _locked(session, run_id)
    if run is None or run.state != before or run.origin != "page":
        return None
    run.state, run.changed_at = after, act.now
    return run


def _locked(session: Session, run_id: int) -> ProvisionRun | None:
    return session.get(ProvisionRun, run_id, with_for_update=True, populate_existing=True)


def _feed_later(session: Session, run: ProvisionRun, act: Act) -> None:
    key = f"provision_run:{run.id}:{act.now.isoformat()}"
    jobs.put(session, "provision_run", {"run_id": run.id}, now=act.now, unique_key=key)


def _note(session: Session, what: str, run_id: int, act: Act, **data: object) -> None:
    auditing.note(session, act, what, f"run {run_id}", run=run_id, **data)


def _set(item: ProvisionItem, state: str, sentence: str, act: Act) -> None:
    item.state, item.sentence, item.changed_at = state, sentence, act.now


def _must_start(act: Act) -> None:
    if act.who.role not in MAY_START:
        raise NotAllowed("Only an admin or a lead may provision many at once")
