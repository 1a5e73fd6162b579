"""Decided changes of running clocks, applied: one change after the other, each in pieces, and to clocks that come back.

What a change is for a clock (how many days are how long) hangs on the changes before it; so their order is kept.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.actions import clock, record
from request_tracker.actions.clock import Cause, Change
from request_tracker.rules.calendar import Calendar, day_length, days
from request_tracker.rules.people import Act
from request_tracker.rules.phases import CLOCKS
from request_tracker.rules.program import Program
from request_tracker.rules.sla import LIVE, ClockEvent, ClockState, EventKind, fold
from request_tracker.store import cases, clock_changes, clocks, jobs, people
from request_tracker.store.cases import Case
from request_tracker.store.clock_changes import ClockChange
from request_tracker.store.clocks import CalendarVersion, Clock
from request_tracker.store.people import Person
from request_tracker.store.reading_clocks import concerned

PIECE = 25


class Behind(Exception):
    """A change that was decided earlier is not wholly applied yet: this one waits for it."""


def piece(session: Session, change_id: int, now: datetime, program: Program, *, after: int = 0) -> bool:
    """Apply the change to the next clocks and queue what comes then, all in the caller's transaction. True while
    there is more.

    `after`: the cursor this piece was queued for. Where the row is past it, somebody was quicker and nothing is done.
    Raises Behind.
    """
    row = session.get_one(ClockChange, change_id, with_for_update=True, populate_existing=True)
    if row.done_at is not None or row.cursor != after:
        return False
    if clock_changes.under_way(session, before=row.id):
        raise Behind("A change of promises that was decided earlier comes first")
    wanted = select(Clock.id, Clock.case_id).where(*concerned(row)).order_by(Clock.id).limit(PIECE)
    found = session.execute(wanted).all()
    if found:
        cases.locked_trees(session, *sorted({case_id for _, case_id in found}))
    applied = _applied(session, row, [clock_id for clock_id, _ in found], now, program)
    row.applied, row.skipped = row.applied + applied, row.skipped + len(found) - applied
    row.cursor = found[-1].id if found else row.cursor
    row.done_at = now if len(found) < PIECE else None
    session.flush()
    if row.done_at is None:
        queue(session, row, now)
    return row.done_at is None


def queue(session: Session, row: ClockChange, now: datetime) -> None:
    key = f"recount:{row.id}:{row.cursor}"
    jobs.put(session, "recount", {"change_id": row.id, "after": row.cursor}, now=now, unique_key=key)


def catch_up(session: Session, clock_id: int, now: datetime, program: Program) -> int:
    """The clock's end was taken back: what was decided meanwhile is applied to it. Answers how many changes were.

    Twice does nothing twice. A change that has not come to this clock yet will do it itself.
    """
    case_id = session.get_one(Clock, clock_id).case_id
    cases.locked_trees(session, case_id)
    found = session.get_one(Clock, clock_id, populate_existing=True)
    return 0 if found.started_at is None else _caught_up(session, [found], now, program)


def to_come(
    session: Session, clock_id: int, name: str, events: Sequence[ClockEvent], changes: Iterable[ClockChange]
) -> list[ClockEvent]:
    """The clock's events with those that the changes under way will bring."""
    known = list(events)
    for row in changes:
        if row.cursor < clock_id and row.is_for(clock_id, name):
            then = fold(known, as_of=row.at)
            known += [_as_event(_change(row, then, version_of(session, row)), known)] if then.state in LIVE else []
    return known


def _applied(session: Session, row: ClockChange, clock_ids: Collection[int], now: datetime, program: Program) -> int:
    rows = [session.get_one(Clock, clock_id, populate_existing=True) for clock_id in clock_ids]
    _caught_up(session, rows, now, program, before=row.id)
    return sum(_apply(session, row, each, now, program) for each in rows)


def _caught_up(
    session: Session, rows: Collection[Clock], now: datetime, program: Program, *, before: int | None = None
) -> int:
    """Apply what the clocks missed, in order, up to the first change that is still on its way to them.

    What was applied already changes nothing as of its own instant, which no other change has.
    """
    since = min((each.started_at for each in rows if each.started_at is not None), default=None)
    if since is None:
        return 0
    changes = clock_changes.about(session, [each.id for each in rows], since=since, before=before)
    done = 0
    for found in rows:
        for row in changes:
            if row.done_at is None and row.cursor < found.id:
                break
            if row.is_for(found.id, found.name):
                done += _apply(session, row, found, now, program)
    return done


