"""Clock rows → WeeklyReport: each cycle counted once, every figure as of one instant."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import groupby
from math import ceil, floor
from statistics import median

from request_tracker.rules.phases import CLOCKS
from request_tracker.rules.report_files import to_csv, to_json
from request_tracker.rules.report_rows import (
    Breach,
    CaseFact,
    ClockFact,
    ClockFigures,
    Cohort,
    Correction,
    Counted,
    FunnelRow,
    MoveFact,
    OpenClock,
    PauseShare,
    Revision,
    TrendWeek,
    WeeklyReport,
)
from request_tracker.rules.report_words import corrected, explained, pause_words
from request_tracker.rules.terms import Outcome, Phase
from request_tracker.rules.weeks import BadWeek, Week, last_week

__all__ = [
    "BadWeek", "CaseFact", "ClockFact", "Counted", "MoveFact", "Revision", "Week", "WeeklyReport", "last_week",
    "summarise", "to_csv", "to_json",
]  # fmt: skip

TREND_WEEKS = 12
COHORT_WEEKS = 8
DAY_S = 86_400
LIVE_PHASES = tuple(phase for phase in Phase if phase is not Phase.GENERALLY_AVAILABLE)


def summarise(
    week: Week,
    zone: str,
    as_of: datetime,
    clocks: Sequence[ClockFact],
    cases: Sequence[CaseFact],
    moves: Sequence[MoveFact],
) -> WeeklyReport:
    """The report on a week. The facts are as of the week's end, or as of `as_of` where that is earlier."""
    start, end = week.bounds(zone)

    def inside(at: datetime | None) -> bool:
        return at is not None and start <= at < end

    promises = [clock for clock in clocks if not clock.internal]
    now = min(as_of, end)
    return WeeklyReport(
        week=week,
        zone=zone,
        starts_at=start,
        ends_at=end,
        as_of=now,
        total=_figures("all", "All promises", promises, inside, now),
        clocks=tuple(_of_kind(name, clocks, inside, now) for name in CLOCKS),
        breaches=_breaches(promises, inside, zone),
        late=_late(promises, now),
        funnel=_funnel(cases, moves, inside),
        cohorts=_cohorts(week, zone, cases),
        trend=_trend(week, zone, promises),
        corrections=_corrections(promises, start, zone),
    )


def percentile(values: Iterable[float], part: float) -> float | None:
    """The value below which `part` of them lie, between neighbours in a straight line (as spreadsheets count)."""
    ordered = sorted(values)
    if not ordered:
        return None
    place = (len(ordered) - 1) * part
    low, high = ordered[floor(place)], ordered[ceil(place)]
    return low + (high - low) * (place - floor(place))


def _of_kind(name: str, clocks: Sequence[ClockFact], inside: Callable[..., bool], now: datetime) -> ClockFigures:
    return _figures(name, CLOCKS[name].label, [each for each in clocks if each.name == name], inside, now)


def _figures(
    name: str, label: str, clocks: Sequence[ClockFact], inside: Callable[..., bool], now: datetime
) -> ClockFigures:
    met, breached = _tally(each.counted for each in clocks if each.counted and inside(each.counted.at))
    going = Counter(_signal(each, now) for each in clocks if each.is_open)
    ages = [each.age for each in clocks if each.is_open]
    finished = [each for each in clocks if each.state == "stopped" and inside(each.stopped_at)]
    return ClockFigures(
        name=name,
        label=label,
        internal=name in CLOCKS and CLOCKS[name].internal,
        met=met,
        breached=breached,
        compliance=_compliance(met, breached),
        open=going.total(),
        paused=going["paused"],
        at_risk=going["at_risk"],
        overdue=going["overdue"],
        median_age_days=percentile(ages, 0.5),
        oldest_age_days=max(ages, default=None),
        finished=len(finished),
        p50_days=percentile((each.age for each in finished), 0.5),
        p90_days=percentile((each.age for each in finished), 0.9),
        pauses=_pauses(finished),
    )


def _tally(counted: Iterable[Counted | None]) -> tuple[int, int]:
    verdicts = Counter(each.verdict for each in counted if each is not None)
    return verdicts["met"], verdicts["breached"]


def _compliance(met: int, breached: int) -> float | None:
    return met / (met + breached) if met + breached else None


def _signal(clock: ClockFact, now: datetime) -> str:
    """overdue, paused, at_risk or ok; a broken promise stays overdue while it is paused."""
    if clock.breached_at is not None:
        return "overdue"
    if clock.state == "paused":
        return "paused"
    return "at_risk" if clock.at_risk_at is not None and clock.at_risk_at <= now else "ok"


def _pauses(finished: Sequence[ClockFact]) -> tuple[PauseShare, ...]:
    spent: dict[str, float] = defaultdict(float)
    for clock in finished:
        for reason, seconds in clock.paused_for:
            spent[reason] += seconds / clock.day_s
    whole = sum(clock.age for clock in finished) + sum(spent.values())
    ordered = sorted(spent.items(), key=lambda row: (-row[1], row[0]))
    return tuple(PauseShare(reason, pause_words(reason), days, days / whole) for reason, days in ordered if days > 0)


