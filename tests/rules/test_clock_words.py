"""A clock told in words that add up, whatever calendars it counted by, and its due date as one phrase everywhere."""

from datetime import UTC, date, datetime, timedelta

import pytest
from rules.logs import HOUR, OFFICE, WHOLE_DAYS, because, june, log

from request_tracker.rules.calendar import days, standard
from request_tracker.rules.calendar_words import day_ended, due_words
from request_tracker.rules.clock_measure import measure_of
from request_tracker.rules.clock_veil import veiled
from request_tracker.rules.clock_words import explain, segments, summed
from request_tracker.rules.sla import ClockEvent, fold

SHORTER = log(
    ("pause", june(9), because("source_vendor")),
    ("recalendar", june(10), {"calendar": OFFICE}),
    ("resume", june(10, 13), because("source_vendor")),
    calendar=WHOLE_DAYS,
    target=days(WHOLE_DAYS, 10),
    start=june(1),
)
"""Six days of 24 hours, a wait of such a day and of four office hours, then days of eight hours."""


def test_days_of_two_lengths_are_added_up_in_hours() -> None:
    told = summed(SHORTER, as_of=june(11, 13))
    assert told.startswith(
        "Ran 144 h + stood still 24 h (source_vendor) + stood still 4 h (source_vendor) + ran 8 h"
        " = elapsed 152 h of 240 h. Due "
    )
    assert told.endswith(" Told in hours, because a working day had 24 h, then 8 h.")
    lines = explain(SHORTER, as_of=june(11, 13))
    assert lines[0].sentence == "Started, with a target of 10 working days (240 h)."
    assert lines[-1].sentence.startswith("Elapsed 152 h of 240 h; paused 28 h (source_vendor). Due ")
    measure = measure_of(SHORTER, as_of=june(11, 13))
    spent = [measure.both(each.worked, each.calendar) for each in segments(SHORTER, as_of=june(11, 13))]
    assert spent == ["6 working days (144 h)", "1 working day (24 h)", "4 h", "1 working day (8 h)"]
    before = summed(SHORTER, as_of=june(9, 12))
    assert before.startswith(
        "Ran 6 working days + stood still 12 h (source_vendor) = elapsed 6 working days of 10 working"
    )


def test_another_day_off_is_no_reason_to_tell_hours() -> None:
    events = log(
        ("recalendar", june(3), {"calendar": standard("Europe/Berlin", [date(2026, 6, 4)])}),
        calendar=WHOLE_DAYS,
        target=days(WHOLE_DAYS, 10),
        start=june(1),
    )
    assert summed(events, as_of=june(6)).startswith("Ran 4 working days = elapsed 4 working days of 10 working days.")
    assert [each.worked / (24 * HOUR) for each in segments(events, as_of=june(6))] == [2, 2]


@pytest.mark.parametrize(
    ("zone", "at", "words"),
    [
        ("Europe/Berlin", datetime(2026, 11, 15, 23, tzinfo=UTC), "the end of Friday 13 Nov 2026 (CET)"),
        ("Europe/Berlin", datetime(2026, 10, 25, 23, tzinfo=UTC), "the end of Friday 23 Oct 2026 (CEST)"),
        ("Africa/Cairo", datetime(2026, 4, 23, 22, tzinfo=UTC), "the end of Thursday 23 Apr 2026 (EET)"),
        ("Asia/Kathmandu", datetime(2026, 11, 12, 18, 15, tzinfo=UTC), "the end of Thursday 12 Nov 2026 (UTC+05:45)"),
        ("Europe/Berlin", datetime(2026, 11, 13, 23, 0, 1, tzinfo=UTC), ""),
    ],
    ids=[
        "over the weekend",
        "clocks change in between",
        "a day that begins at one",
        "a zone without letters",
        "within",
    ],
)
def test_the_first_moment_of_a_day_is_the_end_of_the_last_working_day(zone: str, at: datetime, words: str) -> None:
    calendar = standard(zone)
    assert day_ended(calendar, at) == words
    assert due_words(calendar, at) == (words or "Sat 14 Nov 2026, 00:00 CET")


def test_the_sum_tells_a_due_date_at_midnight_as_pages_and_letters_do() -> None:
    events = log(calendar=WHOLE_DAYS, target=days(WHOLE_DAYS, 5), start=june(1))
    assert summed(events, as_of=june(2)).endswith("Due by the end of Friday 5 Jun 2026 (CEST).")
    broken = summed(events, as_of=june(9))
    assert broken.endswith("The promise was broken at the end of Friday 5 Jun 2026 (CEST).")


def test_a_veil_changes_nothing_but_the_reasons() -> None:
    """Waits that overlap, one begun twice, one taken back, the same reason before and after."""
    ask, vendor = because("requester_info"), because("source_vendor")
    events = log(
        ("pause", june(1, 10), ask),
        ("pause", june(1, 11), vendor),
        ("pause", june(1, 12), ask),
        ("resume", june(1, 13), ask),
        ("resume", june(1, 14), vendor),
        ("pause", june(1, 15), ask),
        ("void", june(1, 15), {"voids": 7}),
        ("pause", june(2, 9), ask),
        ("resume", june(2, 10)),
        ("stop", june(2, 11), because("somebody left")),
    )
    for told, names in (((9,), ["a wait", "requester_info", "another wait (1)"]), ((), ["a wait", "another wait (1)"])):
        found = veiled(events, told, as_of=june(3))
        assert {event.reason for event in found} == {"", *names}
        for hours in range(0, 60, 3):
            seen, known = (_counted(each, june(1, 9) + hours * HOUR) for each in (found, events))
            assert seen == known
    assert [event.reason for event in veiled(events, (9,), as_of=june(3))][-2:] == ["", ""]


def _counted(events: tuple[ClockEvent, ...] | list[ClockEvent], as_of: datetime) -> tuple[object, ...]:
    state = fold(events, as_of=as_of)
    return state.state, state.elapsed, state.due_at, state.verdict, sum((s for _, s in state.paused_for), timedelta(0))
