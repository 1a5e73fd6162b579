"""What the weekly report reads: the past as it was known then, in a constant number of statements."""

from datetime import UTC, datetime, timedelta

import pytest
from factories import DECLINE, MONDAY, Cast, Counted, a_case, act, move
from sqlalchemy import update
from sqlalchemy.orm import Session

from request_tracker.actions import assign, hold, merge, undo
from request_tracker.rules.report import BadWeek, Week, WeeklyReport, to_csv, to_json
from request_tracker.rules.report_rows import EVERYTHING, Only
from request_tracker.store import holds
from request_tracker.store.clocks import Clock
from request_tracker.store.reading_report import weekly
from request_tracker.store.reading_report_list import NoSuchFigure, later_corrections, listed
from request_tracker.store.reading_weeks import computed

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


def test_a_swap_and_its_undo_are_read_back_through(session: Session, cast: Cast) -> None:
    child, root = a_case(session, cast, phase="submission"), a_case(session, cast, phase="validation")
    link = merge.merge(
        session, child, root, act(cast.specialist, on(1)), version=child.version, into_version=root.version
    )
    merged = to_json(report(session))
    tuesday = on(8)
    merge.swap(session, link, act(cast.lead, tuesday), version=child.version, into_version=root.version)
    swapped = to_json(report(session, FIRST.back(-1), as_of=tuesday))
    assert to_json(report(session)) == merged
    assert [row.case for row in listed(session, FIRST, ZONE, LONG_AFTER, "standing:validation")] == [root.number]
    undo.undo(session, child, version=child.version, act=act(cast.lead, tuesday + timedelta(minutes=5)))
    assert to_json(report(session)) == merged
    assert to_json(report(session, FIRST.back(-1), as_of=tuesday)) == swapped
    assert {row["place"]: row["at_end"] for row in swapped["funnel"]}["submission"] == 1, "the child led for a while"


def test_a_week_still_running_is_as_of_now(session: Session, cast: Cast) -> None:
    a_case(session, cast, phase="validation")
    found = report(session, as_of=on(1))
    assert (found.as_of, found.is_final, found.total.open) == (on(1), False, 1)
    assert found.total.oldest_age_days == 1
    with pytest.raises(BadWeek, match="2026-W45"):
        report(session, FIRST.back(-1), as_of=on(1))


def test_put_right_is_what_was_kept_or_is_on_track_again(session: Session, cast: Cast) -> None:
    """All four were at risk on Sunday night and due on Monday the 16th at 09:00."""
    kept, broken, paused, closed, undone = (a_case(session, cast, phase="validation") for _ in range(5))
    at = on(13.7)
    move(session, kept, "decline", cast.specialist, now=at, **DECLINE)
    hold.put_on(session, paused, act(cast.specialist, at), reason="requester_info", question="Which plan?")
    move(session, closed, "close", cast.lead, now=at, reason="Over")
    move(session, broken, "decline", cast.specialist, now=on(15), **DECLINE)
    move(session, undone, "decline", cast.specialist, now=at, **DECLINE)
    undo.undo(session, undone, version=undone.version, act=act(cast.specialist, at + timedelta(minutes=1)))
    move(session, paused, "close", cast.lead, now=on(30), reason="Over")
    session.flush()
    week = FIRST.back(-2)
    assert {row.case for row in weekly(session, week.back(1), ZONE, LONG_AFTER).late} == {
        each.number for each in (kept, broken, paused, closed, undone)
    }
    for as_of in (week.bounds(ZONE)[1], LONG_AFTER):
        found = computed(session, week, ZONE, as_of).changes
        assert [(row.case, row.said) for row in found.put_right] == [(kept.number, "was at risk, is kept")]
    mine = computed(session, week, ZONE, LONG_AFTER, Only(assignee_id=cast.lead.id)).changes
    assert mine.put_right == ()


def test_medians_of_the_phases(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="validation")
    move(session, case, "decline", cast.specialist, now=on(2), **DECLINE)
    rows = {row.place: row for row in report(session).funnel}
    assert (rows["submission"].entered, rows["submission"].median_days) == (1, 0)
    assert (rows["validation"].left, rows["validation"].median_days) == (1, 2)
    cohort = report(session).cohorts[-1]
    assert (cohort.submitted, cohort.declined, cohort.accepted, cohort.live) == (1, 1, 0, 0)


def test_the_number_of_statements_does_not_grow(session: Session, cast: Cast) -> None:
    def statements(week: Week, only: Only = EVERYTHING) -> int:
        session.flush()
        with Counted(session) as seen:
            weekly(session, week, ZONE, LONG_AFTER, only)
        return len(seen.statements)

    a_case(session, cast, phase="validation")
    few = statements(FIRST)
    for day in range(4):
        a_case(session, cast, phase="development", now=on(day))
    assert statements(FIRST) == few <= 18, "one a figure"
    assert statements(FIRST.back(-1)) <= few
    assert statements(FIRST, Only(cast.specialist.id, cast.ada.account_id)) <= few + 1

    with Counted(session) as seen:
        assert len(listed(session, FIRST, ZONE, LONG_AFTER, "open")) == 9
    assert len(seen.statements) <= 6


