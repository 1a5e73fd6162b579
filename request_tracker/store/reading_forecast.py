"""What is likely to come of one case, in one statement: the newest forecast, and where the case stands in it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from request_tracker.rules import outlook as rules
from request_tracker.rules.calendar import Calendar
from request_tracker.rules.forecast import instant, minutes
from request_tracker.rules.outlook import Expected
from request_tracker.rules.stays import stage_of
from request_tracker.store.case_rows import CaseView
from request_tracker.store.forecasts import Standing, newest_for


@dataclass(frozen=True)
class Dated:
    """What is expected of a phase, with its instants; None where it lies beyond what was ever seen."""

    expected: Expected
    early_at: datetime | None
    middle_at: datetime | None
    late_at: datetime | None
    farthest_at: datetime | None


@dataclass(frozen=True)
class Outlook:
    """`as_of`: when the history was read; `calendar`: in whose working time it is reckoned."""

    as_of: datetime
    calendar: Calendar
    is_held: bool
    phases: tuple[Dated, ...]


def outlook(session: Session, view: CaseView, now: datetime) -> Outlook | None:
    """Of a case that goes on by itself, or of its root; None where no forecast was made yet."""
    standing = newest_for(session, view.id)
    if standing is None or view.outcome is not None:
        return None
    calendar = Calendar.from_json(standing.body["calendar"])
    age = minutes(calendar, now) - minutes(calendar, _since(view, standing))
    stage = stage_of(view.phase, again=_again(view), held=standing.held_since is not None)
    found = rules.expected(rules.from_json(standing.body["model"]), stage, max(0, age))
    dated = tuple(_dated(each, calendar, now) for each in found)
    return Outlook(standing.as_of, calendar, standing.held_since is not None, dated)


def _since(view: CaseView, standing: Standing) -> datetime:
    """As rules.stays divides stays: since the hold, or since the last one ended, but not before the phase began."""
    return max(view.phase_at, standing.held_since or standing.last_held or view.phase_at)


def _again(view: CaseView) -> bool:
    """A second promise of the build: gaps were found in the preview. Read from the clocks, which the view has."""
    return any(row.name == "build" and row.cycle > 1 for row in view.clocks)


def _dated(found: Expected, calendar: Calendar, now: datetime) -> Dated:
    times = (found.early, found.middle, found.late, found.farthest if found.is_known else None)
    return Dated(found, *(None if each is None else instant(calendar, now, each) for each in times))
