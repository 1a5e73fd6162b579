"""What time brings by itself: notices about promises, questions that expire, connections to look at."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import CursorResult, Select, func, or_, select, text, update
from sqlalchemy.orm import Session

from request_tracker.actions import clock, deliveries, heir, hold, outage, record
from request_tracker.actions.clock import BREACH
from request_tracker.rules import looks
from request_tracker.rules.calendar import Calendar, working_between
from request_tracker.rules.people import Act
from request_tracker.rules.terms import HoldReason, Phase, StarterState
from request_tracker.store import cases, clocks, evidence, heirs, jobs, quota
from request_tracker.store.base import FAR
from request_tracker.store.cases import Case
from request_tracker.store.clocks import Clock
from request_tracker.store.connections import UNMADE, Connection
from request_tracker.store.evidence import Evidence
from request_tracker.store.facts import reminders
from request_tracker.store.heirs import PrimaryAsk
from request_tracker.store.holds import Hold
from request_tracker.store.jobs import Job
from request_tracker.store.timeline import Entry

OPENS, CLOSES = time(8), time(18)
AT_ONCE = 200
OVERDUE = "hold.overdue"
ON_REQUESTER = tuple(reason for reason in HoldReason if reason.on_requester)
FARTHEST_AHEAD = 60
REMIND_EVERY = timedelta(days=7)
REMADE_EVERY = timedelta(minutes=15)
"""How often an intent that waits is looked after; longer than work that waits its turn sleeps."""


def clocks_due(session: Session, act: Act) -> int:
    """Send the notices that are due, once per clock and threshold. Answers how many clocks were looked at."""
    found = session.execute(due(act.now)).all()
    # Every writer locks the case before its clocks, in id order, so that no two can wait for each other.
    cases.locked(session, *{case_id for _, case_id in found})
    for clock_id, _ in found:
        row = session.get_one(Clock, clock_id, populate_existing=True)
        if row.notice_at is not None and row.notice_at <= act.now:
            tell(session, row, act)
    return len(found)


def due(now: datetime) -> Select[int, int]:
    """Which clocks owe a notice, the longest due first: a look into the index over `notice_at`, and nowhere else."""
    return select(Clock.id, Clock.case_id).where(Clock.notice_at <= now).order_by(Clock.notice_at).limit(AT_ONCE)


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
    """Questions whose time is over no longer stop the clocks. Answers how many there were."""
    found = session.execute(_over(act.now).where(Hold.reason.in_(ON_REQUESTER)).limit(AT_ONCE)).all()
    cases.locked(session, *{case_id for _, case_id in found})
    for hold_id, case_id in found:
        row = session.get_one(Hold, hold_id, populate_existing=True)
        if row.ended_at is None:
            hold.expire(session, session.get_one(Case, case_id), row, act)
    return len(found)


def waits_overdue(session: Session, act: Act) -> int:
    """A wait for somebody else has lasted longer than was typed: whoever works on the case hears of it, once.

    Nothing runs on by itself. Answers how many letters were queued.
    """
    if not in_hours(session, act):
        return 0
    told = select(Entry.id).where(Entry.case_id == Hold.case_id, Entry.kind == OVERDUE, Entry.at >= Hold.expected_until)
    found = session.execute(_over(act.now).where(Hold.reason.not_in(ON_REQUESTER), ~told.exists()).limit(AT_ONCE)).all()
    cases.locked(session, *{case_id for _, case_id in found})
    done = 0
    for hold_id, case_id in found:
        row = session.get_one(Hold, hold_id, populate_existing=True)
        case = session.get_one(Case, case_id)
        if row.ended_at is None and case.outcome is None and not _was_told(session, row, act):
            entry = record.entry(
                session, case, act, OVERDUE, data={"hold": row.id, "reason": row.reason}, audience="staff"
            )
            record.notify(session, "wait_over", case, act, entry)
            done += 1
    return done


def _over(now: datetime) -> Select[int, int]:
    """Open holds whose expected end has passed: their ids and their cases'."""
    open_now = select(Hold.id, Hold.case_id).where(Hold.ended_at.is_(None), Hold.expected_until <= now)
    return open_now.order_by(Hold.expected_until, Hold.id)


def _was_told(session: Session, row: Hold, act: Act) -> bool:
    """Whether another worker was quicker; several holds of one case are told in the same breath."""
    earlier = select(Entry.data).where(
        Entry.case_id == row.case_id, Entry.kind == OVERDUE, Entry.at >= row.expected_until
    )
    return any(data["hold"] == row.id for data in session.scalars(earlier))


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


def connections_due(session: Session, act: Act, *, plan: str = "paid") -> int:
    """Queue a look at every connection whose time has come, and work for every intent whose work was lost.

    Webhooks make it quick, this makes it true. Answers how many connections there were. Two ticks at once put one job.
    """
    outage.tick(session, act)
    found = list(session.scalars(looks_due(act.now, _room(session, act, plan)).with_for_update(skip_locked=True)))
    for row in found:
        assert row.check_after is not None, "the statement asks for it"
        key = f"take_in:{row.connection_id}:{row.check_after.isoformat()}"
        jobs.put(session, "take_in", {"connection_id": row.connection_id}, now=act.now, unique_key=key)
        row.check_after = looks.next_look(row.id, act.now, outage.standing_of(row), act.program.check_every)
    return len(found) + _remake(session, act)


