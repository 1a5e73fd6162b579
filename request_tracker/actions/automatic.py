"""Merging without a person: a policy that is off until somebody switches it on, and careful when it is on."""

from dataclasses import dataclass

from sqlalchemy import or_
from sqlalchemy.orm import Session

from request_tracker.actions import auditing, merge, obstacles
from request_tracker.actions.knowledge import Overtaken
from request_tracker.actions.obstacles import Standing
from request_tracker.actions.unfit import Unfit, short_enough
from request_tracker.rules.entries import Knowledge
from request_tracker.rules.people import Act
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.terms import Role
from request_tracker.store import cases, pairs, policies
from request_tracker.store.aliases import one_writer
from request_tracker.store.cases import Case
from request_tracker.store.merges import Merge
from request_tracker.store.pairs import DuplicatePair
from request_tracker.store.policies import AUTOMATIC_MERGE, AutomaticMerge, Policy

MAY_DECIDE = (Role.LEAD, Role.ADMIN)
LOOKED_AT = 50
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
    told = {"state": "on" if on else "off", "score": f"{from_score * 100:g}", "reason": value["reason"]}
    auditing.note(session, act, "policy.automatic_merge", "on" if on else "off", policy=row.id, **told)
    return policies.read_automatic(row)


def least(known: Knowledge) -> float:
    """The lowest score that may be chosen: the band whose precision was measured."""
    return known.tuning.bands.merge


def consider(session: Session, case: Case, act: Act, known: Knowledge) -> Merge | None:
    """Merge one pair of this case where the policy says so and nothing at all stands against it.

    Call it in a transaction of its own, after the pairs of the case were scored: it locks both trees whole.
    """
    policy = policies.automatic_merge(session)
    if not policy.on:
        return None
    from_score = max(policy.from_score, least(known))
    found = _pairs(session, from_score, case_id=case.id)
    standing = obstacles.read(session, found)
    free = next((pair for pair in found if not obstacles.obstacle(standing, pair)), None)
    return _merged(session, free, from_score, policy, act) if free is not None else None


def dry_run(session: Session, from_score: float, *, most: int = LOOKED_AT) -> tuple[Waiting, ...]:
    """The best pairs that wait at this threshold, as `consider` would judge each by itself; best first."""
    found = _pairs(session, from_score, most=most)
    standing = obstacles.read(session, found)
    return tuple(_waiting(standing, pair) for pair in found)


def _merged(session: Session, pair: DuplicatePair, from_score: float, policy: AutomaticMerge, act: Act) -> Merge | None:
    """Look again once both trees are locked; where somebody came between, the next comparison decides anew.

    All that a merge can touch is locked at once: a case below one of the two may come first in the order of the ids.
    """
    ends = pair.left_id, pair.right_id
    (left, right), _ = cases.locked_trees(session, *ends)
    session.expire(pair)
    again = pairs.between(session, *ends)
    if again is None or again.decision != "merge" or again.score < from_score:
        return None
    if max(left.touched_at, right.touched_at) > again.scored_at:
        return None
    standing = obstacles.read(session, [again])
    if obstacles.obstacle(standing, again):
        return None
    child, root = (standing.cases[each.id] for each in standing.ends(again))
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
) -> list[DuplicatePair]:
    found = pairs.still_standing().where(DuplicatePair.decision == "merge", DuplicatePair.score >= from_score)
    if case_id is not None:
        found = found.where(or_(DuplicatePair.left_id == case_id, DuplicatePair.right_id == case_id))
    return list(session.scalars(found.order_by(DuplicatePair.score.desc(), DuplicatePair.id).limit(most)))


def _waiting(standing: Standing, pair: DuplicatePair) -> Waiting:
    child, root = (standing.cases[each.id] for each in standing.ends(pair))
    reasons, obstacle = tuple(str(each) for each in pair.reasons), obstacles.obstacle(standing, pair)
    return Waiting(child.number, child.service_name, root.number, root.service_name, pair.score, reasons, obstacle)
