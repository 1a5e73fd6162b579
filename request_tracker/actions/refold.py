"""The nightly look: what the cached columns of every clock say, against what its events say."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from request_tracker.actions import clock
from request_tracker.actions.clock import OPEN
from request_tracker.actions.refold_compared import (
    ADDED,
    DECIDED,
    EVENTS,
    Difference,
    Read,
    Unreadable,
    compared,
    is_unfilled,
    read,
    written,
)
from request_tracker.rules.people import Act
from request_tracker.rules.phases import CLOCKS
from request_tracker.store import cases, jobs
from request_tracker.store.base import FAR, insertion
from request_tracker.store.cases import Case
from request_tracker.store.clocks import Clock
from request_tracker.store.refolds import ClockDifference, Refold

AT = time(2)
PIECE = 500
PROMISES = tuple(name for name, kind in CLOCKS.items() if not kind.internal)


@dataclass(frozen=True)
class Seen:
    """What one piece found: up to which clock, how many, and which of them (and which roots) look wrong."""

    last: int
    count: int
    clocks: tuple[int, ...]
    roots: tuple[int, ...]


def ensure(session: Session, act: Act) -> bool:
    """Begin tonight's look, once a night after two o'clock in the program's zone. True when it was begun now.

    A worker that was down at two begins when it is up again; two workers cannot begin two.
    """
    local = act.now.astimezone(ZoneInfo(act.program.zone))
    day = local.date().isoformat()
    if local.time() < AT or session.scalar(select(Refold.id).where(Refold.day == day)) is not None:
        return False
    row = {"day": day, "started_at": act.now, "cursor": 0, "looked_at": 0, "differing": 0}
    new = insertion(session, Refold).values(row).on_conflict_do_nothing(index_elements=["day"]).returning(Refold.id)
    refold_id = session.scalar(new)
    return refold_id is not None and _queue(session, refold_id, 0, act.now)


def look(session: Session, after: int, now: datetime, *, limit: int = PIECE) -> Seen:
    """Compare the next clocks. Only reads; what looks wrong may be so because somebody is writing."""
    rows = list(session.scalars(select(Clock).where(Clock.id > after).order_by(Clock.id).limit(limit)))
    events = read(session, [row.id for row in rows])
    wrong = tuple(row.id for row in rows if compared(row, events[row.id], now) or is_unfilled(row, events[row.id]))
    misplaced = tuple(place.root_id for place in _misplaced(session, {row.case_id for row in rows}))
    return Seen(rows[-1].id if rows else after, len(rows), wrong, misplaced)


def settle(session: Session, refold_id: int, seen: Seen, act: Act, *, after: int) -> bool:
    """Look again at what looked wrong, with its cases locked; write differences down and put open clocks right.

    Queues what comes next. False where somebody was quicker with this piece.
    """
    row = session.get_one(Refold, refold_id, with_for_update=True, populate_existing=True)
    if row.finished_at is not None or row.cursor != after:
        return False
    row.differing += len(_settled(session, row, seen, act))
    row.cursor, row.looked_at = seen.last, row.looked_at + seen.count
    session.flush()
    if seen.count == PIECE:
        return _queue(session, row.id, row.cursor, act.now)
    row.finished_at = act.now
    if row.differing:
        _tell(session, row, act)
    return True


def every_difference(session: Session, now: datetime) -> Iterator[tuple[int, Difference]]:
    """All that is wrong now, with the case each belongs to; repairs nothing."""
    after, seen = 0, Seen(0, PIECE, (), ())
    while seen.count == PIECE:
        seen = look(session, after, now)
        after = seen.last
        events = read(session, seen.clocks)
        for row in session.scalars(select(Clock).where(Clock.id.in_(seen.clocks)).order_by(Clock.id)):
            yield from ((row.case_id, each) for each in compared(row, events[row.id], now))
        for place in _misplaced(session, seen.roots):
            yield from ((place.root_id, each) for each in place.differences)


def _settled(session: Session, refold: Refold, seen: Seen, act: Act) -> set[int]:
    """The clocks that do differ, each with its differences written down."""
    owners = set(session.scalars(select(Clock.case_id).where(Clock.id.in_(seen.clocks))))
    locking = sorted({*owners, *seen.roots})
    if not locking:
        return set()
    cases.locked_trees(session, *locking)
    events = read(session, seen.clocks)
    rows = [session.get_one(Clock, clock_id, populate_existing=True) for clock_id in seen.clocks]
    differing = {row.id for row in rows if _mended(session, row, events[row.id], refold, act.now)}
    session.flush()
    for place in _misplaced(session, locking):
        differing.add(place.differences[0].clock_id)
        root = session.get_one(Case, place.root_id)
        root.queue_at, root.at_risk_at = place.queue_at, place.at_risk_at
        session.add_all(_kept(refold, each, True, act.now) for each in place.differences)
    session.flush()
    return differing


def _mended(session: Session, row: Clock, events: Read, refold: Refold, now: datetime) -> bool:
    """Write down what differs, and put right what decides nothing. False where nothing differs."""
    found = compared(row, events, now)
    if [each.column for each in found] == [EVENTS]:
        session.add(_kept(refold, found[0], False, now))
        return True
    unfilled = clock.said(events, now) if not isinstance(events, Unreadable) and is_unfilled(row, events) else {}
    for name in ADDED if unfilled else ():
        setattr(row, name, unfilled[name])
    is_open, is_decided = row.state in OPEN, row.verdict is not None
    for each in found:
        repaired = is_open and not (is_decided and each.column in DECIDED)
        session.add(_kept(refold, each, repaired, now))
        if repaired:
            setattr(row, each.column, each.value)
    if found and is_open:
        row.notice_at = clock.next_notice(row)
    return bool(found)


@dataclass(frozen=True)
class _Place:
    """Where a root belongs in the queue, and what its row says instead."""

    root_id: int
    queue_at: datetime
    at_risk_at: datetime | None
    differences: tuple[Difference, ...]


def _misplaced(session: Session, case_ids: Collection[int]) -> list[_Place]:
    """The roots of these cases that do not stand in the queue where the clocks of their tree put them."""
    roots = select(Case.root_id).where(Case.id.in_(case_ids))
    promised = Clock.due_at.isnot(None) & Clock.name.in_(PROMISES)
    rows = session.execute(
        select(
            Case.root_id,
            func.min(Clock.id),
            func.min(case((promised, Clock.due_at))),
            func.min(case((promised, Clock.at_risk_at))),
        )
        .join(Clock, Clock.case_id == Case.id)
        .where(Case.root_id.in_(roots))
        .group_by(Case.root_id)
    ).all()
    wanted = {root_id: (clock_id, due_at or FAR, at_risk_at) for root_id, clock_id, due_at, at_risk_at in rows}
    found = session.scalars(select(Case).where(Case.id.in_(wanted))).all()
    places = [_place(root, *wanted[root.id]) for root in found]
    return [each for each in places if each.differences]


def _place(root: Case, clock_id: int, queue_at: datetime, at_risk_at: datetime | None) -> _Place:
    said = (("queue_at", root.queue_at, queue_at), ("at_risk_at", root.at_risk_at, at_risk_at))
    wrong = tuple(Difference(clock_id, f"case.{name}", old, new) for name, old, new in said if old != new)
    return _Place(root.id, queue_at, at_risk_at, wrong)


def _kept(refold: Refold, found: Difference, repaired: bool, now: datetime) -> ClockDifference:
    return ClockDifference(
        refold_id=refold.id,
        clock_id=found.clock_id,
        column=found.column,
        cached=written(found.cached),
        folded=written(found.value),
        repaired=repaired,
        found_at=now,
    )


def _queue(session: Session, refold_id: int, after: int, now: datetime) -> bool:
    key = f"refold:{refold_id}:{after}"
    return jobs.put(session, "refold", {"refold_id": refold_id, "after": after}, now=now, unique_key=key)


def _tell(session: Session, row: Refold, act: Act) -> None:
    """One letter a night to admins and leads; it hangs on the case of the first difference."""
    first = session.scalar(
        select(Clock.case_id)
        .join(ClockDifference, ClockDifference.clock_id == Clock.id)
        .where(ClockDifference.refold_id == row.id)
        .order_by(ClockDifference.id)
        .limit(1)
    )
    args = {"notice": "clocks_differ", "case_id": first, "round": row.id, "differing": row.differing}
    jobs.put(session, "notify", args, now=act.now, unique_key=f"notify:clocks_differ:{row.id}")
