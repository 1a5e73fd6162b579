"""The sentences of acts on many cases: what a run is called, what became of each case, what can be undone."""

from collections.abc import Mapping
from typing import Any

from request_tracker.rules.terms import HOLD_WORDS, HoldReason

TITLES = {
    "assign": "Assign {count}",
    "hold": "Make {count} wait",
    "lift": "End the waits of {count}",
    "decline": "Decline {count}",
}
RUNS = {
    "assign": "Assigning {count}",
    "hold": "Putting {count} on hold",
    "lift": "Ending the waits of {count}",
    "decline": "Declining {count}",
}
EFFECTS = {
    "assign": "Each case is given to the person you choose. Nobody is written to.",
    "hold": "The promises of each case stand still until its wait is over.",
    "lift": "Every open wait of each case ends, whoever it was for. Their promises run on.",
    "decline": "Each case ends as not a candidate. Its requesters read why once the time to undo is over.",
}
DONE = {
    "assign": "Assigned to {name}",
    "hold": "Waits for {waits}",
    "lift": "Waits for nobody any more",
    "decline": "Declined",
}
OVERTAKEN = "Somebody changed it meanwhile: look at it, and decide anew"
TOO_QUICK = "Somebody else was at it at the same moment: look at it, and decide anew"
NOBODY_WAITED_FOR = "It waits for nobody"
GONE = "Whoever began this may not do it any more"
UNDONE = {
    "assign": "Given back to whom it was with before",
    "hold": "Waits no more",
    "decline": "Not declined any more, and nobody was told",
}
LASTS = {
    "lift": "A wait that was ended stays so: put it on again where it is needed",
    "hold": "This wait is over already",
    "assign": "It was changed since: assign it on its page",
    "decline": "It can no longer be undone: the time to do so is over, or something was done to it since",
}
"""Why a row that was done stays done."""
ASKED = "The question has gone out: end the wait on the case’s page"


def cases(count: int) -> str:
    return "1 case" if count == 1 else f"{count:,} cases"


def title(kind: str, count: int) -> str:
    return TITLES[kind].format(count=cases(count))


def run_title(kind: str, count: int) -> str:
    return RUNS[kind].format(count=cases(count))


def lasts(kind: str, args: Mapping[str, Any]) -> str:
    """Why what became of a case cannot be taken back."""
    return ASKED if kind == "hold" and HoldReason(args["reason"]).on_requester else LASTS[kind]


def done(kind: str, args: Mapping[str, Any]) -> str:
    """What became of a case, by what the form held."""
    reason = args.get("reason", "")
    waits = HOLD_WORDS[HoldReason(reason)] if kind == "hold" else ""
    return DONE[kind].format(name=args.get("name", "nobody"), waits=waits)
