"""The report goes to those who subscribed and to nobody else: letters, signed links, their end; each exactly once."""

import re
import threading
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import html5lib
import pytest
from at_once import at_once
from factories import CLOCK, Cast, a_case, a_cast, act
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from webclient import Browser

from request_tracker import seals
from request_tracker.actions import report as ensuring
from request_tracker.actions import report_subscriptions as subscriptions
from request_tracker.actions.admit import add_person
from request_tracker.fivetran.client import Fivetran
from request_tracker.mail.deliver import Outgoing
from request_tracker.rules.notices import Topic, Way
from request_tracker.rules.program import Program
from request_tracker.rules.report import Week
from request_tracker.rules.terms import Role
from request_tracker.settings import Settings
from request_tracker.store import preferences
from request_tracker.store.jobs import LOCK_FOR, Job
from request_tracker.store.letters import Letter
from request_tracker.store.people import Person
from request_tracker.store.reports import ReportShare, StoredReport, Subscription, stored
from request_tracker.store.session import Database
from request_tracker.work import delivery
from request_tracker.work.context import Context
from request_tracker.work.effects import EFFECTS, Call
from request_tracker.work.worker import Worker

WEEK = "2026-W47"
FRIDAY = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
AFTER = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SURE = "Tick this once you are sure"
BOARD = "board@elsewhere.example"


def work_through(database: Database, settings: Settings, *, now: datetime = AFTER) -> None:
    """What a worker does on a Monday morning: the tick, then every job."""
    context = Context(database, settings, lambda: now, lambda: Fivetran("http://127.0.0.1:1", "k", "s"))
    with database.transaction() as session:
        ensuring.ensure(session, now, settings.program)
    Worker(context).drain()


def letters(session: Session) -> list[Letter]:
    session.expire_all()
    kinds = ("weekly_report", "report_link")
    return list(session.scalars(select(Letter).where(Letter.notice.in_(kinds)).order_by(Letter.id)))


def readers(session: Session) -> list[str]:
    return sorted(letter.to_address for letter in letters(session))


@pytest.fixture
def late(session: Session, cast: Cast) -> str:
    """A case with a broken promise; its number."""
    number = a_case(session, cast, phase="validation").number
    session.commit()
    return number


@pytest.fixture
def lead(app: Flask, cast: Cast) -> Browser:
    CLOCK["now"] = FRIDAY
    return Browser(app).sign_in(cast.lead)


def a_link(session: Session, who: Any, **changes: Any) -> ReportShare:
    made = act(who, changes.pop("now", AFTER))
    share = subscriptions.send_link(session, Week.parse(WEEK), BOARD, "The board", made)
    session.commit()
    return share


def page_of(share: ReportShare, settings: Settings) -> str:
    return f"/reports/shared/{subscriptions.token_of(share, settings.secret_key)}"


def test_a_lead_adds_people_and_addresses_and_each_gets_one_report(
    lead: Browser, session: Session, rolled: Database, settings: Settings, cast: Cast, late: str
) -> None:
    here = "/reports/subscriptions"
    lead.post(f"{here}/people", {"person": str(cast.engineer.id)}, on=here)
    lead.post(f"{here}/addresses", {"address": " Board@Elsewhere.example ", "name": "The board", "sure": "y"}, on=here)
    again = lead.follow(lead.post(f"{here}/addresses", {"address": BOARD, "sure": "y"}, on=here))
    assert "gets it already" in again.text
    assert BOARD in again.text
    for _ in range(2):
        work_through(rolled, settings)
    assert readers(session) == sorted([BOARD, cast.engineer.email, cast.lead.email])
    by_address = {letter.to_address: letter for letter in letters(session)}
    assert by_address[BOARD].person_id is None
    assert by_address[BOARD].attachments == []
    assert (by_address[BOARD].state, by_address[cast.lead.email].state) == ("sent", "sent")
    assert late not in by_address[BOARD].text, "the report itself does not leave the house"
    assert [row.week for row in session.scalars(select(StoredReport))] == [WEEK]
    work_through(rolled, settings, now=AFTER + timedelta(weeks=1))
    assert len(letters(session)) == 6


def test_the_link_opens_a_page_without_a_way_into_the_house(
    app: Flask, session: Session, rolled: Database, settings: Settings, cast: Cast, late: str
) -> None:
    share = a_link(session, cast.lead)
    work_through(rolled, settings)
    letter = next(each for each in letters(session) if each.notice == "report_link")
    html5lib.HTMLParser(strict=True).parse(letter.html)
    (address,) = set(re.findall(r"http\S+/reports/shared/[\w.-]+", letter.text))
    assert address in letter.html
    CLOCK["now"] = AFTER
    guest = Browser(app)
    page = guest.get(address.removeprefix(settings.base_url))
    assert "Northwind" in page.text
    assert late in page.text
    links = re.findall(r'(?:href|action|src)="([^"]*)"', page.text)
    assert [link for link in links if not link.startswith(("/static/", "#"))] == []
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["X-Robots-Tag"].startswith("noindex")
    assert page.headers["Cache-Control"] == "no-store, private"
    guest.client.head(address.removeprefix(settings.base_url))
    session.expire_all()
    assert (session.get_one(ReportShare, share.id).opens, share.opened_at) == (1, AFTER)


