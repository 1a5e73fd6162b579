"""Times, days and numbers as people read them: by zone, by place, through clock changes, and how far away in words."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask, g
from hypothesis import given
from hypothesis import strategies as st

from request_tracker.access.wiring import Wiring
from request_tracker.rules import time_words
from request_tracker.rules.people import Viewer
from request_tracker.rules.terms import Role
from request_tracker.settings import Settings
from request_tracker.web import filters

NOW = datetime(2026, 11, 21, 13, 5, tzinfo=UTC)  # a Saturday


@pytest.fixture
def app(settings: Settings) -> Flask:
    """Enough of an application for a filter: the program's zone is UTC, and there is no database."""
    bare = Flask("request_tracker")
    bare.extensions["request_tracker"] = Wiring(None, settings, lambda: NOW, None)  # type: ignore[arg-type]
    return bare


def reader(zone: str = "UTC", locale: str = "en-GB") -> Viewer:
    return Viewer(1, Role.SPECIALIST, None, "Sam", "sam@example.com", zone, "", locale)


@pytest.mark.parametrize(
    ("tag", "told"),
    [
        ("en-GB", "21 Nov 2026, 14:05 CET"),
        ("en-IE", "21 Nov 2026, 14:05 CET"),
        ("en-AU", "21 Nov 2026, 2:05 pm CET"),
        ("en-CA", "Nov 21, 2026, 2:05 p.m. CET"),
        ("en-IN", "21 Nov 2026, 2:05 pm CET"),
        ("en-US", "Nov 21, 2026, 2:05 PM CET"),
        ("en-x-iso", "2026-11-21, 14:05 CET"),
        ("xx", "21 Nov 2026, 14:05 CET"),
    ],
)
def test_an_instant_by_place(tag: str, told: str) -> None:
    assert time_words.instant_words(NOW.astimezone(ZoneInfo("Europe/Berlin")), tag) == told


@pytest.mark.parametrize(
    ("hour", "told"),
    [(0, "12:07 AM"), (1, "1:07 AM"), (11, "11:07 AM"), (12, "12:07 PM"), (13, "1:07 PM"), (23, "11:07 PM")],
)
def test_the_hours_of_half_a_day(hour: int, told: str) -> None:
    assert time_words.hour_words(hour, 7, "en-US") == told


@pytest.mark.parametrize(
    ("zone", "at", "told"),
    [
        ("Europe/Berlin", datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "25 Oct 2026, 02:30 CEST"),
        ("Europe/Berlin", datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "25 Oct 2026, 02:30 CET"),
        ("America/New_York", datetime(2026, 3, 8, 6, 59, tzinfo=UTC), "8 Mar 2026, 01:59 EST"),
        ("America/New_York", datetime(2026, 3, 8, 7, 0, tzinfo=UTC), "8 Mar 2026, 03:00 EDT"),
        ("Asia/Kathmandu", NOW, "21 Nov 2026, 18:50 UTC+05:45"),
        ("Pacific/Kiritimati", NOW, "22 Nov 2026, 03:05 UTC+14:00"),
        ("Nowhere/Atlantis", NOW, "21 Nov 2026, 13:05 UTC"),
    ],
)
def test_the_zone_is_named(app: Flask, zone: str, at: datetime, told: str) -> None:
    with app.test_request_context():
        g.viewer = reader(zone)
        assert filters.when(at) == f'<time datetime="{at.isoformat()}">{told}</time>'


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        ("Europe/Berlin", "21 Nov 2026"),
        ("Pacific/Auckland", "22 Nov 2026 NZDT"),
        ("America/Los_Angeles", "21 Nov 2026"),
    ],
)
def test_a_day_names_its_zone_where_the_program_has_another_date(app: Flask, zone: str, told: str) -> None:
    with app.test_request_context():
        g.viewer = reader(zone)
        shown = filters.day(NOW)
        assert shown.striptags() == told
        assert f'title="{filters.when(NOW).striptags()}"' in shown


