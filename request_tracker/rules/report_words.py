"""How the weekly report reads: figures, bars of text, instants, and the sentences about single clocks."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from request_tracker.rules.report_changes import Changes, Delta, said_by
from request_tracker.rules.report_rows import ClockFact, Counted, OpenClock, WeeklyReport
from request_tracker.rules.terms import HOLD_WORDS
from request_tracker.rules.weeks import Week

BAR, BAR_WIDTH = "█", 24
NARROW = "\N{NO-BREAK SPACE}"
PUT_RIGHT_MEANS = "At risk or late a week ago; kept since, or on track again. Not what was cancelled or only paused."
OTHER_PAUSES = {"merged": "part of another case", "": "no reason given"}


def written(report: WeeklyReport, changes: Changes | None) -> dict[str, Any]:
    """What a template needs to write the report: itself, what changed, and how figures read."""
    return {
        "report": report,
        "changes": changes,
        "since": {delta.figure: delta for delta in changes.deltas} if changes else {},
        "headline": headline(report),
        "week_words": week_words(report),
        "put_right_means": PUT_RIGHT_MEANS,
        "needy": needy(report),
        "at": lambda at: said_at(at, report.zone),
        **_READ,
    }


def headline(report: WeeklyReport) -> str:
    """The week in a sentence: `12 of 14 promises kept (85 %).`"""
    total = report.total
    decided = total.met + total.breached
    if not decided:
        return "No promise came due or was kept in this week."
    share = percent(total.compliance).replace(" ", NARROW)
    return f"{total.met} of {decided} promise{'' if decided == 1 else 's'} kept ({share})."


def week_words(report: WeeklyReport) -> str:
    """`Monday 16 to Sunday 22 November 2026`."""
    first, last = report.week.monday, report.week.monday + timedelta(days=6)
    begin = f"{first.day}" if first.month == last.month else f"{first.day} {first:%B}"
    year = "" if first.year == last.year else f" {first.year}"
    return f"Monday {begin}{year} to Sunday {last.day} {last:%B %Y}"


def needy(report: WeeklyReport) -> tuple[OpenClock, ...]:
    """Of the promises overdue or at risk, those that nobody has: overdue ones first, latest first."""
    return tuple(row for row in report.late if row.assignee is None)


def moved(delta: Delta | None) -> str:
    """The difference in words: `2 more`, `3 points lower`, `1.5 days shorter`, `unchanged`; empty where unknown."""
    if delta is None or delta.verdict == "unknown":
        return ""
    if delta.verdict == "same":
        return "unchanged"
    more, less = {"count": ("more", "fewer"), "share": ("points higher", "points lower")}.get(
        delta.unit, ("days longer", "days shorter")
    )
    return f"{said_by(delta)[1:]} {more if (delta.by or 0) > 0 else less}"


def judged(delta: Delta | None) -> str:
    """The difference in words and what to think of it: `2 more, worse`."""
    said = moved(delta)
    return f"{said}, {delta.verdict}" if delta and delta.verdict in ("better", "worse") else said


def figure_words(delta: Delta, value: float | None) -> str:
    """A figure of the changes as it reads: a count, a share, or days."""
    if delta.unit == "share":
        return percent(value)
    return days(value) if delta.unit == "days" else "–" if value is None else f"{value:.0f}"


def percent(part: float | None) -> str:
    """`92 %`, rounded down so that 100 % means all; `n/a` where there was nothing to keep."""
    if part is None:
        return "n/a"
    return "<1 %" if 0 < part < 0.01 else f"{int(part * 100 + 1e-9)} %"


def days(count: float | None) -> str:
    return "–" if count is None else f"{round(count, 1) + 0.0:.1f}"


def bar(value: float, most: float, width: int = BAR_WIDTH) -> str:
    """A bar of text; whatever is more than nothing can be seen."""
    return BAR * max(round(width * value / most), 1) if value and most else ""


def said_at(at: datetime | None, zone: str) -> str:
    """`Mon 16 Nov 2026 09:00 CET` by the wall clock of the zone."""
    if at is None:
        return ""
    wall = at.astimezone(ZoneInfo(zone))
    return f"{wall:%a} {wall.day} {wall:%b %Y %H:%M %Z}"


def pause_words(reason: str) -> str:
    """What a pause waited for; an unknown reason speaks for itself."""
    known = {str(name): words for name, words in HOLD_WORDS.items()} | OTHER_PAUSES
    return known.get(reason, reason)


def explained(clock: ClockFact, due_at: datetime, zone: str) -> str:
    """When it was due, how late it is, who waited for whom, and whose case it was."""
    how = {"stopped": "finished", "cancelled": "cancelled"}.get(clock.state, "still open and now")
    pauses = [f"{_days(s / clock.day_s)} for {pause_words(reason)}" for reason, s in clock.paused_for if s > 0]
    waited = f"The clock had stood still {' and '.join(pauses)}." if pauses else "It was never paused."
    had = f"{clock.assignee} had the case." if clock.assignee else "Nobody was assigned."
    return f"Due {said_at(due_at, zone)}; {how} {_days(clock.over)} late. {waited} {had}"


def corrected(clock: ClockFact, was: Counted | None, is_now: Counted | None, zone: str) -> str:
    """What was reported before and what is known now; None means not decided by then."""
    return f"{clock.label}: reported as {_verdict(was, zone)}; now known as {_verdict(is_now, zone)}."


_READ = {
    "percent": percent, "days": days, "bar": bar, "moved": moved, "judged": judged, "said_by": said_by,
    "figure_words": figure_words,
}  # fmt: skip


def _verdict(counted: Counted | None, zone: str) -> str:
    return f"{counted.verdict} in {Week.of(counted.at, zone)}" if counted else "not decided by then"


def _days(days: float) -> str:
    rounded = round(days, 1)
    if not rounded:
        return "less than 0.1 working days"
    return f"{rounded:g} working day{'' if rounded == 1 else 's'}"
