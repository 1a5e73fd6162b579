"""The pages on which a lead says what working time is: hours, days off, targets; nothing that was promised moves."""

import io
import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from factories import CLOCK, MONDAY, Cast, a_case, act
from flask import Flask
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session
from webclient import Browser, Page

from request_tracker.actions import calendars
from request_tracker.rules.calendar_typed import WEEKDAYS
from request_tracker.rules.days_off import DayOff
from request_tracker.rules.people import Viewer
from request_tracker.store import clocks, reading_calendar
from request_tracker.store.clocks import CalendarVersion
from request_tracker.store.holidays import Holiday
from request_tracker.store.policies import Policy
from request_tracker.store.session import Database

HOME = "/admin/calendar"
DAYS = f"{HOME}/days"
TARGETS = "/admin/targets"
OFFICE = dict.fromkeys(WEEKDAYS[:5], "09:00-12:30, 13:00-17:30")
TEAM = b"""BEGIN:VCALENDAR\r
BEGIN:VEVENT\r
DTSTART;VALUE=DATE:20261224\r
DTEND;VALUE=DATE:20261226\r
SUMMARY:Shutdown <b>\r
END:VEVENT\r
BEGIN:VEVENT\r
DTSTART;VALUE=DATE:20260105\r
SUMMARY:Kick-off\r
END:VEVENT\r
BEGIN:VEVENT\r
DTSTART:20261228T100000Z\r
SUMMARY:Meeting\r
END:VEVENT\r
END:VCALENDAR\r
"""
As = Callable[[Viewer], Browser]


@pytest.fixture
def engine(sqlite_database: Database) -> Engine:
    """One database: what differs between the two is tried in tests/actions/test_calendars.py."""
    return sqlite_database.engine


@pytest.fixture
def sign_in(app: Flask) -> As:
    return lambda who: Browser(app).sign_in(who)


@pytest.fixture
def lead(sign_in: As, cast: Cast) -> Browser:
    return sign_in(cast.lead)


def hidden(page: Page, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found, f"the page has a hidden field {name}"
    return found[1]


def in_words(page: Page) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text)).replace("\u00a0", " ")


def holidays(session: Session) -> set[date]:
    session.expire_all()
    return set(reading_calendar.in_force(session)[1].holidays)


def upload(browser: Browser, data: bytes, *, name: str = "team.ics", status: int = 303) -> Page:
    return browser.post(f"{DAYS}/file", {"file": (io.BytesIO(data), name)}, status=status, on=DAYS)


def test_a_lead_looks_at_new_hours_before_saving_them(session: Session, cast: Cast, lead: Browser) -> None:
    case = a_case(session, cast)
    (running,) = clocks.of_case(session, case.id)
    due = running.due_at
    session.commit()
    page = lead.get(HOME)
    assert "Two weeks (ten working days) from today, 2 Nov 2026, 09:00 UTC, is Mon 16 Nov 2026, 09:00 UTC" in in_words(
        page
    )
    seen = hidden(lead.get(f"{HOME}/new"), "seen")
    typed = {"zone": "europe/berlin", "reason": "Office hours", "seen": seen}
    filled = lead.post(f"{HOME}/preview", {**typed, "fill": "office"}, status=200)
    assert filled.text.count('value="09:00-17:00"') == 5
    assert 'value="europe/berlin"' in filled.text
    looked = lead.post(f"{HOME}/preview", {**typed, **OFFICE}, status=200)
    told = in_words(looked)
    assert "Monday to Friday: 09:00 to 12:30 and 13:00 to 17:30 instead of all day." in told
    assert (
        "is Mon 16 Nov 2026, 09:00 UTC by the calendar in force, and Mon 16 Nov 2026, 10:00 CET by the new one" in told
    )
    assert "keep the calendar they were promised by" in told
    assert session.scalar(select(func.count()).select_from(CalendarVersion)) == 1, "looking saves nothing"
    sent = {name: hidden(looked, name) for name in ("seen", "zone", *WEEKDAYS, "reason")}
    assert 'value="europe/berlin"' in lead.post(f"{HOME}/preview", {**sent, "back": "y"}, status=200).text
    done = lead.follow(lead.post(HOME, sent))
    newest = clocks.newest_calendar(session)
    assert (newest.by_id, newest.reason, newest.body["zone"]) == (cast.lead.id, "Office hours", "Europe/Berlin")
    assert "clocks that run keep the calendar" in done.text
    assert "/admin/clocks" in done.text
    assert "Time zone Europe/Berlin instead of UTC." in in_words(done)
    assert lead.post(HOME, sent).status == 303, "pressed twice"
    assert session.scalar(select(func.count()).select_from(CalendarVersion)) == 2
    session.expire_all()
    assert clocks.of_case(session, case.id)[0].due_at == due


