"""A primary leaves: one supporter after the other is asked, nobody is made the primary without a yes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from factories import DECLINE, MONDAY, Cast, a_case, a_cast, a_request, act, case_of, move, put
from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.actions import evidence, heir, hold, merge, provision, removal, sweep, undo, withdraw
from request_tracker.actions.admit import add_person
from request_tracker.actions.readings import Seen
from request_tracker.actions.unfit import Unfit
from request_tracker.actions.versions import Stale
from request_tracker.rules.heirs import Willing, turn
from request_tracker.rules.people import SYSTEM, Act, Viewer
from request_tracker.rules.process import NotAllowed, Refused
from request_tracker.rules.program import Program
from request_tracker.store import clocks, connections, heirs, holds, people
from request_tracker.store.cases import Case
from request_tracker.store.heirs import PrimaryAsk
from request_tracker.store.jobs import Job
from request_tracker.store.people import Person
from request_tracker.store.reading_case import view
from request_tracker.store.reading_timeline import comments_of, timeline_of
from request_tracker.store.requests import Request
from request_tracker.store.session import Database
from request_tracker.store.timeline import Entry

DAY = timedelta(days=1)
EXPIRES = MONDAY + 7 * DAY
"""Five working days after a Monday."""


def primary_of(session: Session, case: Case) -> Request:
    return session.get_one(Request, case.primary_request_id)


def somebody(session: Session, name: str, account: str) -> Viewer:
    home = people.account_named(session, account, MONDAY)
    person = add_person(
        session,
        email=f"{name}@{account.lower()}.example",
        name=name.capitalize(),
        role="requester",
        account_id=home.id,
        password=None,
        now=MONDAY,
    )
    return people.viewer_of(person, account)


def vacant(session: Session, cast: Cast, *, phase: str = "consultation") -> tuple[Case, Request, list[Request]]:
    """A case Ada left, with Ben (the oldest) and Cleo (who would join the preview) still asking for it."""
    case = a_case(session, cast, phase=phase)
    first = primary_of(session, case)
    ben = a_request(session, cast.ben, join=case.number, now=MONDAY + timedelta(minutes=1))
    cleo = a_request(session, cast.cleo, join=case.number, now=MONDAY + timedelta(minutes=2), would_preview=True)
    withdraw.withdraw(session, first, act(cast.ada))
    return case, first, [ben, cleo]


def asked(session: Session, case: Case) -> int | None:
    found = heirs.open_ask(session, case.id)
    return found.request_id if found else None


def notices(session: Session) -> list[str]:
    rows = session.scalars(select(Job).where(Job.kind == "notify", Job.state == "ready").order_by(Job.id))
    return [row.args["notice"] for row in rows]


def expire(session: Session, now: Any = EXPIRES) -> int:
    return sweep.asks_expired(session, Act(SYSTEM, now, Program()))


def test_who_would_join_and_may_set_up_comes_first_then_who_would_join_then_the_oldest() -> None:
    later, role = MONDAY + DAY, "Connector Administrator"
    old, with_role = Willing(False, "", MONDAY, 1), Willing(False, role, MONDAY, 2)
    willing, able = Willing(True, "Boss", MONDAY, 3), Willing(True, role, later, 4)
    assert sorted([with_role, willing, able, old], key=turn) == [able, willing, old, with_role]


def test_nobody_leads_until_somebody_says_yes(session: Session, cast: Cast) -> None:
    case, first, (_, cleo) = vacant(session, cast)
    assert case.primary_request_id is None
    ask = heirs.open_ask(session, case.id)
    assert ask is not None
    assert (ask.request_id, ask.expires_at) == (cleo.id, EXPIRES)
    assert notices(session).count("primary_asked") == 1
    assert "promoted" not in notices(session)
    assert view(session, case, act(cast.ada)).full is False, "who left loses the inner matters at once"
    assert view(session, case, act(cast.cleo)).full is False, "who is asked has not got them yet"
    assert view(session, case, act(cast.specialist)).primary is None
    heir.answer(session, cleo, act(cast.cleo), yes=True)
    assert (case.primary_request_id, case.account_id) == (cleo.id, cast.cleo.account_id)
    assert view(session, case, act(cast.cleo)).full
    assert "promoted" in notices(session)
    assert first.withdrawn_at == MONDAY


def test_only_the_asked_person_answers_and_only_once(session: Session, cast: Cast) -> None:
    _, _, (ben, cleo) = vacant(session, cast)
    with pytest.raises(NotAllowed):
        heir.answer(session, cleo, act(cast.specialist), yes=True)
    with pytest.raises(NotAllowed):
        heir.answer(session, cleo, act(cast.ben), yes=True)
    with pytest.raises(Unfit, match="not asked"):
        heir.answer(session, ben, act(cast.ben), yes=True)
    heir.answer(session, cleo, act(cast.cleo), yes=False)
    with pytest.raises(Unfit, match="not asked"):
        heir.answer(session, cleo, act(cast.cleo), yes=True)


def test_a_no_asks_the_next_and_in_the_end_the_assignee_is_told(session: Session, cast: Cast) -> None:
    case, _, (ben, cleo) = vacant(session, cast)
    heir.answer(session, cleo, act(cast.cleo), yes=False)
    assert asked(session, case) == ben.id
    assert expire(session, EXPIRES - timedelta(seconds=1)) == 0
    assert expire(session) == 1
    assert expire(session) == 0, "one expiry closes it"
    assert asked(session, case) is None
    assert notices(session).count("primary_vacant") == 1
    assert case.outcome is None, "the case lives on"
    late = somebody(session, "dora", "Contoso")
    dora = a_request(session, late, join=case.number, now=EXPIRES)
    assert asked(session, case) == dora.id, "who joins while nobody leads is asked too"


def test_a_new_round_asks_everybody_again(session: Session, cast: Cast) -> None:
    case, _, (ben, cleo) = vacant(session, cast)
    with pytest.raises(Refused, match="asked already"):
        heir.ask_again(session, case, act(cast.specialist), version=case.version)
    for request, who in ((cleo, cast.cleo), (ben, cast.ben)):
        heir.answer(session, request, act(who), yes=False)
    heir.ask_again(session, case, act(cast.specialist), version=case.version)
    assert asked(session, case) == cleo.id
    with pytest.raises(NotAllowed):
        heir.ask_again(session, case, act(cast.engineer), version=case.version)


def test_a_specialist_chooses_only_with_the_persons_consent(session: Session, cast: Cast) -> None:
    case, first, (ben, _) = vacant(session, cast)
    choose = {"version": case.version, "consent": "By phone today"}
    with pytest.raises(NotAllowed):
        heir.choose(session, case, ben, act(cast.engineer), **choose)
    with pytest.raises(Stale):
        heir.choose(session, case, ben, act(cast.specialist), version=1, consent="x")
    with pytest.raises(Unfit, match="agreed"):
        heir.choose(session, case, ben, act(cast.specialist), version=case.version, consent="  ")
    with pytest.raises(Unfit, match="ask for this"):
        heir.choose(session, case, first, act(cast.specialist), **choose)
    heir.choose(session, case, ben, act(cast.specialist), **choose)
    assert (case.primary_request_id, asked(session, case)) == (ben.id, None)
    with pytest.raises(Refused, match="has a primary"):
        heir.choose(session, case, ben, act(cast.specialist), version=case.version, consent="again")


@pytest.mark.parametrize(
    ("phase", "name"),
    [("validation", "accept"), ("consultation", "start_build"), ("development", "open_preview"),
     ("private_preview", "release"), ("consultation", "ask")],
)  # fmt: skip
def test_what_needs_a_primary_waits_and_names_who_is_asked(session: Session, cast: Cast, phase: str, name: str) -> None:
    case, _, _ = vacant(session, cast, phase=phase)
    who = cast.lead if name == "release" else cast.specialist
    with pytest.raises(Refused) as refused:
        move(session, case, name, who, reason="x", question="x")
    found = {each.key: each.reason for each in refused.value.blockers}
    assert found["primary"] == "Nobody leads this case: Cleo at Contoso is asked to, until 9 Nov 2026, 09:00 UTC"


def test_a_case_without_a_primary_can_be_ended_and_its_question_ends_with_it(session: Session, cast: Cast) -> None:
    case, _, (_, cleo) = vacant(session, cast, phase="validation")
    move(session, case, "decline", cast.specialist, **DECLINE)
    assert asked(session, case) is None
    undo.undo(session, case, version=case.version, act=act(cast.specialist))
    assert asked(session, case) == cleo.id
    move(session, case, "close", cast.lead, reason="gone")
    assert asked(session, case) is None


def test_nothing_is_asked_of_a_primary_who_is_not_there(session: Session, cast: Cast) -> None:
    case, _, _ = vacant(session, cast)
    staff = act(cast.specialist)
    with pytest.raises(Refused, match="Nobody leads"):
        hold.put_on(session, case, staff, reason="requester_info", question="Which plan?")
    with pytest.raises(Refused, match="Nobody leads"):
        hold.comment(session, case, staff, body="Hello?", internal=False, account_id=case.account_id)
    with pytest.raises(Refused, match="Nobody leads"):
        put(session, case, cast.specialist, "service_demonstrated")
    with pytest.raises(Refused, match="Nobody leads"):
        provision.again(session, case, staff)
    assert provision.plan(session, case.id, Act(SYSTEM, MONDAY, Program())) is None
    hold.put_on(session, case, staff, reason="source_vendor")
    hold.comment(session, case, staff, body="Who leads?", internal=True, account_id=case.account_id)


def starter(session: Session, case: Case) -> connections.Connection:
    system = Act(SYSTEM, MONDAY, Program())
    plan = provision.plan(session, case.id, system)
    assert plan is not None
    provision.made(session, plan.row_id, Seen("made", "connected", "paused", True, None, None), system)
    return session.get_one(connections.Connection, plan.row_id)


def test_the_old_primary_may_come_back_before_anybody_says_yes(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="consultation")
    row = starter(session, case)
    put(session, case, cast.specialist, "service_demonstrated")
    hold.put_on(session, case, act(cast.specialist), reason="requester_info", question="Which plan?")
    first = primary_of(session, case)
    cleo = a_request(session, cast.cleo, join=case.number)
    stood = set(evidence.standing_keys(session, case))
    withdraw.withdraw(session, first, act(cast.ada, MONDAY + DAY))
    assert evidence.standing_keys(session, case) == {"duplicates_checked"}
    assert (row.grace_until, holds.open_holds(session, case.id)) == (MONDAY + 8 * DAY, [])
    withdraw.take_back(session, first, act(cast.ada, MONDAY + 2 * DAY))
    assert (case.primary_request_id, case.account_id) == (first.id, cast.ada.account_id)
    assert asked(session, case) is None
    assert evidence.standing_keys(session, case) == stood
    assert connections.live(session, case.id) is row
    assert [job.state for job in session.scalars(select(Job).where(Job.kind == "delete_starter"))] == ["cancelled"]
    sync = clocks.latest(session, case.id, "first_sync")
    assert sync is not None
    session.refresh(sync)
    assert (sync.state, sync.cycle) == ("running", 1)
    with pytest.raises(Unfit, match="not asked"):
        heir.answer(session, cleo, act(cast.cleo), yes=True)


def test_who_comes_back_after_the_starter_was_deleted_gets_a_new_one(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="consultation")
    row = starter(session, case)
    first = primary_of(session, case)
    a_request(session, cast.cleo, join=case.number)
    withdraw.withdraw(session, first, act(cast.ada, MONDAY + DAY))
    removal.removed(session, row.id, Act(SYSTEM, MONDAY + 8 * DAY, Program()))
    withdraw.take_back(session, first, act(cast.ada, MONDAY + 9 * DAY))
    assert not {"starter_ready", "access_granted"} & evidence.standing_keys(session, case)
    plan = provision.plan(session, case.id, Act(SYSTEM, MONDAY + 9 * DAY, Program()))
    assert plan is not None
    assert plan.row_id != row.id


def test_who_comes_back_too_late_is_a_supporter(session: Session, cast: Cast) -> None:
    case, first, (_, cleo) = vacant(session, cast)
    heir.answer(session, cleo, act(cast.cleo), yes=True)
    withdraw.take_back(session, first, act(cast.ada))
    assert (case.primary_request_id, first.withdrawn_at) == (cleo.id, None)


def test_an_asked_person_who_leaves_makes_room_for_the_next(session: Session, cast: Cast) -> None:
    case, _, (ben, cleo) = vacant(session, cast)
    withdraw.withdraw(session, cleo, act(cast.cleo))
    assert asked(session, case) == ben.id
    withdraw.withdraw(session, ben, act(cast.ben))
    assert (case.outcome, asked(session, case)) == ("withdrawn", None)
    assert "primary_vacant" not in notices(session), "nobody is alarmed by a case that has ended"


def test_an_inactive_supporter_is_not_asked(session: Session, cast: Cast) -> None:
    case = a_case(session, cast)
    ben = a_request(session, cast.ben, join=case.number)
    a_request(session, cast.cleo, join=case.number, would_preview=True)
    session.get_one(Person, cast.cleo.id).active = False
    withdraw.withdraw(session, primary_of(session, case), act(cast.ada))
    assert asked(session, case) == ben.id


def test_who_said_no_is_asked_last_in_the_next_round(session: Session, cast: Cast) -> None:
    case, first, (ben, cleo) = vacant(session, cast)
    heir.answer(session, cleo, act(cast.cleo), yes=False)
    withdraw.take_back(session, first, act(cast.ada))
    assert withdraw.consequences(session, first).next_primary == ben
    withdraw.withdraw(session, first, act(cast.ada))
    assert asked(session, case) == ben.id
    heir.answer(session, ben, act(cast.ben), yes=False)
    assert asked(session, case) == cleo.id, "a new round asks everybody"


def test_words_written_while_nobody_leads_are_for_staff(session: Session, cast: Cast) -> None:
    """The old primary's account hears how the case ended, but reads no words of it."""
    case, _, _ = vacant(session, cast)
    move(session, case, "close", cast.lead, reason="SECRET")
    (closed,) = (row for row in timeline_of(session, case, cast.lead) if row.kind == "move.close")
    assert "SECRET" in repr(closed.words)
    for who in (cast.ada, cast.ben, cast.cleo):
        (closed,) = (row for row in timeline_of(session, case, who) if row.kind == "move.close")
        assert closed.words == ()
        assert "SECRET" not in repr(view(session, case, act(who)))