def _apply(session: Session, row: ClockChange, found: Clock, now: datetime, program: Program) -> bool:
    """Change one clock, unless it has ended since or the change means nothing to it."""
    now = max(now, row.at)  # the machine that decided may be ahead of the one that applies
    events = clocks.events_of(session, found.id)
    then = fold(events, as_of=row.at)
    if found.state not in LIVE or then.state not in LIVE:
        return False
    change = _change(row, then, version_of(session, row))
    changed = [*events, _as_event(change, events)]
    if not differs(then, fold(changed, as_of=row.at)):
        return False
    before, after = (fold(each, as_of=now) for each in (events, changed))
    act = Act(people.viewer_of(session.get_one(Person, row.by_id)), now, program)
    case = session.get_one(Case, found.case_id)
    entry = record.entry(
        session,
        case,
        act,
        f"clock.{row.kind}",
        data={
            "clock": found.id, "name": found.name, "cycle": found.cycle, "change": row.id,
            "before": _side(before), "after": _side(after),
        },
        words={"reason": row.reason},
        audience="staff",
    )  # fmt: skip
    clock.change(session, found, change, Cause(act, entry.id))
    clock.refresh(session, case)
    _tell_moved(session, case, found, before, after, act)
    return True


def _tell_moved(session: Session, case: Case, found: Clock, before: ClockState, after: ClockState, act: Act) -> None:
    """Everybody in the tree hears of the root's new date, once; what runs on inside a merged case is no promise."""
    if CLOCKS[found.name].internal or case.merged_into_id is not None:
        return
    if before.due_at is None or after.due_at is None or before.due_at == after.due_at:
        return
    if stays_overdue(before, after, act.now):
        return
    dates = {"before": before.due_at.isoformat(), "after": after.due_at.isoformat()}
    data = {"name": found.name, "cycle": found.cycle, **dates}
    entry = record.entry(session, case, act, "promise.moved", data=data, audience="public")
    record.notify(session, "promise_moved", case, act, entry, clock_id=found.id)


def stays_overdue(before: ClockState, after: ClockState, now: datetime) -> bool:
    """Whether the promise was broken before and has no date ahead of it now either: nothing new is promised."""
    return before.breached_at is not None and after.due_at is not None and after.due_at <= now


def _change(row: ClockChange, then: ClockState, version: CalendarVersion | None) -> Change:
    return Change(EventKind(row.kind), row.at, target_of(row.target_days, then), version)


def version_of(session: Session, row: ClockChange) -> CalendarVersion | None:
    return session.get_one(CalendarVersion, row.calendar_id) if row.calendar_id else None


def target_of(number: float | None, state: ClockState) -> timedelta | None:
    return days(state.calendar, number) if number is not None and state.calendar is not None else None


def _as_event(change: Change, events: Sequence[ClockEvent]) -> ClockEvent:
    version = change.calendar
    calendar = version.calendar if version else None
    return hypothetical(change.kind, change.at, events, change.target, calendar, version.id if version else None)


def hypothetical(
    kind: EventKind,
    at: datetime,
    events: Iterable[ClockEvent],
    target: timedelta | None,
    calendar: Calendar | None,
    calendar_id: int | None,
) -> ClockEvent:
    """The event as it would be stored: after all others of the same instant."""
    last = max(event.id for event in events)
    return ClockEvent(last + 1, kind, at, at, target=target, calendar=calendar, calendar_id=calendar_id)


def differs(before: ClockState, after: ClockState) -> bool:
    return (before.target, before.calendar_id) != (after.target, after.calendar_id)


def _side(state: ClockState) -> dict[str, Any]:
    """What the timeline keeps of a clock before and after."""
    assert state.calendar is not None, "an open clock has a calendar"
    assert state.target is not None, "and a target"
    return {
        "target_days": round(state.target / day_length(state.calendar), 4),
        "calendar": state.calendar_id,
        "due_at": state.due_at.isoformat() if state.due_at else None,
    }
