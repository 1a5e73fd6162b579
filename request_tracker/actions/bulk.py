"""Acts on many cases at once: a run with a row for each case, each row a unit of work of its own, undone so too."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from request_tracker.actions import bulk_acts
from request_tracker.actions.unfit import Unfit
from request_tracker.actions.versions import Stale, fresh
from request_tracker.rules import bulk_words
from request_tracker.rules.people import Act, Viewer
from request_tracker.rules.phases import Blocker
from request_tracker.rules.process import NotAllowed, Refused
from request_tracker.rules.terms import Role
from request_tracker.store import bulk_runs, cases, jobs, people
from request_tracker.store.bulk_runs import BulkRow, BulkRun
from request_tracker.store.cases import Case
from request_tracker.store.people import Person

MAY_BEGIN = (Role.SPECIALIST, Role.LEAD)
MOST = 200
"""So many cases a run may have."""
UNDO = "bulk_undo"
TOLD = ("person_id", "name", "reason", "criterion")
"""What a run keeps of its form once it is over."""


def start(
    session: Session,
    kind: str,
    picked: Sequence[tuple[int, int]],
    args: Mapping[str, Any],
    act: Act,
    *,
    form_key: str | None = None,
) -> BulkRun:
    """A run over cases, each `(id, version as the person saw it)`; the work is left to a job.

    `args`: assign `person_id`; hold `reason`, `question`, `expected_until` (ISO, or empty); decline as the move has it.
    Raises NotAllowed, Unfit: nothing is begun that no case could take. A form sent twice, told by its one-time key,
    begins one run.
    """
    _must_begin(act.who)
    wanted = list(dict(picked).items())
    if not wanted:
        raise Unfit("cases", "Tick at least one case in the queue")
    if len(wanted) > MOST:
        raise Unfit("cases", f"Tick {MOST} cases at most: these are {len(wanted)}")
    known = set(session.scalars(select(Case.id).where(Case.id.in_([each[0] for each in wanted]))))
    if any(case_id not in known for case_id, _ in wanted):
        raise Unfit("cases", "One of the cases is not there: go back to the queue and tick them again")
    kept = bulk_acts.CHECKS[kind](session, args, act)
    if form_key and (same := _begun_by(session, act.who, form_key)) is not None:
        return same
    run = BulkRun(
        kind=kind, by_id=act.who.id, args=kept, total=len(wanted), created_at=act.now, form_key=form_key or None
    )
    session.add(run)
    session.flush()
    for position, (case_id, version) in enumerate(wanted):
        session.add(BulkRow(run_id=run.id, position=position, case_id=case_id, version=version, blockers=[]))
    jobs.put(session, "bulk_run", {"run_id": run.id}, now=act.now, unique_key=f"bulk_run:{run.id}")
    return run


def _begun_by(session: Session, who: Viewer, form_key: str) -> BulkRun | None:
    """The run of this form; two presses at once take turns at the person."""
    session.get(Person, who.id, with_for_update=True)
    return bulk_runs.by_form(session, who.id or 0, form_key)


def stop(session: Session, run_id: int, act: Act) -> bool:
    """Begin no further row. False where it is over already. Raises NotAllowed."""
    run = bulk_runs.locked(session, run_id)
    if run is None or run.ended_at is not None:
        return False
    _must_own(run, act.who)
    run.stopped_at = act.now
    _end(run, act.now)
    return True


def ask_undo(session: Session, run_id: int, act: Act) -> int:
    """Leave it to a job to take back what can still be taken back; answers how many rows that may be. NotAllowed."""
    run = bulk_runs.locked(session, run_id)
    if run is None or run.ended_at is None:
        return 0
    _must_own(run, act.who)
    count = bulk_runs.counted(session, run_id).get("done", 0)
    if count and run.kind in bulk_acts.UNDOES:
        args = {"run_id": run_id, "by_id": act.who.id}
        jobs.put_anew(session, UNDO, args, now=act.now, unique_key=f"{UNDO}:{run_id}")
    return count if run.kind in bulk_acts.UNDOES else 0


def may_steer(by_id: int, who: Viewer) -> bool:
    """Whether they may stop and take back a run that `by_id` began."""
    return who.role is Role.LEAD or (who.role in MAY_BEGIN and who.id == by_id)


def is_undoing(session: Session, run_id: int) -> bool:
    return jobs.state_of(session, f"{UNDO}:{run_id}") in ("ready", "running")


def step(session: Session, run_id: int, act: Act) -> bool:
    """Do the next row that waits; False when none is left or the run was stopped. A row that is over is left alone.

    Two workers at one run take turns: the run is locked, and a row is over in the transaction that did it.
    """
    run = bulk_runs.locked(session, run_id)
    if run is None or run.ended_at is not None:
        return False
    row = bulk_runs.next_waiting(session, run_id)
    if row is None:
        _end(run, act.now)
        return False
    who = _whose(session, run.by_id)
    if who is None:
        _close(row, "refused", bulk_words.GONE, act.now)
    else:
        _do(session, run, row, Act(who, act.now, act.program))
    return True


def undo_step(session: Session, run_id: int, after: int, by_id: int, act: Act) -> int | None:
    """Take back the next row after this place, if that is possible; answers its place, None when none is left."""
    run = bulk_runs.locked(session, run_id)
    row = bulk_runs.next_done(session, run_id, after) if run is not None else None
    if run is None or row is None:
        return None
    who = _whose(session, by_id)
    if who is not None:
        _undo(session, run, row, Act(who, act.now, act.program))
    return row.position


def _do(session: Session, run: BulkRun, row: BulkRow, act: Act) -> None:
    """The single act, as the case page does it; what it refuses leaves no trace but the row's sentence."""
    blockers: tuple[Blocker, ...] = ()
    try:
        with session.begin_nested():
            (case,) = cases.locked(session, row.case_id)
            fresh(case, row.version)
            entry = bulk_acts.ACTS[run.kind](session, case, run.args, act)
            row_entry = entry.id
    except Stale:
        sentence = bulk_words.OVERTAKEN
    except (StaleDataError, IntegrityError):
        sentence = bulk_words.TOO_QUICK
    except Refused as fault:
        sentence, blockers = fault.title, fault.blockers
    except Unfit as fault:
        sentence = fault.message
    except NotAllowed as fault:
        sentence = str(fault)
    else:
        row.entry_id = row_entry
        _close(row, "done", bulk_words.done(run.kind, run.args), act.now)
        return
    row.blockers = [{"reason": each.reason, "fix": each.fix} for each in blockers]
    _close(row, "refused", sentence, act.now)


