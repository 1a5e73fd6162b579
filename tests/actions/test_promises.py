"""Promises over a case's life: clocks start, pause, stop and break when they should; notices go out once."""

from datetime import timedelta
from typing import Any

import pytest
from factories import DECLINE, MONDAY, Cast, a_case, act, assessed, move, put
from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.actions import evidence, heir, hold, sweep, undo, withdraw
from request_tracker.actions.evidence import Fact
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.people import SYSTEM, Act
from request_tracker.rules.process import NotAllowed, Refused
from request_tracker.rules.program import Program
from request_tracker.store import clocks, holds, timeline
from request_tracker.store.cases import Case
from request_tracker.store.clocks import Clock
from request_tracker.store.jobs import Job
from request_tracker.store.requests import Request
from request_tracker.store.timeline import Entry

DAY = timedelta(days=1)


def clock_of(session: Session, case: Case, name: str) -> Clock:
    found = clocks.latest(session, case.id, name)
    assert found is not None
    session.refresh(found)
    return found


def sweep_at(session: Session, now: Any) -> list[str]:
    """Sweep as the worker would; answers which notices were queued by it."""
    before = set(session.scalars(select(Job.id)))
    sweep.clocks_due(session, Act(SYSTEM, now, Program()))
    new = session.scalars(select(Job).where(Job.id.not_in(before)).order_by(Job.id)).all()
    return [job.args["notice"] for job in new]


def test_the_review_promise_is_two_weeks(session: Session, cast: Cast) -> None:
    case = a_case(session, cast)
    assert clock_of(session, case, "review").due_at == MONDAY + 14 * DAY
    assert case.queue_at == MONDAY + 14 * DAY


def test_a_question_stops_the_promise_and_an_answer_starts_it_again(session: Session, cast: Cast) -> None:
    case = a_case(session, cast)
    hold.put_on(session, case, act(cast.specialist, MONDAY + DAY), reason="requester_info", question="Which plan?")
    review = clock_of(session, case, "review")
    assert (review.state, review.due_at) == ("paused", None)
    (waiting,) = holds.open_holds(session, case.id)
    hold.answer(session, case, waiting, act(cast.ada, MONDAY + 3 * DAY), body="The big one")
    assert clock_of(session, case, "review").due_at == MONDAY + 16 * DAY
    assert case.held is None


def test_only_the_requester_answers_and_only_a_lead_holds_for_the_program(session: Session, cast: Cast) -> None:
    case = a_case(session, cast)
    hold.put_on(session, case, act(cast.specialist), reason="requester_info", question="Which plan?")
    (waiting,) = holds.open_holds(session, case.id)
    for who in (cast.cleo, cast.specialist):
        with pytest.raises(NotAllowed):
            hold.answer(session, case, waiting, act(who), body="x")
    with pytest.raises(Unfit):
        hold.answer(session, case, waiting, act(cast.ada), body="  ")
    with pytest.raises(NotAllowed):
        hold.put_on(session, case, act(cast.specialist), reason="program_hold")
    with pytest.raises(Unfit, match="already"):
        hold.put_on(session, case, act(cast.specialist), reason="requester_info", question="Again?")
    with pytest.raises(Unfit, match="question"):
        hold.put_on(session, case, act(cast.specialist), reason="requester_access")


def test_an_expired_question_no_longer_stops_the_clock(session: Session, cast: Cast) -> None:
    case = a_case(session, cast)
    until = MONDAY + 2 * DAY
    hold.put_on(
        session, case, act(cast.specialist), reason="requester_info", question="Which plan?", expected_until=until
    )
    assert sweep.holds_expired(session, Act(SYSTEM, until - timedelta(seconds=1), Program())) == 0
    assert sweep.holds_expired(session, Act(SYSTEM, until, Program())) == 1
    assert clock_of(session, case, "review").due_at == MONDAY + 16 * DAY


