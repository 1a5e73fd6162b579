"""Many clocks at once: their events in two statements, the open ones page by page, changes and nightly looks."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session

from request_tracker.rules.calendar import MICROSECOND, Calendar, coordinate
from request_tracker.rules.clock_veil import veiled
from request_tracker.rules.people import Viewer
from request_tracker.rules.sla import ClockEvent, EventKind, fold
from request_tracker.rules.terms import HoldReason
from request_tracker.store import reading_timeline
from request_tracker.store.case_rows import TimelineRow
from request_tracker.store.cases import Case, case_number
from request_tracker.store.clock_changes import ClockChange
from request_tracker.store.clocks import CalendarVersion, Clock, ClockEventRow, as_event, calendars_of, events_of
from request_tracker.store.holds import Hold
from request_tracker.store.people import Person
from request_tracker.store.refolds import ClockDifference, Refold
from request_tracker.store.timeline import Entry

LIVE = ("running", "paused")
SECOND = timedelta(seconds=1)
BATCH = 500
LISTED = 100


class Calendars:
    """The versions by id, each read and built once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[int, Calendar] = {}

    def of(self, ids: Collection[int]) -> dict[int, Calendar]:
        missing = set(ids) - self._known.keys()
        if missing:
            wanted = select(CalendarVersion.id, CalendarVersion.body).where(CalendarVersion.id.in_(missing))
            self._known |= {each: Calendar.from_json(body) for each, body in self._session.execute(wanted)}
        return self._known


@dataclass(frozen=True)
class Present:
    """What passes with time alone: `breached_at` is the due instant that has passed, event or none. `calendar`: the
    one it counts by while it runs."""

    elapsed_s: float
    verdict: str | None
    breached_at: datetime | None
    calendar: Calendar | None = None


@dataclass(frozen=True)
class OpenClock:
    """A clock that runs or stands still, with what it belongs to."""

    id: int
    case_id: int
    name: str
    cycle: int
    service_name: str
    events: tuple[ClockEvent, ...]

    @property
    def number(self) -> str:
        return case_number(self.case_id)


@dataclass(frozen=True)
class ChangeRow:
    """A decision as the page tells it. `of`: how many clocks it concerns, those to come included."""

    id: int
    kind: str
    clock_id: int | None
    number: str | None
    name: str | None
    calendar_id: int | None
    target_days: float | None
    reason: str
    by: str
    at: datetime
    applied: int
    skipped: int
    of: int
    done_at: datetime | None


@dataclass(frozen=True)
class NightRow:
    day: str
    started_at: datetime
    finished_at: datetime | None
    looked_at: int
    differing: int


@dataclass(frozen=True)
class DifferenceRow:
    number: str
    name: str
    cycle: int
    column: str
    cached: str
    folded: str
    repaired: bool
    found_at: datetime


def events_of_many(session: Session, clock_ids: Collection[int], calendars: Calendars) -> dict[int, list[ClockEvent]]:
    """The events of each clock as the fold takes them, in one statement (and one for calendars not met before)."""
    of_these = select(ClockEventRow.__table__).where(ClockEventRow.clock_id.in_(clock_ids))
    rows = session.execute(of_these.order_by(ClockEventRow.clock_id, ClockEventRow.id)).all()
    known = calendars.of({row.calendar_id for row in rows if row.calendar_id is not None})
    found: dict[int, list[ClockEvent]] = defaultdict(list)
    for row in rows:
        found[row.clock_id].append(as_event(row, known))
    return found


def present(session: Session, rows: Sequence[Clock], now: datetime) -> dict[int, Present]:
    """Where clocks stand as of now, by id. The columns of one that runs are as old as its last event; one from before
    migration 0019 is folded. One statement for their calendars, at most two more for those to be folded."""
    running = [row for row in rows if row.state == "running"]
    known = calendars_of(session, {row.calendar_id for row in running if row.calendar_id is not None})
    unfilled = [row.id for row in running if row.zero_us is None or row.calendar_id is None]
    events = events_of_many(session, unfilled, Calendars(session)) if unfilled else {}
    return {row.id: _present(row, known, events, now) for row in rows}


def _present(
    row: Clock, known: Mapping[int, Calendar], events: Mapping[int, Sequence[ClockEvent]], now: datetime
) -> Present:
    if row.id in events:
        state = fold(events[row.id], as_of=now)
        return Present(state.elapsed / SECOND, state.verdict, state.breached_at, state.calendar)
    if row.state != "running" or row.zero_us is None or row.calendar_id is None:
        return Present(row.elapsed_s, row.verdict, row.breached_at)
    calendar = known[row.calendar_id]
    elapsed = (coordinate(calendar, now) - row.zero_us) * MICROSECOND
    late = row.breached_at or (row.due_at if row.due_at is not None and row.due_at < now else None)
    return Present(elapsed / SECOND, "breached" if late else None, late, calendar)


def readable(
    session: Session, clock: Clock, viewer: Viewer, now: datetime, *, full: bool = True
) -> tuple[ClockEvent, ...]:
    """The clock's events as this reader may know them: staff all of it; the account that leads the case (`full`) what
    was waited for while they led it; others nothing of why."""
    events = events_of(session, clock.id)
    if viewer.is_staff:
        return tuple(events)
    return veiled(events, _own_waits(session, clock, viewer) if full else (), as_of=now)


