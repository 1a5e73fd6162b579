"""Who may call what: every route stands in one table, and nothing outside it is let through."""

import re

import pytest
from factories import Cast
from flask import Flask
from sqlalchemy.orm import Session
from webclient import Browser, Page

from request_tracker import links
from request_tracker.access import policy
from request_tracker.api import openapi
from request_tracker.rules.terms import Role
from request_tracker.store import tokens

FILLERS = {"number": "LITE-000001", "key": "built", "name": "claim", "week": "2026-W45", "kind": "csv", "state": "x"}


def path_of(rule: str) -> str:
    """The route's address with something in each hole."""
    hole = r"<(?:([^:<>]+):)?(\w+)>"
    return re.sub(hole, lambda m: "1" if (m[1] or "").startswith("int") else FILLERS.get(m[2], "x"), rule)


def test_every_route_is_in_the_table_and_every_row_has_a_route(app: Flask) -> None:
    assert {rule.endpoint for rule in app.url_map.iter_rules()} == set(policy.ROUTES)


def test_an_unknown_endpoint_is_denied() -> None:
    assert not policy.may("somewhere.else", Role.ADMIN)
    assert not policy.may(None, Role.ADMIN)


def test_a_stranger_reaches_only_what_is_open(app: Flask) -> None:
    client = app.test_client()
    for rule in app.url_map.iter_rules():
        if policy.may(rule.endpoint, None, demo=True) or rule.endpoint.startswith("api."):
            continue
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            answer = client.open(path_of(rule.rule), method=method)
            refused = answer.status_code == 303 and "/sign-in" in answer.headers["Location"]
            assert refused or answer.status_code == 400, f"{method} {rule.rule}: {answer.status_code}"


def test_the_api_asks_everybody_for_a_token(app: Flask) -> None:
    client = app.test_client()
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("api.") and not policy.may(rule.endpoint, None):
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                answer = client.open(path_of(rule.rule), method=method)
                assert answer.status_code == 401, f"{method} {rule.rule}"
                assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize("role", Role)
def test_a_role_reaches_no_more_than_its_rows(app: Flask, cast: Cast, session: Session, role: Role) -> None:
    who = cast.by_role(role)
    secret = tokens.issue(session, who.id or 0, "all", app.extensions["request_tracker"].now())
    session.commit()
    browser = Browser(app).sign_in(who)
    for rule in app.url_map.iter_rules():
        if policy.may(rule.endpoint, role, demo=True):
            continue
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            client = app.test_client() if rule.endpoint.startswith("api.") else browser.client
            headers = {"Authorization": f"Bearer {secret}"} if rule.endpoint.startswith("api.") else {}
            answer = client.open(path_of(rule.rule), method=method, headers=headers)
            assert answer.status_code in (400, 403), f"{role} {method} {rule.rule}: {answer.status_code}"


def test_the_mailbox_is_open_in_the_demo_only() -> None:
    assert policy.may("mailbox.index", None, demo=True)
    assert not policy.may("mailbox.index", None)
    assert not policy.may("mailbox.index", Role.LEAD)
    assert policy.may("mailbox.index", Role.ADMIN)


def test_links_lead_to_routes(app: Flask) -> None:
    adapter = app.url_map.bind("x")
    for link, method in (
        (links.request_page("", "REQ-000001"), "GET"),
        (links.case_page("", "LITE-000001"), "GET"),
        (links.trial_run("", "LITE-000001", 1), "GET"),
        (links.connect("", "LITE-000001"), "GET"),
        (links.connect_return("", "state"), "GET"),
        (links.webhook(""), "POST"),
        (links.queue(""), "GET"),
        (links.clocks(""), "GET"),
        (links.fivetran(""), "GET"),
        (links.letter_settings(""), "GET"),
        (links.unsubscribe("", "token"), "POST"),
        (links.report("", "2026-W45").partition("?")[0], "GET"),
        (links.report_file("", "2026-W45", "json"), "GET"),
        (links.shared_report("", "token"), "GET"),
        (links.report_stop("", "token"), "POST"),
    ):
        assert adapter.match(link, method=method)