def test_nobody_is_replied_to_in_a_case_that_ended_without_a_primary(session: Session, cast: Cast) -> None:
    case, _, _ = vacant(session, cast)
    move(session, case, "close", cast.lead, reason="gone")
    staff = act(cast.specialist)
    with pytest.raises(Refused, match="nobody to write to"):
        hold.comment(session, case, staff, body="Sorry", internal=False, account_id=case.account_id)
    hold.comment(session, case, staff, body="Nobody led it", internal=True, account_id=case.account_id)
    assert comments_of(session, case, cast.ada) == ()


def test_a_case_that_ended_with_its_last_supporter_comes_back_with_them(session: Session, cast: Cast) -> None:
    case, _, (ben, cleo) = vacant(session, cast)
    withdraw.withdraw(session, cleo, act(cast.cleo))
    withdraw.withdraw(session, ben, act(cast.ben, MONDAY + DAY))
    with pytest.raises(Unfit, match="ended meanwhile"):
        withdraw.take_back(session, cleo, act(cast.cleo, MONDAY + DAY))
    withdraw.take_back(session, ben, act(cast.ben, MONDAY + 2 * DAY))
    assert (case.outcome, ben.withdrawn_at, asked(session, case)) == (None, None, ben.id)


def test_merging_and_unmerging_a_case_without_a_primary_changes_nothing(session: Session, cast: Cast) -> None:
    case, _, (_, cleo) = vacant(session, cast)
    other = a_case(session, cast, phase="consultation")
    before = [(row.id, row.request_id, row.answer, row.expires_at) for row in session.scalars(select(PrimaryAsk))]
    link = merge.merge(session, case, other, act(cast.lead), version=case.version, into_version=other.version)
    assert asked(session, case) is None
    with pytest.raises(Unfit, match="not asked"):
        heir.answer(session, cleo, act(cast.cleo), yes=True)
    merge.unmerge(session, link, act(cast.lead))
    rows = session.scalars(select(PrimaryAsk))
    assert [(row.id, row.request_id, row.answer, row.expires_at) for row in rows] == before
    assert (case.primary_request_id, asked(session, case)) == (None, cleo.id)