def test_each_threshold_is_told_once_in_working_hours_and_a_breach_at_any_hour(session: Session, cast: Cast) -> None:
    a_case(session, cast)
    at_risk = MONDAY + timedelta(days=9, hours=12)
    assert sweep_at(session, at_risk - timedelta(minutes=1)) == []
    assert sweep_at(session, at_risk) == [], "21:00 is no time for letters"
    assert sweep_at(session, at_risk + timedelta(hours=11)) == ["at_risk"], "the next morning at eight"
    assert sweep_at(session, at_risk + timedelta(hours=12)) == []
    assert sweep_at(session, MONDAY + 12 * DAY) == [], "Saturday"
    assert sweep_at(session, MONDAY + timedelta(days=13, hours=23)) == ["at_risk"], "Monday morning, at ninety percent"
    assert sweep_at(session, MONDAY + 14 * DAY) == [], "what is answered now is in time"
    assert sweep_at(session, MONDAY + 14 * DAY + timedelta(microseconds=1)) == ["breach"]
    assert sweep_at(session, MONDAY + 15 * DAY) == []


def test_a_worker_away_for_a_year_changes_no_verdict(session: Session, cast: Cast) -> None:
    case = a_case(session, cast)
    assert sweep_at(session, MONDAY + 365 * DAY) == ["breach"]
    review = clock_of(session, case, "review")
    assert (review.verdict, review.breached_at) == ("breached", MONDAY + 14 * DAY)


def test_stopping_exactly_at_due_is_met_and_later_is_breached(session: Session, cast: Cast) -> None:
    for late, verdict in ((timedelta(0), "met"), (timedelta(microseconds=1), "breached")):
        case = a_case(session, cast)
        move(session, case, "claim", cast.specialist)
        move(session, case, "decline", cast.specialist, now=MONDAY + 14 * DAY + late, **DECLINE)
        assert clock_of(session, case, "review").verdict == verdict


def test_accepting_starts_the_internal_promises(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="consultation")
    assert clock_of(session, case, "review").state == "stopped"
    assert clock_of(session, case, "starter_ready").due_at == MONDAY + 2 * DAY
    assert clock_of(session, case, "consult_offer").due_at == MONDAY + 3 * DAY


def test_the_first_sync_promise_starts_with_the_later_of_access_and_starter(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="consultation")
    put(session, case, cast.specialist, "access_granted", now=MONDAY + DAY)
    assert clocks.latest(session, case.id, "first_sync") is None
    put(session, case, cast.specialist, "starter_ready", now=MONDAY + 2 * DAY)
    assert clock_of(session, case, "first_sync").started_at == MONDAY + 2 * DAY
    evidence.sync_started(session, case, Act(SYSTEM, MONDAY + 30 * DAY, Program()))
    assert clock_of(session, case, "first_sync").verdict == "met"


def test_lost_access_pauses_the_build_and_starting_again_resumes_it(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="development")
    move(session, case, "lose_access", cast.specialist, now=MONDAY + DAY, reason="The key was revoked")
    assert clock_of(session, case, "build").state == "paused"
    with pytest.raises(Refused, match="access"):
        move(session, case, "start_build", cast.specialist, now=MONDAY + 2 * DAY)
    put(session, case, cast.specialist, "access_granted", now=MONDAY + 8 * DAY)
    move(session, case, "start_build", cast.specialist, now=MONDAY + 8 * DAY)
    build = clock_of(session, case, "build")
    assert (build.cycle, build.state) == (1, "running")
    assert build.due_at == MONDAY + 35 * DAY, "four weeks and the week without access"


def test_rework_is_a_second_and_shorter_cycle(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="private_preview")
    move(session, case, "rework", cast.engineer, now=MONDAY + 7 * DAY, gaps=["Refunds are missing"])
    build = clock_of(session, case, "build")
    assert (build.cycle, build.due_at) == (2, MONDAY + 21 * DAY)


