"""The weekly report by hand-made facts: each cycle counted once, in the right week, and shares that add up."""

import csv
import io
import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from request_tracker.rules.report import (
    BREACH_ROWS,
    LATE_ROWS,
    BadWeek,
    CaseFact,
    ClockFact,
    Counted,
    MoveFact,
    Revision,
    Rows,
    Week,
    WeeklyReport,
    last_week,
    percentile,
    report_of,
    summarise,
    tally_of,
    to_csv,
    to_json,
)
from request_tracker.rules.report_files import guarded
from request_tracker.rules.report_words import bar, days, percent

BERLIN = "Europe/Berlin"
WEEK = Week(2026, 47)
DAY_S = 86_400.0


def at(day: int, hour: int = 12, minute: int = 0) -> datetime:
    """An instant of November 2026 by the wall clock of Berlin; the 16th is the Monday of week 47."""
    return datetime(2026, 11, day, hour, minute, tzinfo=ZoneInfo(BERLIN)).astimezone(UTC)


START, END = at(16, 0), at(23, 0)


def clock(case: str = "LITE-000001", **changes: Any) -> ClockFact:
    plain = ClockFact(
        case, "Acme Billing", "review", 1, "running", at(10), None, None, None, 10 * DAY_S, 5 * DAY_S, None, None,
    )  # fmt: skip
    return replace(plain, **changes)


def met(stopped_at: datetime, **changes: Any) -> ClockFact:
    return clock(**{"state": "stopped", "stopped_at": stopped_at, "verdict": "met", **changes})


def broken(breached_at: datetime, **changes: Any) -> ClockFact:
    return clock(**{"verdict": "breached", "breached_at": breached_at, "elapsed_s": 12 * DAY_S, **changes})


def report(*clocks: ClockFact, week: Week = WEEK, as_of: datetime = END, **more: Any) -> WeeklyReport:
    return summarise(week, BERLIN, as_of, clocks, more.get("cases", ()), more.get("moves", ()))


@pytest.mark.parametrize(
    ("text", "week"),
    [("2026-W47", Week(2026, 47)), (" 2026-w01 ", Week(2026, 1)), ("2026-W53", Week(2026, 53)), ("2026W47", WEEK)],
)
def test_a_week_is_read(text: str, week: Week) -> None:
    assert Week.parse(text) == week
    assert Week.parse(str(week)) == week


@pytest.mark.parametrize("text", ["", "47", "2026-47", "2026-W00", "2026-W54", "2025-W53", "1969-W01", "2026-W٤٧"])
def test_what_is_no_week_says_what_to_write(text: str) -> None:
    with pytest.raises(BadWeek, match=r"W\d\d"):
        Week.parse(text)


def test_a_week_runs_from_local_monday_to_local_monday() -> None:
    assert WEEK.bounds(BERLIN) == (datetime(2026, 11, 15, 23, tzinfo=UTC), datetime(2026, 11, 22, 23, tzinfo=UTC))
    start, end = Week(2026, 43).bounds(BERLIN)
    assert end - start == timedelta(days=7, hours=1), "the clocks go back on 25 October"


def test_the_last_week_is_the_one_that_ended_last() -> None:
    assert last_week(END, BERLIN) == WEEK
    assert last_week(END - timedelta(microseconds=1), BERLIN) == Week(2026, 46)
    assert last_week(datetime(2027, 1, 5, tzinfo=UTC), BERLIN) == Week(2026, 53)


def test_a_week_that_has_not_begun_names_the_newest() -> None:
    assert WEEK.begun(START, BERLIN) == WEEK
    with pytest.raises(BadWeek, match="2026-W46"):
        WEEK.begun(START - timedelta(seconds=1), BERLIN)


def test_met_on_monday_midnight_counts_in_the_week_that_begins() -> None:
    assert report(met(START)).total.met == 1
    assert report(met(END)).total.met == 0
    assert report(met(END), week=Week(2026, 48), as_of=at(30, 0)).total.met == 1


def test_a_breach_counts_in_its_own_week_though_the_clock_stops_later() -> None:
    late = broken(at(18), state="stopped", stopped_at=at(25), elapsed_s=15 * DAY_S)
    assert (report(late).total.breached, report(late).total.met) == (1, 0)
    next_week = report(late, week=Week(2026, 48), as_of=at(30, 0))
    assert (next_week.total.breached, next_week.total.met) == (0, 0), "stopping does not count it again"
    assert next_week.total.finished == 1
    assert next_week.total.p50_days == 15
    assert next_week.breaches == ()


