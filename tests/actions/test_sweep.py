"""Notices about promises: each once, whatever number of workers there is; waits that end by themselves or by a deed."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from at_once import at_once
from factories import MONDAY, Cast, a_case, a_cast, a_request, act, case_of, move, put
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from request_tracker.actions import evidence, hold, merge, recount, sweep
from request_tracker.actions.evidence import Fact
from request_tracker.actions.recount import Wish
from request_tracker.rules.calendar import Calendar, standard
from request_tracker.rules.people import SYSTEM, Act
from request_tracker.rules.program import Program
from request_tracker.rules.sla import EventKind, fold
from request_tracker.rules.terms import HoldReason
from request_tracker.store import clocks, holds
from request_tracker.store.cases import Case
from request_tracker.store.clocks import CalendarVersion, Clock
from request_tracker.store.holds import Hold
from request_tracker.store.jobs import Job
from request_tracker.store.session import Database
from request_tracker.store.timeline import Entry

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def system(now: Any) -> Act:
    return Act(SYSTEM, now, Program())


def clock_of(session: Session, case: Case, name: str = "review") -> Clock:
    found = clocks.latest(session, case.id, name)
    assert found is not None
    session.refresh(found)
    return found


def told(session: Session, *names: str) -> list[tuple[str, int]]:
    rows = session.scalars(select(Job).where(Job.kind == "notify").order_by(Job.id))
    return [(row.args["notice"], row.args["case_id"]) for row in rows if row.args["notice"] in names]


def test_two_workers_tell_each_threshold_once(own: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "AT_ONCE", 3)
    with own.transaction() as session:
        cast = a_cast(session)
        ids = [a_request(session, cast.ada, service_name=f"Service {n} {n * 37}").case_id for n in range(7)]
        change = recount.decide(
            session, Wish(EventKind.RETARGET, name="review", target_days=11), act(cast.lead), reason="Busy"
        ).id

    def worker(now: Any) -> None:
        for _ in range(4):
            with own.transaction() as session:
                sweep.clocks_due(session, system(now))

    def mender(now: Any) -> None:
        after = 0
        for _ in range(4):
            with own.transaction() as session:
                recount.piece(session, change, now, Program(), after=after)

    at_once(*[partial(mender, MONDAY + DAY)] * 2)
    for now in (MONDAY + 11 * DAY, MONDAY + 14 * DAY, MONDAY + 15 * DAY, MONDAY + 20 * DAY):
        at_once(*[partial(worker, now)] * 2)
    with own.reading() as session:
        assert sorted(told(session, "at_risk", "breach")) == sorted(
            (name, each) for each in ids for name in ("at_risk", "at_risk", "breach")
        )
        assert sorted(told(session, "promise_moved")) == [("promise_moved", each) for each in sorted(ids)]
        assert set(session.scalars(select(Clock.breached_at))) == {MONDAY + 15 * DAY}


def test_the_scan_for_what_is_due_reads_the_index(session: Session) -> None:
    dialect = session.get_bind().dialect
    literal = sweep.due(MONDAY).compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    if dialect.name == "postgresql":
        session.execute(text("SET LOCAL enable_seqscan = off"))
        session.execute(text("SET LOCAL enable_bitmapscan = off"))
    rows = session.execute(text(f"EXPLAIN {'QUERY PLAN ' if dialect.name == 'sqlite' else ''}{literal}")).all()
    plan = " ".join(str(value) for row in rows for value in row)
    assert "ix_clock_notice" in plan
    assert "sort" not in plan.lower()
    assert "B-TREE" not in plan


def test_a_year_without_a_worker_changes_no_verdict(session: Session, cast: Cast) -> None:
    case = a_case(session, cast)
    sweep.clocks_due(session, system(MONDAY + 365 * DAY))
    assert told(session, "at_risk", "breach") == [("breach", case.id)]
    assert clock_of(session, case).breached_at == MONDAY + 14 * DAY


def test_what_stands_still_or_has_ended_by_then_is_not_told(session: Session, cast: Cast) -> None:
    paused = a_case(session, cast, phase="validation")
    ended = a_case(session, cast, phase="validation", service_name="Umbrella")
    before = MONDAY + timedelta(days=9, hours=11)
    hold.put_on(session, paused, act(cast.specialist, before), reason="source_vendor")
    move(session, ended, "close", cast.lead, now=before, reason="Gone")
    sweep.clocks_due(session, system(MONDAY + 14 * DAY))
    assert told(session, "at_risk", "breach") == []


@pytest.mark.parametrize(
    ("at", "sent"),
    [(timedelta(hours=7, minutes=59), 0), (8 * HOUR, 1), (timedelta(hours=17, minutes=59), 1), (18 * HOUR, 0)],
)
def test_warnings_keep_the_programs_hours(session: Session, at: timedelta, sent: int) -> None:
    """The calendar opens at noon; its Tuesday is a working day all the same, and Wednesday is off."""
    cast = a_cast(session)
    noon = Calendar("Asia/Kolkata", (((720, 1200),),) * 5 + ((),) * 2, frozenset({(MONDAY + 9 * DAY).date()}))
    session.add(CalendarVersion(body=noon.to_json(), created_at=MONDAY))
    session.flush()
    case = a_case(session, cast)
    clock = clock_of(session, case)
    session.flush()
    kolkata = Program(zone="Asia/Kolkata")
    midnight = MONDAY - timedelta(hours=14, minutes=30) + 14 * DAY  # Monday 00:00 there, past 75 %
    assert clock.at_risk_at is not None
    assert clock.at_risk_at < midnight
    sweep.clocks_due(session, Act(SYSTEM, midnight + at, kolkata))
    assert len(told(session, "at_risk")) == sent
    if at > 9 * HOUR and not sent:
        assert clock_of(session, case).notice_at == midnight + DAY + 8 * HOUR


def test_a_day_off_is_no_day_for_warnings(session: Session) -> None:
    cast = a_cast(session)
    off = frozenset({(MONDAY + 10 * DAY).date()})
    session.add(CalendarVersion(body=standard("UTC", off).to_json(), created_at=MONDAY))
    session.flush()
    case = a_case(session, cast)
    sweep.clocks_due(session, system(MONDAY + 10 * DAY))
    assert told(session, "at_risk") == []
    assert clock_of(session, case).notice_at == MONDAY + 11 * DAY - HOUR, "Friday at eight"


def test_a_merged_cases_clock_speaks_of_its_root(session: Session, cast: Cast) -> None:
    root = a_case(session, cast, now=MONDAY + 5 * DAY)
    child = case_of(session, a_request(session, cast.cleo, service_name="Acme Invoices"))
    merge.merge(
        session, child, root, act(cast.specialist, MONDAY + 7 * DAY), version=child.version, into_version=root.version
    )
    sweep.clocks_due(session, system(MONDAY + 14 * DAY + HOUR))
    assert told(session, "breach") == [("breach", root.id)]
    entry = session.scalars(select(Entry).where(Entry.kind == "clock.breach")).one()
    assert (entry.case_id, entry.data["clock"]) == (child.id, clock_of(session, child).id)


# Waiting on somebody: what pauses, what ends it.


@pytest.mark.parametrize("reason", [each for each in HoldReason if each.on_requester])
def test_a_question_without_a_day_expires_after_ten_working_days(session: Session, cast: Cast, reason: str) -> None:
    case = a_case(session, cast, phase="consultation")
    hold.put_on(session, case, act(cast.specialist, MONDAY + DAY), reason=reason, question="Which plan?")
    (row,) = holds.open_holds(session, case.id)
    assert row.expected_until == MONDAY + 15 * DAY
    entry = session.get_one(Entry, row.event_id)
    assert entry.data["until"] == (MONDAY + 15 * DAY).isoformat(), "the letter says so too"
    assert sweep.holds_expired(session, system(MONDAY + 15 * DAY - HOUR)) == 0
    assert sweep.holds_expired(session, system(MONDAY + 15 * DAY)) == 1
    assert sweep.holds_expired(session, system(MONDAY + 15 * DAY)) == 0
    assert (row.end_kind, case.held) == ("expired", None)


def test_waits_for_others_end_by_hand_and_their_day_is_told_once(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="validation")
    until = MONDAY + 2 * DAY
    hold.put_on(session, case, act(cast.specialist), reason="source_vendor", expected_until=until)
    hold.put_on(session, case, act(cast.specialist), reason="fivetran_outage")
    assert [row.expected_until for row in holds.open_holds(session, case.id)] == [until, None]
    assert sweep.holds_expired(session, system(MONDAY + 30 * DAY)) == 0
    for now, sent in ((until - HOUR, 0), (until + 10 * HOUR, 0), (until + 23 * HOUR, 1), (until + 24 * HOUR, 0)):
        assert sweep.waits_overdue(session, system(now)) == sent, now
    assert told(session, "wait_over") == [("wait_over", case.id)]
    assert clock_of(session, case).state == "paused"
    later = MONDAY + 4 * DAY
    hold.put_on(session, case, act(cast.lead, later), reason="program_hold", expected_until=later + HOUR)
    assert sweep.waits_overdue(session, system(later + 2 * HOUR)) == 1, "another wait, another day"


@pytest.mark.parametrize(
    ("key", "reason"), [("access_granted", "requester_access"), ("service_demonstrated", "requester_reschedule")]
)
def test_the_deed_itself_ends_the_wait(session: Session, cast: Cast, key: str, reason: str) -> None:
    case = a_case(session, cast, phase="consultation")
    put(session, case, cast.specialist, "starter_ready")
    for each in (reason, "requester_info"):
        hold.put_on(session, case, act(cast.specialist), reason=each, question="When?")
    if key == "access_granted":
        evidence.observe(session, case, Fact(key, "production"), system(MONDAY + DAY))
    else:
        put(session, case, cast.specialist, key, now=MONDAY + DAY)
    assert [row.reason for row in holds.open_holds(session, case.id)] == ["requester_info"]
    ended = session.scalars(select(Hold).where(Hold.reason == reason)).one()
    assert (ended.end_kind, ended.ended_at, case.held) == ("lifted", MONDAY + DAY, "requester_info")
    assert clock_of(session, case, "consult_offer").state == "paused", "the other question still stands"


def test_two_waits_count_once_and_a_weekend_counts_nothing(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="validation")
    friday = MONDAY + 4 * DAY
    first, second = act(cast.specialist, friday), act(cast.specialist, friday + 6 * HOUR)
    hold.put_on(session, case, first, reason="requester_info", question="Which plan?")
    hold.put_on(session, case, second, reason="source_vendor")
    rows = {row.reason: row for row in holds.open_holds(session, case.id)}
    hold.lift(session, case, rows["requester_info"], act(cast.specialist, friday + 9 * HOUR))
    hold.lift(session, case, rows["source_vendor"], act(cast.specialist, friday + 12 * HOUR))
    assert clock_of(session, case).due_at == MONDAY + 14 * DAY + 12 * HOUR, "nine to nine, not fifteen hours"
    state = fold(clocks.events_of(session, clock_of(session, case).id), as_of=friday + 12 * HOUR)
    assert dict(state.paused_for) == {"requester_info": 9 * HOUR, "source_vendor": 6 * HOUR}
    saturday = MONDAY + 5 * DAY
    hold.put_on(session, case, act(cast.specialist, saturday), reason="source_vendor")
    (row,) = holds.open_holds(session, case.id)
    hold.lift(session, case, row, act(cast.specialist, saturday + 30 * HOUR))
    assert clock_of(session, case).due_at == MONDAY + 14 * DAY + 12 * HOUR
    assert clock_of(session, case).paused == {"requester_info": 9 * 3600.0, "source_vendor": 6 * 3600.0}


def test_a_wait_of_the_root_leaves_the_promise_to_a_merged_customer_running(session: Session, cast: Cast) -> None:
    root = a_case(session, cast, phase="validation")
    child = case_of(session, a_request(session, cast.cleo, service_name="Acme Invoices"))
    merge.merge(session, child, root, act(cast.specialist), version=child.version, into_version=root.version)
    hold.put_on(session, root, act(cast.specialist, MONDAY + DAY), reason="requester_info", question="Which plan?")
    assert (clock_of(session, root).state, clock_of(session, child).state) == ("paused", "running")
    assert clock_of(session, child).due_at == MONDAY + 14 * DAY


def test_a_build_without_access_stays_paused_until_it_is_started_again(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="development")
    hold.put_on(session, case, act(cast.specialist, MONDAY + DAY), reason="requester_access", question="May we again?")
    move(session, case, "lose_access", cast.specialist, now=MONDAY + DAY, reason="The key was revoked")
    assert clock_of(session, case, "build").state == "paused"
    evidence.put(
        session, case, Fact("access_granted", "production", note="seen"), act(cast.specialist, MONDAY + 2 * DAY)
    )
    assert holds.open_holds(session, case.id) == []
    assert clock_of(session, case, "build").state == "paused", "access alone builds nothing"
    move(session, case, "start_build", cast.specialist, now=MONDAY + 3 * DAY)
    build = clock_of(session, case, "build")
    assert (build.state, build.cycle, build.elapsed_s) == ("running", 1, 86400.0)
    assert build.due_at == MONDAY + 30 * DAY