def test_rescoping_cancels_and_reviews_anew(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="consultation")
    move(session, case, "rescope", cast.specialist, now=MONDAY + DAY, reason="Another API")
    assert clock_of(session, case, "consult_offer").state == "cancelled"
    review = clock_of(session, case, "review")
    assert (review.cycle, review.state) == (2, "running")


def test_undoing_puts_the_promise_back_as_it_was(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="validation")
    assessed(session, case, cast)
    put(session, case, cast.specialist, "duplicates_checked")
    move(session, case, "accept", cast.specialist, now=MONDAY + DAY, reason="fine")
    undo.undo(session, case, version=case.version, act=act(cast.specialist, MONDAY + DAY + timedelta(minutes=9)))
    assert (case.phase, case.outcome) == ("validation", None)
    assert clock_of(session, case, "review").due_at == MONDAY + 14 * DAY
    assert clock_of(session, case, "starter_ready").state == "void"
    ready = session.scalars(select(Job).where(Job.kind == "provision", Job.state == "ready")).all()
    assert ready == []
    move(session, case, "accept", cast.specialist, now=MONDAY + 2 * DAY, reason="fine")
    assert clock_of(session, case, "starter_ready").due_at == MONDAY + 4 * DAY


def test_undoing_a_decline_opens_the_question_again(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="validation")
    hold.put_on(session, case, act(cast.specialist), reason="requester_info", question="Which plan?")
    move(session, case, "decline", cast.specialist, now=MONDAY + DAY, **DECLINE)
    assert case.held is None
    undo.undo(session, case, version=case.version, act=act(cast.specialist, MONDAY + DAY))
    assert case.held == "requester_info"
    assert clock_of(session, case, "review").state == "paused"


def test_the_window_closes(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="validation")
    with pytest.raises(Refused, match="600 seconds"):
        undo.undo(session, case, version=case.version, act=act(cast.specialist, MONDAY + timedelta(minutes=10)))


def test_any_ending_cancels_what_still_runs(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="development")
    move(session, case, "close", cast.lead, now=MONDAY + DAY, reason="The service is gone")
    assert {row.state for row in clocks.of_case(session, case.id)} <= {"stopped", "cancelled"}
    assert case.queue_at.year == 9999


def test_evidence_is_recorded_by_the_right_people_with_a_reason(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="consultation")
    with pytest.raises(NotAllowed):
        evidence.put(session, case, Fact("duplicates_checked"), act(cast.ada))
    with pytest.raises(NotAllowed):
        evidence.put(session, case, Fact("minutes_confirmed"), act(cast.cleo))
    with pytest.raises(Unfit, match="reason"):
        evidence.put(session, case, Fact("access_granted"), act(cast.specialist))
    with pytest.raises(Unfit, match="production, sandbox"):
        evidence.put(session, case, Fact("access_granted", "half", note="x"), act(cast.specialist))
    with pytest.raises(Unfit):
        evidence.put(session, case, Fact("built", "no"), act(cast.engineer))
    with pytest.raises(Unfit):
        evidence.put(session, case, Fact("built", link="javascript:x"), act(cast.engineer))
    with pytest.raises(Unfit, match="known are"):
        evidence.put(session, case, Fact("finished"), act(cast.engineer))
    evidence.put(session, case, Fact("access_granted", "sandbox", note="seen"), act(cast.specialist))
    evidence.void(session, case, "access_granted", act(cast.specialist), reason="revoked")
    with pytest.raises(Unfit):
        evidence.void(session, case, "access_granted", act(cast.specialist), reason="again")


def test_five_days_of_silence_confirm_the_minutes(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="consultation")
    keys = ("starter_ready", "access_granted", "service_demonstrated", "use_cases_recorded")
    put(session, case, cast.specialist, *keys, "data_requirements_recorded")
    with pytest.raises(Refused, match="silence"):
        move(session, case, "start_build", cast.specialist, now=MONDAY + 7 * DAY - timedelta(seconds=1))
    move(session, case, "start_build", cast.specialist, now=MONDAY + 7 * DAY)
    assert case.phase == "development"


