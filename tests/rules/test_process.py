"""The process table, row by row: roles, phases, guards, clocks, and that nothing in it is a dead end."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from request_tracker.rules import drawing, process
from request_tracker.rules.evidence import EVIDENCE
from request_tracker.rules.facts import CaseFacts
from request_tracker.rules.notices import NOTICES
from request_tracker.rules.phases import BY_NAME, CLOCKS, FIXES, HOLD_MOVES, MOVES, Guard, Move
from request_tracker.rules.process import NoSuchMove, NotAllowed, Refused
from request_tracker.rules.program import Program
from request_tracker.rules.terms import Criterion, Outcome, Phase, Role, StarterState

MADE = [move for move in MOVES if move.sources]
GUARDED = [(move, guard) for move in MADE for guard in move.guards]
FILLED = {
    "reason": "because", "question": "why?", "body": "so", "criterion": "documentation", "explanation": "no API",
    "alternatives": ["Connector SDK"], "findings": "it changed", "gaps": ["no refunds"], "new_information": "an API",
}  # fmt: skip
UNMET = {
    "is_assessed": {"open_criteria": (Criterion.SIZE,)},
    "few_or_lead": {"supporting_accounts": 5},
    "no_supporters": {"live_supporters": 1},
    "has_primary": {"vacancy": "Nobody leads this case: Cleo is asked to"},
    "has_question": {"has_questions": False},
    "starter_present": {"starter": StarterState.MISSING, "evidence": frozenset(EVIDENCE) - {"starter_ready"}},
    "appeal_in_time": {"ended_for": timedelta(days=181)},
    "return_in_time": {"ended_for": timedelta(days=31)},
}


def passing(move: Move, source: Phase) -> CaseFacts:
    """Facts under which the move is possible."""
    return CaseFacts(
        phase=source,
        role=sorted(move.by)[-1],
        outcome=move.after,
        evidence=frozenset(EVIDENCE),
        starter=StarterState.CONNECTED,
        has_questions=True,
        ended_for=timedelta(days=1) if move.after else None,
        fields=FILLED,
    )


def role_for(move: Move) -> Role:
    return next(role for role in Role if role in move.by)


def without(guard: Guard, facts: CaseFacts) -> CaseFacts:
    """The same facts with exactly this guard unmet."""
    return replace(facts, **UNMET.get(guard.name, {"evidence": facts.evidence - {guard.key}}))


@pytest.mark.parametrize("move", MADE, ids=lambda move: move.name)
def test_a_move_is_possible_from_each_of_its_phases(move: Move) -> None:
    for source in move.sources:
        assert process.choose(passing(move, source), role_for(move), move.name) is move


@pytest.mark.parametrize("move", MADE, ids=lambda move: move.name)
def test_a_wrong_role_is_not_allowed(move: Move) -> None:
    for role in set(Role) - move.by:
        with pytest.raises(NotAllowed):
            process.choose(passing(move, move.sources[0]), role, move.name)


@pytest.mark.parametrize("move", MADE, ids=lambda move: move.name)
def test_a_wrong_phase_is_refused(move: Move) -> None:
    for phase in set(Phase) - set(move.sources):
        facts = replace(passing(move, move.sources[0]), phase=phase)
        with pytest.raises(Refused) as refused:
            process.choose(facts, role_for(move), move.name)
        assert [blocker.key for blocker in refused.value.blockers] == ["phase"]


@pytest.mark.parametrize(("move", "guard"), GUARDED, ids=lambda each: each.name)
def test_each_guard_alone_refuses_with_a_sentence(move: Move, guard: Guard) -> None:
    role = Role.SPECIALIST if guard.name == "few_or_lead" else role_for(move)
    with pytest.raises(Refused) as refused:
        process.choose(without(guard, passing(move, move.sources[0])), role, move.name)
    (blocker,) = refused.value.blockers
    assert blocker.key == guard.key
    assert blocker.reason[0].isupper() or blocker.reason[0].isdigit()
    assert len(blocker.reason.split()) > 3


@pytest.mark.parametrize("move", [m for m in MADE if any(f.required for f in m.fields)], ids=lambda move: move.name)
def test_every_missing_field_is_named_at_once(move: Move) -> None:
    facts = replace(passing(move, move.sources[0]), fields={})
    with pytest.raises(Refused) as refused:
        process.choose(facts, role_for(move), move.name)
    assert [b.key for b in refused.value.blockers] == [field.name for field in move.fields if field.required]


def test_every_unmet_condition_is_listed() -> None:
    facts = CaseFacts(phase=Phase.CONSULTATION, role=Role.SPECIALIST)
    with pytest.raises(Refused) as refused:
        process.choose(facts, Role.SPECIALIST, "start_build")
    assert len(refused.value.blockers) == 6


def test_silence_confirms_the_minutes() -> None:
    facts = passing(BY_NAME["start_build"], Phase.CONSULTATION)
    unconfirmed = replace(facts, evidence=facts.evidence - {"minutes_confirmed"}, silence=True)
    assert process.choose(unconfirmed, Role.SPECIALIST, "start_build")


def test_a_waiver_needs_three_reminders() -> None:
    move = BY_NAME["release"]
    facts = passing(move, Phase.PRIVATE_PREVIEW)
    waived = replace(
        facts, evidence=facts.evidence - {"requester_verified"}, fields={"waiver": "no answer"}, reminders=3
    )
    assert process.choose(waived, Role.LEAD, "release") is move
    with pytest.raises(Refused):
        process.choose(replace(waived, reminders=2), Role.LEAD, "release")


def test_a_field_may_come_under_its_other_name() -> None:
    assert process.typed("appeal", {"reason": "an API now"})["new_information"] == "an API now"
    given = {"reason": "a", "new_information": "b"}
    assert process.typed("appeal", given) == given
    assert process.typed("nonsense", given) == given


def test_submit_is_not_a_move_of_an_existing_case() -> None:
    with pytest.raises(NoSuchMove):
        process.choose(CaseFacts(phase=Phase.SUBMISSION, role=Role.REQUESTER), Role.REQUESTER, "submit")


def test_guards_name_evidence_fields_or_a_place_on_the_page() -> None:
    known = set(EVIDENCE) | {field.name for move in MOVES for field in move.fields} | set(FIXES)
    assert {guard.key for move in MOVES for guard in move.guards} <= known


def test_every_phase_and_outcome_is_reached_and_every_live_phase_left() -> None:
    goals = {process.target(move, passing(move, source)) for move in MADE for source in move.sources}
    assert {phase for phase, _ in goals} | {Phase.SUBMISSION} == set(Phase)
    assert {outcome for _, outcome in goals} | {Outcome.MERGED} == {None, *Outcome}
    left = {source for move in MADE if move.to is not None and move.after is None for source in move.sources}
    assert left == set(Phase) - {Phase.GENERALLY_AVAILABLE}


def test_every_clock_that_starts_can_stop() -> None:
    started = {name for move in MOVES for name in move.starts}
    stopped = {name for move in MOVES for name in (*move.stops, *move.cancels)}
    assert started <= stopped <= set(CLOCKS)


def test_what_follows_from_a_move_is_known() -> None:
    for move in MOVES:
        for effect in move.then:
            known = effect.removeprefix("mail.") in NOTICES if effect.startswith("mail.") else True
            assert known, effect
            assert effect.startswith("mail.") or effect in {"provision", "remove_starter", "first_sync"}


def test_targets_are_configured_for_every_clock() -> None:
    named = set(CLOCKS) | {move.target for move in MOVES if move.target}
    assert named <= set(Program().target_days)


@given(
    phase=st.sampled_from(Phase), outcome=st.sampled_from([None, *Outcome]), role=st.sampled_from(Role),
    evidence=st.frozensets(st.sampled_from(sorted(EVIDENCE))), supporting=st.integers(0, 9), silence=st.booleans(),
    starter=st.sampled_from(StarterState), open_criteria=st.lists(st.sampled_from(Criterion), unique=True),
)  # fmt: skip
def test_options_and_choose_agree(
    phase: Phase, outcome: Outcome | None, role: Role, evidence: frozenset[str], supporting: int, silence: bool,
    starter: StarterState, open_criteria: list[Criterion],
) -> None:  # fmt: skip
    facts = CaseFacts(
        phase=phase, role=role, outcome=outcome, evidence=evidence, supporting_accounts=supporting, silence=silence,
        starter=starter, open_criteria=tuple(open_criteria), fields=FILLED, ended_for=timedelta(1) if outcome else None,
    )  # fmt: skip
    offered = {option.move.name: option for option in process.options(facts, role)}
    for move in MADE:
        verdict = _verdict(facts, role, move.name)
        option = offered.get(move.name)
        if option is None:
            assert verdict is NotAllowed or [blocker.key for blocker in verdict] == ["phase"]
        else:
            assert verdict == option.blockers


def _verdict(facts: CaseFacts, role: Role, name: str) -> Any:
    """The blockers of a move (none when it is made), or NotAllowed."""
    try:
        process.choose(facts, role, name)
    except Refused as refused:
        return refused.blockers
    except NotAllowed:
        return NotAllowed
    return ()


def test_the_stepper_tells_past_present_and_future() -> None:
    states = [step.state for step in drawing.steps(Phase.CONSULTATION, None, {})]
    assert states == ["done", "done", "current", "ahead", "ahead", "ahead"]
    assert [s.state for s in drawing.steps(Phase.GENERALLY_AVAILABLE, Outcome.RELEASED, {})] == ["done"] * 6
    assert drawing.steps(Phase.VALIDATION, Outcome.NOT_A_CANDIDATE, {})[1].state == "ended"
    assert all(a.order < b.order for a, b in pairwise(Phase))


def test_the_readme_block_can_be_rewritten_in_place() -> None:
    once = drawing.rewritten("# Title\n\nbefore\n")
    assert drawing.rewritten(once) == once
    changed = once.replace("| `claim` |", "| `grab` |") + "after\n"
    assert drawing.rewritten(changed) == once + "after\n"
    assert set(BY_NAME) >= HOLD_MOVES
