"""The weekly report on its way to people: queued once, written once, and the same figures on page, API and file."""

import base64
import csv
import html
import io
import json
import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import html5lib
import pytest
from factories import DECLINE, MONDAY, Cast, a_case, a_request, act, case_of, move
from flask import Flask, render_template
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from webclient import Browser

from request_tracker.access.wiring import Wiring
from request_tracker.actions import assign, hold, undo
from request_tracker.actions import report as ensuring
from request_tracker.actions.admit import add_person
from request_tracker.rules.people import SYSTEM
from request_tracker.rules.program import Program
from request_tracker.rules.report import BadWeek, ClockFact, Week, summarise
from request_tracker.rules.report_words import written
from request_tracker.rules.terms import Role
from request_tracker.settings import Settings
from request_tracker.store import tokens
from request_tracker.store.jobs import Job
from request_tracker.store.letters import Letter
from request_tracker.store.people import Person
from request_tracker.store.reports import StoredReport
from request_tracker.work import report_mail

WEEK = "2026-W47"
"""16 to 22 November 2026: the review of a case submitted at MONDAY (the 2nd, 09:00) is due on the 16th at 09:00."""
AFTER = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 23, tzinfo=UTC)
EVIL = '=cmd|"<b>&'


@pytest.fixture
def broken(session: Session, cast: Cast) -> str:
    """One promise broken in the week, one kept; the number of the first."""
    late = a_case(session, cast, phase="validation", service_name=EVIL)
    kept = a_case(session, cast, phase="validation", now=MONDAY + timedelta(days=9))
    move(session, kept, "decline", cast.specialist, now=MONDAY + timedelta(days=15), **DECLINE)
    session.commit()
    return late.number


def _jobs(session: Session, kind: str) -> list[Job]:
    return list(session.scalars(select(Job).where(Job.kind == kind).order_by(Job.id)))


def _queue_report(session: Session, now: datetime = AFTER, zone: str = "UTC") -> int:
    return ensuring.ensure(session, now, Program(zone=zone))


def test_ensured_twice_there_is_one_job(session: Session, cast: Cast) -> None:
    assert _queue_report(session) == 1
    assert _queue_report(session) == 0
    assert _queue_report(session, AFTER + timedelta(days=6)) == 0, "the whole week long"
    (job,) = _jobs(session, "mail_report")
    assert (job.unique_key, job.args) == (f"report:{WEEK}:{cast.lead.id}", {"week": WEEK, "person_id": cast.lead.id})
    assert _queue_report(session, AFTER + timedelta(days=7)) == 1


def test_two_leads_have_two_jobs_and_who_left_has_none(session: Session, cast: Cast) -> None:
    for name in ("second", "gone"):
        more = {"email": f"{name}@program.example", "name": name, "account_id": None, "password": None}
        add_person(session, **more, role=Role.LEAD, now=MONDAY)
    session.scalars(select(Person).where(Person.name == "gone")).one().active = False
    assert _queue_report(session) == 2


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kathmandu"])
def test_nothing_is_queued_before_monday_eight_local(session: Session, cast: Cast, zone: str) -> None:
    eight = datetime(2026, 11, 23, 8, 0, tzinfo=ZoneInfo(zone))
    assert _queue_report(session, (eight - timedelta(seconds=1)).astimezone(UTC), zone) == 0
    assert _queue_report(session, eight.astimezone(UTC), zone) == 1
    assert _jobs(session, "mail_report")[0].args["week"] == WEEK


def _mail(session: Session, cast: Cast, settings: Settings, now: datetime = AFTER) -> bool:
    args = {"week": WEEK, "person_id": cast.lead.id}
    return report_mail.mail_report(session, args, act(SYSTEM, now), settings)