def test_who_goes_with_an_unmerged_child_is_not_asked_any_more(session: Session, cast: Cast) -> None:
    root = a_case(session, cast)
    ben = a_request(session, cast.ben, join=root.number)
    child = case_of(session, a_request(session, cast.cleo, would_preview=True))
    link = merge.merge(session, child, root, act(cast.lead), version=child.version, into_version=root.version)
    withdraw.withdraw(session, primary_of(session, root), act(cast.ada))
    assert asked(session, root) == child.primary_request_id
    merge.unmerge(session, link, act(cast.lead))
    assert asked(session, root) == ben.id


def test_what_happened_is_told_to_those_it_concerns(session: Session, cast: Cast) -> None:
    case, _, (_, cleo) = vacant(session, cast)
    heir.answer(session, cleo, act(cast.cleo), yes=False)
    rows = session.scalars(select(Entry).where(Entry.case_id == case.id).order_by(Entry.seq)).all()
    told = {row.kind: (row.audience, row.account_id) for row in rows}
    assert told["vacant"][0] == "staff"
    assert told["primary.no"] == ("account", cast.cleo.account_id)
    assert told["primary.asked"] == ("account", cast.ben.account_id)


def test_the_consequences_name_who_is_asked_first(session: Session, cast: Cast) -> None:
    case = a_case(session, cast)
    cleo = a_request(session, cast.cleo, join=case.number)
    meaning = withdraw.consequences(session, primary_of(session, case))
    assert (meaning.ends_case, meaning.next_primary) == (False, cleo)


