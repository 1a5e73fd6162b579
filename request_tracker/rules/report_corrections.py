"""Where a verdict became known, or was taken back, after it was reported."""

from collections.abc import Iterable
from datetime import datetime

from request_tracker.rules.report_rows import ClockFact, Correction, Counted
from request_tracker.rules.report_words import corrected
from request_tracker.rules.weeks import Week


def corrections(clocks: Iterable[ClockFact], before: datetime, zone: str) -> tuple[Correction, ...]:
    """Where the verdict that was known of a promise, and the one known now, differ about the time before an instant."""
    found = [(clock, *revised(clock, before)) for clock in clocks if clock.revision and not clock.internal]
    changed = sorted((row for row in found if row[1] != row[2]), key=lambda row: key_of(row[0]))
    return tuple(_correction(clock, was, is_now, zone) for clock, was, is_now in changed)


def revised(clock: ClockFact, before: datetime) -> tuple[Counted | None, Counted | None]:
    """What was known of the verdict, and what is known now, about the time before an instant."""
    is_now = clock.counted if clock.counted and clock.counted.at < before else None
    return clock.revision.was if clock.revision else None, is_now


def _correction(clock: ClockFact, was: Counted | None, is_now: Counted | None, zone: str) -> Correction:
    old, new = was.verdict if was else None, is_now.verdict if is_now else None
    moment = was or is_now
    assert moment is not None, "a correction has something to correct"
    week = Week.of(moment.at, zone)
    return Correction(
        clock.case, clock.service_name, clock.name, clock.label, clock.cycle, week, old, new,
        corrected(clock, was, is_now, zone),
    )  # fmt: skip


def key_of(clock: ClockFact) -> tuple[int, str, str, int]:
    """Orders clocks by the number of their case."""
    return len(clock.case), clock.case, clock.name, clock.cycle
