"""Two cases become one journey by a reversible link: merging moves nothing, unmerging is the exact inverse."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from request_tracker.actions import clock as clocks
from request_tracker.actions import heir, knowledge, linking, record, scoring, withdraw
from request_tracker.actions.clock import Cause
from request_tracker.actions.linking import How
from request_tracker.actions.merge_preview import Preview as Preview
from request_tracker.actions.merge_preview import preview as preview
from request_tracker.actions.merge_preview import swap_blockers
from request_tracker.actions.revoke import revoke
from request_tracker.actions.versions import Stale, fresh
from request_tracker.rules import merging
from request_tracker.rules.people import Act
from request_tracker.rules.phases import Blocker
from request_tracker.rules.process import NotAllowed, Refused
from request_tracker.rules.terms import Role
from request_tracker.store import cases, jobs, merges, timeline
from request_tracker.store.cases import Case
from request_tracker.store.merges import Merge
from request_tracker.store.timeline import Entry

MAY_MERGE = (Role.SPECIALIST, Role.LEAD)
LOT = "lot"
"""In the data of merges made together: the children's ids."""


@dataclass(frozen=True)
class RowFault:
    """Why one case of several cannot be merged; `stale`: it changed since the person looked at it."""

    number: str
    blockers: tuple[Blocker, ...] = ()
    stale: bool = False


class NotAll(Exception):
    """Several cases are merged together or not at all; `rows` has every one that stands in the way."""

    def __init__(self, rows: Sequence[RowFault]) -> None:
        super().__init__("; ".join(f"{row.number} cannot be merged" for row in rows))
        self.rows = tuple(rows)


def merge(session: Session, child: Case, into: Case, act: Act, *, version: int, into_version: int) -> Merge:
    """Link the child below the root of `into`. Raises NotAllowed, Stale, Refused."""
    _may(act, "merge")
    (child, _), (_, root) = cases.locked_trees(session, child.id, into.id)
    fresh(child, version)
    fresh(root, into_version)
    _refuse(session, child, root, act.who.role)
    return _link(session, child, root, act, How(act.who.id or 0))


def merge_automatically(session: Session, child: Case, root: Case, act: Act, *, by_id: int) -> Merge:
    """What the policy that person `by_id` switched on does by itself. What a specialist may not merge, it does not.

    Its letters wait for the undo window as anybody's do. Raises Refused.
    """
    (child, _), (_, root) = cases.locked_trees(session, child.id, root.id)
    _refuse(session, child, root, Role.SPECIALIST)
    return _link(session, child, root, act, How(by_id, automatic=True, data={"automatic": True}))


def merge_all(
    session: Session, children: Sequence[tuple[Case, int]], into: Case, act: Act, *, into_version: int
) -> list[Merge]:
    """Merge each child (with the version it was looked at) into the root of `into`: all of them, or none.

    Raises NotAllowed, Stale (the root), NotAll with every row that stands in the way.
    """
    _may(act, "merge")
    (_, *found), (root, *_) = cases.locked_trees(session, into.id, *(child.id for child, _ in children))
    fresh(root, into_version)
    rows = list(zip(found, (version for _, version in children), strict=True))
    faults = [fault for each in rows if (fault := _fault(session, *each, root, act, rows)) is not None]
    if faults:
        raise NotAll(faults)
    how = How(act.who.id or 0, data={LOT: sorted(child.id for child in found)})
    return [_link(session, child, root, act, how) for child in found]


def unmerge(session: Session, link: Merge, act: Act) -> Merge:
    """Take the link back: the child stands as it stood, with everything below it. Raises NotAllowed, Refused."""
    _may(act, "unmerge")
    (child, _), (_, root) = cases.locked_trees(session, link.child_id, link.into_id)
    _stands(session, link)
    return _unlink(session, link, child, root, act)


def lot_of(session: Session, link: Merge, act: Act) -> list[Merge]:
    """The merges made together with this one, while all of them can still be undone together; else none."""
    if act.now >= link.merged_at + act.program.undo_for:
        return []
    entry = session.get(Entry, link.event_id)
    if entry is None or LOT not in entry.data:
        return []
    found = [each for each in merges.made_together(session, link) if each.child_id in entry.data[LOT]]
    whole = len(found) == len(entry.data[LOT]) and len(found) > 1
    return found if whole and all(each.unmerged_at is None for each in found) else []


def unmerge_all(session: Session, link: Merge, act: Act) -> list[Merge]:
    """Undo all merges that were made together with this one, or none. Raises NotAllowed, Refused."""
    _may(act, "unmerge")
    children = [each.child_id for each in merges.made_together(session, link)]
    _, (root, *_) = cases.locked_trees(session, link.into_id, *children)
    session.refresh(link)
    found = lot_of(session, link, act)
    if not found:
        reason = "The time to undo them together is over, or one was taken back already: unmerge them one by one"
        raise Refused("undo", (Blocker("undo", reason, "duplicates"),))
    return [_unlink(session, each, session.get_one(Case, each.child_id), root, act) for each in found]


def swap(session: Session, link: Merge, act: Act, *, version: int, into_version: int) -> Merge:
    """The child (at `version`) leads the tree from now on and its root (at `into_version`) goes below it.

    What else was merged into the old root stays below it. Answers the new link. Raises NotAllowed, Stale, Refused.
    """
    _may(act, "swap")
    (child, root), _ = cases.locked_trees(session, link.child_id, link.into_id)
    _stands(session, link)
    fresh(child, version)
    fresh(root, into_version)
    if stands_against := swap_blockers(session, link, child, root, act.who.role):
        raise Refused("swap", stands_against)
    return _turn(session, link, child, root, act)


