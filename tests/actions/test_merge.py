"""Merging moves nothing and unmerging is its exact inverse; promises and privacy survive both."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from factories import DECLINE, MONDAY, Cast, a_case, a_cast, a_request, act, case_of, move
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from running import SWEPT
from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.actions import hold, merge, merge_preview, undo
from request_tracker.actions.advance import Stale
from request_tracker.rules.notices import NOTICES
from request_tracker.rules.people import SYSTEM, Act
from request_tracker.rules.process import NotAllowed, Refused
from request_tracker.rules.program import Program
from request_tracker.store import cases, clocks, merges, requests, schema
from request_tracker.store.cases import Case, NoSuchCase
from request_tracker.store.facts import supporters
from request_tracker.store.jobs import Job
from request_tracker.store.merges import Merge
from request_tracker.store.reading_case import case_for
from request_tracker.store.recipients import recipients
from request_tracker.store.session import Database
from request_tracker.store.timeline import Entry

LATER = MONDAY + timedelta(hours=1)
LEFT_OUT = {"timeline", "timeline_text", "undone", "job", "clock_event", "merge"}
MOVING = {"version", "touched_at", "chain_head", "chain_count", "elapsed_s"}


def rows_of(session: Session) -> dict[str, Any]:
    """Every row of every table but those that only grow, without the columns that count."""
    session.flush()
    found = {}
    for table in schema.metadata.sorted_tables:
        if table.name in LEFT_OUT:
            continue
        columns = [column for column in table.columns if column.name not in MOVING]
        found[table.name] = sorted(map(repr, session.execute(select(*columns)).all()))
    return found


def put_together(session: Session, cast: Cast, child: Case, root: Case, *, at: Any = LATER) -> Merge:
    top = cases.root_of(session, root)
    return merge.merge(session, child, root, act(cast.lead, at), version=child.version, into_version=top.version)


def two(session: Session, cast: Cast) -> tuple[Case, Case]:
    one = a_case(session, cast)
    other = case_of(session, a_request(session, cast.cleo, service_name="Acme Billing Ltd"))
    return one, other


def test_merging_and_unmerging_restores_every_row(session: Session, cast: Cast) -> None:
    root, child = two(session, cast)
    before = rows_of(session)
    link = put_together(session, cast, child, root)
    assert (child.outcome, child.merged_into_id, child.root_id) == ("merged", root.id, root.id)
    assert supporters(session, root.id) == (2, 2)
    merge.unmerge(session, link, act(cast.specialist, LATER))
    assert rows_of(session) == before


def test_a_subtree_goes_back_with_its_child(session: Session, cast: Cast) -> None:
    first, second = two(session, cast)
    third = case_of(session, a_request(session, cast.ben, service_name="Acme"))
    put_together(session, cast, third, second)
    link = put_together(session, cast, second, first)
    assert {case.root_id for case in cases.tree(session, first.id)} == {first.id}
    assert supporters(session, first.id) == (3, 2)
    merge.unmerge(session, link, act(cast.specialist, LATER))
    session.expire_all()
    assert (third.root_id, second.root_id, first.root_id) == (second.id, second.id, first.id)


@SWEPT
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pairs=st.lists(st.lists(st.integers(0, 4), min_size=2, max_size=2), min_size=1, max_size=6))
def test_random_merges_taken_back_in_reverse_restore_everything(
    rolled: Any, cast: Cast, pairs: list[list[int]]
) -> None:
    nested = rolled.connection.begin_nested()
    with Session(rolled.connection, join_transaction_mode="create_savepoint") as session:
        made = [case_of(session, a_request(session, cast.ada, service_name=f"Service {n}")) for n in range(5)]
        states = []
        for child, root in pairs:
            before = rows_of(session)
            try:
                states.append((before, put_together(session, cast, made[child], made[root])))
            except Refused:
                assert rows_of(session) == before, "a refused merge changes nothing"
            assert _no_ring(made)
        for before, link in reversed(states):
            merge.unmerge(session, link, act(cast.lead, LATER))
            assert rows_of(session) == before
    nested.rollback()


def _no_ring(made: list[Case]) -> bool:
    parents = {case.id: case.merged_into_id for case in made}
    for case in made:
        at, steps = case.id, 0
        while parents[at] is not None:
            at, steps = parents[at], steps + 1
            if steps > len(made):
                return False
        if case.root_id != at:
            return False
    return True


def test_the_same_tree_and_ended_children_are_refused(session: Session, cast: Cast) -> None:
    root, child = two(session, cast)
    with pytest.raises(Refused, match="one journey"):
        merge.merge(session, root, root, act(cast.lead), version=root.version, into_version=root.version)
    put_together(session, cast, child, root)
    with pytest.raises(Refused):
        put_together(session, cast, root, child)
    ended = case_of(session, a_request(session, cast.ben))
    move(session, ended, "discard", cast.specialist, reason="a test")
    with pytest.raises(Refused, match="ended"):
        put_together(session, cast, ended, root)


def test_only_a_lead_merges_what_is_being_built(session: Session, cast: Cast) -> None:
    built = a_case(session, cast, phase="development")
    other = a_case(session, cast, phase="consultation")
    with pytest.raises(Refused, match="lead"):
        merge.merge(session, built, other, act(cast.specialist), version=built.version, into_version=other.version)
    fresh = a_case(session, cast)
    with pytest.raises(Refused, match="swap"):
        merge.merge(session, other, fresh, act(cast.lead), version=other.version, into_version=fresh.version)
    assert merge.preview(session, other, fresh, act(cast.lead)).swap
    with pytest.raises(NotAllowed):
        merge.merge(session, fresh, other, act(cast.engineer), version=1, into_version=1)


def test_a_stale_version_merges_nothing(session: Session, cast: Cast) -> None:
    root, child = two(session, cast)
    with pytest.raises(Stale):
        merge.merge(session, child, root, act(cast.lead), version=99, into_version=root.version)
    with pytest.raises(Stale):
        merge.merge(session, child, root, act(cast.lead), version=child.version, into_version=99)
    assert child.outcome is None


def test_an_overdue_request_stays_overdue_in_a_fresh_one(session: Session, cast: Cast) -> None:
    old = a_case(session, cast)
    late = MONDAY + timedelta(days=20)
    fresh = case_of(session, a_request(session, cast.cleo, now=late))
    put_together(session, cast, old, fresh, at=late)
    review = clocks.latest(session, old.id, "review")
    assert review is not None
    assert (review.state, review.due_at) == ("running", MONDAY + timedelta(days=14))
    assert fresh.queue_at == MONDAY + timedelta(days=14), "the queue sorts by the first promise of the tree"
    move(session, fresh, "claim", cast.specialist, now=late)
    move(session, fresh, "decline", cast.specialist, now=late, **DECLINE)
    session.refresh(review)
    assert (review.state, review.verdict, review.breached_at) == ("stopped", "breached", MONDAY + timedelta(days=14))


def test_a_root_with_a_verdict_answers_the_review(session: Session, cast: Cast) -> None:
    root = a_case(session, cast, phase="development")
    child = case_of(session, a_request(session, cast.cleo, now=LATER))
    link = put_together(session, cast, child, root)
    review = clocks.latest(session, child.id, "review")
    assert review is not None
    assert (review.state, review.verdict) == ("stopped", "met")
    merge.unmerge(session, link, act(cast.lead, LATER + timedelta(days=2)))
    session.refresh(review)
    assert review.state == "running"
    assert review.due_at == LATER + timedelta(days=16), "the merged span counts as a pause"


def test_undoing_a_merge_tells_nobody(session: Session, cast: Cast) -> None:
    root, child = two(session, cast)
    put_together(session, cast, child, root)
    waiting = session.scalars(select(Job).where(Job.kind == "notify", Job.args["notice"].as_string() == "merged")).all()
    assert [job.state for job in waiting] == ["ready"]
    undo.undo(session, child, version=child.version, act=act(cast.specialist, LATER + timedelta(minutes=9)))
    session.expire_all()
    assert child.outcome is None
    assert [job.state for job in waiting] == ["cancelled"]
    assert merges.standing_below(session, root.id) == []
    told = session.scalars(select(Job).where(Job.args["notice"].as_string() == "unmerged")).all()
    assert told == []


def test_after_the_window_people_are_told(session: Session, cast: Cast) -> None:
    root, child = two(session, cast)
    link = put_together(session, cast, child, root)
    much_later = LATER + timedelta(minutes=11)
    with pytest.raises(Refused, match="nothing left to undo"):
        undo.undo(session, child, version=child.version, act=act(cast.specialist, much_later))
    merge.unmerge(session, link, act(cast.specialist, much_later))
    assert session.scalars(select(Job).where(Job.args["notice"].as_string() == "unmerged")).one()


def test_merging_widens_nobodys_access(session: Session, cast: Cast) -> None:
    root, child = two(session, cast)
    with pytest.raises(NoSuchCase):
        case_for(session, root.number, cast.cleo)
    put_together(session, cast, child, root)
    assert case_for(session, root.number, cast.cleo) is root
    mine = requests.of_tree(session, root.id)
    assert {each.account_id for each in mine} == {cast.ada.account_id, cast.cleo.account_id}


@pytest.mark.parametrize("kind", ["fresh", pytest.param("fresh_postgres", marks=pytest.mark.postgres)])
def test_a_into_b_and_b_into_a_at_once(kind: str, request: pytest.FixtureRequest) -> None:
    """Real threads: one merge wins, the other is told that it looked at old versions; nobody waits for ever."""
    database: Database = request.getfixturevalue(kind)
    with database.transaction() as session:
        cast = a_cast(session)
        ids = [case.id for case in two(session, cast)]
    start = Barrier(2)

    def go(pair: tuple[int, int]) -> str:
        start.wait()
        try:
            with database.transaction() as session:
                child, root = (session.get_one(Case, each) for each in pair)
                merge.merge(session, child, root, act(cast.lead), version=1, into_version=1)
        except (Stale, Refused) as fault:
            return type(fault).__name__
        return "merged"

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(go, [(ids[0], ids[1]), (ids[1], ids[0])]))
    assert outcomes == ["Stale", "merged"]
    with database.reading() as session:
        assert len(session.scalars(select(Merge)).all()) == 1


def test_an_automatic_merge_waits_and_can_be_undone_as_any_other(session: Session, cast: Cast) -> None:
    root, child = two(session, cast)
    before = rows_of(session)
    system = Act(SYSTEM, LATER, Program())
    link = merge.merge_automatically(session, child, root, system, by_id=cast.lead.id or 0)
    assert (link.automatic, link.merged_by_id) == (True, cast.lead.id)
    told = session.scalars(select(Job).where(Job.kind == "notify", Job.event_id == link.event_id)).one()
    assert told.run_at == LATER + Program().undo_for, "nobody hears of it before it can no longer be undone"
    undo.undo(session, child, version=child.version, act=act(cast.specialist, LATER + timedelta(minutes=9)))
    session.refresh(told)
    assert told.state == "cancelled"
    assert rows_of(session) == before


def test_a_policy_merges_no_more_than_a_specialist_may(session: Session, cast: Cast) -> None:
    built, other = a_case(session, cast, phase="development"), a_case(session, cast, phase="consultation")
    with pytest.raises(Refused, match="lead"):
        merge.merge_automatically(session, built, other, Act(SYSTEM, LATER, Program()), by_id=cast.lead.id or 0)


def test_merging_and_unmerging_compare_the_roots_anew(session: Session, cast: Cast) -> None:
    root, child = two(session, cast)
    scored = select(Job.args["case_id"].as_integer()).where(Job.kind == "score", Job.created_at == LATER)
    link = put_together(session, cast, child, root)
    assert set(session.scalars(scored)) == {root.id}
    merge.unmerge(session, link, act(cast.lead, LATER))
    assert set(session.scalars(scored)) == {root.id, child.id}


def swapped(session: Session, cast: Cast, link: Merge, *, at: Any = LATER) -> Merge:
    child, root = session.get_one(Case, link.child_id), session.get_one(Case, link.into_id)
    return merge.swap(session, link, act(cast.lead, at), version=child.version, into_version=root.version)


def test_a_swap_turns_the_tree_round_and_undoing_it_restores_every_row(session: Session, cast: Cast) -> None:
    root, child = two(session, cast)
    sibling = case_of(session, a_request(session, cast.ben, service_name="Acme"))
    put_together(session, cast, sibling, root)
    link = put_together(session, cast, child, root)
    before = rows_of(session)
    new = swapped(session, cast, link)
    session.expire_all()
    assert (child.outcome, child.root_id, child.merged_into_id) == (None, child.id, None)
    assert (root.outcome, root.root_id, root.merged_into_id) == ("merged", child.id, child.id)
    assert (sibling.root_id, sibling.merged_into_id) == (child.id, root.id), "what was below the old root moved along"
    assert (new.child_id, new.into_id) == (root.id, child.id)
    assert supporters(session, child.id) == (3, 2)
    for case in (child, root):
        assert last_kind(session, case) == "swap"
    undo.undo(session, child, version=child.version, act=act(cast.specialist, LATER + timedelta(minutes=5)))
    session.expire_all()
    assert rows_of(session) == before
    assert [each.id for each in merges.standing_below(session, root.id)][-1] == link.id
    merge.unmerge(session, link, act(cast.lead, LATER))
    assert (child.outcome, child.root_id) == (None, child.id)


def last_kind(session: Session, case: Case) -> str:
    kinds = select(Entry.kind).where(Entry.case_id == case.id).order_by(Entry.seq.desc())
    return str(session.scalars(kinds).first())


@pytest.mark.parametrize("days", [0, 3])
def test_a_swap_leaves_the_clocks_as_unmerging_and_merging_would(session: Session, cast: Cast, days: int) -> None:
    """The child's review was answered by merging into a decided case; leading, it is reviewed again."""
    at = LATER + timedelta(days=days)
    states = []
    for way in ("swap", "both"):
        root = a_case(session, cast, phase="validation")
        child = case_of(session, a_request(session, cast.cleo))
        hold.put_on(session, child, act(cast.specialist), reason="source_vendor")
        hold.put_on(session, root, act(cast.specialist), reason="source_vendor")
        link = put_together(session, cast, child, root)
        if way == "swap":
            swapped(session, cast, link, at=at)
        else:
            merge.unmerge(session, link, act(cast.lead, at))
            put_together(session, cast, root, child, at=at)
        states.append([clock_states(session, child), clock_states(session, root), child.held, child.queue_at])
    assert states[0] == states[1]


