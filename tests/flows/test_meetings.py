"""The consultation's meeting through both people's pages: offered, chosen, moved, missed, noted, confirmed; and what
calendars are told on the way, read by two programs."""

import base64
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from html import unescape
from typing import Any

import pytest
import vobject
from at_once import at_once
from factories import CLOCK, DECLINE, MONDAY, Cast, a_case, a_cast, a_request, act, move
from flask import Flask
from icalendar import Calendar
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from webclient import Browser, Page, inspect

from request_tracker.actions import meetings as meeting
from request_tracker.actions import meetings_due, undo
from request_tracker.actions.meetings import Plan
from request_tracker.mail.deliver import Outgoing, build
from request_tracker.rules.people import SYSTEM, Viewer
from request_tracker.rules.process import Refused
from request_tracker.settings import Settings
from request_tracker.store import clocks, evidence
from request_tracker.store import meetings as kept
from request_tracker.store.cases import Case
from request_tracker.store.holds import open_holds
from request_tracker.store.jobs import Job
from request_tracker.store.letters import Letter
from request_tracker.store.meetings import Meeting
from request_tracker.store.people import Person
from request_tracker.store.session import Database
from request_tracker.work import post

TUESDAY, THURSDAY = datetime(2026, 11, 10, 14, 0, tzinfo=UTC), datetime(2026, 11, 12, 15, 30, tzinfo=UTC)
CALL = "https://call.example/acme"
PLAN = Plan(minutes=45, place=CALL)


class Side:
    """One person at their page of the case."""

    def __init__(self, app: Flask, who: Viewer, page: str) -> None:
        self.browser, self.page = Browser(app).sign_in(who), page

    def look(self) -> str:
        return self.browser.get(self.page).text

    def send(self, path: str, status: int = 303, **fields: Any) -> Page:
        """Post what the forms of the page hold, and these fields."""
        client = self.browser.client
        held = dict(re.findall(r'name="(version|seen|turn|csrf_token)" value="([^"]+)"', client.get(self.page).text))
        answer = client.post(f"{self.page}/{path}", data={**held, **fields})
        assert answer.status_code == status, answer.text[:3000]
        return Page(answer.status_code, answer.text, answer.headers)


class Scene:
    """A case in consultation: the specialist in Berlin, the requester in New York."""

    def __init__(self, app: Flask, session: Session, cast: Cast, settings: Settings) -> None:
        self.app, self.session, self.cast, self.settings = app, session, cast, settings
        for who, zone in ((cast.specialist, "Europe/Berlin"), (cast.ada, "America/New_York")):
            session.get_one(Person, who.id).zone = zone
        self.case = a_case(session, cast, phase="consultation")
        session.commit()
        self.staff = Side(app, cast.specialist, f"/cases/{self.case.number}")
        self.ada = Side(app, cast.ada, f"/requests/REQ-{self.case.primary_request_id:06d}")

    @property
    def meeting(self) -> Meeting:
        self.session.expire_all()
        return kept.of_case(self.session, self.case.id)[0]

    def at(self, now: datetime) -> None:
        CLOCK["now"] = now

    def step(self, name: str, status: int = 303, **fields: Any) -> Page:
        return self.staff.send(f"meetings/{self.meeting.id}/{name}", status, **fields)

    def offer(self, *times: str, **fields: Any) -> Page:
        named = {f"at{number}": text for number, text in enumerate(times, start=1)}
        return self.staff.send("meetings", **{"minutes": "45", "place": CALL, **named, **fields})

    def letters(self, notice: str) -> dict[str, Letter]:
        """The letters of a notice by now, the newest of each person."""
        waiting = select(Job).where(Job.kind == "notify", Job.state == "ready", Job.run_at <= CLOCK["now"])
        for job in self.session.scalars(waiting.order_by(Job.id)).all():
            post.notify(self.session, job.args, job.event_id, act(SYSTEM, CLOCK["now"]), self.settings)
            job.state = "done"
        self.session.commit()
        rows = self.session.scalars(select(Letter).where(Letter.notice == notice).order_by(Letter.id))
        return {row.to_address.partition("@")[0]: row for row in rows}


@pytest.fixture
def scene(app: Flask, session: Session, cast: Cast, settings: Settings) -> Scene:
    return Scene(app, session, cast, settings)