def undo_swap(session: Session, entry: Entry, act: Act) -> None:
    """The old link stands again as it stood. `entry` is the one of either case. Raises Refused."""
    lead_entry, below_entry = merges.swap_entries(session, entry)
    link, old = merges.of_event(session, below_entry.id), session.get_one(Merge, lead_entry.data["link"])
    (lead, below), _ = cases.locked_trees(session, link.into_id, link.child_id)
    _stands(session, link)
    heir.drop(session, lead, act)
    linking.detach(session, link, below, lead, act)
    linking.reattach(session, old, lead, below, lead_entry.data["before"], act)
    for case, each in ((below, below_entry), (lead, lead_entry)):
        data = {"undone": each.id, "kind": "swap"}
        done = record.entry(session, case, act, "undo", data=data, audience="staff")
        revoke(session, each, done, act)
        clocks.restore_voided(session, each.id, Cause(act, done.id))
        scoring.later(session, case, act, done)
    withdraw.settle(session, below, act)
    clocks.refresh(session, below)


def _may(act: Act, what: str) -> None:
    if act.who.role not in MAY_MERGE:
        raise NotAllowed(f"Only a specialist or a lead may {what}")


def _refuse(session: Session, child: Case, root: Case, role: Role) -> None:
    if stands_against := merging.blockers(linking.side(session, child), linking.side(session, root), role):
        raise Refused("merge", stands_against)


def _stands(session: Session, link: Merge) -> None:
    session.refresh(link)
    if link.unmerged_at is not None:
        raise Refused("unmerge", (Blocker("merged", "This merge was taken back already", "history"),))


def _fault(
    session: Session, child: Case, version: int, root: Case, act: Act, rows: Sequence[tuple[Case, int]]
) -> RowFault | None:
    if [each.id for each, _ in rows].count(child.id) > 1:
        return RowFault(child.number, (Blocker("twice", "This case was named twice", "merges"),))
    if child.version != version:
        return RowFault(child.number, stale=True)
    found = merging.blockers(linking.side(session, child), linking.side(session, root), act.who.role)
    return RowFault(child.number, found) if found else None


def _link(session: Session, child: Case, root: Case, act: Act, how: How) -> Merge:
    link = linking.attach(session, child, root, act, how)
    cause = session.get_one(Entry, link.event_id)
    more = {name: how.data[name] for name in ("automatic",) if name in how.data}
    entry = record.entry(session, root, act, "merge.in", data={"child": child.id, **more}, audience="staff")
    _tell(session, "merged", child, act, cause)
    heir.fill(session, root, act)
    scoring.later(session, root, act, entry)
    return link


def _unlink(session: Session, link: Merge, child: Case, root: Case, act: Act) -> Merge:
    linking.detach(session, link, child, root, act)
    entry = record.entry(session, child, act, "unmerge", data={"from": root.id}, account_id=child.account_id)
    forgotten = knowledge.forget(session, merges.turned_from(session, link), act)
    told = {"forgotten": [[each.alias, each.canonical] for each in forgotten]} if forgotten else {}
    out = record.entry(session, root, act, "unmerge.out", data={"child": child.id, **told}, audience="staff")
    cause = session.get_one(Entry, link.event_id)
    if timeline.stands(session, cause.id):
        revoke(session, cause, entry, act)
    linking.free_clocks(session, link, Cause(act, entry.id))
    _tell_apart(session, link, {child.id: entry, root.id: out}, act)
    for each in (root, child):
        withdraw.settle(session, each, act)
        clocks.refresh(session, each)
        scoring.later(session, each, act, entry)
    linking.provision_again(session, child, act, entry)
    return link


def _turn(session: Session, link: Merge, lead: Case, below: Case, act: Act) -> Merge:
    """Unmerging one way and merging the other, told as one step."""
    data = {"before": linking.as_it_was(lead), "over": below.id, "link": link.id}
    linking.detach(session, link, lead, below, act)
    entry = record.entry(session, lead, act, "swap", data=data, account_id=lead.account_id)
    clocks.void_caused_by(session, link.event_id or 0, Cause(act, entry.id))
    linking.free_clocks(session, link, Cause(act, entry.id))
    how = How(act.who.id or 0, kind="swap", data={"pair": entry.id}, heard=linking.heard(link))
    new = linking.attach(session, below, lead, act, how)
    if linking.heard(new)[str(below.id)] == new.event_id:
        _tell(session, "merged", below, act, session.get_one(Entry, new.event_id))
    withdraw.settle(session, lead, act)
    clocks.refresh(session, lead)
    linking.provision_again(session, lead, act, entry)
    scoring.later(session, lead, act, entry)
    return new


def _tell_apart(session: Session, link: Merge, entries: dict[int, Entry], act: Act) -> None:
    """Whoever read that they were combined reads that this was taken back; whoever would have, reads neither."""
    for case_id, entry_id in linking.heard(link).items():
        told = session.get_one(Entry, entry_id)
        case = session.get_one(Case, int(case_id))
        if act.now < told.at + act.program.undo_for:
            jobs.cancel_for(session, told.id, act.now)
        elif case.id in entries:
            _tell(session, "unmerged", case, act, entries[case.id])


def _tell(session: Session, notice: str, case: Case, act: Act, cause: Entry) -> None:
    """The letters wait for the undo window, whoever acts: the policy's merges can be undone too."""
    record.later(session, "notify", {"notice": notice, "case_id": case.id}, act, cause, key=notice)


__all__ = (
    "MAY_MERGE", "NotAll", "Preview", "RowFault", "Stale", "lot_of", "merge", "merge_all", "merge_automatically",
    "preview", "swap", "undo_swap", "unmerge", "unmerge_all",
)  # fmt: skip