def clock_states(session: Session, case: Case) -> list[Any]:
    return [
        (row.name, row.cycle, row.state, row.due_at, row.verdict, row.elapsed_s)
        for row in clocks.of_case(session, case.id)
    ]


def test_undoing_a_swap_stops_again_what_the_merge_had_stopped(session: Session, cast: Cast) -> None:
    root, child = a_case(session, cast, phase="consultation"), a_case(session, cast, phase="consultation")
    third = case_of(session, a_request(session, cast.cleo))
    put_together(session, cast, third, child)
    link = put_together(session, cast, child, root)
    before = rows_of(session)
    swapped(session, cast, link)
    undo.undo(session, root, version=root.version, act=act(cast.lead, LATER))
    session.expire_all()
    assert rows_of(session) == before
    merge.unmerge(session, link, act(cast.lead, LATER))
    assert {case.root_id for case in (child, third)} == {child.id}


def test_a_swap_tells_the_old_root_once_and_only_its_own_people(session: Session, cast: Cast) -> None:
    root, child = two(session, cast)
    sibling = case_of(session, a_request(session, cast.ben, service_name="Acme"))
    put_together(session, cast, sibling, root)
    new = swapped(session, cast, put_together(session, cast, child, root), at=LATER + timedelta(hours=1))
    entry = session.get_one(Entry, new.event_id)
    found = recipients(session, NOTICES["merged"], root, entry)
    assert [each.person_id for each in found] == [cast.ada.id], "Ben was told when his own request was combined"


