"""Only the root of a tree is worked on; what was merged into it answers with where to go."""

from request_tracker.rules.phases import Blocker
from request_tracker.rules.process import Refused
from request_tracker.store import cases
from request_tracker.store.cases import Case


def must_be_root(case: Case) -> None:
    """Raises Refused for a case that was merged into another."""
    if case.merged_into_id is not None:
        where = cases.case_number(case.root_id or case.merged_into_id)
        raise Refused("merged", (Blocker("merged", f"This case was merged: {where} is the one that moves", "moves"),))