def test_the_letter_is_written_once_whatever_runs_twice(
    session: Session, cast: Cast, settings: Settings, broken: str
) -> None:
    assert _mail(session, cast, settings)
    assert not _mail(session, cast, settings, AFTER + timedelta(hours=1))
    letter = session.scalars(select(Letter)).one()
    assert (letter.unique_key, letter.notice) == (f"report:{WEEK}:{cast.lead.id}", "weekly_report")
    assert letter.subject == f"Weekly report {WEEK}: 50 % of promises kept, 1 overdue"
    assert letter.headers["Auto-Submitted"] == "auto-generated"
    (job,) = _jobs(session, "deliver")
    assert (job.args, job.unique_key) == ({"letter_id": letter.id}, f"deliver:{letter.id}")


def test_the_letter_says_it_in_text_html_and_csv(session: Session, cast: Cast, settings: Settings, broken: str) -> None:
    _mail(session, cast, settings)
    letter = session.scalars(select(Letter)).one()
    assert f"{broken} {EVIL} (Northwind), Review of the request" in letter.text
    assert "Every figure as of Mon 23 Nov 2026 00:00 UTC." in letter.text
    assert f"{settings.base_url}/reports?week={WEEK}" in letter.text
    assert "1 of 2 promises kept (50\N{NO-BREAK SPACE}%)." in letter.text
    for said in ("What changed since", "Newly overdue: 1", "Put right: 0"):
        assert said.lower() in letter.text.lower()
        assert said in letter.html
    (stop,) = re.findall(r"<(http[^>]+)>", letter.headers["List-Unsubscribe"])
    assert stop in letter.text
    assert stop in letter.html
    html5lib.HTMLParser(strict=True).parse(letter.html)
    assert f"{settings.base_url}/cases/{broken}" in letter.html
    assert "<b>" not in letter.html
    assert "<svg" not in letter.html
    (attached,) = letter.attachments
    assert (attached["filename"], attached["media_type"]) == (f"by-request-{WEEK}.csv", "text/csv; charset=utf-8")
    rows = list(csv.DictReader(io.StringIO(base64.b64decode(attached["content"]).decode(), newline="")))
    assert {row["service"] for row in rows if row["section"] == "breach"} == {f"'{EVIL}"}


def test_nobody_who_is_no_lead_gets_the_letter(session: Session, cast: Cast, settings: Settings) -> None:
    session.get_one(Person, cast.lead.id).active = False
    assert not _mail(session, cast, settings)
    assert session.scalar(select(func.count(Letter.id))) == 0


def test_four_files_are_written_and_written_alike(
    session: Session, cast: Cast, settings: Settings, broken: str, tmp_path: Path
) -> None:
    for folder, now in (("one", AFTER), ("two", AFTER + timedelta(weeks=9))):
        report_mail.write(session, WEEK, tmp_path / folder, settings, now)
    names = ["report.csv", "report.html", "report.json", "report.txt"]
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == names
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert _mail(session, cast, settings), "from here on there is a stored one"
    report_mail.write(session, WEEK, tmp_path / "three", settings, AFTER + timedelta(weeks=9))
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "three" / name).read_bytes()
    with pytest.raises(BadWeek):
        report_mail.write(session, "soon", tmp_path, settings, AFTER)


def _at(app: Flask, now: datetime) -> None:
    found: Wiring = app.extensions["request_tracker"]
    app.extensions["request_tracker"] = replace(found, now=lambda: now)


def test_the_page_shows_the_week_that_ended_last(app: Flask, session: Session, cast: Cast, broken: str) -> None:
    _at(app, AFTER)
    browser = Browser(app).sign_in(cast.lead)
    page = browser.get("/reports").text
    assert f"<h1>Weekly report {WEEK}</h1>" in page
    assert f'href="/cases/{broken}"' in page
    assert "as of Mon 23 Nov 2026 00:00 UTC" in page
    assert ">50 %</dd>" in page
    assert "Monday 16 to Sunday 22 November 2026" in page
    assert 'href="/reports?week=2026-W46"' in page
    assert 'rel="next" href="/reports?week=2026-W48"' in page
    now = browser.get("/reports?week=2026-W48").text
    assert "The week is not over yet" in now
    assert 'rel="next"' not in now