def test_a_swap_needs_the_other_direction_to_be_allowed(session: Session, cast: Cast) -> None:
    root = a_case(session, cast, phase="consultation")
    child = case_of(session, a_request(session, cast.cleo))
    link = put_together(session, cast, child, root)
    with pytest.raises(Refused, match="leads now is in consultation, and the other one was in submission"):
        swapped(session, cast, link)
    with pytest.raises(Stale):
        merge.swap(session, link, act(cast.lead), version=child.version, into_version=99)
    with pytest.raises(NotAllowed):
        merge.swap(session, link, act(cast.engineer), version=child.version, into_version=root.version)
    merge.unmerge(session, link, act(cast.lead, LATER))
    with pytest.raises(Refused, match="taken back"):
        merge.swap(session, link, act(cast.lead), version=child.version, into_version=root.version)


def test_what_was_swapped_can_be_unmerged_at_any_time(session: Session, cast: Cast) -> None:
    root, child = two(session, cast)
    new = swapped(session, cast, put_together(session, cast, child, root))
    merge.unmerge(session, new, act(cast.lead, LATER + timedelta(days=2)))
    assert (root.outcome, root.root_id, child.outcome, child.root_id) == (None, root.id, None, child.id)
    with pytest.raises(Refused, match="nothing left to undo"):
        undo.undo(session, child, version=child.version, act=act(cast.lead, LATER))


