"""The requester's pages through HTTP: the form, suggestions, status in each phase, tasks, withdrawal, privacy."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from html import unescape
from io import BytesIO
from typing import Any

import pytest
from factories import CONSULTED, DECLINE, MONDAY, PATH, Cast, a_case, a_cast, a_request, act, case_of, move, put, typed
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from webclient import Browser, Page, inspect

from request_tracker.actions import hold, merge, withdraw
from request_tracker.actions import submit as sending
from request_tracker.actions.evidence import Fact
from request_tracker.actions.evidence import put as put_fact
from request_tracker.app import create_app
from request_tracker.rules.people import Viewer
from request_tracker.settings import Settings
from request_tracker.store import evidence, requests
from request_tracker.store.cases import Case
from request_tracker.store.connections import Connection
from request_tracker.store.documents import Document
from request_tracker.store.requests import Request
from request_tracker.store.session import Database

KEY = "0123456789abcdef0123456789abcdef"
FORM = {**typed(), "terms_accepted": "y"}


@pytest.fixture
def ada(app: Flask, cast: Cast) -> Browser:
    return Browser(app).sign_in(cast.ada)


def _browser(app: Flask, who: Viewer) -> Browser:
    return Browser(app).sign_in(who)


def _later(app: Flask, **by: float) -> None:
    """Move the application's clock on."""
    at = MONDAY + timedelta(**by)
    app.extensions["request_tracker"] = replace(app.extensions["request_tracker"], now=lambda: at)


def _count(session: Session, model: Any) -> int:
    session.expire_all()
    return session.scalar(select(func.count()).select_from(model)) or 0


def _send(browser: Browser, *, status: int = 303, **changes: Any) -> Page:
    page = browser.post("/requests/new", {**FORM, "form_key": KEY, **changes}, status=status)
    if status != 303:
        inspect(page.text)
    return page


def _title(page: Page) -> str:
    found = re.search(r"<title>(.*?)</title>", page.text)
    return unescape(found[1]) if found else ""


def _text(page: Page) -> str:
    body = re.sub(r"<(script|style).*?</\1>", "", page.text, flags=re.S)
    words = " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())
    return re.sub(r" (?=[.,:;])", "", words)


def _show(browser: Browser, request: Request, **kwargs: Any) -> Page:
    return browser.get(f"/requests/{request.number}", **kwargs)


# --- the form ---


def test_a_request_is_sent_and_the_receipt_promises_a_date(ada: Browser, session: Session, cast: Cast) -> None:
    form = ada.get("/requests/new")
    for label in (
        "Service name",
        "Business URL",
        "API documentation URL",
        "Use case",
        "Data needed",
        "I accept the terms",
    ):
        assert label in form.text
    sent = _send(
        ada, auth_kind="api_key", sandbox="yes", endpoint_count="25", would_preview="y", also_tell="x@y.example"
    )
    assert re.search(r"/requests/REQ-\d{6}\?sent=1$", sent.location)
    text = _text(ada.follow(sent))
    assert "Request received" in text
    assert "We answer by 16 Nov 2026, 09:00 UTC" in text, "ten working days are two weeks"
    assert "What happens next" in text
    request = session.scalars(select(Request)).one()
    assert (request.person_id, request.auth_kind, request.sandbox, request.endpoint_count, request.would_preview) == (
        cast.ada.id, "api_key", "yes", 25, True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("service_name", "", "Enter the name of the service"),
        ("service_name", "x" * 1_000_000, "Shorten this to 200 characters"),
        ("service_url", "", "Enter the address of the service"),
        ("service_url", "javascript:alert(1)", "Enter a full web address"),
        ("api_docs_url", "", "or upload a document"),
        ("use_case", "", "Tell us what you want to do"),
        ("use_case", "x" * 1_000_000, "Shorten this to 20,000 characters"),
        ("data_needed", "", "Tell us which data"),
        ("terms_accepted", "", "Accept the terms"),
        ("auth_kind", "magic", "Choose one of"),
        ("endpoint_count", "many", "Enter a whole number"),
    ],
)
def test_each_error_stands_at_its_field_and_nothing_typed_is_lost(
    ada: Browser, session: Session, field: str, value: str, message: str
) -> None:
    page = _send(ada, status=422, custom_fields="our own <b>fields</b>", **{field: value})
    assert _title(page).startswith("Error: ")
    assert f'<a href="#{field}">' in page.text
    assert message in unescape(page.text)
    assert f'id="{field}-error"' in page.text
    assert "our own &lt;b&gt;fields&lt;/b&gt;" in page.text
    assert f'name="form_key" value="{KEY}"' in page.text, "the one-time key is kept"
    assert _count(session, Request) == 0


