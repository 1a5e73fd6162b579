"""The local mailbox shows what was sent, to people and to programs."""

import sys

import pytest
from factories import MONDAY, Cast, a_case, act, move
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from webclient import Browser

from request_tracker.mail.deliver import Mailbox
from request_tracker.rules.people import SYSTEM
from request_tracker.settings import Settings
from request_tracker.store.jobs import Job
from request_tracker.store.letters import Letter
from request_tracker.store.session import Database
from request_tracker.work import delivery, post

SHAPE = {"to", "subject", "text", "html", "message_id", "sent_at"}


@pytest.fixture
def letters(rolled: Database, session: Session, cast: Cast, settings: Settings) -> list[Letter]:
    """A receipt and a question to Ada that were sent, and a notice that waits."""
    case = a_case(session, cast, service_name="<b>Acme</b>")
    move(session, case, "ask", cast.specialist, question="See <https://acme.example/plans>?")
    move(session, case, "claim", cast.specialist)
    for job in session.scalars(select(Job).where(Job.kind == "notify").order_by(Job.id)).all():
        post.notify(session, job.args, job.event_id, act(SYSTEM), settings)
    session.commit()
    found = list(session.scalars(select(Letter).order_by(Letter.id)))
    for letter in found[:2]:
        delivery.deliver(rolled, letter.id, MONDAY, Mailbox())
    session.expire_all()
    return found


def test_the_page_lists_sent_letters_newest_first(app: Flask, letters: list[Letter]) -> None:
    page = Browser(app).get("/mailbox")
    receipt, question, waiting = letters
    assert page.text.index(f"/mailbox/{question.id}") < page.text.index(f"/mailbox/{receipt.id}")
    assert f"/mailbox/{waiting.id}" not in page.text
    assert "&lt;b&gt;Acme" in page.text


@pytest.mark.parametrize(("path", "accept"), [("/mailbox", "application/json"), ("/mailbox.json", "*/*")])
def test_programs_read_json(app: Flask, letters: list[Letter], path: str, accept: str) -> None:
    answer = app.test_client().get(path, headers={"Accept": accept}).get_json()
    assert [item["message_id"] for item in answer["items"]] == [letters[1].message_id, letters[0].message_id]
    assert all(set(item) == SHAPE for item in answer["items"])
    assert answer["items"][1]["to"] == "ada@northwind.example"
    assert answer["items"][1]["sent_at"] == "2026-11-02T09:00:00Z"


def test_a_browser_gets_the_page(app: Flask, cast: Cast) -> None:
    accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    page = Browser(app).get("/mailbox", Accept=accept)
    assert "No letters yet" in page.text
    assert page.headers["Vary"].startswith("Accept")


def test_a_letter_shows_text_html_and_headers(app: Flask, letters: list[Letter]) -> None:
    page = Browser(app).get(f"/mailbox/{letters[1].id}")
    assert '<pre class="letter">Dear Ada,' in page.text
    assert "iframe" in page.text
    assert " sandbox " in page.text
    assert "<b>Acme" not in page.text
    assert "auto-generated" in page.text
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert "script-src" not in page.headers["Content-Security-Policy"]


def test_what_was_not_sent_is_not_there(app: Flask, letters: list[Letter]) -> None:
    Browser(app).get(f"/mailbox/{letters[2].id}", status=404)
    Browser(app).get("/mailbox/999999", status=404)


def test_older_letters_are_a_page_further(app: Flask, letters: list[Letter], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["request_tracker.web.mailbox"], "ON_A_PAGE", 1)
    first = Browser(app).get("/mailbox")
    assert f"/mailbox?before={letters[1].id}" in first.text
    second = Browser(app).get(f"/mailbox?before={letters[1].id}")
    assert f"/mailbox/{letters[0].id}" in second.text
    assert "before=" not in second.text