def test_several_are_merged_together_and_undone_together(session: Session, cast: Cast) -> None:
    root, child = two(session, cast)
    other = case_of(session, a_request(session, cast.ben, service_name="Acme"))
    before = rows_of(session)
    rows = [(other, other.version), (child, child.version)]
    made = merge.merge_all(session, rows, root, act(cast.specialist, LATER), into_version=root.version)
    assert [link.child_id for link in made] == [other.id, child.id]
    assert supporters(session, root.id) == (3, 2)
    assert merge.lot_of(session, made[0], act(cast.lead, LATER + timedelta(minutes=10))) == []
    assert {link.id for link in merge.lot_of(session, made[0], act(cast.lead, LATER))} == {link.id for link in made}
    merge.unmerge_all(session, made[1], act(cast.lead, LATER))
    session.expire_all()
    assert rows_of(session) == before


def test_several_are_merged_or_none(session: Session, cast: Cast) -> None:
    root, child = two(session, cast)
    ended = case_of(session, a_request(session, cast.ben))
    move(session, ended, "discard", cast.specialist, reason="a test")
    before = rows_of(session)
    rows = [(child, child.version), (ended, ended.version), (root, root.version), (child, 99)]
    with pytest.raises(merge.NotAll) as refused:
        merge.merge_all(session, rows, root, act(cast.lead), into_version=root.version)
    words = {fault.number: [blocker.reason for blocker in fault.blockers] for fault in refused.value.rows}
    assert "ended" in words[ended.number][0]
    assert "one journey" in words[root.number][0]
    assert words[child.number] == ["This case was named twice"]
    with pytest.raises(merge.NotAll) as stale:
        merge.merge_all(session, [(child, 99)], root, act(cast.lead), into_version=root.version)
    assert [(fault.number, fault.stale) for fault in stale.value.rows] == [(child.number, True)]
    assert rows_of(session) == before


