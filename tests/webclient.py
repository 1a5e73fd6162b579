"""A web client that inspects every page: one h1, a title, unique ids, labelled fields, safe forms, sound HTML."""

import re
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import html5lib
from factories import PASSWORD
from flask import Flask
from flask.testing import FlaskClient

from request_tracker.rules.people import Viewer

_TAG = "{http://www.w3.org/1999/xhtml}"


@dataclass
class Page:
    """An answer: status, text, and the parsed document when it is HTML."""

    status: int
    text: str
    headers: Any
    forms: list[dict[str, str]] = field(default_factory=list)

    @property
    def location(self) -> str:
        return str(self.headers.get("Location", ""))

    @property
    def words(self) -> str:
        """What a person reads of the page's main part, on one line."""
        words = " ".join(unescape(re.sub(r"<[^>]+>", " ", self.text.split("<main")[1])).split())
        return re.sub(r" (?=[.,:;])", "", words)


class Browser:
    """Follows no redirects by itself; posts carry the form token of the last page."""

    def __init__(self, app: Flask) -> None:
        self.client: FlaskClient = app.test_client()

    def sign_in(self, who: Viewer) -> "Browser":
        token = self._token(self.get("/sign-in").text)
        data = {"email": who.email, "password": PASSWORD, "csrf_token": token}
        assert self.client.post("/sign-in", data=data).status_code == 303
        return self

    def get(self, path: str, *, status: int = 200, **headers: str) -> Page:
        return self._page(self.client.get(path, headers=headers), status)

    def post(self, path: str, data: dict[str, Any] | None = None, *, status: int = 303, on: str | None = None) -> Page:
        """Post with the token of the page at `on` (default: the start page's or any page with a form)."""
        token = self._token(self.client.get(on or "/", follow_redirects=True).get_data(as_text=True))
        sent = {"csrf_token": token, **(data or {})}
        return self._page(self.client.post(path, data=sent), status)

    def follow(self, page: Page) -> Page:
        return self.get(re.sub(r"^https?://[^/]+", "", page.location))

    def _page(self, answer: Any, status: int) -> Page:
        text = answer.get_data(as_text=True) if "text" in answer.mimetype or "json" in answer.mimetype else ""
        assert answer.status_code == status, f"{answer.status_code} instead of {status}: {text[:2000]}"
        if answer.mimetype == "text/html" and text.lstrip().lower().startswith("<!doctype") and status < 300:
            inspect(text)
        return Page(answer.status_code, text, answer.headers)

    @staticmethod
    def _token(text: str) -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', text)
        return found[1] if found else ""


_SOUND: set[int] = set()


def inspect(text: str) -> None:
    """Assert what every page owes its readers; a page that was found sound and comes again is not read again."""
    seen = hash(re.sub(r'name="csrf_token" value="[^"]+"', 'name="csrf_token"', text))
    if seen not in _SOUND:
        _inspect(text)
        _SOUND.add(seen)


def _inspect(text: str) -> None:
    parser = html5lib.HTMLParser(strict=False)
    document = parser.parse(text)
    faults = [name for _, name, _ in parser.errors]
    assert not faults, f"the HTML is not well formed: {faults[:5]}"
    all_of = lambda tag: list(document.iter(_TAG + tag))  # noqa: E731
    assert len(all_of("h1")) == 1, "a page has one h1"
    assert "".join(all_of("title")[0].itertext()).strip(), "a page has a title"
    ids = [node.get("id") for node in document.iter() if isinstance(node.tag, str) and node.get("id")]
    assert len(ids) == len(set(ids)), f"ids are unique: {sorted(i for i in ids if ids.count(i) > 1)}"
    _labelled(all_of)
    for form in all_of("form"):
        assert form.get("action"), "a form names its action"
        if (form.get("method") or "get").lower() == "post":
            assert any(node.get("name") == "csrf_token" for node in form.iter(_TAG + "input")), "a form has its token"
    assert not [n for n in document.iter() if isinstance(n.tag, str) and (n.get("style") or n.get("onclick"))]


def _labelled(all_of: Any) -> None:
    named = {label.get("for") for label in all_of("label")}
    wrapped = {id(node) for label in all_of("label") for node in label.iter()}
    for tag in ("input", "textarea", "select"):
        for node in all_of(tag):
            if node.get("type") in ("hidden", "submit", "button"):
                continue
            has = node.get("id") in named or id(node) in wrapped or node.get("aria-label")
            assert has, f"the field {node.get('name')} has a label"
