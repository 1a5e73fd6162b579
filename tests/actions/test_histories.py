"""Random histories of merging: after every step trees, counts, clocks and chains are right, and unmerging is exact."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from factories import MONDAY, Cast, a_case, a_request, act, case_of, move
from histories import (
    CHOICES,
    Step,
    World,
    check,
    check_chains,
    do,
    explore,
    of,
    populate,
    put_together,
    rows_of,
    send_due,
    steps,
    tree_of,
)
from hypothesis import strategies as st
from running import SWEPT
from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.actions import merge, refold, undo, withdraw
from request_tracker.mail.deliver import Memory
from request_tracker.rules.notices import NOTICES, Audience
from request_tracker.rules.people import SYSTEM
from request_tracker.rules.terms import Phase
from request_tracker.settings import Settings
from request_tracker.store.cases import Case
from request_tracker.store.jobs import Job
from request_tracker.store.letters import Letter
from request_tracker.store.merges import Merge
from request_tracker.store.requests import Request, request_number
from request_tracker.store.timeline import Undone
from request_tracker.work import post


def walk(world: World, script: list[Step]) -> None:
    populate(world)
    with telling(world):
        for step in script:
            do(world, step)
            check(world)
        check_chains(world)
        left = [(case_id, each.column) for case_id, each in refold.every_difference(world.session, world.now)]
        assert left == [], "the cached columns say what the events say"


@contextmanager
def telling(world: World) -> Iterator[None]:
    """A failure tells what had happened before."""
    try:
        yield
    except AssertionError as fault:
        raise AssertionError("\n".join([str(fault), *world.told])) from fault


@SWEPT
def test_everything_holds_after_every_step(rolled: Any, cast: Cast) -> None:
    explore(rolled, cast, steps(least=10, most=30), of(rolled, 6, 4), walk)


@pytest.mark.deep
def test_everything_holds_after_every_step_of_long_histories(rolled: Any, cast: Cast) -> None:
    explore(rolled, cast, steps(least=30, most=80), of(rolled, 30, 5), walk)


# Unmerging is the inverse of merging.

BETWEEN = tuple(name for name in CHOICES if name not in ("wait", "sweep"))
"""Steps between a merge and its unmerging: time goes on by a minute each, so that the undo window stays open."""
Trip = tuple[list[Step], list[tuple[int, int, list[Step]]]]
ONE_TRIP = st.tuples(st.integers(0, 11), st.integers(0, 11), steps(least=0, most=5, choices=BETWEEN))
TRIPS = st.tuples(steps(least=3, most=15), st.lists(ONE_TRIP, min_size=3, max_size=5))


def there_and_back(world: World, script: Trip) -> None:
    """Whatever came before, and whatever happens in other trees in between: every row of both trees is as it was."""
    before, trips = script
    populate(world)
    for step in before:
        do(world, step)
    with telling(world):
        for a, b, between in trips:
            _trip(world, a, b, between)
            check(world)
        check_chains(world)


def _trip(world: World, a: int, b: int, between: list[Step]) -> None:
    lead = world.act(world.cast.lead)
    able = [pair for pair in permutations(world.roots(), 2) if not merge.preview(world.session, *pair, lead).blockers]
    if not able:
        return
    child, root = able[(12 * a + b) % len(able)]
    both = tree_of(world, child) | tree_of(world, root)
    everything, ours = rows_of(world.session), rows_of(world.session, both)
    link = put_together(world, child, root, world.cast.lead)
    world.told.append(f"{world.now:%d %H:%M} {child.number} into {root.number}")
    check(world)
    world.only = frozenset(case.id for case in world.cases()) - both
    done = [do(world, step) for step in between]
    world.only = None
    merge.unmerge(world.session, link, world.act(world.cast.specialist))
    assert rows_of(world.session, both) == ours
    if "done" not in done:
        assert rows_of(world.session) == everything


@SWEPT
def test_unmerging_restores_every_row(rolled: Any, cast: Cast) -> None:
    explore(rolled, cast, TRIPS, of(rolled, 4, 3), there_and_back)


@pytest.mark.deep
def test_unmerging_restores_every_row_again_and_again(rolled: Any, cast: Cast) -> None:
    explore(rolled, cast, TRIPS, of(rolled, 30, 5), there_and_back)


PREPARING = ("forward", "forward", "forward", "hold", "provision", "comment", "join", "assign")
ON_THE_ROOT = ("forward", "hold", "resume", "comment", "assign", "end", "back", "provision")
FURTHER = st.tuples(
    steps(least=0, most=14, choices=PREPARING), st.integers(0, 3), steps(least=0, most=3, choices=ON_THE_ROOT)
)


def three_further(world: World, script: tuple[list[Step], int, list[Step]]) -> None:
    """A child comes back as it was after three others followed it, its root went into another, and that one moved."""
    before, which, after = script
    populate(world, 6)
    for step in before:
        do(world, step)
    *children, root, top = sorted(world.roots(), key=lambda case: (Phase(case.phase).order, case.id))
    first = children.pop(which)
    kept = rows_of(world.session, [first.id])
    link = put_together(world, first, root, world.cast.lead)
    for child in children:
        put_together(world, child, root, world.cast.lead)
    put_together(world, root, top, world.cast.lead)
    world.only = frozenset([top.id])
    for step in after:
        do(world, step)
    world.only = None
    with telling(world):
        check(world)
        merge.unmerge(world.session, link, world.act(world.cast.lead))
        assert rows_of(world.session, [first.id]) == kept
        check(world)
        check_chains(world)


@SWEPT
def test_unmerging_after_three_further_merges_restores_every_row_of_the_child(rolled: Any, cast: Cast) -> None:
    explore(rolled, cast, FURTHER, of(rolled, 10, 4), three_further)


# Everybody in a tree hears each event once.


@dataclass
class Expected:
    """A notice to everybody in a tree. `chains`: by live request, the standing links up to the root at that time;
    `there`: those of requests that were withdrawn then as well."""

    job_id: int
    event_id: int
    notice: str
    chains: dict[int, tuple[int, ...]]
    there: frozenset[int]


class Postman:
    """The worker's part between two steps: writes and sends what is due, and holds it against who should hear."""

    def __init__(self, world: World, rolled: Any, settings: Settings) -> None:
        self.world, self.rolled, self.settings = world, rolled, settings
        self.sent = Memory()
        self.waiting: list[Expected] = []
        self.seen = self.read = 0

    def note(self) -> None:
        """Remember who is in the tree while the notice is queued."""
        rows = self.world.session.scalars(select(Job).where(Job.id > self.seen).order_by(Job.id)).all()
        for job in rows:
            self.seen = job.id
            if job.kind == "notify" and NOTICES[job.args["notice"]].audience == (Audience.EVERYBODY,):
                assert job.event_id is not None
                chains = self._chains(job.args["case_id"])
                there = frozenset(self._chains(job.args["case_id"], live_only=False))
                self.waiting.append(Expected(job.id, job.event_id, job.args["notice"], chains, there))

    def go_round(self) -> None:
        """Do all that is due now, then look who got what."""
        due = [each for each in self.waiting if self._is_due(each)]
        must = {each.job_id: self._must(each) for each in due}
        send_due(self.world, self.rolled, self.settings, self.sent)
        for each in due:
            self.waiting.remove(each)
            self._compare(each, must[each.job_id])
        self._compare_merged()

    def _is_due(self, each: Expected) -> bool:
        job = self.world.session.get_one(Job, each.job_id)
        return job.state == "ready" and job.run_at <= self.world.now

    def _must(self, each: Expected) -> set[int]:
        """Who was in the tree and still is, by the same links."""
        case_id = self.world.session.get_one(Job, each.job_id).args["case_id"]
        now = self._chains(case_id)
        return {self._person(request_id) for request_id, chain in each.chains.items() if now.get(request_id) == chain}

    def _compare(self, each: Expected, must: set[int]) -> None:
        wanted = select(Letter).where(Letter.event_id == each.event_id, Letter.notice == each.notice)
        letters = self.world.session.scalars(wanted).all()
        got = [letter.person_id for letter in letters]
        may = {self._person(request_id) for request_id in each.there}  # who comes back meanwhile may hear of it
        assert len(got) == len(set(got)), f"somebody got two letters of {each}"
        assert must <= set(got), f"{must - set(got)} did not hear of {each}"
        assert set(got) <= may, f"{set(got) - may} heard of {each} without having been there"
        for letter in letters:
            assert letter.request_id in each.there, f"{letter.subject} names a request that was not in the tree"
            assert self._person(letter.request_id) == letter.person_id, f"{letter.subject} has somebody else's number"
            assert request_number(letter.request_id) in letter.subject + letter.text

    def _person(self, request_id: int) -> int:
        return self.world.session.get_one(Request, request_id).person_id

    def _chains(self, root_id: int, *, live_only: bool = True) -> dict[int, tuple[int, ...]]:
        """Every (live) request below the case, with the links that lead up from it."""
        session = self.world.session
        up = {link.child_id: link for link in session.scalars(select(Merge).where(Merge.unmerged_at.is_(None)))}
        found = {}
        for request in session.scalars(select(Request).order_by(Request.id)):
            if live_only and request.withdrawn_at is not None:
                continue
            chain, at = [], request.case_id
            while at in up and at != root_id:
                chain.append(up[at].id)
                at = up[at].into_id
            if at == root_id:
                found[request.id] = tuple(chain)
        return found

    def _compare_merged(self) -> None:
        """Who reads that two cases were combined reads what is so: a swap inside the window leaves them combined."""
        session = self.world.session
        wanted = select(Letter).where(Letter.id > self.read, Letter.notice == "merged").order_by(Letter.id)
        for letter in session.scalars(wanted).all():
            self.read = letter.id
            link = session.scalars(select(Merge).where(Merge.event_id == letter.event_id)).one()
            child, into = session.get_one(Case, link.child_id), session.get_one(Case, link.into_id)
            assert child.root_id == into.root_id, (
                f"{letter.to_address} is told of {child.number} and {into.number}, which are not combined any more"
            )

    def check(self) -> None:
        """Nothing went out twice, nothing was told after it was undone, and no letter failed to be written."""
        ids = [each.message_id for each in self.sent.sent]
        assert len(ids) == len(set(ids))
        session = self.world.session
        undone = select(Letter.subject, Letter.to_address).join(Undone, Undone.entry_id == Letter.event_id)
        assert session.execute(undone.where(Letter.created_at > Undone.at)).all() == []
        assert session.scalars(select(Job.last_error).where(Job.last_error != "")).all() == []


