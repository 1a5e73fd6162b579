"""Scoring a case against the others: which pairs wait for a specialist, and which must not."""

from functools import partial
from itertools import product
from typing import Any

import pytest
from at_once import at_once
from conftest import Rolled
from factories import MONDAY, Cast, a_case, a_cast, a_request, a_submission, act, case_of, move
from sqlalchemy import select, update
from sqlalchemy.orm import Session, aliased

from request_tracker import resources
from request_tracker.actions import dismiss, merge, scoring, submit
from request_tracker.rules.matching import Knowledge, Match
from request_tracker.rules.people import SYSTEM, Act
from request_tracker.rules.program import Program
from request_tracker.rules.terms import Outcome, Phase
from request_tracker.settings import Settings
from request_tracker.store import candidates, pairs, reading_duplicates
from request_tracker.store.cases import Case
from request_tracker.store.jobs import Job
from request_tracker.store.keys import load_knowledge
from request_tracker.store.merges import Merge
from request_tracker.store.pairs import DuplicatePair
from request_tracker.store.session import Database
from request_tracker.store.timeline import Entry
from request_tracker.work.context import Context
from request_tracker.work.scoring import score as effect
from request_tracker.work.worker import Worker

SYSTEM_ACT = Act(SYSTEM, MONDAY, Program())


@pytest.fixture(scope="module")
def known() -> Knowledge:
    return load_knowledge(resources.SEED_DATA)


def named(session: Session, cast: Cast, name: str, known: Knowledge, *, phase: str = "submission") -> Case:
    """A case of a service whose name and domain are its own."""
    site = name.lower().replace(" ", "")
    own = {"service_name": name, "service_url": f"https://{site}.example/", "api_docs_url": f"https://{site}.example/d"}
    case = a_case(session, cast, phase=phase, **own)
    candidates.index_case(session, case, known)
    session.flush()
    return case


def rescore(session: Session, case: Case, known: Knowledge) -> int:
    found = scoring.score(session, case, known, SYSTEM_ACT)
    session.flush()
    return found


def rows(session: Session) -> set[tuple[int, int]]:
    session.flush()
    session.expire_all()
    return {(row.left_id, row.right_id) for row in session.scalars(select(DuplicatePair))}


def jobs_for(session: Session) -> list[int]:
    return [job.args["case_id"] for job in session.scalars(select(Job).where(Job.kind == "score").order_by(Job.id))]


def test_two_alike_are_one_pair_whichever_is_scored(session: Session, cast: Cast, known: Knowledge) -> None:
    first, second = (named(session, cast, "Zephyr Ledger", known) for _ in range(2))
    named(session, cast, "Quartz Payroll", known)
    for _ in range(2):
        assert rescore(session, first, known) == rescore(session, second, known) == 1
    assert rows(session) == {(first.id, second.id)}
    (row,) = session.scalars(select(DuplicatePair))
    assert row.score > 0.9
    assert row.reasons


def test_opening_a_case_queues_its_comparison_and_joining_none(session: Session, cast: Cast) -> None:
    case = case_of(session, a_request(session, cast.ada))
    a_request(session, cast.cleo, join=case.number)
    assert jobs_for(session) == [case.id]


def test_the_worker_fills_the_inbox(rolled: Rolled, cast: Cast, session: Session, known: Knowledge) -> None:
    for who in (cast.ada, cast.cleo):
        submit.submit(session, a_submission(service_name="Zephyr Ledger"), act(who), knowledge=known)
    session.commit()
    worker = Worker(a_context(rolled, known), effects={"score": lambda context, call: effect(context, call.args)})
    with rolled.transaction() as own:
        own.execute(update(Job).where(Job.kind != "score").values(state="done"))
    assert worker.drain() == 2
    assert len(rows(session)) == 1


def test_a_dismissed_pair_leaves_the_inbox_and_stays_out(session: Session, cast: Cast, known: Knowledge) -> None:
    first, second = (named(session, cast, "Zephyr Ledger", known) for _ in range(2))
    rescore(session, first, known)
    dismiss.dismiss(session, second, first, act(cast.specialist), kind="related")
    assert rows(session) == set()
    rescore(session, second, known)
    assert rows(session) == set()
    assert dismiss.take_back(session, first, second, act(cast.lead))
    assert not dismiss.take_back(session, first, second, act(cast.lead))
    assert set(jobs_for(session)[-2:]) == {first.id, second.id}
    rescore(session, first, known)
    assert rows(session) == {(first.id, second.id)}


def test_what_was_dismissed_for_one_of_a_tree_holds_for_its_root(
    session: Session, cast: Cast, known: Knowledge
) -> None:
    root, child, other = (named(session, cast, "Zephyr Ledger", known) for _ in range(3))
    dismiss.dismiss(session, child, other, act(cast.specialist))
    into(session, cast, child, root)
    rescore(session, root, known)
    rescore(session, other, known)
    assert rows(session) == set()
    link = session.scalars(select(Merge)).one()
    merge.unmerge(session, link, act(cast.specialist))
    rescore(session, root, known)
    assert rows(session) == {(root.id, child.id), (root.id, other.id)}


def test_a_merged_case_keeps_no_pair_and_its_root_takes_them_over(
    session: Session, cast: Cast, known: Knowledge
) -> None:
    root, child, third = (named(session, cast, "Zephyr Ledger", known) for _ in range(3))
    for case in (root, child, third):
        rescore(session, case, known)
    assert len(rows(session)) == 3
    into(session, cast, child, root)
    rescore(session, child, known)
    assert rows(session) == {(root.id, third.id)}


