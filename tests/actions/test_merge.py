"""Merging moves nothing and unmerging is its exact inverse; promises and privacy survive both."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from factories import DECLINE, MONDAY, Cast, a_case, a_cast, a_request, act, case_of, move
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.actions import merge, undo
from request_tracker.actions.advance import Stale
from request_tracker.rules.process import NotAllowed, Refused
from request_tracker.store import cases, clocks, merges, requests, schema
from request_tracker.store.cases import Case, NoSuchCase
from request_tracker.store.facts import supporters
from request_tracker.store.jobs import Job
from request_tracker.store.merges import Merge
from request_tracker.store.reading_case import case_for
from request_tracker.store.session import Database

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


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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
