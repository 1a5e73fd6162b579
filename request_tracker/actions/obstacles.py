"""Why a person must decide a pair: what stands against merging it without one, read for many pairs at once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from request_tracker.actions import linking
from request_tracker.rules import merging
from request_tracker.rules.merging import Side
from request_tracker.rules.terms import Role
from request_tracker.store import pairs
from request_tracker.store.cases import Case, case_number
from request_tracker.store.dismissals import DismissedPair
from request_tracker.store.merges import Merge
from request_tracker.store.pairs import DuplicatePair

Two = tuple[int, int]
"""The ids of two roots, the smaller first."""


@dataclass(frozen=True)
class Standing:
    """All that is asked about some pairs of roots: as many statements for one as for fifty.

    `rivals`: the possible pairs of each of these roots, by its id. `taken_back`: cases whose automatic merge a person
    took back. `parted` and `different`: between whose trees a merge was taken apart, and who were called different.
    """

    cases: Mapping[int, Case]
    sides: Mapping[int, Side]
    rivals: Mapping[int, Sequence[DuplicatePair]]
    taken_back: frozenset[int]
    parted: frozenset[Two]
    different: frozenset[Two]

    def ends(self, pair: DuplicatePair) -> tuple[Side, Side]:
        """Which would be merged and which would go on, by the rule a person is shown too."""
        left, right = self.sides[pair.left_id], self.sides[pair.right_id]
        return (right, left) if merging.canonical(left, right) is left else (left, right)


def read(session: Session, found: Sequence[DuplicatePair]) -> Standing:
    """What `obstacle` asks about these pairs."""
    ids = pairs.ids_of(found)
    both = session.scalars(select(Case).where(Case.id.in_(ids))).all()
    rivals = _rivals(session, ids)
    near = ids | pairs.ids_of(each for one in rivals.values() for each in one)
    roots = {row[0]: row[1] for row in session.execute(select(Case.id, Case.root_id).where(Case.root_id.in_(near)))}
    taken_apart = _taken_apart(session, roots)
    return Standing(
        cases={case.id: case for case in both},
        sides=linking.sides(session, both),
        rivals=rivals,
        taken_back=frozenset(link.child_id for link in taken_apart if link.automatic),
        parted=_between(roots, ((link.child_id, link.into_id) for link in taken_apart)),
        different=_between(roots, _dismissed(session, roots)),
    )


def obstacle(standing: Standing, pair: DuplicatePair) -> str:
    """Why a person must decide this pair; empty where the policy may."""
    child, root = standing.ends(pair)
    if child.outcome is not None or root.outcome is not None:
        return "one of the two has ended"
    if child.phase not in merging.EARLY:
        return f"{case_number(child.id)} is past validation"
    if stands_against := merging.blockers(child, root, Role.SPECIALIST):
        return stands_against[0].reason
    return _said(standing, pair) or _doubt(standing, child, root)


def _said(standing: Standing, pair: DuplicatePair) -> str:
    """What people decided about just these two, or about what was done to one of them without a person."""
    two = pairs.ordered(pair.left_id, pair.right_id)
    if two in standing.parted:
        return "they were merged once and taken apart again"
    if two in standing.different:
        return "a specialist said that they are not the same"
    again = sorted({*two} & standing.taken_back)
    return f"an automatic merge of {case_number(again[0])} was taken back" if again else ""


def _doubt(standing: Standing, child: Side, root: Side) -> str:
    """Several may be meant: which of them it is, is no question of likeness."""
    others = {_other(each, child.id): each for each in standing.rivals[child.id]}
    as_like = sorted(other for other, each in others.items() if each.decision == "merge" and other != root.id)
    if as_like:
        return f"{case_number(child.id)} may as well be {case_number(as_like[0])}"
    for two in combinations(sorted({*others, root.id}), 2):
        if two in standing.different:
            left, right = map(case_number, two)
            return f"{case_number(child.id)} is like {left} and like {right}, which a specialist called different"
    return ""


def _rivals(session: Session, ids: set[int]) -> dict[int, list[DuplicatePair]]:
    touching = or_(DuplicatePair.left_id.in_(ids), DuplicatePair.right_id.in_(ids))
    rows = session.scalars(pairs.still_standing().where(touching)).all()
    return {each: [row for row in rows if each in (row.left_id, row.right_id)] for each in ids}


def _taken_apart(session: Session, roots: Mapping[int, int | None]) -> Sequence[Merge]:
    return session.scalars(select(Merge).where(Merge.unmerged_at.isnot(None), Merge.child_id.in_(roots))).all()


def _dismissed(session: Session, roots: Mapping[int, int | None]) -> list[Two]:
    both = DismissedPair.left_id.in_(roots) & DismissedPair.right_id.in_(roots)
    rows = session.execute(select(DismissedPair.left_id, DismissedPair.right_id).where(both)).all()
    return [(left, right) for left, right in rows]


def _between(roots: Mapping[int, int | None], members: Iterable[Two]) -> frozenset[Two]:
    """The roots of these members, where both are among those looked at."""
    found = ((roots.get(a), roots.get(b)) for a, b in members)
    return frozenset(pairs.ordered(a, b) for a, b in found if a is not None and b is not None)


def _other(pair: DuplicatePair, case_id: int) -> int:
    return pair.right_id if pair.left_id == case_id else pair.left_id
