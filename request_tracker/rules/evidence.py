"""Evidence: the closed list of facts a guard may ask for, who may record each, and where."""

from dataclasses import dataclass

from request_tracker.rules.terms import Role

_STAFF = frozenset({Role.SPECIALIST, Role.LEAD})
_BUILD = frozenset({Role.ENGINEER, Role.SPECIALIST, Role.LEAD})
_SHARED = frozenset({Role.REQUESTER, Role.SPECIALIST, Role.LEAD})


@dataclass(frozen=True)
class EvidenceKind:
    """`missing` is the sentence a guard answers with; `observed` facts need a note when a person records them."""

    key: str
    label: str
    missing: str
    by: frozenset[Role]
    observed: bool = False
    values: tuple[str, ...] = ()


_KINDS = (
    EvidenceKind("duplicates_checked", "Duplicates checked", "Nobody has checked this case for duplicates yet", _STAFF),
    EvidenceKind("starter_ready", "Starter connector ready", "The starter connector is not ready yet", _STAFF, True),
    EvidenceKind(
        "access_granted",
        "Access granted",
        "The requester has not granted access through the Connect Card yet",
        _STAFF,
        True,
        ("production", "sandbox"),
    ),
    EvidenceKind(
        "service_demonstrated", "Service demonstrated", "The requester has not demonstrated the service yet", _STAFF
    ),
    EvidenceKind("use_cases_recorded", "Use cases recorded", "The use cases have not been recorded yet", _STAFF),
    EvidenceKind(
        "data_requirements_recorded",
        "Data requirements recorded",
        "The data requirements have not been recorded yet",
        _STAFF,
    ),
    EvidenceKind("minutes_confirmed", "Minutes confirmed", "The requester has not confirmed the minutes yet", _SHARED),
    EvidenceKind("built", "Connector built", "The connector has not been recorded as built", _BUILD),
    EvidenceKind("tested", "Connector tested", "The connector has not been recorded as tested", _BUILD),
    EvidenceKind("documented", "Connector documented", "The documentation has not been recorded", _BUILD),
    EvidenceKind(
        "initial_sync_finished", "Initial sync finished", "The initial sync has not finished yet", _STAFF, True
    ),
    EvidenceKind(
        "completeness_reviewed", "Completeness reviewed", "Nobody has reviewed the data for completeness yet", _SHARED
    ),
    EvidenceKind(
        "requester_verified",
        "Verified by the requester",
        "The requester has not verified that the connector meets the requirements",
        _SHARED,
    ),
    EvidenceKind(
        "catalogue_checked",
        "Catalogue checked",
        "Nobody has checked that the connector stands in the catalogue",
        _STAFF,
    ),
)
EVIDENCE = {kind.key: kind for kind in _KINDS}
MINUTES = ("service_demonstrated", "use_cases_recorded", "data_requirements_recorded")
ON_PRIMARY = (
    "starter_ready",
    "access_granted",
    *MINUTES,
    "minutes_confirmed",
    "initial_sync_finished",
    "completeness_reviewed",
    "requester_verified",
)
"""Evidence that hangs on the primary requester: void when the primary leaves."""
