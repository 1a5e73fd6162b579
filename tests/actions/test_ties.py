"""Where two stories meet: promotion, merging, undoing and coming back, each against the clocks, evidence and eyes."""

from datetime import timedelta

import pytest
from factories import DECLINE, MONDAY, Cast, a_case, a_request, act, assessed, case_of, move, put
from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.actions import evidence, first_sync, heir, hold, merge, provision, readings, submit, undo, withdraw
from request_tracker.actions.evidence import Fact
from request_tracker.actions.readings import Seen
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.people import SYSTEM, Act
from request_tracker.rules.process import NotAllowed, Refused
from request_tracker.rules.program import Program
from request_tracker.store import clocks, connections, holds
from request_tracker.store.cases import Case
from request_tracker.store.clocks import Clock
from request_tracker.store.documents import Document
from request_tracker.store.jobs import Job
from request_tracker.store.merges import Merge
from request_tracker.store.reading_case import view
from request_tracker.store.reading_timeline import timeline_of
from request_tracker.store.requests import Request

DAY = timedelta(days=1)
SECRET = "We buy Initech in May"


def clock_of(session: Session, case: Case, name: str) -> Clock:
    found = clocks.latest(session, case.id, name)
    assert found is not None
    session.refresh(found)
    return found


def primary_of(session: Session, case: Case) -> Request:
    return session.get_one(Request, case.primary_request_id)


def put_together(session: Session, cast: Cast, child: Case, root: Case, at: object = MONDAY) -> Merge:
    who = act(cast.lead, at)  # type: ignore[arg-type]
    return merge.merge(session, child, root, who, version=child.version, into_version=root.version)


def provisioned(session: Session, case: Case, *, now: object = MONDAY) -> connections.Connection:
    """The case's starter connector as the worker would have made it."""
    system = Act(SYSTEM, now, Program())  # type: ignore[arg-type]
    plan = provision.plan(session, case.id, system)
    assert plan is not None
    provision.made(session, plan.row_id, seen(f"made_{plan.row_id}"), system)
    return session.get_one(connections.Connection, plan.row_id)


def seen(connection_id: str, setup: str = "incomplete", **more: object) -> Seen:
    return Seen(connection_id, setup, "paused", True, more.get("succeeded_at"), more.get("failed_at"))  # type: ignore[arg-type]


def test_the_next_primary_reads_nothing_of_the_one_before(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="consultation")
    provisioned(session, case)
    hold.put_on(session, case, act(cast.specialist), reason="requester_info", question="Why so soon?")
    hold.answer(session, case, holds.open_holds(session, case.id)[0], act(cast.ada), body=SECRET)
    hold.put_on(session, case, act(cast.specialist), reason="requester_access", question=f"{SECRET}?")
    put(session, case, cast.ada, "minutes_confirmed")
    next_one = a_request(session, cast.cleo, join=case.number)
    withdraw.withdraw(session, primary_of(session, case), act(cast.ada))
    heir.answer(session, next_one, act(cast.cleo), yes=True)
    assert case.primary_request_id == next_one.id
    shown = view(session, case, act(cast.cleo))
    told = timeline_of(session, case, cast.cleo)
    assert SECRET not in repr(shown) + repr(told)
    assert (shown.holds, shown.connection) == ((), None)
    assert "Ada" not in repr(told)
    assert holds.open_holds(session, case.id) == [], "what was asked of Ada is asked of nobody"


def test_a_supporters_review_stays_with_their_account(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="private_preview")
    a_request(session, cast.cleo, join=case.number)
    evidence.put(session, case, Fact("completeness_reviewed", note=SECRET), act(cast.cleo))
    assert SECRET not in repr(view(session, case, act(cast.ada))) + repr(timeline_of(session, case, cast.ada))
    assert SECRET in repr(timeline_of(session, case, cast.cleo))


def test_supporters_see_the_public_card_only(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, service_url="https://northwind.acmebilling.example/")
    a_request(session, cast.cleo, join=case.number)
    assert view(session, case, act(cast.cleo)).service_url == ""


def test_nobody_joins_twice(session: Session, cast: Cast) -> None:
    case = a_case(session, cast)
    a_request(session, cast.cleo, join=case.number)
    with pytest.raises(Unfit, match="already"):
        a_request(session, cast.cleo, join=case.number)


