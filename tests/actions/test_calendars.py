"""Versions of the working calendar, days off from proposal to decision, targets: new clocks only, nothing rewritten."""

import threading
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from random import Random

import pytest
from at_once import at_once
from factories import MONDAY, Cast, a_case, a_cast, act, later
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from request_tracker import resources
from request_tracker.actions import calendars, targets
from request_tracker.actions.knowledge import Overtaken
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.calendar import Calendar, standard
from request_tracker.rules.calendar_typed import Faulty
from request_tracker.rules.days_off import DayOff, one_a_day
from request_tracker.rules.people import Viewer
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.program import Program
from request_tracker.rules.targets import BY_KEY
from request_tracker.store import clocks, day_files, day_library, policies, reading_calendar
from request_tracker.store.calendars import day_rows
from request_tracker.store.clocks import CalendarVersion, Clock
from request_tracker.store.holidays import Holiday
from request_tracker.store.policies import Policy
from request_tracker.store.session import Database
from request_tracker.work import seed

EVE = DayOff(date(2026, 12, 24), "Christmas Eve")
SECOND = DayOff(date(2026, 12, 28), "Second day")
OFFICE = Calendar("Europe/Berlin", (((540, 1020),),) * 5 + ((), ()), frozenset())
TODAY = date(2026, 11, 21)


def in_force(session: Session) -> Calendar:
    return reading_calendar.in_force(session)[1]


def waiting(session: Session, *days: date) -> list[int]:
    asked = select(Holiday.id).where(Holiday.state == "proposed").order_by(Holiday.day)
    return list(session.scalars(asked.where(Holiday.day.in_(days)) if days else asked))


def counted(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(CalendarVersion)) or 0


def propose(session: Session, who: Viewer, *found: DayOff, source: str = "ical:team.ics") -> calendars.Proposed:
    return calendars.propose(session, found, source, act(who))


def test_importing_twice_proposes_nothing_and_confirming_is_the_union(session: Session, cast: Cast) -> None:
    random = Random(4)
    for _ in range(12):
        lot = {date(2026, 11, 1) + timedelta(days=random.randrange(60)) for _ in range(random.randrange(1, 9))}
        found = [DayOff(day, random.choice(["A", "a", "B"])) for day in lot]
        before, versions = in_force(session), counted(session)
        known = lot & (before.holidays | set(session.scalars(select(Holiday.day).where(Holiday.state == "proposed"))))
        first = propose(session, cast.lead, *found)
        assert first.new + first.known == len(lot)
        assert first.new <= len(lot - known)
        assert propose(session, cast.lead, *reversed(found)).new == 0
        chosen = [each for each in waiting(session) if random.random() < 0.7]
        rest = [each for each in waiting(session) if each not in chosen and random.random() < 0.5]
        days = set(session.scalars(select(Holiday.day).where(Holiday.id.in_(chosen))))
        if chosen:
            done = calendars.confirm(session, chosen, act(cast.lead))
            assert set(done.days) == days
        if rest:
            calendars.refuse(session, rest, act(cast.lead))
        assert in_force(session).holidays == before.holidays | days
        assert counted(session) == versions + bool(days), "one version, however many days"
        assert propose(session, cast.lead, *found).new == 0, "neither confirmed nor refused days come back"


def test_confirming_changes_nothing_that_was_promised(session: Session, cast: Cast) -> None:
    case = a_case(session, cast)
    (running,) = clocks.of_case(session, case.id)
    due, first = running.due_at, dict(clocks.newest_calendar(session).body)
    propose(session, cast.lead, DayOff(date(2026, 11, 5), "Day of rest"))
    done = calendars.confirm(session, waiting(session), act(cast.lead))
    assert done.version is not None
    assert (done.version.by_id, done.version.reason) == (cast.lead.id, "1 day off confirmed")
    assert session.get_one(Clock, running.id).due_at == due
    fresh = clocks.of_case(session, a_case(session, cast, service_name="Another").id)[0]
    assert due is not None
    assert (fresh.due_at, fresh.calendar_id) == (due + timedelta(days=1), done.version.id)
    rows = session.scalars(select(CalendarVersion).order_by(CalendarVersion.id)).all()
    assert [row.body for row in rows] == [first, done.version.body], "the older version is as it was"


