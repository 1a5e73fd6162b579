"""The duplicates inbox as staff read it: pairs that wait, best first, and what became of those that do no longer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select, true, tuple_, union
from sqlalchemy.orm import Session, aliased

from request_tracker.rules.people import Viewer
from request_tracker.rules.terms import Phase
from request_tracker.store import pairs
from request_tracker.store.cases import Case, case_number
from request_tracker.store.dismissals import DismissedPair
from request_tracker.store.pairs import DuplicatePair
from request_tracker.store.people import Person
from request_tracker.store.reading_places import Place, cursor_of, place_at
from request_tracker.store.reading_queue import BadFilter
from request_tracker.store.requests import Request

BANDS = ("merge", "suggest")
ASSIGNEES = ("me", "none")
SHOWN = 25
LEFT, RIGHT = aliased(Case, name="left_case"), aliased(Case, name="right_case")
OTHER, ROOT = aliased(Case, name="other_case"), aliased(Case, name="root_case")


@dataclass(frozen=True)
class Filter:
    """Which pairs. `band`: merge or suggest; `phase`: of either case; `assignee`: me (of either), none (of both)."""

    band: str = ""
    phase: str = ""
    assignee: str = ""
    cursor: str = ""


@dataclass(frozen=True)
class SideRow:
    number: str
    service_name: str
    phase: Phase
    outcome: str | None
    accounts: int


@dataclass(frozen=True)
class PairRow:
    """`since`: when the younger of the two was opened, so since when the pair waits."""

    left: SideRow
    right: SideRow
    score: float
    decision: str
    reasons: tuple[str, ...]
    since: datetime


@dataclass(frozen=True)
class PairPage:
    items: tuple[PairRow, ...]
    next_cursor: str | None


@dataclass(frozen=True)
class DecidedRow:
    """A pair that was called different or only related. `left` and `right` carry no counts."""

    left: SideRow
    right: SideRow
    kind: str
    who: str
    at: datetime


@dataclass(frozen=True)
class DecidedPage:
    items: tuple[DecidedRow, ...]
    next_cursor: str | None


@dataclass(frozen=True)
class RelatedRow:
    number: str
    service_name: str
    phase: Phase
    outcome: str | None
    who: str
    at: datetime


def page(session: Session, wanted: Filter, viewer: Viewer) -> PairPage:
    """The pairs that wait, most alike first; what no longer holds is left out, even before it is compared anew."""
    found = _waiting(wanted, viewer).add_columns(LEFT, RIGHT)
    if wanted.cursor:
        found = found.where(_after(place_at(wanted.cursor)))
    rows = session.execute(_in_order(found).limit(SHOWN + 1)).all()
    shown = rows[:SHOWN]
    counts = _accounts(session, [side.id for row in shown for side in row[1:]])
    last = shown[-1][0] if len(rows) > SHOWN else None
    items = tuple(_row(pair, left, right, counts) for pair, left, right in shown)
    return PairPage(items, cursor_of(Place(last.score, last.id)) if last is not None else None)


def count(session: Session, viewer: Viewer, *, most: int = 20) -> int:
    """How many pairs wait, counted up to one more than `most`."""
    return session.scalar(_counting(most)) or 0 if viewer.is_staff else 0


def following(session: Session, wanted: Filter, viewer: Viewer, place: Place | None) -> tuple[str, str] | None:
    """The numbers of the pair after this place in the list, or of the first where there is no place."""
    found = _waiting(wanted, viewer).with_only_columns(DuplicatePair.left_id, DuplicatePair.right_id)
    if place is not None:
        found = found.where(_after(place))
    row = session.execute(_in_order(found).limit(1)).first()
    return (case_number(row[0]), case_number(row[1])) if row else None


def decided(session: Session, cursor: str, viewer: Viewer) -> DecidedPage:
    """The pairs called different or only related, the newest decision first."""
    found = (
        select(DismissedPair, LEFT, RIGHT, Person.name)
        .join(LEFT, LEFT.id == DismissedPair.left_id)
        .join(RIGHT, RIGHT.id == DismissedPair.right_id)
        .join(Person, Person.id == DismissedPair.by_id)
        .where(_staff(viewer))
    )
    if cursor:
        found = found.where(DismissedPair.id < place_at(cursor).id)
    rows = session.execute(found.order_by(DismissedPair.id.desc()).limit(SHOWN + 1)).all()
    items = tuple(
        DecidedRow(_side(left, {}), _side(right, {}), row.kind, name, row.at) for row, left, right, name in rows[:SHOWN]
    )
    return DecidedPage(items, cursor_of(Place(0, rows[SHOWN - 1][0].id)) if len(rows) > SHOWN else None)


def related(session: Session, case_id: int, viewer: Viewer) -> tuple[RelatedRow, ...]:
    """The services called related to this case; each by the case that leads it now. Nothing for requesters."""
    if not viewer.is_staff:
        return ()
    either = or_(DismissedPair.left_id == case_id, DismissedPair.right_id == case_id)
    rows = session.execute(
        select(DismissedPair, ROOT, Person.name)
        .join(OTHER, and_(OTHER.id.in_((DismissedPair.left_id, DismissedPair.right_id)), OTHER.id != case_id))
        .join(ROOT, ROOT.id == OTHER.root_id)
        .join(Person, Person.id == DismissedPair.by_id)
        .where(either, DismissedPair.kind == "related", ROOT.id != case_id)
        .order_by(DismissedPair.id.desc())
        .limit(SHOWN)
    ).all()
    return tuple(
        RelatedRow(each.number, each.service_name, Phase(each.phase), each.outcome, name, pair.at)
        for pair, each, name in rows
    )


@cache
def _counting(most: int) -> Select[int]:
    """Every page of a specialist asks it: it is put together once. The order keeps it on the index of scores."""
    few = _joined().with_only_columns(DuplicatePair.id).order_by(DuplicatePair.score.desc()).limit(most + 1).subquery()
    return select(func.count()).select_from(few)


def _waiting(wanted: Filter, viewer: Viewer) -> Select[Any]:
    return _joined().where(_staff(viewer), *_conditions(wanted, viewer))


def _joined() -> Select[Any]:
    dismissed = select(DismissedPair.id).where(
        DismissedPair.left_id == DuplicatePair.left_id, DismissedPair.right_id == DuplicatePair.right_id
    )
    return (
        select(DuplicatePair)
        .join(LEFT, LEFT.id == DuplicatePair.left_id)
        .join(RIGHT, RIGHT.id == DuplicatePair.right_id)
        .where(pairs.still_possible(LEFT, RIGHT), ~dismissed.exists())
    )


def _staff(viewer: Viewer) -> ColumnElement[bool]:
    """Pairs tell of requests of two accounts: nobody but staff reads them."""
    return true() if viewer.is_staff else false()


def _conditions(wanted: Filter, viewer: Viewer) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if _known("band", wanted.band, BANDS):
        found.append(DuplicatePair.decision == wanted.band)
    if _known("phase", wanted.phase, list(Phase)):
        found.append(or_(LEFT.phase == wanted.phase, RIGHT.phase == wanted.phase))
    if _known("assignee", wanted.assignee, ASSIGNEES):
        found.append(_mine(viewer) if wanted.assignee == "me" else _nobodys())
    return found


def _mine(viewer: Viewer) -> ColumnElement[bool]:
    """By way of the few live cases the person has, however many pairs wait."""
    own = select(Case.id).where(Case.assignee_id == viewer.id, Case.outcome.is_(None))
    sides = (DuplicatePair.left_id, DuplicatePair.right_id)
    return DuplicatePair.id.in_(union(*(select(DuplicatePair.id).where(side.in_(own)) for side in sides)))


def _nobodys() -> ColumnElement[bool]:
    """Written so that no index of assignees is walked: most pairs fit, and they are wanted in their order."""
    return and_(*(func.coalesce(side.assignee_id, 0) < 1 for side in (LEFT, RIGHT)))


def _known(name: str, value: str, possible: Sequence[str]) -> bool:
    if value and value not in possible:
        raise BadFilter(f"{name}: choose one of {', '.join(possible)}")
    return bool(value)


def _after(place: Place) -> ColumnElement[bool]:
    return tuple_(DuplicatePair.score, DuplicatePair.id) < tuple(place)


def _in_order(found: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    return found.order_by(DuplicatePair.score.desc(), DuplicatePair.id.desc())


def _row(pair: DuplicatePair, left: Case, right: Case, counts: dict[int, int]) -> PairRow:
    since = max(left.opened_at, right.opened_at)
    return PairRow(
        _side(left, counts), _side(right, counts), pair.score, pair.decision, tuple(pair.reasons), since,
    )  # fmt: skip


def _side(case: Case, counts: dict[int, int]) -> SideRow:
    return SideRow(case.number, case.service_name, Phase(case.phase), case.outcome, counts.get(case.id, 0))


def _accounts(session: Session, roots: Sequence[int]) -> dict[int, int]:
    """Distinct accounts with a live request in each tree."""
    found = (
        select(Case.root_id, func.count(Request.account_id.distinct()))
        .join(Request, Request.case_id == Case.id)
        .where(Case.root_id.in_(roots), Request.withdrawn_at.is_(None))
        .group_by(Case.root_id)
    )
    return {root: number for root, number in session.execute(found).all() if root is not None}
