"""What comes next for a case, in a few words, and where on its page it is done: one table, read first row first."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from request_tracker.rules.evidence import MINUTES
from request_tracker.rules.phases import BY_NAME
from request_tracker.rules.terms import USABLE_STARTER, Criterion, HoldReason, Outcome, Phase, Role, StarterState

ALL = len(Criterion)


class Met(StrEnum):
    """How far the consultation's meeting is. ANSWERED: none of our times fitted, and the requester said something."""

    NOT_YET = "not_yet"
    OFFERED = "offered"
    ANSWERED = "answered"
    BOOKED = "booked"
    BEGUN = "begun"


@dataclass(frozen=True)
class Standing:
    """A case as its next step depends on it. `judged`: how many criteria have a verdict; `led`: it has a primary.

    `held_since`: when the wait named by `held` began; both None while nobody is waited for.
    """

    phase: Phase
    role: Role
    outcome: Outcome | None = None
    assigned: bool = False
    led: bool = True
    held: HoldReason | None = None
    held_since: datetime | None = None
    evidence: frozenset[str] = frozenset()
    judged: int = 0
    starter: StarterState = StarterState.NONE
    meeting: Met = Met.NOT_YET


@dataclass(frozen=True)
class NextStep:
    """`anchor`: a part of the case page. `waits`: it is somebody else's turn; `since` when that began, if known."""

    words: str
    anchor: str
    waits: bool = False
    since: datetime | None = None


@dataclass(frozen=True)
class _Row:
    when: Callable[[Standing], bool]
    words: str
    anchor: str
    waits: bool = False


def next_step(case: Standing) -> NextStep:
    """The first row that fits. A move that the viewer's role cannot make leads to the list of moves."""
    if case.outcome is not None:
        return ENDED[case.outcome]
    if case.held is not None:
        return _waiting(case, case.held)
    row = next(each for each in (*_ALWAYS, *TABLE[case.phase]) if each.when(case))
    open_criteria = ALL - case.judged
    words = row.words.format(criteria="1 criterion" if open_criteria == 1 else f"{open_criteria} criteria")
    return NextStep(words, _reachable(row.anchor, case.role), row.waits)


def _waiting(case: Standing, held: HoldReason) -> NextStep:
    if held is HoldReason.PROGRAM_HOLD and case.role is Role.LEAD:
        return NextStep("Decide for the program", "holds", since=case.held_since)
    return NextStep(WAITS[held], "holds", True, case.held_since)


def _reachable(anchor: str, role: Role) -> str:
    move = BY_NAME.get(anchor.removeprefix("move-")) if anchor.startswith("move-") else None
    return "moves" if move is not None and role not in move.by else anchor


def _lacks(*keys: str) -> Callable[[Standing], bool]:
    """None of these stands."""
    return lambda case: not any(key in case.evidence for key in keys)


def _misses(*keys: str) -> Callable[[Standing], bool]:
    """At least one of these does not stand."""
    return lambda case: any(key not in case.evidence for key in keys)


def _in_state(*states: StarterState) -> Callable[[Standing], bool]:
    return lambda case: case.starter in states


def _met(far: Met) -> Callable[[Standing], bool]:
    """So far, and no minutes yet."""
    return lambda case: case.meeting is far and not any(key in case.evidence for key in MINUTES)


def _always(_: Standing) -> bool:
    return True


def _needs_assignee(case: Standing) -> bool:
    return not case.assigned and case.phase is not Phase.SUBMISSION


def _is_unled(case: Standing) -> bool:
    return not case.led and case.phase is not Phase.SUBMISSION


def _no_starter(case: Standing) -> bool:
    return "starter_ready" not in case.evidence and case.starter not in USABLE_STARTER


def _not_syncing(case: Standing) -> bool:
    return "initial_sync_finished" not in case.evidence and case.starter is not StarterState.SYNCING