def test_compliance_is_met_of_all_decided() -> None:
    found = report(met(at(17)), met(at(18)), broken(at(19)))
    assert found.total.compliance == pytest.approx(2 / 3)
    assert percent(found.total.compliance) == "66 %"


def test_nothing_decided_is_not_applicable() -> None:
    found = report()
    assert found.total.compliance is None
    assert percent(None) == "n/a"
    assert found.is_empty
    assert to_json(found)["total"]["compliance"] is None
    assert "clock,all,compliance,n/a" in to_csv(found)


def test_open_ones_are_on_time_paused_at_risk_or_overdue() -> None:
    found = report(
        clock("LITE-000001", at_risk_at=at(24)),
        clock("LITE-000002", at_risk_at=at(20), elapsed_s=8 * DAY_S, due_at=at(26), assignee="Tomas"),
        clock("LITE-000003", state="paused", elapsed_s=9 * DAY_S),
        broken(at(9), case="LITE-000004"),
        broken(at(9), case="LITE-000005", state="paused", elapsed_s=14 * DAY_S),
        clock("LITE-000006", state="cancelled", stopped_at=at(17)),
    )
    total = found.total
    assert (total.open, total.paused, total.at_risk, total.overdue) == (5, 1, 1, 2)
    assert (total.median_age_days, total.oldest_age_days) == (9, 14)
    assert [(row.case, row.signal) for row in found.late] == [
        ("LITE-000005", "overdue"), ("LITE-000004", "overdue"), ("LITE-000002", "at_risk"),
    ]  # fmt: skip
    assert [row.over_days for row in found.late] == [4, 2, -2]


def test_at_risk_begins_at_the_mark() -> None:
    assert report(clock(at_risk_at=END)).total.at_risk == 1
    assert report(clock(at_risk_at=END + timedelta(microseconds=1))).total.at_risk == 0


def test_a_cancelled_clock_is_neither_met_nor_broken() -> None:
    found = report(clock(state="cancelled", stopped_at=at(17)))
    assert (found.total.met, found.total.breached, found.total.finished) == (0, 0, 0)


def test_internal_clocks_have_figures_of_their_own() -> None:
    found = report(broken(at(18), name="starter_ready"), met(at(18)))
    assert (found.total.met, found.total.breached) == (1, 0)
    by_name = {row.name: row for row in found.clocks}
    assert by_name["starter_ready"].breached == 1
    assert by_name["starter_ready"].internal
    assert found.breaches == ()
    assert found.trend[-1].breached == 0


def test_percentiles_of_what_was_finished_in_the_week() -> None:
    done = [met(at(17), elapsed_s=n * DAY_S) for n in (1, 2, 3, 4)]
    total = report(*done, met(at(10), elapsed_s=9 * DAY_S)).total
    assert (total.finished, total.p50_days) == (4, 2.5)
    assert total.p90_days == pytest.approx(3.7)
    assert (report().total.p50_days, report().total.p90_days) == (None, None)
    assert percentile([7], 0.9) == 7


def test_pauses_are_shares_of_the_time_between_start_and_stop() -> None:
    paused = (("requester_info", 3 * DAY_S), ("source_vendor", DAY_S))
    found = report(met(at(17), elapsed_s=4 * DAY_S, paused_for=paused), met(at(17), elapsed_s=2 * DAY_S))
    assert [(row.reason, row.days, row.share) for row in found.total.pauses] == [
        ("requester_info", 3, 0.3), ("source_vendor", 1, 0.1),
    ]  # fmt: skip
    assert found.total.pauses[0].words == "an answer from the requester"


def test_a_day_is_the_day_of_the_clocks_own_calendar() -> None:
    eight_hours = 8 * 3600.0
    done = met(at(17), elapsed_s=2 * eight_hours, day_s=eight_hours)
    assert report(done).total.p50_days == 2


def test_every_breach_comes_with_its_explanation() -> None:
    late = broken(at(18), assignee="Tomas Lind", account="Northwind", paused_for=(("source_vendor", 1.5 * DAY_S),))
    other = broken(at(17), case="LITE-000002", state="stopped", stopped_at=at(18), elapsed_s=11 * DAY_S)
    first, second = report(late, other).breaches
    assert (first.case, second.case) == ("LITE-000002", "LITE-000001"), "in order of the breach"
    assert second.over_days == 2
    assert second.due_at == at(18)
    assert second.sentence == (
        "Due Wed 18 Nov 2026 12:00 CET; still open and now 2 working days late. "
        "The clock had stood still 1.5 working days for the vendor of the source. Tomas Lind had the case."
    )
    assert first.sentence == (
        "Due Tue 17 Nov 2026 12:00 CET; finished 1 working day late. It was never paused. Nobody was assigned."
    )


