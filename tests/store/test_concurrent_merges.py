"""Several people at once on one tree, with real threads: one wins, the others look again; no deadlock, no ring."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Barrier
from time import monotonic, sleep
from typing import Any

import pytest
from factories import MONDAY, Cast, a_cast, a_request, act, case_of
from flask import Flask
from histories import World, a_world, check, check_chains
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from request_tracker import resources
from request_tracker.actions import automatic, merge, undo, withdraw
from request_tracker.actions.advance import Stale, advance
from request_tracker.actions.unfit import Unfit
from request_tracker.app import create_app
from request_tracker.rules.people import SYSTEM, Act, Viewer
from request_tracker.rules.process import Refused
from request_tracker.rules.program import Program
from request_tracker.settings import Settings
from request_tracker.store import tokens
from request_tracker.store.cases import Case, case_number
from request_tracker.store.keys import load_knowledge
from request_tracker.store.merges import Merge
from request_tracker.store.pairs import DuplicatePair, ordered
from request_tracker.store.policies import AUTOMATIC_MERGE, Policy
from request_tracker.store.requests import Request
from request_tracker.store.session import Database

ANSWERS = (Stale, Refused, Unfit)
"""What a person is told who was second; anything else is a fault of the program."""


@dataclass(frozen=True)
class Bout:
    """Three cases, and the versions at which everybody looked at them. `joiner` has no part in them yet; `links`: the
    merges made beforehand."""

    cast: Cast
    joiner: Viewer
    ids: tuple[int, int, int]
    versions: tuple[int, int, int]
    links: tuple[int, ...]


Deed = Callable[[Session, Bout], object]


def _case(session: Session, bout: Bout, index: int) -> Case:
    return session.get_one(Case, bout.ids[index])


def merging(child: int, into: int) -> Deed:
    def deed(session: Session, bout: Bout) -> object:
        return merge.merge(
            session, _case(session, bout, child), _case(session, bout, into), act(bout.cast.lead),
            version=bout.versions[child], into_version=bout.versions[into],
        )  # fmt: skip

    return deed


def unmerging(link: int = 0) -> Deed:
    def deed(session: Session, bout: Bout) -> object:
        return merge.unmerge(session, session.get_one(Merge, bout.links[link]), act(bout.cast.lead))

    return deed


def swapping(child: int, into: int, link: int = 0) -> Deed:
    def deed(session: Session, bout: Bout) -> object:
        return merge.swap(
            session, session.get_one(Merge, bout.links[link]), act(bout.cast.lead), version=bout.versions[child],
            into_version=bout.versions[into],
        )  # fmt: skip

    return deed


def claiming(index: int) -> Deed:
    def deed(session: Session, bout: Bout) -> object:
        return advance(
            session, _case(session, bout, index), "claim", version=bout.versions[index], act=act(bout.cast.specialist)
        )

    return deed


def withdrawing(index: int) -> Deed:
    """By who opened the case; no version is asked for: leaving is possible at any time."""

    def deed(session: Session, bout: Bout) -> object:
        opened = select(Request).where(Request.case_id == bout.ids[index], Request.kind == "opened")
        return withdraw.withdraw(session, session.scalars(opened).one(), act(bout.cast.specialist))

    return deed


def joining(index: int) -> Deed:
    def deed(session: Session, bout: Bout) -> object:
        return a_request(session, bout.joiner, join=_case(session, bout, index).number)

    return deed


def undoing(index: int) -> Deed:
    def deed(session: Session, bout: Bout) -> object:
        return undo.undo(
            session, _case(session, bout, index), version=bout.versions[index], act=act(bout.cast.lead)
        )  # fmt: skip

    return deed


def merging_by_itself(index: int) -> Deed:
    """As the job does that compared the case: the pair of B and C waits, and the policy is on."""

    def deed(session: Session, bout: Bout) -> object:
        case = _case(session, bout, index)
        return automatic.consider(session, case, Act(SYSTEM, MONDAY, Program()), load_knowledge(resources.SEED_DATA))

    return deed


ONE_WINS = {("Stale", "done")}
A, B, C = 0, 1, 2
BOUTS: dict[str, tuple[tuple[tuple[int, int], ...], tuple[Deed, ...], set[tuple[str, ...]]]] = {
    # merges made beforehand; what is done at once; every outcome there may be
    "A-B and B-A": ((), (merging(A, B), merging(B, A)), ONE_WINS),
    "A-B and A-C": ((), (merging(A, B), merging(A, C)), ONE_WINS),
    "A-B and B-C": ((), (merging(A, B), merging(B, C)), ONE_WINS),
    "A-C and B-C": ((), (merging(A, C), merging(B, C)), ONE_WINS),
    "a ring": ((), (merging(A, B), merging(B, C), merging(C, A)), {("Stale", "Stale", "done")}),
    "unmerge and another into the root": (
        ((A, B),), (unmerging(), merging(C, B)), {("done", "done"), ("Stale", "done")},
    ),
    "unmerge and the root into another": (
        ((A, B),), (unmerging(), merging(B, C)), {("done", "done"), ("Stale", "done")},
    ),
    "unmerge twice": (((A, B),), (unmerging(), unmerging()), {("Refused", "done")}),
    "unmerge both links of a chain": (((A, B), (B, C)), (unmerging(0), unmerging(1)), {("done", "done")}),
    "unmerge and undo": (((A, B),), (unmerging(), undoing(A)), {("Stale", "done"), ("Refused", "done")}),
    "swap and unmerge": (((A, B),), (swapping(A, B), unmerging()), {("Refused", "done"), ("Stale", "done")}),
    "swap twice": (((A, B),), (swapping(A, B), swapping(A, B)), {("Refused", "done"), ("Stale", "done")}),
    "swap and another into the root": (((A, B),), (swapping(A, B), merging(C, B)), ONE_WINS),
    "swap and the root into another": (((A, B),), (swapping(A, B), merging(B, C)), ONE_WINS),
    "swap and move of the root": (
        ((A, B),), (swapping(A, B), claiming(B)), {("Stale", "done"), ("Refused", "done")},
    ),
    "swap and withdraw": (((A, B),), (swapping(A, B), withdrawing(B)), {("done", "done"), ("Stale", "done")}),
    "move of the root": ((), (claiming(B), merging(A, B)), ONE_WINS),
    "move of the child": ((), (claiming(A), merging(A, B)), {("Stale", "done"), ("Refused", "done")}),
    "withdraw from the child": ((), (withdrawing(A), merging(A, B)), {("done", "done"), ("Stale", "done")}),
    "withdraw from the root": ((), (withdrawing(B), merging(A, B)), {("done", "done"), ("Stale", "done")}),
    "withdraw and unmerge": (((A, B),), (withdrawing(A), unmerging()), {("done", "done")}),
    "join and merge": ((), (joining(A), merging(A, B)), {("done", "done"), ("Stale", "done")}),
    "join and unmerge": (((A, B),), (joining(A), unmerging()), {("done", "done")}),
    "by itself and unmerge": (((A, B),), (merging_by_itself(C), unmerging()), {("done", "done")}),
}  # fmt: skip


@pytest.fixture(params=["fresh", pytest.param("fresh_postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> Database:
    found: Database = request.getfixturevalue(request.param)
    return found


def test_one_wins_and_the_others_look_again(database: Database) -> None:
    _fight(database, rounds=1)


@pytest.mark.deep
def test_one_wins_in_every_order_of_the_cases(database: Database) -> None:
    _fight(database, rounds=6)


def _fight(database: Database, *, rounds: int) -> None:
    """Every bout several times, with the cases in other orders of their ids: locks are taken in order of the ids."""
    world = _a_program(database)
    faults = []
    for name, (before, deeds, allowed) in BOUTS.items():
        for turn in range(rounds):
            bout = _prepare(database, world, before, turn)
            outcome = tuple(sorted(_at_once(database, bout, deeds, gated=turn % 2 == 0)))
            if outcome not in allowed:
                faults.append(f"{name}, turn {turn}: {outcome} instead of one of {sorted(allowed)}")
            faults += _unsound(database, bout, name, turn)
    assert not faults, "\n".join(faults)


def _a_program(database: Database) -> World:
    with database.transaction() as session:
        world = a_world(session, a_cast(session))
        value = {"on": True, "from_score": 0.95, "reason": "Measured"}
        session.add(Policy(name=AUTOMATIC_MERGE, value=value, by_id=world.cast.lead.id, at=MONDAY))
        return world


def _prepare(database: Database, world: World, before: tuple[tuple[int, int], ...], turn: int) -> Bout:
    orders = ((0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 2, 0), (2, 0, 1), (0, 2, 1))
    cast = world.cast
    with database.transaction() as session:
        made = [case_of(session, a_request(session, who)) for who in (cast.ada, cast.ben, cast.cleo)]
        made = [made[index] for index in orders[turn % len(orders)]]
        links = [
            merge.merge(
                session, made[child], made[into], act(cast.lead), version=made[child].version,
                into_version=made[into].version,
            ).id
            for child, into in before
        ]  # fmt: skip
        left, right = ordered(made[B].id, made[C].id)
        session.add(
            DuplicatePair(left_id=left, right_id=right, score=1, decision="merge", reasons=[], scored_at=MONDAY)
        )
        ids, versions = tuple(case.id for case in made), tuple(case.version for case in made)
        return Bout(cast, world.people[4], ids, versions, tuple(links))  # type: ignore[arg-type]


def _at_once(database: Database, bout: Bout, deeds: tuple[Deed, ...], *, gated: bool) -> list[str]:
    """What each was told. `gated`: all wait at the first lock, having read what they read, before one goes on."""
    start = Barrier(len(deeds))

    def go(deed: Deed) -> str:
        start.wait()
        try:
            with database.transaction() as session:
                deed(session, bout)
        except ANSWERS as fault:
            return type(fault).__name__
        except Exception as fault:
            return f"{type(fault).__name__}: {fault}"[:200]
        return "done"

    with ThreadPoolExecutor(len(deeds)) as pool:
        if not gated or database.engine.dialect.name == "sqlite":
            return list(pool.map(go, deeds))
        with _gate(database, bout, len(deeds)):
            waiting: list[Future[str]] = [pool.submit(go, deed) for deed in deeds]
        return [each.result() for each in waiting]


@contextmanager
def _gate(database: Database, bout: Bout, number: int) -> Iterator[None]:
    """Holds the locks of all three cases until so many wait for one of them."""
    with database.transaction() as session:
        session.execute(select(Case.id).where(Case.id.in_(bout.ids)).order_by(Case.id).with_for_update())
        yield
        until = monotonic() + 2
        while _waiting(database) < number and monotonic() < until:
            sleep(0.003)


def _waiting(database: Database) -> int:
    asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with database.reading() as session:
        return int(session.scalar(text(asked)) or 0)


def _unsound(database: Database, bout: Bout, name: str, turn: int) -> list[str]:
    with database.reading() as session:
        try:
            check(World(session, bout.cast, []), among=bout.ids)
        except AssertionError as fault:
            return [f"{name}, turn {turn}: {fault}"]
    return []


PAIRS = (((A, B), (B, A)), ((A, B), (A, C)), ((A, C), (B, C)), ((A, B), (B, C), (C, A)))


def test_who_comes_second_gets_a_fresh_preview(database: Database, settings: Settings) -> None:
    """Over the API, from clients of their own on one application."""
    app = create_app(settings, database, now=lambda: MONDAY)
    world = _a_program(database)
    with database.transaction() as session:
        secret = tokens.issue(session, world.cast.lead.id or 0, "all", MONDAY)
    desk = Desk(app, {"Authorization": f"Bearer {secret}"})
    for turn, pairs in enumerate((*PAIRS, *PAIRS)):
        bout = _prepare(database, world, (), turn)
        answers = desk.at_once(bout, pairs)
        assert sorted(status for status, _ in answers) == [201, *[409] * (len(pairs) - 1)], answers
        losers = [(pair, body) for pair, (status, body) in zip(pairs, answers, strict=True) if status == 409]
        for pair, body in losers:
            desk.sees_it_as_it_is(bout, pair, body["preview"])
        desk.decides_anew(bout, losers[0][0], losers[0][1]["preview"])
    with database.reading() as session:
        after = World(session, world.cast, [])
        check(after)
        check_chains(after)


@dataclass(frozen=True)
class Desk:
    """Leads at the API of one application, each with a client of their own."""

    app: Flask
    headers: dict[str, str]

    def at_once(self, bout: Bout, pairs: Sequence[tuple[int, int]]) -> list[tuple[int, dict[str, Any]]]:
        start = Barrier(len(pairs))

        def go(pair: tuple[int, int]) -> tuple[int, dict[str, Any]]:
            client = self.app.test_client()
            start.wait()
            answer = client.post(self._path(bout, pair), json=_body(bout, pair), headers=self.headers)
            return answer.status_code, answer.get_json()

        with ThreadPoolExecutor(len(pairs)) as pool:
            return list(pool.map(go, pairs))

    def sees_it_as_it_is(self, bout: Bout, pair: tuple[int, int], shown: dict[str, Any]) -> None:
        """What comes with the refusal is what a look at the preview shows now."""
        query = {"into": case_number(bout.ids[pair[1]])}
        path = f"{self._path(bout, pair)}/preview"
        assert self.app.test_client().get(path, query_string=query, headers=self.headers).get_json() == shown

    def decides_anew(self, bout: Bout, pair: tuple[int, int], shown: dict[str, Any]) -> None:
        """Deciding by it works where it says that it does; else the refusal has its reasons and a preview too."""
        body = {**_body(bout, pair), "version": shown["version"], "into_version": shown["into_version"]}
        again = self.app.test_client().post(self._path(bout, pair), json=body, headers=self.headers)
        assert again.status_code == (201 if shown["allowed"] else 409), again.get_json()
        if not shown["allowed"]:
            assert again.get_json()["blockers"] == shown["blockers"]

    @staticmethod
    def _path(bout: Bout, pair: tuple[int, int]) -> str:
        return f"/api/v1/cases/{case_number(bout.ids[pair[0]])}/merges"


def _body(bout: Bout, pair: tuple[int, int]) -> dict[str, Any]:
    child, into = pair
    return {
        "into": case_number(bout.ids[into]), "version": bout.versions[child], "into_version": bout.versions[into],
    }  # fmt: skip