@pytest.mark.parametrize("kind", ["fresh", pytest.param("fresh_postgres", marks=pytest.mark.postgres)])
def test_two_workers_at_once_close_a_question_once(kind: str, request: pytest.FixtureRequest) -> None:
    """Real threads: one of them asks the next in line, the other finds nothing left to do."""
    database: Database = request.getfixturevalue(kind)
    with database.transaction() as session:
        case, _, (ben, _) = vacant(session, a_cast(session))
        case_id, ben_id = case.id, ben.id
    start = Barrier(2)

    def go(_: int) -> int:
        start.wait()
        with database.transaction() as session:
            return expire(session)

    with ThreadPoolExecutor(2) as pool:
        closed = sorted(pool.map(go, range(2)))
    assert closed == [0, 1]
    with database.reading() as session:
        rows = session.scalars(select(PrimaryAsk).order_by(PrimaryAsk.id)).all()
        assert [row.answer for row in rows] == ["expired", None]
        assert asked(session, session.get_one(Case, case_id)) == ben_id


def test_while_nobody_leads_the_account_that_left_reads_nothing_new(session: Session, cast: Cast) -> None:
    case, _, _ = vacant(session, cast)
    hold.put_on(session, case, act(cast.specialist), reason="source_vendor")
    assert "hold.on" in [row.kind for row in timeline_of(session, case, cast.specialist)]
    for reader in (cast.ada, cast.ben, cast.cleo):
        assert "hold.on" not in [row.kind for row in timeline_of(session, case, reader)]
    asked = heirs.open_ask(session, case.id)
    assert asked is not None
    heir.answer(session, session.get_one(Request, asked.request_id), act(cast.cleo), yes=True)
    hold.lift(session, case, holds.open_holds(session, case.id)[0], act(cast.specialist))
    assert "hold.off" in [row.kind for row in timeline_of(session, case, cast.specialist)]
    for reader in (cast.cleo, cast.ada):
        assert "hold.off" not in [row.kind for row in timeline_of(session, case, reader)], "nor heard that it began"
