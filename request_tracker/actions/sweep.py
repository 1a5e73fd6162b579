"""What time brings by itself: notices about promises, questions that expire, connections to look at."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.actions import clock, heir, hold, record
from request_tracker.actions.clock import BREACH
from request_tracker.rules.calendar import is_working
from request_tracker.rules.people import Act
from request_tracker.rules.terms import HoldReason, Phase
from request_tracker.store import cases, clocks, evidence, heirs, jobs
from request_tracker.store.cases import Case
from request_tracker.store.clocks import Clock
from request_tracker.store.connections import Connection
from request_tracker.store.evidence import Evidence
from request_tracker.store.facts import reminders
from request_tracker.store.heirs import PrimaryAsk
from request_tracker.store.holds import Hold

OPENS, CLOSES = time(8), time(18)
AT_ONCE = 200
REMIND_EVERY = timedelta(days=7)


def clocks_due(session: Session, act: Act) -> int:
    """Send the notices that are due, once per clock and threshold. Answers how many clocks were looked at."""
    due = select(Clock.id, Clock.case_id).where(Clock.notice_at <= act.now).order_by(Clock.notice_at).limit(AT_ONCE)
    found = session.execute(due).all()
    # Every writer locks the case before its clocks, in id order, so that no two can wait for each other.
    cases.locked(session, *{case_id for _, case_id in found})
    for clock_id, _ in found:
        row = session.get_one(Clock, clock_id, populate_existing=True)
        if row.notice_at is not None and row.notice_at <= act.now:
            _tell(session, row, act)
    return len(found)


def verifications_due(session: Session, act: Act) -> int:
    """Remind the requester to verify: a working week after the first sync, then twice more, each a week later."""
    waiting = (
        select(Case, Evidence)
        .join(Evidence, Evidence.case_id == Case.id)
        .where(Case.outcome.is_(None), Case.phase == Phase.PRIVATE_PREVIEW)
        .where(Evidence.key == "initial_sync_finished", Evidence.voided_at.is_(None))
    )
    sent = 0
    for case, synced in session.execute(waiting).all():
        sent += _remind(session, case, synced.at, act)
    return sent


def _remind(session: Session, case: Case, since: datetime, act: Act) -> bool:
    told = reminders(session, case.id)
    due_at = since + (told + 1) * REMIND_EVERY
    if told >= act.program.reminders_before_waiver or act.now < due_at or not in_hours(session, act):
        return False
    if "requester_verified" in evidence.standing(session, case.id):
        return False
    (case,) = cases.locked(session, case.id)
    entry = record.entry(session, case, act, "reminder", data={"number": told + 1}, audience="account")
    record.notify(session, "verify", case, act, entry, round=told + 1)
    return True


def holds_expired(session: Session, act: Act) -> int:
    """Questions whose time is over no longer stop the clocks."""
    over = select(Hold).where(Hold.ended_at.is_(None), Hold.expected_until <= act.now)
    found = [row for row in session.scalars(over) if HoldReason(row.reason).on_requester]
    for row in found:
        hold.expire(session, session.get_one(Case, row.case_id), row, act)
    return len(found)


def asks_expired(session: Session, act: Act) -> int:
    """Who did not say in time whether they lead a case: the next in line is asked. Answers how many were closed."""
    found = [(row.id, row.case_id) for row in heirs.due(session, act.now)]
    cases.locked(session, *{case_id for _, case_id in found})
    closed = 0
    for ask_id, _ in found:
        row = session.get_one(PrimaryAsk, ask_id, populate_existing=True)
        if row.answered_at is None and row.expires_at <= act.now:
            heir.expire(session, row, act)
            closed += 1
    return closed


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