def test_all_errors_are_told_at_once(ada: Browser) -> None:
    page = ada.post("/requests/new", {"form_key": KEY}, status=422)
    for field in ("service_name", "service_url", "api_docs_url", "use_case", "data_needed", "terms_accepted"):
        assert f'id="{field}-error"' in page.text


def test_pressed_twice_it_is_one_request(ada: Browser, session: Session) -> None:
    first, second = _send(ada), _send(ada)
    assert first.location == second.location
    assert _count(session, Request) == 1


@pytest.mark.parametrize("database", ["fresh", pytest.param("fresh_postgres", marks=pytest.mark.postgres)])
def test_pressed_at_the_same_moment_it_is_one_request(
    database: str, settings: Settings, request: pytest.FixtureRequest
) -> None:
    kept: Database = request.getfixturevalue(database)
    with kept.transaction() as session:
        cast = a_cast(session)
    app = create_app(settings, kept, now=lambda: MONDAY)
    browsers = [_browser(app, cast.ada) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        pages = list(pool.map(_send, browsers))
    assert len({page.location for page in pages}) == 1
    with kept.reading() as session:
        assert (_count(session, Request), _count(session, Case)) == (1, 1)


def test_who_comes_second_by_a_hair_lands_on_the_first_request(
    ada: Browser, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = sending.submit, []

    def collides_once(*args: Any, **kwargs: Any) -> Request:
        calls.append(kwargs["form_key"])
        if len(calls) == 1:
            raise IntegrityError("INSERT", {}, Exception("UNIQUE constraint failed: request.form_key"))
        return real(*args, **kwargs)

    monkeypatch.setattr(sending, "submit", collides_once)
    _send(ada)
    assert len(set(calls)) == 1
    assert len(calls) == 2
    assert _count(session, Request) == 1


def test_the_one_time_key_of_another_person_leads_nowhere(
    ada: Browser, app: Flask, cast: Cast, session: Session
) -> None:
    _send(ada)
    cleo = _browser(app, cast.cleo)
    other = _send(
        cleo, service_name="Quite Other", service_url="https://other.example", api_docs_url="https://other.example/api"
    )
    assert "Quite Other" in cleo.follow(other).text
    assert _count(session, Request) == 2


def test_a_failed_form_comes_back_as_a_draft_and_goes_when_sent(ada: Browser) -> None:
    _send(ada, status=422, terms_accepted="", use_case="Half a thought")
    again = ada.get("/requests/new")
    assert "Your draft is back" in again.text
    assert "Half a thought" in again.text
    _send(ada)
    assert "Your draft is back" not in ada.get("/requests/new").text


def test_a_draft_is_kept_by_script_and_by_the_button(ada: Browser, app: Flask, cast: Cast) -> None:
    ada.post("/requests/draft", {"service_name": "Nearly", "form_key": KEY}, status=204)
    assert 'value="Nearly"' in ada.get("/requests/new").text
    later = ada.post("/requests/draft", {"service_name": "Finished later", "later": "1"})
    assert later.location == "/requests"
    assert "Your draft is kept" in ada.follow(later).text
    assert 'value="Finished later"' in ada.get("/requests/new").text
    assert "Finished later" not in _browser(app, cast.ben).get("/requests/new").text, "a draft is one person's"


def test_a_late_draft_does_not_come_back_after_sending(ada: Browser) -> None:
    _send(ada)
    ada.post("/requests/draft", {**FORM, "form_key": KEY}, status=204)
    assert "Your draft is back" not in ada.get("/requests/new").text


def test_an_uploaded_document_stands_for_the_address_and_is_not_chosen_twice(ada: Browser, session: Session) -> None:
    file = (BytesIO(b'{"openapi": "3.0.0"}'), "spec.json")
    page = _send(ada, status=422, api_docs_url="", terms_accepted="", document=file)
    assert "Kept from before: spec.json" in page.text
    sent = _send(ada, api_docs_url="", kept="1")
    kept = session.scalars(select(Document)).one()
    assert (kept.filename, kept.body) == ("spec.json", b'{"openapi": "3.0.0"}')
    shown = ada.follow(sent)
    link = re.search(r'href="(/requests/[^"]+/documents/\d+)"', shown.text)
    assert link is not None
    answer = ada.client.get(link[1])
    assert answer.data == b'{"openapi": "3.0.0"}'
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("name", "body", "message"), [("run.exe", b"MZ", "of one of these kinds"), ("spec.json", b"", "The file is empty")]
)
def test_a_document_that_cannot_be_taken_is_told(ada: Browser, name: str, body: bytes, message: str) -> None:
    page = _send(ada, status=422, api_docs_url="", document=(BytesIO(body), name))
    assert message in page.text
    assert "or upload a document" not in page.text, "told once"


def test_a_specialist_sends_for_a_requester_only_with_consent(app: Flask, cast: Cast, session: Session) -> None:
    browser = _browser(app, cast.specialist)
    bare = _send(browser, status=422)
    assert "Enter the e-mail of the requester" in bare.text
    assert "only with their consent" in bare.text
    nobody = _send(browser, status=422, on_behalf_of="nobody@x.example", consent="y")
    assert "Nobody here has this address" in nobody.text
    staff = _send(browser, status=422, on_behalf_of=cast.lead.email, consent="y")
    assert "Name a requester" in staff.text
    _send(browser, on_behalf_of=cast.cleo.email, consent="y")
    request = session.scalars(select(Request)).one()
    assert (request.person_id, request.submitted_by_id) == (cast.cleo.id, cast.specialist.id)
    live = case_of(session, request)
    _send(browser, on_behalf_of=cast.ben.email, consent="On the phone", join=live.number, form_key=KEY[::-1])
    assert [each.person_id for each in requests.live_of(session, live.id)] == [cast.cleo.id, cast.ben.id]
    twice = _send(
        browser, status=422, on_behalf_of=cast.ben.email, consent="On the phone", join=live.number, form_key="f" * 32
    )
    assert "They take part in this already" in twice.text


def test_a_requester_is_not_asked_for_whom(ada: Browser) -> None:
    assert "on_behalf_of" not in ada.get("/requests/new").text


# --- suggestions ---


@pytest.fixture
def theirs(app: Flask, cast: Cast, session: Session) -> str:
    """The number of a case that Cleo, of another account, opened through the form."""
    browser = _browser(app, cast.cleo)
    _send(browser, use_case="A secret of Contoso")
    return session.scalars(select(Case)).one().number


def test_similar_cases_are_suggested_while_typing(ada: Browser, theirs: str) -> None:
    address = (
        "/requests/suggestions?service_name=Acme+Billing&service_url=https://www.acmebilling.example&api_docs_url="
    )
    page = ada.get(address)
    assert "1 account has asked for this already; it is in submission." in page.text
    assert f'name="join" value="{theirs}"' in page.text
    assert "secret of Contoso" not in page.text
    assert theirs not in ada.get("/requests/suggestions").text
    assert theirs not in ada.get("/requests/suggestions?service_name=" + "%00" * 50 + "&service_url=http://[").text


def test_without_script_the_matches_come_before_it_is_stored(ada: Browser, theirs: str, session: Session) -> None:
    page = _send(ada, status=422)
    assert "Others already asked for this" in page.text
    assert not _title(page).startswith("Error"), "a choice is no error"
    assert "Bring invoices next to our sales figures." in page.text
    assert f'name="seen_matches" value="{theirs}"' in page.text
    assert _count(session, Request) == 1
    sent = _send(ada, seen_matches=theirs)
    assert _count(session, Case) == 2, "never blocked"
    assert "Request received" in ada.follow(sent).text


def test_one_press_joins_and_keeps_what_was_typed(ada: Browser, theirs: str, session: Session, cast: Cast) -> None:
    sent = _send(ada, join=theirs)
    assert _count(session, Case) == 1
    text = _text(ada.follow(sent))
    assert "You have joined the request" in text
    assert "Your account and one other ask for this." in text
    request = session.scalars(select(Request).where(Request.person_id == cast.ada.id)).one()
    assert (request.kind, request.use_case) == ("joined", FORM["use_case"])


def test_nobody_joins_twice(ada: Browser, theirs: str, session: Session) -> None:
    first = _send(ada, join=theirs)
    assert _send(ada, join=theirs).location == first.location, "the same form again lands on the same request"
    page = _send(ada, status=422, join=theirs, form_key="f" * 32)
    assert "You ask for this already with REQ-" in page.text
    assert _count(session, Request) == 2


@pytest.mark.parametrize("number", ["LITE-999999", "nonsense"])
def test_a_case_that_cannot_be_joined_is_told(ada: Browser, number: str, session: Session) -> None:
    page = _send(ada, status=422, join=number)
    assert "cannot be joined any more" in page.text
    assert _count(session, Request) == 0


# --- the status page ---


@pytest.mark.parametrize("phase", PATH)
def test_the_page_tells_phase_promise_and_whose_turn_it_is(
    ada: Browser, session: Session, cast: Cast, phase: str
) -> None:
    case = a_case(session, cast, phase=phase)
    session.commit()
    page = ada.get(f"/requests/REQ-{case.primary_request_id:06d}")
    text = _text(page)
    assert {
        "submission": "We answer by 16 Nov 2026",
        "validation": "Specialist looks after it. We read the API documentation",
        "consultation": "We have the ball",
        "development": "We open the private preview by 30 Nov 2026",
        "private_preview": "Review the data",
        "generally_available": "The connector is generally available",
    }[phase] in text
    if phase != "generally_available":
        assert page.text.count('aria-current="step"') == 1
    assert FORM["use_case"] in text


def test_an_overdue_promise_is_admitted(ada: Browser, app: Flask, session: Session, cast: Cast) -> None:
    request = a_request(session, cast.ada)
    session.commit()
    _later(app, days=20)
    text = _text(_show(ada, request))
    assert "We promised you an answer by 16 Nov 2026, 09:00 UTC. This promise is broken, and we are sorry." in text


def test_a_promise_to_the_first_moment_of_monday_is_told_as_the_end_of_friday(
    ada: Browser, session: Session, cast: Cast
) -> None:
    request = a_request(session, cast.ada, now=MONDAY - timedelta(days=1))
    session.commit()
    assert "We answer by the end of Friday 13 Nov 2026 (UTC), 9 working days left." in _text(_show(ada, request))


def test_a_question_is_answered_on_the_page(ada: Browser, session: Session, cast: Cast, app: Flask) -> None:
    case = a_case(session, cast, phase="validation")
    hold.put_on(session, case, act(cast.specialist), reason="requester_info", question="Which <i>plan</i>?")
    session.commit()
    address = f"/requests/REQ-{case.primary_request_id:06d}"
    page = ada.get(address)
    assert "It is your turn" in page.text
    assert "Which &lt;i&gt;plan&lt;/i&gt;?" in page.text
    assert "The promise stands still since 2 Nov 2026: we wait for an answer from you" in _text(page)
    assert "Answer our question" in ada.get("/requests").text
    action = re.search(r'action="(/requests/[^"]+/answer)"', page.text)
    assert action is not None
    empty = ada.post(action[1], {"body": "  "}, status=422)
    assert _title(empty).startswith("Error: ")
    inspect(empty.text)
    _browser(app, cast.cleo).post(action[1], {"body": "Not mine"}, status=404)
    done = ada.follow(ada.post(action[1], {"body": "The large one"}))
    assert "Your answer is sent" in done.text
    assert "The large one" in done.text
    again = ada.follow(ada.post(action[1], {"body": "Twice"}))
    assert "nothing left to answer" in again.text


def test_minutes_are_read_and_confirmed(ada: Browser, app: Flask, session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="consultation")
    put(session, case, cast.specialist, *CONSULTED[:3])
    for key, note in (("use_cases_recorded", "Dunning by region"), ("data_requirements_recorded", "Three years back")):
        put_fact(session, case, Fact(key, note=note), act(cast.specialist))
    session.commit()
    address = f"/requests/REQ-{case.primary_request_id:06d}"
    page = ada.get(address)
    assert "Dunning by region" in page.text
    assert "Three years back" in page.text
    assert "Confirm the minutes" in ada.get("/requests").text
    _browser(app, cast.ben).post(f"{address}/evidence/minutes_confirmed", {}, status=403)
    ada.post(f"{address}/evidence/built", {}, status=404)
    done = ada.follow(ada.post(f"{address}/evidence/minutes_confirmed", {"note": "All right"}))
    assert "the minutes are confirmed" in done.text
    session.expire_all()
    assert evidence.standing(session, case.id)["minutes_confirmed"].note == "All right"
    twice = ada.follow(ada.post(f"{address}/evidence/minutes_confirmed", {}))
    assert "nothing to confirm at the moment" in twice.text


def test_the_preview_is_reviewed_and_verified(ada: Browser, session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="private_preview")
    session.commit()
    address = f"/requests/REQ-{case.primary_request_id:06d}"
    assert "The first sync is not done yet" in ada.get(address).text
    put(session, case, cast.specialist, "initial_sync_finished")
    session.commit()
    assert "Review the data" in ada.get("/requests").text
    for key in ("completeness_reviewed", "requester_verified"):
        ada.post(f"{address}/evidence/{key}", {"note": "x" * 20_001}, status=422)
        ada.post(f"{address}/evidence/{key}", {"note": ""})
    session.expire_all()
    assert {"completeness_reviewed", "requester_verified"} <= set(evidence.standing(session, case.id))
    assert "We have the ball" in ada.get(address).text


def test_access_is_granted_over_our_own_link(ada: Browser, app: Flask, session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="consultation")
    session.add(
        Connection(
            case_id=case.id, request_id=case.primary_request_id, account_id=case.account_id, state="created",
            group_id="g", schema_name="s", service="connector_sdk", connection_id="c_1", created_at=MONDAY,
        )
    )  # fmt: skip
    session.commit()
    number = f"REQ-{case.primary_request_id:06d}"
    link = f'href="/connect/{case.number}"'
    assert link in ada.get(f"/requests/{number}").text
    assert link not in _browser(app, cast.ben).get(f"/requests/{number}").text, "a colleague cannot grant it"
    assert "Grant access" in ada.get("/requests").text
    state = ada.get(f"/requests/{number}/state")
    assert "waits for you to grant access" in state.text
    seen = re.search(r"seen=([\w-]+)", state.text)
    assert seen is not None
    ada.get(f"/requests/{number}/state?seen={seen[1]}", status=204)
    assert "Something has changed" in ada.get(f"/requests/{number}/state?seen=old").text


def test_comments_are_said_and_escaped(ada: Browser, session: Session, cast: Cast) -> None:
    request = a_request(session, cast.ada, use_case="<script>alert(1)</script>", service_name='"><img src=x>')
    session.commit()
    ada.post(f"/requests/{request.number}/comments", {"body": ""}, status=422)
    said = ada.post(f"/requests/{request.number}/comments", {"body": "<script>alert(2)</script>"})
    page = ada.follow(said)
    assert "<script>alert" not in page.text
    assert "<img src=x>" not in page.text
    assert page.text.count("&lt;script&gt;alert") >= 2
    assert "<img src=x>" not in ada.get("/requests").text


def test_a_decline_tells_why_what_else_and_how_to_appeal(ada: Browser, session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="validation")
    move(session, case, "decline", cast.specialist, **DECLINE)
    session.commit()
    text = _text(ada.get(f"/requests/REQ-{case.primary_request_id:06d}"))
    assert "There is no API." in text
    assert "Public, complete API documentation" in text
    assert "Connector SDK" in text
    assert "To appeal" in text
    assert "1 May 2027" in text, "180 days"


def test_withdrawn_after_the_consequences_and_taken_back(ada: Browser, session: Session, cast: Cast) -> None:
    request = a_request(session, cast.ada)
    session.commit()
    address = f"/requests/{request.number}/withdrawal"
    assert f'href="{address}"' in _show(ada, request).text
    before = _text(ada.get(address))
    assert "the work on it ends" in before
    assert "30 days" in before
    left = ada.follow(ada.post(address))
    assert "Take the withdrawal back" in left.text
    ada.post(address)
    assert "Nothing to withdraw" in ada.get(address).text
    session.expire_all()
    assert case_of(session, request).outcome == "withdrawn"
    back = ada.follow(ada.post(f"{address}/undo"))
    assert "your request goes on" in back.text
    session.expire_all()
    assert case_of(session, request).outcome is None


def test_after_thirty_days_a_withdrawal_stays(ada: Browser, app: Flask, session: Session, cast: Cast) -> None:
    request = a_request(session, cast.ada)
    joined = a_request(session, cast.cleo, join=case_of(session, request).number)
    withdraw.withdraw(session, request, act(cast.ada))
    session.commit()
    text = _text(_show(ada, request))
    assert "You have left this request" in text
    assert joined.number not in text
    _later(app, days=31)
    assert "Take the withdrawal back" not in _show(ada, request).text
    late = ada.follow(ada.post(f"/requests/{request.number}/withdrawal/undo"))
    assert "send a new request" in late.text


# --- who sees what ---


def test_another_account_sees_nothing(app: Flask, session: Session, cast: Cast) -> None:
    request = a_request(session, cast.ada)
    session.commit()
    cleo = _browser(app, cast.cleo)
    for path in ("", "/state", "/withdrawal", "/documents/1"):
        cleo.get(f"/requests/{request.number}{path}", status=404)
    for path in ("/comments", "/withdrawal", "/withdrawal/undo", "/evidence/minutes_confirmed"):
        cleo.post(f"/requests/{request.number}{path}", {"body": "x"}, status=404)
    assert request.number not in cleo.get("/requests").text


def test_a_supporter_sees_the_public_card_and_their_own_matters(app: Flask, session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="consultation", use_case="Secret of Northwind")
    own = a_request(session, cast.cleo, join=case.number, use_case="Wish of Contoso")
    put_fact(session, case, Fact("use_cases_recorded", note="Noted at Northwind"), act(cast.specialist))
    hold.put_on(session, case, act(cast.specialist), reason="requester_info", question="Asked of Northwind")
    account_id = cast.ada.account_id or 0
    hold.comment(session, case, act(cast.ada), body="Said by Northwind", internal=False, account_id=account_id)
    session.commit()
    text = _text(_show(_browser(app, cast.cleo), own))
    assert "Wish of Contoso" in text
    assert "Your account and one other ask for this." in text
    assert "In consultation" in text
    for hidden in ("Secret of", "Noted at", "Asked of Northwind", "Said by", "Ada", "Northwind", "It is your turn"):
        assert hidden not in text
    assert "Wish of Contoso" not in _text(_browser(app, cast.ada).get(f"/requests/REQ-{case.primary_request_id:06d}"))


def test_a_combined_request_keeps_its_address_and_shows_the_roots_phase(
    app: Flask, session: Session, cast: Cast
) -> None:
    root = a_case(session, cast, phase="development", use_case="Secret of Northwind")
    own = a_request(session, cast.cleo, service_name="Acme Bills")
    child = case_of(session, own)
    merge.merge(session, child, root, act(cast.specialist), version=child.version, into_version=root.version)
    session.commit()
    browser = _browser(app, cast.cleo)
    text = _text(_show(browser, own))
    assert "Your request was combined with others for the same service" in text
    assert "In development" in text
    assert "Secret of" not in text
    assert "Development" in browser.get("/requests").text


def test_the_list_shows_own_requests_first_and_says_what_to_do_when_empty(
    app: Flask, session: Session, cast: Cast
) -> None:
    ben = _browser(app, cast.ben)
    assert "Welcome. Here is the program in a minute" in ben.get("/requests").text
    ben.follow(ben.post("/how-it-works/read"))
    assert "You have not asked for a connector yet" in ben.get("/requests").text
    a_request(session, cast.ben, service_name="Of Ben", service_url="https://ben.example")
    a_request(session, cast.ada, service_name="Of Ada")
    session.commit()
    text = ben.get("/requests").text
    assert text.index("Of Ben") < text.index("Of Ada")
    assert ben.get("/", status=303).location == "/requests"


def test_staff_begin_with_the_queue_and_may_look_at_a_request(app: Flask, session: Session, cast: Cast) -> None:
    request = a_request(session, cast.ada)
    session.commit()
    browser = _browser(app, cast.auditor)
    assert browser.get("/", status=303).location == "/reports"
    assert "Ada" in _show(browser, request).text
    browser.get("/requests", status=403)
    browser.get("/style")


def test_a_colleague_cannot_withdraw(app: Flask, session: Session, cast: Cast) -> None:
    request = a_request(session, cast.ada)
    session.commit()
    ben = _browser(app, cast.ben)
    assert "Withdraw this request" not in _show(ben, request).text
    ben.get(f"/requests/{request.number}/withdrawal", status=403)
    ben.post(f"/requests/{request.number}/withdrawal", status=403)
