"""The rows behind each number of the weekly report: as many as the number says, found by the same conditions."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from request_tracker.rules.phases import CLOCKS
from request_tracker.rules.report import PROMISES, Rows, days_in, passages
from request_tracker.rules.report_corrections import key_of, revised
from request_tracker.rules.report_figures import NoSuchFigure as NoSuchFigure
from request_tracker.rules.report_rows import EVERYTHING, ClockFact, ListedRow, MoveFact, Only
from request_tracker.rules.report_tally import COLUMNS, SIGNALS, columns_of, is_finished, signal_of
from request_tracker.rules.terms import Outcome, Phase
from request_tracker.rules.weeks import BadWeek, Week
from request_tracker.store import reading_report_cases as past
from request_tracker.store import reading_report_clocks as clocks
from request_tracker.store.cases import Case, case_id
from request_tracker.store.clocks import Clock
from request_tracker.store.people import Account
from request_tracker.store.reading_report_cases import Known
from request_tracker.store.reading_report_clocks import Sight
from request_tracker.store.reading_report_later import later_corrections as later_corrections

MOST = 500
UNDECIDED = "undecided"
ACCEPTED = [phase for phase in Phase if phase.order >= Phase.CONSULTATION.order]
ENDS = (Outcome.NOT_A_CANDIDATE, Outcome.RELEASED)
COLUMN_SAYS: dict[str, ColumnElement[bool]] = {
    "submitted": Case.id > 0,
    "live": Case.outcome.is_(None),
    "accepted": Case.phase.in_(ACCEPTED),
    "declined": Case.outcome == Outcome.NOT_A_CANDIDATE,
    "released": Case.outcome == Outcome.RELEASED,
    "other": and_(Case.outcome.isnot(None), Case.outcome.not_in(ENDS)),
}
"""rules.report_tally.columns_of, as conditions."""


@dataclass(frozen=True)
class Wanted:
    """Clocks behind a figure: the condition, the same for a fact, what comes first, what `state` and `at` tell."""

    where: ColumnElement[bool]
    holds: Callable[[ClockFact], bool]
    first: Any
    key: Callable[[ClockFact], Any]
    state: Callable[[ClockFact], str]
    at: Callable[[ClockFact], datetime | None]


def listed(
    session: Session,
    week: Week,
    zone: str,
    as_of: datetime,
    figure: str,
    *,
    clock: str = "all",
    only: Only = EVERYTHING,
    limit: int = MOST,
) -> tuple[ListedRow, ...]:
    """The rows a figure counts, as many as it says (at most `limit`, in order). Raises BadWeek, NoSuchFigure.

    `figure`: met, breached, open, on_time, paused, at_risk, overdue, finished, correction, entered:<place>,
    standing:<phase>, left:<phase>, cohort:<week>:<column>, trend:<week>:met|breached. `clock`: all (the promises), or a
    name of CLOCKS.
    """
    names = PROMISES if clock == "all" else (clock,)
    kind, *more = figure.split(":")
    if kind not in FIGURES or not set(names) <= CLOCKS.keys():
        raise NoSuchFigure(f"There is no figure {figure[:60]!r} of {clock[:30]!r} in the report")
    sight = clocks.sight_of(session, week.begun(as_of, zone), zone, as_of, only)
    try:
        return FIGURES[kind](session, sight, kind, more, names, limit)
    except (ValueError, BadWeek) as fault:
        raise NoSuchFigure(f"There is no figure {figure[:60]!r} in the report on {week}") from fault


def _of_clocks(
    session: Session, sight: Sight, kind: str, more: Sequence[str], names: Sequence[str], limit: int
) -> tuple[ListedRow, ...]:
    wanted = _wanted(sight, kind, more)
    statement = clocks.rows(sight, Clock.name.in_(names), wanted.where)
    ordered = statement.order_by(wanted.first, Clock.case_id, Clock.name, Clock.cycle).limit(limit)
    apart = [each.fact for each in clocks.singly(session, sight) if each.apart]
    found = [*clocks.read(session, sight, ordered), *(each for each in apart if wanted.holds(each))]
    told = sorted((each for each in found if each.name in names), key=lambda each: (wanted.key(each), key_of(each)))
    return tuple(_of_clock(each, wanted.state(each), wanted.at(each)) for each in told[:limit])


def _wanted(sight: Sight, kind: str, more: Sequence[str]) -> Wanted:
    span = sight.span
    if kind == "trend":
        week, verdict = more
        return _decided(sight, verdict, *_among(Week.parse(week), span.trend, span.zone))
    (*nothing,) = more
    if nothing:
        raise ValueError(f"{kind} has no parts")
    if kind == "finished":
        return _finished(span.start, span.cut)
    return _open(sight, OPEN[kind]) if kind in OPEN else _decided(sight, kind, span.start, span.cut)


def _decided(sight: Sight, verdict: str, start: datetime, end: datetime) -> Wanted:
    where = {"met": clocks.is_met(start, end), "breached": clocks.is_broken(sight, start, end)}
    if verdict not in where:
        raise ValueError(f"{verdict} is no verdict")

    def at(clock: ClockFact) -> datetime | None:
        return clock.counted.at if clock.counted and clock.counted.verdict == verdict else None

    def holds(clock: ClockFact) -> bool:
        found = at(clock)
        return found is not None and start <= found < end

    first = Clock.stopped_at if verdict == "met" else clocks.broken_at()
    return Wanted(where[verdict], holds, first, at, lambda _: verdict, at)


OPEN = {"open": SIGNALS, "on_time": ("ok",), "paused": ("paused",), "at_risk": ("at_risk",), "overdue": ("overdue",)}


def _open(sight: Sight, signals: Sequence[str]) -> Wanted:
    said = partial(signal_of, now=sight.span.now)
    return Wanted(
        where=and_(clocks.is_open(), clocks.signal(sight).in_(signals)),
        holds=lambda clock: clock.is_open and said(clock) in signals,
        first=clocks.over(sight).desc(),
        key=lambda clock: -clock.over,
        state=said,
        at=lambda clock: clock.due_at or clock.breached_at,
    )


def _finished(start: datetime, end: datetime) -> Wanted:
    return Wanted(
        where=clocks.is_finished(start, end),
        holds=lambda clock: is_finished(clock, start, end),
        first=Clock.stopped_at,
        key=lambda clock: clock.stopped_at,
        state=lambda _: "finished",
        at=lambda clock: clock.stopped_at,
    )


def _corrections(
    session: Session, sight: Sight, _: str, more: Sequence[str], names: Sequence[str], limit: int
) -> tuple[ListedRow, ...]:
    facts = [each.fact for each in clocks.singly(session, sight) if each.fact.revision and each.fact.name in names]
    found = [(each, *revised(each, sight.span.start)) for each in sorted(facts, key=key_of)]
    told = [row for row in found if row[1] != row[2] and row[0].name in PROMISES and not more]
    rows = (_of_clock(each, now.verdict if now else UNDECIDED, (was or now).at) for each, was, now in told)  # type: ignore[union-attr]
    return tuple(rows)[:limit]


def _passed(
    session: Session, sight: Sight, kind: str, more: Sequence[str], _: Sequence[str], limit: int
) -> tuple[ListedRow, ...]:
    """The cases that came into a place, or left a phase."""
    (place,) = more
    ats = (_entered if kind == "entered" else _left)(session, sight, place)
    first = sorted(ats, key=lambda case: (ats[case][0], case_id(case)))[:limit]
    known = past.named(session, [case_id(each) for each in first], sight.later)
    return _of_cases(session, sight, [(known[each], place, *ats[each]) for each in first])


def _entered(session: Session, sight: Sight, place: str) -> dict[str, tuple[datetime, float | None]]:
    if place not in (*Phase, *Outcome):
        raise ValueError(f"{place} is no place")
    ats: dict[str, tuple[datetime, float | None]] = {
        each.case: (each.at, None) for each in _moves(session, sight) if each.to_place == place
    }
    if place == Phase.SUBMISSION:
        inside = Case.opened_at >= sight.span.start
        fresh = past.unchanged(session, sight.span, sight.only, inside)
        back = past.changed(session, sight.span, sight.only, sight.later)
        opened = [each.fact for each in (*fresh, *back) if each.fact.opened_at >= sight.span.start]
        ats |= {each.case: (each.opened_at, None) for each in opened}
    return ats


def _left(session: Session, sight: Sight, place: str) -> dict[str, tuple[datetime, float | None]]:
    _, left = passages(Rows(moves=_moves(session, sight)), lambda _: True)
    return {case: (move.at, days_in(move)) for case, move in left[Phase(place)].items()}


def _moves(session: Session, sight: Sight) -> tuple[MoveFact, ...]:
    return past.moves(session, sight.span, sight.only, sight.later)


def _standing(
    session: Session, sight: Sight, _: str, more: Sequence[str], __: Sequence[str], limit: int
) -> tuple[ListedRow, ...]:
    (phase,) = more
    where = Case.outcome.is_(None), Case.phase == Phase(phase)
    return _stood(session, sight, where, lambda each: each.outcome is None and each.phase == phase, phase, limit)


def _cohort(
    session: Session, sight: Sight, _: str, more: Sequence[str], __: Sequence[str], limit: int
) -> tuple[ListedRow, ...]:
    week, column = more
    if column not in COLUMNS:
        raise ValueError(f"{column} is no column of a cohort")
    start, end = _among(Week.parse(week), sight.span.cohorts, sight.span.zone)
    where = Case.opened_at >= start, Case.opened_at < end, COLUMN_SAYS[column]

    def holds(case: Any) -> bool:
        return start <= case.opened_at < end and column in columns_of(case.phase, case.outcome)

    return _stood(session, sight, where, holds, column, limit)


def _stood(
    session: Session,
    sight: Sight,
    where: Iterable[ColumnElement[bool]],
    holds: Callable[[Any], bool],
    state: str,
    limit: int,
) -> tuple[ListedRow, ...]:
    """Cases as they stood: by the database what stands still, one by one what has changed since."""
    still = past.unchanged(session, sight.span, sight.only, *where, limit=limit)
    back = past.changed(session, sight.span, sight.only, sight.later)
    found = sorted((*still, *(each for each in back if holds(each.fact))), key=lambda each: each.id)
    return _of_cases(session, sight, [(each, state, each.fact.opened_at, None) for each in found[:limit]])


def _among(week: Week, weeks: Sequence[datetime], zone: str) -> tuple[datetime, datetime]:
    """The week's bounds; ValueError unless it is one of those."""
    start, end = week.bounds(zone)
    if not weeks[0] <= start < weeks[-1]:
        raise ValueError(f"{week} is not in the report")
    return start, end


