"""The undo window: a move or merge is taken back, and everything it queued is cancelled."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.actions import clock, merge, record
from request_tracker.actions.advance import LOST, Stale, place
from request_tracker.actions.clock import Cause
from request_tracker.actions.revoke import revoke
from request_tracker.actions.withdraw import SETTLED
from request_tracker.rules import merging
from request_tracker.rules.people import Act
from request_tracker.rules.phases import BY_NAME, Blocker
from request_tracker.rules.process import NotAllowed, Refused
from request_tracker.rules.sla import EventKind
from request_tracker.rules.terms import Outcome, Phase, Role
from request_tracker.store import cases, merges
from request_tracker.store.cases import Case
from request_tracker.store.evidence import Evidence
from request_tracker.store.holds import Hold
from request_tracker.store.merges import Merge
from request_tracker.store.requests import Request
from request_tracker.store.timeline import Entry, Undone


def last_undoable(session: Session, case: Case, act: Act) -> Entry | None:
    """The newest move or merge somebody made of the case, while its undo window is open."""
    found = session.scalar(
        select(Entry)
        .outerjoin(Undone, Undone.entry_id == Entry.id)
        .where(Entry.case_id == case.id, Undone.entry_id.is_(None), Entry.kind.like("move.%") | (Entry.kind == "merge"))
        .order_by(Entry.seq.desc())
        .limit(1)
    )
    if found is None or found.data.get(SETTLED) or act.now >= found.at + act.program.undo_for:
        return None
    return found


def undo(session: Session, case: Case, *, version: int, act: Act) -> Entry | None:
    """Put the case back to before its last move or merge. Raises NotAllowed, Stale, Refused."""
    if act.who.role not in (Role.SPECIALIST, Role.ENGINEER, Role.LEAD):
        raise NotAllowed("Only a specialist, an engineer or a lead may undo")
    (case,) = cases.locked(session, case.id)
    if case.version != version:
        raise Stale(case)
    entry = last_undoable(session, case, act)
    if entry is None:
        window = int(act.program.undo_for.total_seconds())
        reason = f"There is nothing left to undo: the undo window is {window} seconds"
        raise Refused("undo", (Blocker("undo", reason, "history"),))
    _may_undo(entry, act)
    if entry.kind == "merge":
        merge.unmerge(session, session.scalars(select(Merge).where(Merge.event_id == entry.id)).one(), act)
        return entry
    return _take_back(session, case, entry, act)


def _may_undo(entry: Entry, act: Act) -> None:
    """Who may make the move may take it back, and a lead always."""
    move = BY_NAME.get(entry.kind.removeprefix("move."))
    allowed = {*(move.by if move else merge.MAY_MERGE), Role.LEAD}
    if act.who.role not in allowed:
        raise NotAllowed(f"Only {' or '.join(sorted(allowed))} may undo this")


def _take_back(session: Session, case: Case, entry: Entry, act: Act) -> Entry:
    before = entry.data["before"]
    outcome = Outcome(before["outcome"]) if before["outcome"] else None
    ended_at = datetime.fromisoformat(before["ended_at"]) if before["ended_at"] else None
    place(case, Phase(before["phase"]), outcome, act.now, ended_at=ended_at)
    case.assignee_id = before["assignee_id"]
    case.phase_at = datetime.fromisoformat(before["phase_at"])
    _give_back_request(session, case, entry)
    done = record.entry(session, case, act, "undo", data={"undone": entry.id, "kind": entry.kind}, audience="staff")
    _reopen_holds(session, case, entry)
    _restore_access(session, case, entry)
    revoke(session, entry, done, act)
    _reopen_children(session, case, done, act)
    if entry.kind == "move.reinstate":
        record.later(session, "remove_starter", {"case_id": case.id}, act, done, wait=timedelta(0))
    return done


def _restore_access(session: Session, case: Case, entry: Entry) -> None:
    """Undoing lose_access: the evidence it voided stands again."""
    if entry.kind != "move.lose_access":
        return
    lost = select(Evidence).where(
        Evidence.case_id == case.id, Evidence.key == "access_granted", Evidence.void_reason == LOST
    )
    for row in session.scalars(lost.where(Evidence.voided_at == entry.at)):
        row.voided_at, row.voided_by_id, row.void_reason = None, None, None


def _reopen_children(session: Session, case: Case, done: Entry, act: Act) -> None:
    """A root without a verdict answers nobody any more: reviews stopped by merging into it run on."""
    if merging.answered_by_phase(Phase(case.phase), Outcome(case.outcome) if case.outcome else None):
        return
    for link in merges.standing_below(session, case.id):
        if link.event_id is not None:
            clock.void_caused_by(session, link.event_id, Cause(act, done.id), only=EventKind.STOP)


def _give_back_request(session: Session, case: Case, entry: Entry) -> None:
    """Undoing a withdrawal (or the taking back of one) puts the primary's request where it was."""
    primary = session.get(Request, case.primary_request_id)
    if primary is not None and entry.kind in ("move.withdraw", "move.reinstate"):
        primary.withdrawn_at = case.ended_at


def _reopen_holds(session: Session, case: Case, entry: Entry) -> None:
    ended = select(Hold).where(Hold.case_id == case.id, Hold.end_kind == "move", Hold.ended_at == entry.at)
    for row in session.scalars(ended):
        row.ended_at, row.ended_by_id, row.end_kind = None, None, None
        case.held = row.reason