def test_hours_that_cannot_be_are_told_at_their_field(session: Session, cast: Cast, lead: Browser) -> None:
    wrong = {"zone": "Europe/Berln", "monday": "9-13, 12-17", "friday": "2026-11-21 09:00", "seen": "1"}
    for path in (f"{HOME}/preview", HOME):
        page = lead.post(path, {**wrong, "reason": "x"}, status=422)
        for field, said in (
            ("zone", "did you mean Europe/Berlin?"),
            ("monday", "overlap"),
            ("friday", "is no interval"),
        ):
            error = re.search(rf'id="{field}-error">(.*?)</p>', page.text)
            assert error, field
            assert said in error[1]
        assert 'value="9-13, 12-17"' in page.text
        assert "<title>Error: " in page.text
    page = lead.post(f"{HOME}/preview", {"zone": "UTC", "seen": "1"}, status=422)
    assert 'id="monday-error"' in page.text
    assert "without working time nothing is ever due" in page.text
    assert 'id="reason-error"' in page.text
    same = {"zone": "UTC", **dict.fromkeys(WEEKDAYS[:5], "0-24"), "reason": "x", "seen": "1"}
    assert "This is the calendar in force" in lead.post(f"{HOME}/preview", same, status=422).text
    assert session.scalar(select(func.count()).select_from(CalendarVersion)) == 1


def test_a_newer_calendar_is_told_with_what_changed(session: Session, cast: Cast, lead: Browser) -> None:
    seen = hidden(lead.get(f"{HOME}/new"), "seen")
    calendars.propose(session, [DayOff(date(2026, 12, 24), "Christmas Eve")], "typed", act(cast.admin))
    (row,) = session.scalars(select(Holiday))
    calendars.confirm(session, [row.id], act(cast.admin))
    session.commit()
    sent = {"zone": "Europe/Berlin", **OFFICE, "reason": "Office hours", "seen": seen}
    stale = lead.post(HOME, sent, status=409)
    told = in_words(stale)
    assert "Somebody saved a newer calendar after you opened this" in told
    assert "Days off added: 24 Dec 2026 (Christmas Eve). Admin," in told
    assert 'value="09:00-12:30, 13:00-17:30"' in stale.text
    assert lead.post(HOME, {**sent, "seen": hidden(stale, "seen")}).status == 303
    assert holidays(session) == {date(2026, 12, 24)}


def test_days_of_a_file_wait_until_a_lead_decides(session: Session, cast: Cast, lead: Browser) -> None:
    told = in_words(lead.follow(upload(lead, TEAM)))
    assert "3 days wait for a decision below." in told
    assert "1 event was left out: at a time of day: only whole days can be days off." in told
    assert "Mon 5 Jan 2026 Kick-off (past) File: team.ics , Lead, 2 Nov 2026" in told
    assert "Thu 24 Dec 2026 Shutdown &lt;b&gt;" in told
    assert holidays(session) == set(), "a proposal is no day off"
    told = in_words(lead.follow(upload(lead, TEAM)))
    assert "Nothing new" in told
    kickoff, eve, christmas = session.scalars(select(Holiday.id).order_by(Holiday.day)).all()
    assert "Choose at least one day" in lead.post(f"{DAYS}/decide", {"act": "confirm"}, status=422).text
    done = in_words(lead.follow(lead.post(f"{DAYS}/decide", {"act": "confirm", "days": [kickoff, eve]})))
    assert f"2 days off in version {clocks.newest_calendar(session).id} of the calendar." in done
    assert "clocks that run keep the calendar they were promised by. 1 day of them is past." in done
    assert holidays(session) == {date(2026, 1, 5), date(2026, 12, 24)}
    lead.post(f"{DAYS}/decide", {"act": "refuse", "days": [christmas]})
    assert "Nothing new" in in_words(lead.follow(upload(lead, TEAM)))
    late = lead.post(f"{DAYS}/decide", {"act": "confirm", "days": [christmas]}, status=409)
    assert "25 Dec 2026 is refused" in late.text
    lead.post(DAYS, {"day": "2026-12-25", "name": "Christmas Day"})
    lead.post(f"{DAYS}/library", {"country": "DE", "part": "BY", "years": "2027"})
    page = lead.get(DAYS)
    every = re.findall(r'name="every" value="(\d+)"', page.text)
    assert "Epiphany" in page.text
    lead.post(f"{DAYS}/decide", {"act": "all", "every": every})
    assert {date(2026, 12, 25), date(2027, 1, 6), date(2026, 1, 5)} <= holidays(session)
    lead.post(DAYS, {"day": "2031-01-02", "name": "A day far ahead"})
    lead.post(f"{DAYS}/decide", {"act": "all", "every": re.findall(r'name="every" value="(\d+)"', lead.get(DAYS).text)})
    home = lead.get(HOME)
    assert "Epiphany" in home.text
    assert "A day far ahead" in home.text
    assert "Choose at least one day" in lead.post(f"{DAYS}/out", {"reason": "x"}, status=422).text
    out = {"days": ["2027-01-06"], "reason": "We work on Epiphany"}
    assert "1 day is a working day again." in lead.follow(lead.post(f"{DAYS}/out", out)).text
    assert date(2027, 1, 6) not in holidays(session)