def deliver_all(rolled: Any, settings: Settings) -> Any:
    def run(world: World, script: list[Step]) -> None:
        postman = Postman(world, rolled, settings)
        world.meanwhile = postman.go_round
        populate(world)
        postman.note()
        with telling(world):
            for step in script:
                do(world, step)
                postman.note()
            world.wait(days=1)
            postman.go_round()
            postman.check()

    return run


@SWEPT
def test_everybody_in_the_tree_hears_each_event_once(rolled: Any, cast: Cast, settings: Settings) -> None:
    explore(rolled, cast, steps(least=10, most=25), of(rolled, 10, 3), deliver_all(rolled, settings))


@pytest.mark.deep
def test_everybody_hears_once_in_long_histories(rolled: Any, cast: Cast, settings: Settings) -> None:
    explore(rolled, cast, steps(least=20, most=60), of(rolled, 25, 4), deliver_all(rolled, settings))


def test_who_joins_later_never_hears_of_what_was_before(session: Session, cast: Cast, settings: Settings) -> None:
    """Inside the undo window the letters of a move are not written yet: a new supporter is none of its readers."""
    case = a_case(session, cast)
    move(session, case, "claim", cast.specialist)
    a_request(session, cast.cleo, join=case.number, now=MONDAY + timedelta(minutes=5))
    job = session.scalars(select(Job).where(Job.unique_key.like("notify:in_review:%"))).one()
    post.notify(session, job.args, job.event_id, act(SYSTEM, MONDAY + timedelta(minutes=11)), settings)
    told = session.scalars(select(Letter.to_address).where(Letter.notice == "in_review")).all()
    assert told == [cast.ada.email]


