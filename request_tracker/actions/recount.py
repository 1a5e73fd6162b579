"""Running clocks get another target or calendar: looked at first, decided by a lead, applied piece by piece.

A new target keeps the time that has elapsed; a new calendar counts from the decision on. What is decided already stays:
stopped and cancelled clocks are left alone, and a broken promise stays broken whatever its new date is. Decisions are
made one at a time and applied in their order (recount_pieces).
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from request_tracker.actions import auditing
from request_tracker.actions.knowledge import Overtaken
from request_tracker.actions.recount_pieces import Behind as Behind
from request_tracker.actions.recount_pieces import catch_up as catch_up
from request_tracker.actions.recount_pieces import piece as piece
from request_tracker.actions.recount_pieces import queue
from request_tracker.actions.unfit import Unfit, short_enough
from request_tracker.rules.calendar import MICROSECOND, Calendar, add_working
from request_tracker.rules.people import Act
from request_tracker.rules.phases import CLOCKS
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.sla import LIVE, EventKind
from request_tracker.rules.terms import Role
from request_tracker.store import calendars, clock_changes, clocks
from request_tracker.store.clock_changes import ClockChange
from request_tracker.store.clocks import CalendarVersion, Clock

LEAST_DAYS, MOST_DAYS = 0.01, 1000


@dataclass(frozen=True)
class Wish:
    """What a lead wants. It concerns one clock, or all open ones of a name, or all of them.

    A retarget names `target_days`, working days of each clock's own calendar; a recalendar names `calendar_id`.
    """

    kind: EventKind
    clock_id: int | None = None
    name: str | None = None
    target_days: float | None = None
    calendar_id: int | None = None


def decide(session: Session, wish: Wish, act: Act, *, reason: str, seen: str | None = None) -> ClockChange:
    """Write the decision. One clock is changed at once, unless an earlier change is still under way; many are changed
    by the worker, counting from now all the same.

    `seen`: the `stamp` of what the person looked at. Sent twice, it is decided once. Raises NotAllowed, Unfit,
    Overtaken.
    """
    checked(session, wish, act)
    if not reason.strip():
        raise Unfit("reason", "Give the reason: it stands on every case the change touches")
    short_enough("reason", reason)
    calendars.one_decider(session)
    last = clock_changes.newest(session)
    if seen is not None and seen != stamp(session, wish):
        if last is not None and (_wish_of(last), last.by_id, last.reason) == (wish, act.who.id, reason.strip()):
            return last
        raise Overtaken("Something changed after you looked at this: look at what it would do now, then decide anew")
    now = max(act.now, last.at + MICROSECOND) if last else act.now  # each has an instant of its own, in their order
    return _decided(session, wish, replace(act, now=now), reason.strip())


def stamp(session: Session, wish: Wish) -> str:
    """What a look at a wish hangs on: the last change, the last calendar, how many clocks it concerns."""
    last = clock_changes.newest(session)
    concerned = session.scalar(select(func.count()).select_from(Clock).where(*_scope(wish)))
    return f"{last.id if last else 0}-{clocks.newest_calendar(session).id}-{concerned}"


def _decided(session: Session, wish: Wish, act: Act, reason: str) -> ClockChange:
    assert act.who.id is not None, "a lead is a person"
    row = ClockChange(
        kind=str(wish.kind),
        clock_id=wish.clock_id,
        name=wish.name,
        calendar_id=wish.calendar_id,
        target_days=wish.target_days,
        reason=reason,
        by_id=act.who.id,
        at=act.now,
    )
    session.add(row)
    session.flush()
    _note(session, row, act)
    if wish.clock_id is not None and not clock_changes.under_way(session, before=row.id):
        piece(session, row.id, act.now, act.program)
    else:
        queue(session, row, act.now)
    return row


def _note(session: Session, row: ClockChange, act: Act) -> None:
    which = f"promise {row.clock_id}" if row.clock_id else row.name or "all of them"
    told = {"clock": row.clock_id, "name": row.name, "calendar": row.calendar_id, "target_days": row.target_days}
    auditing.note(session, act, "clocks.changed", f"{row.kind} of {which}", change=row.id, reason=row.reason, **told)


def _wish_of(row: ClockChange) -> Wish:
    return Wish(EventKind(row.kind), row.clock_id, row.name, row.target_days, row.calendar_id)


def _scope(wish: Wish) -> tuple[ColumnElement[bool], ...]:
    """The open clocks the wish is about."""
    one = () if wish.clock_id is None else (Clock.id == wish.clock_id,)
    named = () if wish.name is None else (Clock.name == wish.name,)
    return Clock.state.in_(LIVE), *one, *named


def checked(session: Session, wish: Wish, act: Act) -> CalendarVersion | None:
    """The calendar of a recalendar. Raises NotAllowed, Unfit."""
    if act.who.role is not Role.LEAD:
        raise NotAllowed("Only a lead may change promises that run")
    if wish.name is not None and wish.name not in CLOCKS:
        raise Unfit("name", f"Choose one of: {', '.join(CLOCKS)}")
    _check_clock(session, wish)
    if wish.kind is EventKind.RETARGET:
        _check_target(wish)
        return None
    version = session.get(CalendarVersion, wish.calendar_id) if wish.calendar_id else None
    if version is None:
        raise Unfit("calendar", "Choose a version of the calendar")
    _check_reach(session, wish, Calendar.from_json(version.body), act.now)
    return version


def _check_clock(session: Session, wish: Wish) -> None:
    if wish.clock_id is None:
        return
    found = session.get(Clock, wish.clock_id)
    if found is None or found.state not in LIVE:
        raise Unfit("clock", "This promise does not run any more: what is decided stays as it is")


def _check_target(wish: Wish) -> None:
    if wish.clock_id is None and wish.name is None:
        raise Unfit("name", "Choose which promise gets the new target: one number cannot fit all of them")
    if wish.target_days is None or not LEAST_DAYS <= wish.target_days <= MOST_DAYS:
        raise Unfit("days", f"Enter a number of working days, from {LEAST_DAYS} to {MOST_DAYS}")


def _check_reach(session: Session, wish: Wish, calendar: Calendar, now: datetime) -> None:
    """What stands still is counted only once it runs again: too late to find that it would never be due."""
    longest = session.scalar(select(func.max(Clock.target_s)).where(*_scope(wish))) or 0
    try:
        add_working(calendar, now, timedelta(seconds=longest))
    except ValueError as fault:
        raise Unfit("calendar", f"This calendar has too little working time for these promises. {fault}") from fault
