"""What a policy may merge by itself and what it leaves to people: doubt, their word, and whatever came between."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from factories import MONDAY, Cast, a_case, a_request, act, case_of, later, move
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from request_tracker import resources
from request_tracker.actions import automatic, dismiss, merge, withdraw
from request_tracker.rules.matching import Knowledge
from request_tracker.rules.people import SYSTEM, Act
from request_tracker.rules.program import Program
from request_tracker.store import cases
from request_tracker.store.cases import Case
from request_tracker.store.jobs import Job
from request_tracker.store.keys import load_knowledge
from request_tracker.store.merges import Merge
from request_tracker.store.pairs import DuplicatePair, ordered

SYSTEM_ACT = Act(SYSTEM, MONDAY, Program())
Paired = Callable[..., None]


@pytest.fixture(scope="module")
def known() -> Knowledge:
    return load_knowledge(resources.SEED_DATA)


@pytest.fixture
def three(session: Session, cast: Cast) -> list[Case]:
    """Three cases by three people, oldest first."""
    return [case_of(session, a_request(session, who)) for who in (cast.ada, cast.ben, cast.cleo)]


@pytest.fixture
def paired(session: Session, cast: Cast, known: Knowledge) -> Paired:
    """Puts a pair into the inbox, as scored now; the policy is on."""
    automatic.decide(session, True, 0.95, "Measured", act(cast.lead), known, seen=0)

    def put(one: Case, other: Case, score: float = 0.99, decision: str = "merge") -> None:
        left, right = ordered(one.id, other.id)
        told: dict[str, Any] = {"score": score, "decision": decision, "reasons": [], "scored_at": MONDAY}
        session.add(DuplicatePair(left_id=left, right_id=right, **told))
        session.flush()

    return put


def consider(session: Session, case: Case, known: Knowledge) -> Merge | None:
    return automatic.consider(session, case, SYSTEM_ACT, known)


def obstacles(session: Session) -> list[str]:
    return [each.obstacle for each in automatic.dry_run(session, 0.95)]


def test_whoever_may_as_well_be_another_is_left_to_people(
    session: Session, known: Knowledge, three: list[Case], paired: Paired
) -> None:
    first, second, third = three
    paired(third, first)
    paired(third, second, 0.98)
    assert consider(session, third, known) is None
    assert obstacles(session) == [
        f"{third.number} may as well be {second.number}", f"{third.number} may as well be {first.number}",
    ]  # fmt: skip


@pytest.mark.parametrize("below", [False, True])
def test_two_roots_that_were_called_different_are_no_choice_for_a_program(
    session: Session, cast: Cast, known: Knowledge, three: list[Case], paired: Paired, below: bool
) -> None:
    """Also where the word was said of a case below one of them."""
    first, second, third = three
    if below:
        told = case_of(session, a_request(session, cast.cleo))
        dismiss.dismiss(session, first, told, act(cast.specialist))
        merge.merge(session, told, second, act(cast.lead), version=told.version, into_version=second.version)
    else:
        dismiss.dismiss(session, first, second, act(cast.specialist))
    paired(third, first)
    assert obstacles(session) == [""]
    paired(third, second, 0.7, "suggest")
    assert consider(session, third, known) is None
    assert "which a specialist called different" in obstacles(session)[0]


def test_a_case_whose_automatic_merge_was_taken_back_is_left_to_people_for_good(
    session: Session, cast: Cast, known: Knowledge, three: list[Case], paired: Paired
) -> None:
    first, second, third = three
    paired(first, second)
    link = consider(session, second, known)
    assert link is not None
    merge.unmerge(session, link, act(cast.specialist))
    paired(second, third)
    assert consider(session, second, known) is consider(session, third, known) is None
    assert obstacles(session)[-1] == f"an automatic merge of {second.number} was taken back"
    paired(first, third)
    session.execute(update(DuplicatePair).where(DuplicatePair.left_id != first.id).values(decision="suggest"))
    assert consider(session, third, known) is not None, "the case that had been merged into is free"


def test_what_was_touched_after_it_was_compared_waits_for_the_next_comparison(
    session: Session, known: Knowledge, three: list[Case], paired: Paired
) -> None:
    first, second, _ = three
    paired(first, second)
    second.touched_at = MONDAY + timedelta(seconds=1)
    session.flush()
    assert consider(session, second, known) is None
    session.execute(update(DuplicatePair).values(scored_at=MONDAY + timedelta(seconds=1)))
    assert consider(session, second, known) is not None


@pytest.mark.parametrize("meanwhile", [{"score": 0.9, "decision": "suggest"}, {"score": 0.951}, None])
def test_the_pair_is_looked_at_again_under_the_lock(
    session: Session, cast: Cast, known: Knowledge, three: list[Case], paired: Paired,
    monkeypatch: pytest.MonkeyPatch, meanwhile: dict[str, Any] | None,
) -> None:  # fmt: skip
    """Somebody else compares the two anew while the job waits for its locks."""
    first, second, _ = three
    paired(first, second)
    automatic.decide(
        session, True, 0.96, "Bolder", act(cast.lead), known, seen=automatic.policies.automatic_merge(session).id
    )
    locked = cases.locked_trees

    def waited(session: Session, *ids: int) -> Any:
        changed = (
            DuplicatePair.__table__.update().values(**meanwhile) if meanwhile else DuplicatePair.__table__.delete()
        )
        session.execute(changed)
        return locked(session, *ids)

    monkeypatch.setattr(cases, "locked_trees", waited)
    assert consider(session, second, known) is None


def test_a_pair_of_which_one_ended_is_no_pair_any_more(
    session: Session, cast: Cast, three: list[Case], paired: Paired
) -> None:
    first, second, _ = three
    paired(first, second)
    move(session, second, "discard", cast.specialist, reason="A test")
    assert obstacles(session) == []


def test_a_case_that_ends_because_nobody_is_left_is_compared_anew(session: Session, cast: Cast) -> None:
    case = a_case(session, cast)
    joined = a_request(session, cast.cleo, join=case.number)
    primary = case.primary_request_id
    assert primary is not None
    withdraw.withdraw(session, session.get_one(type(joined), primary), act(cast.ada))
    before = _scores(session)
    withdraw.withdraw(session, joined, later(act(cast.cleo), minutes=5))
    assert case.outcome == "withdrawn"
    assert _scores(session) == before + 1


def _scores(session: Session) -> int:
    return len(session.scalars(select(Job.id).where(Job.kind == "score")).all())


def test_many_pairs_are_judged_with_as_many_statements_as_one(
    session: Session, cast: Cast, three: list[Case], paired: Paired
) -> None:
    run: list[str] = []
    counts = []
    event.listen(session.connection(), "before_cursor_execute", lambda *asked: run.append(asked[2]))
    paired(three[0], three[1])
    for more in (0, 6):
        for _ in range(more):
            paired(*(case_of(session, a_request(session, who)) for who in (cast.ada, cast.cleo)))
        session.flush()
        session.expire_all()
        run.clear()
        assert len(automatic.dry_run(session, 0.95)) == 1 + more
        counts.append(len(run))
    assert counts[1] == counts[0] <= 10