def test_nobody_hears_of_a_merge_that_was_swapped_and_taken_back_in_time(
    session: Session, cast: Cast, settings: Settings
) -> None:
    root, child = (case_of(session, a_request(session, who)) for who in (cast.ada, cast.cleo))
    lead = act(cast.lead)
    link = merge.merge(session, child, root, lead, version=child.version, into_version=root.version)
    link = merge.swap(session, link, lead, version=child.version, into_version=root.version)
    merge.unmerge(session, link, lead)
    after = act(SYSTEM, MONDAY + timedelta(days=1))
    for job in session.scalars(select(Job).where(Job.kind == "notify", Job.state == "ready")).all():
        post.notify(session, job.args, job.event_id, after, settings)
    assert session.scalars(select(Letter.to_address).where(Letter.notice.in_(("merged", "unmerged")))).all() == []


def test_undoing_a_swap_settles_who_leads_the_old_root(session: Session, cast: Cast) -> None:
    """Its primary left while another case led the tree: the next one is asked, as after an unmerging."""
    root, child = (case_of(session, a_request(session, who)) for who in (cast.ada, cast.cleo))
    lead = act(cast.lead)
    link = merge.merge(session, child, root, lead, version=child.version, into_version=root.version)
    merge.swap(session, link, lead, version=child.version, into_version=root.version)
    withdraw.withdraw(session, session.get_one(Request, root.primary_request_id), act(cast.ada))
    undo.undo(session, child, version=child.version, act=lead)
    check(World(session, cast, [cast.ada, cast.cleo]))
