"""Notices are looked at with sample data; letters that did not go out are found, understood and sent again."""

import sys
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
import returned_mail
from factories import CLOCK, MONDAY, Cast, a_case, a_request, act, move
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from webclient import Browser

from request_tracker.actions import bounces, undo
from request_tracker.actions.bounces import Failure
from request_tracker.actions.samples import ask
from request_tracker.mail.compose import host_of, message_id
from request_tracker.mail.deliver import Memory, Outgoing, Undeliverable
from request_tracker.rules.notices import NOTICES
from request_tracker.rules.people import SYSTEM
from request_tracker.settings import Settings
from request_tracker.store import letters
from request_tracker.store.bounces import Bounce, standing
from request_tracker.store.cases import case_number
from request_tracker.store.jobs import Job
from request_tracker.store.letters import Letter
from request_tracker.store.people import Person
from request_tracker.store.recipients import recipients
from request_tracker.store.session import Database
from request_tracker.store.timeline import Entry
from request_tracker.work import delivery, post, samples
from request_tracker.work.particulars import Matter, told
from request_tracker.work.sample_values import values
from request_tracker.work.samples import SHOWN, View

BASE = "https://program.example"


@dataclass
class Refusing:
    """A mail server that answers everything with one refusal."""

    refusal: Undeliverable
    leaves: bool = True

    def send(self, letter: Outgoing) -> None:
        raise self.refusal


NOBODY = Undeliverable("The mail server refused: 550 5.1.1 no such person", permanent=True, status="5.1.1")


def write_all(session: Session, settings: Settings) -> None:
    for job in session.scalars(select(Job).where(Job.kind == "notify", Job.state == "ready").order_by(Job.id)).all():
        post.notify(session, job.args, job.event_id, act(SYSTEM), settings)
        job.state = "done"
    session.commit()


@pytest.fixture
def receipt(session: Session, cast: Cast, settings: Settings) -> Letter:
    a_case(session, cast)
    write_all(session, settings)
    return session.scalars(select(Letter)).one()


def fail(rolled: Database, session: Session, letter: Letter, refusal: Undeliverable = NOBODY) -> None:
    """What the worker does with a letter's delivery, on its last attempt."""
    assert delivery.deliver(rolled, letter.id, MONDAY, Refusing(refusal), is_last=True) == "dead"
    session.execute(update(Job).where(Job.unique_key == f"deliver:{letter.id}").values(state="done", attempt=12))
    session.commit()
    session.expire_all()


@pytest.mark.parametrize("name", SHOWN)
def test_every_notice_has_a_sample_for_each_of_its_readers(name: str) -> None:
    letters = [samples.sample(name, View(who, "Asia/Kathmandu", BASE)) for who in samples.readers_of(SHOWN[name])]
    for letter in letters:
        assert letter.subject
        assert letter.text.strip()
        assert "</html>" in letter.html
        assert "None" not in letter.subject + letter.text or name == "weekly_report"
    assert len({letter.text for letter in letters}) == len(letters) or name in ("report_link", "weekly_report")


def test_samples_have_the_shape_of_the_real_thing(session: Session, cast: Cast) -> None:
    case = a_case(session, cast)
    move(session, case, "claim", cast.specialist)
    entry = session.scalars(select(Entry).order_by(Entry.id.desc())).first()
    for name, reader in (("in_review", "requester"), ("at_risk", "staff")):
        notice = NOTICES[name]
        matter = Matter(notice, case, entry, act(SYSTEM), BASE, {})
        real = told(session, matter, recipients(session, notice, case, entry)[0])
        made_up = values(notice, View(reader, "UTC", BASE))
        assert set(made_up) == set(real)
        assert set(made_up["words"]) == set(real["words"])
        for key, value in real.items():
            if value is not None and key not in ("clock", "promise"):
                assert isinstance(made_up[key], type(value)) or made_up[key] is None, key
        assert type(made_up["promise"]) is type(real["promise"])


def test_leads_and_admins_look_at_every_notice(app: Flask, cast: Cast) -> None:
    browser = Browser(app).sign_in(cast.lead)
    page = browser.get("/admin/notices")
    assert all(f'href="/admin/notices/{name}"' in page.text for name in SHOWN)
    assert "Fivetran groups" not in page.text, "a lead is not shown what only an admin may open"
    supporter = browser.get("/admin/notices/accepted?reader=supporter&zone=Australia/Sydney&width=360")
    assert "REQ-000157" in supporter.text
    assert "A documented API" not in supporter.text, "the reason is for the account it was written to"
    assert "letter-html--360" in supporter.text
    assert "All times are in Australia/Sydney" in supporter.text
    assert " sandbox " in supporter.text
    assert "script-src" not in supporter.headers["Content-Security-Policy"]
    assert "A documented API" in browser.get("/admin/notices/accepted?zone=Mars/Olympus").text
    assert Browser(app).sign_in(cast.admin).get("/admin/notices/weekly_report").status == 200
    browser.get("/admin/notices/nothing", status=404)