MIDNIGHT = datetime(2026, 11, 2, tzinfo=UTC)
DUE = MIDNIGHT + timedelta(days=14)
"""Ten working days from a Monday's midnight: not the Friday before, but the first working instant after."""


@pytest.mark.parametrize("late", [False, True], ids=["left alone", "touched since"])
def test_at_the_due_instant_nothing_is_broken_yet(session: Session, cast: Cast, late: bool) -> None:
    case = a_case(session, cast, now=MIDNIGHT)
    if late:
        move(session, case, "claim", cast.specialist, now=DUE + timedelta(days=3))
        move(session, case, "decline", cast.specialist, now=DUE + timedelta(days=3), **DECLINE)
    instant = timedelta(microseconds=1)
    for as_of, wanted in (
        (DUE - timedelta(days=2), (0, 0, 1)), (DUE - instant, (0, 0, 1)), (DUE, (0, 0, 1)), (DUE + instant, (1, 1, 0)),
    ):  # fmt: skip
        found = report(session, Week.of(as_of, ZONE), as_of=as_of).total
        assert (found.breached, found.overdue, found.at_risk) == wanted, as_of
        late_ones = listed(session, Week.of(as_of, ZONE), ZONE, as_of, "overdue")
        assert [row.at for row in late_ones] == [DUE] * wanted[1]
    before, after = report(session, FIRST.back(-1)), report(session, FIRST.back(-2))
    assert (before.ends_at, before.total.breached, before.total.overdue, before.total.at_risk) == (DUE, 0, 0, 1)
    assert (after.total.breached, after.trend[-2].breached) == (1, 0), "in the week that begins with it"


def test_stopped_at_the_due_instant_is_met(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="validation", now=MIDNIGHT)
    move(session, case, "decline", cast.specialist, now=DUE, **DECLINE)
    assert (report(session, FIRST.back(-2)).total.met, report(session, FIRST.back(-2)).total.breached) == (1, 0)
    before = report(session, FIRST.back(-1))
    assert (before.ends_at, before.total.met, before.total.open) == (DUE, 0, 1), "it belongs to the week it begins"
    present = report(session, FIRST.back(-2), as_of=DUE)
    assert (present.total.met, present.total.open) == (1, 0), "what happens at the present instant has happened"


def test_columns_from_before_they_were_kept_are_folded(session: Session, cast: Cast) -> None:
    """Rows of the old program know neither their calendar nor what was waited for."""
    case, other = a_case(session, cast, phase="validation"), a_case(session, cast, phase="validation")
    hold.put_on(session, case, act(cast.specialist, on(1)), reason="requester_info", question="Which plan?")
    hold.lift(session, case, holds.open_holds(session, case.id)[0], act(cast.specialist, on(2)))
    move(session, case, "decline", cast.specialist, now=on(3), **DECLINE)
    before = to_json(report(session, as_of=on(4)))
    assert before["total"]["pauses"][0]["days"] == 1
    assert before["total"]["median_age_days"] == 4
    session.execute(update(Clock).values(calendar_id=None, zero_us=None, paused={}))
    assert to_json(report(session, as_of=on(4))) == before
    assert [row.case for row in listed(session, FIRST, ZONE, on(4), "open")] == [other.number]


def test_what_is_known_otherwise_by_now(session: Session, cast: Cast) -> None:
    """The report of a week as it was sent, and what a later recording changed about that week's verdicts."""
    sunday = datetime(2026, 11, 8, 23, 58, tzinfo=UTC)
    case = a_case(session, cast, phase="validation")
    move(session, case, "decline", cast.specialist, now=sunday, **DECLINE)
    assert later_corrections(session, FIRST, ZONE, on(7)) == ()
    undo.undo(session, case, version=case.version, act=act(cast.specialist, sunday + timedelta(minutes=5)))
    session.flush()
    assert later_corrections(session, FIRST, ZONE, sunday + timedelta(minutes=1)) == ()
    (found,) = later_corrections(session, FIRST, ZONE, on(30))
    assert (found.case, found.week, found.was, found.now) == (case.number, FIRST, "met", None)
    assert later_corrections(session, FIRST.back(-1), ZONE, on(30)) == ()


@pytest.mark.parametrize(
    ("figure", "clock"),
    [("", "all"), ("met:2026-W45", "all"), ("met", "sleep"), ("entered:nowhere", "all"), ("standing:merged", "all"),
     ("trend:2020-W01:met", "all"), ("trend:x:met", "all"), ("trend:2026-W45", "all"), ("cohort:2026-W45:lost", "all"),
     ("trend:2026-W45:ok", "all"), ("left", "all")],
)  # fmt: skip
def test_a_figure_that_is_not_there(session: Session, cast: Cast, figure: str, clock: str) -> None:
    with pytest.raises(NoSuchFigure):
        listed(session, FIRST, ZONE, LONG_AFTER, figure, clock=clock)


def test_what_waits_is_told_up_to_the_present(session: Session, cast: Cast) -> None:
    """A broken promise that stands still: the sentence says how long by now, the columns only know until when."""
    case = a_case(session, cast, phase="validation")
    hold.put_on(session, case, act(cast.specialist, on(15)), reason="source_vendor", question="")
    (row,) = report(session, FIRST.back(-2), as_of=on(17)).breaches
    assert "stood still 2 working days for the vendor of the source" in row.sentence
