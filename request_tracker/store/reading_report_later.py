"""What is known otherwise by now than when a week's report was made."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.rules.report_corrections import corrections
from request_tracker.rules.report_rows import ClockFact, Correction, Counted, Revision
from request_tracker.rules.weeks import Week
from request_tracker.store import reading_report_folds as folds
from request_tracker.store.clocks import Clock, ClockEventRow
from request_tracker.store.reading_report_cases import INSTANT


def later_corrections(session: Session, week: Week, zone: str, as_of: datetime) -> tuple[Correction, ...]:
    """Verdicts of the week that are known otherwise as of `as_of` than they were at the week's end."""
    start, end = week.bounds(zone)
    behind = ClockEventRow.effective_at < ClockEventRow.recorded_at, ClockEventRow.effective_at < end
    since = ClockEventRow.recorded_at >= end, ClockEventRow.recorded_at <= as_of
    late = select(ClockEventRow.clock_id).where(*since, *behind)
    found = (
        _seen_twice(row, events, end, as_of)
        for row, events in folds.with_events(session, Clock.id.in_(late), as_of + INSTANT)
    )
    return corrections([each for each in found if _concerns(each, start, end)], end, zone)


def _seen_twice(row: folds.AnyRow, events: folds.Events, end: datetime, as_of: datetime) -> ClockFact:
    """As it is known now, with what was known of the verdict at the week's end."""
    was = folds.known_then(row, events, end).counted
    return folds.folded(row, events, as_of, revision=Revision(was))


def _concerns(clock: ClockFact, start: datetime, end: datetime) -> bool:
    verdicts: tuple[Counted | None, ...] = (clock.counted, clock.revision.was if clock.revision else None)
    return any(each is not None and start <= each.at < end for each in verdicts)
