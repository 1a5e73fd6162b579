"""Fit hints on the request form: beside the field while typing, and after a form came back; never in the way."""

import re
from html import unescape

import pytest
from factories import Cast, typed
from flask import Flask
from webclient import Browser, Page

KEY = "0123456789abcdef0123456789abcdee"
BIG = {**typed(), "terms_accepted": "y", "form_key": KEY, "endpoint_count": "400", "auth_kind": "oauth2"}


def _hints(page: Page) -> dict[str, str]:
    """What stands in each region, by field."""
    found = re.findall(r'<div class="fit" id="fit-(\w+)"[^>]*>(.*?)</div>', page.text, re.S)
    return {name: " ".join(unescape(re.sub(r"<[^>]+>", "", inner)).split()) for name, inner in found}


def test_hints_come_with_the_form_that_came_back_and_with_the_draft(app: Flask, cast: Cast) -> None:
    ada = Browser(app).sign_in(cast.ada)
    fresh = _hints(ada.get("/requests/new"))
    assert set(fresh) == {"api_docs_url", "use_case", "data_needed", "auth_kind", "endpoint_count", "custom_fields"}
    assert set(fresh.values()) == {""}
    back = _hints(ada.post("/requests/new", {**BIG, "service_name": "", "data_needed": "<b>Deals</b>"}, status=422))
    assert back["endpoint_count"].startswith("Good to know Around 40 endpoints is ideal. With about 400, say")
    assert back["data_needed"] == "Good to know We will look for: Deals."
    assert "OAuth 2.0 works" in back["auth_kind"]
    assert _hints(ada.get("/requests/new")) == back


def test_advice_is_no_barrier(app: Flask, cast: Cast) -> None:
    ada = Browser(app).sign_in(cast.ada)
    assert "/requests/REQ-" in ada.post("/requests/new", BIG, status=303).location


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"endpoint_count": "40"}, "Around 40 endpoints is ideal: 40 fits."),
        ({"endpoint_count": "many"}, ""),
        ({"data_needed": "<img src=x> invoices"}, "We will look for: img src, invoices."),
        ({}, ""),
        ({"endpoint_count": "40", "unheard": "x" * 3_000}, "40 fits"),
    ],
)
def test_a_field_is_answered_while_it_is_typed(app: Flask, cast: Cast, sent: dict[str, str], said: str) -> None:
    page = Browser(app).sign_in(cast.ada).post("/requests/fit", sent, status=200)
    assert said in unescape(page.text)
    assert bool(page.text) == bool(said)
    assert "<img" not in page.text