def test_a_sample_comes_once_to_whoever_asked(app: Flask, session: Session, cast: Cast, settings: Settings) -> None:
    browser = Browser(app).sign_in(cast.lead)
    form = {"reader": "staff", "zone": "Europe/Berlin"}
    browser.post("/admin/notices/breach/sample", form, on="/admin/notices/breach")
    job = session.scalars(select(Job).where(Job.kind == "send_sample")).one()
    assert samples.send_sample(session, job.id, job.args, act(SYSTEM), settings)
    assert not samples.send_sample(session, job.id, job.args, act(SYSTEM), settings)
    letter = session.scalars(select(Letter)).one()
    assert letter.to_address == cast.lead.email
    assert letter.subject.startswith("[Sample] A promise was broken")
    assert letter.state == "waiting"
    assert "All times are in Europe/Berlin" in letter.text


def test_a_dead_letter_is_found_and_goes_out_once_more(
    app: Flask, rolled: Database, session: Session, cast: Cast, receipt: Letter
) -> None:
    fail(rolled, session, receipt, Undeliverable("The mail server could not be reached: refused", permanent=False))
    assert receipt.error == "Tried too often. The mail server could not be reached: refused"
    browser = Browser(app).sign_in(cast.admin)
    page = browser.get("/admin/letters")
    for part in (receipt.subject, "Tried too often", "12 of 12", "/cases/LITE-", "Not sent (1)", cast.ada.email):
        assert part in page.text
    shown = browser.get(f"/admin/letters/{receipt.id}")
    assert "Dear Ada" in shown.text
    browser.post(f"/admin/letters/{receipt.id}/again", on="/admin/letters")
    assert "nothing to try again" in browser.follow(browser.post(f"/admin/letters/{receipt.id}/again")).text
    session.expire_all()
    (job,) = session.scalars(select(Job).where(Job.kind == "deliver", Job.state == "ready"))
    assert (job.attempt, job.unique_key, job.args) == (0, f"deliver:{receipt.id}", {"letter_id": receipt.id})
    assert "Waiting (1)" in browser.get("/admin/letters?state=waiting").text
    out = Memory()
    assert delivery.deliver(rolled, receipt.id, MONDAY, out) == "sent"
    assert [each.message_id for each in out.sent] == [receipt.message_id]
    assert receipt.subject in browser.get("/admin/letters?state=sent").text


def test_after_an_outage_all_go_again_but_nothing_that_was_undone(
    app: Flask, rolled: Database, session: Session, cast: Cast, settings: Settings
) -> None:
    case = a_case(session, cast)
    move(session, case, "claim", cast.specialist)
    a_request(session, cast.cleo, service_name="Zebra")
    write_all(session, settings)
    first, claimed, other = session.scalars(select(Letter).order_by(Letter.id)).all()
    down = Undeliverable("The mail server could not be reached: refused", permanent=False)
    fail(rolled, session, first, down)
    undo.undo(session, case, version=case.version, act=act(cast.specialist))
    session.commit()
    assert delivery.deliver(rolled, claimed.id, MONDAY, Memory()) == "dead"
    # A worker that is killed each time leaves a dead job and a letter that seems to wait.
    session.execute(
        update(Job).where(Job.unique_key == f"deliver:{other.id}").values(state="dead", last_error="killed")
    )
    session.commit()
    browser = Browser(app).sign_in(cast.admin)
    page = browser.get("/admin/letters")
    assert f"/admin/letters/{first.id}/again" in page.text
    assert f"/admin/letters/{other.id}/again" in page.text
    assert f"/admin/letters/{claimed.id}" not in page.text
    assert "undone before it went out" in browser.get("/admin/letters?state=dropped").text
    answer = browser.follow(browser.post("/admin/letters/again", on="/admin/letters"))
    assert "2 letters are tried again" in answer.text
    out = Memory()
    for letter in (first, claimed, other):
        delivery.deliver(rolled, letter.id, MONDAY, out)
    assert [each.to for each in out.sent] == [cast.ada.email, cast.cleo.email]