def _of_clock(clock: ClockFact, state: str, at: datetime | None) -> ListedRow:
    return ListedRow(
        clock.case, clock.service_name, clock.account, clock.assignee, clock.label, clock.name, clock.cycle, state, at,
        clock.age,
    )  # fmt: skip


def _of_cases(
    session: Session, sight: Sight, found: Sequence[tuple[Known, str, datetime, float | None]]
) -> tuple[ListedRow, ...]:
    ids = {each.standing.account_id for each, *_ in found}
    names = session.execute(select(Account.id, Account.name).where(Account.id.in_(ids)))
    accounts = {row.id: row.name for row in names}
    return tuple(
        ListedRow(
            each.fact.case, each.fact.service_name, accounts.get(each.standing.account_id or 0, ""),
            sight.names.get(each.standing.assignee_id or 0), "", "", 0, state, at, days,
        )
        for each, state, at, days in found
    )  # fmt: skip


Finder = Callable[[Session, Sight, str, Sequence[str], Sequence[str], int], tuple[ListedRow, ...]]
FIGURES: dict[str, Finder] = {
    **dict.fromkeys(("met", "breached", "finished", "trend", *OPEN), _of_clocks),
    "correction": _corrections,
    "entered": _passed,
    "left": _passed,
    "standing": _standing,
    "cohort": _cohort,
}
