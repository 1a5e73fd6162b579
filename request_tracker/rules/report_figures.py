"""The counts of the weekly report by name: how an address asks for the cases behind one, its words, its size."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from request_tracker.rules.phases import CLOCKS
from request_tracker.rules.report_rows import ClockFigures, WeeklyReport
from request_tracker.rules.terms import Outcome
from request_tracker.rules.weeks import BadWeek, Week

Row = TypeVar("Row")
ALL = "all"
OF_CLOCKS = {
    "met": "kept in {week}",
    "breached": "broken in {week}",
    "open": "open at the end of {week}",
    "on_time": "on time at the end of {week}",
    "paused": "paused at the end of {week}",
    "at_risk": "at risk at the end of {week}",
    "overdue": "overdue at the end of {week}",
    "finished": "finished in {week}",
}
OF_COHORTS = {
    "submitted": "submitted in {of}",
    "live": "submitted in {of} and live",
    "accepted": "submitted in {of} and in consultation or further",
    "declined": "submitted in {of} and declined",
    "released": "submitted in {of} and released",
    "other": "submitted in {of} and ended otherwise",
}
OF_PLACES = {"entered": "came into {place} in", "standing": "stood in {place} at the end of", "left": "left {place} in"}


class NoSuchFigure(LookupError):
    """The report has no such count; the message says so."""


@dataclass(frozen=True)
class Named:
    """`title` begins with what is counted: promises, clocks, cases or corrections."""

    figure: str
    clock: str
    title: str
    count: int


def named(report: WeeklyReport, figure: str, clock: str = ALL) -> Named:
    """The count of that name: `overdue`, `entered:validation`, `cohort:2026-W47:live`, `trend:2026-W40:met` …

    `clock` is a clock's name or `all` (every promise), and only counts of clocks have one. Raises NoSuchFigure.
    """
    kind, *rest = figure.split(":")
    try:
        title, count = _KINDS[kind](report, clock, kind, *rest)
    except (KeyError, TypeError, BadWeek, StopIteration) as fault:
        raise NoSuchFigure("The report has no such figure: go back to it and follow one of its numbers") from fault
    return Named(figure, clock, title, count)


def _of_clock(report: WeeklyReport, clock: str, figure: str) -> tuple[str, int]:
    row = _one(each for each in (report.total, *report.clocks) if each.name == clock)
    what = "Promises" if clock == ALL else f"{CLOCKS[clock].label}: clocks"
    return f"{what} {OF_CLOCKS[figure].format(week=report.week)}", _count(row, figure)


def _count(row: ClockFigures, figure: str) -> int:
    if figure == "on_time":
        return row.open - row.paused - row.at_risk - row.overdue
    return int(getattr(row, figure))


def _of_place(report: WeeklyReport, clock: str, figure: str, place: str) -> tuple[str, int]:
    _only_all(clock)
    row = _one(each for each in report.funnel if each.place == place)
    count = {"entered": row.entered, "standing": row.at_end, "left": row.left}[figure]
    if count is None:
        raise KeyError(figure)
    said = "ended as {place} in" if place in set(Outcome) else OF_PLACES[figure]
    return f"Cases that {said.format(place=row.words)} {report.week}", count


def _of_cohort(report: WeeklyReport, clock: str, _figure: str, week: str, column: str) -> tuple[str, int]:
    _only_all(clock)
    row = _one(each for each in report.cohorts if each.week == Week.parse(week))
    return f"Cases {OF_COHORTS[column].format(of=row.week)}", int(getattr(row, column))


def _of_trend(report: WeeklyReport, clock: str, _figure: str, week: str, verdict: str) -> tuple[str, int]:
    _only_all(clock)
    row = _one(each for each in report.trend if each.week == Week.parse(week))
    said = {"met": "kept", "breached": "broken"}[verdict]
    return f"Promises {said} in {row.week}", {"met": row.met, "breached": row.breached}[verdict]


def _correction(report: WeeklyReport, clock: str, _figure: str) -> tuple[str, int]:
    _only_all(clock)
    return f"Corrections told in {report.week}", len(report.corrections)


def _only_all(clock: str) -> None:
    if clock != ALL:
        raise KeyError(clock)


def _one(rows: Iterable[Row]) -> Row:
    return next(iter(rows))


_KINDS: dict[str, Callable[..., tuple[str, int]]] = {
    **dict.fromkeys(OF_CLOCKS, _of_clock),
    **dict.fromkeys(OF_PLACES, _of_place),
    "cohort": _of_cohort,
    "trend": _of_trend,
    "correction": _correction,
}