def test_one_taken_back_alone_ends_the_undo_of_all(session: Session, cast: Cast) -> None:
    root, child = two(session, cast)
    other = case_of(session, a_request(session, cast.ben, service_name="Acme"))
    rows = [(other, other.version), (child, child.version)]
    one, two_ = merge.merge_all(session, rows, root, act(cast.specialist, LATER), into_version=root.version)
    merge.unmerge(session, one, act(cast.lead, LATER))
    with pytest.raises(Refused, match="one by one"):
        merge.unmerge_all(session, two_, act(cast.lead, LATER))
    assert two_.unmerged_at is None


def test_a_preview_counts_the_overlap_and_tells_what_becomes_of_everything(session: Session, cast: Cast) -> None:
    root, child = two(session, cast)
    a_request(session, cast.ada, join=child.number, would_preview=True)
    hold.put_on(session, child, act(cast.specialist), reason="requester_info", question="Which plan?")
    late = MONDAY + timedelta(days=20)
    found = merge.preview(session, child, root, act(cast.specialist, late))
    assert [(each.persons, each.accounts, each.would_join) for each in found.counts] == [
        (2, 2, 1),
        (1, 1, 0),
        (2, 2, 1),
    ]
    assert (found.overlap.persons, found.overlap.accounts) == (1, 1)
    assert {(fate.case, fate.after, fate.is_overdue) for fate in found.clocks} == {
        (child.number, "runs on", False), (root.number, "runs on", True),
    }  # fmt: skip
    assert [(each.notice, each.persons, each.at) for each in found.letters] == [
        ("merged", 2, late + Program().undo_for)
    ]
    assert [each.question for each in found.waiting] == ["Which plan?"]
    many = merge_preview.preview_all(session, [child], root, act(cast.specialist, late))
    assert (many.allowed, many.before.persons, many.after.persons) == (True, 1, 2)


