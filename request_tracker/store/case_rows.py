"""What a case's readers get: frozen rows, with nothing behind them that could still be asked of the database."""

from dataclasses import dataclass
from datetime import datetime

from request_tracker.rules.calendar import Calendar
from request_tracker.rules.process import Option
from request_tracker.rules.terms import Criterion, Phase


@dataclass(frozen=True)
class ClockRow:
    """A clock as of now. `calendar`: the one it counts by while it runs, None where it does not."""

    name: str
    label: str
    cycle: int
    state: str
    started_at: datetime | None
    due_at: datetime | None
    at_risk_at: datetime | None
    elapsed_s: float
    target_s: float
    verdict: str | None
    breached_at: datetime | None
    internal: bool
    calendar: Calendar | None


@dataclass(frozen=True)
class HoldRow:
    id: int
    reason: str
    question: str
    since: datetime
    expected_until: datetime | None
    ended_at: datetime | None
    answer: str | None


@dataclass(frozen=True)
class EvidenceRow:
    key: str
    label: str
    value: str
    who: str
    at: datetime
    source: str
    note: str
    link: str


@dataclass(frozen=True)
class DocumentRow:
    id: int
    filename: str
    size: int
    created_at: datetime
    kept: bool


@dataclass(frozen=True)
class RequestRow:
    """One request of the tree. Only staff and the own account ever get this row."""

    number: str
    kind: str
    case: str
    person: str
    email: str
    account: str
    account_id: int
    service_name: str
    service_url: str
    api_docs_url: str
    use_case: str
    data_needed: str
    auth_kind: str
    sandbox: str
    endpoint_count: int | None
    custom_fields: str
    group_wanted: str
    fivetran_role: str
    also_tell: str
    would_preview: bool
    created_at: datetime
    withdrawn_at: datetime | None
    is_primary: bool
    documents: tuple[DocumentRow, ...]


@dataclass(frozen=True)
class ConditionRow:
    kind: str
    ok: bool
    reason: str
    message: str
    since: datetime


@dataclass(frozen=True)
class ConnectionRow:
    state: str
    connection_id: str | None
    group_id: str | None
    schema: str
    service: str
    conditions: tuple[ConditionRow, ...]
    may_grant: bool
    grace_until: datetime | None
    row_id: int = 0
    sync_state: str = ""
    checked_at: datetime | None = None
    asks_wanted: bool = False
    """It is gone, and the requester has not said whether it is still wanted."""


@dataclass(frozen=True)
class CriterionRow:
    """`measured` to `pointers` come from a document; `is_anew`: what was measured became another after somebody had
    decided, and says something else than they did."""

    criterion: Criterion
    measured: str | None
    figure: str
    verdict: str | None
    note: str
    threshold: str = ""
    reason: str = ""
    pointers: tuple[str, ...] = ()
    is_anew: bool = False


@dataclass(frozen=True)
class MergeRow:
    id: int
    child: str
    service_name: str
    merged_at: datetime


@dataclass(frozen=True)
class TimelineRow:
    id: int
    at: datetime
    who: str
    kind: str
    sentence: str
    words: tuple[tuple[str, str], ...]
    internal: bool

    @property
    def note(self) -> str:
        return "\n".join(f"{name}: {text}" for name, text in self.words)


@dataclass(frozen=True)
class CommentRow:
    at: datetime
    who: str
    internal: bool
    body: str


@dataclass(frozen=True)
class CaseView:
    """`full` tells whether the viewer sees the case's inner matters (staff, or the primary's account)."""

    id: int
    number: str
    root: str
    service_name: str
    service_url: str
    api_docs_url: str
    phase: Phase
    outcome: str | None
    version: int
    assignee: str | None
    assignee_id: int | None
    opened_at: datetime
    phase_at: datetime
    ended_at: datetime | None
    persons: int
    accounts: int
    full: bool
    clocks: tuple[ClockRow, ...]
    holds: tuple[HoldRow, ...]
    evidence: tuple[EvidenceRow, ...]
    requests: tuple[RequestRow, ...]
    primary: str | None
    connection: ConnectionRow | None
    assessment: tuple[CriterionRow, ...]
    merged: tuple[MergeRow, ...]
    options: tuple[Option, ...]

    @property
    def is_merged(self) -> bool:
        return self.root != self.number

    @property
    def open_holds(self) -> tuple[HoldRow, ...]:
        return tuple(hold for hold in self.holds if hold.ended_at is None)

    @property
    def promise(self) -> ClockRow | None:
        """The first promise that runs or waits, not counting internal ones."""
        going = [row for row in self.clocks if not row.internal and row.state in ("running", "paused")]
        return min(going, key=lambda row: (row.due_at is None, row.due_at or row.started_at), default=None)
