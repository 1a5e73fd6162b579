"""One's own settings: how one is named, which zone and place tell the time, single keys, password, other sessions."""

from datetime import timedelta

import pytest
from factories import CLOCK, PASSWORD, Cast, a_case
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from webclient import Browser

from request_tracker.rules.auditing import ACTS
from request_tracker.store.audit_entries import AuditEntry
from request_tracker.store.passwords import fits
from request_tracker.store.people import Person

ABOUT = {"name": "Ada Marsh", "zone": "Europe/Berlin", "locale": "en-US", "single_keys": "on"}
NEW = "a new row of plain words"


def person(session: Session, cast: Cast) -> Person:
    session.expire_all()
    return session.get_one(Person, cast.ada.id)


def test_what_is_chosen_is_how_pages_speak(app: Flask, cast: Cast, session: Session) -> None:
    case = a_case(session, cast)
    session.commit()
    browser = Browser(app).sign_in(cast.ada)
    number = f"REQ-{case.primary_request_id:06}"
    assert (
        "6 Jul 2026" in browser.get(f"/requests/{number}").text
        or " UTC</time>" in browser.get(f"/requests/{number}").text
    )
    page = browser.follow(browser.post("/settings", ABOUT))
    assert "Saved." in page.text
    row = person(session, cast)
    assert (row.name, row.zone, row.locale, row.single_keys) == ("Ada Marsh", "Europe/Berlin", "en-US", True)
    own = browser.get(f"/requests/{number}").text
    assert " AM CE" in own or " PM CE" in own, "half a day of hours, and the zone with each"
    assert " UTC</time>" not in own
    (noted,) = session.scalars(select(AuditEntry))
    assert (noted.act, noted.data) == ("person.renamed", {"person": cast.ada.id}), (
        "the log finds the name they have now"
    )


def test_single_keys_can_be_turned_off(app: Flask, cast: Cast, session: Session) -> None:
    browser = Browser(app).sign_in(cast.ada)
    assert '<body data-keys="on">' in browser.get("/settings").text
    without = {name: value for name, value in ABOUT.items() if name != "single_keys"}
    page = browser.follow(browser.post("/settings", without))
    assert '<body data-keys="off">' in page.text
    assert not person(session, cast).single_keys
    assert "Nothing was changed." in browser.follow(browser.post("/settings", without)).text


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"name": " "}, "Enter your name"),
        ({"name": "x" * 201}, "200 characters or fewer"),
        ({"zone": "Europe/Berlni"}, "did you mean Europe/Berlin?"),
        ({"zone": ""}, "Enter a time zone such as"),
        ({"locale": "tlh"}, "Choose how dates are written"),
    ],
)
def test_what_does_not_fit_is_said_and_kept_as_typed(
    app: Flask, cast: Cast, session: Session, wrong: dict[str, str], told: str
) -> None:
    page = Browser(app).sign_in(cast.ada).post("/settings", {**ABOUT, "name": "Ada <b>", **wrong}, status=422)
    assert told in page.text.replace("&#34;", '"')
    assert "<title>Error:" in page.text
    assert "name" in wrong or 'value="Ada &lt;b&gt;"' in page.text
    assert person(session, cast).zone == "UTC"


def test_a_zone_from_the_browser_is_offered_and_not_kept(app: Flask, cast: Cast, session: Session) -> None:
    browser = Browser(app).sign_in(cast.ada)
    page = browser.get("/settings?zone=america%2Fnew_york")
    assert "Your browser is in America/New_York" in page.text
    assert "nothing is changed until you save" in page.text
    assert 'value="America/New_York"' in page.text
    assert person(session, cast).zone == "UTC", "nobody pressed Save"
    assert "nothing is changed until you save" not in browser.get("/settings?zone=%3Cscript%3E").text


def test_a_new_password_ends_the_other_sessions(app: Flask, cast: Cast, session: Session) -> None:
    here, elsewhere = Browser(app).sign_in(cast.ada), Browser(app).sign_in(cast.ada)
    page = here.follow(here.post("/settings/password", {"old": PASSWORD, "new": NEW, "again": NEW}))
    assert "Your password is changed" in page.text
    assert elsewhere.get("/settings", status=303).location.startswith("/sign-in")
    assert fits(person(session, cast).password_hash, NEW)
    assert [each.act for each in session.scalars(select(AuditEntry))] == ["person.password_changed"]
    assert "person.password_changed" in ACTS


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"old": "guess", "new": NEW, "again": NEW}, "This is not your password"),
        ({"old": PASSWORD, "new": "short", "again": "short"}, "Use at least 12 characters"),
        ({"old": PASSWORD, "new": NEW, "again": NEW + "!"}, "type the new password twice"),
        ({"old": PASSWORD, "new": PASSWORD, "again": PASSWORD}, "choose another"),
        ({"old": PASSWORD, "new": " " * 20, "again": " " * 20}, "Use at least 12 characters"),
        ({}, "Use at least 12 characters"),
    ],
)
def test_a_password_that_does_not_fit(
    app: Flask, cast: Cast, session: Session, typed: dict[str, str], told: str
) -> None:
    browser = Browser(app).sign_in(cast.ada)
    page = browser.post("/settings/password", typed, status=422)
    assert told in page.text
    assert not any(f'value="{secret}"' in page.text for secret in typed.values()), "no password comes back"
    assert fits(person(session, cast).password_hash, PASSWORD)
    browser.get("/settings")


def test_guessing_a_password_is_as_slow_here_as_at_the_door(app: Flask, cast: Cast, session: Session) -> None:
    browser = Browser(app).sign_in(cast.ada)
    wrong = {"old": "guess", "new": NEW, "again": NEW}
    for _ in range(10):
        browser.post("/settings/password", wrong, status=422, on="/settings")
    right = {"old": PASSWORD, "new": NEW, "again": NEW}
    assert "wait 15 minutes" in browser.post("/settings/password", right, status=429, on="/settings").text
    CLOCK["now"] += timedelta(minutes=16)
    browser.post("/settings/password", right, on="/settings")
    assert fits(person(session, cast).password_hash, NEW)


def test_other_sessions_can_be_ended(app: Flask, cast: Cast, session: Session) -> None:
    here, elsewhere = Browser(app).sign_in(cast.ada), Browser(app).sign_in(cast.ada)
    page = here.follow(here.post("/settings/sessions"))
    assert "Here you stay signed in." in page.text
    assert elsewhere.get("/settings", status=303).location.startswith("/sign-in")


def test_who_has_no_password_is_told_so(app: Flask, cast: Cast, session: Session) -> None:
    browser = Browser(app).sign_in(cast.ada)
    person(session, cast).password_hash = None
    session.commit()
    assert "there is no password here to change" in browser.get("/settings").text
    typed = {"old": "", "new": NEW, "again": NEW}
    assert "You sign in another way" in browser.post("/settings/password", typed, status=422).text
