"""The link itself: one case put below another and taken out again. Whether it may be asks actions/merge.py."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from request_tracker.actions import clock, heir, record
from request_tracker.actions.advance import place, snapshot, touch
from request_tracker.actions.clock import Cause
from request_tracker.rules import merging
from request_tracker.rules.merging import Side
from request_tracker.rules.people import Act
from request_tracker.rules.terms import Outcome, Phase
from request_tracker.store import connections, holds, merges
from request_tracker.store.cases import Case
from request_tracker.store.facts import supporters, supporting_accounts
from request_tracker.store.merges import Merge
from request_tracker.store.timeline import Entry


@dataclass(frozen=True)
class How:
    """By whom the link is made, under which name it stands in the timeline, and what else is kept there.

    `heard`: whose people read (or will) that they were combined, as case id → the entry that told them. A swap hands
    this on, so that nobody reads it twice.
    """

    by_id: int
    kind: str = "merge"
    automatic: bool = False
    data: Mapping[str, Any] = field(default_factory=dict)
    heard: Mapping[str, int] = field(default_factory=dict)


def attach(session: Session, child: Case, root: Case, act: Act, how: How) -> Merge:
    """Put the child, with everything below it, below the root. Writes the child's entry, which causes all the rest."""
    before = snapshot(child)
    heir.drop(session, child, act)
    place(child, Phase(child.phase), Outcome.MERGED, act.now)
    child.merged_into_id = root.id
    data = {"before": before, "into": root.id, **how.data}
    entry = record.entry(session, child, act, how.kind, data=data, account_id=child.account_id)
    kept = {**before, "heard": {str(child.id): entry.id, **how.heard}}
    link = Merge(
        child_id=child.id,
        into_id=root.id,
        account_id=child.account_id,
        snapshot=kept,
        merged_by_id=how.by_id,
        merged_at=act.now,
        event_id=entry.id,
        automatic=how.automatic,
    )
    session.add(link)
    move_tree(session, child, root.id)
    touch(root, act.now)
    for hold in holds.open_holds(session, child.id):
        clock.resume(session, child, hold.reason, Cause(act, entry.id))
    if merging.answered_by(side(session, root)):
        for each in merges.child_and_below(session, child.id):
            clock.stop_own(session, session.get_one(Case, each), Cause(act, entry.id))
    clock.refresh(session, root)
    return link


def detach(session: Session, link: Merge, child: Case, root: Case, act: Act) -> None:
    """Let the child stand as it stood before the link, with everything below it. Writes no entry."""
    kept = link.snapshot
    link.unmerged_at, link.unmerged_by_id = act.now, act.who.id
    child.merged_into_id = None
    outcome = Outcome(kept["outcome"]) if kept["outcome"] else None
    place(child, Phase(kept["phase"]), outcome, act.now, ended_at=time_of(kept["ended_at"]))
    child.assignee_id = kept["assignee_id"]
    child.held = next((hold.reason for hold in holds.open_holds(session, child.id)), None)
    child.phase_at = datetime.fromisoformat(kept["phase_at"])
    move_tree(session, child, child.id)
    touch(root, act.now)


def as_it_was(case: Case) -> dict[str, Any]:
    """What `reattach` has to put back, as plain values."""
    at_risk_at = case.at_risk_at.isoformat() if case.at_risk_at else None
    return {**snapshot(case), "queue_at": case.queue_at.isoformat(), "at_risk_at": at_risk_at}


def reattach(session: Session, link: Merge, child: Case, root: Case, before: Mapping[str, Any], act: Act) -> None:
    """Let a link that was taken back stand again; the child is put where it was before that. Writes no entry."""
    link.unmerged_at, link.unmerged_by_id = None, None
    place(child, Phase(before["phase"]), Outcome(before["outcome"]), act.now, ended_at=time_of(before["ended_at"]))
    child.merged_into_id = root.id
    child.assignee_id = before["assignee_id"]
    child.phase_at = datetime.fromisoformat(before["phase_at"])
    child.queue_at, child.at_risk_at = datetime.fromisoformat(before["queue_at"]), time_of(before["at_risk_at"])
    move_tree(session, child, root.id)


def heard(link: Merge) -> dict[str, int]:
    """Whose people read that they were combined (`How.heard`); links of old kept only the child's."""
    found: dict[str, int] = link.snapshot.get("heard") or {str(link.child_id): link.event_id or 0}
    return found


def free_clocks(session: Session, link: Merge, cause: Cause) -> None:
    """The child's promises are its own again; the span is a pause where it was so long that people were told of it."""
    told = cause.act.now >= link.merged_at + cause.act.program.undo_for
    below = merges.child_and_below(session, link.child_id)
    for each in (session.get_one(Case, case_id) for case_id in below):
        clock.reopen_since(session, each, link.merged_at, cause)
        if told:
            clock.span_as_pause(session, each, link.merged_at, Cause(cause.act, cause.entry_id, "merged"))


def provision_again(session: Session, child: Case, act: Act, entry: Entry) -> None:
    """A merged case gets no starter connector; standing alone again it may need one."""
    wanted = child.outcome is None and Phase(child.phase).order >= Phase.CONSULTATION.order
    if wanted and connections.live(session, child.id) is None:
        record.later(session, "provision", {"case_id": child.id}, act, entry)


def move_tree(session: Session, child: Case, root_id: int) -> None:
    """Point the child and everything below it at a root, by walking the standing links down."""
    session.flush()
    below = merges.child_and_below(session, child.id)
    session.execute(
        update(Case).where(Case.id.in_(below)).values(root_id=root_id).execution_options(synchronize_session="fetch")
    )
    child.root_id = root_id
    session.flush()


def side(session: Session, case: Case) -> Side:
    """The case as the rules of merging look at it."""
    return _side(case, connections.live(session, case.id) is not None, supporters(session, case.id)[1])


def sides(session: Session, found: Collection[Case]) -> dict[int, Side]:
    """The same of many cases, by id; as many statements as for one."""
    ids = [case.id for case in found]
    started, accounts = connections.with_live(session, ids), supporting_accounts(session, ids)
    return {case.id: _side(case, case.id in started, accounts.get(case.id, 0)) for case in found}


def _side(case: Case, has_starter: bool, accounts: int) -> Side:
    return Side(
        id=case.id,
        root_id=case.root_id or case.id,
        phase=Phase(case.phase),
        outcome=Outcome(case.outcome) if case.outcome else None,
        has_starter=has_starter,
        accounts=accounts,
        opened_at=case.opened_at,
    )


def time_of(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
