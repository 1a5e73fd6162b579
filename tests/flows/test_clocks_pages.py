"""Clocks as people meet them: explained to staff and to the requester, changed by a lead, looked at by night."""

import re
from datetime import date, timedelta

import pytest
from factories import CLOCK, CONSULTED, MONDAY, Cast, a_case, a_request, act, case_of, later, move, put
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from webclient import Browser, Page

from request_tracker.actions import hold, recount, undo
from request_tracker.fivetran.client import Fivetran
from request_tracker.rules.people import Viewer
from request_tracker.rules.sla import EventKind
from request_tracker.settings import Settings
from request_tracker.store import clocks, tokens
from request_tracker.store.cases import Case
from request_tracker.store.clocks import CalendarVersion, Clock
from request_tracker.store.holidays import CONFIRMED, Holiday
from request_tracker.store.letters import Letter
from request_tracker.store.requests import request_number
from request_tracker.work import schedule
from request_tracker.work.context import Context
from request_tracker.work.worker import Worker

DAY = timedelta(days=1)


def context_of(app: Flask, settings: Settings) -> Context:
    wired = app.extensions["request_tracker"]

    def no_network() -> Fivetran:
        raise AssertionError("nobody calls Fivetran here")

    return Context(wired.database, settings, wired.now, no_network)


def bearer(app: Flask, session: Session, who: Viewer) -> dict[str, str]:
    secret = tokens.issue(session, who.id or 0, "all", CLOCK["now"])
    session.commit()
    return {"Authorization": f"Bearer {secret}"}


def seen_in(page: Page) -> str:
    return re.findall(r'name="seen" value="([^"]+)"', page.text)[0]


