"""Two cases become one journey by a reversible link: merging moves nothing, unmerging is the exact inverse."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from request_tracker.actions import clock, record, withdraw
from request_tracker.actions.advance import Stale, place, snapshot, touch
from request_tracker.actions.clock import Cause
from request_tracker.actions.revoke import revoke
from request_tracker.rules import merging
from request_tracker.rules.merging import Side
from request_tracker.rules.people import Act
from request_tracker.rules.phases import Blocker
from request_tracker.rules.process import NotAllowed, Refused
from request_tracker.rules.terms import Outcome, Phase, Role
from request_tracker.store import cases, clocks, connections, holds, merges, requests, timeline
from request_tracker.store.cases import Case
from request_tracker.store.facts import supporters
from request_tracker.store.merges import Merge
from request_tracker.store.timeline import Entry

MAY_MERGE = (Role.SPECIALIST, Role.LEAD)


@dataclass(frozen=True)
class Preview:
    """What merging would mean. `blockers` empty: it may be done; `swap`: the other direction is the better one."""

    child: Case
    root: Case
    blockers: tuple[Blocker, ...]
    swap: bool
    before: tuple[tuple[int, int], tuple[int, int]]
    after: tuple[int, int]
    told: int
    closes: bool


def preview(session: Session, child: Case, into: Case, act: Act) -> Preview:
    """What a merge of the child into the root would change, and what stands in its way."""
    root = cases.root_of(session, into)
    blockers = merging.blockers(_side(session, child), _side(session, root), act.who.role)
    return Preview(
        child=child,
        root=root,
        blockers=blockers,
        swap=merging.better_swapped(_side(session, child), _side(session, root)),
        before=(supporters(session, child.id), supporters(session, root.id)),
        after=_together(session, child, root),
        told=supporters(session, child.id)[0],
        closes=merging.answered_by(_side(session, root)),
    )


def merge(session: Session, child: Case, into: Case, act: Act, *, version: int, into_version: int) -> Merge:
    """Link the child below the root of `into`. Raises NotAllowed, Stale, Refused."""
    if act.who.role not in MAY_MERGE:
        raise NotAllowed("Only a specialist or a lead may merge")
    root_id = cases.root_of(session, into).id
    child, root = cases.locked(session, child.id, root_id)
    if child.version != version:
        raise Stale(child)
    if root.version != into_version:
        raise Stale(root)
    if stands_against := merging.blockers(_side(session, child), _side(session, root), act.who.role):
        raise Refused("merge", stands_against)
    return _link(session, child, root, act)


def unmerge(session: Session, link: Merge, act: Act) -> Merge:
    """Take the link back: the child stands as it stood, with everything below it. Raises NotAllowed, Refused."""
    if act.who.role not in MAY_MERGE:
        raise NotAllowed("Only a specialist or a lead may unmerge")
    child, root = cases.locked(session, link.child_id, cases.root_of(session, session.get_one(Case, link.into_id)).id)
    session.refresh(link)
    if link.unmerged_at is not None:
        raise Refused("unmerge", (Blocker("merged", "This merge was taken back already", "history"),))
    return _unlink(session, link, child, root, act)


def _link(session: Session, child: Case, root: Case, act: Act) -> Merge:
    before = snapshot(child)
    kept = {**before, "held": child.held, "clocks": _clock_rows(session, child), "root_id": child.root_id}
    place(child, Phase(child.phase), Outcome.MERGED, act.now)
    child.merged_into_id = root.id
    entry = record.entry(
        session, child, act, "merge", data={"before": before, "into": root.id}, account_id=child.account_id
    )
    link = Merge(
        child_id=child.id,
        into_id=root.id,
        account_id=child.account_id,
        snapshot=kept,
        merged_by_id=act.who.id,
        merged_at=act.now,
        event_id=entry.id,
    )
    session.add(link)
    _move_tree(session, child, root.id)
    record.entry(session, root, act, "merge.in", data={"child": child.id}, audience="staff")
    touch(root, act.now)
    for hold in holds.open_holds(session, child.id):
        clock.resume(session, child, hold.reason, Cause(act, entry.id))
    if merging.answered_by(_side(session, root)):
        clock.stop_own(session, child, Cause(act, entry.id))
    clock.refresh(session, root)
    record.notify(session, "merged", child, act, entry)
    return link


def _unlink(session: Session, link: Merge, child: Case, root: Case, act: Act) -> Merge:
    kept = link.snapshot
    child.merged_into_id = None
    place(
        child,
        Phase(kept["phase"]),
        Outcome(kept["outcome"]) if kept["outcome"] else None,
        act.now,
        ended_at=_time(kept["ended_at"]),
    )
    child.assignee_id = kept["assignee_id"]
    child.held = next((hold.reason for hold in holds.open_holds(session, child.id)), None)
    child.phase_at = datetime.fromisoformat(kept["phase_at"])
    _move_tree(session, child, child.id)
    link.unmerged_at, link.unmerged_by_id = act.now, act.who.id
    entry = record.entry(session, child, act, "unmerge", data={"from": root.id}, account_id=child.account_id)
    record.entry(session, root, act, "unmerge.out", data={"child": child.id}, audience="staff")
    touch(root, act.now)
    _take_back(session, link, entry, act)
    for each in (root, child):
        withdraw.settle(session, each, act)
        clock.refresh(session, each)
    _provision_again(session, child, act, entry)
    return link


def _provision_again(session: Session, child: Case, act: Act, entry: Entry) -> None:
    """A merged case gets no starter connector; standing alone again it may need one."""
    wanted = child.outcome is None and Phase(child.phase).order >= Phase.CONSULTATION.order
    if wanted and connections.live(session, child.id) is None:
        record.later(session, "provision", {"case_id": child.id}, act, entry)


def _take_back(session: Session, link: Merge, entry: Entry, act: Act) -> None:
    """Void what the merge stopped. Past the undo window people were told, so they hear of the unmerging too."""
    cause = session.get_one(Entry, link.event_id)
    if timeline.stands(session, cause.id):
        revoke(session, cause, entry, act)
    told = act.now >= link.merged_at + act.program.undo_for
    for each in cases.tree(session, link.child_id):
        clock.reopen_since(session, each, link.merged_at, Cause(act, entry.id))
        if told:
            clock.span_as_pause(session, each, link.merged_at, Cause(act, entry.id, "merged"))
    if told:
        record.notify(session, "unmerged", session.get_one(Case, link.child_id), act, entry)


def _move_tree(session: Session, child: Case, root_id: int) -> None:
    """Point the child and everything below it at a root, by walking the standing links down."""
    below, todo = [child.id], [child.id]
    while todo:
        found = [link.child_id for link in merges.standing_below(session, todo.pop())]
        below += found
        todo += found
    session.flush()
    session.execute(
        update(Case).where(Case.id.in_(below)).values(root_id=root_id).execution_options(synchronize_session="fetch")
    )
    child.root_id = root_id
    session.flush()


def _side(session: Session, case: Case) -> Side:
    return Side(
        id=case.id,
        root_id=case.root_id or case.id,
        phase=Phase(case.phase),
        outcome=Outcome(case.outcome) if case.outcome else None,
        has_starter=connections.live(session, case.id) is not None,
        accounts=supporters(session, case.id)[1],
        opened_at=case.opened_at,
    )


def _together(session: Session, child: Case, root: Case) -> tuple[int, int]:
    both = requests.of_tree(session, child.id, live_only=True) + requests.of_tree(session, root.id, live_only=True)
    return len({each.person_id for each in both}), len({each.account_id for each in both})


def _clock_rows(session: Session, child: Case) -> list[dict[str, Any]]:
    return [
        {"id": each.id, "name": each.name, "cycle": each.cycle, "state": each.state}
        for each in clocks.of_case(session, child.id)
    ]


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