def _breaches(clocks: Sequence[ClockFact], inside: Callable[..., bool], zone: str) -> tuple[Breach, ...]:
    broken = [(each.breached_at, each) for each in clocks if each.breached_at is not None and inside(each.breached_at)]
    return tuple(
        Breach(
            each.case, each.service_name, each.account, each.assignee, each.name, each.label, each.cycle, at,
            each.state, each.over, explained(each, at, zone),
        )
        for at, each in sorted(broken, key=lambda row: (row[0], _key(row[1])))
    )  # fmt: skip


def _late(clocks: Sequence[ClockFact], now: datetime) -> tuple[OpenClock, ...]:
    """The overdue ones, latest first, then those at risk."""
    signals = [(_signal(each, now), each) for each in clocks if each.is_open]
    shown = [(signal, each) for signal, each in signals if signal in ("overdue", "at_risk")]
    return tuple(
        OpenClock(
            each.case, each.service_name, each.account, each.assignee, each.name, each.label, each.cycle, signal,
            each.due_at or each.breached_at, each.age, each.over,
        )
        for signal, each in sorted(shown, key=lambda row: (row[0] != "overdue", -row[1].over, _key(row[1])))
    )  # fmt: skip


def _key(clock: ClockFact) -> tuple[str, str, int]:
    return clock.case, clock.name, clock.cycle


def _funnel(cases: Sequence[CaseFact], moves: Sequence[MoveFact], inside: Callable[..., bool]) -> tuple[FunnelRow, ...]:
    entered: dict[str, set[str]] = defaultdict(set)
    left: dict[str, dict[str, float]] = defaultdict(dict)
    entered[Phase.SUBMISSION] |= {each.case for each in cases if inside(each.opened_at)}
    for move in sorted((each for each in moves if inside(each.at)), key=lambda each: (each.at, each.case)):
        entered[move.to_place].add(move.case)
        left[move.from_place][move.case] = (move.at - move.since).total_seconds() / DAY_S
    standing = Counter(each.phase for each in cases if each.outcome is None)
    phases = (
        FunnelRow(
            phase, phase.words, "phase", len(entered[phase]), standing[phase], len(left[phase]),
            median(left[phase].values()) if left[phase] else None,
        )
        for phase in LIVE_PHASES
    )  # fmt: skip
    outcomes = (FunnelRow(each, each.words, "outcome", len(entered[each]), None, None, None) for each in Outcome)
    return (*phases, *outcomes)


def _cohorts(week: Week, zone: str, cases: Sequence[CaseFact]) -> tuple[Cohort, ...]:
    by_week: dict[Week, list[CaseFact]] = defaultdict(list)
    for each in cases:
        by_week[Week.of(each.opened_at, zone)].append(each)
    return tuple(_cohort(each, by_week[each]) for each in _weeks_to(week, COHORT_WEEKS))


def _cohort(week: Week, cases: Sequence[CaseFact]) -> Cohort:
    ends = Counter(each.outcome for each in cases)
    declined, released, live = ends[Outcome.NOT_A_CANDIDATE], ends[Outcome.RELEASED], ends[None]
    accepted = sum(Phase(each.phase).order >= Phase.CONSULTATION.order for each in cases)
    return Cohort(week, len(cases), live, accepted, declined, released, len(cases) - live - declined - released)


def _trend(week: Week, zone: str, clocks: Sequence[ClockFact]) -> tuple[TrendWeek, ...]:
    weeks = _weeks_to(week, TREND_WEEKS)
    edges = [each.bounds(zone) for each in weeks]
    found = sorted((each.counted for each in clocks if each.counted), key=lambda each: each.at)
    by_week = {place: list(rows) for place, rows in groupby(found, key=lambda each: _place(each.at, edges))}
    tallies = [_tally(by_week.get(place, ())) for place in range(len(weeks))]
    return tuple(TrendWeek(each, *tally, _compliance(*tally)) for each, tally in zip(weeks, tallies, strict=True))


def _place(at: datetime, edges: Sequence[tuple[datetime, datetime]]) -> int | None:
    return next((place for place, (start, end) in enumerate(edges) if start <= at < end), None)


def _weeks_to(week: Week, count: int) -> list[Week]:
    return [week.back(weeks) for weeks in reversed(range(count))]


def _corrections(clocks: Sequence[ClockFact], start: datetime, zone: str) -> tuple[Correction, ...]:
    found = []
    for clock in sorted((each for each in clocks if each.revision), key=_key):
        was = clock.revision.was if clock.revision else None
        is_now = clock.counted if clock.counted and clock.counted.at < start else None
        if was != is_now:
            found.append(_correction(clock, was, is_now, zone))
    return tuple(found)


def _correction(clock: ClockFact, was: Counted | None, is_now: Counted | None, zone: str) -> Correction:
    old, new = was.verdict if was else None, is_now.verdict if is_now else None
    moment = was or is_now
    assert moment is not None, "a correction has something to correct"
    week = Week.of(moment.at, zone)
    return Correction(
        clock.case, clock.service_name, clock.name, clock.label, clock.cycle, week, old, new,
        corrected(clock, was, is_now, zone),
    )  # fmt: skip
