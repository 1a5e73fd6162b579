"""Clocks are started, paused and stopped by appending events; the columns beside them are folded anew each time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.rules.calendar import days
from request_tracker.rules.people import Act
from request_tracker.rules.phases import CLOCKS
from request_tracker.rules.sla import LIVE, ClockEvent, EventKind, fold
from request_tracker.rules.terms import Phase
from request_tracker.store import cases, clocks, holds, jobs, policies
from request_tracker.store.base import FAR
from request_tracker.store.cases import Case
from request_tracker.store.clock_changes import decided_since
from request_tracker.store.clocks import CalendarVersion, Clock, ClockEventRow

OPEN = ("pending", "running", "paused")
ENDINGS = (EventKind.STOP, EventKind.CANCEL)
BREACH = 100


@dataclass(frozen=True)
class Cause:
    """What makes a clock move: the act, and the timeline entry that undo would take back."""

    act: Act
    entry_id: int | None
    reason: str = ""


@dataclass(frozen=True)
class Change:
    """Another target (working time) or another calendar, counting from `at` on."""

    kind: EventKind
    at: datetime
    target: timedelta | None = None
    calendar: CalendarVersion | None = None


def start(session: Session, case: Case, name: str, cause: Cause, *, target: str = "") -> Clock:
    """Start the clock: a paused one goes on, a running one stays, an ended one begins a new cycle.

    `target` names another number of working days than the clock's usual one. What the case waits for pauses it again.
    """
    clock = clocks.latest(session, case.id, name)
    if clock is None or clock.state not in OPEN:
        clock = _new(session, case, name, cycle=clock.cycle + 1 if clock else 1)
        _begin(session, clock, cause, target or name)
    elif clock.state == "paused":
        _append(session, clock, EventKind.RESUME, cause)
    for waiting in holds.open_holds(session, case.id):
        _append(session, clock, EventKind.PAUSE, Cause(cause.act, cause.entry_id, waiting.reason))
    _refold(session, clock, cause.act.now)
    refresh(session, case)
    return clock


def stop(session: Session, root: Case, name: str, cause: Cause) -> None:
    """Stop the clock on every case of the tree: the root's verdict answers the merged requests too."""
    _each_open(session, root, EventKind.STOP, cause, only=(name,))


def cancel(session: Session, root: Case, names: tuple[str, ...], cause: Cause) -> None:
    """Cancel the named clocks on every case of the tree (all of them when no name is given)."""
    _each_open(session, root, EventKind.CANCEL, cause, only=names)


def pause(session: Session, case: Case, reason: str, cause: Cause, *, only: tuple[str, ...] = ()) -> None:
    _each_of(session, case, EventKind.PAUSE, Cause(cause.act, cause.entry_id, reason), only=only)


def resume(session: Session, case: Case, reason: str, cause: Cause) -> None:
    """The wait is over. A build whose access was lost stays paused until the build is started again."""
    building = Phase(case.phase) is Phase.DEVELOPMENT
    only = tuple(name for name in CLOCKS if building or name != "build")
    _each_of(session, case, EventKind.RESUME, Cause(cause.act, cause.entry_id, reason), only=only)


def change(session: Session, clock: Clock, event: Change, cause: Cause) -> None:
    """Give a running clock another target or calendar, from `event.at` on. The caller refreshes the root.

    What was told stays told: each threshold is told once in a clock's life, whatever targets it gets.
    """
    _append(session, clock, event.kind, cause, at=event.at, target=event.target, calendar=event.calendar)
    _refold(session, clock, cause.act.now)


def stop_own(session: Session, case: Case, cause: Cause) -> None:
    """Stop the review of one merged case whose root has a verdict already."""
    _each_of(session, case, EventKind.STOP, cause, only=("review",))