def test_an_address_that_refuses_is_not_written_to_until_it_works_again(
    app: Flask, rolled: Database, session: Session, cast: Cast, settings: Settings, receipt: Letter
) -> None:
    fail(rolled, session, receipt)
    a_request(session, cast.ada, service_name="Second")
    a_request(session, cast.cleo, service_name="Third")
    write_all(session, settings)
    second, third = session.scalars(select(Letter).where(Letter.id > receipt.id).order_by(Letter.id)).all()
    out = Memory()
    assert delivery.deliver(rolled, second.id, MONDAY, out) == "dead"
    assert delivery.deliver(rolled, third.id, MONDAY, out) == "sent"
    assert [each.to for each in out.sent] == [cast.cleo.email]
    session.execute(update(Job).where(Job.kind == "deliver").values(state="done"))
    session.commit()
    session.expire_all()
    assert second.error.startswith("Not sent: letters to this address come back since 2 November 2026")
    browser = Browser(app).sign_in(cast.admin)
    page = browser.get("/admin/letters")
    assert "Comes back" in page.text
    assert f"/admin/letters/{second.id}/again" not in page.text, "trying again would only fail again"
    assert "Letters come back" in browser.get("/admin/people").text
    assert "Letters come back" in browser.get(f"/cases/{case_number(second.case_id or 0)}").text
    for path in ("/requests", "/settings/letters"):
        assert "Since <time" in Browser(app).sign_in(cast.ada).get(path).text
        assert f"Letters to {cast.cleo.email}" not in Browser(app).sign_in(cast.cleo).get(path).text
    assert "0 letters are tried" in browser.follow(browser.post("/admin/letters/again")).text
    form = {"address": cast.ada.email, "again": "yes"}
    answer = browser.follow(browser.post("/admin/letters/works-again", form, on="/admin/letters"))
    assert "2 letters are sent once more" in answer.text
    assert "somebody else has cleared it" in browser.follow(browser.post("/admin/letters/works-again", form)).text
    assert {delivery.deliver(rolled, each.id, MONDAY, out) for each in (receipt, second)} == {"sent"}


def test_three_soft_returns_within_a_week_count_as_a_hard_one(session: Session, cast: Cast, settings: Settings) -> None:
    for name in "ABCDE":
        a_request(session, cast.ada, service_name=name)
    write_all(session, settings)
    ids = session.scalars(select(Letter.id).order_by(Letter.id)).all()

    def full(letter_id: int, days: float) -> str:
        failure = Failure("4.2.2", "mailbox full", letter_id)
        bounces.record(session, failure, MONDAY + timedelta(days=days))
        return bounces.record(session, failure, MONDAY + timedelta(days=days)).kind

    assert [full(ids[0], 0), full(ids[1], 6.9), full(ids[2], 7.1), full(ids[3], 7.2)] == [
        "soft",
        "soft",
        "soft",
        "hard",
    ]
    assert len(session.scalars(select(Bounce)).all()) == 4, "the same notification twice is one return"
    hearsay = [Failure("5.1.1", "gone", address=cast.cleo.email, proven=False) for _ in range(4)]
    kinds = {bounces.record(session, replace(each, status=f"5.1.{n}"), MONDAY).kind for n, each in enumerate(hearsay)}
    assert kinds == {"soft"}, "what anybody could have sent silences nobody"


def sent_letters(session: Session, cast: Cast, settings: Settings, *names: str) -> list[Letter]:
    for name in names:
        a_request(session, cast.ada, service_name=name)
    write_all(session, settings)
    session.execute(update(Letter).values(state="sent", sent_at=MONDAY))
    session.expire_all()
    return list(session.scalars(select(Letter).order_by(Letter.id)))


def test_neither_one_letter_nor_a_policy_makes_a_soft_return_hard(
    session: Session, cast: Cast, settings: Settings
) -> None:
    first, *rest = sent_letters(session, cast, settings, *"ABCDE")
    for status in ("4.2.2", "4.4.1", "4.4.2"):
        assert bounces.record(session, Failure(status, "one letter", first.id), MONDAY).kind == "soft"
    for letter, status in zip(rest, ("5.7.1", "5.3.4", "5.6.0", "5.0.0"), strict=True):
        assert bounces.record(session, Failure(status, "a policy", letter.id), MONDAY).kind == "soft"
    assert bounces.record(session, Failure("4.2.2", "full", rest[0].id), MONDAY).kind == "soft"
    assert bounces.record(session, Failure("4.2.2", "full", rest[1].id), MONDAY).kind == "hard", "the third letter"