def test_the_funnel_counts_cases_that_came_in_left_and_stand() -> None:
    cases = [
        CaseFact("LITE-000001", "A", at(17), "validation", None),
        CaseFact("LITE-000002", "B", at(3), "consultation", None),
        CaseFact("LITE-000003", "C", at(3), "validation", "not_a_candidate"),
    ]
    moves = [
        MoveFact("LITE-000001", "claim", "submission", "validation", at(18), at(17)),
        MoveFact("LITE-000002", "claim", "submission", "validation", at(16), at(13)),
        MoveFact("LITE-000002", "accept", "validation", "consultation", at(20), at(16)),
        MoveFact("LITE-000003", "decline", "validation", "not_a_candidate", at(20), at(12)),
        MoveFact("LITE-000009", "claim", "submission", "validation", at(23, 0), at(20)),
    ]
    rows = {row.place: row for row in report(cases=cases, moves=moves).funnel}
    assert (rows["submission"].entered, rows["submission"].at_end, rows["submission"].left) == (1, 0, 2)
    assert rows["submission"].median_days == 2
    assert (rows["validation"].entered, rows["validation"].at_end, rows["validation"].left) == (2, 1, 2)
    assert rows["validation"].median_days == 6
    assert (rows["consultation"].entered, rows["consultation"].at_end) == (1, 1)
    assert rows["consultation"].median_days is None
    assert (rows["not_a_candidate"].entered, rows["not_a_candidate"].at_end) == (1, None)
    assert "generally_available" not in rows


def test_cohorts_add_up() -> None:
    kinds = [
        ("validation", None), ("consultation", None), ("development", "not_a_candidate"), ("submission", "invalid"),
        ("generally_available", "released"), ("validation", "merged"),
    ]  # fmt: skip
    cases = [CaseFact(f"LITE-{n:06}", "A", at(17), *kind) for n, kind in enumerate(kinds)]
    early = CaseFact("LITE-000099", "A", START - timedelta(seconds=1), "validation", None)
    cohorts = report(cases=[*cases, early]).cohorts
    assert [str(row.week) for row in cohorts] == [f"2026-W{n}" for n in range(40, 48)]
    row = cohorts[-1]
    assert (row.submitted, row.live, row.accepted, row.declined, row.released, row.other) == (6, 2, 3, 1, 1, 2)
    assert cohorts[-2].submitted == 1


def test_the_trend_has_twelve_weeks() -> None:
    found = report(met(at(17)), met(at(10)), broken(at(10)), met(at(16) - timedelta(weeks=20))).trend
    assert [str(row.week) for row in found] == [f"2026-W{n}" for n in range(36, 48)]
    assert [(row.met, row.breached) for row in found[-2:]] == [(1, 1), (1, 0)]
    assert found[-2].compliance == 0.5
    assert found[0].compliance is None


def test_a_late_correction_is_shown_and_not_counted_in_this_week() -> None:
    taken_back = clock(revision=Revision(Counted("met", at(12))))
    known_late = met(at(11), case="LITE-000002", revision=Revision(None))
    unchanged = met(at(11), case="LITE-000003", revision=Revision(Counted("met", at(11))))
    found = report(taken_back, known_late, unchanged)
    assert (found.total.met, found.total.breached) == (0, 0)
    assert [(row.case, str(row.week), row.was, row.now) for row in found.corrections] == [
        ("LITE-000001", "2026-W46", "met", None), ("LITE-000002", "2026-W46", None, "met"),
    ]  # fmt: skip
    assert found.corrections[0].sentence == (
        "Review of the request: reported as met in 2026-W46; now known as not decided by then."
    )


def test_a_running_week_is_as_of_now() -> None:
    found = report(as_of=at(18))
    assert (found.as_of, found.is_final) == (at(18), False)
    assert report(as_of=at(30)).as_of == END


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_can_be_a_formula(sign: str) -> None:
    evil = f"{sign}HYPERLINK(1)"
    assert guarded(evil) == f"'{evil}"
    text = to_csv(report(broken(at(17), service_name=evil)))
    services = {row["service"] for row in csv.DictReader(io.StringIO(text, newline=""))}
    assert services == {"", f"'{evil}"}


@pytest.mark.parametrize("number", [-3.5, "-3", "+4", 1e-7, -1e-7, 0])
def test_numbers_stay_numbers(number: object) -> None:
    assert guarded(number) == str(number)


