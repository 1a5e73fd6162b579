"""The request's page: the sentence on top, one order, files that come later, every state; and the form by a link."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from io import BytesIO

import pytest
from factories import MONDAY, Cast, a_case, a_request, act, case_of, move
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from webclient import Browser

from request_tracker.actions import hold, merge, withdraw
from request_tracker.store.cases import Case
from request_tracker.store.documents import Document
from request_tracker.store.requests import Request
from request_tracker.web import case_forecast

KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def ada(app: Flask, cast: Cast) -> Browser:
    return Browser(app).sign_in(cast.ada)


def _of(case: Case) -> str:
    return f"/requests/REQ-{case.primary_request_id:06d}"


def test_the_sentence_on_top_says_the_promise_the_days_left_and_what_is_likely(
    ada: Browser, session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = a_case(session, cast)
    session.commit()
    likely = "Most requests like it take another 6 to 8 weeks until everybody can use the connector."
    shown = case_forecast.ForecastShown((), "", None, is_staff=False, short=likely)
    monkeypatch.setattr(case_forecast, "shown", lambda *_: shown)
    page = ada.get(_of(case))
    stand = re.search(r'<p class="request-stand">(.*?)</p>', page.text, re.S)
    assert stand is not None
    said = re.sub(r"<[^>]+>", "", stand[1])
    assert said == f"We answer by 16 Nov 2026, 09:00 UTC, 10 working days left. {likely}"
    assert page.text.index("request-stand") < page.text.index("We have the ball") < page.text.index('class="stepper"')


def test_what_is_asked_comes_first_and_the_rest_in_one_order(ada: Browser, session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="validation")
    hold.put_on(session, case, act(cast.specialist), reason="requester_info", question="Which plan?")
    session.commit()
    text = ada.get(_of(case)).text
    parts = (
        "<h1>", "It is your turn", 'id="question"', 'class="stepper"', 'id="conversation"',
        'id="files"', 'id="typed-title"', 'id="history-title"', 'id="state-title"', "Withdraw this request",
    )  # fmt: skip
    places = [text.index(each) for each in parts]
    assert places == sorted(places)


def test_a_file_comes_later_and_bad_ones_are_told(ada: Browser, app: Flask, session: Session, cast: Cast) -> None:
    case = a_case(session, cast)
    session.commit()
    address = f"{_of(case)}/files"
    none = ada.post(address, {}, status=422)
    assert "Error: " in none.text
    assert "Choose a file first" in none.text
    assert '<a href="#file">' in none.text
    for name, body, said in (("run.exe", b"MZ", "of one of these kinds"), ("spec.json", b"", "The file is empty")):
        assert said in ada.post(address, {"document": (BytesIO(body), name)}, status=422).text
    sent = ada.post(address, {"document": (BytesIO(b"openapi: 3.0.0"), "mine/later.yaml")})
    assert sent.location.endswith("#files")
    page = ada.follow(sent)
    assert "later.yaml is added." in page.text
    assert session.scalars(select(Document.filename)).all() == ["later.yaml"]
    link = re.search(r'href="(/requests/[^"]+/documents/\d+)"', page.text)
    assert link is not None
    assert ada.client.get(link[1]).data == b"openapi: 3.0.0"
    Browser(app).sign_in(cast.cleo).post(address, {"document": (BytesIO(b"x"), "x.json")}, status=404)
    Browser(app).sign_in(cast.specialist).post(address, {"document": (BytesIO(b"x"), "x.json")}, status=403)
    withdraw.withdraw(session, session.get_one(Request, case.primary_request_id), act(cast.ada))
    session.commit()
    assert "no file can be added" in ada.post(address, {"document": (BytesIO(b"x"), "x.json")}, status=422).text
    assert "Add a file" not in ada.get(_of(case)).text


def test_a_file_that_is_too_big_is_told_with_what_to_do(ada: Browser, app: Flask, session: Session, cast: Cast) -> None:
    case = a_case(session, cast)
    session.commit()
    told = f'data-most="{app.config["MAX_CONTENT_LENGTH"]}"'
    assert told in ada.get(_of(case)).text, "and told before it is sent, where there is script"
    app.config["MAX_CONTENT_LENGTH"] = 2_000
    page = ada.post(f"{_of(case)}/files", {"document": (BytesIO(b"x" * 3_000), "x.json")}, status=413)
    assert "Send something smaller" in page.text


def test_history_is_folded_after_eight(ada: Browser, session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="generally_available")
    session.commit()
    before, after = ada.get(_of(case)).text.split('id="history-title"')[1].split("earlier step", 1)
    assert before.count('class="entry"') == 8
    assert after.count('class="entry"') >= 1
    fresh = a_case(session, cast, service_name="Other")
    session.commit()
    assert "earlier step" not in ada.get(_of(fresh)).text


def _declined(session: Session, cast: Cast, case: Case) -> None:
    move(session, case, "decline", cast.specialist, criterion="size", explanation="Too big", alternatives=["The SDK"])


def _merged(session: Session, cast: Cast, case: Case) -> None:
    root = case_of(session, a_request(session, cast.cleo, use_case="Secret of Contoso"))
    versions = {"version": case.version, "into_version": root.version}
    merge.merge(session, case, root, act(cast.specialist), **versions)


def _withdrawn(session: Session, cast: Cast, case: Case) -> None:
    withdraw.withdraw(session, session.get_one(Request, case.primary_request_id), act(cast.ada))


def _held(session: Session, cast: Cast, case: Case) -> None:
    hold.put_on(session, case, act(cast.specialist), reason="source_vendor")


STATES: dict[str, tuple[str, Callable[[Session, Cast, Case], None] | None, str]] = {
    **{each: (each, None, "We have the ball") for each in ("submission", "validation", "consultation", "development")},
    "private_preview": ("private_preview", None, "We have the ball"),
    "released": ("generally_available", None, "The connector is generally available"),
    "on hold": ("validation", _held, "We wait for the vendor of the service"),
    "declined": ("validation", _declined, "To appeal, write what is new"),
    "merged": ("validation", _merged, "combined with others"),
    "withdrawn": ("validation", _withdrawn, "Take the withdrawal back"),
}


WITH_PROMISE = ("submission", "validation", "merged", "development", "private_preview")


@pytest.mark.parametrize("state", STATES)
def test_every_state_says_who_has_the_ball_and_how_many_want_it(
    ada: Browser, session: Session, cast: Cast, state: str
) -> None:
    phase, then, said = STATES[state]
    case = a_case(session, cast, phase=phase)
    address = _of(case)
    if then:
        then(session, cast, case)
    session.commit()
    text = ada.get(address).words
    assert said in text
    assert "Secret of Contoso" not in text
    asks = {"merged": "Your account and one other ask for this.", "withdrawn": "Nobody asks for it now."}
    assert asks.get(state, "Only your account asks for this so far.") in text
    assert ("working days left" in text) is (state in WITH_PROMISE)


def test_a_link_fills_the_form_in_and_loses_no_draft(ada: Browser) -> None:
    link = "/requests/new?service_name=Paper+Ledger&service_url=https://paper.example/&api_docs_url=" + "x" * 3000
    filled = ada.get(link).text
    assert 'value="Paper Ledger"' in filled
    assert 'value="https://paper.example/"' in filled
    assert "x" * 2001 not in filled
    ada.post(
        "/requests/draft", {"service_name": "Half Desk", "use_case": "Half a thought", "form_key": KEY}, status=204
    )
    other = ada.get(link)
    assert "You began another request" in other.text
    assert "Go on with Half Desk instead" in other.text
    assert "Half a thought" not in other.text
    assert "Half a thought" in ada.get("/requests/new").text, "looking at the link took nothing away"
    same = ada.get("/requests/new?service_name=half+desk&service_url=https://half.example/").text
    assert "Half a thought" in same
    assert 'value="https://half.example/"' in same, "what was empty is filled in"


def test_the_form_says_what_is_needed_and_where_each_error_is(ada: Browser) -> None:
    form = ada.get("/requests/new").text
    assert "Six answers are needed" in form
    assert form.count("(optional)") == 9, "all but the six say that they are optional, or have an answer"
    wrong = ada.post("/requests/new", {"form_key": KEY, "service_url": "ftp://x"}, status=422).text
    listed = re.findall(r'<a href="#(\w+)">', wrong.split('id="error-summary"')[1].split("</section>")[0])
    assert listed == ["service_name", "service_url", "api_docs_url", "use_case", "data_needed", "terms_accepted"]
    for field in listed:
        assert re.search(rf'id="{field}"[^>]*aria-describedby="[^"]*{field}-error[^"]*" aria-invalid="true"', wrong), (
            field
        )


def test_signed_out_meanwhile_leads_back_to_the_form_with_the_draft(ada: Browser, app: Flask, cast: Cast) -> None:
    ada.post("/requests/draft", {"service_name": "Half Desk", "form_key": KEY}, status=204)
    ada.post("/sign-out")
    sent = app.test_client().post("/requests/new", data={"service_name": "Half Desk", "form_key": KEY})
    assert sent.status_code in (303, 400)
    assert "/sign-in" in sent.headers.get("Location", "/sign-in")
    assert 'value="Half Desk"' in Browser(app).sign_in(cast.ada).get("/requests/new").text


def test_late_promises_are_named_first(ada: Browser, app: Flask, session: Session, cast: Cast) -> None:
    case = a_case(session, cast)
    session.commit()
    at = MONDAY + timedelta(days=20)
    app.extensions["request_tracker"] = replace(app.extensions["request_tracker"], now=lambda: at)
    text = ada.get(_of(case)).words
    assert "This promise is broken, and we are sorry." in text
    assert "left." not in text.split("It")[0]
    assert "We promised an answer by 16 Nov 2026; it is late, and we are sorry." in ada.get("/requests").words
