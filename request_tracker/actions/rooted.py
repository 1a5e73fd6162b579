"""Only the root of a tree is worked on, and some steps need somebody who leads it."""

from request_tracker.rules.phases import Blocker
from request_tracker.rules.process import Refused
from request_tracker.store import cases
from request_tracker.store.cases import Case

UNLED = "Nobody leads this case at present: wait until somebody takes it on, or choose somebody"
ENDED_UNLED = "Nobody led this case as it ended, so there is nobody to write to: an internal note is possible"


def must_be_root(case: Case) -> None:
    """Raises Refused for a case that was merged into another."""
    if case.merged_into_id is not None:
        where = cases.case_number(case.root_id or case.merged_into_id)
        raise Refused("merged", (Blocker("merged", f"This case was merged: {where} is the one that moves", "moves"),))


def must_be_led(case: Case) -> None:
    """Raises Refused while nobody leads the case, or where nobody did as it ended: there is nobody to do this with."""
    if case.primary_request_id is None:
        reason = UNLED if case.outcome is None else ENDED_UNLED
        raise Refused("lead", (Blocker("primary", reason, "supporters"),))
