"""The report as JSON and back, and what is said to have changed since the week before."""

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from request_tracker.rules import report_rows as rows
from request_tracker.rules.report import CaseFact, ClockFact, MoveFact, Week, summarise, to_csv, to_json
from request_tracker.rules.report_changes import Changes, Delta, changes_of, fates, gone, said_by
from request_tracker.rules.report_files import changes_from_json, from_json
from request_tracker.rules.weeks import FIRST_YEAR, LAST_YEAR

WEEK = Week(2026, 47)
START, END = WEEK.bounds("UTC")
DAY_S = 86_400.0

weeks = st.datetimes(datetime(FIRST_YEAR + 1, 1, 1), datetime(LAST_YEAR - 1, 1, 1), timezones=st.just(UTC)).map(
    lambda at: Week.of(at, "UTC")
)
st.register_type_strategy(Week, weeks)
st.register_type_strategy(datetime, st.datetimes(datetime(1970, 1, 1), datetime(2999, 1, 1), timezones=st.just(UTC)))
st.register_type_strategy(float, st.floats(-1e9, 1e9))
units, wishes = st.sampled_from(["count", "share", "days"]), st.sampled_from(["more", "less", ""])
st.register_type_strategy(Delta, st.builds(Delta, unit=units, wish=wishes))


@settings(max_examples=15, deadline=None)
@given(st.from_type(rows.WeeklyReport), st.from_type(Changes))
def test_what_is_written_as_json_is_read_back(report: rows.WeeklyReport, changes: Changes) -> None:
    body = json.loads(json.dumps(to_json(report, changes), sort_keys=True))
    assert from_json(body) == report
    assert changes_from_json(body) == changes
    assert to_json(from_json(body), changes_from_json(body)) == body
    assert to_csv(from_json(body), changes_from_json(body)) == to_csv(report, changes)
    assert changes_from_json(to_json(report)) is None


def clock(number: int, **changes: Any) -> ClockFact:
    plain = ClockFact(
        f"LITE-{number:06}", f"Service {number}", "review", 1, "running", START - timedelta(days=12), None, None, None,
        10 * DAY_S, 5 * DAY_S, None, None, account="Northwind",
    )  # fmt: skip
    return replace(plain, **changes)


def overdue(number: int, since: datetime, **changes: Any) -> ClockFact:
    return clock(number, due_at=since, breached_at=since, verdict="breached", elapsed_s=11 * DAY_S, **changes)


def at_risk(number: int) -> ClockFact:
    return clock(number, at_risk_at=START - timedelta(days=9), elapsed_s=8 * DAY_S, due_at=END + timedelta(days=2))


def met(number: int, at: datetime) -> ClockFact:
    return clock(number, state="stopped", verdict="met", stopped_at=at)


def report(week: Week, *clocks: ClockFact, cases: tuple[CaseFact, ...] = (), moves: tuple[MoveFact, ...] = ()) -> Any:
    return summarise(week, "UTC", week.bounds("UTC")[1], clocks, cases, moves)


def told(news: Any) -> list[str]:
    return [row.case for row in news]


LATE = START + timedelta(days=2)
BEFORE = report(
    WEEK.back(1), at_risk(1), at_risk(2), overdue(3, START - timedelta(days=3)), overdue(4, START - timedelta(days=4)),
    *map(at_risk, range(11, 16)), met(8, START - timedelta(days=3)), met(9, START - timedelta(days=3)),
)  # fmt: skip
FACTS = (
    overdue(1, LATE), overdue(3, START - timedelta(days=3)), at_risk(5), met(6, LATE), met(2, LATE),
    *(overdue(n, LATE, state="stopped", stopped_at=END - timedelta(days=1)) for n in (7, 10, 12)),
    overdue(4, START - timedelta(days=4), state="stopped", stopped_at=LATE), clock(11),
    clock(13, state="cancelled", stopped_at=LATE), clock(14, state="paused"),
)  # fmt: skip
NOW = report(WEEK, *FACTS)


