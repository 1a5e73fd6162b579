"""SLA clocks and their append-only events; versions of the working calendar. Due instants are cached columns."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Row, String, Text, bindparam, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.rules.calendar import Calendar
from request_tracker.rules.phases import CLOCKS
from request_tracker.rules.sla import ClockEvent, ClockState, EventKind
from request_tracker.store.base import Base, one_of, partial, tied
from request_tracker.store.once import once


class CalendarVersion(Base):
    """An immutable working calendar; the newest is used for new clocks. `reason` says why there is a new one."""

    __tablename__ = "calendar"
    id: Mapped[int] = mapped_column(primary_key=True)
    body: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    reason: Mapped[str] = mapped_column(Text, default="", server_default="")

    @property
    def calendar(self) -> Calendar:
        return Calendar.from_json(self.body)


class Clock(Base):
    """The columns from `state` to `paused` are a cache of the fold over the events, see `cached`.

    `calendar_id`: the calendar it counts by now. `zero_us`: ClockState.zero_us, kept while it runs. `paused`: working
    seconds by reason, kept up to the last event. `warned`: percent of the target about which notices went out (0, 75,
    90, 100 for the breach); `notice_at`: when the next one is due.
    """

    __tablename__ = "clock"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    name: Mapped[str] = mapped_column(String(30))
    cycle: Mapped[int]
    state: Mapped[str] = mapped_column(String(20))
    started_at: Mapped[datetime | None]
    stopped_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    at_risk_at: Mapped[datetime | None]
    urgent_at: Mapped[datetime | None]
    target_s: Mapped[float]
    elapsed_s: Mapped[float] = mapped_column(default=0.0)
    verdict: Mapped[str | None] = mapped_column(String(10))
    breached_at: Mapped[datetime | None]
    calendar_id: Mapped[int | None] = mapped_column(ForeignKey("calendar.id"))
    zero_us: Mapped[int | None] = mapped_column(BigInteger)
    paused: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    warned: Mapped[int] = mapped_column(default=0)
    notice_at: Mapped[datetime | None]
    __table_args__ = (
        one_of("name", CLOCKS),
        one_of("state", ("pending", "running", "paused", "stopped", "cancelled", "void")),
        one_of("verdict", ("met", "breached")),
        tied("due_at IS NULL OR state = 'running'", "due_while_running"),
        tied("(breached_at IS NOT NULL) = (verdict IS NOT NULL AND verdict = 'breached')", "breached_has_time"),
        tied("zero_us IS NULL OR state = 'running'", "zero_while_running"),
        tied("stopped_at IS NULL OR state IN ('stopped', 'cancelled')", "stopped_has_state"),
        Index("uq_clock_cycle", "case_id", "name", "cycle", unique=True),
        Index("ix_clock_stopped", "stopped_at", "verdict", "name"),
        partial("ix_clock_breached", "breached_at", "name", where="breached_at IS NOT NULL"),
        partial("ix_clock_unkept", "stopped_at", where="calendar_id IS NULL"),
        partial("ix_clock_due", "due_at", where="due_at IS NOT NULL"),
        partial("ix_clock_notice", "notice_at", where="notice_at IS NOT NULL"),
    )


class ClockEventRow(Base):
    """`caused_by_id` is the timeline entry that caused it: undo voids the events of that entry."""

    __tablename__ = "clock_event"
    id: Mapped[int] = mapped_column(primary_key=True)
    clock_id: Mapped[int] = mapped_column(ForeignKey("clock.id"))
    kind: Mapped[str] = mapped_column(String(20))
    effective_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(Text, default="")
    voids_id: Mapped[int | None] = mapped_column(ForeignKey("clock_event.id"))
    target_s: Mapped[float | None]
    calendar_id: Mapped[int | None] = mapped_column(ForeignKey("calendar.id"))
    caused_by_id: Mapped[int | None] = mapped_column(ForeignKey("timeline.id"))
    __table_args__ = (
        one_of("kind", EventKind),
        tied("(kind = 'void') = (voids_id IS NOT NULL)", "void_names_event"),
        tied("kind <> 'start' OR (target_s IS NOT NULL AND calendar_id IS NOT NULL)", "start_is_complete"),
        Index("ix_clock_event_clock", "clock_id", "id"),
        Index("ix_clock_event_caused_by", "caused_by_id"),
        Index("ix_clock_event_recorded", "recorded_at", "clock_id"),
        partial("ix_clock_event_late", "recorded_at", "clock_id", where="effective_at < recorded_at"),
    )


_NEWEST_CALENDAR = select(CalendarVersion).order_by(CalendarVersion.id.desc()).limit(1)
_CALENDARS = select(CalendarVersion).where(CalendarVersion.id.in_(bindparam("ids", expanding=True)))
_OF_CASE = select(Clock).where(Clock.case_id == bindparam("case_id")).order_by(Clock.id)
_EVENTS = (
    select(ClockEventRow)
    .where(ClockEventRow.clock_id.in_(bindparam("clock_ids", expanding=True)))
    .order_by(ClockEventRow.id)
)


@once
def newest_calendar(session: Session) -> CalendarVersion:
    found = session.scalar(_NEWEST_CALENDAR)
    if found is None:
        raise LookupError("There is no working calendar yet: run `request-tracker seed`")
    return found


def calendar_of(session: Session, calendar_id: int) -> Calendar:
    row = session.get(CalendarVersion, calendar_id)
    assert row is not None, "calendar_id has a foreign key"
    return row.calendar


def calendars_of(session: Session, ids: Collection[int]) -> dict[int, Calendar]:
    """The versions by id, in one statement."""
    return dict(_calendars_of(session, frozenset(ids))) if ids else {}


@once
def _calendars_of(session: Session, ids: frozenset[int]) -> dict[int, Calendar]:
    return {row.id: row.calendar for row in session.scalars(_CALENDARS, {"ids": list(ids)})}


@once
def of_case(session: Session, case_id: int) -> list[Clock]:
    return list(session.scalars(_OF_CASE, {"case_id": case_id}))


def latest(session: Session, case_id: int, name: str) -> Clock | None:
    found = select(Clock).where(Clock.case_id == case_id, Clock.name == name).order_by(Clock.cycle.desc()).limit(1)
    return session.scalar(found)


def events_of(session: Session, clock_id: int) -> list[ClockEvent]:
    """The clock's events as the fold takes them."""
    return events_of_all(session, [clock_id])[clock_id]