def void_caused_by(session: Session, entry_id: int, cause: Cause, *, only: EventKind | None = None) -> None:
    """Take back every clock event (of one kind) that the undone entry caused and that still stands."""
    caused = ClockEventRow.caused_by_id == entry_id
    kinds = ClockEventRow.kind == only if only else ClockEventRow.kind != EventKind.VOID
    rows = session.scalars(select(ClockEventRow).where(caused, kinds)).all()
    for row in rows:
        clock = session.get_one(Clock, row.clock_id)
        if row.id in {event.voids for event in clocks.events_of(session, clock.id)}:
            continue
        _append(session, clock, EventKind.VOID, cause, voids=row.id, at=row.effective_at)
        _refold(session, clock, cause.act.now)
        if row.kind in ENDINGS:
            _catch_up_later(session, clock, cause)
        refresh(session, session.get_one(Case, clock.case_id))


def restore_voided(session: Session, entry_id: int, cause: Cause) -> None:
    """Write again, as they were, the events that the undone entry had taken back."""
    voids = select(ClockEventRow).where(ClockEventRow.caused_by_id == entry_id, ClockEventRow.kind == EventKind.VOID)
    for row in session.scalars(voids.order_by(ClockEventRow.id)).all():
        old = session.get_one(ClockEventRow, row.voids_id)
        clock = session.get_one(Clock, old.clock_id)
        session.add(
            ClockEventRow(
                clock_id=old.clock_id,
                kind=old.kind,
                effective_at=old.effective_at,
                recorded_at=cause.act.now,
                reason=old.reason,
                target_s=old.target_s,
                calendar_id=old.calendar_id,
                caused_by_id=old.caused_by_id,
            )
        )
        session.flush()
        _refold(session, clock, cause.act.now)
        refresh(session, session.get_one(Case, clock.case_id))


def span_as_pause(session: Session, case: Case, since: datetime, cause: Cause) -> None:
    """The time a case spent merged counts as a pause of its open clocks; a broken promise stays broken."""
    for clock in clocks.of_case(session, case.id):
        if clock.state in OPEN and clock.breached_at is None:
            _append(session, clock, EventKind.PAUSE, cause, at=since)
            _append(session, clock, EventKind.RESUME, cause)
            _refold(session, clock, cause.act.now)
    refresh(session, case)


def reopen_since(session: Session, case: Case, since: datetime, cause: Cause) -> None:
    """Void every stop and cancellation of the case's clocks from an instant on: somebody else's verdict caused them."""
    for clock in clocks.of_case(session, case.id):
        events = clocks.events_of(session, clock.id)
        voided = {event.voids for event in events}
        later = [each for each in events if each.kind in ENDINGS and each.effective_at >= since]
        ends = [each for each in later if each.id not in voided]
        for event in ends:
            _append(session, clock, EventKind.VOID, cause, voids=event.id, at=event.effective_at)
        _refold(session, clock, cause.act.now)
        if ends:
            _catch_up_later(session, clock, cause)
    refresh(session, case)


def refresh(session: Session, case: Case) -> None:
    """Keep on the root's row what the queue sorts by: the first promise that is due in its tree."""
    root = cases.root_of(session, case)
    root.queue_at, root.at_risk_at = place_in_queue(session, root)


def place_in_queue(session: Session, root: Case) -> tuple[datetime, datetime | None]:
    """When the first promise of the tree is due, and when the first is at risk."""
    due = [FAR]
    at_risk = []
    for each in cases.tree(session, root.id):
        for clock in clocks.of_case(session, each.id):
            if clock.due_at is not None and not CLOCKS[clock.name].internal:
                due.append(clock.due_at)
                at_risk += [clock.at_risk_at] if clock.at_risk_at else []
    return min(due), min(at_risk, default=None)


def refold(session: Session, clock: Clock, now: datetime) -> bool:
    """Fold the events again; True when a cached column was wrong."""
    before = (clock.state, clock.due_at, clock.verdict, clock.breached_at)
    _refold(session, clock, now)
    return before != (clock.state, clock.due_at, clock.verdict, clock.breached_at)