def _undo(session: Session, run: BulkRun, row: BulkRow, act: Act) -> None:
    sentence = bulk_words.lasts(run.kind, run.args)
    try:
        with session.begin_nested():
            (case,) = cases.locked(session, row.case_id)
            done = bulk_acts.UNDOES[run.kind](session, case, row, act)
    except (Stale, StaleDataError, IntegrityError, Refused, Unfit, NotAllowed):
        done = False
    if done:
        _close(row, "undone", bulk_words.UNDONE[run.kind], act.now)
    else:
        row.sentence = f"{bulk_words.done(run.kind, run.args)}. {sentence}"


def _end(run: BulkRun, now: datetime) -> None:
    """What was typed stands in the timeline of each case, where it can be erased: here it is not kept."""
    run.ended_at = now
    run.args = _told(run)


def _told(run: BulkRun) -> dict[str, Any]:
    return {name: value for name, value in run.args.items() if name in TOLD}


def _close(row: BulkRow, state: str, sentence: str, now: datetime) -> None:
    row.state, row.sentence, row.at = state, sentence, now


def _whose(session: Session, person_id: int) -> Viewer | None:
    """Whoever began it, as they are now; None where they may not do it any more."""
    who = people.viewer(session, person_id)
    return who if who is not None and who.role in MAY_BEGIN else None


def _must_begin(who: Viewer) -> None:
    if who.role not in MAY_BEGIN:
        raise NotAllowed("Only a specialist or a lead may act on many cases at once")


def _must_own(run: BulkRun, who: Viewer) -> None:
    if not may_steer(run.by_id, who):
        raise NotAllowed("Only whoever began it, or a lead, may do this")