def test_unmerging_gives_the_root_back_a_primary_of_its_own(session: Session, cast: Cast) -> None:
    root = a_case(session, cast)
    own = a_request(session, cast.ben, join=root.number)
    child = case_of(session, a_request(session, cast.cleo, would_preview=True))
    link = put_together(session, cast, child, root)
    withdraw.withdraw(session, primary_of(session, root), act(cast.ada))
    heir.answer(session, primary_of(session, child), act(cast.cleo), yes=True)
    assert root.primary_request_id == child.primary_request_id
    merge.unmerge(session, link, act(cast.lead))
    assert (root.primary_request_id, root.outcome) == (None, None)
    heir.answer(session, own, act(cast.ben), yes=True)
    assert root.primary_request_id == own.id
    assert (primary_of(session, child).person_id, child.outcome) == (cast.cleo.id, None)


def test_a_root_left_by_everybody_ends_when_its_child_goes(session: Session, cast: Cast) -> None:
    root = a_case(session, cast)
    child = case_of(session, a_request(session, cast.cleo))
    link = put_together(session, cast, child, root)
    withdraw.withdraw(session, primary_of(session, root), act(cast.ada))
    merge.unmerge(session, link, act(cast.lead))
    assert (root.outcome, child.outcome) == ("withdrawn", None)
    assert primary_of(session, child).withdrawn_at is None


def test_a_child_left_by_its_requester_ends_when_it_stands_alone(session: Session, cast: Cast) -> None:
    root = a_case(session, cast)
    child = case_of(session, a_request(session, cast.cleo))
    link = put_together(session, cast, child, root)
    withdraw.withdraw(session, primary_of(session, child), act(cast.cleo))
    merge.unmerge(session, link, act(cast.lead))
    assert (root.outcome, child.outcome) == (None, "withdrawn")
    assert clock_of(session, child, "review").state == "cancelled"
    with pytest.raises(Refused, match="nothing left"):
        undo.undo(session, child, version=child.version, act=act(cast.specialist))
    assert primary_of(session, child).withdrawn_at is not None


def test_an_ending_that_follows_from_unmerging_waits_on_nobody(session: Session, cast: Cast) -> None:
    root = a_case(session, cast)
    child = case_of(session, a_request(session, cast.cleo))
    hold.put_on(session, child, act(cast.specialist), reason="source_vendor")
    link = put_together(session, cast, child, root)
    withdraw.withdraw(session, primary_of(session, child), act(cast.cleo))
    merge.unmerge(session, link, act(cast.lead))
    assert (child.outcome, child.held, holds.open_holds(session, child.id)) == ("withdrawn", None, [])


def test_a_waiting_child_does_not_freeze_its_promise_while_merged(session: Session, cast: Cast) -> None:
    root = a_case(session, cast)
    child = case_of(session, a_request(session, cast.cleo))
    hold.put_on(session, child, act(cast.specialist), reason="requester_info", question="Which plan?")
    link = put_together(session, cast, child, root)
    assert clock_of(session, child, "review").state == "running"
    merge.unmerge(session, link, act(cast.lead))
    assert (clock_of(session, child, "review").state, child.held) == ("paused", "requester_info")


def test_undoing_the_roots_verdict_opens_the_childs_review_again(session: Session, cast: Cast) -> None:
    root = a_case(session, cast, phase="validation")
    assessed(session, root, cast)
    put(session, root, cast.specialist, "duplicates_checked")
    move(session, root, "accept", cast.specialist, reason="fine")
    child = case_of(session, a_request(session, cast.cleo))
    put_together(session, cast, child, root)
    assert clock_of(session, child, "review").state == "stopped"
    undo.undo(session, root, version=root.version, act=act(cast.specialist))
    assert clock_of(session, child, "review").state == "running"


def test_a_promise_broken_while_merged_stays_broken(session: Session, cast: Cast) -> None:
    root = a_case(session, cast)
    child = case_of(session, a_request(session, cast.cleo))
    link = put_together(session, cast, child, root, MONDAY + 9 * DAY)
    merge.unmerge(session, link, act(cast.lead, MONDAY + 17 * DAY))
    assert clock_of(session, child, "review").verdict == "breached"


