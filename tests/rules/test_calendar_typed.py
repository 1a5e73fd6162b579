"""Calendars as they are typed and told: hours of a day, zones, differences in words, days that come back each year."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from request_tracker.rules.calendar import Calendar, add_working, days, standard
from request_tracker.rules.calendar_typed import Faulty, Hours, read, read_day, typed_of, write_day
from request_tracker.rules.calendar_words import differences, due_ahead, due_words, week_words
from request_tracker.rules.targets import BY_KEY, OWN, TARGETS, preset_of, read_days
from request_tracker.rules.yearly import Yearly

NOW = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)


@st.composite
def a_day(draw: st.DrawFn) -> Hours:
    ends = sorted(draw(st.sets(st.integers(0, 1440), max_size=8)))
    return tuple(zip(ends[::2], ends[1::2], strict=False))


@given(a_day(), st.sampled_from(["-", " - ", "–", " — "]), st.sampled_from([", ", ",", " ; "]), st.randoms())
@settings(max_examples=100)
def test_hours_survive_being_typed(hours: Hours, dash: str, comma: str, shuffled: object) -> None:
    assert read_day(write_day(hours)) == hours
    parts = write_day(hours).replace("-", dash).split(", ")
    shuffled.shuffle(parts)  # type: ignore[attr-defined]
    assert read_day(comma.join(parts)) == hours


@given(st.lists(a_day(), min_size=7, max_size=7).filter(any))
@settings(max_examples=30)
def test_a_calendar_survives_being_typed(week: list[Hours]) -> None:
    calendar = Calendar("Asia/Kathmandu", tuple(week), frozenset({date(2026, 12, 25)}))
    assert read(typed_of(calendar), calendar.holidays) == calendar


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("9-17", None),
        ("09:00-12:30,13:00-17:00,", None),
        ("00:00-24:00", None),
        ("09:00-13:00, 12:00-17:00", "overlap"),
        ("22:00-06:00", "past midnight"),
        ("09:00-09:00", "no length"),
        ("09:00-24:30", "no time of day"),
        ("09:75-10:00", "no time of day"),
        ("nine to five", "is no interval"),
        ("2026-11-21T09:00", "is no interval"),
        ("٠٩:٠٠-١٧:٠٠", "is no interval"),
        ("09:00", "is no interval"),
        ("09:00-10:00," * 40, "200 characters"),
    ],
)
def test_hours_that_are_none_are_told_in_a_sentence(text: str, said: str | None) -> None:
    if said is None:
        assert read_day(text)
        return
    with pytest.raises(ValueError, match=said):
        read_day(text)


def test_every_fault_is_told_at_its_field() -> None:
    with pytest.raises(Faulty) as caught:
        read({"zone": "Europe/Berln", "monday": "9-8", "friday": "x"}, frozenset())
    assert [field for field, _ in caught.value.faults] == ["zone", "monday", "friday"]
    assert "did you mean Europe/Berlin?" in dict(caught.value.faults)["zone"]
    with pytest.raises(Faulty, match="at least one day some hours"):
        read({"zone": "utc"}, frozenset())
    for zone in ("", "localtime", "Factory", "../../etc/passwd", "+01:00"):
        with pytest.raises(Faulty) as caught:
            read({"zone": zone, "monday": "9-17"}, frozenset())
        assert [field for field, _ in caught.value.faults] == ["zone"]
    assert read({"zone": " europe/berlin ", "monday": "9-17"}, frozenset()).zone == "Europe/Berlin"


def test_what_changed_is_told_in_words() -> None:
    before = standard("UTC", [date(2026, 12, 25)])
    office = (((540, 1020),),) * 4 + (((540, 900),), (), ())
    after = Calendar("Europe/Berlin", office, frozenset({date(2026, 12, 24), date(2026, 12, 25)}))
    assert week_words(before) == (("Monday to Friday", "all day"), ("Saturday and Sunday", "no work"))
    assert differences(before, after, {date(2026, 12, 24): "Christmas Eve"}) == (
        "Time zone Europe/Berlin instead of UTC.",
        "Monday to Thursday: 09:00 to 17:00 instead of all day.",
        "Friday: 09:00 to 15:00 instead of all day.",
        "A working day is 7 h 36 min instead of 24 h.",
        "Days off added: 24 Dec 2026 (Christmas Eve).",
    )
    assert differences(after, after, {}) == ()
    assert differences(after, before, {})[-1] == "Days off taken out: 24 Dec 2026."


def test_two_weeks_from_today_are_told_by_the_calendars_own_clock() -> None:
    berlin = standard("Europe/Berlin", [date(2026, 12, 4)])
    (two_weeks,) = due_ahead(berlin, NOW, [("Two weeks", 10.0)])
    assert two_weeks.due == "Mon 7 Dec 2026, 14:00 CET"
    saturday = add_working(berlin, datetime(2026, 11, 21, 12, 0, tzinfo=UTC), days(berlin, 9))
    assert due_words(berlin, saturday) == "the end of Thursday 3 Dec 2026 (CET)", "Friday is a day off"
    with pytest.raises(ValueError, match="not that much working time"):
        due_ahead(replace(berlin, weekly=(((0, 1),), *((),) * 6)), NOW, [("Long", 3000.0)])


def test_presets_give_every_target_and_are_known_by_their_numbers() -> None:
    for key, preset in BY_KEY.items():
        assert set(preset.days) == {each.key for each in TARGETS}
        assert preset_of(preset.days) == key
    assert preset_of({**BY_KEY["now"].days, "review": 11.0}) == OWN
    assert read_days(" 7,5 ") == 7.5
    for text in ("", "0", "-1", "251", "nan", "inf", "1e999", "ten", "１０"):
        with pytest.raises(ValueError, match="number of working days"):
            read_days(text)


PARTS = st.fixed_dictionaries(
    {},
    optional={
        "INTERVAL": st.integers(1, 4).map(lambda n: [n]),
        "BYMONTH": st.lists(st.integers(1, 12), min_size=1, max_size=3, unique=True),
        "BYMONTHDAY": st.lists(st.sampled_from([1, 13, 29, 30, 31, -1, -3]), min_size=1, max_size=3, unique=True),
    },
)


@given(PARTS, st.sampled_from(["", "0MO", "1TH", "-1SU", "5FR"]), st.integers(0, 9000), st.integers(0, 8))
@settings(max_examples=120, deadline=None)
def test_yearly_days_agree_with_another_library(
    parts: dict[str, list[int]], weekday: str, back: int, count: int
) -> None:
    first = date(2026, 2, 28) - timedelta(days=back)
    if "BYMONTHDAY" in parts and weekday:
        weekday = f"0{weekday[-2:]}"
    rule = {**parts, **({"BYDAY": [weekday.removeprefix("0")]} if weekday else {})}
    text = ";".join(["FREQ=YEARLY", *(f"{key}={','.join(map(str, value))}" for key, value in rule.items())])
    begin = datetime(first.year, first.month, first.day)
    theirs = [each.date() for each in rrulestr(f"{text};UNTIL=20291231", dtstart=begin)]
    place = {"MO": 0, "TH": 3, "FR": 4, "SU": 6}
    yearly = Yearly(
        first,
        interval=parts.get("INTERVAL", [1])[0],
        months=frozenset(parts.get("BYMONTH", [])),
        month_days=frozenset(parts.get("BYMONTHDAY", [])),
        weekdays=frozenset({(int(weekday[:-2]), place[weekday[-2:]])} if weekday else ()),
        count=count or None,
    )
    since = date(2022, 1, 1)
    expected = [day for day in theirs[: count or None] if day >= since]
    assert yearly.until(date(2029, 12, 31), since=since) == expected