def plain(text: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


@pytest.fixture
def held(session: Session, cast: Cast) -> Case:
    """A case that waited from Tuesday to Thursday, with a day off in its span."""
    version = clocks.newest_calendar(session)
    off = date(2026, 11, 11)
    body = {**version.body, "holidays": [off.isoformat()]}
    session.add(CalendarVersion(body=body, created_at=MONDAY))
    session.add(
        Holiday(
            day=off, name="Veterans Day", source="holidays:US", state=CONFIRMED, proposed_at=MONDAY, decided_at=MONDAY
        )
    )
    session.flush()
    case = a_case(session, cast, phase="validation")
    hold.put_on(session, case, act(cast.specialist, MONDAY + DAY), reason="requester_info", question="Which plan?")
    (row,) = hold.holds.open_holds(session, case.id)
    hold.answer(session, case, row, act(cast.ada, MONDAY + 3 * DAY), body="The big one")
    session.commit()
    return case


def test_staff_and_requester_read_the_same_sum_each_as_far_as_they_may(
    app: Flask, session: Session, cast: Cast, held: Case
) -> None:
    """Ada leads the case; Cleo of another account supports it and reads dates, but not why it stood still."""
    theirs = a_request(session, cast.cleo, join=held.number, now=MONDAY + 4 * DAY)
    session.commit()
    CLOCK["now"], mine = MONDAY + 4 * DAY, request_number(held.primary_request_id or 0)
    due = "Due Thu 19 Nov 2026 09:00 (UTC)."
    pages = {
        cast.specialist: f"/cases/{held.number}/clocks",
        cast.ada: f"/requests/{mine}/promise",
        cast.cleo: f"/requests/{theirs.number}/promise",
    }
    read = {who.name: plain(Browser(app).sign_in(who).get(path).text) for who, path in pages.items()}
    waits = {"Specialist": " (an answer from the requester)", "Ada": " (an answer from you)", "Cleo": " (a wait)"}
    for name, text in read.items():
        sum_ = (
            f"Ran 1 working day + stood still 2 working days{waits[name]} + ran 1 working day = elapsed 2 working days"
        )
        assert f"{sum_} of 10 working days. {due}" in text, name
        assert "Wed 11 Nov 2026 (Veterans Day)" in text
        assert "Monday to Friday all day" in text
    assert "Ada" in read["Specialist"]
    assert "Question answered" in read["Ada"]
    assert "an answer" not in read["Cleo"]
    assert "Question" not in read["Cleo"]
    Browser(app).sign_in(cast.cleo).get(f"/requests/{mine}/promise", status=404)
    assert f"/requests/{mine}/promise" in Browser(app).sign_in(cast.ada).get(f"/requests/{mine}").text


def test_the_last_decision_names_the_calendar(app: Flask, session: Session, cast: Cast) -> None:
    """The worker was off: the change of Tuesday ten o'clock waits for that of nine."""
    case = a_case(session, cast)
    (row,), utc = clocks.of_case(session, case.id), clocks.newest_calendar(session)
    versions = [CalendarVersion(body={**utc.body, "zone": zone}, created_at=MONDAY) for zone in ("Asia/Tokyo", "Iran")]
    session.add_all(versions)
    session.flush()
    lead = act(cast.lead, MONDAY + DAY)
    late = recount.decide(session, recount.Wish(EventKind.RECALENDAR, calendar_id=versions[0].id), lead, reason="a")
    one = recount.Wish(EventKind.RECALENDAR, clock_id=row.id, calendar_id=versions[1].id)
    last = recount.decide(session, one, later(lead, hours=1), reason="b")
    for row in (late, last):
        recount.piece(session, row.id, MONDAY + 2 * DAY, lead.program)
        assert row.applied == 1
    CLOCK["now"] = MONDAY + 2 * DAY
    answer = app.test_client().get(f"/api/v1/cases/{case.number}/clocks", headers=bearer(app, session, cast.lead))
    assert answer.get_json()["clocks"][0]["calendar"]["zone"] == "Iran"
    assert "Working time now in Iran" in plain(Browser(app).sign_in(cast.lead).get(f"/cases/{case.number}/clocks").text)


def test_the_api_tells_who_and_why_and_sums_up(app: Flask, session: Session, cast: Cast, held: Case) -> None:
    a_request(session, cast.cleo, join=held.number, now=MONDAY + 4 * DAY)
    CLOCK["now"] = MONDAY + 4 * DAY
    answers = {}
    for who in (cast.specialist, cast.ada, cast.cleo):
        answer = app.test_client().get(f"/api/v1/cases/{held.number}/clocks", headers=bearer(app, session, who))
        (answers[who.name],) = answer.get_json()["clocks"]
    for row in answers.values():
        assert sum(each["working_s"] for each in row["segments"] if each["kind"] == "running") == 2 * 86400
        assert row["elapsed_s"] == 2 * 86400, "as of now, as all the rest"
        assert [each["kind"] for each in row["segments"]] == ["running", "paused", "running"]
    staff, ada, cleo = (answers[name]["events"] for name in ("Specialist", "Ada", "Cleo"))
    assert [event["by"] for event in staff] == ["Ada", "Specialist", "Ada"]
    assert [event["reason"] for event in ada] == ["", "requester_info", "requester_info"]
    assert [event["reason"] for event in cleo] == ["", "a wait", "a wait"]
    assert [event["by"] for event in cleo] == ["another requester", None, None]
    clock = "name cycle state started_at due_at elapsed_s target_s verdict breached_at as_of calendar events arithmetic"
    event = "id kind effective_at recorded_at reason voids target_s calendar"
    assert set(clock.split()) <= answers["Ada"].keys()
    assert set(event.split()) <= ada[0].keys()


def test_what_was_taken_back_says_why(app: Flask, session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="consultation")
    undo.undo(session, case, version=case.version, act=act(cast.specialist, MONDAY + timedelta(minutes=1)))
    session.commit()
    CLOCK["now"] = MONDAY + DAY
    text = plain(Browser(app).sign_in(cast.auditor).get(f"/cases/{case.number}/clocks").text)
    assert re.search(r"Stopped\. Taken back by event \d+: it counts for nothing\.", text)
    assert re.search(r"Event \d+ was taken back\. The last step was undone\.", text)
    assert "Give it another target" not in text


def test_a_lead_sees_a_change_before_making_it_and_the_worker_carries_it_out(
    app: Flask, session: Session, cast: Cast, settings: Settings
) -> None:
    made = [case_of(session, a_request(session, cast.ada, service_name=name)) for name in ("Acme", "Umbrella", "Hooli")]
    session.commit()
    CLOCK["now"] = MONDAY + 4 * DAY
    lead = Browser(app).sign_in(cast.lead)
    assert "Running promises" in lead.get("/admin/clocks").text
    lead.get("/admin/clocks/change?kind=retarget")
    wrong = lead.get("/admin/clocks/change?kind=retarget&name=review&days=many&see=1")
    assert "such as 10 or 2.5" in wrong.text
    path = "/admin/clocks/change?kind=retarget&name=review&days=3&see=1"
    seen = plain(lead.get(path).text)
    assert "Overdue at once 3" in seen
    assert "Due now Due then" in seen
    assert "Mon 16 Nov 2026, 09:00 UTC" in seen
    path = "/admin/clocks/change?kind=retarget&name=review&days=12,5&see=1"
    sent = {"kind": "retarget", "name": "review", "days": "12,5", "reason": "", "seen": seen_in(lead.get(path))}
    refused = lead.post("/admin/clocks/change", sent, on=path, status=422)
    assert "Give the reason" in refused.text
    assert 'value="12,5"' in refused.text
    answer = lead.post("/admin/clocks/change", {**sent, "reason": "A long backlog"}, on=path)
    told = lead.follow(answer)
    assert "Under way" in told.text
    assert "0 of 3" in plain(told.text)
    context = context_of(app, settings)
    Worker(context).drain()
    done = plain(lead.follow(answer).text)
    assert "Changed 3" in done
    assert "make another change" in done
    due = {clocks.latest(session, case.id, "review").due_at for case in made}  # type: ignore[union-attr]
    assert due == {MONDAY + timedelta(days=16, hours=12)}
    letters = session.scalars(select(Letter).where(Letter.notice == "promise_moved").order_by(Letter.id)).all()
    assert len(letters) == 3
    assert "has a new date: Wednesday 18 November 2026, 21:00 UTC" in letters[0].text
    assert "Before, it was Monday 16 November 2026, 09:00 UTC" in letters[0].text
    assert "backlog" not in letters[0].text
    ada = Browser(app).sign_in(cast.ada)
    mine = request_number(made[0].primary_request_id or 0)
    page = ada.get(f"/requests/{mine}").text
    assert "The promised date has moved" in page
    assert "backlog" not in page + ada.get(f"/requests/{mine}/promise").text
    story = plain(lead.get(f"/cases/{made[0].number}/clocks").text)
    assert "“A long backlog”" in story
    for role in (cast.specialist, cast.admin):
        Browser(app).sign_in(role).get(path, status=403)


def test_one_promise_is_changed_from_its_case(app: Flask, session: Session, cast: Cast) -> None:
    case = case_of(session, a_request(session, cast.ada))
    session.add(
        CalendarVersion(body={**clocks.newest_calendar(session).body, "zone": "Asia/Kolkata"}, created_at=MONDAY)
    )
    session.commit()
    CLOCK["now"] = MONDAY + DAY
    lead = Browser(app).sign_in(cast.lead)
    link = re.findall(
        r'href="(/admin/clocks/change\?kind=recalendar[^"]+)"', lead.get(f"/cases/{case.number}/clocks").text
    )[0]
    link = link.replace("&amp;", "&")
    assert "Review of the request of" in lead.get(link).text
    clock = clocks.of_case(session, case.id)[0]
    newest = clocks.newest_calendar(session).id
    seen = lead.get(f"{link}&calendar={newest}&see=1")
    assert "Mon 16 Nov 2026" in seen.text
    old, sent = seen_in(seen), {"kind": "recalendar", "clock": str(clock.id), "calendar": str(newest)}
    sent["reason"] = "They live there"
    session.add(CalendarVersion(body=clocks.newest_calendar(session).body, created_at=MONDAY))
    session.commit()
    anew = lead.post("/admin/clocks/change", {**sent, "seen": old}, on=link, status=409)
    assert "Something changed after you looked at this" in anew.text
    assert "They live there" in anew.text
    sent["seen"] = seen_in(anew)
    assert sent["seen"] != old
    done = lead.post("/admin/clocks/change", sent, on=link)
    assert "The promise is changed" in lead.follow(done).text
    assert lead.post("/admin/clocks/change", sent, on=link).location == done.location, "pressed twice"
    lead.post("/admin/clocks/change", {**sent, "reason": "Another"}, on=link, status=409)
    again = lead.get(f"{link}&calendar={newest}&see=1")
    assert "has that calendar already" in plain(again.text)
    lead.get("/admin/clocks/change?kind=retarget&clock=9999", status=404)
    lead.get("/admin/clocks/change?kind=nothing", status=404)


def test_the_api_looks_and_changes_the_same_way(app: Flask, session: Session, cast: Cast) -> None:
    case = case_of(session, a_request(session, cast.ada))
    clock = clocks.of_case(session, case.id)[0]
    headers, client = bearer(app, session, cast.lead), app.test_client()
    CLOCK["now"] = MONDAY + DAY
    wish = {"kind": "retarget", "clock_id": clock.id, "target_days": 12}
    seen = client.get("/api/v1/clock-changes/preview", query_string=wish, headers=headers).get_json()
    assert (seen["clocks"], seen["later"], seen["items"][0]["due_after"]) == (1, 1, "2026-11-18T09:00:00Z")
    body = {**wish, "reason": "Busy", "seen": "0-0-0"}
    stale = client.post("/api/v1/clock-changes", json=body, headers=headers)
    assert (stale.status_code, stale.get_json()["title"]) == (409, "stale")
    made = client.post("/api/v1/clock-changes", json={**body, "seen": seen["seen"]}, headers=headers)
    assert (made.status_code, made.get_json()["applied"]) == (201, 1)
    same = client.get(f"/api/v1/clock-changes/{made.get_json()['id']}", headers=headers).get_json()
    assert same == made.get_json()
    for body in ({"kind": "retarget", "reason": "x", "target_days": 3}, {"kind": "x", "reason": "x"}):
        answer = client.post("/api/v1/clock-changes", json=body, headers=headers)
        assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    assert client.get("/api/v1/clock-changes/preview?kind=retarget&target_days=x", headers=headers).status_code == 422
    assert client.get("/api/v1/clock-changes/999", headers=headers).status_code == 404


def test_the_night_finds_what_does_not_fit_and_writes_to_admins_and_leads(
    app: Flask, session: Session, cast: Cast, settings: Settings
) -> None:
    case = case_of(session, a_request(session, cast.ada))
    session.execute(update(Clock).where(Clock.case_id == case.id).values(target_s=1.0))
    session.commit()
    CLOCK["now"] = MONDAY + DAY
    context = context_of(app, settings)
    for _ in range(3):
        schedule.ensure_refold(context)
        Worker(context).drain()
    letters = session.scalars(select(Letter).where(Letter.notice == "clocks_differ")).all()
    assert sorted(letter.to_address for letter in letters) == ["admin@program.example", "lead@program.example"]
    assert "found 1 clock whose" in letters[0].text
    text = plain(Browser(app).sign_in(cast.auditor).get("/admin/clocks").text)
    assert "target_s 1.0 864000.0" in text
    assert "Put right" in text


def test_nobody_reads_the_new_date_of_a_promise_that_was_taken_back(
    app: Flask, session: Session, cast: Cast, settings: Settings
) -> None:
    case, second = a_case(session, cast, phase="consultation"), timedelta(seconds=1)
    put(session, case, cast.specialist, *CONSULTED)
    move(session, case, "start_build", cast.specialist, now=MONDAY)
    for name in ("build", "first_sync"):
        clock = clocks.latest(session, case.id, name)
        assert clock is not None, name
        wish = recount.Wish(EventKind.RETARGET, clock_id=clock.id, target_days=60)
        recount.decide(session, wish, act(cast.lead, MONDAY + second), reason="r")
    undo.undo(session, case, version=case.version, act=act(cast.lead, MONDAY + 2 * second))
    session.commit()
    CLOCK["now"] = MONDAY + DAY
    Worker(context_of(app, settings)).drain()
    told = session.scalars(select(Letter.text).where(Letter.notice == "promise_moved")).all()
    assert [re.findall("The promise “(.*?)”", text) for text in told] == [["First sync"]]


@pytest.mark.parametrize("filled", [True, False], ids=["kept", "from before migration 0019"])
def test_the_case_tells_its_clocks_as_of_now(app: Flask, session: Session, cast: Cast, filled: bool) -> None:
    """Nothing has happened since Monday; the present of the case is that of its clocks explained."""
    case = a_case(session, cast, phase="consultation")
    a_case(session, cast, service_name="Umbrella")
    if not filled:
        session.execute(update(Clock).values(zero_us=None, calendar_id=None))
    session.commit()
    headers, client = bearer(app, session, cast.specialist), app.test_client()
    for after, elapsed, verdict in ((timedelta(hours=5), 18_000.0, None), (14 * DAY, 864_000.0, "breached")):
        CLOCK["now"] = MONDAY + after
        told = client.get(f"/api/v1/cases/{case.number}", headers=headers).get_json()["clocks"]
        explained = client.get(f"/api/v1/cases/{case.number}/clocks", headers=headers).get_json()["clocks"]
        assert told == [{name: row[name] for name in told[0]} for row in explained]
        running = [row for row in told if row["state"] == "running"]
        assert {row["elapsed_s"] for row in running} == {elapsed}
        assert {row["verdict"] for row in running} == {verdict}
        assert all(row["breached_at"] == (row["due_at"] if verdict else None) for row in running)


def test_a_promise_to_midnight_has_one_date(app: Flask, session: Session, cast: Cast, settings: Settings) -> None:
    """Made on Monday at 00:00 for ten working days: on every page and in every letter due with Friday."""
    case = a_case(session, cast, now=MONDAY - timedelta(hours=9))
    CLOCK["now"] = MONDAY
    session.commit()
    Worker(context_of(app, settings)).drain()
    friday, number = "the end of Friday 13 Nov 2026 (UTC)", request_number(case.primary_request_id or 0)
    ada, staff = Browser(app).sign_in(cast.ada), Browser(app).sign_in(cast.specialist)
    assert f"We answer by {friday}" in plain(ada.get(f"/requests/{number}").text)
    assert f"Due by {friday}." in plain(ada.get(f"/requests/{number}/promise").text)
    assert f"by {friday}" in plain(ada.get("/requests").text)
    assert f"Due {friday} ( 14 Nov 2026, 00:00 UTC )" in plain(staff.get(f"/cases/{case.number}/clocks").text)
    (receipt,) = session.scalars(select(Letter).where(Letter.notice == "receipt")).all()
    assert f"a verdict by {friday}." in receipt.text
    lead = act(cast.lead, MONDAY)
    (row,) = clocks.of_case(session, case.id)
    recount.decide(
        session, recount.Wish(EventKind.RETARGET, clock_id=row.id, target_days=11), lead, reason="More to read"
    )
    session.commit()
    CLOCK["now"] = MONDAY + timedelta(minutes=30)
    Worker(context_of(app, settings)).drain()
    (moved,) = session.scalars(select(Letter).where(Letter.notice == "promise_moved")).all()
    assert "has a new date: the end of Monday 16 Nov 2026 (UTC)." in moved.text
    assert f"Before, it was {friday}." in moved.text


def test_a_day_off_is_told_by_the_calendar_of_then(app: Flask, session: Session, cast: Cast) -> None:
    """Monday to Wednesday counted by a calendar with Tuesday off, then by shorter days that know of Thursday alone."""
    utc = clocks.newest_calendar(session)
    first = CalendarVersion(body={**utc.body, "holidays": ["2026-11-03"]}, created_at=MONDAY)
    hours = [[["09:00", "17:00"]]] * 5 + [[], []]
    other = CalendarVersion(body={**utc.body, "intervals": hours, "holidays": ["2026-11-05"]}, created_at=MONDAY)
    session.add(first)
    session.flush()
    case = a_case(session, cast)
    (row,) = clocks.of_case(session, case.id)
    session.add(other)
    session.flush()
    wish = recount.Wish(EventKind.RECALENDAR, clock_id=row.id, calendar_id=other.id)
    recount.decide(session, wish, act(cast.lead, MONDAY + 2 * DAY), reason="Office hours")
    session.commit()
    CLOCK["now"] = MONDAY + 4 * DAY
    number = request_number(case.primary_request_id or 0)
    page = plain(Browser(app).sign_in(cast.ada).get(f"/requests/{number}/promise").text)
    assert "Days off in between: Tue 3 Nov 2026, Thu 5 Nov 2026." in page
    assert "Ran 24 h + ran 8 h = elapsed 32 h of 240 h." in page
    assert "Told in hours, because a working day had 24 h, then 8 h." in page
    staff = plain(Browser(app).sign_in(cast.specialist).get(f"/cases/{case.number}/clocks").text)
    assert "208 h left of 240 h." in staff
