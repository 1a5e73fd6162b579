"""Which letters come how: chosen on a page, ended by the link in a letter, and never changed by merely looking."""

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from factories import CLOCK, MONDAY, Cast, a_case, act, move
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from webclient import Browser

from request_tracker.actions import preferences as action
from request_tracker.rules.notices import NOTICES, Topic, Way, reaches, topics_of
from request_tracker.rules.people import SYSTEM
from request_tracker.rules.terms import Role
from request_tracker.settings import Settings
from request_tracker.store import preferences, tokens
from request_tracker.store.jobs import Job
from request_tracker.store.letters import Letter
from request_tracker.store.people import Person
from request_tracker.store.preferences import Preference
from request_tracker.work import post

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
PAGE = "/settings/letters"


def kept(session: Session) -> dict[tuple[int, str], tuple[str, str]]:
    session.expire_all()
    return {(row.person_id, row.topic): (row.way, row.via) for row in session.scalars(select(Preference))}


def seen(page: str) -> dict[str, str]:
    """What the form would send: the checked buttons, what they were, and the zone."""
    inputs = re.findall(r"<input[^>]*>", page)
    values = {}
    for tag in inputs:
        name, value = (re.search(rf'\b{each}="([^"]*)"', tag) for each in ("name", "value"))
        kind = re.search(r'type="(\w+)"', tag)
        if name and value and (kind is None or kind[1] != "radio" or re.search(r"\bchecked\b", tag)):
            values[name[1]] = html.unescape(value[1])
    return values


def a_letter(session: Session, cast: Cast, settings: Settings) -> Letter:
    """The letter that tells Ada her request is in review."""
    move(session, a_case(session, cast), "claim", cast.specialist)
    job = session.scalars(select(Job).where(Job.unique_key.like("notify:in_review:%"))).one()
    post.notify(session, job.args, job.event_id, act(SYSTEM), settings)
    session.commit()
    return session.scalars(select(Letter).where(Letter.notice == "in_review")).one()


def link_of(letter: Letter, settings: Settings) -> str:
    return str(letter.headers["List-Unsubscribe"]).strip("<>").removeprefix(settings.base_url)