def _own_waits(session: Session, clock: Clock, viewer: Viewer) -> set[int]:
    """The pauses that began while the viewer's account led the case: an entry is the leading account's. A new clock
    pauses at once for what the case waits for already; what was asked of somebody before stays theirs."""
    asked_before = exists().where(
        Hold.case_id == clock.case_id,
        Hold.account_id != viewer.account_id,
        Hold.reason == ClockEventRow.reason,
        Hold.since <= ClockEventRow.effective_at,
        Hold.ended_at.is_(None) | (Hold.ended_at > ClockEventRow.effective_at),
    )
    found = (
        select(ClockEventRow.id)
        .join(Entry, Entry.id == ClockEventRow.caused_by_id)
        .where(
            ClockEventRow.clock_id == clock.id,
            ClockEventRow.kind == EventKind.PAUSE,
            ClockEventRow.reason.in_(list(HoldReason)),
            Entry.account_id == viewer.account_id,
            ~asked_before,
        )
    )
    return set(session.scalars(found))


def causes(session: Session, clock_id: int, viewer: Viewer) -> dict[int, TimelineRow]:
    """What brought each event of the clock, by event id, as far as the viewer may read it."""
    wanted = select(ClockEventRow.id, ClockEventRow.caused_by_id).where(ClockEventRow.clock_id == clock_id)
    caused = {event_id: entry_id for event_id, entry_id in session.execute(wanted).all() if entry_id is not None}
    told = reading_timeline.entries_by_id(session, set(caused.values()), viewer)
    return {event_id: told[entry_id] for event_id, entry_id in caused.items() if entry_id in told}


def open_clocks(session: Session, *, clock_id: int | None = None, name: str | None = None) -> Iterator[OpenClock]:
    """The clocks that run or stand still: one, all of a name, or all, in the order of their ids."""
    calendars, after = Calendars(session), 0
    narrowed = [*([Clock.id == clock_id] if clock_id else []), *([Clock.name == name] if name else [])]
    while True:
        rows = session.execute(
            select(Clock.id, Clock.case_id, Clock.name, Clock.cycle, Case.service_name)
            .join(Case, Case.id == Clock.case_id)
            .where(Clock.id > after, Clock.state.in_(LIVE), *narrowed)
            .order_by(Clock.id)
            .limit(BATCH)
        ).all()
        events = events_of_many(session, [row.id for row in rows], calendars)
        yield from (OpenClock(*row, events=tuple(events[row.id])) for row in rows)
        if len(rows) < BATCH:
            return
        after = rows[-1].id


def concerned(change: ClockChange) -> tuple[ColumnElement[bool], ...]:
    """Which clocks a change still has before it: those that were open as it was decided."""
    open_then = Clock.state.in_(LIVE) | (Clock.stopped_at > change.at)
    return (
        Clock.id > change.cursor,
        Clock.started_at <= change.at,
        open_then,
        *([Clock.id == change.clock_id] if change.clock_id else []),
        *([Clock.name == change.name] if change.name else []),
    )


def changes(session: Session, *, limit: int = 20, change_id: int | None = None) -> tuple[ChangeRow, ...]:
    """The newest decisions first, or the one."""
    found = (
        select(ClockChange, Person.name, Clock.case_id)
        .join(Person, Person.id == ClockChange.by_id)
        .outerjoin(Clock, Clock.id == ClockChange.clock_id)
        .order_by(ClockChange.id.desc())
        .limit(limit)
    )
    rows = session.execute(found.where(ClockChange.id == change_id) if change_id else found).all()
    return tuple(_change(session, *row) for row in rows)


def nights(session: Session, *, limit: int = 14) -> tuple[NightRow, ...]:
    rows = session.scalars(select(Refold).order_by(Refold.id.desc()).limit(limit))
    return tuple(NightRow(row.day, row.started_at, row.finished_at, row.looked_at, row.differing) for row in rows)


def differences(session: Session, *, limit: int = LISTED) -> tuple[DifferenceRow, ...]:
    """What the nightly looks found, newest first."""
    rows: Sequence[Any] = session.execute(
        select(ClockDifference, Clock.case_id, Clock.name, Clock.cycle)
        .join(Clock, Clock.id == ClockDifference.clock_id)
        .order_by(ClockDifference.id.desc())
        .limit(limit)
    ).all()
    return tuple(
        DifferenceRow(case_number(case_id), name, cycle, row.column, row.cached, row.folded, row.repaired, row.found_at)
        for row, case_id, name, cycle in rows
    )


def calendar_versions(session: Session) -> tuple[CalendarVersion, ...]:
    """Every version there is, newest first."""
    return tuple(session.scalars(select(CalendarVersion).order_by(CalendarVersion.id.desc())))


def _change(session: Session, row: ClockChange, by: str, case_id: int | None) -> ChangeRow:
    left = 0
    if row.done_at is None:
        left = session.scalar(select(func.count()).select_from(Clock).where(*concerned(row))) or 0
    number = case_number(case_id) if case_id else None
    return ChangeRow(
        row.id, row.kind, row.clock_id, number, row.name, row.calendar_id, row.target_days, row.reason, by, row.at,
        row.applied, row.skipped, row.applied + row.skipped + left, row.done_at,
    )  # fmt: skip
