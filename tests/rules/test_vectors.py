"""The test vectors of the promise, one test each: what a lead may say to a customer, and why it is right."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from rules.logs import ALWAYS, DAY, HOUR, MICROSECOND, OFFICE, WHOLE_DAYS, because, june, log

from request_tracker.rules.calendar import Calendar, add_working, days, standard, working_between
from request_tracker.rules.sla import RunState, fold


def local(zone, *parts):
    return datetime(*parts, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def test_friday_half_past_four_and_an_hour_is_monday_half_past_nine():
    assert add_working(OFFICE, june(5, 16, 30), HOUR) == june(8, 9, 30)


def unchanged(held, free):
    """A hold that nobody can tell from none, but for the reason it names."""
    events = log(("pause", held, because("requester_info")), ("resume", free), target=80 * HOUR)
    state, plain = (fold(each, as_of=june(9, 12)) for each in (events, log(target=80 * HOUR)))
    assert state.paused_for == (("requester_info", timedelta(0)),)
    assert (state.elapsed, state.due_at, state.at_risk_at) == (plain.elapsed, plain.due_at, plain.at_risk_at)


def test_a_hold_from_five_in_the_evening_to_nine_in_the_morning_changes_nothing():
    unchanged(june(2, 17), june(3, 9))


@pytest.mark.parametrize(("held", "free"), [(june(5, 17), june(8, 9)), (june(6, 3), june(7, 22))])
def test_a_hold_over_the_weekend_is_no_time_at_all(held, free):
    unchanged(held, free)


def test_around_the_clock_is_the_wall_clock():
    calendar = Calendar("America/New_York", ALWAYS.weekly, frozenset())
    a = datetime(2026, 2, 1, 3, 4, 5, 678901, tzinfo=UTC)
    for by in (timedelta(days=400, microseconds=7), timedelta(days=900)):
        assert add_working(calendar, a, by) == a + by
        assert working_between(calendar, a, a + by) == by
    state = fold(log(calendar=calendar, target=35 * DAY, start=a), as_of=a + 34 * DAY)
    assert (state.elapsed, state.due_at) == (34 * DAY, a + 35 * DAY)


@pytest.mark.parametrize("start", [(2026, 3, 20, 14, 5), (2026, 6, 1, 0, 0), (2026, 10, 16, 23, 59)])
def test_ten_working_days_are_two_weeks_at_the_same_local_time(start):
    end = add_working(WHOLE_DAYS, local("Europe/Berlin", *start), days(WHOLE_DAYS, 10))
    wall = datetime(*start) + timedelta(days=14)
    assert end == wall.replace(tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ((2026, 4, 20, 10), (2026, 5, 4, 11)),  # Friday 24 April 2026 has 23 hours
        ((2026, 10, 26, 10), (2026, 11, 9, 9)),  # Thursday 29 October 2026 has 25 hours
    ],
)
def test_ten_working_days_are_an_hour_off_where_the_clocks_change_on_a_working_day(start, end):
    calendar = standard("Africa/Cairo")
    assert add_working(calendar, local("Africa/Cairo", *start), days(calendar, 10)) == local("Africa/Cairo", *end)


def test_friday_midnight_is_monday_midnight():
    assert add_working(WHOLE_DAYS, june(5), timedelta(hours=24)) == june(8)


STATE_AFTER = (RunState.STOPPED, None, None, None)


@pytest.mark.parametrize("stop", [june(2, 16), june(3, 9)])
def test_a_stop_exactly_at_due_is_met(stop):
    state = fold(log(("stop", stop)), as_of=june(30, 12))
    assert (state.verdict, state.breached_at, state.stopped_at) == ("met", None, stop)
    assert (state.state, state.due_at, state.at_risk_at, state.urgent_at) == STATE_AFTER


@pytest.mark.parametrize("stop", [june(3, 9) + MICROSECOND, june(30, 9)])
def test_a_stop_one_microsecond_later_is_breached_at_the_due_instant(stop):
    state = fold(log(("stop", stop)), as_of=june(30, 12))
    assert (state.verdict, state.breached_at, state.stopped_at) == ("breached", june(3, 9), stop)
    assert (state.state, state.due_at, state.at_risk_at, state.urgent_at) == STATE_AFTER


def test_two_holds_together_pause_until_the_last_one_ends():
    events = log(
        ("pause", june(1, 10), because("requester_info")),
        ("pause", june(1, 11), because("source_vendor")),
        ("resume", june(1, 12), because("requester_info")),
        ("resume", june(1, 15), because("source_vendor")),
    )
    held = fold(events, as_of=june(1, 14))
    assert (held.state, held.elapsed, held.due_at, held.at_risk_at) == (RunState.PAUSED, HOUR, None, None)
    after = fold(events, as_of=june(1, 16))
    assert (after.state, after.elapsed, after.due_at) == (RunState.RUNNING, 2 * HOUR, june(3, 14))
    assert after.paused_for == (("requester_info", 2 * HOUR), ("source_vendor", 4 * HOUR))


def test_two_holds_one_after_the_other_add_up():
    events = log(
        ("pause", june(1, 10), because("requester_info")),
        ("resume", june(1, 12), because("requester_info")),
        ("pause", june(2, 10), because("requester_info")),
        ("resume", june(2, 11), because("requester_info")),
    )
    state = fold(events, as_of=june(2, 12))
    assert (state.due_at, state.paused_for) == (june(3, 12), (("requester_info", 3 * HOUR),))


def test_a_sweeper_off_for_a_year_changes_no_verdict():
    """tests/actions has the same on a database."""
    assert fold(log(), as_of=june(3, 9)).verdict is None
    for seen_at in (june(3, 9) + MICROSECOND, june(3, 12), june(3, 9) + 365 * DAY):
        state = fold(log(), as_of=seen_at)
        assert (state.verdict, state.breached_at, state.due_at) == ("breached", june(3, 9), june(3, 9))
    in_time = log(("stop", june(3, 9)))
    assert fold(in_time, as_of=june(3, 9) + 365 * DAY) == fold(in_time, as_of=june(3, 9))
