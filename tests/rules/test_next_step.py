"""What comes next for a case: in every state there is a step, and a move that is named is one that is possible."""

from datetime import UTC, datetime
from itertools import combinations, product

import pytest

from request_tracker.rules import next_step as rules
from request_tracker.rules.facts import CaseFacts
from request_tracker.rules.next_step import ALL, Met, Standing, next_step
from request_tracker.rules.phases import FIXES
from request_tracker.rules.process import options
from request_tracker.rules.terms import STAFF, Criterion, HoldReason, Outcome, Phase, Role, StarterState

SECTIONS = {*FIXES.values(), "moves", "people"}
"""The parts of the case page."""
MATTERS = {
    Phase.VALIDATION: ("duplicates_checked",),
    Phase.CONSULTATION: (
        "starter_ready", "access_granted", "service_demonstrated", "use_cases_recorded", "data_requirements_recorded",
        "minutes_confirmed",
    ),
    Phase.DEVELOPMENT: ("starter_ready", "access_granted", "built", "tested", "documented"),
    Phase.PRIVATE_PREVIEW: (
        "initial_sync_finished", "completeness_reviewed", "catalogue_checked", "requester_verified",
    ),
}  # fmt: skip
SINCE = datetime(2026, 11, 2, tzinfo=UTC)


def _evidence(phase: Phase) -> list[frozenset[str]]:
    keys = MATTERS.get(phase, ())
    return [frozenset(some) for size in range(len(keys) + 1) for some in combinations(keys, size)]


@pytest.mark.parametrize("phase", Phase)
def test_every_state_has_a_step_and_a_named_move_can_be_made(phase: Phase) -> None:
    said = set()
    counts = (0, ALL - 1, ALL) if phase is Phase.VALIDATION else (ALL,)
    meetings = Met if phase is Phase.CONSULTATION else (Met.NOT_YET,)
    for evidence, starter, role, judged, met in product(_evidence(phase), StarterState, STAFF, counts, meetings):
        case = Standing(phase, role, assigned=True, evidence=evidence, judged=judged, starter=starter, meeting=met)
        step = next_step(case)
        said.add(step.words)
        assert step.words
        if not step.anchor.startswith("move-"):
            assert step.anchor in SECTIONS, step
            continue
        facts = CaseFacts(phase, role, evidence=evidence, starter=starter, open_criteria=tuple(Criterion)[judged:])
        made = [each for each in options(facts, role) if f"move-{each.move.name}" == step.anchor]
        assert made, f"{role} may make {step.anchor}"
        assert made[0].allowed, (step, made[0].blockers)
    assert len(said) >= len({row.words for row in rules.TABLE[phase]}), "every row of the table is reached"


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"phase": Phase.SUBMISSION}, "Claim it"),
        ({"phase": Phase.SUBMISSION, "led": False, "assigned": False}, "Claim it"),
        ({"phase": Phase.VALIDATION, "assigned": False}, "Assign somebody"),
        ({"phase": Phase.VALIDATION, "led": False}, "Find who leads it"),
        ({"evidence": {"duplicates_checked"}, "judged": 0}, "Judge 8 criteria"),
        ({"evidence": {"duplicates_checked"}, "judged": 7}, "Judge 1 criterion"),
        ({"evidence": {"duplicates_checked"}, "judged": 8}, "Accept or decline"),
    ],
)
def test_the_words_of_a_state(state: dict[str, object], words: str) -> None:
    given = {"phase": Phase.VALIDATION, "role": Role.SPECIALIST, "assigned": True, **state}
    given["evidence"] = frozenset(given.get("evidence", ()))  # type: ignore[call-overload]
    assert next_step(Standing(**given)).words == words  # type: ignore[arg-type]


@pytest.mark.parametrize(("reason", "phase"), list(product(HoldReason, (Phase.SUBMISSION, Phase.DEVELOPMENT))))
def test_who_is_waited_for_goes_before_all_else(reason: HoldReason, phase: Phase) -> None:
    for role in STAFF:
        step = next_step(Standing(phase, role, held=reason, held_since=SINCE))
        decides = reason is HoldReason.PROGRAM_HOLD and role is Role.LEAD
        assert (step.anchor, step.since, step.waits) == ("holds", SINCE, not decides)


@pytest.mark.parametrize("outcome", Outcome)
def test_an_ended_case_waits_for_nothing_of_ours(outcome: Outcome) -> None:
    step = next_step(Standing(Phase.VALIDATION, Role.LEAD, outcome=outcome, held=HoldReason.SOURCE_VENDOR))
    assert step.waits
    assert step.anchor in SECTIONS
