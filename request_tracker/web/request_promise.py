"""Promises as a requester reads them: a sentence with a date, honest when it is late or stands still."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup

from request_tracker.rules.calendar import Calendar, working_between
from request_tracker.rules.tasks import AWAITED
from request_tracker.store.case_rows import CaseView, ClockRow, HoldRow
from request_tracker.web.filters import day, when

KEPT = {
    "review": ("We answer by", "We promised you an answer by"),
    "build": ("We open the private preview by", "We promised you the private preview by"),
    "first_sync": ("The first sync starts by", "We promised the start of the first sync by"),
}
BROKEN = "This promise is broken, and we are sorry. Your request is among the first we work on."
FARTHEST_BACK = 60


@dataclass(frozen=True)
class Promise:
    """`signal`: ok, at_risk, overdue or paused; `word` says the same; `sentence` carries the date."""

    label: str
    signal: str
    word: str
    sentence: Markup


def promises(view: CaseView, calendar: Calendar, now: datetime) -> tuple[Promise, ...]:
    """Every promise that runs or stands still, the nearest first."""
    going = [row for row in view.clocks if not row.internal and row.state in ("running", "paused")]
    return tuple(_promise(row, view.open_holds, calendar, now) for row in sorted(going, key=_order))


def by(due_at: datetime, calendar: Calendar) -> Markup:
    """The due instant; where it is the first moment of a working day, the end of the working day before."""
    zone = ZoneInfo(calendar.zone)
    local = due_at.astimezone(zone)
    if local.time() != time(0):
        return when(due_at)
    last = _working_day_before(local, calendar)
    words = last.strftime("%A, %-d %b %Y")
    return Markup('<time datetime="{}">the end of {} ({})</time>').format(due_at.isoformat(), words, local.tzname())


def _promise(row: ClockRow, holds: Sequence[HoldRow], calendar: Calendar, now: datetime) -> Promise:
    running, broken = KEPT[row.name]
    if row.state == "paused" or row.due_at is None:
        return Promise(row.label, "paused", "Stands still", _paused(holds))
    due = by(row.due_at, calendar)
    if row.due_at < now:
        return Promise(row.label, "overdue", "Overdue", Markup("{} {}. {}").format(broken, due, BROKEN))
    at_risk = row.at_risk_at is not None and row.at_risk_at <= now
    signal, word = ("at_risk", "Getting close") if at_risk else ("ok", "On track")
    return Promise(row.label, signal, word, Markup("{} {}.").format(running, due))


def _paused(holds: Sequence[HoldRow]) -> Markup:
    if not holds:
        return Markup("The promise stands still. It runs on, with a new date, when we can go on.")
    first = holds[0]
    return Markup("The promise stands still since {}: we wait for {}. It runs on, with a new date, after that.").format(
        day(first.since), AWAITED[first.reason]
    )


def _order(row: ClockRow) -> tuple[bool, datetime | None]:
    return row.due_at is None, row.due_at or row.started_at


def _working_day_before(midnight: datetime, calendar: Calendar) -> datetime:
    """The last local day before midnight with working time in it."""
    zone = ZoneInfo(calendar.zone)
    for back in range(1, FARTHEST_BACK):
        first = datetime.combine(midnight.date() - timedelta(days=back), time(0), zone)
        after = datetime.combine(midnight.date() - timedelta(days=back - 1), time(0), zone)
        if working_between(calendar, first, after):
            return first
    return midnight - timedelta(days=1)
