"""In which order a case page shows its sections, and which of them stand open: the work at hand first."""

from collections.abc import Iterable

from request_tracker.rules.phases import FIXES, Blocker
from request_tracker.rules.terms import Phase, Role
from request_tracker.store.case_rows import CaseView

TITLES = {
    "request": "What is asked for",
    "duplicates": "Duplicates",
    "assessment": "Assessment",
    "consultation": "Consultation",
    "connection": "Starter connector",
    "build": "Build",
    "preview": "Private preview",
    "conversation": "Conversation",
    "supporters": "Who asks for it",
    "clocks": "Promises",
    "history": "What happened",
}
ORDER = tuple(TITLES)
BUILD_FIRST = (
    "build", "preview", "connection", "request", "consultation", "assessment", "conversation", "duplicates",
    "supporters", "clocks", "history",
)  # fmt: skip
AT_WORK = {
    Phase.SUBMISSION: ("request", "duplicates"),
    Phase.VALIDATION: ("duplicates", "assessment", "request"),
    Phase.CONSULTATION: ("consultation", "connection"),
    Phase.DEVELOPMENT: ("build", "connection"),
    Phase.PRIVATE_PREVIEW: ("preview", "connection"),
}
"""What a phase works on: these stand first, and open."""
FORMS = {
    "assess": "assessment",
    "slots": "consultation",
    "meeting-offer": "consultation",
    "meeting-move": "consultation",
    "meeting-cancel": "consultation",
    "minutes": "consultation",
    "comment": "conversation",
    "correct": "request",
    "primary": "supporters",
    "ask-again": "supporters",
    "sync": "connection",
    "provision": "connection",
}
"""The section in which each form stands; those not named stand beside what can be done, which is never folded."""


def order(case: CaseView, role: Role) -> tuple[str, ...]:
    """An engineer builds in every phase; a case that ended or was merged has no work at hand."""
    if role is Role.ENGINEER:
        return BUILD_FIRST
    first = _at_work(case) if case.phase.order >= Phase.CONSULTATION.order else ()
    if _broken(case):
        first = (*first[1:], *first[:1])
    return (*first, *(name for name in ORDER if name not in first))


def opened(
    case: CaseView, *, form_id: str, blockers: Iterable[Blocker], asked: str, waiting: Iterable[str]
) -> frozenset[str]:
    """What stands open: the work at hand, what a refused form or the address asks for, and what `waiting` names."""
    found = {*_at_work(case), *waiting, asked, section_of(form_id), *(each.fix for each in blockers)}
    if _broken(case):
        found.add("connection")
    if case.outcome or case.is_merged:
        found |= {"request", "history"}
    return frozenset(found & set(TITLES))


def at_hand(case: CaseView) -> str:
    """The section in which the phase's own evidence stands."""
    return (*_at_work(case), "history")[0]


def section_of(form_id: str) -> str:
    """The section in which a form stands; empty for one beside what can be done."""
    kind, _, key = form_id.partition("-")
    return FIXES.get(key, "") if kind in ("evidence", "void") else FORMS.get(form_id, "")


def _at_work(case: CaseView) -> tuple[str, ...]:
    return () if case.outcome or case.is_merged else AT_WORK.get(case.phase, ())


def _broken(case: CaseView) -> bool:
    return case.connection is not None and case.connection.state in ("missing", "failed")