def test_a_case_accepted_and_merged_gets_its_starter_when_it_stands_alone(session: Session, cast: Cast) -> None:
    root, child = a_case(session, cast, phase="consultation"), a_case(session, cast, phase="consultation")
    link = put_together(session, cast, child, root)
    assert provision.plan(session, child.id, act(cast.lead)) is None
    merge.unmerge(session, link, act(cast.lead))
    asked = session.scalars(select(Job).where(Job.kind == "provision", Job.state == "ready")).all()
    assert child.id in [job.args["case_id"] for job in asked]


def test_doing_it_again_after_an_undo_keeps_the_whole_promise(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="development")
    undo.undo(session, case, version=case.version, act=act(cast.specialist))
    move(session, case, "start_build", cast.specialist)
    assert clock_of(session, case, "build").due_at == MONDAY + 28 * DAY


def test_a_starter_that_stands_starts_no_clock_anew(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="consultation")
    put(session, case, cast.specialist, "starter_ready")
    move(session, case, "rescope", cast.specialist, reason="Another API")
    move(session, case, "accept", cast.specialist, reason="fine")
    assert clock_of(session, case, "starter_ready").state == "stopped"


def test_what_a_case_waits_for_pauses_new_clocks_too(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="validation")
    hold.put_on(session, case, act(cast.specialist), reason="source_vendor")
    assessed(session, case, cast)
    put(session, case, cast.specialist, "duplicates_checked")
    move(session, case, "accept", cast.specialist, reason="fine")
    assert clock_of(session, case, "starter_ready").state == "paused"
    hold.lift(session, case, holds.open_holds(session, case.id)[0], act(cast.specialist))
    assert clock_of(session, case, "starter_ready").state == "running"


def test_answering_does_not_resume_a_build_without_access(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="development")
    move(session, case, "lose_access", cast.specialist, reason="revoked")
    hold.put_on(session, case, act(cast.specialist), reason="requester_access", question="Grant it again?")
    hold.answer(session, case, holds.open_holds(session, case.id)[0], act(cast.ada), body="Done")
    assert clock_of(session, case, "build").state == "paused"


def test_undoing_lost_access_gives_the_evidence_back(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="development")
    move(session, case, "lose_access", cast.specialist, reason="revoked")
    undo.undo(session, case, version=case.version, act=act(cast.specialist))
    assert "access_granted" in evidence.standing_keys(session, case)
    assert clock_of(session, case, "build").state == "running"


def test_the_first_sync_is_promised_once_a_connection(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="consultation")
    row = provisioned(session, case)
    system = Act(SYSTEM, MONDAY, Program())
    readings.take_in(session, row, seen("x", "connected"), system)
    first_sync.begun(session, row, system)
    readings.take_in(session, row, seen("x", "broken"), system)
    assert "access_granted" not in evidence.standing_keys(session, case)
    readings.take_in(session, row, seen("x", "connected"), system)
    assert "access_granted" in evidence.standing_keys(session, case)
    assert (clock_of(session, case, "first_sync").cycle, clock_of(session, case, "first_sync").state) == (1, "stopped")


def test_an_ended_case_takes_no_evidence(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="consultation")
    row = provisioned(session, case)
    withdraw.withdraw(session, primary_of(session, case), act(cast.ada))
    readings.take_in(session, row, seen("x", "connected"), Act(SYSTEM, MONDAY, Program()))
    assert clocks.latest(session, case.id, "first_sync") is None
    with pytest.raises(Unfit, match="ended"):
        put(session, case, cast.specialist, "access_granted")
    with pytest.raises(Unfit, match="ended"):
        withdraw.withdraw(session, a_request_of(session, cast, case), act(cast.specialist))


def a_request_of(session: Session, cast: Cast, case: Case) -> Request:
    """A request that is still live on an ended case."""
    other = a_request(session, cast.cleo)
    other.case_id = case.id
    return other


def test_coming_back_does_not_revive_somebody_elses_connection(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="consultation")
    old = provisioned(session, case)
    other = a_request(session, cast.cleo, join=case.number)
    withdraw.withdraw(session, primary_of(session, case), act(cast.ada))
    withdraw.withdraw(session, other, act(cast.cleo))
    assert case.outcome == "withdrawn"
    withdraw.take_back(session, other, act(cast.cleo))
    assert (case.outcome, case.primary_request_id) == (None, None), "whoever comes back is asked, not taken for granted"
    assert old.grace_until is not None
    assert connections.live(session, case.id) is None


