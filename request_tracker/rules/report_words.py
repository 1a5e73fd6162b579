"""How the weekly report reads: figures, bars of text, instants, and the sentences about single clocks."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from request_tracker.rules.report_rows import ClockFact, Counted, WeeklyReport
from request_tracker.rules.terms import HOLD_WORDS
from request_tracker.rules.weeks import Week

BAR, BAR_WIDTH = "█", 24
OTHER_PAUSES = {"merged": "part of another case", "": "no reason given"}


def written(report: WeeklyReport) -> dict[str, Any]:
    """What a template needs to write the report: itself, and how figures read."""
    return {"report": report, "percent": percent, "days": days, "bar": bar, "at": lambda at: said_at(at, report.zone)}


def percent(part: float | None) -> str:
    """`92 %`, rounded down so that 100 % means all; `n/a` where there was nothing to keep."""
    return "n/a" if part is None else f"{int(part * 100 + 1e-9)} %"


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


def _verdict(counted: Counted | None, zone: str) -> str:
    return f"{counted.verdict} in {Week.of(counted.at, zone)}" if counted else "not decided by then"


def _days(days: float) -> str:
    rounded = round(days, 1)
    if not rounded:
        return "less than 0.1 working days"
    return f"{rounded:g} working day{'' if rounded == 1 else 's'}"