def test_a_refused_day_comes_back_only_by_hand(session: Session, cast: Cast) -> None:
    propose(session, cast.lead, EVE)
    calendars.refuse(session, waiting(session), act(cast.lead))
    assert propose(session, cast.lead, DayOff(EVE.day, "CHRISTMAS EVE"), source="holidays:DE").new == 0
    assert propose(session, cast.lead, DayOff(EVE.day, "Company day"), source="ical:b.ics").new == 1
    (offer,) = reading_calendar.proposals(session, in_force(session), EVE.day)
    assert (offer.name, offer.source, offer.by, offer.works, offer.past) == (
        "Company day", "ical:b.ics", "Lead", True, False,
    )  # fmt: skip
    assert [each.name for each in reading_calendar.refused(session, in_force(session), TODAY)] == ["Christmas Eve"]
    with pytest.raises(Unfit, match="waits for a decision already"):
        calendars.type_in(session, EVE, act(cast.lead))
    calendars.refuse(session, waiting(session), act(cast.lead))
    calendars.type_in(session, EVE, act(cast.lead))
    calendars.refuse(session, waiting(session), act(cast.lead))
    again = calendars.type_in(session, EVE, later(act(cast.admin), days=1))
    assert (again.state, again.proposed_by_id, again.decided_at) == ("proposed", cast.admin.id, None)
    calendars.confirm(session, [again.id], act(cast.lead))
    with pytest.raises(Unfit, match="is a day off already"):
        calendars.type_in(session, EVE, act(cast.lead))
    with pytest.raises(Unfit, match="within 10 years"):
        calendars.type_in(session, DayOff(date(2926, 1, 1), "Typing error"), act(cast.lead))


def test_a_day_taken_out_is_a_working_day_again(session: Session, cast: Cast) -> None:
    propose(session, cast.lead, EVE, SECOND)
    calendars.confirm(session, waiting(session), act(cast.lead))
    done = calendars.take_out(session, [EVE.day, date(2030, 1, 1)], " We work  then ", act(cast.lead))
    assert done.days == (EVE.day,)
    assert in_force(session).holidays == {SECOND.day}
    assert propose(session, cast.lead, EVE, SECOND).new == 0
    versions = counted(session)
    assert calendars.take_out(session, [EVE.day], "Again", act(cast.lead)).version is None
    assert counted(session) == versions
    newest = reading_calendar.versions(session)[0]
    assert (newest.reason, newest.differences) == (
        "We work then", ("Days off taken out: 24 Dec 2026 (Christmas Eve).",),
    )  # fmt: skip


def test_decisions_sent_twice_count_once_and_opposite_ones_are_told(session: Session, cast: Cast) -> None:
    propose(session, cast.lead, EVE, SECOND)
    eve, second = waiting(session)
    assert calendars.confirm(session, [eve], act(cast.lead)).version is not None
    assert calendars.confirm(session, [eve], act(cast.lead)) == ((), None)
    with pytest.raises(Overtaken, match="24 Dec 2026 is confirmed"):
        calendars.refuse(session, [eve, second], act(cast.admin))
    assert waiting(session) == [second], "nothing was done by halves"
    with pytest.raises(Overtaken, match="a day is gone"):
        calendars.confirm(session, [second, 0], act(cast.lead))
    with pytest.raises(Unfit, match="at least one"):
        calendars.confirm(session, [], act(cast.lead))


def test_new_hours_keep_the_days_off_and_are_saved_once(session: Session, cast: Cast) -> None:
    propose(session, cast.lead, EVE)
    calendars.confirm(session, waiting(session), act(cast.lead))
    seen = clocks.newest_calendar(session).id
    saved = calendars.save(session, OFFICE, "Office hours", act(cast.lead), seen=seen)
    assert in_force(session) == replace(OFFICE, holidays=frozenset({EVE.day}))
    assert calendars.save(session, OFFICE, "Office hours", act(cast.lead), seen=seen).id == saved.id
    with pytest.raises(Overtaken):
        calendars.save(session, standard("UTC"), "Back again", act(cast.admin), seen=seen)
    with pytest.raises(Unfit, match="in force"):
        calendars.save(session, OFFICE, "Once more", act(cast.lead), seen=saved.id)
    with pytest.raises(Unfit, match="Say why"):
        calendars.save(session, standard("UTC"), " \n ", act(cast.lead), seen=saved.id)


