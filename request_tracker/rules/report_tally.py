"""Facts → tallies: what the report counts, as sums that add up however the facts are shared out."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from request_tracker.rules.report_rows import CaseFact, ClockFact
from request_tracker.rules.terms import Outcome, Phase
from request_tracker.rules.weeks import Week

TREND_WEEKS = 12
COHORT_WEEKS = 8
SIGNALS = ("overdue", "paused", "at_risk", "ok")
COLUMNS = ("submitted", "live", "accepted", "declined", "released", "other")
"""What a cohort's cases are counted as."""


@dataclass(frozen=True)
class Tallies:
    """Sums over clocks and cases. Weeks are places among those of the trend or the cohorts, 0 being the oldest.

    `verdicts`: by clock name, week of the trend, verdict. `signals`: open clocks by name and signal. `ages`: name and
    working days of each open clock. `finished`: the same of those stopped in the week, `pauses` with their reasons and
    working days. `standing`: live cases by phase. `cohorts`: cases by week, phase, outcome.
    """

    verdicts: Counter[tuple[str, int, str]] = field(default_factory=Counter)
    signals: Counter[tuple[str, str]] = field(default_factory=Counter)
    ages: Sequence[tuple[str, float]] = ()
    finished: Sequence[tuple[str, float]] = ()
    pauses: Sequence[tuple[str, str, float]] = ()
    standing: Counter[str] = field(default_factory=Counter)
    cohorts: Counter[tuple[int, str, str | None]] = field(default_factory=Counter)

    def __add__(self, other: "Tallies") -> "Tallies":
        return Tallies(
            self.verdicts + other.verdicts,
            self.signals + other.signals,
            (*self.ages, *other.ages),
            (*self.finished, *other.finished),
            (*self.pauses, *other.pauses),
            self.standing + other.standing,
            self.cohorts + other.cohorts,
        )


def tally_of(week: Week, zone: str, now: datetime, clocks: Iterable[ClockFact], cases: Iterable[CaseFact]) -> Tallies:
    """What these clocks and cases, known as of `now`, add to the report on the week."""
    held, known = list(clocks), list(cases)
    open_ones = [each for each in held if each.is_open]
    finished = [each for each in held if is_finished(each, *week.bounds(zone))]
    return Tallies(
        verdicts=_verdicts(held, edges(week, zone, TREND_WEEKS)),
        signals=Counter((each.name, signal_of(each, now)) for each in open_ones),
        ages=[(each.name, each.age) for each in open_ones],
        finished=[(each.name, each.age) for each in finished],
        pauses=[(each.name, reason, spent / each.day_s) for each in finished for reason, spent in each.paused_for],
        standing=Counter(each.phase for each in known if each.outcome is None),
        cohorts=_cohorts(known, edges(week, zone, COHORT_WEEKS)),
    )


def edges(week: Week, zone: str, weeks: int) -> list[datetime]:
    """When each of the `weeks` weeks up to this one begins, and when this one ends."""
    return [*(week.back(back).bounds(zone)[0] for back in reversed(range(weeks))), week.bounds(zone)[1]]


def place_of(at: datetime, edges: Sequence[datetime]) -> int | None:
    """In which of the weeks an instant lies."""
    place = bisect_right(edges, at) - 1
    return place if 0 <= place < len(edges) - 1 else None


def signal_of(clock: ClockFact, now: datetime) -> str:
    """overdue, paused, at_risk or ok; a broken promise stays overdue while it is paused."""
    if clock.breached_at is not None:
        return "overdue"
    if clock.state == "paused":
        return "paused"
    return "at_risk" if clock.at_risk_at is not None and clock.at_risk_at <= now else "ok"


def is_finished(clock: ClockFact, start: datetime, end: datetime) -> bool:
    return clock.state == "stopped" and clock.stopped_at is not None and start <= clock.stopped_at < end


def columns_of(phase: str, outcome: str | None) -> frozenset[str]:
    """What a case of a cohort is counted as; `accepted` is beside how it ended."""
    ends = {None: "live", str(Outcome.NOT_A_CANDIDATE): "declined", str(Outcome.RELEASED): "released"}
    reached = {"accepted"} if Phase(phase).order >= Phase.CONSULTATION.order else set()
    return frozenset({"submitted", ends.get(outcome, "other"), *reached})


def _verdicts(clocks: Iterable[ClockFact], edges: Sequence[datetime]) -> Counter[tuple[str, int, str]]:
    found: Counter[tuple[str, int, str]] = Counter()
    for clock in clocks:
        place = place_of(clock.counted.at, edges) if clock.counted else None
        if clock.counted and place is not None:
            found[clock.name, place, clock.counted.verdict] += 1
    return found


def _cohorts(cases: Iterable[CaseFact], edges: Sequence[datetime]) -> Counter[tuple[int, str, str | None]]:
    found: Counter[tuple[int, str, str | None]] = Counter()
    for case in cases:
        place = place_of(case.opened_at, edges)
        if place is not None:
            found[place, case.phase, case.outcome] += 1
    return found