def test_who_comes_back_at_once_is_not_told_they_left(session: Session, cast: Cast) -> None:
    case = a_case(session, cast)
    request = primary_of(session, case)
    withdraw.withdraw(session, request, act(cast.ada))
    withdraw.take_back(session, request, act(cast.ada))
    waiting = session.scalars(select(Job).where(Job.state == "ready", Job.kind == "notify")).all()
    assert "withdrawn" not in [job.args["notice"] for job in waiting]


def test_a_missing_starter_blocks_until_a_specialist_provisions_again(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="consultation")
    row = provisioned(session, case)
    system = Act(SYSTEM, MONDAY, Program())
    put(session, case, cast.specialist, "initial_sync_finished", "completeness_reviewed")
    readings.take_in(session, row, None, system)
    assert "starter_ready" not in evidence.standing_keys(session, case)
    with pytest.raises(NotAllowed):
        provision.again(session, case, act(cast.engineer))
    assert {"initial_sync_finished", "completeness_reviewed"} <= set(evidence.standing_keys(session, case))
    provision.again(session, case, act(cast.specialist))
    left = {"initial_sync_finished", "completeness_reviewed"} & set(evidence.standing_keys(session, case))
    assert left == set(), "what another connection brought is no evidence for this one"
    plan = provision.plan(session, case.id, system)
    assert plan is not None
    assert plan.schema_name != row.schema_name
    provision.made(session, plan.row_id, seen("second"), system)
    with pytest.raises(Unfit, match="already"):
        provision.again(session, case, act(cast.specialist))


def test_a_failed_first_sync_can_be_started_again(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="consultation")
    row = provisioned(session, case)
    system = Act(SYSTEM, MONDAY, Program())
    readings.take_in(session, row, seen("x", "connected"), system)
    first_sync.begun(session, row, system)
    readings.take_in(session, row, seen("x", "connected", failed_at=MONDAY), system)
    assert (row.sync_started_at, row.state) == (None, "connected")


def test_undoing_is_for_those_who_may_make_the_move(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="generally_available")
    with pytest.raises(NotAllowed):
        undo.undo(session, case, version=case.version, act=act(cast.engineer))
    undo.undo(session, case, version=case.version, act=act(cast.lead))
    assert case.outcome is None


def test_only_words_of_a_closed_list_stand_in_the_chain(session: Session, cast: Cast) -> None:
    case = a_case(session, cast)
    move(session, case, "claim", cast.specialist, criterion={"secret": SECRET})
    move(session, case, "decline", cast.specialist, **DECLINE)
    entries = session.scalars(select(timeline_entry()).where(timeline_entry().case_id == case.id)).all()
    assert SECRET not in repr([entry.data for entry in entries])
    assert [entry.data.get("criterion") for entry in entries if entry.kind == "move.decline"] == ["documentation"]


def timeline_entry() -> type:
    from request_tracker.store.timeline import Entry

    return Entry


def test_staff_speak_for_a_requester_only_with_a_reason(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="private_preview")
    with pytest.raises(Unfit, match="requester to say"):
        evidence.put(session, case, Fact("requester_verified"), act(cast.specialist))
    evidence.put(session, case, Fact("requester_verified"), act(cast.ada))


def test_an_upload_is_an_api_document(session: Session, cast: Cast) -> None:
    request = a_request(session, cast.ada)
    with pytest.raises(Unfit, match="API document"):
        submit.keep_upload(session, request, submit.Upload("a.exe", "x", "0", b"MZ"), act(cast.ada))
    assert submit.keep_upload(session, request, submit.Upload("a.yaml", "x", "0", b"a: 1"), act(cast.ada)).size == 4
    session.add_all(Document(**_kept_with(request, n)) for n in range(submit.MOST_DOCUMENTS - 1))
    with pytest.raises(Unfit, match="20 documents already"):
        submit.keep_upload(session, request, submit.Upload("b.yaml", "x", "1", b"b: 1"), act(cast.ada))


def _kept_with(request: submit.Request, number: int) -> dict[str, object]:
    kept = {"request_id": request.id, "account_id": request.account_id, "filename": "a.yaml", "media_type": "x"}
    return kept | {"size": 1, "sha256": str(number), "body": b"a", "created_at": MONDAY}