@pytest.mark.parametrize("phase", ["submission", "development"])
def test_a_pair_is_left_when_one_of_it_ends_for_good(
    session: Session, cast: Cast, known: Knowledge, phase: str
) -> None:
    first, second = (named(session, cast, "Zephyr Ledger", known) for _ in range(2))
    third = named(session, cast, "Zephyr Ledger", known, phase=phase)
    for case in (first, second, third):
        rescore(session, case, known)
    move(session, second, "close", cast.lead, reason="The vendor is gone")
    session.flush()
    assert [row.left.number for row in shown(session, cast)] == [first.number]
    rescore(session, second, known)
    assert rows(session) == {(first.id, third.id)}


def test_a_released_root_still_answers_a_new_wish(session: Session, cast: Cast, known: Knowledge) -> None:
    done = named(session, cast, "Zephyr Ledger", known, phase="generally_available")
    also = named(session, cast, "Zephyr Ledger", known, phase="generally_available")
    wish = named(session, cast, "Zephyr Ledger", known)
    for case in (done, also, wish):
        rescore(session, case, known)
    assert rows(session) == {(done.id, wish.id), (also.id, wish.id)}


def test_what_is_shown_is_what_the_rules_allow(session: Session, cast: Cast) -> None:
    """The condition of the database and the rule agree on each pair of phases and outcomes."""
    states = [*product(Phase, (None, Outcome.NOT_A_CANDIDATE, Outcome.CLOSED, Outcome.INVALID, Outcome.WITHDRAWN))]
    states = [state for state in states if state[0] is not Phase.GENERALLY_AVAILABLE]
    states.append((Phase.GENERALLY_AVAILABLE, Outcome.RELEASED))
    found = [case_of(session, a_request(session, cast.ada)) for _ in states]
    for case, (phase, outcome) in zip(found, states, strict=True):
        ended = {"ended_at": MONDAY if outcome else None}
        session.execute(update(Case).where(Case.id == case.id).values(phase=phase, outcome=outcome, **ended))
    session.flush()
    session.expire_all()
    left, right = aliased(Case), aliased(Case)
    both = select(left.id, right.id).where(pairs.still_possible(left, right), left.id < right.id)
    told = {tuple(row) for row in session.execute(both)}
    allowed = {(a.id, b.id) for a, b in product(found, found) if a.id < b.id and pairs.possible(a, b)}
    assert told == allowed
    assert len(allowed) not in (0, len(found) * (len(found) - 1) // 2)


def test_a_decision_stands_in_both_histories(session: Session, cast: Cast) -> None:
    first, second = (case_of(session, a_request(session, cast.ada)) for _ in range(2))
    dismiss.dismiss(session, first, second, act(cast.specialist))
    dismiss.take_back(session, second, first, act(cast.specialist))
    for case, other in ((first, second), (second, first)):
        told = session.scalars(
            select(Entry).where(Entry.case_id == case.id, Entry.kind.like("dismissed%")).order_by(Entry.seq)
        ).all()
        assert [(row.kind, row.data["other"], row.audience) for row in told] == [
            ("dismissed", other.number, "staff"), ("dismissed.back", other.number, "staff"),
        ]  # fmt: skip


def test_a_case_merged_while_it_was_compared_is_left_alone(session: Session, cast: Cast, known: Knowledge) -> None:
    root, child, third = (named(session, cast, "Zephyr Ledger", known) for _ in range(3))
    found = scoring.search(session, child, known)
    into(session, cast, child, root)
    assert scoring.keep(session, found, SYSTEM_ACT) == 0
    assert (child.id, third.id) not in rows(session)


@pytest.mark.postgres
def test_many_workers_at_once_do_no_harm(fresh_postgres: Database, known: Knowledge) -> None:
    with fresh_postgres.transaction() as session:
        cast = a_cast(session)
        ids = [named(session, cast, "Zephyr Ledger", known).id for _ in range(4)]
    context = a_context(fresh_postgres, known)
    at_once(*(partial(effect, context, {"case_id": each}) for each in ids * 2))
    with fresh_postgres.reading() as session:
        assert rows(session) == {(a, b) for a, b in product(ids, ids) if a < b}


def test_the_places_of_pairs_outlive_a_new_score(session: Session, cast: Cast, known: Knowledge) -> None:
    first, second = (named(session, cast, "Zephyr Ledger", known) for _ in range(2))
    rescore(session, first, known)
    before = session.scalars(select(DuplicatePair.id)).one()
    pairs.replace(session, first.id, [first.id], {second.id: Match(0.5, "suggest", ("only a little",))}, MONDAY)
    session.flush()
    session.expire_all()
    row = session.scalars(select(DuplicatePair)).one()
    assert (row.id, row.score, row.decision, row.reasons) == (before, 0.5, "suggest", ["only a little"])


def into(session: Session, cast: Cast, child: Case, root: Case) -> None:
    merge.merge(session, child, root, act(cast.specialist), version=child.version, into_version=root.version)
    session.flush()


def shown(session: Session, cast: Cast) -> tuple[reading_duplicates.PairRow, ...]:
    session.flush()
    session.expire_all()
    return reading_duplicates.page(session, reading_duplicates.Filter(), cast.specialist).items


def a_context(database: Database, known: Knowledge) -> Context:
    def nobody() -> Any:
        raise AssertionError("comparing asks nobody outside")

    return Context(database, Settings(secret_key="test " * 10), lambda: MONDAY, nobody, lambda _: known)
