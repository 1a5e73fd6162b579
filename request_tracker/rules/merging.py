"""Which of two cases is canonical, and which phase pairs may merge (program.md, section 4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from request_tracker.rules.phases import Blocker
from request_tracker.rules.terms import Outcome, Phase, Role

EARLY = (Phase.SUBMISSION, Phase.VALIDATION)
_BUILT = (Phase.DEVELOPMENT, Phase.PRIVATE_PREVIEW)


@dataclass(frozen=True)
class Side:
    """One of two cases that may be merged."""

    id: int
    root_id: int
    phase: Phase
    outcome: Outcome | None
    has_starter: bool
    accounts: int
    opened_at: datetime


def canonical(left: Side, right: Side) -> Side:
    """Furthest phase, then has a starter connector, then most distinct accounts, then oldest."""
    return min(left, right, key=_standing)


def _standing(side: Side) -> tuple[int, bool, int, datetime, int]:
    return -side.phase.order, not side.has_starter, -side.accounts, side.opened_at, side.id


def better_swapped(child: Side, root: Side) -> bool:
    """Whether merging the other way round is possible and the more natural direction."""
    return canonical(child, root) is child and not blockers(root, child, Role.LEAD)


def answered_by(root: Side) -> bool:
    """Whether the root has a verdict that answers the child's review too."""
    return answered_by_phase(root.phase, root.outcome)


def answered_by_phase(phase: Phase, outcome: Outcome | None) -> bool:
    return outcome is not None or phase not in EARLY


MERGING = {
    "child ended": "The case to merge has ended ({child_ended}): ended cases are not merged",
    "child built": "The case to merge is in {child}: only a lead may merge it, or swap the direction",
    "root ended": "The case to merge into has ended ({root_ended})",
    "pair": "A case in {child} cannot merge into one in {root}: swap the direction",
}
TURNING = {
    "child ended": "The case that leads now has ended ({child_ended}): what is merged into it stays below it",
    "child built": "The case that leads now is in {child}: only a lead may put it below another",
    "root ended": "The case that would lead had ended ({root_ended}) before it was merged: it cannot lead",
    "pair": "The case that leads now is in {child}, and the other one was in {root} when it was merged: "
    "what is further on keeps the lead",
}
"""Why not, in words: of merging, and of turning a standing merge round, where the leading case is the child."""


def blockers(child: Side, root: Side, role: Role, *, words: Mapping[str, str] = MERGING) -> tuple[Blocker, ...]:
    """Every reason why the child may not be merged into the root; empty when it may."""
    if child.id == root.id or child.root_id == root.root_id:
        return (Blocker("tree", "These two already are one journey", "merges"),)
    reason = _of_child(child, role) or _of_root(root) or _of_pair(child, root)
    return (Blocker("phases", words[reason].format_map(_told(child, root)), "merges"),) if reason else ()


def _told(child: Side, root: Side) -> dict[str, str]:
    ended = {"child_ended": child.outcome, "root_ended": root.outcome}
    told = {name: outcome.words if outcome else "" for name, outcome in ended.items()}
    return {**told, "child": child.phase.words, "root": root.phase.words}


def _of_child(child: Side, role: Role) -> str:
    if child.outcome is not None:
        return "child ended"
    return "child built" if child.phase in _BUILT and role is not Role.LEAD else ""


def _of_root(root: Side) -> str:
    return "" if root.outcome in (None, Outcome.RELEASED, Outcome.NOT_A_CANDIDATE) else "root ended"


def _of_pair(child: Side, root: Side) -> str:
    if child.phase in EARLY:
        return ""
    if (root.phase.order >= Phase.CONSULTATION.order and root.outcome is None) or root.outcome is Outcome.RELEASED:
        return ""
    return "pair"
