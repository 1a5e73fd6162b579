"""When a case is compared with the others anew, and which of the pairs found are kept for a specialist to look at."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from request_tracker.actions import record
from request_tracker.rules.matching import Knowledge, Match
from request_tracker.rules.people import Act
from request_tracker.rules.terms import Outcome
from request_tracker.store import candidates, cases, dismissals, pairs
from request_tracker.store.cases import Case
from request_tracker.store.timeline import Entry

MOST = 8
"""So many pairs of one case are kept: who finds none of them to be the same will not look at a ninth."""
COMPARED = (None, Outcome.RELEASED, Outcome.NOT_A_CANDIDATE)
KEPT = ("merge", "suggest")


@dataclass(frozen=True)
class Found:
    """What a root was found to be like: the ids of other roots, best first."""

    root_id: int
    matches: tuple[tuple[int, Match], ...] = ()


def later(session: Session, case: Case, act: Act, cause: Entry) -> None:
    """Queue the comparison of this case with all others; it tells nobody, so it waits for no undo window."""
    record.later(session, "score", {"case_id": case.id}, act, cause, wait=timedelta(0), key=str(case.id))


def score(session: Session, case: Case, knowledge: Knowledge, act: Act) -> int:
    """Compare the root of the case with all others, at once. Answers how many pairs wait for a decision."""
    return keep(session, search(session, case, knowledge), act)


def search(session: Session, case: Case, knowledge: Knowledge) -> Found:
    """What is most like the root of the case; nothing where it ended in a way that answers nobody else."""
    root = cases.root_of(session, case)
    if root.outcome not in COMPARED:
        return Found(root.id)
    return Found(root.id, tuple(candidates.best_pairs(session, root, knowledge, limit=MOST)))


def keep(session: Session, found: Found, act: Act) -> int:
    """Put the pairs of the root's tree in order: those found that may be merged, and no others. Answers how many.

    Every case concerned is locked first, in order of the ids, so that two who do the same at once write one after the
    other. Idempotent. Where the root was merged meanwhile nothing is done: a job compares its new root.
    """
    members = _members(session, found.root_id)
    beside = {other for other, _ in found.matches} | pairs.ids_of(pairs.touching(session, members))
    root, *others = cases.locked(session, found.root_id, *sorted(beside - {found.root_id}))
    if root.root_id != root.id:
        return 0
    members = _members(session, root.id)
    kept = dict(_kept(session, root, members, others, found))
    pairs.replace(session, root.id, members, kept, act.now)
    return len(kept)


def _members(session: Session, root_id: int) -> list[int]:
    return [each.id for each in cases.tree(session, root_id)]


def _kept(
    session: Session, root: Case, members: list[int], others: list[Case], found: Found
) -> Iterable[tuple[int, Match]]:
    by_id = {each.id: each for each in others}
    dismissed = dismissals.roots_dismissed_with(session, members)
    for other_id, match in found.matches:
        other = by_id.get(other_id)
        stands = other is not None and other.root_id == other.id and pairs.possible(root, other)
        if stands and match.decision in KEPT and other_id not in dismissed:
            yield other_id, match
