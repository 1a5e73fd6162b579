"""Tallies, and the rows behind them → WeeklyReport: each cycle counted once, every figure as of one instant."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil, floor, fsum
from statistics import median

from request_tracker.rules.phases import CLOCKS
from request_tracker.rules.report_corrections import corrections, key_of
from request_tracker.rules.report_files import to_csv, to_json
from request_tracker.rules.report_rows import (
    Breach,
    CaseFact,
    ClockFact,
    ClockFigures,
    Cohort,
    Counted,
    FunnelRow,
    MoveFact,
    OpenClock,
    PauseShare,
    Revision,
    TrendWeek,
    WeeklyReport,
)
from request_tracker.rules.report_tally import (
    COHORT_WEEKS,
    COLUMNS,
    TREND_WEEKS,
    Tallies,
    columns_of,
    signal_of,
    tally_of,
)
from request_tracker.rules.report_words import explained, pause_words
from request_tracker.rules.terms import Outcome, Phase
from request_tracker.rules.weeks import BadWeek, Week, last_week

__all__ = [
    "BadWeek", "CaseFact", "ClockFact", "Counted", "MoveFact", "Revision", "Rows", "Tallies", "Week", "WeeklyReport",
    "last_week", "report_of", "summarise", "tally_of", "to_csv", "to_json",
]  # fmt: skip

DAY_S = 86_400
LATE_ROWS, BREACH_ROWS = 200, 500
"""How many are listed at most, the worst of them; the figures count all."""
PROMISES = tuple(name for name, kind in CLOCKS.items() if not kind.internal)
LIVE_PHASES = tuple(phase for phase in Phase if phase is not Phase.GENERALLY_AVAILABLE)
Inside = Callable[[datetime], bool]


@dataclass(frozen=True)
class Rows:
    """What is told one by one: broken promises of the week, late ones, what was corrected, moves, cases opened.

    Clocks may be more than are told; they are looked at once more.
    """

    broken: Sequence[ClockFact] = ()
    late: Sequence[ClockFact] = ()
    revised: Sequence[ClockFact] = ()
    moves: Sequence[MoveFact] = ()
    opened: Collection[str] = ()


def summarise(
    week: Week,
    zone: str,
    as_of: datetime,
    clocks: Sequence[ClockFact],
    cases: Sequence[CaseFact],
    moves: Sequence[MoveFact],
) -> WeeklyReport:
    """The report on a week from single facts as of the week's end, or as of `as_of` where that is earlier."""
    start, end = week.bounds(zone)
    opened = [each.case for each in cases if start <= each.opened_at < end]
    rows = Rows(clocks, clocks, clocks, moves, opened)
    return report_of(week, zone, as_of, tally_of(week, zone, min(as_of, end), clocks, cases), rows)


def report_of(week: Week, zone: str, as_of: datetime, tallies: Tallies, rows: Rows) -> WeeklyReport:
    """The report from what was added up, wherever that was done."""
    start, end = week.bounds(zone)

    def inside(at: datetime) -> bool:
        return start <= at < end

    now = min(as_of, end)
    return WeeklyReport(
        week=week,
        zone=zone,
        starts_at=start,
        ends_at=end,
        as_of=now,
        total=_figures("all", "All promises", PROMISES, tallies),
        clocks=tuple(_figures(name, kind.label, (name,), tallies) for name, kind in CLOCKS.items()),
        breaches=_breaches(rows.broken, inside, zone),
        late=_late(rows.late, now),
        funnel=_funnel(tallies, rows, inside),
        cohorts=_cohorts(week, tallies),
        trend=_trend(week, tallies),
        corrections=corrections(rows.revised, start, zone),
    )


def percentile(values: Iterable[float], part: float) -> float | None:
    """The value below which `part` of them lie, between neighbours in a straight line (as spreadsheets count)."""
    ordered = sorted(values)
    if not ordered:
        return None
    place = (len(ordered) - 1) * part
    low, high = ordered[floor(place)], ordered[ceil(place)]
    return low + (high - low) * (place - floor(place))


def _figures(name: str, label: str, names: Collection[str], tallies: Tallies) -> ClockFigures:
    met, breached = _decided(tallies, names, TREND_WEEKS - 1)
    going = {
        signal: sum(tallies.signals[each, signal] for each in names) for signal in ("paused", "at_risk", "overdue")
    }
    ages = sorted(age for each, age in tallies.ages if each in names)
    finished = sorted(age for each, age in tallies.finished if each in names)
    return ClockFigures(
        name=name,
        label=label,
        internal=name in CLOCKS and CLOCKS[name].internal,
        met=met,
        breached=breached,
        compliance=_compliance(met, breached),
        open=len(ages),
        **going,
        median_age_days=percentile(ages, 0.5),
        oldest_age_days=max(ages, default=None),
        finished=len(finished),
        p50_days=percentile(finished, 0.5),
        p90_days=percentile(finished, 0.9),
        pauses=_pauses(finished, [(reason, days) for each, reason, days in tallies.pauses if each in names]),
    )


