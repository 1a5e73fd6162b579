"""What the weekly report reads: the past as it was known then, in a constant number of statements."""

import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from factories import DECLINE, MONDAY, Cast, a_case, act, move
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from request_tracker.actions import assign, clock, hold, merge, undo
from request_tracker.actions.clock import Cause
from request_tracker.rules.report import BadWeek, Week, WeeklyReport, to_csv, to_json
from request_tracker.rules.sla import fold
from request_tracker.store import clocks
from request_tracker.store.cases import Case
from request_tracker.store.clocks import Clock
from request_tracker.store.reading_report import facts, weekly

ZONE = "UTC"
FIRST = Week(2026, 45)
"""The week of MONDAY, 2 November 2026, 09:00."""
LONG_AFTER = MONDAY + timedelta(weeks=30)


def on(day: float) -> datetime:
    return MONDAY + timedelta(days=day)


def report(session: Session, week: Week = FIRST, *, as_of: datetime = LONG_AFTER) -> WeeklyReport:
    session.flush()
    return weekly(session, week, ZONE, as_of)


def test_a_review_decided_in_time_is_met_in_the_week_of_the_verdict(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="validation")
    move(session, case, "decline", cast.specialist, now=on(8), **DECLINE)
    assert report(session).total.met == 0
    second = report(session, FIRST.back(-1))
    assert (second.total.met, second.total.breached, second.total.p50_days) == (1, 0, 6.0)
    assert [(row.met, row.breached) for row in second.trend[-2:]] == [(0, 0), (1, 0)]
    third = report(session, FIRST.back(-2))
    assert (third.total.met, third.trend[-2].met) == (0, 1), "a settled clock stays in the trend"


def test_a_breach_nobody_noticed_counts_in_the_week_it_was_due(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="validation")
    row = report(session, FIRST.back(-2)).breaches[0]
    assert (row.case, row.service_name, row.account) == (case.number, "Acme Billing", "Northwind")
    assert (row.due_at, row.state, row.assignee) == (on(14), "running", "Specialist")
    assert row.over_days == pytest.approx(4 + 15 / 24), "Monday 09:00 to Friday midnight"
    later = report(session, FIRST.back(-3))
    assert (later.total.breached, later.total.overdue, later.breaches) == (0, 1, ())


def test_the_same_report_after_more_has_happened(session: Session, cast: Cast) -> None:
    declined, going = a_case(session, cast, phase="validation"), a_case(session, cast, phase="consultation")
    move(session, declined, "decline", cast.specialist, now=on(3), **DECLINE)
    waiting = a_case(session, cast, phase="validation")
    hold.put_on(session, waiting, act(cast.specialist, on(2)), reason="requester_info", question="Which plan?")
    before = report(session, as_of=on(6.7))
    assert before.as_of == datetime(2026, 11, 9, tzinfo=UTC)
    move(session, going, "rescope", cast.specialist, now=on(9), reason="Another API")
    move(session, declined, "appeal", cast.lead, now=on(10), new_information="A sandbox")
    assign.assign(session, waiting, cast.lead.id, version=waiting.version, act=act(cast.lead, on(11)))
    merge.merge(
        session, waiting, going, act(cast.specialist, on(12)), version=waiting.version, into_version=going.version
    )
    undo.undo(session, waiting, version=waiting.version, act=act(cast.specialist, on(12)))
    move(session, waiting, "close", cast.lead, now=on(13), reason="Over")
    after = report(session)
    assert to_json(after) == to_json(before)
    assert to_csv(after) == to_csv(before)
    assert {row.place: row.at_end for row in after.funnel}["consultation"] == 1
    assert before.total.paused == 1, "there was something to keep"


def test_a_verdict_taken_back_after_the_week_is_a_correction(session: Session, cast: Cast) -> None:
    sunday = datetime(2026, 11, 8, 23, 58, tzinfo=UTC)
    case = a_case(session, cast, phase="validation")
    move(session, case, "decline", cast.specialist, now=sunday, **DECLINE)
    first = to_json(report(session))
    undo.undo(session, case, version=case.version, act=act(cast.specialist, sunday + timedelta(minutes=5)))
    assert to_json(report(session)) == first
    assert first["total"]["met"] == 1
    (found,) = report(session, FIRST.back(-1)).corrections
    assert (found.case, found.week, found.was, found.now) == (case.number, FIRST, "met", None)
    assert report(session, FIRST.back(-1)).total.open == 1
    assert report(session, FIRST.back(-2)).corrections == (), "it is told once"


def test_a_step_undone_in_the_week_never_was(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="validation")
    move(session, case, "decline", cast.specialist, now=on(1), **DECLINE)
    undo.undo(session, case, version=case.version, act=act(cast.specialist, on(1) + timedelta(minutes=1)))
    rows = {row.place: row for row in report(session).funnel}
    assert (rows["not_a_candidate"].entered, rows["validation"].left, rows["validation"].at_end) == (0, 0, 1)
    assert report(session).corrections == ()