def test_a_link_ends_by_itself_by_a_lead_and_when_it_was_changed(
    app: Flask, session: Session, settings: Settings, cast: Cast, late: str
) -> None:
    CLOCK["now"] = AFTER
    share = a_link(session, cast.lead)
    path, guest = page_of(share, settings), Browser(app)
    guest.get(path)
    for wrong in (f"{path}x", "/reports/shared/x", path.replace("shared/", "shared/A")):
        assert "This link does not open a report" in guest.get(wrong, status=404).text
    other = seals.sealed(settings.secret_key, subscriptions.SUBSCRIPTION, {"share": share.id})
    guest.get(f"/reports/shared/{other}", status=404)
    CLOCK["now"] = AFTER + settings.program.report_link_for
    assert "whoever sent you the link" in guest.get(path, status=404).text
    CLOCK["now"] = AFTER
    here = "/reports/subscriptions"
    lead = Browser(app).sign_in(cast.lead)
    lead.post(f"/reports/links/{share.id}/revoke", on=here)
    assert "was closed already" in lead.follow(lead.post(f"/reports/links/{share.id}/revoke", on=here)).text
    closed = guest.get(path, status=404)
    assert closed.headers["Cache-Control"] == "no-store, private"
    assert "1 time, last" in lead.get(here).text, "what was refused is no opening"


def test_a_link_without_names_tells_none(
    app: Flask, session: Session, settings: Settings, cast: Cast, late: str, lead: Browser
) -> None:
    CLOCK["now"] = AFTER
    here = "/reports/subscriptions"
    typed = {"address": BOARD, "week": WEEK, "nameless": "y", "sure": "y"}
    lead.post("/reports/links", typed, on=here)
    assert "without names" in lead.get(here).text
    page = Browser(app).get(page_of(session.scalars(select(ReportShare)).one(), settings)).text
    for name in ("Northwind", cast.specialist.name, cast.lead.name):
        assert name not in page
    assert "Account A" in page
    assert "Somebody had the case." in page
    assert "Acme Billing" in page, "services keep their names"


def test_a_mail_program_ends_the_monday_links_with_one_click(
    app: Flask, session: Session, rolled: Database, settings: Settings, cast: Cast, late: str
) -> None:
    subscriptions.subscribe_address(session, BOARD, "", act(cast.lead, FRIDAY))
    session.commit()
    work_through(rolled, settings)
    letter = next(each for each in letters(session) if each.to_address == BOARD)
    assert letter.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    path = letter.headers["List-Unsubscribe"].strip("<>").removeprefix(settings.base_url)
    guest = Browser(app)
    assert "Stop the weekly report?" in guest.get(path).text
    assert session.scalars(select(Subscription)).one().ended_at is None, "looking changes nothing"
    for said in ("No more weekly reports", "is stopped already"):
        answer = app.test_client().post(path, data={"List-Unsubscribe": "One-Click"})
        assert (answer.status_code, said in answer.get_data(as_text=True)) == (200, True)
    assert app.test_client().post(f"{path}x").status_code == 404
    work_through(rolled, settings, now=AFTER + timedelta(weeks=1))
    assert Counter(readers(session)) == {BOARD: 1, cast.lead.email: 2}


def test_everybody_of_the_house_decides_for_themselves(
    app: Flask, session: Session, rolled: Database, settings: Settings, cast: Cast
) -> None:
    CLOCK["now"] = FRIDAY
    here = "/reports/subscriptions"
    auditor, lead = Browser(app).sign_in(cast.auditor), Browser(app).sign_in(cast.lead)
    assert "You do not get it" in auditor.get(here).text
    auditor.post(f"{here}/mine", {"on": "yes"}, on=here)
    assert "You get it" in auditor.get(here).text
    lead.post(f"{here}/mine", {"on": "no"}, on=here)
    assert "you turned it off" in lead.get(here).text
    work_through(rolled, settings)
    assert readers(session) == [cast.auditor.email]
    lead.post(f"{here}/mine", {"on": "yes"}, on=here)
    auditor.post(f"{here}/mine", {"on": "no"}, on=here)
    work_through(rolled, settings, now=AFTER + timedelta(weeks=1))
    assert readers(session) == sorted([cast.auditor.email, cast.lead.email])
    for path in (f"{here}/people", f"{here}/addresses", "/reports/links", "/reports/links/1/revoke"):
        auditor.post(path, on=here, status=403)