def events_of_all(session: Session, clock_ids: Collection[int]) -> dict[int, list[ClockEvent]]:
    """The events of each of these clocks, in at most two statements."""
    rows = session.scalars(_EVENTS, {"clock_ids": list(clock_ids)}).all()
    calendars = calendars_of(session, {row.calendar_id for row in rows if row.calendar_id is not None})
    told: dict[int, list[ClockEvent]] = {each: [] for each in clock_ids}
    for row in rows:
        told[row.clock_id].append(as_event(row, calendars))
    return told


def as_event(row: ClockEventRow | Row[Any], calendars: Mapping[int, Calendar]) -> ClockEvent:
    """One stored event (a mapped row, or its columns) as the fold takes it."""
    return ClockEvent(
        id=row.id,
        kind=EventKind(row.kind),
        effective_at=row.effective_at,
        recorded_at=row.recorded_at,
        reason=row.reason,
        voids=row.voids_id,
        target=None if row.target_s is None else timedelta(seconds=row.target_s),
        calendar=None if row.calendar_id is None else calendars[row.calendar_id],
        calendar_id=row.calendar_id,
    )


def cached(state: ClockState, now: datetime) -> dict[str, Any]:
    """What the clock's row keeps of the fold as of now: the columns from `state` to `paused`."""
    return {
        "state": str(state.state),
        "started_at": state.started_at,
        "stopped_at": state.stopped_at,
        "due_at": state.due_at,
        "at_risk_at": state.at_risk_at,
        "urgent_at": state.urgent_at,
        "target_s": state.target.total_seconds() if state.target else 0.0,
        "elapsed_s": state.elapsed.total_seconds(),
        "verdict": state.verdict,
        "breached_at": state.breached_at,
        "calendar_id": state.calendar_id,
        "zero_us": state.zero_us(now),
        "paused": {reason: spent.total_seconds() for reason, spent in state.paused_for},
    }
