"""What one clock's cached columns say against what its events say, if they say anything."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from request_tracker.actions import clock
from request_tracker.rules.sla import ClockEvent
from request_tracker.store.clocks import Clock
from request_tracker.store.reading_clocks import Calendars, events_of_many

ADDED = ("calendar_id", "zero_us", "paused")
"""Columns that came with migration 0019: rows from before are filled in, and that is no difference."""
DECIDED = ("verdict", "breached_at")
GROWING = frozenset({"elapsed_s", "paused", *DECIDED})
"""What time alone changes: the row keeps what it was when somebody last looked."""

EVENTS = "events"
"""The column of a difference that lies in the events themselves: they cannot be folded, so they say nothing."""
UNFIT = (ValueError, LookupError, TypeError, ArithmeticError, AssertionError)
"""What reading or folding a broken row raises; trouble with the database is none of these and is not caught."""


@dataclass(frozen=True)
class Difference:
    """A cached column that does not say what the events say; `value` is what it should be."""

    clock_id: int
    column: str
    cached: Any
    value: Any


@dataclass(frozen=True)
class Unreadable:
    """Events that are none, with what is wrong with them."""

    fault: str


Read = Sequence[ClockEvent] | Unreadable


def compared(row: Clock, events: Read, now: datetime) -> list[Difference]:
    """Every cached column that does not say what the events say, for all that time alone may have changed since; or
    the one difference that the events cannot be read."""
    if isinstance(events, Unreadable):
        return [Difference(row.id, EVENTS, None, events.fault)]
    try:
        return _compared(row, events, now)
    except UNFIT as fault:
        return [Difference(row.id, EVENTS, None, _fault(fault))]


def read(session: Session, clock_ids: Collection[int]) -> dict[int, Read]:
    """The events of each clock. One broken row costs a statement a clock, and hides no other clock."""
    calendars = Calendars(session)
    try:
        found = events_of_many(session, clock_ids, calendars)
        return {each: found[each] for each in clock_ids}
    except UNFIT:
        return {each: _read_one(session, each, calendars) for each in clock_ids}


def _read_one(session: Session, clock_id: int, calendars: Calendars) -> Read:
    try:
        return events_of_many(session, [clock_id], calendars)[clock_id]
    except UNFIT as fault:
        return Unreadable(_fault(fault))


def _fault(fault: Exception) -> str:
    return f"{type(fault).__name__}: {fault}"


def _compared(row: Clock, events: Sequence[ClockEvent], now: datetime) -> list[Difference]:
    present = clock.said(events, now)
    wrong = [name for name, value in present.items() if getattr(row, name) != value]
    if events and not GROWING.isdisjoint(wrong):
        then = clock.said(events, max(event.recorded_at for event in events))
        wrong = [name for name in wrong if not _grew(name, getattr(row, name), then[name], present[name])]
    if is_unfilled(row, events):
        wrong = [name for name in wrong if name not in ADDED]
    found = [Difference(row.id, name, getattr(row, name), present[name]) for name in wrong]
    return found + _lost_notice(row, present["state"])


def _grew(name: str, cached: Any, then: Any, present: Any) -> bool:
    """Whether the cached value is what it was at some time since the last event."""
    if name == "elapsed_s":
        return bool(then <= cached <= present)
    if name == "paused":
        return bool(
            then.keys() == cached.keys() == present.keys()
            and all(then[reason] <= cached[reason] <= present[reason] for reason in then)
        )
    return name in DECIDED and cached in (then, present)


def is_unfilled(row: Clock, events: Read) -> bool:
    """Whether the row is from before migration 0019 and was not folded since."""
    if isinstance(events, Unreadable):
        return False
    return row.calendar_id is None and row.state != "void" and any(event.calendar_id for event in events)


def _lost_notice(row: Clock, state: str) -> list[Difference]:
    """A notice that would never go out, or one that nothing is left to tell of."""
    wanted = clock.next_notice(row) if row.state == state else None
    too_late = row.notice_at is not None and row.due_at is not None and row.notice_at > row.due_at
    if (wanted is None) == (row.notice_at is None) and not (too_late and wanted):
        return []
    return [Difference(row.id, "notice_at", row.notice_at, wanted)] if row.state == state else []


def written(value: Any) -> str:
    """A column's value as the difference keeps it: ISO instants, plain numbers, `nothing`."""
    if isinstance(value, datetime):
        return value.isoformat()
    return "nothing" if value is None else str(value)
