"""What is asked of a requester now, and who has the ball: derived from a few facts, for the list and for the page."""

from collections.abc import Collection
from dataclasses import dataclass

from request_tracker.rules.evidence import MINUTES
from request_tracker.rules.terms import Phase

QUESTION, TIMES, ACCESS, CONFIRM, REVIEW, VERIFY = "question", "times", "access", "minutes", "review", "verify"
WANTED = "wanted"
"""Asked when the starter connector is gone: a connector deleted at Fivetran is a hint."""
LEAD = "lead"
"""Asked of one supporter while nobody leads the case; all others are asked of the primary requester."""
WORDS = {
    LEAD: "Say whether you take the lead",
    QUESTION: "Answer a question",
    TIMES: "Choose a time",
    WANTED: "Say whether you still want it",
    ACCESS: "Grant access",
    CONFIRM: "Confirm the minutes",
    REVIEW: "Review the data",
    VERIFY: "Verify the connector",
}
AWAY = frozenset({"missing", "intended", "creating", "unknown", "created"})
"""States of a starter connector that has no data: gone, made anew, or not granted yet."""
EVIDENCE_OF = {CONFIRM: "minutes_confirmed", REVIEW: "completeness_reviewed", VERIFY: "requester_verified"}
"""Tasks that are done by recording this evidence."""


@dataclass(frozen=True)
class Standing:
    """How a live case stands towards its primary requester. `keys`: the evidence that stands.

    `is_gone`: they have to say whether they still want the starter connector; `is_away`: it is gone or made anew, so
    that there is no data to look at. `may_choose`: meeting times are offered, and they have not answered yet.
    """

    phase: Phase
    keys: Collection[str] = ()
    has_question: bool = False
    may_grant: bool = False
    is_gone: bool = False
    is_away: bool = False
    may_choose: bool = False


def asked(now: Standing) -> tuple[str, ...]:
    """What the primary requester can do now; reviewing comes up with the preview, before the first sync is done.

    While the starter connector is away there is nothing to review.
    """
    preview = now.phase is Phase.PRIVATE_PREVIEW and not (now.is_gone or now.is_away)
    noted = now.phase is Phase.CONSULTATION and set(MINUTES) <= set(now.keys)
    rows = {
        QUESTION: now.has_question,
        TIMES: now.may_choose and now.phase is Phase.CONSULTATION,
        WANTED: now.is_gone,
        ACCESS: now.may_grant and "access_granted" not in now.keys,
        CONFIRM: noted and "minutes_confirmed" not in now.keys,
        REVIEW: preview and "completeness_reviewed" not in now.keys,
        VERIFY: preview and "requester_verified" not in now.keys,
    }
    return tuple(name for name, is_open in rows.items() if is_open)


def due(now: Standing) -> tuple[str, ...]:
    """What the case waits for: reviewing waits itself until the first sync has brought the data."""
    waits = set() if "initial_sync_finished" in now.keys else {REVIEW, VERIFY}
    return tuple(name for name in asked(now) if name not in waits)


OURS = {
    Phase.SUBMISSION: "A specialist takes it up next and checks whether the same service was asked for before.",
    Phase.VALIDATION: "We read the API documentation and decide whether we can build the connector.",
    Phase.CONSULTATION: "We prepare the starter connector and the meeting in which you show us the service.",
    Phase.DEVELOPMENT: "An engineer builds, tests and documents the connector.",
    Phase.PRIVATE_PREVIEW: "The first sync runs, and we check what is left before the release.",
    Phase.GENERALLY_AVAILABLE: "The connector is in the catalogue for everybody.",
}
"""What we do in each phase while nothing is asked of the requester."""
AWAITED = {
    "requester_info": "an answer from you",
    "requester_access": "access from you",
    "requester_reschedule": "a new meeting time from you",
    "source_vendor": "the vendor of the service",
    "fivetran_outage": "Fivetran to be available again",
    "program_hold": "a decision inside the program",
}
"""Hold reasons as the requester reads them."""
ENDINGS = {
    "released": "The connector is generally available: set it up from the catalogue.",
    "not_a_candidate": "We cannot build this connector at present. Below stands why, and what you can use instead.",
    "withdrawn": "The request was withdrawn: nothing more happens unless the withdrawal is taken back.",
    "invalid": "This was set aside as no real request. If that is a mistake, write a comment below.",
    "closed": "The program closed this request. The reason stands in the history below.",
    "merged": "It goes on together with others for the same service.",
}
OUTCOMES = {
    "released": "Generally available",
    "not_a_candidate": "Not a candidate",
    "withdrawn": "Withdrawn",
    "invalid": "Set aside",
    "closed": "Closed",
    "merged": "Combined",
}
