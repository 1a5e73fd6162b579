"""Running clocks get another target or calendar: seen first, applied in pieces, decided verdicts left alone."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from at_once import at_once
from factories import DECLINE, MONDAY, Cast, a_case, a_cast, a_request, act, assessed, case_of, move, put
from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.actions import hold, merge, recount, recount_pieces, recount_preview, refold, sweep, undo
from request_tracker.actions.knowledge import Overtaken
from request_tracker.actions.recount import Wish
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.calendar import Calendar
from request_tracker.rules.people import SYSTEM, Act
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.program import Program
from request_tracker.rules.sla import EventKind, fold
from request_tracker.store import clocks, reading_timeline
from request_tracker.store.cases import Case
from request_tracker.store.clock_changes import ClockChange
from request_tracker.store.clocks import CalendarVersion, Clock, ClockEventRow
from request_tracker.store.jobs import Job
from request_tracker.store.session import Database
from request_tracker.store.timeline import Entry

DAY = timedelta(days=1)
RETARGET, RECALENDAR = EventKind.RETARGET, EventKind.RECALENDAR


def clock_of(session: Session, case: Case, name: str = "review") -> Clock:
    found = clocks.latest(session, case.id, name)
    assert found is not None
    session.refresh(found)
    return found


def applied(session: Session, change: ClockChange, now: Any) -> ClockChange:
    """As the worker would: piece after piece until nothing is left."""
    while recount.piece(session, change.id, now, Program(), after=change.cursor):
        pass
    return change


def change_one(session: Session, case: Case, lead: Act, **wish: Any) -> ClockChange:
    wished = Wish(RETARGET, clock_id=clock_of(session, case).id, **wish)
    return recount.decide(session, wished, lead, reason="Summer")


def told(session: Session) -> list[tuple[str, int]]:
    rows = session.scalars(select(Job).where(Job.kind == "notify").order_by(Job.id))
    return [(row.args["notice"], row.args["case_id"]) for row in rows]


def a_nine_to_five(session: Session) -> CalendarVersion:
    version = CalendarVersion(
        body=Calendar("UTC", (((540, 1020),),) * 5 + ((),) * 2, frozenset()).to_json(), created_at=MONDAY
    )
    session.add(version)
    session.flush()
    return version


def test_one_promise_gets_a_new_target_and_keeps_what_has_elapsed(session: Session, cast: Cast) -> None:
    case = a_case(session, cast)
    clock = clock_of(session, case)
    lead = act(cast.lead, MONDAY + 2 * DAY)
    wish = Wish(RETARGET, clock_id=clock.id, target_days=15)
    seen = recount_preview.preview(session, wish, lead)
    (effect,) = seen.effects
    assert (effect.before.due_at, effect.after.due_at) == (MONDAY + 14 * DAY, MONDAY + 21 * DAY)
    assert (seen.later, seen.earlier, seen.breaks, seen.same) == (1, 0, 0, 0)
    with pytest.raises(Unfit, match="reason"):
        recount.decide(session, wish, lead, reason=" ")
    change = recount.decide(session, wish, lead, reason="The vendor rewrote the API")
    assert (change.applied, change.skipped, change.done_at) == (1, 0, lead.now)
    clock = clock_of(session, case)
    assert (clock.due_at, case.queue_at, clock.target_s) == (MONDAY + 21 * DAY, MONDAY + 21 * DAY, 15 * 86400)
    assert clock.at_risk_at == MONDAY + timedelta(days=15, hours=6), "75 % of the new target, from the old start"
    mine, theirs = (
        {row.kind: row for row in reading_timeline.timeline_of(session, case, who)} for who in (cast.lead, cast.ada)
    )
    assert mine["clock.retarget"].words == (("Reason", "The vendor rewrote the API"),)
    assert "15 working days instead of 10 working days" in mine["clock.retarget"].sentence
    assert "clock.retarget" not in theirs
    assert theirs["promise.moved"].words == ()
    assert [each for each in told(session) if each[0] == "promise_moved"] == [("promise_moved", case.id)]
    event = session.scalars(select(ClockEventRow).where(ClockEventRow.kind == RETARGET)).one()
    assert session.get_one(Entry, event.caused_by_id).kind == "clock.retarget"
    assert event.reason == ""


@pytest.mark.parametrize("who", ["ada", "specialist", "engineer", "admin", "auditor"])
def test_only_a_lead_may_look_or_change(session: Session, cast: Cast, who: str) -> None:
    clock = clock_of(session, a_case(session, cast))
    wish = Wish(RETARGET, clock_id=clock.id, target_days=15)
    for attempt in (
        lambda a: recount_preview.preview(session, wish, a),
        lambda a: recount.decide(session, wish, a, reason="x"),
    ):
        with pytest.raises(NotAllowed):
            attempt(act(getattr(cast, who)))


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (Wish(RETARGET, target_days=3), "name"),
        (Wish(RETARGET, name="lunch", target_days=3), "name"),
        (Wish(RETARGET, name="review", target_days=0), "days"),
        (Wish(RETARGET, name="review", target_days=float("nan")), "days"),
        (Wish(RETARGET, name="review", target_days=float("inf")), "days"),
        (Wish(RETARGET, name="review", target_days=1e-13), "days"),
        (Wish(RETARGET, name="review"), "days"),
        (Wish(RECALENDAR), "calendar"),
        (Wish(RECALENDAR, calendar_id=99_999), "calendar"),
        (Wish(RETARGET, clock_id=99_999, target_days=3), "clock"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_its_field(session: Session, cast: Cast, wish: Wish, field: str) -> None:
    with pytest.raises(Unfit) as refused:
        recount_preview.preview(session, wish, act(cast.lead))
    assert refused.value.field == field


def test_a_calendar_by_which_nothing_would_ever_be_due_is_refused(session: Session, cast: Cast) -> None:
    """A minute a week is a calendar; ten whole days of it take centuries, and one that waits learns it late."""
    case = a_case(session, cast, phase="validation")
    version = CalendarVersion(body=Calendar("UTC", ((),) * 6 + (((0, 1),),), frozenset()).to_json(), created_at=MONDAY)
    session.add(version)
    session.flush()
    hold.put_on(session, case, act(cast.specialist, MONDAY), reason="requester_info", question="Which plan?")
    for wish in (
        Wish(RECALENDAR, calendar_id=version.id),
        Wish(RECALENDAR, clock_id=clock_of(session, case).id, calendar_id=version.id),
    ):
        for attempt in (
            lambda each: recount_preview.preview(session, each, act(cast.lead)),
            lambda each: recount.decide(session, each, act(cast.lead), reason="x"),
        ):
            with pytest.raises(Unfit, match="too little working time") as refused:
                attempt(wish)
            assert refused.value.field == "calendar"


def test_a_shorter_target_says_beforehand_which_promises_it_breaks(session: Session, cast: Cast) -> None:
    old = a_case(session, cast)
    new = a_case(session, cast, now=MONDAY + 4 * DAY, service_name="Umbrella")
    lead = act(cast.lead, MONDAY + 7 * DAY)
    wish = Wish(RETARGET, name="review", target_days=4)
    seen = recount_preview.preview(session, wish, lead)
    assert [(row.clock.case_id, row.breaks) for row in seen.effects] == [(old.id, True), (new.id, False)]
    assert (seen.breaks, seen.earlier, seen.broken) == (1, 2, 0)
    change = recount.decide(session, wish, lead, reason="The new durations")
    assert change.done_at is None
    assert clock_of(session, old).target_s == 10 * 86400, "the worker applies it"
    applied(session, change, lead.now + DAY)
    assert (change.applied, change.skipped) == (2, 0)
    assert (clock_of(session, old).breached_at, clock_of(session, old).due_at) == (lead.now, lead.now), (
        "late as of the decision"
    )
    assert clock_of(session, new).due_at == MONDAY + timedelta(days=10)
    assert [row for row in told(session) if row[0] == "promise_moved"] == [
        ("promise_moved", old.id), ("promise_moved", new.id),
    ]  # fmt: skip


def test_what_is_decided_stays_and_what_began_later_has_its_own_target(session: Session, cast: Cast) -> None:
    answered = a_case(session, cast, phase="validation")
    move(session, answered, "decline", cast.specialist, now=MONDAY + DAY, **DECLINE)
    ended = a_case(session, cast, phase="validation", service_name="Umbrella")
    broken = a_case(session, cast, service_name="Hooli")
    lead = act(cast.lead, MONDAY + 16 * DAY)
    verdicts = [clock_of(session, answered).verdict]
    change = recount.decide(session, Wish(RETARGET, name="review", target_days=20), lead, reason="Summer")
    move(session, ended, "decline", cast.specialist, now=lead.now + timedelta(minutes=5), **DECLINE)
    later = a_case(session, cast, now=lead.now + timedelta(minutes=6), service_name="Initech")
    applied(session, change, lead.now + timedelta(minutes=10))
    assert (change.applied, change.skipped) == (1, 1)
    assert [clock_of(session, answered).verdict] == verdicts == ["met"]
    assert (clock_of(session, ended).verdict, clock_of(session, ended).target_s) == ("breached", 10 * 86400)
    assert clock_of(session, later).target_s == 10 * 86400
    late = clock_of(session, broken)
    assert (late.verdict, late.breached_at, late.due_at) == ("breached", MONDAY + 14 * DAY, MONDAY + 28 * DAY)


def test_a_breach_is_told_once_whatever_dates_come_after_it(session: Session, cast: Cast) -> None:
    case = a_case(session, cast)
    late = act(cast.lead, MONDAY + 15 * DAY)
    change_one(session, case, late, target_days=20)
    assert "breach" not in dict(told(session))
    for now in (late.now, MONDAY + 21 * DAY, MONDAY + 25 * DAY, MONDAY + 28 * DAY + timedelta(seconds=1)):
        sweep.clocks_due(session, Act(SYSTEM, now, Program()))
    change_one(session, case, act(cast.lead, MONDAY + 29 * DAY), target_days=5)
    sweep.clocks_due(session, Act(SYSTEM, MONDAY + 29 * DAY, Program()))
    assert [name for name, _ in told(session) if name in ("breach", "at_risk")] == ["breach"]
    assert clock_of(session, case).due_at == MONDAY + 28 * DAY, "what was promised, and passed, stays where it was"


def test_a_threshold_is_told_once_whatever_targets_there_are(session: Session, cast: Cast) -> None:
    case = a_case(session, cast)
    for at, target_days, sent in (
        (MONDAY + 10 * DAY, None, 1),
        (MONDAY + timedelta(days=10, hours=2), 20, 1),
        (MONDAY + 22 * DAY, None, 1),
        (MONDAY + 25 * DAY, None, 2),
        (MONDAY + timedelta(days=25, hours=1), 40, 2),
        (MONDAY + 53 * DAY, None, 2),
    ):
        if target_days:
            change_one(session, case, act(cast.lead, at), target_days=target_days)
        sweep.clocks_due(session, Act(SYSTEM, at, Program()))
        assert [name for name, _ in told(session)].count("at_risk") == sent, at


def test_a_promise_broken_while_it_stands_still_is_told_all_the_same(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="validation")
    hold.put_on(session, case, act(cast.specialist, MONDAY + 3 * DAY), reason="source_vendor")
    lead = act(cast.lead, MONDAY + 4 * DAY)
    change_one(session, case, lead, target_days=2)
    clock = clock_of(session, case)
    assert (clock.state, clock.breached_at, clock.notice_at) == ("paused", lead.now, lead.now)
    assert refold.compared(clock, clocks.events_of(session, clock.id), lead.now + DAY) == []
    for _ in range(2):
        sweep.clocks_due(session, Act(SYSTEM, lead.now + DAY, Program()))
    assert [name for name, _ in told(session) if name == "breach"] == ["breach"]
    assert clock_of(session, case).notice_at is None


def test_a_shorter_target_promises_nothing_new_to_who_waits_too_long_already(session: Session, cast: Cast) -> None:
    case = a_case(session, cast)
    lead = act(cast.lead, MONDAY + 15 * DAY)
    wish = Wish(RETARGET, clock_id=clock_of(session, case).id, target_days=5)
    seen = recount_preview.preview(session, wish, lead)
    assert (seen.breaks, seen.broken, seen.later, seen.earlier) == (0, 1, 0, 0)
    recount.decide(session, wish, lead, reason="The new durations")
    assert clock_of(session, case).breached_at == MONDAY + 14 * DAY
    assert "promise_moved" not in dict(told(session))


def test_a_new_calendar_counts_from_the_decision_on(session: Session, cast: Cast) -> None:
    case = a_case(session, cast)
    version = a_nine_to_five(session)
    lead = act(cast.lead, MONDAY + 4 * DAY)
    wish = Wish(RECALENDAR, calendar_id=version.id)
    seen = recount_preview.preview(session, wish, lead)
    assert seen.other_days
    change = recount.decide(session, wish, lead, reason="Office hours")
    hold.put_on(session, case, act(cast.specialist, lead.now + timedelta(hours=1)), reason="source_vendor")
    applied(session, change, lead.now + timedelta(hours=3))
    clock = clock_of(session, case)
    assert (clock.state, clock.calendar_id) == ("paused", version.id)
    assert clock.elapsed_s == (4 * 24 + 1) * 3600, "four whole days by the old hours, an hour by the new"
    state = fold(clocks.events_of(session, clock.id), as_of=lead.now + timedelta(hours=2))
    assert dict(state.paused_for) == {"source_vendor": timedelta(hours=1)}
    again = recount.decide(session, wish, act(cast.lead, lead.now + DAY), reason="Pressed twice")
    applied(session, again, lead.now + DAY)
    assert (again.applied, again.skipped) == (0, 1)


def test_pieces_go_on_where_they_were_cut_and_do_nothing_twice(
    session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recount_pieces, "PIECE", 2)
    made = [case_of(session, a_request(session, cast.ada, service_name=f"Service {n} of {n * 37}")) for n in range(5)]
    lead = act(cast.lead, MONDAY + DAY)
    change = recount.decide(session, Wish(RETARGET, name="review", target_days=12), lead, reason="Busy")
    assert recount.piece(session, change.id, lead.now, Program(), after=0)
    cut = change.cursor
    assert not recount.piece(session, change.id, lead.now, Program(), after=0), "the same job, run twice"
    assert (change.cursor, change.applied) == (cut, 2)
    queued = session.scalars(select(Job.args).where(Job.kind == "recount").order_by(Job.id)).all()
    assert [args["after"] for args in queued] == [0, cut]
    applied(session, change, lead.now + DAY)
    assert (change.applied, change.skipped, change.done_at) == (5, 0, lead.now + DAY)
    assert {clock_of(session, case).due_at for case in made} == {MONDAY + 16 * DAY}
    assert len(session.scalars(select(ClockEventRow).where(ClockEventRow.kind == RETARGET)).all()) == 5


def test_a_merged_case_keeps_counting_and_its_people_hear_of_the_roots_date_alone(session: Session, cast: Cast) -> None:
    root = a_case(session, cast, phase="submission")
    child = case_of(session, a_request(session, cast.cleo, service_name="Acme Invoices"))
    merge.merge(session, child, root, act(cast.specialist), version=child.version, into_version=root.version)
    lead = act(cast.lead, MONDAY + DAY)
    applied(
        session, recount.decide(session, Wish(RETARGET, name="review", target_days=12), lead, reason="Busy"), lead.now
    )
    assert {clock_of(session, each).due_at for each in (root, child)} == {MONDAY + 16 * DAY}
    assert [case_id for name, case_id in told(session) if name == "promise_moved"] == [root.id]
    assert root.queue_at == MONDAY + 16 * DAY


def test_a_later_decision_waits_for_the_earlier_one_and_stays(session: Session, cast: Cast) -> None:
    """All reviews get five days and other hours; then, before the worker comes, one gets its ten days back."""
    case = a_case(session, cast)
    first, hour = act(cast.lead, MONDAY + DAY), timedelta(hours=1)
    hours = a_nine_to_five(session)
    bulk = [
        recount.decide(session, wish, first, reason="All")
        for wish in (Wish(RETARGET, name="review", target_days=5), Wish(RECALENDAR, calendar_id=hours.id))
    ]
    lead = act(cast.lead, first.now + hour)
    wish = Wish(RETARGET, clock_id=clock_of(session, case).id, target_days=10)
    seen = recount_preview.preview(session, wish, lead)
    (effect,) = seen.effects
    assert (seen.under_way, effect.before.target, effect.after.target) == (2, 120 * hour, 80 * hour)
    one = recount.decide(session, wish, lead, reason="This one keeps its ten")
    assert (one.done_at, clock_of(session, case).target_s) == (None, 864_000)
    for row in (one, bulk[1]):
        with pytest.raises(recount.Behind):
            recount.piece(session, row.id, lead.now + hour, Program())
    for row in (*bulk, one):
        assert applied(session, row, lead.now + 2 * hour).applied == 1
    clock = clock_of(session, case)
    assert (clock.target_s, clock.calendar_id) == (80 * 3600, hours.id), "ten days of eight hours"
    assert clock.due_at == effect.after.due_at


def test_of_two_leads_who_saw_the_same_one_decides(own: Database) -> None:
    with own.transaction() as session:
        cast = a_cast(session)
        wish = Wish(RETARGET, clock_id=clock_of(session, a_case(session, cast)).id, target_days=12)
        seen = recount.stamp(session, wish)
    answers = []

    def lead(days: float) -> None:
        try:
            with own.transaction() as session:
                other = Wish(RETARGET, clock_id=wish.clock_id, target_days=days)
                recount.decide(session, other, act(cast.lead, MONDAY + DAY), reason=f"{days}", seen=seen)
            answers.append("decided")
        except Overtaken:
            answers.append("overtaken")

    at_once(partial(lead, 12), partial(lead, 14))
    assert sorted(answers) == ["decided", "overtaken"]


@pytest.mark.parametrize("decided", [-5, 5], ids=["decided before the end", "decided after it"])
def test_a_promise_whose_end_is_taken_back_gets_what_was_decided_meanwhile(
    session: Session, cast: Cast, decided: int
) -> None:
    case = a_case(session, cast, phase="validation")
    assessed(session, case, cast)
    put(session, case, cast.specialist, "duplicates_checked")
    second, end = timedelta(seconds=1), MONDAY + DAY
    wish = Wish(RETARGET, name="review", target_days=20)
    if decided < 0:
        change = recount.decide(session, wish, act(cast.lead, end + decided * second), reason="Busy")
    move(session, case, "accept", cast.specialist, now=end, reason="Great")
    if decided > 0:
        change = recount.decide(session, wish, act(cast.lead, end + decided * second), reason="Busy")
    assert applied(session, change, end + 8 * second).applied == 0
    undo.undo(session, case, version=case.version, act=act(cast.lead, end + 9 * second))
    (job,) = session.scalars(select(Job).where(Job.kind == "catch_up"))
    clock = clock_of(session, case)
    assert (job.args, clock.target_s) == ({"clock_id": clock.id}, 864_000)
    later = change_one(session, case, act(cast.lead, end + 10 * second), target_days=8)
    assert later.applied == 1
    kinds = [row.kind for row in reading_timeline.timeline_of(session, case, cast.lead)]
    assert kinds.count("clock.retarget") == 2, "the one it missed came first"
    assert [recount.catch_up(session, clock.id, end + DAY, Program()) for _ in range(2)] == [0, 0]
    assert clock_of(session, case).target_s == 8 * 86_400


def test_a_merged_promise_that_is_free_again_gets_what_was_decided_meanwhile(session: Session, cast: Cast) -> None:
    root = a_case(session, cast, phase="validation")
    child = case_of(session, a_request(session, cast.cleo, service_name="Acme Invoices"))
    link = merge.merge(session, child, root, act(cast.specialist), version=child.version, into_version=root.version)
    move(session, root, "decline", cast.specialist, now=MONDAY + DAY, **DECLINE)
    change = recount.decide(session, Wish(RETARGET, name="review", target_days=20), act(cast.lead, MONDAY + 2 * DAY),
                            reason="Busy")  # fmt: skip
    applied(session, change, MONDAY + 2 * DAY)
    assert clock_of(session, child).state == "stopped"
    merge.unmerge(session, link, act(cast.specialist, MONDAY + 3 * DAY))
    clock = clock_of(session, child)
    assert [recount.catch_up(session, clock.id, MONDAY + 3 * DAY, Program()) for _ in range(2)] == [1, 0]
    assert clock_of(session, child).target_s == 20 * 86_400
    assert session.scalars(select(Job.args).where(Job.kind == "catch_up")).all() == [{"clock_id": clock.id}]


def test_decisions_of_one_instant_keep_their_order(session: Session, cast: Cast) -> None:
    """The first changes nothing; what came after it is not undone by looking at it again."""
    case, lead = a_case(session, cast), act(cast.lead, MONDAY + DAY)
    made = [change_one(session, case, lead, target_days=target) for target in (10, 12, 14)]
    assert [row.applied for row in made] == [0, 1, 1]
    state = fold(clocks.events_of(session, clock_of(session, case).id), as_of=lead.now + DAY)
    assert state.target == timedelta(seconds=clock_of(session, case).target_s) == 14 * DAY
    retargets = select(ClockEventRow.id).where(ClockEventRow.kind == RETARGET)
    assert len(session.scalars(retargets).all()) == 2
