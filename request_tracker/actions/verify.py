"""Every case's chain is verified, some at a time: because somebody asks, and once a night."""

from collections.abc import Mapping
from datetime import UTC, timedelta

from sqlalchemy.orm import Session

from request_tracker.actions import auditing
from request_tracker.rules.people import Act
from request_tracker.store import chain_checks, jobs
from request_tracker.store.cases import case_number
from request_tracker.store.chain_checks import ChainCheck
from request_tracker.store.timeline import Stretch

KIND = "verify_chains"
MOST_TOLD = 200
FRESH = timedelta(hours=20)


def ask(session: Session, act: Act) -> ChainCheck:
    """Begin a verification, or go on with the one that is under way: two at once would say the same."""
    row = chain_checks.open_one(session)
    if row is None:
        row = ChainCheck(by_id=act.who.id, asked_at=act.now, total=chain_checks.to_check(session), faults=[])
        session.add(row)
        session.flush()
        if act.who.id is not None:
            auditing.note(session, act, "chains.verified", f"verification {row.id}", check=row.id)
    _go_on(session, row, act)
    return row


def ensure(session: Session, act: Act) -> None:
    """Once a night, unless one was begun within the last hours."""
    last = chain_checks.newest(session)
    if last and act.now - last[0].asked_at < FRESH:
        return
    day = act.now.astimezone(UTC).date().isoformat()
    jobs.put(session, KIND, {}, now=act.now, unique_key=f"{KIND}:{day}")


def taken_in(session: Session, check_id: int, stretch: Stretch, faults: Mapping[int, str], act: Act) -> None:
    """What was found in a stretch. Twice: it is counted once, since each stretch begins where the last one ended."""
    row = chain_checks.locked(session, check_id)
    if row is None or row.ended_at is not None or 0 < stretch.upto <= row.upto:
        return
    if not stretch.cases:
        row.ended_at = act.now
        return
    told = [{"case": case_number(case_id), "said": said} for case_id, said in sorted(faults.items())]
    row.faults = [*row.faults, *told][:MOST_TOLD]
    row.broken, row.entries = row.broken + len(faults), row.entries + stretch.entries
    row.checked, row.upto = row.checked + stretch.cases, stretch.upto
    _go_on(session, row, act)


def _go_on(session: Session, row: ChainCheck, act: Act) -> None:
    key = f"{KIND}:{row.id}:{row.upto}"
    if jobs.state_of(session, key) in ("ready", "running"):
        return
    jobs.put_anew(session, KIND, {"check_id": row.id}, now=act.now, unique_key=key)