def changed(report: rows.WeeklyReport, before: rows.WeeklyReport, facts: tuple[ClockFact, ...]) -> Changes:
    became = fates(facts, report.as_of)
    return changes_of(report, before, {key: became[key] for key in gone(report, before) if key in became})


def test_who_became_late_and_who_was_put_right() -> None:
    found = changed(NOW, BEFORE, FACTS)
    assert told(found.newly_overdue) == ["LITE-000001"], "3 was overdue before, 7 and 10 are finished"
    assert told(found.newly_at_risk) == ["LITE-000005"]
    assert [(row.case, row.said) for row in found.put_right] == [
        ("LITE-000002", "was at risk, is kept"), ("LITE-000011", "was at risk, is on track again"),
    ], "4 was finished late, 12 broken in the week, 13 cancelled, 14 is only paused, 15 nobody knows"  # fmt: skip
    assert (found.newly_overdue_count, found.newly_at_risk_count, found.put_right_count, found.whole) == (1, 1, 2, True)
    heads = [*told(found.newly_overdue), *told(found.newly_at_risk), *told(found.put_right)]
    assert len(heads) == len(set(heads)), "nobody stands under two heads"
    assert found.since == WEEK.back(1)


def test_each_difference_has_a_sign_and_a_word() -> None:
    found = {row.figure: row for row in changed(NOW, BEFORE, FACTS).deltas}
    assert (said_by(found["breached"]), found["breached"].verdict) == ("+2", "worse")
    assert (said_by(found["met"]), found["met"].verdict) == ("±0", "same")
    assert (said_by(found["compliance"]), found["compliance"].verdict) == ("−17", "worse")
    assert (said_by(found["at_risk"]), found["at_risk"].verdict) == ("−6", "better")
    assert (said_by(found["open"]), found["open"].verdict) == ("−4", "changed")
    nothing = {row.figure: row for row in changes_of(NOW, report(WEEK.back(1)), {}).deltas}
    assert (nothing["compliance"].by, nothing["compliance"].verdict) == (None, "unknown")


def test_a_list_too_long_to_compare_says_so_and_counts_only_what_is_sure() -> None:
    cut = replace(BEFORE, late=BEFORE.late[:1])
    found = changed(NOW, cut, FACTS)
    assert not found.whole
    assert told(found.newly_overdue) == ["LITE-000001"], "its breach lies in the week"
    assert (found.newly_at_risk, found.put_right) == ((), ())


def test_the_biggest_movers_come_first_and_chance_is_left_out() -> None:
    def case(number: int, phase: str) -> CaseFact:
        return CaseFact(f"LITE-{number:06}", "S", START - timedelta(days=90), phase, None)

    few = tuple(case(n, "validation") for n in range(100)) + tuple(case(n, "development") for n in range(200, 201))
    many = (*(case(n, "validation") for n in range(106)), *(case(n, "development") for n in range(200, 206)))
    found = changes_of(report(WEEK, cases=many), report(WEEK.back(1), cases=few), {})
    assert [(row.words, row.by) for row in found.movers] == [
        ("Cases in development", 5), ("Cases in validation", 6),
    ]  # fmt: skip


def test_the_table_holds_the_changes_and_stays_as_it_was_without() -> None:
    changes = changed(NOW, BEFORE, FACTS)
    plain, full = to_csv(NOW), to_csv(NOW, changes)
    assert full.startswith(plain)
    added = list(csv.DictReader(io.StringIO(full)))[len(list(csv.DictReader(io.StringIO(plain)))) :]
    found = {(row["section"], row["figure"]): row for row in added if row["section"] == "change"}
    assert (found["change", "breached"]["value"], found["change", "breached"]["note"]) == ("2", "worse")
    assert [row["case"] for row in added if row["section"] == "put_right"] == ["LITE-000002", "LITE-000011"]
