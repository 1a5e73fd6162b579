"""Merging without a person: a policy that is off until somebody switches it on, and careful when it is on."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from request_tracker.actions import linking, merge
from request_tracker.actions.knowledge import Overtaken
from request_tracker.actions.unfit import Unfit, short_enough
from request_tracker.rules import merging
from request_tracker.rules.entries import Knowledge
from request_tracker.rules.people import Act
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.terms import Phase, Role
from request_tracker.store import cases, policies
from request_tracker.store.aliases import one_writer
from request_tracker.store.cases import Case
from request_tracker.store.dismissals import DismissedPair
from request_tracker.store.merges import Merge
from request_tracker.store.pairs import DuplicatePair
from request_tracker.store.policies import AUTOMATIC_MERGE, AutomaticMerge, Policy

MAY_DECIDE = (Role.LEAD, Role.ADMIN)
EARLY = (Phase.SUBMISSION, Phase.VALIDATION)
LOOKED_AT = 200
LONGEST_REASON = 1000


@dataclass(frozen=True)
class Waiting:
    """A pair at or above the threshold. `obstacle` says why a person must decide it; empty: it would be merged."""

    child: str
    child_name: str
    root: str
    root_name: str
    score: float
    reasons: tuple[str, ...]
    obstacle: str


def decide(
    session: Session, on: bool, from_score: float, reason: str, act: Act, known: Knowledge, *, seen: int
) -> AutomaticMerge:
    """Switch automatic merging on or off, or move its threshold. `seen`: the id of the policy the person looked at.

    What waits in the inbox stays there until it is compared again. Raises NotAllowed, Unfit, Overtaken.
    """
    if act.who.role not in MAY_DECIDE or act.who.id is None:
        raise NotAllowed("Only a lead or an admin may decide about automatic merging")
    _must_fit(on, from_score, reason, known)
    one_writer(session)
    standing = policies.automatic_merge(session)
    value = {"on": on, "from_score": from_score, "reason": " ".join(reason.split())}
    if (standing.on, standing.from_score, standing.reason) == tuple(value.values()):
        return standing
    if standing.id != seen:
        raise Overtaken("Somebody decided about this after you opened it: look at it as it is now")
    row = Policy(name=AUTOMATIC_MERGE, value=value, by_id=act.who.id, at=act.now)
    session.add(row)
    session.flush()
    return policies.read_automatic(row)


def least(known: Knowledge) -> float:
    """The lowest score that may be chosen: the band whose precision was measured."""
    return known.tuning.bands.merge


def consider(session: Session, case: Case, act: Act, known: Knowledge) -> Merge | None:
    """Merge one pair of this case where the policy says so and nothing at all stands against it.

    Call it in a transaction of its own, after the pairs of the case were scored: it locks cases in order of their ids.
    """
    policy = policies.automatic_merge(session)
    if not policy.on:
        return None
    from_score = max(policy.from_score, least(known))
    for pair in _pairs(session, from_score, case_id=case.id):
        if not _obstacle(session, *_sides(session, pair)):
            return _merged(session, pair, policy, act)
    return None


def dry_run(session: Session, from_score: float, *, most: int = LOOKED_AT) -> tuple[Waiting, ...]:
    """The best pairs that wait at this threshold, as `consider` would judge each by itself; best first."""
    found = ((pair, *_sides(session, pair)) for pair in _pairs(session, from_score, most=most))
    return tuple(
        _waiting(session, pair, child, root)
        for pair, child, root in found
        if child.merged_into_id is None and root.merged_into_id is None
    )


def _merged(session: Session, pair: DuplicatePair, policy: AutomaticMerge, act: Act) -> Merge | None:
    """Look again once both are locked; where somebody came between, the next comparison decides anew."""
    cases.locked(session, pair.left_id, pair.right_id)
    child, root = _sides(session, pair)
    if _obstacle(session, child, root):
        return None
    return merge.merge_automatically(session, child, root, act, by_id=policy.by_id)


def _must_fit(on: bool, from_score: float, reason: str, known: Knowledge) -> None:
    if not reason.strip():
        raise Unfit("reason", "Say why: whoever reads the history will want to know")
    short_enough("reason", reason, most=LONGEST_REASON)
    if not least(known) <= from_score <= 1:
        lowest = f"{least(known) * 100:g}"
        raise Unfit("from_score", f"Choose a threshold from {lowest} to 100: below {lowest} nothing was measured")


def _pairs(
    session: Session, from_score: float, *, case_id: int | None = None, most: int = LOOKED_AT
) -> Iterator[DuplicatePair]:
    found = select(DuplicatePair).where(DuplicatePair.decision == "merge", DuplicatePair.score >= from_score)
    if case_id is not None:
        found = found.where(or_(DuplicatePair.left_id == case_id, DuplicatePair.right_id == case_id))
    yield from session.scalars(found.order_by(DuplicatePair.score.desc(), DuplicatePair.id).limit(most)).all()


def _sides(session: Session, pair: DuplicatePair) -> tuple[Case, Case]:
    """Which would be merged and which would go on, by the rule a person is shown too."""
    both = [session.get_one(Case, each) for each in (pair.left_id, pair.right_id)]
    left, right = (linking.side(session, each) for each in both)
    return (both[1], both[0]) if merging.canonical(left, right) is left else (both[0], both[1])


def _obstacle(session: Session, child: Case, root: Case) -> str:
    """Why a person must decide this pair; empty where the policy may."""
    if child.outcome is not None or root.outcome is not None:
        return "one of the two has ended"
    if Phase(child.phase) not in EARLY:
        return f"{child.number} is past validation"
    stands_against = merging.blockers(linking.side(session, child), linking.side(session, root), Role.SPECIALIST)
    if stands_against:
        return stands_against[0].reason
    ours, theirs = ([each.id for each in cases.tree(session, side.id)] for side in (child, root))
    if _were_parted(session, ours, theirs):
        return "they were merged once and taken apart again"
    return "a specialist said that they are not the same" if _dismissed(session, ours, theirs) else ""


def _were_parted(session: Session, ours: list[int], theirs: list[int]) -> bool:
    between = or_(
        and_(Merge.child_id.in_(ours), Merge.into_id.in_(theirs)),
        and_(Merge.child_id.in_(theirs), Merge.into_id.in_(ours)),
    )
    return session.scalar(select(Merge.id).where(Merge.unmerged_at.isnot(None), between).limit(1)) is not None


def _dismissed(session: Session, ours: list[int], theirs: list[int]) -> bool:
    between = or_(
        and_(DismissedPair.left_id.in_(ours), DismissedPair.right_id.in_(theirs)),
        and_(DismissedPair.left_id.in_(theirs), DismissedPair.right_id.in_(ours)),
    )
    return session.scalar(select(DismissedPair.id).where(between).limit(1)) is not None


def _waiting(session: Session, pair: DuplicatePair, child: Case, root: Case) -> Waiting:
    obstacle, reasons = _obstacle(session, child, root), tuple(str(each) for each in pair.reasons)
    return Waiting(child.number, child.service_name, root.number, root.service_name, pair.score, reasons, obstacle)