def test_targets_are_immutable_decisions_for_new_clocks(session: Session, cast: Cast) -> None:
    running = clocks.of_case(session, a_case(session, cast).id)[0]
    due = running.due_at
    first = targets.decide(session, "now", {}, "As published", act(cast.lead), seen=0)
    assert first.value == {
        "preset": "now", "reason": "As published",
        "days": {**BY_KEY["until_2025"].days, "review": 40, "build": 40, "build_again": 20},
    }  # fmt: skip
    fresh = clocks.of_case(session, a_case(session, cast, service_name="Another").id)[0]
    assert (fresh.target_s, running.target_s) == (40 * 86400, 10 * 86400)
    assert session.get_one(Clock, running.id).due_at == due
    assert targets.decide(session, "now", {}, "As published", act(cast.lead), seen=0).id == first.id, "a double click"
    with pytest.raises(Unfit, match="in force"):
        targets.decide(session, "now", {}, "Other words", act(cast.lead), seen=first.id)
    with pytest.raises(Overtaken):
        targets.decide(session, "until_2025", {}, "Back", act(cast.admin), seen=0)
    own = {**{key: f"{number:g}" for key, number in first.value["days"].items()}, "review": "7,5"}
    second = targets.decide(session, "own", own, "Faster", act(cast.admin), seen=first.id)
    assert policies.target_days(session, Program())["review"] == 7.5
    with pytest.raises(Faulty) as caught:
        targets.decide(session, "own", {**own, "build": "0", "review": ""}, "Wrong", act(cast.lead), seen=second.id)
    assert [field for field, _ in caught.value.faults] == ["review", "build"]
    with pytest.raises(Unfit):
        targets.decide(session, "best", {}, "Unknown", act(cast.lead), seen=second.id)
    told = reading_calendar.targets_decided(session, Program().target_days)
    assert [each.changes for each in told] == [
        (("Review of the request", 40, 7.5),),
        (("Review of the request", 10, 40), ("Development", 20, 40), ("Development again", 10, 20)),
    ]
    assert session.scalar(select(func.count()).select_from(Policy)) == 2


def test_only_leads_and_admins_decide(session: Session, cast: Cast) -> None:
    for who in (cast.specialist, cast.engineer, cast.auditor, cast.ada):
        for tried in (
            lambda by: calendars.save(session, OFFICE, "x", by, seen=1),
            lambda by: calendars.propose(session, [EVE], "typed", by),
            lambda by: calendars.type_in(session, EVE, by),
            lambda by: calendars.confirm(session, [1], by),
            lambda by: calendars.refuse(session, [1], by),
            lambda by: calendars.take_out(session, [EVE.day], "x", by),
            lambda by: targets.decide(session, "now", {}, "x", by, seen=0),
        ):
            with pytest.raises(NotAllowed):
                tried(act(who))


def test_the_seed_names_its_days_off_and_leaves_those_taken_out(session: Session, cast: Cast) -> None:
    session.query(CalendarVersion).delete()
    assert seed._calendar(session, Program(zone="UTC"), resources.SEED_DATA, MONDAY) == 1
    years = reading_calendar.days_off(session, in_force(session), (2026,))[2026]
    named = {each.day: each.name for each in years}
    assert named[date(2026, 12, 25)] == "Christmas Day"
    assert all(named.values())
    public = [each for each in day_library.days("US", "", [2026]) if each.day.weekday() < 5]
    assert propose(session, cast.lead, *public, source="holidays:US") == (0, len(public))
    calendars.take_out(session, [date(2026, 12, 25)], "We work", act(cast.lead))
    assert seed._calendar(session, Program(zone="UTC"), resources.SEED_DATA, MONDAY) == 0
    assert date(2026, 12, 25) not in in_force(session).holidays
    states = set(session.scalars(select(Holiday.state).where(Holiday.day == date(2026, 12, 25))))
    assert states == {"refused"}


@pytest.mark.postgres
def test_two_leads_at_once_lose_none_of_their_days(fresh_postgres: Database) -> None:
    with fresh_postgres.transaction() as session:
        lead = a_cast(session).lead
        propose(session, lead, EVE, SECOND)
        ids = waiting(session)
    together = threading.Barrier(2)

    def confirm(each: int) -> None:
        with fresh_postgres.transaction() as session:
            session.scalar(select(Holiday.id).limit(1))
            together.wait(10)
            calendars.confirm(session, [each], act(lead))

    at_once(*(partial(confirm, each) for each in ids))
    with fresh_postgres.reading() as session:
        assert in_force(session).holidays == {EVE.day, SECOND.day}
        assert counted(session) == 3


def ics(*events: str, encoding: str = "utf-8") -> bytes:
    body = "".join(f"BEGIN:VEVENT\r\n{each}\r\nEND:VEVENT\r\n" for each in events)
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{body}END:VCALENDAR\r\n".replace("|", "\r\n").encode(encoding)


def found_in(*events: str) -> list[str]:
    return [each.day.isoformat() for each in day_files.read(ics(*events), TODAY).days]


