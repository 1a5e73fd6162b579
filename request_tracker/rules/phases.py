"""THE table: every move of the process, its guards, roles, clocks and effects. Everything else derives from it."""

from collections.abc import Callable
from dataclasses import dataclass

from request_tracker.rules.evidence import EVIDENCE
from request_tracker.rules.facts import CaseFacts
from request_tracker.rules.terms import USABLE_STARTER, Outcome, Phase, Role

REQUESTER, SPECIALIST, ENGINEER, LEAD = Role.REQUESTER, Role.SPECIALIST, Role.ENGINEER, Role.LEAD
SUBMISSION, VALIDATION, CONSULTATION = Phase.SUBMISSION, Phase.VALIDATION, Phase.CONSULTATION
DEVELOPMENT, PRIVATE_PREVIEW = Phase.DEVELOPMENT, Phase.PRIVATE_PREVIEW
LIVE = (SUBMISSION, VALIDATION, CONSULTATION, DEVELOPMENT, PRIVATE_PREVIEW)
BUILDING = (DEVELOPMENT, PRIVATE_PREVIEW)


@dataclass(frozen=True)
class Blocker:
    """An unmet condition: `key` is what is missing, `reason` a sentence for people, `fix` where it is put right."""

    key: str
    reason: str
    fix: str


@dataclass(frozen=True)
class Guard:
    name: str
    key: str
    check: Callable[[CaseFacts], str | None]

    def __call__(self, facts: CaseFacts) -> Blocker | None:
        reason = self.check(facts)
        return Blocker(self.key, reason, FIXES.get(self.key, self.key)) if reason else None


FIXES = {
    "assessment": "assessment",
    "duplicates_checked": "duplicates",
    "starter_ready": "connection",
    "access_granted": "connection",
    "initial_sync_finished": "connection",
    "minutes_confirmed": "consultation",
    "service_demonstrated": "consultation",
    "use_cases_recorded": "consultation",
    "data_requirements_recorded": "consultation",
    "built": "build",
    "tested": "build",
    "documented": "build",
    "completeness_reviewed": "preview",
    "requester_verified": "preview",
    "catalogue_checked": "preview",
    "question": "holds",
    "supporters": "supporters",
    "primary": "supporters",
    "role": "people",
    "time": "history",
}


def stands(key: str) -> Guard:
    """The guard that asks for one piece of evidence."""
    missing = EVIDENCE[key].missing
    return Guard(key, key, lambda facts: None if key in facts.evidence else missing)


def _assessed(facts: CaseFacts) -> str | None:
    if not facts.open_criteria:
        return None
    names = ", ".join(criterion.value.replace("_", " ") for criterion in facts.open_criteria)
    return f"Confirm or override every assessment criterion; still open: {names}"


def _minutes(facts: CaseFacts) -> str | None:
    if "minutes_confirmed" in facts.evidence or facts.silence:
        return None
    return EVIDENCE["minutes_confirmed"].missing + ", and five working days of silence have not passed"


def _data(facts: CaseFacts) -> str | None:
    """Where tables are proposed, the sentence names what is nearest: to choose some, or to take the chosen ones."""
    if "data_requirements_recorded" in facts.evidence:
        return None
    missing = EVIDENCE["data_requirements_recorded"].missing
    if facts.chosen_tables:
        return f"{missing}: take the {facts.chosen_tables} chosen of the table proposal, or write them down"
    if facts.proposed_tables:
        return f"{missing}: choose from the {facts.proposed_tables} of the table proposal, or write them down"
    return missing


def _verified(facts: CaseFacts) -> str | None:
    if "requester_verified" in facts.evidence:
        return None
    waived = bool(facts.fields.get("waiver")) and facts.reminders >= facts.reminders_before_waiver
    return None if waived else EVIDENCE["requester_verified"].missing


def _starter(facts: CaseFacts) -> str | None:
    usable = facts.starter in USABLE_STARTER or "starter_ready" in facts.evidence
    return None if usable else "The starter connector is gone: provision it again before the preview"


def _few_or_lead(facts: CaseFacts) -> str | None:
    if facts.role == LEAD or facts.supporting_accounts < facts.lead_decides_from:
        return None
    return f"{facts.supporting_accounts} other accounts support this case: ask a lead to decide"


def _alone(facts: CaseFacts) -> str | None:
    if not facts.live_supporters:
        return None
    return "Others support this case: it goes on with one of them as primary requester instead of ending"


def _asked(facts: CaseFacts) -> str | None:
    return None if facts.has_questions else "No question is open on this case"


