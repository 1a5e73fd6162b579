"""Pairs of cases that look like one service, scored and waiting for a specialist: the duplicates inbox."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Index, Select, String, and_, delete, or_, select
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from request_tracker.rules import merging
from request_tracker.rules.matching import Match
from request_tracker.rules.merging import Side
from request_tracker.rules.terms import Outcome, Phase, Role
from request_tracker.store.base import Base, insertion, one_of, tied
from request_tracker.store.cases import Case


class DuplicatePair(Base):
    """Two roots and how alike they are, as scored last. Derived: it may be deleted and computed again at any time."""

    __tablename__ = "duplicate_pair"
    id: Mapped[int] = mapped_column(primary_key=True)
    left_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    right_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    score: Mapped[float]
    decision: Mapped[str] = mapped_column(String(8))
    reasons: Mapped[list[Any]]
    scored_at: Mapped[datetime]
    __table_args__ = (
        one_of("decision", ("merge", "suggest")),
        tied("left_id < right_id", "ordered"),
        Index("uq_duplicate_pair", "left_id", "right_id", unique=True),
        Index("ix_duplicate_pair_right", "right_id"),
        Index("ix_duplicate_pair_score", "score", "id"),
    )


def ordered(a: int, b: int) -> tuple[int, int]:
    """The pair as it is stored: the smaller id first."""
    return (a, b) if a < b else (b, a)


def touching(session: Session, case_ids: Collection[int]) -> list[DuplicatePair]:
    """The pairs that have one of these cases on either side."""
    either = or_(DuplicatePair.left_id.in_(case_ids), DuplicatePair.right_id.in_(case_ids))
    return list(session.scalars(select(DuplicatePair).where(either)))


def between(session: Session, a: int, b: int) -> DuplicatePair | None:
    left, right = ordered(a, b)
    return session.scalar(select(DuplicatePair).where(DuplicatePair.left_id == left, DuplicatePair.right_id == right))


def replace(session: Session, root_id: int, members: Collection[int], found: dict[int, Match], now: datetime) -> None:
    """Keep exactly these pairs of the root and none of its other members. `found`: the other root's id and the match.

    A pair that was there already keeps its row, so that whoever pages through the list does not lose the place.
    """
    pairs = {ordered(root_id, other): match for other, match in found.items()}
    gone = [row.id for row in touching(session, members) if (row.left_id, row.right_id) not in pairs]
    drop(session, gone)
    for (left, right), match in sorted(pairs.items()):
        _write(session, left, right, match, now)


def drop(session: Session, pair_ids: Collection[int]) -> None:
    if pair_ids:
        session.execute(delete(DuplicatePair).where(DuplicatePair.id.in_(pair_ids)))


def drop_between(session: Session, ours: Collection[int], theirs: Collection[int]) -> None:
    """No pair of one of ours with one of theirs is left."""
    one_way = and_(DuplicatePair.left_id.in_(ours), DuplicatePair.right_id.in_(theirs))
    other_way = and_(DuplicatePair.left_id.in_(theirs), DuplicatePair.right_id.in_(ours))
    session.execute(delete(DuplicatePair).where(or_(one_way, other_way)))


def possible(left: Case, right: Case) -> bool:
    """Whether a lead could merge one into the other as they stand: only then it is worth a look."""
    one, other = _side(left), _side(right)
    return not merging.blockers(one, other, Role.LEAD) or not merging.blockers(other, one, Role.LEAD)


def still_possible(left: Any, right: Any) -> ColumnElement[bool]:
    """`possible` asked of two roots in the database; a test holds the two to each other."""
    both = and_(left.outcome.is_(None), right.outcome.is_(None))
    return or_(both, _may_go_into(left, right), _may_go_into(right, left))


def still_standing() -> Select[DuplicatePair]:
    """The pairs of which a lead could still merge one into the other."""
    left, right = aliased(Case), aliased(Case)
    found = select(DuplicatePair).join(left, left.id == DuplicatePair.left_id)
    return found.join(right, right.id == DuplicatePair.right_id).where(still_possible(left, right))


def _may_go_into(child: Any, root: Any) -> ColumnElement[bool]:
    """The root has a verdict that answers the child too."""
    same_verdict = and_(root.outcome == Outcome.NOT_A_CANDIDATE, child.phase.in_(merging.EARLY))
    return and_(child.outcome.is_(None), or_(root.outcome == Outcome.RELEASED, same_verdict))


def _side(case: Case) -> Side:
    """Only what the rules of who may be merged into whom look at."""
    outcome = Outcome(case.outcome) if case.outcome else None
    return Side(case.id, case.root_id or case.id, Phase(case.phase), outcome, False, 0, case.opened_at)


def _write(session: Session, left: int, right: int, match: Match, now: datetime) -> None:
    told: dict[str, Any] = {
        "score": match.score, "decision": match.decision, "reasons": list(match.reasons), "scored_at": now,
    }  # fmt: skip
    row = insertion(session, DuplicatePair).values(left_id=left, right_id=right, **told)
    session.execute(row.on_conflict_do_update(index_elements=["left_id", "right_id"], set_=told))


def ids_of(rows: Iterable[DuplicatePair]) -> set[int]:
    """The cases on both sides of these pairs."""
    return {side for row in rows for side in (row.left_id, row.right_id)}