def test_an_empty_week_says_what_to_do(app: Flask, cast: Cast) -> None:
    page = Browser(app).sign_in(cast.lead).get("/reports?week=2026-W40").text
    assert "Nothing happened in this week" in page
    assert 'href="/queue"' in page


@pytest.mark.parametrize("week", ["soon", "2026-W54", "2031-W01"])
def test_a_week_that_is_none_is_explained(app: Flask, cast: Cast, week: str) -> None:
    page = Browser(app).sign_in(cast.lead).get(f"/reports?week={week}", status=422).text
    assert "There is no such week" in page
    assert "-W" in page
    assert "Check the address" in page
    assert "changed" not in page


def test_more_late_promises_than_are_shown_lead_to_both_lists(app: Flask) -> None:
    week = Week.parse(WEEK)
    start, end = week.bounds("UTC")
    plain = ClockFact("", "Acme", "review", 1, "running", start, None, None, start, 10.0, 8.0, None, None)
    late = [replace(plain, case=f"LITE-{n:06}", breached_at=start if n < 33 else None) for n in range(73)]
    report = summarise(week, "UTC", end, late, [], [])
    with app.test_request_context():
        page = render_template(
            "reports/_report.html", **written(report, None), week_href=str,
            cases_href=lambda figure, clock: f"/cases/{figure}/{clock}",
        )  # fmt: skip
    said = " ".join(re.sub(r"<[^>]*>", "", page.partition("And 23 more")[2].partition("</p>")[0]).split())
    assert said.startswith(": show all 33")
    links = re.findall(r'href="(/cases/[^"]+)"', page.partition("And 23 more")[2].partition("</p>")[0])
    assert links == ["/cases/overdue/all", "/cases/at_risk/all"]


def test_requesters_are_not_shown_the_report(app: Flask, session: Session, cast: Cast) -> None:
    browser = Browser(app).sign_in(cast.ada)
    browser.get("/reports", status=403)
    browser.get(f"/reports/{WEEK}.csv", status=403)
    secret = tokens.issue(session, cast.ada.id or 0, "all", MONDAY)
    session.commit()
    headers = {"Authorization": f"Bearer {secret}"}
    assert app.test_client().get("/api/v1/reports/weekly", headers=headers).status_code == 403


def test_downloads_are_attachments_with_the_same_figures(
    app: Flask, session: Session, cast: Cast, settings: Settings, broken: str, tmp_path: Path
) -> None:
    _at(app, AFTER)
    report_mail.write(session, WEEK, tmp_path, settings, AFTER)
    browser = Browser(app).sign_in(cast.lead)
    for kind, mimetype in (("csv", "text/csv"), ("json", "application/json"), ("txt", "text/plain")):
        page = browser.get(f"/reports/{WEEK}.{kind}")
        assert page.headers["Content-Disposition"] == f"attachment; filename=by-request-{WEEK}.{kind}"
        assert page.headers["Content-Type"] == f"{mimetype}; charset=utf-8"
        written = (tmp_path / f"report.{kind}").read_bytes().decode()
        assert written == page.text if kind != "txt" else written.startswith(page.text.rstrip())
    browser.get(f"/reports/{WEEK}.exe", status=404)


def test_the_api_answers_the_same_report(
    app: Flask, session: Session, cast: Cast, settings: Settings, broken: str, tmp_path: Path
) -> None:
    _at(app, AFTER)
    secret = tokens.issue(session, cast.lead.id or 0, "read", AFTER)
    session.commit()
    report_mail.write(session, WEEK, tmp_path, settings, AFTER)
    headers = {"Authorization": f"Bearer {secret}"}
    client = app.test_client()
    answer = client.get(f"/api/v1/reports/weekly?week={WEEK}", headers=headers)
    written = json.loads((tmp_path / "report.json").read_text())
    assert answer.get_json() == {**written, "stored": None, "known_otherwise": []}
    assert written["changes"]["since"] == "2026-W46"
    assert client.get("/api/v1/reports/weekly", headers=headers).get_json()["week"] == WEEK
    found = answer.get_json()
    assert (found["total"]["met"], found["total"]["breached"], found["total"]["compliance"]) == (1, 1, 0.5)
    assert [row["case"] for row in found["breaches"]] == [broken]
    assert Week.parse(found["trend"][-1]["week"]) == Week.parse(WEEK)
    wrong = client.get("/api/v1/reports/weekly?week=47", headers=headers)
    assert (wrong.status_code, wrong.mimetype) == (422, "application/problem+json")
    assert "2026-W47" in wrong.get_json()["detail"]