def test_files_are_the_same_each_time() -> None:
    clocks = (met(at(17)), broken(at(18), paused_for=(("requester_info", DAY_S),)), clock())
    one, two = report(*clocks), report(*clocks, as_of=at(30))
    assert json.dumps(to_json(one)) == json.dumps(to_json(two))
    assert to_csv(one) == to_csv(two)
    assert (to_json(one)["week"], to_json(one)["as_of"]) == ("2026-W47", "2026-11-22T23:00:00Z")


def test_figures_read_well() -> None:
    assert [percent(part) for part in (0.0, 0.29, 0.996, 1.0)] == ["0 %", "29 %", "99 %", "100 %"]
    assert [days(count) for count in (None, 2, 2.25, -0.01)] == ["–", "2.0", "2.2", "0.0"]
    assert (bar(1, 1000, 10), bar(0, 5, 10), bar(5, 5, 10), bar(0, 0)) == ("█", "", "█" * 10, "")


INSTANTS = st.datetimes(datetime(2026, 8, 1), datetime(2026, 12, 31), timezones=st.just(UTC))
FACTS = st.builds(
    lambda state, stop, breach, name, cycle: clock(
        f"LITE-{cycle:06}",
        state=state,
        name=name,
        stopped_at=stop if state in ("stopped", "cancelled") else None,
        breached_at=breach,
        verdict="breached" if breach else ("met" if state == "stopped" else None),
    ),
    st.sampled_from(["running", "paused", "stopped", "cancelled"]),
    INSTANTS,
    st.none() | INSTANTS,
    st.sampled_from(["review", "build", "first_sync", "consult_offer"]),
    st.integers(1, 99),
)


@settings(max_examples=30)
@given(st.lists(FACTS, max_size=12), st.sampled_from([BERLIN, "Asia/Kathmandu", "America/New_York"]))
def test_a_recount_by_local_dates_agrees_for_every_week(clocks: list[ClockFact], zone: str) -> None:
    wanted: Counter[tuple[int, int, str]] = Counter()
    for each in clocks:
        moment = each.breached_at or (each.stopped_at if each.state == "stopped" else None)
        if moment and each.name != "consult_offer":
            year, number, _ = moment.astimezone(ZoneInfo(zone)).date().isocalendar()
            wanted[year, number, "breached" if each.breached_at else "met"] += 1
    last = Week(2026, 53)
    counted = 0
    for back in range(24):
        week = last.back(back)
        found = summarise(week, zone, week.bounds(zone)[1], clocks, (), ())
        expected = tuple(wanted[week.year, week.number, verdict] for verdict in ("met", "breached"))
        assert (found.total.met, found.total.breached) == expected
        assert len(found.breaches) == expected[1]
        assert (found.trend[-1].met, found.trend[-1].breached) == expected
        counted += sum(expected)
    assert counted == wanted.total(), "each cycle is counted once"


@given(st.lists(FACTS, max_size=16), st.lists(st.booleans(), min_size=16, max_size=16))
def test_tallies_add_up_however_the_facts_are_shared_out(clocks: list[ClockFact], sides: list[bool]) -> None:
    """What the database counts and what is looked at one by one make one report."""
    clocks = [replace(each, case=f"LITE-{number:06}") for number, each in enumerate(clocks)]
    cases = [CaseFact(each.case, "A", each.stopped_at or START, "validation", None) for each in clocks]
    mine = [[row for row, side in zip(rows, sides, strict=False) if side] for rows in (clocks, cases)]
    others = [[row for row, side in zip(rows, sides, strict=False) if not side] for rows in (clocks, cases)]
    week, now = Week(2026, 48), at(30, 0)
    parts = tally_of(week, BERLIN, now, *mine) + tally_of(week, BERLIN, now, *others)
    opened = [each.case for each in cases if WEEK.back(-1).bounds(BERLIN)[0] <= each.opened_at < at(30, 0)]
    rows = Rows(clocks[::-1], clocks[::-1], clocks, (), opened)
    assert report_of(week, BERLIN, now, parts, rows) == summarise(week, BERLIN, now, clocks, cases, ())


def test_long_lists_keep_the_worst_and_count_all() -> None:
    late = [broken(at(17), case=f"LITE-{n:06}", elapsed_s=(11 + n / 100) * DAY_S) for n in range(BREACH_ROWS + 7)]
    found = report(*late)
    assert (len(found.breaches), found.breach_count) == (BREACH_ROWS, BREACH_ROWS + 7)
    assert (len(found.late), found.late_count) == (LATE_ROWS, BREACH_ROWS + 7)
    assert found.late[0].case == late[-1].case
    assert {row.case for row in found.breaches} == {each.case for each in late[7:]}