WAITS = {
    HoldReason.REQUESTER_INFO: "Waits for the requester’s answer",
    HoldReason.REQUESTER_ACCESS: "Waits for access from the requester",
    HoldReason.REQUESTER_RESCHEDULE: "Waits for a new time from the requester",
    HoldReason.SOURCE_VENDOR: "Waits for the vendor",
    HoldReason.FIVETRAN_OUTAGE: "Waits for Fivetran",
    HoldReason.PROGRAM_HOLD: "Waits for the program’s decision",
}
ENDED = {
    Outcome.RELEASED: NextStep("Nothing: it is released", "history", True),
    Outcome.NOT_A_CANDIDATE: NextStep("Nothing, unless they appeal", "history", True),
    Outcome.WITHDRAWN: NextStep("Nothing, unless they come back", "history", True),
    Outcome.MERGED: NextStep("Nothing: another case leads", "moves", True),
    Outcome.INVALID: NextStep("Nothing: it was discarded", "history", True),
    Outcome.CLOSED: NextStep("Nothing: it was closed", "history", True),
}
_ALWAYS = (
    _Row(_is_unled, "Find who leads it", "supporters"),
    _Row(_needs_assignee, "Assign somebody", "people"),
)
_BROKEN = _in_state(StarterState.FAILED, StarterState.MISSING)
_GONE = _in_state(StarterState.FAILED, StarterState.MISSING, StarterState.DELETED)
TABLE: dict[Phase, tuple[_Row, ...]] = {
    Phase.SUBMISSION: (_Row(_always, "Claim it", "move-claim"),),
    Phase.VALIDATION: (
        _Row(_lacks("duplicates_checked"), "Check duplicates", "duplicates"),
        _Row(lambda case: case.judged < ALL, "Judge {criteria}", "assessment"),
        _Row(_always, "Accept or decline", "move-accept"),
    ),
    Phase.CONSULTATION: (
        _Row(_BROKEN, "Mend the starter connector", "connection"),
        _Row(_met(Met.ANSWERED), "Answer about the meeting", "consultation"),
        _Row(_met(Met.OFFERED), "Waits for the requester to choose a time", "consultation", True),
        _Row(_met(Met.BOOKED), "Waits for the day of the meeting", "consultation", True),
        _Row(_met(Met.BEGUN), "Write the minutes", "consultation"),
        _Row(_lacks(*MINUTES), "Offer times to meet", "consultation"),
        _Row(_misses(*MINUTES), "Complete the minutes", "consultation"),
        _Row(_lacks("starter_ready"), "Waits for the starter connector", "connection", True),
        _Row(_lacks("access_granted"), "Waits for access from the requester", "connection", True),
        _Row(_lacks("minutes_confirmed"), "Waits for the minutes to be confirmed", "consultation", True),
        _Row(_always, "Start the build", "move-start_build"),
    ),
    Phase.DEVELOPMENT: (
        _Row(_GONE, "Mend the starter connector", "connection"),
        _Row(_no_starter, "Waits for the starter connector", "connection", True),
        _Row(_lacks("access_granted"), "Get access back", "connection"),
        _Row(_lacks("built"), "Build the connector", "build"),
        _Row(_lacks("tested"), "Test the connector", "build"),
        _Row(_lacks("documented"), "Document the connector", "build"),
        _Row(_always, "Open the private preview", "move-open_preview"),
    ),
    Phase.PRIVATE_PREVIEW: (
        _Row(_GONE, "Mend the starter connector", "connection"),
        _Row(_not_syncing, "Start the first sync", "connection"),
        _Row(_lacks("initial_sync_finished"), "First sync is running", "connection", True),
        _Row(_lacks("completeness_reviewed"), "Review completeness", "preview"),
        _Row(_lacks("catalogue_checked"), "Check the catalogue", "preview"),
        _Row(_lacks("requester_verified"), "Waits for the requester to verify", "preview", True),
        _Row(_always, "Release", "move-release"),
    ),
    Phase.GENERALLY_AVAILABLE: (_Row(_always, "Nothing: it is released", "history", True),),
}
"""The last row of each phase always fits."""