def _decided(tallies: Tallies, names: Iterable[str], place: int) -> tuple[int, int]:
    """How many were met and how many breached in one week of the trend."""
    met, breached = (sum(tallies.verdicts[each, place, verdict] for each in names) for verdict in ("met", "breached"))
    return met, breached


def _compliance(met: int, breached: int) -> float | None:
    return met / (met + breached) if met + breached else None


def _pauses(finished: Sequence[float], pauses: Iterable[tuple[str, float]]) -> tuple[PauseShare, ...]:
    """Sums are exact (fsum), so that they are the same in whatever order things were added up."""
    spent: dict[str, list[float]] = defaultdict(list)
    for reason, days in pauses:
        spent[reason].append(days)
    totals = {reason: fsum(parts) for reason, parts in spent.items()}
    whole = fsum([*finished, *(days for parts in spent.values() for days in parts)])
    ordered = sorted(totals.items(), key=lambda row: (-row[1], row[0]))
    return tuple(PauseShare(reason, pause_words(reason), days, days / whole) for reason, days in ordered if days > 0)


def _breaches(clocks: Iterable[ClockFact], inside: Inside, zone: str) -> tuple[Breach, ...]:
    broken = [(each.breached_at, each) for each in clocks if each.breached_at and inside(each.breached_at)]
    promised = [(at, each) for at, each in broken if not each.internal]
    worst = sorted(promised, key=lambda row: (-row[1].over, key_of(row[1])))[:BREACH_ROWS]
    return tuple(
        Breach(
            each.case, each.service_name, each.account, each.assignee, each.name, each.label, each.cycle, at,
            each.state, each.over, explained(each, at, zone),
        )
        for at, each in sorted(worst, key=lambda row: (row[0], key_of(row[1])))
    )  # fmt: skip


def _late(clocks: Iterable[ClockFact], now: datetime) -> tuple[OpenClock, ...]:
    """The overdue ones, latest first, then those at risk."""
    signals = [(signal_of(each, now), each) for each in clocks if each.is_open and not each.internal]
    shown = [(signal, each) for signal, each in signals if signal in ("overdue", "at_risk")]
    return tuple(
        OpenClock(
            each.case, each.service_name, each.account, each.assignee, each.name, each.label, each.cycle, signal,
            each.due_at or each.breached_at, each.age, each.over,
        )
        for signal, each in sorted(shown, key=lambda row: (row[0] != "overdue", -row[1].over, key_of(row[1])))
    )[:LATE_ROWS]  # fmt: skip


def _funnel(tallies: Tallies, rows: Rows, inside: Inside) -> tuple[FunnelRow, ...]:
    entered, left = passages(rows, inside)
    phases = (
        FunnelRow(
            phase, phase.words, "phase", len(entered[phase]), tallies.standing[phase], len(left[phase]),
            median(days_in(move) for move in left[phase].values()) if left[phase] else None,
        )
        for phase in LIVE_PHASES
    )  # fmt: skip
    outcomes = (FunnelRow(each, each.words, "outcome", len(entered[each]), None, None, None) for each in Outcome)
    return (*phases, *outcomes)


def passages(rows: Rows, inside: Inside) -> tuple[dict[str, set[str]], dict[str, dict[str, MoveFact]]]:
    """By place: the cases that came in, and the move with which each case left (the last one)."""
    entered: dict[str, set[str]] = defaultdict(set)
    left: dict[str, dict[str, MoveFact]] = defaultdict(dict)
    entered[Phase.SUBMISSION] |= set(rows.opened)
    for move in sorted((each for each in rows.moves if inside(each.at)), key=lambda each: (each.at, each.case)):
        entered[move.to_place].add(move.case)
        left[move.from_place][move.case] = move
    return entered, left


def days_in(move: MoveFact) -> float:
    """Calendar days in the place that was left."""
    return (move.at - move.since).total_seconds() / DAY_S


def _cohorts(week: Week, tallies: Tallies) -> tuple[Cohort, ...]:
    counts = [dict.fromkeys(COLUMNS, 0) for _ in range(COHORT_WEEKS)]
    for (place, phase, outcome), number in tallies.cohorts.items():
        for column in columns_of(phase, outcome):
            counts[place][column] += number
    return tuple(Cohort(each, **found) for each, found in zip(_weeks_to(week, COHORT_WEEKS), counts, strict=True))


def _trend(week: Week, tallies: Tallies) -> tuple[TrendWeek, ...]:
    decided = ((each, _decided(tallies, PROMISES, place)) for place, each in enumerate(_weeks_to(week, TREND_WEEKS)))
    return tuple(TrendWeek(each, *numbers, _compliance(*numbers)) for each, numbers in decided)


def _weeks_to(week: Week, count: int) -> list[Week]:
    return [week.back(weeks) for weeks in reversed(range(count))]
