"""The table of what may be done with a meeting; local times read safely; times that suit both."""

from datetime import UTC, date, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from request_tracker.rules import meeting_times as times
from request_tracker.rules import meetings
from request_tracker.rules.calendar import standard
from request_tracker.rules.meeting_times import BadTime
from request_tracker.rules.meetings import NAMES, STEPS, MeetingState, NotNow
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.terms import Role

ZONES = st.sampled_from(
    ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia", "America/Sao_Paulo",
     "Africa/Casablanca", "Asia/Tokyo", "UTC"]
)  # fmt: skip
MONDAY = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize("state", [None, *MeetingState])
def test_what_may_be_chosen_is_what_is_said_to_be_allowed(state: MeetingState | None) -> None:
    for role, name, begun in product(Role, NAMES, (False, True)):
        try:
            step = meetings.choose(name, state, role, has_begun=begun)
        except (NotAllowed, NotNow):
            assert name not in meetings.allowed(state, role, has_begun=begun)
        else:
            assert name in meetings.allowed(state, role, has_begun=begun)
            assert role in step.by
            assert step.before == (state if state and state.is_open else None)


def test_calendars_learn_of_every_change_of_what_is_booked_and_of_nothing_else() -> None:
    for step in STEPS:
        known = step.before is MeetingState.BOOKED
        assert step.told == (known and step.name in ("move", "cancel")), step
    assert {step.after for step in STEPS} == set(MeetingState), "every state can be reached"
    ends = [state for state in MeetingState if not state.is_open]
    assert all(meetings.allowed(state, Role.SPECIALIST) == ("offer",) for state in ends), "after the end: new times"
    assert not any(meetings.allowed(state, role) for state in MeetingState for role in (Role.ENGINEER, Role.AUDITOR))


@pytest.mark.parametrize(
    ("name", "state", "role", "begun", "sentence"),
    [
        ("offer", MeetingState.BOOKED, Role.SPECIALIST, False, "A meeting is booked already"),
        ("book", None, Role.REQUESTER, False, "No meeting times are offered"),
        ("move", MeetingState.OFFERED, Role.LEAD, False, "Nothing is booked yet"),
        ("book", MeetingState.CANCELLED, Role.REQUESTER, False, "This meeting is over (cancelled)"),
        ("cancel", MeetingState.BOOKED, Role.REQUESTER, True, "The time of this meeting has come"),
        ("no_show", MeetingState.BOOKED, Role.SPECIALIST, False, "has not come yet"),
    ],
)
def test_what_stands_in_the_way_is_said(
    name: str, state: MeetingState | None, role: Role, begun: bool, sentence: str
) -> None:
    with pytest.raises(NotNow) as fault:
        meetings.choose(name, state, role, has_begun=begun)
    assert sentence in str(fault.value)


@pytest.mark.parametrize(
    ("text", "zone", "sentence"),
    [
        ("2026-03-29T02:30", "Europe/Berlin", "There is no 02:30 on 29 March 2026 in Europe/Berlin"),
        ("2026-10-25T02:30", "Europe/Berlin", "02:30 on 25 October 2026 comes twice in Europe/Berlin"),
        ("2026-10-04T02:10", "Australia/Lord_Howe", "There is no 02:10"),
        ("2011-12-30T12:00", "Pacific/Apia", "There is no 12:00 on 30 December 2011"),
        ("2026-12-01T10:00+01:00", "Europe/Berlin", "without a zone"),
        ("tomorrow at ten", "Europe/Berlin", "Write a day and a time"),
        ("9999-12-31T23:59", "America/New_York", "between 2000 and 2200"),
    ],
)
def test_a_local_time_that_is_none_or_two_is_refused(text: str, zone: str, sentence: str) -> None:
    with pytest.raises(BadTime, match=r"^[A-Z0-9]") as fault:
        times.instant(text, zone)
    assert sentence in str(fault.value)


@settings(max_examples=60)
@given(at=st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)), zone=ZONES)
def test_whatever_time_is_taken_comes_back_as_it_was_typed(at: datetime, zone: str) -> None:
    text = f"{at:%Y-%m-%dT%H:%M}"
    place = ZoneInfo(zone)
    try:
        found = times.instant(text, zone)
    except BadTime:
        shown = {at.replace(tzinfo=place, fold=fold).utcoffset() for fold in (0, 1)}
        assert len(shown) == 2, "only a time at a change of the clocks is refused"
    else:
        assert times.typed(found, zone) == text
        assert found.utcoffset() == timedelta(0)


@settings(max_examples=12)
@given(now=st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)), host=ZONES, guest=ZONES,
       minutes=st.sampled_from([15, 60, 120]))  # fmt: skip
def test_suggested_times_suit_both(now: datetime, host: str, guest: str, minutes: int) -> None:
    off = {(now + timedelta(days=number)).date() for number in (3, 4)}
    away = {(now + timedelta(days=6)).astimezone(ZoneInfo(host)).date()}
    found = times.suggestions(standard("Europe/Berlin", off), now, host, guest, minutes=minutes, away=away)
    assert len({at.astimezone(ZoneInfo(host)).date() for at in found}) == len(found) <= 3
    for at in found:
        for zone in (host, guest):
            start, end = (each.astimezone(ZoneInfo(zone)) for each in (at, at + timedelta(minutes=minutes)))
            assert start.hour >= 7, "nobody gets up in the night for it"
            assert (end.hour, end.minute) <= (21, 0)
            assert start.weekday() < 5
            assert start.date() not in off
        assert at.astimezone(ZoneInfo(host)).date() not in away
        assert now < at < now + times.FARTHEST


def test_suggestions_stay_in_office_hours_where_they_meet_and_give_up_where_no_hours_do() -> None:
    office = times.suggestions(standard("UTC"), MONDAY, "Europe/Berlin", "America/New_York")
    assert [at.isoformat() for at in office] == [
        "2026-11-04T14:30:00+00:00", "2026-11-05T14:30:00+00:00", "2026-11-06T14:30:00+00:00",
    ]  # fmt: skip
    wide = times.suggestions(standard("UTC"), MONDAY, "Europe/Berlin", "America/Los_Angeles")
    assert {at.astimezone(ZoneInfo("America/Los_Angeles")).hour for at in wide} == {8}
    assert times.suggestions(standard("UTC"), MONDAY, "Europe/Berlin", "Pacific/Honolulu") != ()
    assert times.suggestions(standard("UTC"), MONDAY, "America/New_York", "Asia/Kolkata", minutes=480) == ()
    closed = standard("UTC", {date(2026, 11, 1) + timedelta(days=number) for number in range(40)})
    assert times.suggestions(closed, MONDAY, "UTC", "UTC") == ()


def test_the_other_zone_stands_beside_the_own_with_its_day_where_that_differs() -> None:
    at = datetime(2026, 10, 26, 23, 30, tzinfo=UTC)  # Europe has changed its clocks, New York has not
    assert times.words(at, "Europe/Berlin") == "Tue 27 Oct 2026, 00:30 CET"
    assert times.beside(at, "America/New_York", "Europe/Berlin") == "Mon 26 Oct 2026, 19:30 EDT"
    assert times.beside(at, "Europe/London", "Europe/Lisbon") == ""
    assert times.beside(at, "Asia/Kolkata", "Europe/Berlin") == "05:00 IST"
