"""What is open to the viewer on a case as it stands: which acts, and which single keys press them."""

from request_tracker.access import policy
from request_tracker.rules.terms import USABLE_STARTER, Phase, Role, StarterState
from request_tracker.store.case_rows import CaseView, ConnectionRow

AGAIN = (
    StarterState.MISSING, StarterState.DELETED, StarterState.FAILED, StarterState.INTENDED, StarterState.UNKNOWN,
)  # fmt: skip
"""States in which a specialist may have the starter connector provisioned again."""
KEYS = (
    ("case.move", "c", "claim it"),
    ("case.assign", "a", "assign it to somebody"),
    ("case.hold", "h", "ask the requester, or wait"),
    ("merging.preview", "m", "compare with the likeliest duplicate"),
    ("case.move", "e", "go to the evidence that is missing"),
    ("case.move", "d", "decline it"),
    ("case.undo", "u", "undo the last step"),
)
"""Single keys of the page, for whom each may be of use."""
ACTS = tuple(name for name in policy.ROUTES if name.startswith(("case.", "merging.")))


def open_to(view: CaseView, role: Role, *, is_asked: bool) -> frozenset[str]:
    """What the policy allows, less what makes no sense on a merged or ended case."""
    allowed = {name for name in ACTS if policy.may(name, role)}
    if view.is_merged:
        allowed &= {"case.undo", "merging.unmerge", "case.show", "case.clocks", "case.state", "case.presence"}
    elif view.outcome is not None:
        allowed -= {
            "case.put_evidence", "case.assess", "case.hold", "case.assign", "case.offer_slots", "case.sync",
            "case.provision", "case.correct", "case.make_primary", "case.ask_again",
            "merging.preview", "merging.dismiss", "merging.many",
        }  # fmt: skip
    led = {"case.make_primary", "case.ask_again"}
    allowed -= led if view.primary is not None else {"case.offer_slots"}
    if is_asked:
        allowed -= {"case.ask_again"}
    if not _may_sync(view.connection):
        allowed -= {"case.sync"}
    if view.connection is None or view.connection.state not in AGAIN:
        allowed -= {"case.provision"}
    if view.phase is not Phase.CONSULTATION:
        allowed -= {"case.offer_slots"}
    return frozenset(allowed)


def _may_sync(row: ConnectionRow | None) -> bool:
    """Whether the first sync can be started: it was not begun yet, or somebody paused it since."""
    if row is None or row.state not in USABLE_STARTER:
        return False
    paused = any(each.kind == "sync" and each.reason == "paused" for each in row.conditions)
    return row.state not in (StarterState.SYNCING, StarterState.LIVE) or paused