def test_the_first_letter_files_the_report_and_what_is_known_better_is_marked(
    app: Flask, session: Session, cast: Cast, settings: Settings, broken: str
) -> None:
    case = a_case(session, cast, phase="validation", now=MONDAY + timedelta(days=10))
    move(session, case, "decline", cast.specialist, now=MIDNIGHT - timedelta(minutes=2), **DECLINE)
    assert _mail(session, cast, settings)
    kept = session.scalars(select(StoredReport)).one()
    assert (kept.week, kept.as_of, kept.created_at) == (WEEK, MIDNIGHT, AFTER)
    undo.undo(session, case, version=case.version, act=act(cast.specialist, MIDNIGHT + timedelta(minutes=3)))
    session.commit()
    _at(app, AFTER + timedelta(hours=2))
    browser = Browser(app).sign_in(cast.lead)
    page = browser.get(f"/reports?week={WEEK}").text
    assert "As sent on Mon 23 Nov 2026 09:00 UTC. Every figure as of Mon 23 Nov 2026 00:00 UTC." in page
    assert ">66 %</dd>" in page, "two kept, one broken: the figures stay"
    assert "1 figure of this week is known otherwise by now" in page
    assert "reported as met in 2026-W47; now known as not decided by then" in page
    assert json.loads(browser.get(f"/reports/{WEEK}.json").text) == kept.body
    secret = tokens.issue(session, cast.lead.id or 0, "read", AFTER)
    session.commit()
    headers = {"Authorization": f"Bearer {secret}"}
    answer = app.test_client().get(f"/api/v1/reports/weekly?week={WEEK}", headers=headers).get_json()
    assert answer["stored"] == {"at": "2026-11-23T09:00:00Z"}
    assert [(row["case"], row["was"], row["now"]) for row in answer["known_otherwise"]] == [(case.number, "met", None)]
    assert {name: answer[name] for name in kept.body} == kept.body


@pytest.fixture
def busy(session: Session, cast: Cast, broken: str) -> None:
    """Cases of two accounts in every state that the report counts."""
    for days, phase in ((3, "submission"), (5, "consultation"), (8, "development"), (9, "private_preview")):
        a_case(session, cast, phase=phase, now=MONDAY + timedelta(days=days))
    other = case_of(session, a_request(session, cast.cleo, now=MONDAY + timedelta(days=4), service_name="Cleo's"))
    waiting = a_case(session, cast, phase="validation", now=MONDAY + timedelta(days=6))
    hold.put_on(session, waiting, act(cast.specialist, MIDNIGHT - timedelta(days=4)), reason="source_vendor")
    move(session, other, "claim", cast.specialist, now=MONDAY + timedelta(days=14))
    assign.assign(session, other, cast.lead.id, version=other.version, act=act(cast.lead, MONDAY + timedelta(days=14)))
    session.commit()


