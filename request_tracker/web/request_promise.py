"""Promises as a requester reads them: a sentence with a date, honest when it is late or stands still."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from request_tracker.rules.calendar import Calendar
from request_tracker.rules.calendar_words import day_end, day_ended
from request_tracker.rules.sla import LIVE
from request_tracker.rules.task_words import days_left
from request_tracker.rules.tasks import AWAITED
from request_tracker.store.case_rows import CaseView, ClockRow, HoldRow
from request_tracker.web.filters import day, when

KEPT = {
    "review": ("We answer by", "We promised you an answer by"),
    "build": ("We open the private preview by", "We promised you the private preview by"),
    "first_sync": ("The first sync starts by", "We promised the start of the first sync by"),
}
BROKEN = "This promise is broken, and we are sorry. Your request is among the first we work on."


@dataclass(frozen=True)
class Promise:
    """`signal`: ok, at_risk, overdue or paused; `word` says the same; `sentence` carries the date."""

    label: str
    signal: str
    word: str
    sentence: Markup


def promises(view: CaseView, now: datetime) -> tuple[Promise, ...]:
    """Every promise that runs or stands still, the nearest first; each is told by the calendar it counts by."""
    going = [row for row in view.clocks if not row.internal and row.state in LIVE]
    return tuple(_promise(row, view.open_holds, now) for row in sorted(going, key=_order))


def by(due_at: datetime, calendar: Calendar, *, both: bool = False) -> Markup:
    """The due instant by the reader's clock; the end of a working day as such. `both`: with when that day ends by the
    reader's clock, for staff."""
    ended, ends = day_ended(calendar, due_at), day_end(calendar, due_at)
    if ends is None:
        return when(due_at)
    instant = Markup(" ({})").format(when(ends)) if both else ""
    return Markup('<time datetime="{}">{}</time>{}').format(due_at.isoformat(), ended, instant)


def _promise(row: ClockRow, holds: Sequence[HoldRow], now: datetime) -> Promise:
    running, broken = KEPT[row.name]
    if row.due_at is None or row.calendar is None:
        return Promise(row.label, "paused", "Stands still", _paused(holds))
    due = by(row.due_at, row.calendar)
    if row.due_at < now:
        return Promise(row.label, "overdue", "Overdue", Markup("{} {}. {}").format(broken, due, BROKEN))
    at_risk = row.at_risk_at is not None and row.at_risk_at <= now
    signal, word = ("at_risk", "Getting close") if at_risk else ("ok", "On track")
    left = days_left(row.calendar, now, row.due_at)
    return Promise(row.label, signal, word, Markup("{} {}, {}.").format(running, due, left))


def _paused(holds: Sequence[HoldRow]) -> Markup:
    if not holds:
        return Markup("The promise stands still. It runs on, with a new date, when we can go on.")
    first = holds[0]
    return Markup("The promise stands still since {}: we wait for {}. It runs on, with a new date, after that.").format(
        day(first.since), AWAITED[first.reason]
    )


def _order(row: ClockRow) -> tuple[bool, datetime | None]:
    return row.due_at is None, row.due_at or row.started_at
