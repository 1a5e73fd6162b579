"""CaseFacts: all that guards may look at."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from request_tracker.rules.terms import Criterion, Outcome, Phase, Role, StarterState


@dataclass(frozen=True)
class CaseFacts:
    """One case as the rules see it.

    evidence: keys that stand (recorded and not voided). open_criteria: neither confirmed nor overridden.
    supporting_accounts: distinct accounts beside the primary's. live_supporters: distinct persons beside the primary.
    vacancy: while nobody leads the case, the sentence that says who is asked to; empty otherwise.
    ended_for: how long ago the case ended, None while live. silence: the three records of the consultation are
    complete and the requester has not spoken against them for the program's silence_days. proposed_tables and
    chosen_tables: how many the newest API document proposes, and how many of these are needed.
    """

    phase: Phase
    role: Role
    outcome: Outcome | None = None
    evidence: frozenset[str] = frozenset()
    open_criteria: tuple[Criterion, ...] = ()
    supporting_accounts: int = 0
    live_supporters: int = 0
    starter: StarterState = StarterState.NONE
    silence: bool = False
    reminders: int = 0
    has_questions: bool = False
    proposed_tables: int = 0
    chosen_tables: int = 0
    vacancy: str = ""
    ended_for: timedelta | None = None
    lead_decides_from: int = 5
    reminders_before_waiver: int = 3
    appeal_for: timedelta = timedelta(days=180)
    reinstate_for: timedelta = timedelta(days=30)
    fields: Mapping[str, Any] = field(default_factory=dict)