def look_at(session: Session, row_id: int, act: Act) -> bool:
    """A person wants to know now. False where there is nothing to look at."""
    row = session.get(Connection, row_id)
    if row is None or row.connection_id is None or row.state == StarterState.DELETED:
        return False
    deliveries.look(session, row.connection_id, act.now)
    return True


def look_at_all(session: Session, act: Act) -> int:
    """Every connection that may be looked at comes up at once; the ticks take them one lot after the other."""
    found = (Connection.connection_id.is_not(None), Connection.check_after.is_not(None), Connection.state != "deleted")
    done = session.execute(update(Connection).where(*found).values(check_after=act.now))
    assert isinstance(done, CursorResult)
    return int(done.rowcount)


def looks_due(now: datetime, most: int = AT_ONCE) -> Select[Connection]:
    """Connections to look at, those that wait longest first: a look into the index over `check_after`."""
    due = select(Connection).where(Connection.check_after <= now, Connection.connection_id.is_not(None))
    return due.order_by(Connection.check_after, Connection.id).limit(most)


def unmade_due(now: datetime) -> Select[Connection]:
    """Intents that wait to be made: a look into the small index over those alone."""
    due = or_(Connection.check_after.is_(None), Connection.check_after <= now)
    return select(Connection).where(text(UNMADE), due).order_by(Connection.check_after, Connection.id).limit(AT_ONCE)


def _room(session: Session, act: Act, plan: str) -> int:
    """How many looks may be queued: those that wait go first, and half of a burst is left to people and to making."""
    due = (Job.kind == "take_in", Job.state == "ready", Job.run_at <= act.now)
    waiting = session.scalar(select(func.count()).select_from(Job).where(*due)) or 0
    return max(0, min(AT_ONCE - waiting, quota.spare(session, "call", plan, act.now)))


def _remake(session: Session, act: Act) -> int:
    """Intents without work: nothing is lost whatever happened to jobs. A case that ended wants nothing made, but what
    may have been made for it is still looked for."""
    found = list(session.scalars(unmade_due(act.now).with_for_update(skip_locked=True)))
    at_work = _at_work(session) if found else set()
    for row in found:
        case = session.get_one(Case, row.case_id)
        wanted = case.outcome is None or row.state != StarterState.INTENDED
        if row.check_after is not None and wanted and row.case_id not in at_work:
            key = f"provision:again:{row.id}:{row.check_after.isoformat()}"
            jobs.put(session, "provision", {"case_id": row.case_id}, now=act.now, unique_key=key)
        row.check_after = act.now + looks.spread(row.id, act.now, REMADE_EVERY)
    return len(found)


def _at_work(session: Session) -> set[int]:
    """Cases whose starter connector somebody is about to make."""
    going = select(Job.args).where(Job.kind == "provision", Job.state.in_(("ready", "running")))
    return {int(args["case_id"]) for args in session.scalars(going) if "case_id" in args}


def tell(session: Session, row: Clock, act: Act) -> None:
    """Send the notice the clock owes, if any: the highest threshold alone. Its case is locked by the caller."""
    clock.refold(session, row, act.now)
    level = clock.level(row, act.now)
    if level > row.warned and level < BREACH and not in_hours(session, act):
        row.notice_at = min(_next_opening(session, act), row.due_at or FAR)
        return
    if level > row.warned:
        row.warned = level
        case = session.get_one(Case, row.case_id)
        notice = "breach" if level == BREACH else "at_risk"
        data = {"clock": row.id, "name": row.name, "cycle": row.cycle, "percent": level}
        entry = record.entry(session, case, act, f"clock.{notice}", data=data, audience="staff")
        record.notify(session, notice, cases.root_of(session, case), act, entry, clock_id=row.id)
    row.notice_at = clock.next_notice(row)


def in_hours(session: Session, act: Act) -> bool:
    """Whether letters about promises at risk may go out now: 08:00 to 18:00 on a working day, in the program's zone."""
    local, calendar = act.now.astimezone(ZoneInfo(act.program.zone)), clocks.newest_calendar(session).calendar
    return OPENS <= local.time() < CLOSES and _is_working_day(calendar, local.date(), act)


def _next_opening(session: Session, act: Act) -> datetime:
    """Eight o'clock on the first working day from now on that has not closed yet."""
    local, calendar = act.now.astimezone(ZoneInfo(act.program.zone)), clocks.newest_calendar(session).calendar
    first = local.date() if local.time() < OPENS else local.date() + timedelta(days=1)
    ahead = (first + timedelta(days=n) for n in range(FARTHEST_AHEAD))
    day = next((each for each in ahead if _is_working_day(calendar, each, act)), first)
    return datetime.combine(day, OPENS, tzinfo=ZoneInfo(act.program.zone))


def _is_working_day(calendar: Calendar, day: date, act: Act) -> bool:
    """Whether any working time lies in the local day, however early the calendar's own hours begin."""
    zone = ZoneInfo(act.program.zone)
    begins, ends = (datetime.combine(each, time(), tzinfo=zone) for each in (day, day + timedelta(days=1)))
    return bool(working_between(calendar, begins, ends))
