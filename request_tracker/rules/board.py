"""The public board: who may read it, and which cases stand on it."""

from dataclasses import dataclass

from request_tracker.rules.terms import Outcome, Phase


@dataclass(frozen=True)
class Level:
    """Who reads the board: the word of the policy, what it is called, and what it means."""

    key: str
    label: str
    means: str


OFF, CUSTOMERS, EVERYONE = "off", "customers", "everyone"
LEVELS = (
    Level(OFF, "Off", "There is no board. Who types a service into the form still hears that others asked for it."),
    Level(CUSTOMERS, "Customers", "Every customer who is signed in reads it, and so do we."),
    Level(EVERYONE, "Everyone", "Anybody with the address reads it, signed in or not. Search engines are sent away."),
)
BY_KEY = {each.key: each for each in LEVELS}

TOLD = (None, Outcome.RELEASED, Outcome.NOT_A_CANDIDATE)
"""Outcomes that say something to somebody with the same wish. The others are the asker's own affair."""
STAGES = {
    Phase.VALIDATION: "In validation",
    Phase.CONSULTATION: "In consultation",
    Phase.DEVELOPMENT: "In development",
    Phase.PRIVATE_PREVIEW: "In private preview",
    Outcome.RELEASED: "Generally available",
    Outcome.NOT_A_CANDIDATE: "Not a candidate",
}
"""Where a case on the board stands, in the order of the journey; the keys are what the board is filtered by."""
HIDDEN = ""


def stage(phase: str, outcome: str | None, *, is_root: bool = True) -> str:
    """The key of STAGES, or HIDDEN: nobody has looked at a submission yet; a merged case has no phase of its own."""
    if not is_root or phase == Phase.SUBMISSION or outcome not in TOLD:
        return HIDDEN
    return str(outcome or phase)


def accounts_words(count: int) -> str:
    """`3 accounts ask for it`."""
    if count == 0:
        return "Nobody asks for it now"
    return "1 account asks for it" if count == 1 else f"{count:,} accounts ask for it"
