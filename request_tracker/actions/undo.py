"""The undo window: a move or merge is taken back, and everything it queued is cancelled."""

from datetime import datetime, timedelta

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from request_tracker.actions import clock, heir, merge, record, scoring
from request_tracker.actions.advance import LOST, place
from request_tracker.actions.clock import Cause
from request_tracker.actions.revoke import revoke
from request_tracker.actions.versions import fresh
from request_tracker.actions.withdraw import SETTLED
from request_tracker.rules import merging
from request_tracker.rules.people import Act
from request_tracker.rules.phases import BY_NAME, Blocker
from request_tracker.rules.process import NotAllowed, Refused
from request_tracker.rules.sla import EventKind
from request_tracker.rules.terms import Outcome, Phase, Role
from request_tracker.store import cases, merges, requests
from request_tracker.store.cases import Case
from request_tracker.store.evidence import Evidence
from request_tracker.store.holds import Hold
from request_tracker.store.requests import Request
from request_tracker.store.timeline import Entry, Undone

LINKING = ("merge", "swap")
"""Kinds of entries that tie cases together: no moves, and undone by untying."""
_NEWEST_STEP = (
    select(Entry)
    .outerjoin(Undone, Undone.entry_id == Entry.id)
    .where(Entry.case_id == bindparam("case_id"), Undone.entry_id.is_(None))
    .where(Entry.kind.like("move.%") | Entry.kind.in_(LINKING))
    .order_by(Entry.seq.desc())
    .limit(1)
)


def last_undoable(session: Session, case: Case, act: Act) -> Entry | None:
    """The newest move or merge somebody made of the case, while its undo window is open."""
    found = session.scalar(_NEWEST_STEP, {"case_id": case.id})
    if found is None or found.data.get(SETTLED) or act.now >= found.at + act.program.undo_for:
        return None
    return found if found.kind not in LINKING or _is_linked(session, found) else None


def _is_linked(session: Session, entry: Entry) -> bool:
    """Whether the link that was made then still stands; one that was taken back has nothing left to undo."""
    made = entry if entry.kind == "merge" else merges.swap_entries(session, entry)[1]
    return merges.of_event(session, made.id).unmerged_at is None


def undo(session: Session, case: Case, *, version: int, act: Act) -> Entry | None:
    """Put the case back to before its last move or merge. Raises NotAllowed, Stale, Refused."""
    if act.who.role not in (Role.SPECIALIST, Role.ENGINEER, Role.LEAD):
        raise NotAllowed("Only a specialist, an engineer or a lead may undo")
    (case, *_), _ = cases.locked_trees(session, case.id, *_tied(session, case, act))
    fresh(case, version)
    entry = last_undoable(session, case, act)
    if entry is None:
        window = int(act.program.undo_for.total_seconds())
        reason = f"There is nothing left to undo: the undo window is {window} seconds"
        raise Refused("undo", (Blocker("undo", reason, "history"),))
    _may_undo(entry, act)
    if entry.kind == "merge":
        merge.unmerge(session, merges.of_event(session, entry.id), act)
        return entry
    if entry.kind == "swap":
        _nothing_since(session, entry, act)
        merge.undo_swap(session, entry, act)
        return entry
    return _take_back(session, case, entry, act)


def _tied(session: Session, case: Case, act: Act) -> list[int]:
    """The cases on both sides of what would be undone: all are locked together, in id order."""
    entry = last_undoable(session, case, act)
    if entry is None or entry.kind not in LINKING:
        return []
    made = entry if entry.kind == "merge" else merges.swap_entries(session, entry)[1]
    link = merges.of_event(session, made.id)
    return [link.child_id, link.into_id]


def _nothing_since(session: Session, entry: Entry, act: Act) -> None:
    """A swap is undone only while it is the last thing that was done to both cases."""
    for each in merges.swap_entries(session, entry):
        case = session.get_one(Case, each.case_id)
        last = last_undoable(session, case, act)
        if last is None or last.id != each.id:
            reason = f"Something was done to {case.number} since: undo that first"
            raise Refused("undo", (Blocker("undo", reason, "history"),))


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
    if case.outcome is not None:
        heir.drop(session, case, act)
    heir.fill(session, case, act)
    if entry.data["after"]["outcome"] != before["outcome"]:
        scoring.later(session, case, act, done)
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
    primary = requests.primary_of(session, case)
    if primary is not None and entry.kind in ("move.withdraw", "move.reinstate"):
        primary.withdrawn_at = case.ended_at
    for request_id in entry.data.get("returned", ()):
        session.get_one(Request, request_id).withdrawn_at = case.ended_at
    session.flush()


def _reopen_holds(session: Session, case: Case, entry: Entry) -> None:
    ended = select(Hold).where(Hold.case_id == case.id, Hold.end_kind == "move", Hold.ended_at == entry.at)
    for row in session.scalars(ended):
        row.ended_at, row.ended_by_id, row.end_kind = None, None, None
        case.held = row.reason