def test_what_an_old_letter_says_does_not_outweigh_works_again(
    session: Session, cast: Cast, settings: Settings
) -> None:
    old, new = sent_letters(session, cast, settings, "Old", "New")
    assert bounces.record(session, Failure("5.1.1", "gone", old.id), MONDAY).kind == "hard"
    bounces.clear(session, old.to_address, act(cast.admin, MONDAY + timedelta(hours=1)))
    replayed = bounces.record(session, Failure("5.1.1", "gone", old.id), MONDAY + timedelta(days=400))
    assert (replayed.kind, replayed.letter_id) == ("soft", None), "shown, and nothing more"
    assert standing(session, old.to_address) is None
    new.sent_at = MONDAY + timedelta(hours=2)
    session.flush()
    assert bounces.record(session, Failure("5.1.1", "gone", new.id), MONDAY + timedelta(days=1)).kind == "hard"


def test_a_return_is_proven_by_a_message_id_that_nobody_can_guess(
    session: Session, cast: Cast, settings: Settings
) -> None:
    (letter,) = sent_letters(session, cast, settings, "Acme")
    open_ones = replace(settings, bounce_address="")
    report = returned_mail.POSTFIX.replace("@TAG@", "by-request@program.example")

    def taken_back(message_id: str) -> Bounce:
        raw = report.replace(returned_mail.MESSAGE_ID, message_id).encode()
        return delivery.take_back(session, raw, "", open_ones, MONDAY)

    host = host_of(settings.mail_from)
    for guess in (sha256(letter.unique_key.encode()).hexdigest()[:40], ""):
        assert taken_back(f"<{guess}@{host}>").kind == "soft"
    assert taken_back(message_id(letter.unique_key, host, "guess")).kind == "soft"
    kept, letter.message_id = letter.message_id, f"<{sha256(letter.unique_key.encode()).hexdigest()[:40]}@{host}>"
    session.flush()
    assert taken_back(letter.message_id).kind == "soft", "stored before ids were keyed"
    letter.message_id = kept
    session.flush()
    assert taken_back(kept).kind == "hard"


def test_who_left_gets_nothing_that_still_waited(
    app: Flask, rolled: Database, session: Session, cast: Cast, receipt: Letter
) -> None:
    session.get_one(Person, cast.ada.id).active = False
    session.commit()
    out = Memory()
    assert delivery.deliver(rolled, receipt.id, MONDAY, out) == "dead"
    assert out.sent == []
    session.expire_all()
    assert receipt.error == letters.GONE
    browser = Browser(app).sign_in(cast.admin)
    assert f"/admin/letters/{receipt.id}/again" not in browser.get("/admin/letters").text
    assert receipt.subject in browser.get("/admin/letters?state=dropped").text
    assert bounces.send_all_again(session, act(cast.admin)) == 0


def test_ten_samples_an_hour_are_enough(app: Flask, session: Session, cast: Cast) -> None:
    browser = Browser(app).sign_in(cast.lead)

    def asked() -> bool:
        page = browser.follow(browser.post("/admin/notices/breach/sample", on="/admin/notices/breach"))
        return "on its way" in page.text and "was not sent" not in page.text

    assert [asked() for _ in range(11)] == [True] * 10 + [False]
    jobs_kept = select(Job).where(Job.kind == "send_sample")
    assert len(session.scalars(jobs_kept).all()) == 10
    other = act(cast.admin)
    assert ask(session, "breach", "staff", "UTC", other), "everybody has ten of their own"
    later = act(cast.lead, MONDAY + timedelta(hours=1))
    assert [ask(session, "breach", "staff", "UTC", later) for _ in range(11)] == [True] * 10 + [False]
    assert len(session.scalars(jobs_kept).all()) == 21


def test_pages_of_letters_go_on_where_the_last_one_ended(
    app: Flask, session: Session, cast: Cast, receipt: Letter, monkeypatch: Any
) -> None:
    monkeypatch.setattr(sys.modules["request_tracker.web.letters_admin"], "ON_A_PAGE", 1)
    a_request(session, cast.cleo, service_name="Zebra")
    write_all(session, app.extensions["request_tracker"].settings)
    CLOCK["now"] = MONDAY + timedelta(hours=1)
    browser = Browser(app).sign_in(cast.admin)
    first = browser.get("/admin/letters?state=waiting")
    assert "Zebra" in first.text
    assert receipt.subject not in first.text
    assert "before=" in first.text
    second = browser.get(f"/admin/letters?state=waiting&before={receipt.id + 1}")
    assert receipt.subject in second.text
    assert "Zebra" not in second.text
    assert "No such letter to nobody@x.example" in browser.get("/admin/letters?address=nobody@x.example").text
