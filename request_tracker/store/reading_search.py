"""A page of what was found: the cases in order, and of each the piece of text that says why."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from request_tracker.rules.people import Viewer
from request_tracker.rules.searching import Asked, Piece, Wanted, snippet
from request_tracker.rules.terms import Phase
from request_tracker.store import search_texts
from request_tracker.store.cases import Case, case_number
from request_tracker.store.people import Person
from request_tracker.store.reading_queue import BadFilter
from request_tracker.store.requests import Request, request_number
from request_tracker.store.search_hits import KNOWN_KINDS, MOST, Slip, hits
from request_tracker.store.search_texts import Source

PAGE = 20


@dataclass(frozen=True)
class FoundRow:
    """`number`: of the case, for requesters of their own account's request in it. `where` follows “in ”."""

    number: str
    service_name: str
    phase: Phase
    outcome: str | None
    assignee: str | None
    where: str
    pieces: tuple[Piece, ...]
    is_case: bool


@dataclass(frozen=True)
class FoundPage:
    """`total`: how many were found, MOST where there are `more`; `first`: the place of the first row, from 1."""

    items: tuple[FoundRow, ...]
    total: int
    more: bool
    first: int
    next_cursor: str | None
    slips: tuple[Slip, ...]


def page(
    session: Session, viewer: Viewer, asked: Asked, *, kind: str = "", cursor: str = "", limit: int = PAGE
) -> FoundPage:
    """The page of what the viewer finds. Raises BadFilter for a kind or a cursor there is not."""
    if kind not in KNOWN_KINDS:
        raise BadFilter(f"kind: choose one of {', '.join(KNOWN_KINDS[1:])}")
    start = _place(cursor)
    found = hits(session, viewer, asked, kind)
    shown = _leading(session, viewer, found.ids)
    ids = list(shown)[start : start + max(1, min(limit, MOST))]
    following = start + len(ids)
    return FoundPage(
        items=_rows(session, viewer, ids, shown, found.wanted, kind),
        total=len(shown),
        more=found.more,
        first=start + 1,
        next_cursor=str(following) if following < len(shown) else None,
        slips=found.slips,
    )


def _place(cursor: str) -> int:
    if not cursor:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 4):
        raise BadFilter("cursor: use the next_cursor of the page before, unchanged")
    return int(cursor)


def _leading(session: Session, viewer: Viewer, ids: Sequence[int]) -> dict[int, int | None]:
    """The cases in order, for requesters each with their own account's request to go to, and every request once."""
    if viewer.is_staff or not ids:
        return dict.fromkeys(ids)
    found, member = aliased(Case), aliased(Case)
    rows = session.execute(
        select(found.id, Request.id, Request.case_id, Request.person_id)
        .join(member, member.root_id == found.root_id)
        .join(Request, Request.case_id == member.id)
        .where(found.id.in_(ids), Request.account_id == viewer.account_id)
    )
    theirs: defaultdict[int, list[tuple[bool, bool, int]]] = defaultdict(list)
    for case_id, request_id, of_case, person_id in rows:
        theirs[case_id].append((of_case != case_id, person_id != viewer.id, request_id))
    firsts: dict[int, int] = {}
    for case_id in ids:
        if case_id in theirs:
            firsts.setdefault(min(theirs[case_id])[-1], case_id)
    return {case_id: request_id for request_id, case_id in firsts.items()}


def _rows(
    session: Session, viewer: Viewer, ids: Sequence[int], leading: dict[int, int | None], wanted: Wanted, kind: str
) -> tuple[FoundRow, ...]:
    if not ids:
        return ()
    root = aliased(Case)
    rows = session.execute(
        select(Case.id, Case.service_name, Case.phase, Case.outcome, Person.name, root.phase, root.outcome)
        .join(root, root.id == Case.root_id)
        .outerjoin(Person, Person.id == Case.assignee_id)
        .where(Case.id.in_(ids))
    ).all()
    best = _best(session, viewer, ids, wanted, kind)
    known = {row[0]: row for row in rows}
    return tuple(_row(viewer, known[each], leading[each], best.get(each, ("", ()))) for each in ids if each in known)


def _row(viewer: Viewer, row: Sequence[Any], request_id: int | None, best: tuple[str, tuple[Piece, ...]]) -> FoundRow:
    """Requesters read where the root stands: theirs goes with it."""
    case_id, name, phase, outcome, assignee, phase_above, outcome_above = row
    staff = viewer.is_staff
    return FoundRow(
        number=case_number(case_id) if request_id is None else request_number(request_id),
        service_name=name,
        phase=Phase(phase if staff else phase_above),
        outcome=outcome if staff else outcome_above,
        assignee=assignee if staff else None,
        where=best[0],
        pieces=best[1],
        is_case=request_id is None,
    )


def _best(
    session: Session, viewer: Viewer, ids: Sequence[int], wanted: Wanted, kind: str
) -> dict[int, tuple[str, tuple[Piece, ...]]]:
    """The telling text of each case; what was said on it is read only where form and name do not tell it all."""
    number = len(wanted.beginnings)
    found: dict[int, tuple[int, str, tuple[Piece, ...]]] = {}
    written = [*search_texts.cards(session, ids), *search_texts.requests(session, ids, viewer)]
    _weigh(found, written, viewer, wanted, kind)
    if left := [each for each in ids if found.get(each, (0,))[0] < number]:
        _weigh(found, search_texts.told(session, left, viewer), viewer, wanted, kind)
    return {case_id: (where, pieces) for case_id, (_, where, pieces) in found.items()}


def _weigh(
    found: dict[int, tuple[int, str, tuple[Piece, ...]]],
    sources: Iterable[Source],
    viewer: Viewer,
    wanted: Wanted,
    kind: str,
) -> None:
    account_id = None if viewer.is_staff else viewer.account_id or 0
    for source in sources:
        if not source.is_read_by(account_id) or (kind and source.kind != kind):
            continue
        count, pieces = snippet(source.text, wanted)
        if count > found.get(source.case_id, (0,))[0]:
            found[source.case_id] = (count, source.where, pieces)