def notices_for(session: Session, case: Case, *, state: str = "ready") -> list[str]:
    rows = session.scalars(select(Job).where(Job.kind == "notify", Job.state == state).order_by(Job.id))
    return [row.args["notice"] for row in rows if row.args["case_id"] == case.id]


def test_turning_round_again_and_again_tells_each_side_once(session: Session, cast: Cast) -> None:
    root, child = two(session, cast)
    link = put_together(session, cast, child, root)
    for day in range(1, 4):
        link = swapped(session, cast, link, at=LATER + timedelta(days=day))
    for case in (root, child):
        assert notices_for(session, case).count("merged") == 1
    merge.unmerge(session, link, act(cast.lead, LATER + timedelta(days=9)))
    for case in (root, child):
        assert notices_for(session, case).count("unmerged") == 1


def test_a_merge_swapped_and_taken_apart_in_time_is_told_to_nobody(session: Session, cast: Cast) -> None:
    root, child = two(session, cast)
    link = swapped(session, cast, put_together(session, cast, child, root))
    merge.unmerge(session, link, act(cast.lead, LATER + timedelta(minutes=5)))
    for case in (root, child):
        assert not {"merged", "unmerged"} & set(notices_for(session, case))


def test_a_swap_is_undone_only_as_the_last_step_of_both_cases(session: Session, cast: Cast) -> None:
    root, child = two(session, cast)
    swapped(session, cast, put_together(session, cast, child, root))
    move(session, child, "claim", cast.specialist, now=LATER)
    with pytest.raises(Refused, match=f"Something was done to {child.number} since"):
        undo.undo(session, root, version=root.version, act=act(cast.lead, LATER))
    undo.undo(session, child, version=child.version, act=act(cast.lead, LATER))
    undo.undo(session, root, version=root.version, act=act(cast.lead, LATER))
    assert (root.outcome, child.merged_into_id) == (None, root.id)


def test_below_a_decided_root_everything_is_answered(session: Session, cast: Cast) -> None:
    root = a_case(session, cast, phase="consultation")
    child, grandchild = (case_of(session, a_request(session, who)) for who in (cast.ben, cast.cleo))
    put_together(session, cast, grandchild, child)
    link = put_together(session, cast, child, root)
    reviews = [clock_states(session, each)[0][2] for each in (child, grandchild)]
    assert reviews == ["stopped", "stopped"]
    merge.unmerge(session, link, act(cast.lead, LATER))
    assert [clock_states(session, each)[0][2] for each in (child, grandchild)] == ["running", "running"]