def _catch_up_later(session: Session, clock: Clock, cause: Cause) -> None:
    """It goes on as if it had never ended: what leads decided about running clocks meanwhile is for it too."""
    if clock.state in LIVE and clock.started_at is not None and decided_since(session, clock.started_at):
        key = f"catch_up:{clock.id}:{cause.entry_id}"
        jobs.put(session, "catch_up", {"clock_id": clock.id}, now=cause.act.now, unique_key=key)


def _each_open(session: Session, root: Case, kind: EventKind, cause: Cause, *, only: tuple[str, ...]) -> None:
    for each in cases.tree(session, root.id):
        _each_of(session, each, kind, cause, only=only)


def _each_of(session: Session, case: Case, kind: EventKind, cause: Cause, *, only: tuple[str, ...]) -> None:
    for clock in clocks.of_case(session, case.id):
        if clock.state in OPEN and (not only or clock.name in only):
            _append(session, clock, kind, cause)
            _refold(session, clock, cause.act.now)
    refresh(session, case)


def _new(session: Session, case: Case, name: str, *, cycle: int) -> Clock:
    clock = Clock(case_id=case.id, account_id=case.account_id, name=name, cycle=cycle, state="pending", target_s=0.0)
    session.add(clock)
    session.flush()
    return clock


def _begin(session: Session, clock: Clock, cause: Cause, target: str) -> None:
    version = clocks.newest_calendar(session)
    number = policies.target_days(session, cause.act.program)[target]
    _append(session, clock, EventKind.START, cause, target=days(version.calendar, number), calendar=version)


def _append(
    session: Session,
    clock: Clock,
    kind: EventKind,
    cause: Cause,
    *,
    at: datetime | None = None,
    target: timedelta | None = None,
    calendar: CalendarVersion | None = None,
    voids: int | None = None,
) -> None:
    session.add(
        ClockEventRow(
            clock_id=clock.id,
            kind=kind,
            effective_at=at or cause.act.now,
            recorded_at=cause.act.now,
            reason=cause.reason,
            voids_id=voids,
            target_s=target.total_seconds() if target else None,
            calendar_id=calendar.id if calendar else None,
            caused_by_id=cause.entry_id,
        )
    )
    session.flush()


def _refold(session: Session, clock: Clock, now: datetime) -> None:
    events: list[ClockEvent] = clocks.events_of(session, clock.id)
    for name, value in said(events, now).items():
        setattr(clock, name, value)
    clock.notice_at = next_notice(clock)
    session.flush()


def said(events: Sequence[ClockEvent], now: datetime) -> dict[str, Any]:
    """What the events say of the cached columns; a clock whose start was taken back is void."""
    voided = {event.voids for event in events if event.kind is EventKind.VOID}
    begun = any(event.kind is EventKind.START and event.id not in voided for event in events)
    found = clocks.cached(fold(events, as_of=now), now)
    return found if begun else {**found, "state": "void"}


def level(clock: Clock, now: datetime) -> int:
    """The highest threshold the clock has reached: 75, 90, 100 for the breach, or 0. What ends as it is due is kept.

    A broken promise stays broken, though it may stand still by now or have another date.
    """
    if clock.breached_at is not None or (clock.due_at is not None and clock.due_at < now):
        return BREACH
    steps = ((90, clock.urgent_at), (75, clock.at_risk_at))
    return next((percent for percent, at in steps if at is not None and at <= now), 0)


def next_notice(clock: Clock) -> datetime | None:
    """When the next notice about an open clock is due: at 75 %, at 90 %, at the breach; while it stands still, of a
    breach before that alone."""
    if clock.state not in LIVE or clock.warned >= BREACH:
        return None
    if clock.breached_at is not None:
        return clock.breached_at
    steps = ((75, clock.at_risk_at), (90, clock.urgent_at), (BREACH, clock.due_at))
    return next((at for percent, at in steps if percent > clock.warned and at is not None), None)