@pytest.mark.parametrize(
    ("event", "days"),
    [
        ("DTSTART;VALUE=DATE:20261224", ["2026-12-24"]),
        ("DTSTART;VALUE=DATE:20261224|DTEND;VALUE=DATE:20261227", ["2026-12-24", "2026-12-25", "2026-12-26"]),
        ("DTSTART;VALUE=DATE:20261224|DURATION:P2D", ["2026-12-24", "2026-12-25"]),
        ("DTSTART;VALUE=DATE:20261224|DTEND;VALUE=DATE:20261224", ["2026-12-24"]),
        (
            "DTSTART;VALUE=DATE:19991224|RRULE:FREQ=YEARLY",
            ["2026-12-24", "2027-12-24", "2028-12-24", "2029-12-24"],
        ),
        ("DTSTART;VALUE=DATE:20201224|RRULE:FREQ=YEARLY;COUNT=8|EXDATE;VALUE=DATE:20261224", ["2027-12-24"]),
        ("DTSTART;VALUE=DATE:20201126|RRULE:FREQ=YEARLY;UNTIL=20271231;BYMONTH=11;BYDAY=4TH",
            ["2026-11-26", "2027-11-25"]),
        (
            "DTSTART;VALUE=DATE:20241231|DTEND;VALUE=DATE:20250102|RRULE:FREQ=YEARLY;UNTIL=20261231",
            ["2026-01-01", "2026-12-31", "2027-01-01"],
        ),
        ("DTSTART;VALUE=DATE:20261224|RDATE;VALUE=DATE:20270104", ["2026-12-24"]),
    ],
)  # fmt: skip
def test_whole_days_are_read_from_a_calendar_file(event: str, days: list[str]) -> None:
    assert found_in(event)[: len(days)] == days


def test_a_file_may_be_mean_and_is_still_read() -> None:
    """The end of time, thousands of places in one rule, one day named twenty thousand times, two names."""
    places = ",".join(f"{place}{day}" for place in range(60, 99) for day in ("MO", "TU", "WE", "TH", "FR", "SA", "SU"))
    read = day_files.read(
        ics(
            "DTSTART;VALUE=DATE:99991231|DURATION:P40D",
            f"DTSTART;VALUE=DATE:20200101|RRULE:FREQ=YEARLY;COUNT=9999999;BYDAY={places}",
            "DTSTART;VALUE=DATE:20261224|RDATE;VALUE=DATE:99991231" + ",20261224" * 20_000 + "|DURATION:P62D",
            "DTSTART;VALUE=DATE:20261224|SUMMARY:Christmas Eve|SUMMARY:Holy evening",
        ),
        TODAY,
    )
    assert len(read.days) == 62
    assert read.days[0] == DayOff(EVE.day, "Christmas Eve; Day off")
    assert read.left_out == ((2, day_files.OUTSIDE),)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_calendar_file_may_be_written_in_many_encodings(encoding: str) -> None:
    read = day_files.read(ics("DTSTART;VALUE=DATE:20261224|SUMMARY:Noël\\, à midi", encoding=encoding), TODAY)
    assert read.days == (DayOff(EVE.day, "Noël, à midi"),)


def test_more_days_at_once_than_a_statement_takes_are_refused(session: Session, cast: Cast) -> None:
    for decide in (calendars.confirm, calendars.refuse):
        with pytest.raises(Unfit, match="Choose fewer: at most 5,000 days"):
            decide(session, range(1, 70_000), act(cast.lead))
    assert not day_rows(session, range(900_000, 905_000)), "what is allowed, the database takes"


def test_a_zone_that_cannot_be_read_spoils_no_whole_day() -> None:
    zone = "BEGIN:STANDARD|DTSTART:junk|TZOFFSETFROM:+9999|TZOFFSETTO:x|RRULE:FREQ=SECONDLY|END:STANDARD|"
    data = ics("DTSTART;VALUE=DATE:20261224", "DTSTART;TZID=Nowhere:20261228T090000").decode()
    for start, end in (("BEGIN:VTIMEZONE|TZID:Nowhere|", "END:VTIMEZONE|"), ("begin:vtimezone|", "end:vtimezone|")):
        whole = data.replace("BEGIN:VEVENT", f"{start}{zone}{end}BEGIN:VEVENT", 1).replace("|", "\r\n")
        read = day_files.read(whole.encode(), TODAY)
        assert ([each.day for each in read.days], read.left_out) == ([EVE.day], ((1, day_files.TIMED),))
    with pytest.raises(day_files.Unreadable):
        day_files.read(data.replace("BEGIN:VEVENT", "BEGIN:VTIMEZONE\r\nBEGIN:VEVENT", 1).encode(), TODAY)