@pytest.mark.parametrize("most", [1, pytest.param(99, marks=pytest.mark.deep)], ids=["one of a kind", "all"])
def test_every_number_of_the_page_leads_to_as_many_cases(app: Flask, cast: Cast, busy: None, most: int) -> None:
    """`most`: how many numbers of a kind are followed; a kind is a column of the page."""
    _at(app, AFTER)
    browser = Browser(app).sign_in(cast.lead)
    for chosen, kinds in (("", 14), ("&account=Contoso", 6)):
        page = browser.get(f"/reports?week={WEEK}{chosen}").text
        followed = Counter[str]()
        for address, number in sorted(set(re.findall(r'<a href="(/reports/2026-W47/cases\?[^"]+)">(\d+)<', page))):
            kind = re.sub(r"2026-W\d+|clock=\w+|(?<=d:|t:|g:)\w+", "", address)
            followed[kind] += 1
            if followed[kind] <= most:
                found = browser.client.get(html.unescape(address)).get_data(as_text=True)
                assert re.search(rf"<h1>[^<]+: {number}</h1>", found), address
                assert found.count('<th scope="row"') == int(number), address
                assert f'href="/reports?week={WEEK}{html.escape(chosen)}"' in found, "the way back keeps the filter"
        assert len(followed) >= kinds, sorted(followed)


def test_a_report_that_was_filed_in_another_zone_still_leads_to_its_cases(
    app: Flask, session: Session, cast: Cast
) -> None:
    """The program may move its zone; what was sent keeps the week it counted."""
    number = a_case(session, cast, now=MIDNIGHT + timedelta(hours=9)).number
    now = MIDNIGHT + timedelta(hours=11)
    assert ensuring.filed(session, Week.parse(WEEK), "Pacific/Honolulu", now).report.zone == "Pacific/Honolulu"
    session.commit()
    _at(app, now)
    cases = Browser(app).sign_in(cast.lead).get(f"/reports/{WEEK}/cases?figure=entered:submission").text
    assert number in cases


def test_a_filter_narrows_page_files_and_api_alike(app: Flask, session: Session, cast: Cast, busy: None) -> None:
    _at(app, AFTER)
    browser = Browser(app).sign_in(cast.engineer)
    whole = json.loads(browser.get(f"/reports/{WEEK}.json").text)
    narrow = json.loads(browser.get(f"/reports/{WEEK}.json?account=Contoso&specialist={cast.lead.email}").text)
    assert (whole["total"]["open"] > 4, narrow["total"]["open"]) == (True, 1)
    page = browser.get(f"/reports?week={WEEK}&account=Contoso&specialist={cast.lead.id}").text
    assert "only cases of Lead, only Contoso" in page
    assert "account=Contoso" in re.findall(r'href="([^"]+)">CSV', page)[0]
    assert f'<option value="{cast.lead.id}" selected>Lead</option>' in page
    assert "\nCleo" not in page
    secret = tokens.issue(session, cast.lead.id or 0, "read", AFTER)
    session.commit()
    headers = {"Authorization": f"Bearer {secret}"}
    path = f"/api/v1/reports/weekly?week={WEEK}&specialist={cast.lead.id}&account=Contoso"
    answer = app.test_client().get(path, headers=headers).get_json()
    assert {name: answer[name] for name in narrow} == narrow
    for wrong in ("specialist=77", "specialist=ada@northwind.example", "account=Nobody"):
        assert "by that" in browser.get(f"/reports?{wrong}", status=422).text
        assert app.test_client().get(f"/api/v1/reports/weekly?{wrong}", headers=headers).status_code == 422


UNKNOWN = (
    "", "?figure=moons", "?figure=met&clock=moon", "?figure=entered:moon", "?figure=entered:validation&clock=review",
    "?figure=cohort:2026-W47", "?figure=trend:x:met", "?figure=met:more", "?figure=standing:released",
)  # fmt: skip


def test_a_number_the_report_does_not_have_is_explained(app: Flask, cast: Cast) -> None:
    _at(app, AFTER)
    browser = Browser(app).sign_in(cast.lead)
    for asked in UNKNOWN:
        assert "follow one of its numbers" in browser.get(f"/reports/{WEEK}/cases{asked}", status=404).text
    assert "has not begun" in browser.get("/reports/2027-W01/cases?figure=met", status=422).text
    assert "There are none" in browser.get(f"/reports/{WEEK}/cases?figure=met").text