def _may_appeal(facts: CaseFacts) -> str | None:
    in_time = facts.ended_for is not None and facts.ended_for <= facts.appeal_for
    return None if in_time else f"The {facts.appeal_for.days} days to appeal have passed: send a new request"


def _may_return(facts: CaseFacts) -> str | None:
    in_time = facts.ended_for is not None and facts.ended_for <= facts.reinstate_for
    return None if in_time else f"The {facts.reinstate_for.days} days to come back have passed: send a new request"


def _led(facts: CaseFacts) -> str | None:
    return facts.vacancy or None


is_assessed = Guard("is_assessed", "assessment", _assessed)
minutes_stand = Guard("minutes_stand", "minutes_confirmed", _minutes)
data_stands = Guard("data_requirements_recorded", "data_requirements_recorded", _data)
is_verified = Guard("is_verified", "requester_verified", _verified)
starter_present = Guard("starter_present", "starter_ready", _starter)
access_stands = stands("access_granted")
few_or_lead = Guard("few_or_lead", "role", _few_or_lead)
no_supporters = Guard("no_supporters", "supporters", _alone)
has_primary = Guard("has_primary", "primary", _led)
has_question = Guard("has_question", "question", _asked)
appeal_in_time = Guard("appeal_in_time", "time", _may_appeal)
return_in_time = Guard("return_in_time", "time", _may_return)


@dataclass(frozen=True)
class Field:
    """What a person types with a move. `kind`: text, list or criterion (one of Criterion).

    `also` is another name under which a program may send it.
    """

    name: str
    label: str
    missing: str
    kind: str = "text"
    required: bool = True
    also: str = ""


REASON = Field("reason", "Reason", "Give a reason: the people concerned will read it")
QUESTION = Field("question", "Question", "Write the question the requester should answer")
ANSWER = Field("body", "Answer", "Write an answer", also="answer")
CRITERION = Field("criterion", "Criterion that is not met", "Name the criterion that is not met", "criterion")
EXPLANATION = Field("explanation", "Explanation", "Explain the verdict in words the requester understands")
ALTERNATIVES = Field(
    "alternatives",
    "Alternatives",
    "Name at least one alternative, such as the Connector SDK, a function connector or a file connector",
    "list",
)
FINDINGS = Field("findings", "What was found", "Say what was found since the case was accepted", also="reason")
GAPS = Field("gaps", "Gaps found in the preview", "List at least one gap that the rework closes", "list")
NEW_INFORMATION = Field("new_information", "New information", "Say what is new since the verdict", also="reason")
WAIVER = Field("waiver", "Waive the requester's verification because", "", required=False)


@dataclass(frozen=True)
class Move:
    """One row. `to` None keeps the phase; `after` is the outcome it starts from (None: a live case).

    starts, stops, cancels, pauses name clocks; `target` names another number of working days for what is started;
    `then` names jobs and notices ("mail.<notice>").
    """

    name: str
    label: str
    sources: tuple[Phase, ...]
    to: Phase | Outcome | None
    by: frozenset[Role]
    guards: tuple[Guard, ...] = ()
    fields: tuple[Field, ...] = ()
    after: Outcome | None = None
    starts: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()
    cancels: tuple[str, ...] = ()
    pauses: tuple[str, ...] = ()
    target: str = ""
    then: tuple[str, ...] = ()


def _by(*roles: Role) -> frozenset[Role]:
    return frozenset(roles)


