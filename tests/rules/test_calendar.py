"""Working time: known dates, laws over many zones, and a count minute by minute that knows nothing of stretches."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from request_tracker.rules.calendar import (
    Calendar,
    add_working,
    coordinate,
    day_length,
    days,
    is_working,
    standard,
    working_between,
)
from request_tracker.rules.stretches import page_of

LAWS = settings(derandomize=True, database=None, deadline=None, max_examples=100)
COUNTED = settings(LAWS, max_examples=40)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
OFFICE = (((540, 1020),),) * 5 + ((),) * 2
ALWAYS = (((0, 1440),),) * 7
BERLIN_OFFICE = Calendar("Europe/Berlin", OFFICE, frozenset())

# Days on which something happens to the wall clock, the whole day Samoa left out and a fold across midnight among them.
UNEASY = {
    "Europe/Berlin": (date(2026, 3, 29), date(2026, 10, 25)),
    "America/New_York": (date(2026, 3, 8), date(2026, 11, 1)),
    "Asia/Kolkata": (date(2026, 5, 1),),
    "Africa/Cairo": (date(2026, 4, 24), date(2026, 10, 29)),
    "Australia/Lord_Howe": (date(2026, 4, 5), date(2026, 10, 4)),
    "Pacific/Apia": (date(2011, 12, 29),),
    "America/St_Johns": (date(2010, 11, 6),),
}


def local(zone, *parts, fold=0):
    return datetime(*parts, tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


def berlin(*parts, fold=0):
    return local("Europe/Berlin", *parts, fold=fold)


@st.composite
def a_day(draw):
    edges = draw(st.lists(st.integers(0, 288), max_size=6, unique=True).map(sorted))
    return tuple((edges[i] * 5, edges[i + 1] * 5) for i in range(0, len(edges) - 1, 2))


@st.composite
def calendars_and_days(draw):
    zone = draw(st.sampled_from(sorted(UNEASY)))
    near = draw(st.sampled_from(UNEASY[zone]))
    weekly = draw(st.one_of(st.just(OFFICE), st.tuples(*[a_day()] * 7).filter(any)))
    holidays = draw(st.frozensets(st.integers(-10, 10).map(lambda n: near + n * DAY), max_size=5))
    start = draw(st.one_of(st.just(near), st.dates(date(2008, 1, 1), date(2035, 1, 1))))
    return Calendar(zone, weekly, holidays), datetime(start.year, start.month, start.day, tzinfo=UTC)


def minutes_worked(calendar, a, b):
    """One minute after the other, by the wall clock of each."""
    zone, count = ZoneInfo(calendar.zone), 0
    while a < b:
        wall = a.astimezone(zone)
        face = wall.hour * 60 + wall.minute
        works = any(opens <= face < closes for opens, closes in calendar.weekly[wall.weekday()])
        count += works and wall.date() not in calendar.holidays
        a += MINUTE
    return count * MINUTE


span = st.timedeltas(timedelta(0), timedelta(days=40))
short = st.integers(-3 * 1440, 3 * 1440).map(lambda n: n * MINUTE)


@LAWS
@given(calendars_and_days(), short, st.timedeltas(timedelta(0), timedelta(days=30)))
def test_what_is_added_is_what_lies_between(given_, shift, duration):
    calendar, start = given_
    end = add_working(calendar, start + shift, duration)
    assert working_between(calendar, start + shift, end) == duration
    assert is_working(calendar, end)
    assert end.utcoffset() == timedelta(0)


@LAWS
@given(calendars_and_days(), span, span)
def test_what_lies_between_leads_back_to_a_working_end(given_, shift, length):
    calendar, start = given_
    a = start + shift
    b = add_working(calendar, a + length, timedelta(0))
    assert add_working(calendar, a, working_between(calendar, a, b)) == b


@LAWS
@given(calendars_and_days(), span, span, span)
def test_time_adds_up_and_turns_round(given_, shift, one, two):
    calendar, a = given_[0], given_[1] - shift
    b, c = a + one, a + one + two
    assert working_between(calendar, a, b) + working_between(calendar, b, c) == working_between(calendar, a, c)
    assert working_between(calendar, b, a) == -working_between(calendar, a, b)


@COUNTED
@given(calendars_and_days(), short, st.integers(0, 4 * 1440))
@example((standard("Pacific/Apia"), datetime(2011, 12, 29, tzinfo=UTC)), timedelta(0), 4320)
@example(
    (Calendar("America/St_Johns", ALWAYS, frozenset({date(2010, 11, 6)})), datetime(2010, 11, 6, tzinfo=UTC)),
    HOUR,
    3000,
)
def test_between_agrees_with_counting_minutes(given_, shift, length):
    calendar, start = given_
    a, b = start + shift, start + shift + length * MINUTE
    assert working_between(calendar, a, b) == minutes_worked(calendar, a, b)


@COUNTED
@given(calendars_and_days(), short)
def test_the_first_working_instant_is_the_first_minute_that_works(given_, shift):
    calendar, start = given_
    a = start + shift
    first = add_working(calendar, a, timedelta(0))
    assert minutes_worked(calendar, a, min(first, a + 4 * DAY)) == timedelta(0)
    assert minutes_worked(calendar, first, first + MINUTE) == MINUTE


def test_nothing_added_gives_the_first_working_instant_at_or_after():
    calendar = standard("Europe/Berlin", [date(2026, 6, 8)])
    assert add_working(calendar, berlin(2026, 6, 6, 12), timedelta(0)) == berlin(2026, 6, 9, 0)
    assert add_working(calendar, berlin(2026, 6, 9, 12, 1), timedelta(0)) == berlin(2026, 6, 9, 12, 1)


def test_an_interval_that_ends_inside_a_doubled_hour_comes_twice():
    calendar = Calendar("America/New_York", ((),) * 6 + (((0, 90),),), frozenset())  # Sundays 00:00–01:30
    here = "America/New_York"
    assert working_between(calendar, local(here, 2026, 11, 1, 0), local(here, 2026, 11, 1, 5)) == timedelta(hours=2)
    assert is_working(calendar, local(here, 2026, 11, 1, 1, 29))
    assert not is_working(calendar, local(here, 2026, 11, 1, 1, 30))
    assert is_working(calendar, local(here, 2026, 11, 1, 1, 0, fold=1))
    assert add_working(calendar, local(here, 2026, 11, 1, 0), timedelta(minutes=90)) == local(
        here, 2026, 11, 1, 1, fold=1
    )


@pytest.mark.parametrize(("interval", "minutes"), [((120, 180), 0), ((150, 240), 60), ((60, 150), 60)])
def test_an_interval_that_touches_a_skipped_hour_keeps_what_the_wall_clock_showed(interval, minutes):
    calendar = Calendar("Europe/Berlin", ((),) * 6 + ((interval,),), frozenset())
    assert working_between(calendar, berlin(2026, 3, 29), berlin(2026, 3, 30)) == minutes * MINUTE


@pytest.mark.parametrize("year", range(1996, 2036))
def test_every_clock_change_counts_wherever_it_falls(year):
    calendar = Calendar("Europe/Berlin", ((),) * 6 + (((60, 170),),), frozenset())  # Sundays 01:00–02:50
    for month, minutes in ((3, 60), (10, 160)):
        end = date(year, month, 31)
        day = end - (end.isoweekday() % 7) * DAY
        start = berlin(day.year, day.month, day.day)
        assert working_between(calendar, start, start + DAY) == minutes * MINUTE


def test_a_day_the_island_skipped_is_no_working_day():
    calendar, here = standard("Pacific/Apia"), "Pacific/Apia"  # Friday 30 December 2011 did not happen
    assert add_working(calendar, local(here, 2011, 12, 29, 0), days(calendar, 1)) == local(here, 2012, 1, 2, 0)


def test_intervals_and_holidays_count_to_the_microsecond():
    split = Calendar("Europe/Berlin", (((480, 720), (780, 1020)),) * 5 + ((),) * 2, frozenset({date(2026, 12, 25)}))
    noon_less_one = berlin(2026, 12, 24, 11, 59, 59, 999_999)
    assert add_working(split, noon_less_one, timedelta(microseconds=1)) == berlin(2026, 12, 24, 13)
    assert add_working(split, noon_less_one, timedelta(hours=4, microseconds=2)) == berlin(2026, 12, 28, 8, 0, 0, 1)
    assert working_between(split, noon_less_one, berlin(2026, 12, 28, 8)) == timedelta(hours=4, microseconds=1)


@pytest.mark.parametrize(
    ("weekly", "length"),
    [(OFFICE, HOUR * 8), (ALWAYS, DAY), ((((540, 1020),),) * 4 + (((540, 780),),) + ((),) * 2, HOUR * 7.2)],
)
def test_a_nominal_day_is_the_mean_of_the_days_that_work(weekly, length):
    calendar = Calendar("Europe/Berlin", weekly, frozenset())
    assert day_length(calendar) == length
    assert days(calendar, 2.5) == length * 2.5


def test_seven_uneven_days_are_exactly_a_week():
    week = tuple(((0, 600 + n),) for n in (0, 1, 0, 0, 0, 0, 1))  # the mean is no whole number of microseconds
    calendar = Calendar("UTC", week, frozenset())
    start = datetime(2026, 6, 1, tzinfo=UTC)
    assert add_working(calendar, start, days(calendar, 14)) == start + 14 * DAY


@pytest.mark.parametrize(
    ("zone", "weekly", "says"),
    [
        ("Mars/Olympus", OFFICE, "time zone"),
        ("../etc/passwd", OFFICE, "time zone"),
        ("America", OFFICE, "time zone"),
        ("UTC", OFFICE[:5], "seven days"),
        ("UTC", ((),) * 7, "some working time"),
        ("UTC", (((0, 1441),),) * 7, "within one day"),
        ("UTC", (((-1, 10),),) * 7, "within one day"),
        ("UTC", (((60, 60),),) * 7, "runs forwards"),
        ("UTC", (((60, 120), (119, 180)),) * 7, "overlap"),
        ("UTC", (((300, 360), (60, 120)),) * 7, "in order"),
    ],
)
def test_what_is_no_calendar_is_refused_with_a_sentence(zone, weekly, says):
    with pytest.raises(ValueError, match=says):
        Calendar(zone, weekly, frozenset())


def test_a_holiday_with_a_time_of_day_is_refused():
    with pytest.raises(ValueError, match="plain date"):
        standard("UTC", [datetime(2026, 1, 1, tzinfo=UTC)])


def test_naive_instants_are_refused():
    naive, aware, calendar = datetime(2026, 6, 1), datetime(2026, 6, 1, tzinfo=UTC), standard("UTC")
    for call in (
        lambda: is_working(calendar, naive),
        lambda: add_working(calendar, naive, HOUR),
        lambda: working_between(calendar, naive, aware),
        lambda: working_between(calendar, aware, naive),
    ):
        with pytest.raises(ValueError, match="time zone"):
            call()


def test_negative_durations_and_far_away_years_are_refused():
    with pytest.raises(ValueError, match="forwards"):
        add_working(standard("UTC"), datetime(2026, 6, 1, tzinfo=UTC), -MINUTE)
    with pytest.raises(ValueError, match="between the years"):
        is_working(standard("UTC"), datetime.max.replace(tzinfo=UTC))


def test_holidays_without_end_are_an_error_and_no_endless_loop():
    always_off = Calendar(
        "UTC", ((),) * 6 + (((0, 60),),), frozenset(date(2026, 1, 4) + 7 * n * DAY for n in range(2700))
    )
    with pytest.raises(ValueError, match="50 years"):
        add_working(always_off, datetime(2026, 1, 1, tzinfo=UTC), timedelta(0))


@COUNTED
@given(calendars_and_days(), span, span)
def test_instants_as_numbers_subtract_to_the_time_between(given_, shift, length):
    calendar, start = given_
    numbers = [coordinate(calendar, at) * timedelta(microseconds=1) for at in (start - shift, start + length)]
    assert numbers[1] - numbers[0] == working_between(calendar, start - shift, start + length)
    assert coordinate(calendar, datetime(2024, 1, 1, tzinfo=UTC)) == 0


def test_equal_calendars_share_their_pages_and_a_known_page_is_not_made_again():
    start, target = berlin(2026, 12, 1, 9), 20 * DAY
    calendar = standard("Europe/Berlin", [date(2026, 12, 25)])
    end = add_working(calendar, start, target)
    numbers = [coordinate(calendar, at) for at in (start, end)]
    before = page_of.cache_info()
    twin = standard("Europe/Berlin", [date(2026, 12, 25)])
    assert add_working(twin, start, target) == end
    assert [coordinate(twin, at) for at in (start, end)] == numbers
    after = page_of.cache_info()
    assert after.misses == before.misses
    assert after.hits - before.hits <= 5  # the three months of the way, and one for each number


@COUNTED
@given(calendars_and_days())
def test_a_calendar_comes_back_from_json(given_):
    assert Calendar.from_json(given_[0].to_json()) == given_[0]


def test_json_is_readable_and_stable():
    assert standard("Europe/Berlin", [date(2026, 12, 25), date(2026, 1, 1)]).to_json() == {
        "zone": "Europe/Berlin",
        "intervals": [[["00:00", "24:00"]]] * 5 + [[], []],
        "holidays": ["2026-01-01", "2026-12-25"],
    }


@pytest.mark.parametrize(
    "change",
    [
        {"zone": None},
        {"intervals": None},
        {"intervals": [[["9", "17:00"]]] * 7},
        {"intervals": [[["09:00", "16:60"]]] * 7},
        {"intervals": [[["09:00"]]] * 7},
        {"intervals": [[[540, 1020]]] * 7},
        {"holidays": ["Christmas"]},
        {"holidays": [5]},
    ],
)
def test_json_of_another_shape_is_refused(change):
    with pytest.raises(ValueError, match=r"\w"):
        Calendar.from_json(BERLIN_OFFICE.to_json() | change)


def test_json_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="needs zone"):
        Calendar.from_json({})