AWAY = [
    ({"seconds": 30}, "in a moment"),
    ({"seconds": -59}, "just now"),
    ({"minutes": 1}, "in 1 minute"),
    ({"minutes": -59}, "59 minutes ago"),
    ({"minutes": 60}, "in 1 hour"),
    ({"hours": -2}, "2 hours ago"),
    ({"hours": 10, "minutes": 54}, "in 11 hours"),  # 23:59, the same day
    ({"hours": 10, "minutes": 56}, "in 11 hours"),  # after midnight, but not yet half a day
    ({"hours": 13}, "tomorrow"),
    ({"hours": -13, "minutes": -4}, "13 hours ago"),  # one minute past midnight, today
    ({"hours": -14}, "yesterday"),
    ({"days": 2, "hours": -13}, "in 2 days"),  # 35 hours, but the day after tomorrow begins then: Monday 00:05
    ({"days": 3}, "in 3 days"),
    ({"days": -13}, "13 days ago"),
    ({"days": 14}, "in 2 weeks"),
    ({"days": -60}, "2 months ago"),
    ({"days": 365}, "in 12 months"),
    ({"days": -730}, "2 years ago"),
]


@pytest.mark.parametrize(("away", "told"), AWAY, ids=lambda each: each if isinstance(each, str) else "")
def test_how_far_away(away: dict[str, int], told: str) -> None:
    assert time_words.relative_words(NOW + timedelta(**away), NOW) == told


def test_days_are_counted_where_the_reader_is() -> None:
    """At 13:05 UTC it is past midnight on Kiritimati: an instant 13 hours later is the same day there."""
    there = (NOW + timedelta(hours=13)).astimezone(ZoneInfo("Pacific/Kiritimati"))
    assert time_words.relative_words(there, NOW) == "in 13 hours"


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=4000)))
def test_before_and_after_say_the_same_span(span: timedelta) -> None:
    """The words from one instant to another are the words back, but for which way."""
    swap = {"in a moment": "just now", "tomorrow": "yesterday"}
    ahead, back = time_words.relative_words(NOW + span, NOW), time_words.relative_words(NOW, NOW + span)
    assert back in (swap.get(ahead, f"{ahead.removeprefix('in ')} ago"), ahead)
    assert (ahead == back) == (ahead == "just now")


def test_both_says_the_instant_and_how_far(app: Flask) -> None:
    with app.test_request_context():
        g.viewer, g.now = reader("Europe/Berlin"), NOW - timedelta(days=3)
        assert filters.both(NOW).striptags() == "21 Nov 2026, 14:05 CET, in 3 days"
        assert filters.relative(NOW).striptags() == "in 3 days"
        assert [filters.when(None), filters.day(None), filters.relative(None), filters.both(None)] == [""] * 4


def test_a_date_is_the_same_everywhere(app: Flask) -> None:
    with app.test_request_context():
        g.viewer = reader("Pacific/Auckland", "en-US")
        assert filters.on_day(date(2026, 11, 21)) == "Sat Nov 21, 2026"
        assert filters.on_day(date(2026, 11, 21), named=False) == "Nov 21, 2026"
        assert filters.weekday(date(2026, 11, 21)) == "Saturday"


@pytest.mark.parametrize(
    ("number", "there", "in_india"),
    [(0, "0", "0"), (999, "999", "999"), (99_999, "99,999", "99,999"), (1_234_567, "1,234,567", "12,34,567"),
     (100_000, "100,000", "1,00,000"), (-12_345_678_901, "-12,345,678,901", "-12,34,56,78,901")],
)  # fmt: skip
def test_numbers(number: int, there: str, in_india: str) -> None:
    assert (time_words.number_words(number), time_words.number_words(number, "en-IN")) == (there, in_india)


@given(st.integers(min_value=-(10**15), max_value=10**15), st.sampled_from(sorted(time_words.LOCALES)))
def test_a_number_loses_no_digit(number: int, tag: str) -> None:
    assert int(time_words.number_words(number, tag).replace(",", "")) == number