def test_what_is_no_whole_day_is_left_out_with_a_word() -> None:
    read = day_files.read(
        ics(
            "DTSTART:20261224T100000Z|SUMMARY:Meeting",
            "DTSTART;VALUE=DATE:20261225|RRULE:FREQ=WEEKLY",
            "DTSTART;VALUE=DATE:20261225|RRULE:FREQ=YEARLY;BYSECOND=1,2,3",
            "DTSTART;VALUE=DATE:20261225|RRULE:FREQ=YEARLY;INTERVAL=0",
            "DTSTART;VALUE=DATE:20261225|RRULE:FREQ=YEARLY;COUNT=-1",
            "DTSTART;VALUE=DATE:20260224|RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
            "DTSTART;VALUE=DATE:2026",
            "SUMMARY:Without a date",
            "DTSTART;VALUE=DATE:19990101",
            "DTSTART;VALUE=DATE:20261225|DTEND;VALUE=DATE:20271225",
            "DTSTART;VALUE=DATE:20261228|STATUS:CANCELLED",
            "UID:1|DTSTART;VALUE=DATE:20200501|RRULE:FREQ=YEARLY;UNTIL=20271231|SUMMARY:May day",
            "UID:1|RECURRENCE-ID;VALUE=DATE:20270501|DTSTART;VALUE=DATE:20270503|SUMMARY:May day, moved",
        ),
        TODAY,
    )
    assert [each.name for each in read.days] == ["May day", "May day, moved"]
    assert {why: count for count, why in read.left_out} == {
        day_files.TIMED: 1, day_files.OFTEN: 1, day_files.ODD_RULE: 3, day_files.UNREADABLE: 2,
        day_files.OUTSIDE: 2, day_files.LONG: 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no iCalendar file"),
        (b"\x89PNG\r\n", "no iCalendar file"),
        (b"BEGIN:VCALENDAR\r\n\x00", "no iCalendar file"),
        ("BEGIN:VCALENDAR".encode("utf-16-le"), "no iCalendar file"),
        (b"BEGIN:VCALENDAR\r\nnonsense\r\nEND:VCALENDAR", "damaged"),
        (b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "no events"),
        (b"BEGIN:VCALENDAR" + b"x" * day_files.MOST_BYTES, "larger than 1 MB"),
        (ics(*["DTSTART;VALUE=DATE:20261224"] * 2001), "more than 2,000"),
        (ics(*["DTSTART;VALUE=DATE:20261224|RRULE:FREQ=YEARLY"] * 201), "that repeat"),
        (ics(*["DTSTART;VALUE=DATE:19000101|RRULE:FREQ=YEARLY;COUNT=9999;BYDAY=MO"] * 200), "since long ago"),
    ],
    ids=range(10),
)
def test_a_file_that_is_no_calendar_is_refused_in_a_sentence(data: bytes, said: str) -> None:
    with pytest.raises(day_files.Unreadable, match=said):
        day_files.read(data, TODAY)


def test_the_library_knows_countries_and_their_parts() -> None:
    bavaria = {each.day: each.name for each in day_library.days("de", "by", [2026])}
    assert bavaria[date(2026, 1, 6)] == "Epiphany", "in English, and of Bavaria alone"
    assert date(2026, 1, 6) not in {each.day for each in day_library.days("DE", "", [2026])}
    for country, part, field, said in (
        ("XX", "", "country", "list"),
        ("DE", "ZZ", "part", "BE"),
        ("JP", "X", "part", "empty"),
    ):
        with pytest.raises(day_library.Unknown, match=said) as caught:
            day_library.days(country, part, [2026])
        assert caught.value.field == field
    assert day_library.years_typed("2026 – 2027, 2030") == (2026, 2027, 2030)
    for text in ("", "26", "2027-2026", "2000-2100", "1999", "next year"):
        with pytest.raises(day_library.Unknown):
            day_library.years_typed(text)
    assert one_a_day([DayOff(EVE.day, "B"), DayOff(EVE.day, "A")]) == (DayOff(EVE.day, "A; B"),)


def test_a_name_from_outside_is_made_fit(session: Session, cast: Cast) -> None:
    dirty = ics(f"DTSTART;VALUE=DATE:20261224|SUMMARY:Two\\nlines\x07{'x' * 300}")
    (read,) = day_files.read(dirty, TODAY).days
    assert read.name.startswith("Two lines x")
    assert len(read.name) == 200
    assert day_files.source("C:\\temp\\team\u202e.ics") == "ical:team .ics"
    assert len(day_files.source("x" * 400)) == 200
    propose(session, cast.lead, read, source=day_files.source("x" * 400))
    assert waiting(session)
