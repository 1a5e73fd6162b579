"""A connector that exists already: the form says so, and a page tells how to start it."""

import pytest
from factories import MONDAY, Cast
from flask import Flask
from sqlalchemy.orm import Session
from webclient import Browser

from request_tracker.store import candidates
from request_tracker.store.catalogue import CatalogueEntry


def an_entry(session: Session, app: Flask, *, status: str) -> CatalogueEntry:
    entry = CatalogueEntry(
        name="Brevo", service="sendinblue", domain="brevo.com", docs_url="https://developers.brevo.com/",
        connector_class="lite", service_status=status, updated_at=MONDAY,
    )  # fmt: skip
    session.add(entry)
    session.flush()
    candidates.index_catalogue(session, entry, app.extensions["request_tracker"].known(session))
    session.commit()
    return entry


def test_the_form_leads_to_how_to_start_it(app: Flask, session: Session, cast: Cast) -> None:
    an_entry(session, app, status="general_availability")
    web = Browser(app)
    web.sign_in(cast.ada)
    found = web.client.get("/requests/suggestions?service_name=brevo").text
    assert "/catalogue/sendinblue" in found
    assert "A connector exists already" in found
    page = web.get("/catalogue/sendinblue")
    assert "How to start it" in page.text
    assert "sendinblue" in page.text


@pytest.mark.parametrize(
    ("status", "by_oneself", "words"),
    [
        ("general_availability", True, "Generally available"),
        ("beta", True, "Beta"),
        ("private_preview", False, "Private preview"),
        ("development", False, "In development"),
        ("sunset", False, "Being retired"),
        ("something new", True, "In the catalogue"),
    ],
)
def test_each_status_says_what_to_do(
    app: Flask, session: Session, cast: Cast, status: str, by_oneself: bool, words: str
) -> None:
    an_entry(session, app, status=status)
    web = Browser(app)
    web.sign_in(cast.ada)
    page = web.get("/catalogue/sendinblue").text
    assert ("How to start it" in page) == by_oneself
    assert words in page


def test_an_unknown_connector_is_said_to_be_unknown(app: Flask, cast: Cast) -> None:
    web = Browser(app)
    web.sign_in(cast.ada)
    assert "There is no connector" in web.get("/catalogue/nothing-of-the-kind", status=404).text