def test_a_decline_with_five_supporting_accounts_needs_a_lead(session: Session, cast: Cast) -> None:
    from factories import a_request

    from request_tracker.actions.admit import add_person
    from request_tracker.store import people

    case = a_case(session, cast, phase="validation")
    for n in range(5):
        account = people.account_named(session, f"Customer {n}", MONDAY)
        person = add_person(
            session,
            email=f"p{n}@x.example",
            name="P",
            role="requester",
            account_id=account.id,
            password=None,
            now=MONDAY,
        )
        a_request(session, people.viewer_of(person), join=case.number)
    with pytest.raises(Refused, match="lead"):
        move(session, case, "decline", cast.specialist, **DECLINE)
    move(session, case, "decline", cast.lead, **DECLINE)


def test_withdrawing_can_be_taken_back_for_thirty_days(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="validation")
    request = session.get_one(Request, case.primary_request_id)
    assert withdraw.consequences(session, request).ends_case
    withdraw.withdraw(session, request, act(cast.ada, MONDAY + DAY))
    withdraw.withdraw(session, request, act(cast.ada, MONDAY + 2 * DAY))
    assert (case.outcome, request.withdrawn_at) == ("withdrawn", MONDAY + DAY)
    with pytest.raises(NotAllowed):
        withdraw.take_back(session, request, act(cast.cleo, MONDAY + 3 * DAY))
    with pytest.raises(Refused, match="30 days"):
        withdraw.take_back(session, request, act(cast.ada, MONDAY + 32 * DAY))
    withdraw.take_back(session, request, act(cast.ada, MONDAY + 31 * DAY))
    assert (case.phase, case.outcome, request.withdrawn_at) == ("validation", None, None)
    assert clock_of(session, case, "review").cycle == 2


def test_a_promotion_voids_what_hung_on_the_old_primary(session: Session, cast: Cast) -> None:
    from factories import a_request

    case = a_case(session, cast, phase="development")
    first = session.get_one(Request, case.primary_request_id)
    old = a_request(session, cast.ben, join=case.number, now=MONDAY + DAY)
    willing = a_request(session, cast.cleo, join=case.number, now=MONDAY + 2 * DAY, would_preview=True)
    withdraw.withdraw(session, first, act(cast.ada, MONDAY + 3 * DAY))
    assert case.primary_request_id is None
    heir.answer(session, willing, act(cast.cleo, MONDAY + 3 * DAY), yes=True)
    assert case.primary_request_id == willing.id, "who would join the preview comes first, then the oldest"
    assert case.account_id == cast.cleo.account_id
    standing = set(
        session.scalars(select(evidence.evidence.Evidence.key).where(evidence.evidence.Evidence.voided_at.is_(None)))
    )
    assert standing == {"duplicates_checked"}
    assert clock_of(session, case, "first_sync").state == "cancelled"
    withdraw.withdraw(session, willing, act(cast.cleo, MONDAY + 4 * DAY))
    heir.answer(session, old, act(cast.ben, MONDAY + 4 * DAY), yes=True)
    assert case.primary_request_id == old.id


def test_the_chain_tells_of_any_change(session: Session, cast: Cast) -> None:
    a_case(session, cast, phase="generally_available")
    assert timeline.broken(session) == []
    entry = session.scalars(select(Entry).where(Entry.kind == "move.accept")).one()
    kept = session.get_one(timeline.EntryText, entry.id)
    kept.body = '{"reason": "forged"}'
    assert "text" in timeline.broken(session)[0]
    kept.body, kept.salt, kept.erased_at = None, None, MONDAY
    assert timeline.broken(session) == [], "erased text leaves the chain whole"
    entry.data = {**entry.data, "forged": True}
    session.flush()
    assert "does not follow" in timeline.broken(session)[0]