def test_an_undone_merge_is_read_back_through(session: Session, cast: Cast) -> None:
    child, root = a_case(session, cast, phase="validation"), a_case(session, cast, phase="validation")
    sunday = datetime(2026, 11, 8, 23, 55, tzinfo=UTC)
    specialist = act(cast.specialist, sunday)
    merge.merge(session, child, root, specialist, version=child.version, into_version=root.version)
    before = report(session)
    rows = {row.place: row for row in before.funnel}
    assert (rows["merged"].entered, rows["validation"].at_end) == (1, 1)
    undo.undo(session, child, version=child.version, act=act(cast.specialist, sunday + timedelta(minutes=7)))
    assert to_json(report(session)) == to_json(before)
    assert {row.place: row.at_end for row in report(session, FIRST.back(-1)).funnel}["validation"] == 2


def test_a_week_still_running_is_as_of_now(session: Session, cast: Cast) -> None:
    a_case(session, cast, phase="validation")
    found = report(session, as_of=on(1))
    assert (found.as_of, found.is_final, found.total.open) == (on(1), False, 1)
    assert found.total.oldest_age_days == 1
    with pytest.raises(BadWeek, match="2026-W45"):
        report(session, FIRST.back(-1), as_of=on(1))


def test_medians_of_the_phases(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="validation")
    move(session, case, "decline", cast.specialist, now=on(2), **DECLINE)
    rows = {row.place: row for row in report(session).funnel}
    assert (rows["submission"].entered, rows["submission"].median_days) == (1, 0)
    assert (rows["validation"].left, rows["validation"].median_days) == (1, 2)
    cohort = report(session).cohorts[-1]
    assert (cohort.submitted, cohort.declined, cohort.accepted, cohort.live) == (1, 1, 0, 0)


def test_the_number_of_statements_does_not_grow(session: Session, cast: Cast) -> None:
    def statements(week: Week) -> int:
        seen = []
        listen = lambda *args: seen.append(args[2])  # noqa: E731
        event.listen(session.get_bind(), "before_cursor_execute", listen)
        facts(session, week, ZONE, LONG_AFTER)
        event.remove(session.get_bind(), "before_cursor_execute", listen)
        return len(seen)

    a_case(session, cast, phase="validation")
    session.flush()
    few = statements(FIRST)
    for day in range(4):
        a_case(session, cast, phase="development", now=on(day))
    session.flush()
    assert statements(FIRST) == few <= 10
    assert statements(FIRST.back(-1)) == few


def _histories(session: Session, cast: Cast, seed: int) -> None:
    """Eight cases whose review clocks pause, resume, stop or are cancelled at random moments of nine weeks."""
    chance = random.Random(seed)
    steps: tuple[Callable[[Case, Cause], None], ...] = (
        lambda case, cause: clock.pause(session, case, "source_vendor", cause),
        lambda case, cause: clock.resume(session, case, "source_vendor", cause),
        lambda case, cause: clock.stop(session, case, "review", cause),
        lambda case, cause: clock.cancel(session, case, ("review",), cause),
        lambda case, cause: void(clock.start(session, case, "review", cause)),
    )
    for _ in range(8):
        moment = on(chance.uniform(0, 20))
        case = a_case(session, cast, now=moment)
        for _ in range(chance.randint(1, 6)):
            moment += timedelta(days=chance.uniform(0.1, 9))
            chance.choice(steps)(case, Cause(act(cast.specialist, moment), None))


def void(_: object) -> None:
    pass


@pytest.mark.parametrize("seed", range(4))
def test_a_recount_from_the_bare_events_agrees(session: Session, cast: Cast, seed: int) -> None:
    _histories(session, cast, seed)
    wanted: Counter[tuple[int, int, str]] = Counter()
    for row in session.scalars(select(Clock)).all():
        state = fold(clocks.events_of(session, row.id), as_of=LONG_AFTER)
        moment = state.breached_at or (state.stopped_at if state.verdict == "met" else None)
        if moment is not None:
            year, number, _ = moment.isocalendar()
            wanted[year, number, str(state.verdict)] += 1
    weeks = [FIRST.back(-n) for n in range(30)]
    for week in weeks:
        found = report(session, week)
        expected = tuple(wanted[week.year, week.number, verdict] for verdict in ("met", "breached"))
        assert (found.total.met, found.total.breached) == expected, str(week)
        for row in found.trend:
            key = (row.week.year, row.week.number)
            assert (row.met, row.breached) == (wanted[*key, "met"], wanted[*key, "breached"])
    assert wanted.total() >= 4
    assert {key[2] for key in wanted} == {"met", "breached"}
