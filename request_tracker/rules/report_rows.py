"""What goes into the weekly report, and the report itself: plain frozen rows. Lengths of time are working days."""

from dataclasses import dataclass
from datetime import datetime

from request_tracker.rules.phases import CLOCKS
from request_tracker.rules.weeks import Week


@dataclass(frozen=True)
class Only:
    """What a report is narrowed to: the cases of one specialist (as of the report's instant), of one account."""

    assignee_id: int | None = None
    account_id: int | None = None


EVERYTHING = Only()


@dataclass(frozen=True)
class Counted:
    """The verdict of one cycle, `met` or `breached`, and the instant that decides in which week it counts."""

    verdict: str
    at: datetime


@dataclass(frozen=True)
class Revision:
    """What was known of a cycle's verdict when the week began, before a late event changed the past."""

    was: Counted | None


@dataclass(frozen=True)
class ClockFact:
    """One clock as of the report's end. `day_s`: seconds of one working day; `paused_for`: reason and seconds."""

    case: str
    service_name: str
    name: str
    cycle: int
    state: str
    started_at: datetime | None
    stopped_at: datetime | None
    due_at: datetime | None
    at_risk_at: datetime | None
    target_s: float
    elapsed_s: float
    verdict: str | None
    breached_at: datetime | None
    paused_for: tuple[tuple[str, float], ...] = ()
    assignee: str | None = None
    account: str = ""
    day_s: float = 86_400.0
    revision: Revision | None = None

    @property
    def label(self) -> str:
        return CLOCKS[self.name].label

    @property
    def internal(self) -> bool:
        return CLOCKS[self.name].internal

    @property
    def counted(self) -> Counted | None:
        """Met in the week of its stop, breached in the week of the breach, whatever came after."""
        if self.breached_at is not None:
            return Counted("breached", self.breached_at)
        return Counted("met", self.stopped_at) if self.verdict == "met" and self.stopped_at else None

    @property
    def is_open(self) -> bool:
        return self.state in ("running", "paused")

    @property
    def age(self) -> float:
        return self.elapsed_s / self.day_s

    @property
    def over(self) -> float:
        return (self.elapsed_s - self.target_s) / self.day_s


@dataclass(frozen=True)
class CaseFact:
    """A case as of the report's end: live ones, and all that were submitted in the weeks of the cohorts."""

    case: str
    service_name: str
    opened_at: datetime
    phase: str
    outcome: str | None


@dataclass(frozen=True)
class MoveFact:
    """A case changed its place in the week. A place is the outcome, or the phase of a live case."""

    case: str
    name: str
    from_place: str
    to_place: str
    at: datetime
    since: datetime


@dataclass(frozen=True)
class PauseShare:
    """`share` is of the working time between start and stop; reasons open together each count."""

    reason: str
    words: str
    days: float
    share: float


@dataclass(frozen=True)
class ClockFigures:
    """`open` = on time + paused + at risk + overdue. None means there is nothing to compute from."""

    name: str
    label: str
    internal: bool
    met: int
    breached: int
    compliance: float | None
    open: int
    paused: int
    at_risk: int
    overdue: int
    median_age_days: float | None
    oldest_age_days: float | None
    finished: int
    p50_days: float | None
    p90_days: float | None
    pauses: tuple[PauseShare, ...]


@dataclass(frozen=True)
class OpenClock:
    """`signal` is overdue or at_risk; `over_days` is negative while there is time left."""

    case: str
    service_name: str
    account: str
    assignee: str | None
    name: str
    label: str
    cycle: int
    signal: str
    due_at: datetime | None
    age_days: float
    over_days: float


@dataclass(frozen=True)
class Breach:
    case: str
    service_name: str
    account: str
    assignee: str | None
    name: str
    label: str
    cycle: int
    due_at: datetime
    state: str
    over_days: float
    sentence: str


@dataclass(frozen=True)
class FunnelRow:
    """`kind`: phase or outcome; `at_end` (live cases) and the calendar days spent are known for phases only."""

    place: str
    words: str
    kind: str
    entered: int
    at_end: int | None
    left: int | None
    median_days: float | None


@dataclass(frozen=True)
class Cohort:
    """The cases of one submission week. `accepted`: in consultation or further; `other`: ended in another way."""

    week: Week
    submitted: int
    live: int
    accepted: int
    declined: int
    released: int
    other: int


@dataclass(frozen=True)
class TrendWeek:
    week: Week
    met: int
    breached: int
    compliance: float | None


@dataclass(frozen=True)
class Correction:
    """A verdict of an earlier week that became known, or was taken back, in the week reported on."""

    case: str
    service_name: str
    name: str
    label: str
    cycle: int
    week: Week
    was: str | None
    now: str | None
    sentence: str


@dataclass(frozen=True)
class ListedRow:
    """One row behind a number of the report: a clock, or a case (then `clock`, `name` and `cycle` are empty).

    `state`: the clock's verdict or signal (met, breached, ok, paused, at_risk, overdue, finished), for a case its place
    or what a cohort counts it as. `at`: the instant that counts: stop, breach, due, entering, leaving, opening.
    `days`: working days elapsed, or calendar days in the phase.
    """

    case: str
    service_name: str
    account: str
    assignee: str | None
    clock: str
    name: str
    cycle: int
    state: str
    at: datetime | None
    days: float | None


@dataclass(frozen=True)
class WeeklyReport:
    """Every figure is as of `as_of`: the week's end, or the present while the week goes on."""

    week: Week
    zone: str
    starts_at: datetime
    ends_at: datetime
    as_of: datetime
    total: ClockFigures
    clocks: tuple[ClockFigures, ...]
    breaches: tuple[Breach, ...]
    late: tuple[OpenClock, ...]
    funnel: tuple[FunnelRow, ...]
    cohorts: tuple[Cohort, ...]
    trend: tuple[TrendWeek, ...]
    corrections: tuple[Correction, ...]

    @property
    def late_count(self) -> int:
        """How many there are; `late` lists the worst of them."""
        return self.total.overdue + self.total.at_risk

    @property
    def breach_count(self) -> int:
        """How many there are; `breaches` lists the worst of them, in order of the breach."""
        return self.total.breached

    @property
    def is_final(self) -> bool:
        return self.as_of >= self.ends_at

    @property
    def is_empty(self) -> bool:
        """Nothing was promised, submitted or moved, and nothing is open."""
        clocks = any(f.met or f.breached or f.open or f.finished for f in self.clocks)
        places = any(row.entered or row.at_end or row.left for row in self.funnel)
        return not (clocks or places or self.corrections)