def test_the_openapi_document_names_every_call(app: Flask) -> None:
    routes = {
        (method.lower(), re.sub(r"<(?:[^:<>]+:)?(\w+)>", r"{\1}", rule.rule.removeprefix("/api/v1")))
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("api.") and rule.endpoint != "api.openapi"
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    document = openapi.document("http://x")
    assert {(method, path) for path, calls in document["paths"].items() for method in calls} == routes
    assert app.test_client().get("/api/v1/openapi.json").get_json()["openapi"] == "3.1.0"


def test_pages_carry_a_strict_policy(app: Flask) -> None:
    answer = app.test_client().get("/sign-in")
    policy_text = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy_text
    assert "frame-ancestors 'none'" in policy_text
    assert answer.headers["Cache-Control"] == "no-store"


def test_signing_in_leads_only_to_this_site(app: Flask, cast: Cast) -> None:
    browser = Browser(app)
    token = Browser._token(browser.get("/sign-in?next=//evil.example").text)
    data = {"email": cast.ada.email, "password": "correct horse battery staple", "csrf_token": token}
    answer = browser.client.post("/sign-in", data={**data, "next": "//evil.example"})
    assert answer.headers["Location"] == "/"


def test_a_wrong_password_and_an_unknown_address_read_the_same(app: Flask, cast: Cast) -> None:
    browser = Browser(app)
    texts = []
    for email in (cast.ada.email, "nobody@x.example"):
        token = Browser._token(browser.get("/sign-in").text)
        answer = browser.client.post("/sign-in", data={"email": email, "password": "wrong", "csrf_token": token})
        assert answer.status_code == 422
        texts.append(re.findall(r"do not fit together[^<]*", answer.get_data(as_text=True)))
    assert texts[0] == texts[1] != []


def test_an_error_page_says_what_to_do_next(app: Flask, cast: Cast) -> None:
    browser = Browser(app).sign_in(cast.ada)
    assert "Check the address" in browser.get("/requests/REQ-000999", status=404).text
    assert "ask an admin" in browser.get("/queue", status=403).text
    for path, status in (("/requests/REQ-000999", 404), ("/queue", 403)):
        assert "decide anew" not in browser.get(path, status=status).text


def test_a_post_without_its_token_is_refused(app: Flask, cast: Cast) -> None:
    browser = Browser(app).sign_in(cast.ada)
    answer = browser.client.post("/requests/new", data={"service_name": "x"})
    assert answer.status_code == 400
    text = answer.get_data(as_text=True)
    assert "This form is out of date" in text
    assert "Go back, copy what you typed, load the page again and send it again" in text
    assert "Ada" in text, "the page knows who is signed in"
    assert "CSRF" not in text


def test_whoever_is_signed_out_meanwhile_signs_in_and_comes_back(app: Flask, cast: Cast) -> None:
    browser = Browser(app)
    for page, back in (
        ("http://localhost/duplicates/LITE-1/LITE-2?band=merge", "/duplicates/LITE-1/LITE-2?band=merge"),
        ("https://evil.example/x", ""),
        ("http://localhost/sign-in?next=/queue", ""),
        ("", ""),
    ):
        headers = {"Referer": page} if page else {}
        answer = browser.client.post("/duplicates/LITE-000001/LITE-000002/dismiss", headers=headers)
        assert answer.status_code == 303
        shown = browser.follow(Page(303, "", answer.headers))
        assert "nothing was sent. Sign in, then fill in the form again" in shown.text
        assert f'name="next" value="{back}"' in shown.text
    assert browser.client.post("/sign-in", data={"email": cast.ada.email}).headers["Location"] == "/sign-in"
    assert "That page was out of date" in browser.get("/sign-in").text


def test_a_character_no_database_keeps_is_refused(app: Flask, session: Session, cast: Cast) -> None:
    browser = Browser(app).sign_in(cast.admin)
    for path in ("/admin/knowledge?q=%00", "/catalogue/%00", "/admin/knowledge?kind=a&q=x&q=%00"):
        assert "cannot be stored" in browser.get(path, status=400).text
    answer = app.test_client().get("/api/v1/cases?q=%00")
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
