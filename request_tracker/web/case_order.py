"""In which order a case page shows its sections: the work at hand first, then the rest as it came about."""

from request_tracker.rules.terms import Phase, Role
from request_tracker.store.case_rows import CaseView

ORDER = (
    "request", "duplicates", "assessment", "consultation", "connection", "build", "preview", "conversation", "history",
)  # fmt: skip
BUILD_FIRST = (
    "build", "preview", "connection", "request", "consultation", "assessment", "conversation", "duplicates", "history",
)  # fmt: skip
AT_WORK = {
    Phase.CONSULTATION: ("consultation", "connection"),
    Phase.DEVELOPMENT: ("build", "connection"),
    Phase.PRIVATE_PREVIEW: ("preview", "connection"),
}
"""What a phase works on."""


def order(case: CaseView, role: Role) -> tuple[str, ...]:
    """An engineer builds in every phase; a case that ended or was merged has no work at hand."""
    if role is Role.ENGINEER:
        return BUILD_FIRST
    first = AT_WORK.get(case.phase, ()) if not (case.outcome or case.is_merged) else ()
    if case.connection is not None and case.connection.state in ("missing", "failed"):
        first = (*first[1:], *first[:1])
    return (*first, *(name for name in ORDER if name not in first))
