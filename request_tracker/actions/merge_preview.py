"""What a merge would mean, before it is made: who is counted, who is told, which promises run on, what stands open."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from request_tracker.actions import linking
from request_tracker.rules import merging
from request_tracker.rules.merging import Side
from request_tracker.rules.notices import NOTICES
from request_tracker.rules.people import Act
from request_tracker.rules.phases import CLOCKS, Blocker
from request_tracker.rules.terms import HoldReason, Outcome, Phase, Role
from request_tracker.store import cases, clocks, connections, heirs, holds, merges, requests
from request_tracker.store.cases import Case, case_number
from request_tracker.store.merges import Merge
from request_tracker.store.requests import Request

OPEN = ("running", "paused")


@dataclass(frozen=True)
class Count:
    """Distinct persons and accounts, and how many of the persons would join the private preview."""

    persons: int
    accounts: int
    would_join: int


@dataclass(frozen=True)
class ClockFate:
    """What becomes of a promise. `after`: "runs on", "stops"; `is_overdue` stays so, whatever happens."""

    case: str
    label: str
    due_at: datetime | None
    is_overdue: bool
    after: str


@dataclass(frozen=True)
class Told:
    """A letter that would go out: its title, to how many people, when the undo window is over."""

    notice: str
    title: str
    persons: int
    at: datetime


@dataclass(frozen=True)
class Open:
    """What the child waits for now, and what becomes of it."""

    waits_for: str
    question: str


@dataclass(frozen=True)
class Preview:
    """What merging would mean. `blockers` empty: it may be done; `swap`: the other direction is the better one.

    before: persons and accounts of the child and of the root; after: of both together; `overlap`: counted on both
    sides before and once after. `starter`: the state of the child's own starter connection, if it has one.
    """

    child: Case
    root: Case
    blockers: tuple[Blocker, ...]
    swap: bool
    before: tuple[tuple[int, int], tuple[int, int]]
    after: tuple[int, int]
    told: int
    closes: bool
    counts: tuple[Count, Count, Count]
    overlap: Count
    clocks: tuple[ClockFate, ...]
    letters: tuple[Told, ...]
    waiting: tuple[Open, ...]
    starter: str
    asked: str

    @property
    def stays_overdue(self) -> bool:
        return any(fate.is_overdue and fate.case == self.child.number for fate in self.clocks)


@dataclass(frozen=True)
class _Root:
    """What the rows of a preview share: the root as the rules see it, who asks for it, its promises."""

    case: Case
    side: Side
    people: list[Request]
    clocks: tuple[ClockFate, ...]


def preview(session: Session, child: Case, into: Case, act: Act) -> Preview:
    """What a merge of the child into the root would change, and what stands in its way."""
    root = _root(session, cases.root_of(session, into), act)
    return _row(session, child, _people(session, child), root, act)


def _root(session: Session, case: Case, act: Act) -> _Root:
    fates = _fates(session, case, act, stops=False)
    return _Root(case, linking.side(session, case), _people(session, case), fates)


def _row(session: Session, child: Case, mine: list[Request], root: _Root, act: Act) -> Preview:
    left = linking.side(session, child)
    closes = merging.answered_by(root.side)
    counts = _count(mine), _count(root.people), _count([*mine, *root.people])
    return Preview(
        child=child,
        root=root.case,
        blockers=merging.blockers(left, root.side, act.who.role),
        swap=merging.better_swapped(left, root.side),
        before=((counts[0].persons, counts[0].accounts), (counts[1].persons, counts[1].accounts)),
        after=(counts[2].persons, counts[2].accounts),
        told=counts[0].persons,
        closes=closes,
        counts=counts,
        overlap=_overlap(counts),
        clocks=(*_fates(session, child, act, stops=closes), *root.clocks),
        letters=_letters(counts[0].persons, act),
        waiting=_waiting(session, child),
        starter=_starter(session, child) if left.has_starter else "",
        asked=_asked(session, child),
    )


@dataclass(frozen=True)
class ManyPreview:
    """What merging several cases into one would mean; `after` counts them all together."""

    root: Case
    rows: tuple[Preview, ...]
    before: Count
    after: Count

    @property
    def allowed(self) -> bool:
        return bool(self.rows) and not any(row.blockers for row in self.rows)


def preview_all(session: Session, children: Sequence[Case], into: Case, act: Act) -> ManyPreview:
    """The preview of several merges into one root, each row with its own blockers."""
    root = _root(session, cases.root_of(session, into), act)
    people = [_people(session, each) for each in children]
    rows = tuple(_row(session, child, mine, root, act) for child, mine in zip(children, people, strict=True))
    everybody = [each for some in (*people, root.people) for each in some]
    return ManyPreview(root.case, rows, _count(root.people), _count(everybody))


def preview_swap(session: Session, link: Merge, act: Act) -> Preview:
    """What turning a standing merge round would mean: the old root is the child that goes below."""
    lead, below = session.get_one(Case, link.child_id), session.get_one(Case, link.into_id)
    mine = _people(session, lead)
    rest = [each for each in _people(session, below) if each not in mine]
    counts = _count(rest), _count(mine), _count([*mine, *rest])
    as_merge = preview(session, below, lead, act)
    blockers = swap_blockers(session, link, lead, below, act.who.role)
    return replace(as_merge, root=lead, blockers=blockers, swap=False, counts=counts, overlap=_overlap(counts))


def swap_blockers(session: Session, link: Merge, child: Case, root: Case, role: Role) -> tuple[Blocker, ...]:
    """Why the child of a standing merge may not lead instead of its root; empty when it may."""
    if root.merged_into_id is not None:
        reason = f"{root.number} was merged further: only what was merged into the leading case can change places"
        return (Blocker("tree", reason, "merges"),)
    kept = link.snapshot
    outcome = Outcome(kept["outcome"]) if kept["outcome"] else None
    freed = replace(linking.side(session, child), root_id=child.id, phase=Phase(kept["phase"]), outcome=outcome)
    return merging.blockers(linking.side(session, root), freed, role, words=merging.TURNING)


def _people(session: Session, case: Case) -> list[Request]:
    """Live requests of the case and of what stands merged below it."""
    below = set(merges.child_and_below(session, case.id))
    return [
        each for each in requests.of_tree(session, case.root_id or case.id, live_only=True) if each.case_id in below
    ]


def _count(rows: Sequence[Request]) -> Count:
    return Count(
        len({each.person_id for each in rows}),
        len({each.account_id for each in rows}),
        len({each.person_id for each in rows if each.would_preview}),
    )


def _overlap(counts: tuple[Count, Count, Count]) -> Count:
    mine, theirs, both = counts
    return Count(
        mine.persons + theirs.persons - both.persons,
        mine.accounts + theirs.accounts - both.accounts,
        mine.would_join + theirs.would_join - both.would_join,
    )


def _fates(session: Session, case: Case, act: Act, *, stops: bool) -> tuple[ClockFate, ...]:
    """The promises to requesters that are open now; only the child's review can be answered by a merge."""
    return tuple(
        ClockFate(
            case_number(each.case_id),
            CLOCKS[each.name].label,
            each.due_at,
            each.breached_at is not None or (each.due_at is not None and each.due_at < act.now),
            "stops" if stops and each.name == "review" else "runs on",
        )
        for each in clocks.of_case(session, case.id)
        if each.state in OPEN and not CLOCKS[each.name].internal
    )


def _letters(persons: int, act: Act) -> tuple[Told, ...]:
    if not persons:
        return ()
    return (Told("merged", NOTICES["merged"].title, persons, act.now + act.program.undo_for),)


def _waiting(session: Session, child: Case) -> tuple[Open, ...]:
    return tuple(Open(HoldReason(each.reason).words, each.question) for each in holds.open_holds(session, child.id))


def _starter(session: Session, child: Case) -> str:
    found = connections.live(session, child.id)
    return found.state if found is not None else ""


def _asked(session: Session, child: Case) -> str:
    """The number of the request whose person is asked to lead the child, if anybody is."""
    ask = heirs.open_ask(session, child.id)
    return session.get_one(Request, ask.request_id).number if ask is not None else ""