def test_a_mail_program_ends_a_topic_with_one_post(
    app: Flask, session: Session, cast: Cast, settings: Settings
) -> None:
    link, person = link_of(a_letter(session, cast, settings), settings), cast.ada.id
    stranger = app.test_client()
    for method in ("GET", "HEAD", "GET"):
        looked = stranger.open(link, method=method)
        assert looked.status_code == 200
        assert looked.headers["Referrer-Policy"] == "no-referrer"
        assert "noindex" in looked.headers["X-Robots-Tag"]
    assert kept(session) == {}, "looking changes nothing"

    fresh = app.test_client()
    answer = fresh.post(link, data="List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert "Location" not in answer.headers
    told = answer.get_data(as_text=True)
    assert "Letters on “How your requests move on” do not come any more" in told
    assert f'href="{PAGE}"' in told
    assert kept(session) == {(person, "progress"): ("off", "link")}

    CLOCK["now"] = MONDAY + timedelta(days=1)
    by_parts = app.test_client().post(link, data=ONE_CLICK, content_type="multipart/form-data")
    assert "They were off already" in by_parts.get_data(as_text=True)
    assert session.scalars(select(Preference.changed_at)).one() == MONDAY, "since the first time"
    assert preferences.way_of(session, cast.cleo.id or 0, Topic.PROGRESS) is Way.INSTANT


def test_a_person_presses_the_button_and_turns_it_on_again(
    app: Flask, session: Session, cast: Cast, settings: Settings
) -> None:
    link = link_of(a_letter(session, cast, settings), settings)
    ben = Browser(app).sign_in(cast.ben)
    asked = ben.get(link).text
    assert "You get letters on “How your requests move on”" in asked
    assert "Nothing has changed yet" in asked
    assert "Ada" not in asked, "a letter that was handed on tells nobody's name"
    token = Browser._token(asked)
    assert ben.client.post(link, data={"csrf_token": token}).status_code == 422, "not what the button sends"
    assert kept(session) == {}
    assert ben.client.post(link, data={"csrf_token": token, **ONE_CLICK}).status_code == 200
    assert kept(session) == {(cast.ada.id, "progress"): ("off", "link")}, "the letter's owner, whoever is signed in"

    ada = Browser(app).sign_in(cast.ada)
    page = ada.get(PAGE).text
    assert "You turned this off by the link in a letter on <time" in page
    assert "2 Nov 2026, 09:00 UTC" in page
    saved = ada.post(PAGE, {**seen(page), "progress": "instant"}, on=PAGE)
    assert "Saved." in ada.follow(saved).text
    assert kept(session) == {(cast.ada.id, "progress"): ("instant", "page")}


@pytest.mark.parametrize("token", ["x", "{}x", "x{}", "other", "bad"])
def test_a_forged_link_is_a_calm_page(token: str, app: Flask, session: Session, cast: Cast, settings: Settings) -> None:
    good = action.leaving(settings.secret_key, cast.ada.id or 0, (Topic.PROGRESS,))
    forged = {
        "other": action.leaving("another key " * 4, cast.ada.id or 0, (Topic.PROGRESS,)),
        "bad": action.seals.sealed(settings.secret_key, "report", {"person": 1, "topics": ["progress"]}),
    }.get(token, token.format(good))
    for method in ("GET", "POST"):
        answer = app.test_client().open(f"/unsubscribe/{forged}", method=method, data=ONE_CLICK)
        assert answer.status_code == 404
        assert "This link does not work" in answer.get_data(as_text=True)
    assert kept(session) == {}


def test_everybody_chooses_what_reaches_them_and_nothing_else(app: Flask, cast: Cast, session: Session) -> None:
    for role in Role:
        browser = Browser(app).sign_in(cast.by_role(role))
        page = browser.get(PAGE)
        shown = {name for name in seen(page.text) if name in list(Topic)}
        assert shown == {topic.value for topic in topics_of(role)}
        browser.post(PAGE, {**seen(page.text), **dict.fromkeys(shown, "off")}, on=PAGE)
        assert {seen(browser.get(PAGE).text)[name] for name in shown} == {"off"}
        foreign = next(topic for topic in Topic if topic not in topics_of(role)) if shown != set(Topic) else None
        if foreign is not None:
            browser.post(PAGE, {**seen(page.text), foreign: "off"}, on=PAGE, status=422)
    assert {via for _, via in kept(session).values()} == {"page"}
    for role in (Role.REQUESTER, Role.ADMIN):
        page = Browser(app).sign_in(cast.by_role(role)).get(PAGE).text
        must = [notice.title for notice in NOTICES.values() if notice.must and reaches(notice, role)]
        assert [title for title in must if title not in page] == []


def test_the_page_keeps_what_was_typed_and_says_what_to_do(app: Flask, cast: Cast, session: Session) -> None:
    browser = Browser(app).sign_in(cast.lead)
    start = seen(browser.get(PAGE).text)
    for wrong, told in (
        ({"zone": "Mars/Base"}, "is no known time zone"),
        ({"zone": "../../etc/passwd"}, "is no known time zone"),
        ({"report": "daily"}, "comes at once or not at all"),
        ({"comments": "hourly"}, "Choose how to hear of"),
    ):
        page = browser.post(PAGE, {**start, "duties": "weekly", **wrong}, on=PAGE, status=422)
        assert told in page.text
        assert seen(page.text)["duties"] == "weekly"
        assert seen(page.text)["seen-duties"] == "instant"
    assert kept(session) == {}, "all or nothing"
    page = browser.post(PAGE, {**start, "duties": "weekly", "zone": "Asia/Kathmandu"}, on=PAGE)
    after = browser.follow(page)
    assert "Saved." in after.text
    assert session.get_one(Person, cast.lead.id, populate_existing=True).zone == "Asia/Kathmandu"
    assert "14:45 UTC+05:45" in after.text, "the page tells times in it at once"
    assert kept(session) == {(cast.lead.id, "duties"): ("weekly", "page")}


def test_a_page_left_open_takes_nothing_back(app: Flask, cast: Cast, session: Session, settings: Settings) -> None:
    browser = Browser(app).sign_in(cast.ada)
    old = seen(browser.get(PAGE).text)
    token = action.leaving(settings.secret_key, cast.ada.id or 0, (Topic.PROGRESS,))
    app.test_client().post(f"/unsubscribe/{token}", data=ONE_CLICK)
    browser.post(PAGE, {**old, "comments": "daily"}, on=PAGE)
    assert kept(session) == {
        (cast.ada.id, "progress"): ("off", "link"), (cast.ada.id, "comments"): ("daily", "page"),
    }  # fmt: skip


def test_an_admin_sees_what_people_chose(app: Flask, cast: Cast, session: Session, settings: Settings) -> None:
    token = action.leaving(settings.secret_key, cast.cleo.id or 0, (Topic.COMMENTS, Topic.PROGRESS))
    app.test_client().post(f"/unsubscribe/{token}", data=ONE_CLICK)
    page = Browser(app).sign_in(cast.admin).get("/admin/people").text
    row: Any = re.search(r"<tr[^>]*>(?:(?!</tr>).)*cleo@contoso(?:(?!</tr>).)*</tr>", page, re.DOTALL)
    assert "How your requests move on: not by letter; Comments and answers: not by letter" in row[0]
    assert page.count("not by letter") == 2, "who chose nothing has nothing to show"


def test_what_waits_is_told_on_the_page(app: Flask, session: Session, cast: Cast, settings: Settings) -> None:
    preferences.put(session, cast.ada.id or 0, Topic.PROGRESS, Way.DAILY, via="page", now=MONDAY)
    assert a_letter(session, cast, settings).state == "gathered"
    assert "1 letter waits for your next digest" in Browser(app).sign_in(cast.ada).get(PAGE).text


def test_a_program_reads_and_chooses_the_same(app: Flask, session: Session, cast: Cast) -> None:
    secret = tokens.issue(session, cast.ada.id or 0, "write", MONDAY)
    session.commit()
    client, headers = app.test_client(), {"Authorization": f"Bearer {secret}"}
    start = client.get("/api/v1/me/letters", headers=headers).get_json()
    assert {name: row["way"] for name, row in start["topics"].items()} == {"progress": "instant", "comments": "instant"}
    body: dict[str, Any] = {"topics": {"comments": "weekly"}, "zone": "Asia/Tokyo"}
    for wrong in ({"topics": {"comments": "hourly"}}, {"topics": {"duties": "off"}}, {**body, "zone": "Tokyo"}):
        answer = client.put("/api/v1/me/letters", json=wrong, headers=headers)
        assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    assert kept(session) == {}
    answer = client.put("/api/v1/me/letters", json=body, headers=headers).get_json()
    assert answer == client.get("/api/v1/me/letters", headers=headers).get_json()
    assert (answer["zone"], answer["waiting"]) == ("Asia/Tokyo", 0)
    comments = {"way": "weekly", "ways": [*map(str, Way)], "via": "page", "since": "2026-11-02T09:00:00Z"}
    assert answer["topics"]["comments"] == comments
