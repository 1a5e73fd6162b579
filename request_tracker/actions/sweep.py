"""What time brings by itself: notices about promises, questions that expire, connections to look at."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.actions import clock, hold, record
from request_tracker.actions.clock import BREACH
from request_tracker.rules.calendar import is_working
from request_tracker.rules.people import Act
from request_tracker.rules.terms import HoldReason
from request_tracker.store import cases, clocks, jobs
from request_tracker.store.cases import Case
from request_tracker.store.clocks import Clock
from request_tracker.store.connections import Connection
from request_tracker.store.holds import Hold

OPENS, CLOSES = time(8), time(18)
AT_ONCE = 200


def clocks_due(session: Session, act: Act) -> int:
    """Send the notices that are due, once per clock and threshold. Answers how many clocks were looked at."""
    due = (
        select(Clock)
        .where(Clock.notice_at <= act.now)
        .order_by(Clock.notice_at)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    found = list(session.scalars(due))
    for row in found:
        _tell(session, row, act)
    return len(found)


def holds_expired(session: Session, act: Act) -> int:
    """Questions whose time is over no longer stop the clocks."""
    over = select(Hold).where(Hold.ended_at.is_(None), Hold.expected_until <= act.now)
    found = [row for row in session.scalars(over) if HoldReason(row.reason).on_requester]
    for row in found:
        hold.expire(session, session.get_one(Case, row.case_id), row, act)
    return len(found)


def connections_due(session: Session, act: Act) -> int:
    """Queue a look at every connection whose time has come: webhooks make it quick, this makes it true."""
    due = select(Connection).where(Connection.check_after <= act.now, Connection.connection_id.isnot(None))
    found = list(session.scalars(due.limit(AT_ONCE)))
    for row in found:
        assert row.check_after is not None, "the statement asks for it"
        key = f"take_in:{row.connection_id}:{row.check_after.isoformat()}"
        jobs.put(session, "take_in", {"connection_id": row.connection_id}, now=act.now, unique_key=key)
        row.check_after = act.now + act.program.check_every
    return len(found)


def _tell(session: Session, row: Clock, act: Act) -> None:
    clock.refold(session, row, act.now)
    level = _level(row, act.now)
    if level > row.warned and level < BREACH and not in_hours(session, act):
        row.notice_at = min(_next_opening(act), row.due_at or datetime.max.replace(tzinfo=act.now.tzinfo))
        return
    if level > row.warned:
        row.warned = level
        case = session.get_one(Case, row.case_id)
        notice = "breach" if level == BREACH else "at_risk"
        data = {"clock": row.id, "name": row.name, "cycle": row.cycle, "percent": level}
        entry = record.entry(session, case, act, f"clock.{notice}", data=data, audience="staff")
        record.notify(session, notice, cases.root_of(session, case), act, entry, clock_id=row.id)
    row.notice_at = clock.next_notice(row)


def _level(row: Clock, now: datetime) -> int:
    """The highest threshold the clock has reached."""
    steps = ((BREACH, row.due_at), (90, row.urgent_at), (75, row.at_risk_at))
    return next((percent for percent, at in steps if at is not None and at <= now), 0)


def in_hours(session: Session, act: Act) -> bool:
    """Whether letters about promises at risk may go out now: 08:00 to 18:00 on a working day of the program."""
    calendar = clocks.calendar_of(session, clocks.newest_calendar(session).id)
    local = act.now.astimezone(ZoneInfo(act.program.zone))
    return OPENS <= local.time() < CLOSES and is_working(calendar, act.now)


def _next_opening(act: Act) -> datetime:
    local = act.now.astimezone(ZoneInfo(act.program.zone))
    day = local.date() if local.time() < OPENS else local.date() + timedelta(days=1)
    return datetime.combine(day, OPENS, tzinfo=ZoneInfo(act.program.zone))