def shown(text: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


def event_of(letter: Letter) -> Any:
    """The invitation of a letter as mail programs get it: a calendar part of the letter, and a file beside it."""
    message = build(
        Outgoing(letter.to_address, letter.subject, letter.text, letter.html, letter.message_id, MONDAY,
                 letter.headers, letter.attachments),
        "By Request <by-request@example.org>",
    )  # fmt: skip
    parts = {part.get_content_type(): part for part in message.walk()}
    part, file = parts["text/calendar"], parts["application/ics"]
    assert [each.get_content_type() for each in parts["multipart/alternative"].iter_parts()] == [
        "text/plain", "text/html", "text/calendar",
    ]  # fmt: skip
    raw = part.get_content().replace("\r\n", "\n").replace("\n", "\r\n")
    assert file.get_content() == base64.b64decode(letter.attachments[0]["content"])
    calendar = Calendar.from_ical(file.get_content())
    assert part.get_param("method") == calendar["method"]
    assert calendar.to_ical() == Calendar.from_ical(raw).to_ical()
    (event,) = calendar.walk("VEVENT")
    assert event.errors == []
    other = vobject.readOne(file.get_content().decode()).vevent
    assert (other.uid.value, int(other.sequence.value)) == (event["uid"], event["sequence"])
    assert (other.dtstart.value, other.dtend.value) == (event.start, event.end)
    assert other.summary.value == event["summary"]
    assert {each.value for each in other.attendee_list} == set(event["attendee"])
    assert max(len(line) for line in file.get_content().split(b"\r\n")) <= 75, "long lines are folded"
    return event


def test_from_the_offer_to_the_confirmed_minutes(scene: Scene) -> None:
    """The whole walk, both sides, with every letter."""
    page = scene.staff.look()
    assert 'value="2026-11-04T15:30"' in page, "good times are suggested"
    assert "09:30 EST for Ada" in shown(page)
    draft = scene.offer("2026-11-10T15:00", do="show", status=200)
    assert "09:00 EST for Ada" in shown(draft.text)
    assert kept.of_case(scene.session, scene.case.id) == [], "showing stores nothing"

    scene.offer("2026-11-10T15:00", "", "2026-11-12T16:30")
    clock = clocks.latest(scene.session, scene.case.id, "consult_offer")
    assert clock is not None
    assert (clock.state, clock.verdict) == ("stopped", "met")
    text = scene.letters("slots")["ada"].text
    assert "- Tuesday 10 November 2026, 09:00 EST (15:00 CET)" in text
    assert f"/requests/REQ-{scene.case.primary_request_id:06d}#times" in text
    assert "Choose a meeting time" in shown(scene.ada.browser.get("/requests").text)
    page = scene.ada.look()
    assert 'id="times"' in page
    assert "Tue 10 Nov 2026, 09:00 EST (15:00 CET for Specialist)" in shown(page)

    scene.ada.send("meeting/choice", at=TUESDAY.isoformat())
    booked = scene.letters("meeting_booked")
    assert set(booked) == {"ada", "specialist"}
    first, theirs = event_of(booked["ada"]), event_of(booked["specialist"])
    assert (first["uid"], first["sequence"], first["status"]) == (scene.meeting.uid, 0, "CONFIRMED")
    assert (first.start, first.end) == (TUESDAY, TUESDAY + timedelta(minutes=45))
    assert str(first["location"]) == CALL
    assert str(first["organizer"]) == f"mailto:{parseaddr(scene.settings.mail_from)[1]}"
    assert {str(each) for each in first["attendee"]} == {
        "mailto:ada@northwind.example",
        "mailto:specialist@program.example",
    }
    for each in first["attendee"]:
        said = [each.params[name] for name in ("partstat", "role", "rsvp")]
        assert said == ["ACCEPTED", "REQ-PARTICIPANT", "FALSE"]
    assert "/requests/REQ-" in str(first["url"])
    assert str(theirs["url"]).endswith(f"/cases/{scene.case.number}#consultation")
    assert (theirs["uid"], theirs.start) == (first["uid"], first.start)
    assert "Tue 10 Nov 2026, 09:00 EST" in shown(scene.ada.look())

    scene.step("move", at="2026-11-12T16:30", minutes="60", place="+49 30 1234", words="A clash here.")
    letter = scene.letters("meeting_moved")["ada"]
    moved = event_of(letter)
    assert (moved["uid"], moved["sequence"], moved.start) == (first["uid"], 1, THURSDAY)
    assert moved.end - moved.start == timedelta(minutes=60)
    assert "It was planned for Tuesday 10 November 2026, 09:00 EST (15:00 CET)." in letter.text
    assert "> A clash here." in letter.text

    scene.at(THURSDAY - timedelta(hours=23))
    assert meetings_due.remind(scene.session, act(SYSTEM, CLOCK["now"])) == 1
    assert meetings_due.remind(scene.session, act(SYSTEM, CLOCK["now"])) == 0
    assert set(scene.letters("meeting_tomorrow")) == {"ada", "specialist"}
    assert letter.attachments, "an invitation is kept with its letter, to be sent again as it was"

    scene.at(THURSDAY + timedelta(hours=2))
    assert "Nobody came" in scene.staff.look()
    notes = {"access": "By the card, next week.", "shown": "Invoices, live.", "use_cases": "Revenue by month."}
    refused = scene.staff.send("minutes", 422, **notes, data=" ")
    assert "Revenue by month." in refused.text, "what was typed is kept"
    scene.staff.send("minutes", **notes, data="Invoices and payments.")
    assert scene.meeting.state == "held"
    standing = evidence.standing(scene.session, scene.case.id)
    assert standing["service_demonstrated"].note == "Invoices, live.\nAccess: By the card, next week."
    assert "Data requirements recorded: Invoices and payments." in scene.letters("minutes")["ada"].text

    page = scene.ada.send("minutes/objection", 422, words="Refunds are missing.")
    assert "Tick what is not right" in page.text
    assert "Refunds are missing." in page.text
    inspect(page.text)
    scene.ada.send("minutes/objection", words="Refunds are missing.", parts="data_requirements_recorded")
    assert set(evidence.standing(scene.session, scene.case.id)) >= {"service_demonstrated", "use_cases_recorded"}
    assert "data_requirements_recorded" not in evidence.standing(scene.session, scene.case.id)
    assert "> Refunds are missing." in scene.letters("minutes_wrong")["specialist"].text
    assert "Confirm the minutes" not in shown(scene.ada.look())
    page = scene.staff.look()
    assert "Ada says that the minutes are not right" in shown(page)
    assert "By the card, next week." in page, "what stands is there to be corrected"

    before = len(scene.session.scalars(select(Letter.id).where(Letter.notice == "minutes")).all())
    scene.staff.send("minutes", **notes, data="Invoices, payments and refunds.")
    scene.letters("minutes")
    after = len(scene.session.scalars(select(Letter.id).where(Letter.notice == "minutes")).all())
    assert after == before + 1, "one letter, however many records"
    scene.ada.browser.post(f"{scene.ada.page}/evidence/minutes_confirmed", {"note": ""}, on=scene.ada.page)
    assert "minutes_confirmed" in evidence.standing(scene.session, scene.case.id)
    assert "minutes are not right" not in shown(scene.staff.look()).partition("What happened")[0]


def test_nobody_is_reminded_of_what_has_begun_though_the_worker_was_off(scene: Scene) -> None:
    scene.offer("2026-11-10T15:00")
    scene.ada.send("meeting/choice", at=TUESDAY.isoformat())
    assert meetings_due.remind(scene.session, act(SYSTEM, TUESDAY - timedelta(hours=1))) == 1
    scene.at(TUESDAY)
    assert scene.letters("meeting_tomorrow") == {}


def test_times_that_have_passed_are_asked_of_nobody(scene: Scene) -> None:
    scene.offer("2026-11-10T15:00")
    home = scene.ada.browser.get("/requests").text
    assert "Choose a meeting time" in home
    scene.at(TUESDAY)
    assert "Choose a meeting time" not in scene.ada.browser.get("/requests").text
    page = scene.ada.look()
    inspect(page)
    assert "Choose a meeting time" not in page
    assert "The times we offered have passed" in page
    staff = scene.staff.look()
    assert "All of them have passed: offer new ones." in staff
    assert "is asked to choose one" not in staff


@pytest.mark.deep
def test_none_fits_then_the_requester_moves_and_cancels(scene: Scene) -> None:
    scene.offer("2026-11-10T15:00")
    page = scene.ada.send("meeting/proposal", 422, at1="2026-11-01T01:30", words="")
    assert "01:30 on 1 November 2026 comes twice in America/New_York" in page.text
    assert "Choose a time in the future" in scene.ada.send("meeting/proposal", 422, at3="2026-11-01T08:30").text
    page = scene.ada.send("meeting/proposal", 422, at2="2027-03-14T02:30")
    assert "There is no 02:30 on 14 March 2027 in America/New_York" in page.text
    assert 'value="2027-03-14T02:30"' in page.text, "what was typed is kept"
    inspect(page.text)
    scene.ada.send("meeting/proposal", at1="2026-11-12T10:30", words="Any day but <b>Friday</b>.")
    assert "Choose a meeting time" not in shown(scene.ada.browser.get("/requests").text)
    letter = scene.letters("meeting_asked")["specialist"]
    assert "- Thursday 12 November 2026, 16:30 CET (10:30 EST)" in letter.text
    page = scene.staff.look()
    assert "Any day but &lt;b&gt;Friday&lt;/b&gt;." in page
    assert "Thu 12 Nov 2026, 16:30 CET (10:30 EST)" in shown(page)
    scene.step("book", exact=THURSDAY.isoformat())
    uid = event_of(scene.letters("meeting_booked")["ada"])["uid"]
    attendees = event_of(scene.letters("meeting_booked")["ada"])["attendee"]
    assert {each.params["partstat"] for each in attendees} == {"ACCEPTED", "NEEDS-ACTION"}, "Ada did not choose it"

    scene.ada.send("meeting/proposal", words="I am on a train then: may we talk on Friday?")
    assert "I am on a train then" in scene.staff.look()
    assert scene.meeting.starts_at == THURSDAY, "it stands until staff move it"
    scene.ada.send("meeting/cancellation", words="It is over with the train.")
    cancelled = scene.letters("meeting_cancelled")
    assert set(cancelled) == {"ada", "specialist"}
    event = event_of(cancelled["specialist"])
    assert (event["uid"], event["sequence"], event["status"]) == (uid, 1, "CANCELLED")
    assert "METHOD:CANCEL" in base64.b64decode(cancelled["ada"].attachments[0]["content"]).decode()
    scene.ada.send("meeting/cancellation", 422)  # a second press: nothing is left to cancel
    scene.offer("2026-11-20T15:00")
    scene.ada.send("meeting/choice", at="2026-11-20T14:00:00+00:00")
    assert event_of(scene.letters("meeting_booked")["ada"])["uid"] != uid, "a new meeting is a new entry"


@pytest.mark.deep
def test_two_no_shows_suggest_to_wait_and_the_answer_ends_the_wait(scene: Scene) -> None:
    for day in (10, 11):
        scene.at(datetime(2026, 11, day - 1, 9, tzinfo=UTC))
        scene.offer(f"2026-11-{day}T15:00")
        scene.ada.send("meeting/choice", at=f"2026-11-{day}T14:00:00+00:00")
        assert "has not come yet" in scene.step("no_show", 409).text
        scene.at(datetime(2026, 11, day, 15, tzinfo=UTC))
        assert "The time of this meeting has come" in scene.ada.send("meeting/cancellation", 409).text
        scene.step("no_show")
    page = scene.staff.look()
    assert "Nobody came 2 times" in page
    scene.staff.send("holds", reason="reschedule?", question="When?", status=422)
    scene.staff.send("holds", reason="requester_reschedule", question="When can you show us the service?")
    assert [row.reason for row in open_holds(scene.session, scene.case.id)] == ["requester_reschedule"]
    assert "When can you show us the service?" in scene.ada.look()
    scene.offer("2026-11-20T15:00")
    scene.ada.send("meeting/choice", at="2026-11-20T14:00:00+00:00")
    scene.session.expire_all()
    assert open_holds(scene.session, scene.case.id) == [], "the requester's own act ends the wait"


@pytest.mark.deep
def test_who_looked_at_an_older_state_is_told_and_loses_nothing(scene: Scene) -> None:
    scene.offer("2026-11-10T15:00", "2026-11-12T16:30")
    turn = scene.meeting.turn
    scene.ada.send("meeting/choice", at=TUESDAY.isoformat())
    page = scene.offer("2026-11-13T15:00", status=409, place="Room 7")
    assert "A meeting is booked already" in page.text
    page = scene.step("move", 409, at="2026-11-13T15:00", minutes="45", place="Room <7>", turn=str(turn))
    assert "This meeting changed while you looked at it" in page.text
    assert "Room &lt;7&gt;" in page.text
    inspect(page.text)
    assert "A meeting is booked already" in scene.ada.send("meeting/choice", 409, at=THURSDAY.isoformat()).text
    scene.step("move", 422, at="2026-10-25T02:30", minutes="45", place=CALL)
    scene.step("move", 422, at="2026-11-10T15:00", minutes="45", place=CALL)  # nothing is changed by it
    scene.step("dance", 404)
    assert scene.meeting.sequence == 0


def test_a_case_that_goes_elsewhere_takes_its_meeting_along_after_the_undo_window(scene: Scene) -> None:
    session, cast, case = scene.session, scene.cast, scene.case
    scene.offer("2026-11-10T15:00")
    scene.ada.send("meeting/choice", at=TUESDAY.isoformat())
    session.expire_all()
    move(session, case, "decline_late", cast.lead, **DECLINE, findings="No API.")
    assert meetings_due.end_stranded(session, act(SYSTEM)) == 0, "it may be undone yet"
    undo.undo(session, case, version=case.version, act=act(cast.lead))
    window = timedelta(seconds=600)
    assert meetings_due.end_stranded(session, act(SYSTEM, MONDAY + window)) == 0, "it was undone"
    move(session, case, "rescope", cast.specialist, now=MONDAY + window, reason="Another product is meant.")
    session.commit()
    scene.at(MONDAY + window * 2)
    assert meetings_due.end_stranded(session, act(SYSTEM, CLOCK["now"])) == 1
    assert meetings_due.end_stranded(session, act(SYSTEM, CLOCK["now"])) == 0
    event = event_of(scene.letters("meeting_cancelled")["ada"])
    assert (event["status"], event["sequence"]) == ("CANCELLED", 1)
    assert "meeting" not in shown(scene.staff.look()).partition("What happened")[0].lower() or scene.meeting.ended_at


def test_others_neither_read_nor_change_the_meeting(scene: Scene) -> None:
    session, cast = scene.session, scene.cast
    theirs = a_request(session, cast.cleo, join=scene.case.number)
    same = a_request(session, cast.ben, join=scene.case.number)
    session.commit()
    scene.offer("2026-11-10T15:00")
    cleo = Side(scene.app, cast.cleo, f"/requests/{theirs.number}")
    assert CALL not in cleo.look()
    cleo.send("meeting/choice", 422, at=TUESDAY.isoformat())
    ben = Side(scene.app, cast.ben, f"/requests/{same.number}")
    assert CALL in ben.look(), "the account reads it"
    ben.send("meeting/choice", 403, at=TUESDAY.isoformat())
    scene.ada.send("meeting/choice", at=TUESDAY.isoformat())
    cleo.browser.get(f"{cleo.page}/meeting.ics", status=404)
    Browser(scene.app).sign_in(cast.engineer).post(f"/cases/{scene.case.number}/meetings", {}, status=403)
    file = scene.ada.browser.get(f"{scene.ada.page}/meeting.ics")
    assert file.headers["Content-Type"].startswith("text/calendar")
    assert "METHOD:PUBLISH" in file.text
    assert "ATTENDEE" not in file.text
    assert f"UID:{scene.meeting.uid}" in file.text
    hostile = "x\r\nATTENDEE:mailto:evil@example.org"
    scene.step("move", at="2026-11-10T15:00", minutes="45", place=hostile)
    event = event_of(scene.letters("meeting_moved")["ada"])
    assert len(event["attendee"]) == 2
    assert str(event["location"]) == "x ATTENDEE:mailto:evil@example.org"


def test_the_api_says_and_does_the_same(app: Flask, session: Session, cast: Cast, scene: Scene) -> None:
    from request_tracker.store import tokens

    def call(who: Viewer, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        token = tokens.issue(session, who.id or 0, "all", CLOCK["now"])
        session.commit()
        answer = app.test_client().open(
            f"/api/v1/cases/{scene.case.number}/{path}", method=method, json=body,
            headers={"Authorization": f"Bearer {token}"},
        )  # fmt: skip
        assert answer.status_code == status, answer.get_data(as_text=True)
        return answer.get_json()

    offer = {"times": ["2026-11-10T15:00:00+01:00"], "place": CALL, "minutes": 45}
    assert call(cast.specialist, "POST", "meetings", {**offer, "times": ["2026-11-10T15:00:00"]}, 422)
    past = call(cast.specialist, "POST", "meetings", {**offer, "times": [*offer["times"], "2026-11-01T15:00:00Z"]}, 422)
    assert [each["field"] for each in past["errors"]] == ["times.1"]
    (made,) = call(cast.specialist, "POST", "meetings", offer, 201)["items"]
    assert made["offered"] == ["2026-11-10T14:00:00+00:00"]
    path = f"meetings/{made['id']}"
    (seen,) = call(cast.ada, "GET", "meetings")["items"]
    assert seen["steps"] == ["propose", "book"]
    gone = call(cast.ada, "POST", f"{path}/book", {"at": "2026-11-10T14:30:00Z"}, 409)
    assert "not offered any more" in gone["blockers"][0]["reason"]
    (booked,) = call(cast.ada, "POST", f"{path}/book", {"at": "2026-11-10T14:00:00Z"})["items"]
    assert (booked["state"], booked["sequence"], booked["steps"]) == ("booked", 0, ["propose", "cancel"])
    call(cast.ada, "POST", f"{path}/move", {"at": "2026-11-11T14:00:00Z"}, 403)
    stale = call(cast.specialist, "POST", f"{path}/move", {"at": "2026-11-11T14:00:00Z", "turn": made["turn"]}, 409)
    assert "changed while you looked" in stale["blockers"][0]["reason"]
    (moved,) = call(cast.specialist, "POST", f"{path}/move", {"at": "2026-11-11T14:00:00Z"})["items"]
    assert (moved["uid"], moved["sequence"]) == (made["uid"], 1)
    call(cast.specialist, "POST", f"{path}/dance", {}, 422)
    call(cast.specialist, "POST", "meetings/99999/cancel", {}, 404)
    (over,) = call(cast.specialist, "POST", f"{path}/cancel", {"words": "Not needed"})["items"]
    assert (over["state"], over["sequence"], over["steps"]) == ("cancelled", 2, ["offer"])


@pytest.mark.deep
def test_of_two_at_once_one_books_and_the_other_is_told(own: Database) -> None:
    """Two people take the two offered times of one meeting; and two cases the same hour of one host."""
    with own.transaction() as session:
        cast = a_cast(session)
        first = a_case(session, cast, phase="consultation")
        second = a_case(session, cast, phase="consultation", service_name="Bolt CRM", service_url="https://bolt.example/",
                        api_docs_url="https://docs.bolt.example/")  # fmt: skip
        ids = [
            meeting.offer(session, case, act(cast.specialist), [TUESDAY, THURSDAY], PLAN).id for case in (first, second)
        ]

    told: list[str] = []

    def booking(meeting_id: int, who: Viewer, at: datetime) -> Callable[[], None]:
        def deed() -> None:
            try:
                with own.transaction() as session:
                    found = session.get_one(Meeting, meeting_id)
                    (case,) = kept_locked(session, found.case_id)
                    session.refresh(found)
                    meeting.book(session, case, found, act(who), Plan(at=at))
            except (Refused, IntegrityError) as fault:
                told.append(str(fault))

        return deed

    at_once(booking(ids[0], cast.ada, TUESDAY), booking(ids[0], cast.specialist, THURSDAY))
    assert len(told) == 1
    assert "A meeting is booked already" in told[0]
    with own.reading() as session:
        at = session.get_one(Meeting, ids[0]).starts_at
    assert at in (TUESDAY, THURSDAY)
    told.clear()
    at_once(booking(ids[1], cast.ada, at), booking(ids[1], cast.specialist, at))
    assert len(told) == 2, "the host meets the other case then"
    assert all("taken by another meeting" in each for each in told)
    with own.transaction() as session:
        states = session.execute(select(Meeting.state, func.count()).group_by(Meeting.state).order_by(Meeting.state))
        assert [tuple(row) for row in states] == [("booked", 1), ("offered", 1)]


def kept_locked(session: Session, case_id: int) -> list[Case]:
    from request_tracker.store import cases

    return cases.locked(session, case_id)