def test_who_turned_it_off_or_left_between_queue_and_letter_gets_none(
    session: Session, rolled: Database, settings: Settings, cast: Cast
) -> None:
    subscriptions.subscribe_person(session, cast.engineer.id or 0, act(cast.lead, FRIDAY))
    subscriptions.subscribe_address(session, BOARD, "", act(cast.lead, FRIDAY))
    subscriptions.subscribe_address(session, "new@elsewhere.example", "", act(cast.lead, FRIDAY))
    guest = a_link(session, cast.lead)
    ensuring.ensure(session, AFTER, Program())
    assert len(list(session.scalars(select(Job).where(Job.kind == "mail_report")))) == 5
    preferences.put(session, cast.lead.id or 0, Topic.REPORT, Way.OFF, via="link", now=AFTER)
    session.get_one(Person, cast.engineer.id).active = False
    session.scalars(select(Subscription).where(Subscription.address == BOARD)).one().ended_at = AFTER
    more = {"name": "New", "role": Role.ENGINEER, "account_id": None, "password": None}
    add_person(session, email="new@elsewhere.example", **more, now=AFTER).active = False
    subscriptions.revoke(session, guest.id, act(cast.lead, AFTER))
    session.commit()
    work_through(rolled, settings)
    assert letters(session) == []
    assert stored(session, WEEK) is None, "nobody was sent anything"


UNFIT = (
    ("addresses", {"address": BOARD}, SURE),
    ("addresses", {"address": "board", "sure": "y"}, "Enter an email address like"),
    ("addresses", {"address": "a@b.example\r\nBcc: x@y.example", "sure": "y"}, "Enter an email address like"),
    ("addresses", {"address": "board@elsewhere..example", "sure": "y"}, "Enter an email address like"),
    ("links", {"address": "board@[127.0.0.1]", "week": "2026-W40", "sure": "y"}, "Enter an email address like"),
    ("addresses", {"address": "cleo@contoso.example", "sure": "y"}, "may not read about other customers"),
    ("addresses", {"address": "engineer@program.example", "sure": "y"}, "has an account here"),
    ("people", {"person": "1"}, "Choose somebody of the house"),
    ("links", {"address": BOARD, "week": WEEK}, SURE),
    ("links", {"address": BOARD, "week": "soon", "sure": "y"}, "for example 2026-W47"),
    ("links", {"address": BOARD, "week": WEEK, "sure": "y"}, "is not over yet"),
)


def test_what_cannot_be_taken_is_explained_and_kept(lead: Browser, session: Session) -> None:
    here = "/reports/subscriptions"
    for path, typed, said in UNFIT:
        page = lead.post("/reports/links" if path == "links" else f"{here}/{path}", typed, on=here, status=422)
        assert said in page.text
        assert "<title>Error: " in page.text
        for name in ("address", "week"):
            assert typed.get(name, "").split("\r")[0] in page.text
    assert list(session.scalars(select(Subscription))) == []
    assert list(session.scalars(select(ReportShare))) == []


class Killed(BaseException):
    """A worker was ended by force: nothing of it goes on."""


class Trouble:
    """Kills whoever comes first to each place; takes letters, as a mail server would."""

    leaves = True

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.seen = Counter[str]()
        self.lock = threading.Lock()

    def strikes(self, place: str) -> None:
        with self.lock:
            self.seen[place] += 1
            if self.seen[place] == 1:
                raise Killed

    def send(self, letter: Outgoing) -> None:
        self.strikes("between claim and send")
        with self.lock:
            self.taken += [letter.to] if letter.subject.startswith("Weekly report") else []

    def mail_report(self, context: Context, call: Call) -> None:
        self.strikes("before the letter is written")
        EFFECTS["mail_report"](context, call)
        self.strikes("after it was written")

    def deliver(self, context: Context, call: Call) -> None:
        delivery.deliver(context.database, call.args["letter_id"], context.now(), self)


def two_workers(context: Context, trouble: Trouble) -> None:
    """Both tick and work until nothing is due, or until they are killed."""
    effects = {**EFFECTS, "mail_report": trouble.mail_report, "deliver": trouble.deliver}

    def work() -> None:
        with suppress(Killed):
            with context.database.transaction() as session:
                ensuring.ensure(session, context.now(), context.settings.program)
            Worker(context, effects=effects).drain()

    at_once(work, work)


def test_two_workers_and_crashes_on_the_way_and_each_gets_one_report(own: Database, settings: Settings) -> None:
    with own.transaction() as session:
        cast = a_cast(session)
        a_case(session, cast, phase="validation")
        for who in (cast.engineer, cast.auditor, cast.admin):
            subscriptions.subscribe_person(session, who.id or 0, act(cast.lead, FRIDAY))
        subscriptions.subscribe_address(session, BOARD, "", act(cast.lead, FRIDAY))
    trouble, clock = Trouble(), {"now": AFTER}
    context = Context(own, settings, lambda: clock["now"], lambda: Fivetran("http://127.0.0.1:1", "k", "s"))
    for _ in range(4):
        two_workers(context, trouble)
        clock["now"] += LOCK_FOR + timedelta(seconds=1)
    assert len(trouble.seen) == 3
    assert min(trouble.seen.values()) > 1, "somebody went on after each crash"
    wanted = [BOARD, *(who.email for who in (cast.lead, cast.engineer, cast.auditor, cast.admin))]
    assert Counter(trouble.taken) == Counter(wanted)
    with own.reading() as session:
        ours = Job.kind.in_(("mail_report", "deliver"))
        assert {job.state for job in session.scalars(select(Job).where(ours))} == {"done"}
        assert len(list(session.scalars(select(StoredReport)))) == 1
