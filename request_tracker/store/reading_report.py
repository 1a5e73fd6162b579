"""What the weekly report counts, as it was known at one instant: one statement a figure, no viewer's limits.

Later events change nothing: what was touched since is folded from the events recorded by then and taken back entry by
entry; all the rest is counted by the database. Both are added up.
"""

from collections import Counter
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, literal, select, union_all
from sqlalchemy.orm import Session

from request_tracker.rules.report import (
    BREACH_ROWS,
    LATE_ROWS,
    PROMISES,
    Rows,
    Tallies,
    Week,
    WeeklyReport,
    report_of,
    tally_of,
)
from request_tracker.rules.report_changes import Key, fates
from request_tracker.rules.report_rows import EVERYTHING, ClockFact, Only
from request_tracker.store import reading_report_cases as past
from request_tracker.store import reading_report_clocks as clocks
from request_tracker.store.cases import case_id
from request_tracker.store.clocks import Clock
from request_tracker.store.reading_report_clocks import Sight

WORST_FIRST = (Clock.case_id, Clock.name, Clock.cycle)


def weekly(session: Session, week: Week, zone: str, as_of: datetime, only: Only = EVERYTHING) -> WeeklyReport:
    """The report on a week that has begun, else BadWeek; for a week that is over the same one whenever it is asked."""
    sight = clocks.sight_of(session, week.begun(as_of, zone), zone, as_of, only)
    singles = clocks.singly(session, sight)
    apart = [each.fact for each in singles if each.apart]
    cases = [each.fact for each in past.changed(session, sight.span, only, sight.later)]
    start, now = sight.span.start, sight.span.now
    opened = [each.case for each in cases if start <= each.opened_at]
    rows = Rows(
        broken=[*_broken(session, sight), *apart],
        late=[*_late(session, sight), *apart],
        revised=[each.fact for each in singles if each.fact.revision],
        moves=past.moves(session, sight.span, only, sight.later),
        opened=[*past.opened(session, sight.span, only), *opened],
    )
    tallies = counted(session, sight) + past.tallies(session, sight.span, only)
    return report_of(week, zone, as_of, tallies + tally_of(week, zone, now, apart, cases), rows)


def fates_of(
    session: Session, week: Week, zone: str, as_of: datetime, only: Only, keys: Collection[Key]
) -> dict[Key, str]:
    """What became of promises, by case, clock and cycle, as it was known when the week ended."""
    if not keys:
        return {}
    sight = clocks.sight_of(session, week.begun(as_of, zone), zone, as_of, only)
    among = Clock.case_id.in_({case_id(case) for case, _, _ in keys}), Clock.name.in_({name for _, name, _ in keys})
    apart = [each.fact for each in clocks.singly(session, sight, *among) if each.apart]
    return fates([*clocks.read(session, sight, clocks.rows(sight, *among)), *apart], sight.span.now)


def counted(session: Session, sight: Sight) -> Tallies:
    """What the database counts of clocks, one statement a figure."""
    finished, pauses = _finished(session, sight)
    return Tallies(verdicts(session, sight), _signals(session, sight), _ages(session, sight), finished, pauses)


def verdicts(session: Session, sight: Sight) -> Counter[tuple[str, int, str]]:
    """By clock, week of the trend and verdict: met, breached and noticed, breached and not noticed yet."""
    weeks, now = sight.span.trend, sight.span.now
    kinds = (
        (Clock.stopped_at, "met", [clocks.is_met(weeks[0], sight.span.cut)]),
        (Clock.breached_at, "breached", [Clock.breached_at >= weeks[0], Clock.breached_at < now]),
        (Clock.due_at, "breached", [Clock.breached_at.is_(None), Clock.due_at >= weeks[0], Clock.due_at < now]),
    )
    found = union_all(
        *(select(Clock.id, Clock.name, at.label("at"), literal(verdict).label("verdict")).where(*where)
          for at, verdict, where in kinds)
    ).subquery()  # fmt: skip
    place = past.placed(found.c.at, weeks).label("place")
    grouped = select(found.c.name, place, found.c.verdict, func.count()).where(clocks.counted(sight, found.c.id))
    rows = session.execute(grouped.group_by(found.c.name, place, found.c.verdict))
    return Counter({(name, week, verdict): number for name, week, verdict, number in rows})


def _signals(session: Session, sight: Sight) -> Counter[tuple[str, str]]:
    signal = clocks.signal(sight).label("signal")
    wanted = select(Clock.name, signal, func.count()).where(clocks.is_open(), clocks.counted(sight))
    found = session.execute(wanted.group_by(Clock.name, signal))
    return Counter({(name, each): number for name, each, number in found})


def _ages(session: Session, sight: Sight) -> list[tuple[str, float]]:
    wanted = select(Clock.name, clocks.age(sight)).where(clocks.is_open(), clocks.counted(sight))
    return [(name, age) for name, age in session.execute(wanted)]


def _finished(session: Session, sight: Sight) -> tuple[list[tuple[str, float]], list[tuple[str, str, float]]]:
    """Of those finished in the week: the working days each took, and of each pause its reason and working days."""
    wanted = select(Clock.name, Clock.elapsed_s, clocks.day_s(sight), Clock.paused)
    inside = clocks.is_finished(sight.span.start, sight.span.cut)
    found = session.execute(wanted.where(inside, clocks.counted(sight))).all()
    pauses = [(name, why, spent / day_s) for name, _, day_s, paused in found for why, spent in paused.items()]
    return [(name, elapsed_s / day_s) for name, elapsed_s, day_s, _ in found], pauses


def _broken(session: Session, sight: Sight) -> list[ClockFact]:
    """The promises broken in the week, the worst of them."""
    inside = clocks.is_broken(sight, sight.span.start, sight.span.cut)
    wanted = clocks.rows(sight, Clock.name.in_(PROMISES), inside)
    worst = wanted.order_by(clocks.over(sight).desc(), *WORST_FIRST).limit(BREACH_ROWS)
    return clocks.read(session, sight, worst, pauses=True)


def _late(session: Session, sight: Sight) -> list[ClockFact]:
    """Open promises that are overdue, then those at risk; the worst of them."""
    signal = clocks.signal(sight)
    wanted = clocks.rows(sight, Clock.name.in_(PROMISES), clocks.is_open(), signal.in_(("overdue", "at_risk")))
    worst = wanted.order_by(signal.desc(), clocks.over(sight).desc(), *WORST_FIRST).limit(LATE_ROWS)
    return clocks.read(session, sight, worst)