_DECLINE = (CRITERION, EXPLANATION, ALTERNATIVES)
MOVES = (
    Move("submit", "Submit", (), SUBMISSION, _by(REQUESTER, SPECIALIST), starts=("review",), then=("mail.receipt",)),
    Move("claim", "Claim", (SUBMISSION,), VALIDATION, _by(SPECIALIST), then=("mail.in_review",)),
    Move(
        "ask", "Ask the requester", LIVE, None, _by(SPECIALIST), (has_primary,), (QUESTION,), then=("mail.question",),
    ),
    Move("answer", "Answer", LIVE, None, _by(REQUESTER), (has_question,), (ANSWER,), then=("mail.answered",)),
    Move(
        "accept", "Accept", (VALIDATION,), CONSULTATION, _by(SPECIALIST),
        (has_primary, stands("duplicates_checked"), is_assessed), (REASON,),
        stops=("review",), starts=("starter_ready", "consult_offer"), then=("provision", "mail.accepted"),
    ),
    Move(
        "decline", "Decline", (SUBMISSION, VALIDATION), Outcome.NOT_A_CANDIDATE, _by(SPECIALIST, LEAD),
        (few_or_lead,), _DECLINE, stops=("review",), then=("mail.declined", "remove_starter"),
    ),
    Move("discard", "Discard as invalid", (SUBMISSION,), Outcome.INVALID, _by(SPECIALIST), fields=(REASON,)),
    Move(
        "start_build", "Start the build", (CONSULTATION,), DEVELOPMENT, _by(SPECIALIST),
        (has_primary, stands("starter_ready"), access_stands, stands("service_demonstrated"),
         stands("use_cases_recorded"), data_stands, minutes_stand),
        starts=("build",), stops=("consult_offer",), then=("mail.build_started",),
    ),
    Move(
        "decline_late", "Decline after all", (CONSULTATION, DEVELOPMENT), Outcome.NOT_A_CANDIDATE, _by(LEAD),
        fields=(*_DECLINE, FINDINGS), cancels=("build",), then=("mail.declined_late", "remove_starter"),
    ),
    Move(
        "rescope", "Send back to validation", (CONSULTATION,), VALIDATION, _by(SPECIALIST), fields=(REASON,),
        starts=("review",), cancels=("build", "starter_ready", "consult_offer"), then=("mail.rescoped",),
    ),
    Move(
        "open_preview", "Open the private preview", (DEVELOPMENT,), PRIVATE_PREVIEW, _by(ENGINEER, SPECIALIST),
        (has_primary, stands("built"), stands("tested"), stands("documented"), starter_present, access_stands),
        stops=("build",), then=("first_sync", "mail.preview_opened"),
    ),
    Move(
        "lose_access", "Access was lost", (DEVELOPMENT,), CONSULTATION, _by(SPECIALIST), fields=(REASON,),
        pauses=("build",), then=("mail.access_lost",),
    ),
    Move(
        "rework", "Send back to development", (PRIVATE_PREVIEW,), DEVELOPMENT, _by(SPECIALIST, ENGINEER),
        fields=(GAPS,), starts=("build",), target="build_again", then=("mail.rework",),
    ),
    Move(
        "release", "Release", (PRIVATE_PREVIEW,), Outcome.RELEASED, _by(LEAD),
        (
            has_primary, stands("initial_sync_finished"), stands("completeness_reviewed"), is_verified,
            stands("catalogue_checked"),
        ),
        (WAIVER,), then=("mail.released",),
    ),
    Move(
        "withdraw", "Withdraw", LIVE, Outcome.WITHDRAWN, _by(REQUESTER, SPECIALIST), (no_supporters,),
        then=("mail.withdrawn", "remove_starter"),
    ),
    Move(
        "appeal", "Reopen on appeal", (SUBMISSION, VALIDATION, CONSULTATION, DEVELOPMENT), VALIDATION,
        _by(SPECIALIST, LEAD), (appeal_in_time,), (NEW_INFORMATION,), after=Outcome.NOT_A_CANDIDATE,
        starts=("review",), then=("mail.reopened",),
    ),
    Move(
        "reinstate", "Take the withdrawal back", LIVE, None, _by(REQUESTER, SPECIALIST), (return_in_time,),
        after=Outcome.WITHDRAWN, then=("provision", "mail.reinstated"),
    ),
    Move(
        "close", "Close", LIVE, Outcome.CLOSED, _by(LEAD), fields=(REASON,), then=("mail.closed", "remove_starter"),
    ),
)  # fmt: skip
BY_NAME = {move.name: move for move in MOVES}
HOLD_MOVES = frozenset({"ask", "answer"})
"""Rows that put a hold on or take it off; they change neither phase nor outcome."""


@dataclass(frozen=True)
class ClockKind:
    """`name` is also the number of working days in Program.target_days."""

    name: str
    label: str
    internal: bool = False

    def words(self, cycle: int) -> str:
        """`Development`, and from its second cycle on `Development (round 2)`."""
        return self.label if cycle == 1 else f"{self.label} (round {cycle})"


CLOCKS = {
    kind.name: kind
    for kind in (
        ClockKind("review", "Review of the request"),
        ClockKind("build", "Development"),
        ClockKind("first_sync", "First sync"),
        ClockKind("starter_ready", "Starter connector", internal=True),
        ClockKind("consult_offer", "Consultation offered", internal=True),
    )
}
PHASE_CLOCKS = {SUBMISSION: ("review",), VALIDATION: ("review",), DEVELOPMENT: ("build",)}
"""Clocks that a case taken back (reinstate) starts again, by its phase."""
