"""The closed lists of the trade: phases, outcomes, roles, reasons to wait, criteria."""

from enum import StrEnum


class Phase(StrEnum):
    SUBMISSION = "submission"
    VALIDATION = "validation"
    CONSULTATION = "consultation"
    DEVELOPMENT = "development"
    PRIVATE_PREVIEW = "private_preview"
    GENERALLY_AVAILABLE = "generally_available"

    @property
    def words(self) -> str:
        return self.value.replace("_", " ")

    @property
    def order(self) -> int:
        return list(Phase).index(self)


class Outcome(StrEnum):
    RELEASED = "released"
    NOT_A_CANDIDATE = "not_a_candidate"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"
    INVALID = "invalid"
    CLOSED = "closed"

    @property
    def words(self) -> str:
        return self.value.replace("_", " ")


class Role(StrEnum):
    REQUESTER = "requester"
    SPECIALIST = "specialist"
    ENGINEER = "engineer"
    LEAD = "lead"
    ADMIN = "admin"
    AUDITOR = "auditor"


STAFF = frozenset(Role) - {Role.REQUESTER}


class HoldReason(StrEnum):
    """Whom a case waits for (program.md, section 6). The first three wait for the requester."""

    REQUESTER_INFO = "requester_info"
    REQUESTER_ACCESS = "requester_access"
    REQUESTER_RESCHEDULE = "requester_reschedule"
    SOURCE_VENDOR = "source_vendor"
    FIVETRAN_OUTAGE = "fivetran_outage"
    PROGRAM_HOLD = "program_hold"

    @property
    def on_requester(self) -> bool:
        return self.value.startswith("requester_")

    @property
    def words(self) -> str:
        return HOLD_WORDS[self]


HOLD_WORDS = {
    HoldReason.REQUESTER_INFO: "an answer from the requester",
    HoldReason.REQUESTER_ACCESS: "access from the requester",
    HoldReason.REQUESTER_RESCHEDULE: "a new meeting time from the requester",
    HoldReason.SOURCE_VENDOR: "the vendor of the source",
    HoldReason.FIVETRAN_OUTAGE: "Fivetran to be available again",
    HoldReason.PROGRAM_HOLD: "a decision of the program",
}


DUE_WORDS = {"overdue": "Overdue", "at_risk": "At risk", "ok": "On track", "paused": "Waiting", "none": "No date"}
"""How a case stands to the first promise of its tree, in the order in which a lead asks."""


class Criterion(StrEnum):
    """What the source's API documentation is judged by (program.md, section 7)."""

    DOCUMENTATION = "documentation"
    SIZE = "size"
    NESTING = "nesting"
    STRUCTURE = "structure"
    CUSTOM_DATA = "custom_data"
    AUTHENTICATION = "authentication"
    INCREMENTAL = "incremental"
    USE_CASE = "use_case"

    @property
    def words(self) -> str:
        return CRITERION_WORDS[self]


CRITERION_WORDS = {
    Criterion.DOCUMENTATION: "Public, complete API documentation",
    Criterion.SIZE: "A reasonable number of endpoints (around 40)",
    Criterion.NESTING: "Two or three levels of nesting at most",
    Criterion.STRUCTURE: "Well-structured answers of reasonable size",
    Criterion.CUSTOM_DATA: "A schema that is not wholly customer-defined",
    Criterion.AUTHENTICATION: "API key (preferred) or OAuth 2.0",
    Criterion.INCREMENTAL: "Changes can be read incrementally",
    Criterion.USE_CASE: "A use case tied to endpoints",
}


class Verdict(StrEnum):
    GREAT = "great"
    POSSIBLE = "possible"
    POOR = "poor"
    UNKNOWN = "unknown"


class AuthKind(StrEnum):
    API_KEY = "api_key"
    OAUTH2 = "oauth2"
    BASIC = "basic"
    OTHER = "other"
    UNKNOWN = "unknown"

    @property
    def words(self) -> str:
        return {"api_key": "API key", "oauth2": "OAuth 2.0", "basic": "User name and password", "other": "Other"}.get(
            self.value, "Not known"
        )


class StarterState(StrEnum):
    """The life of a starter connector (program.md, section 8)."""

    NONE = "none"
    INTENDED = "intended"
    CREATING = "creating"
    UNKNOWN = "unknown"
    CREATED = "created"
    CONNECTED = "connected"
    SYNCING = "syncing"
    LIVE = "live"
    MISSING = "missing"
    FAILED = "failed"
    DELETED = "deleted"


USABLE_STARTER = frozenset({StarterState.CREATED, StarterState.CONNECTED, StarterState.SYNCING, StarterState.LIVE})
FIVETRAN_ROLES = (
    "Account Administrator",
    "Account Analyst",
    "Connector Administrator",
    "Connector Creator",
    "Destination Administrator",
    "Destination Analyst",
    "Destination Creator",
)