def test_what_cannot_be_imported_is_told_at_its_field(cast: Cast, lead: Browser, session: Session) -> None:
    for data, name, said in (
        (b"", "", "Choose an .ics file"),
        (b"%PDF-1.7", "a.pdf", "no iCalendar file"),
    ):
        page = upload(lead, data, name=name, status=422)
        assert said in page.text
        assert 'href="#file"' in page.text
    for sent, field in (
        ({"country": "", "years": "2026"}, "country"),
        ({"country": "DE", "part": "ZZ", "years": "2026"}, "part"),
        ({"country": "DE", "years": "soon"}, "years"),
    ):
        assert f'id="{field}-error"' in lead.post(f"{DAYS}/library", sent, status=422).text
    for sent, field in (({"day": "24.12.", "name": "x"}, "day"), ({"day": "2026-12-24"}, "name")):
        assert f'id="{field}-error"' in lead.post(DAYS, sent, status=422).text
    for sent in ({"act": "eat", "days": "1"}, {"act": "confirm", "days": "x" * 50}):
        assert lead.post(f"{DAYS}/decide", sent, status=422 if sent["act"] == "eat" else 409)
    assert lead.post(f"{DAYS}/out", {"days": "yesterday", "reason": "x"}, status=422)
    assert session.scalar(select(func.count()).select_from(Holiday)) == 0


def test_targets_are_switched_for_new_clocks_only(session: Session, cast: Cast, lead: Browser, sign_in: As) -> None:
    case = a_case(session, cast)
    due = clocks.of_case(session, case.id)[0].due_at
    session.commit()
    page = lead.get(TARGETS)
    assert "In force: Published until 2025" in in_words(page)
    sent = {"preset": "now", "reason": "The page changed", "seen": hidden(page, "seen")}
    done = in_words(lead.follow(lead.post(TARGETS, sent)))
    assert "In force: Published now." in done
    assert (
        "Review of the request 40 instead of 10, Development 40 instead of 20, Development again 20 instead of 10."
        in done
    )
    assert "Clocks that run keep what was promised." in done
    fresh = clocks.of_case(session, a_case(session, cast, service_name="Another").id)[0]
    assert fresh.due_at == MONDAY + timedelta(weeks=8)
    session.expire_all()
    assert clocks.of_case(session, case.id)[0].due_at == due
    late = lead.post(TARGETS, {"preset": "until_2025", "reason": "Back", "seen": "0"}, status=409)
    assert "Somebody decided about this after you opened it" in late.text
    wrong = lead.post(TARGETS, {"preset": "own", "review": "0", "seen": hidden(late, "seen")}, status=422)
    assert 'id="review-error"' in wrong.text
    assert 'id="consult_offer-error"' in wrong.text
    assert 'id="reason-error"' in lead.post(TARGETS, {"preset": "until_2025", "seen": "1"}, status=422).text
    assert session.scalar(select(func.count()).select_from(Policy)) == 1


def test_other_staff_read_and_change_nothing(session: Session, cast: Cast, sign_in: As) -> None:
    calendars.propose(session, [DayOff(date(2026, 12, 24), "Christmas Eve")], "typed", act(cast.admin))
    session.commit()
    for who in (cast.specialist, cast.auditor):
        browser = sign_in(who)
        for path, word in ((HOME, "Working time"), (DAYS, "Christmas Eve"), (TARGETS, "Published now")):
            text = browser.get(path).text
            assert word in text
            assert text.count('<form method="post"') == 1, "to sign out, and nothing else"
        browser.get(f"{HOME}/new", status=403)
    sign_in(cast.ada).get(HOME, status=403)


def test_today_is_told_by_the_calendars_own_clock(session: Session, cast: Cast, lead: Browser) -> None:
    CLOCK["now"] = MONDAY + timedelta(days=58, hours=14, minutes=30)
    saved = reading_calendar.in_force(session)[1]
    seen = clocks.newest_calendar(session).id
    by = act(cast.lead)
    calendars.save(session, type(saved)("Asia/Tokyo", saved.weekly, saved.holidays), "Tokyo", by, seen=seen)
    session.commit()
    told = in_words(lead.get(HOME))
    assert "31 Dec 2026, 08:30 JST" in told


def test_a_requester_reads_the_promise_by_the_calendar_it_was_made_by(
    session: Session, cast: Cast, sign_in: As
) -> None:
    case = a_case(session, cast, now=MONDAY - timedelta(hours=9))
    session.commit()
    ada, page = sign_in(cast.ada), f"/requests/REQ-{case.primary_request_id:06}"
    promised = "We answer by the end of Friday 13 Nov 2026 (UTC)"
    assert promised in in_words(ada.get(page))
    row = calendars.type_in(session, DayOff(date(2026, 11, 13), "Declared too late"), act(cast.lead))
    calendars.confirm(session, [row.id], act(cast.lead))
    session.commit()
    assert promised in in_words(ada.get(page))
