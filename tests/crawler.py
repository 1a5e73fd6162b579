"""Walks every link and every form of the pages as one person, and keeps what leads nowhere."""

import re
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException

PAGES_A_KIND = 6
FORMS_A_KIND = 3
LEFT_OUT = ("signin.leave",)
"""Signing out ends the walk."""
TYPED = {
    "email": "somebody@walk.example",
    "url": "https://walk.example/",
    "date": "2026-12-01",
    "datetime-local": "2026-12-01T10:00",
    "number": "3",
}
WORDS = "Words somebody typed"


@dataclass(frozen=True)
class Form:
    """A form as it stands on a page; `buttons`: what each of its buttons would add."""

    path: str
    method: str
    fields: tuple[tuple[str, str], ...]
    empty: tuple[tuple[str, str], ...]
    buttons: tuple[tuple[str, str], ...]
    pressed: bool
    """Whether it has a button at all."""

    def filled(self, *, typed: bool, button: tuple[str, str] | None) -> list[tuple[str, str]]:
        """What a browser would send, with words in the empty fields or without."""
        added = self.empty if typed else tuple((name, "") for name, _ in self.empty)
        return [*self.fields, *added, *([button] if button and button[0] else [])]


class Reading(HTMLParser):
    """The links and the forms of a page, as a browser would use them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.page = page
        self.links: list[str] = []
        self.raw: dict[str, dict[str, Any]] = {}
        self.order: list[dict[str, Any]] = []
        self.current: dict[str, Any] | None = None
        self.select: tuple[str, list[tuple[str, bool]], dict[str, Any] | None] | None = None
        self.area: tuple[str, dict[str, Any] | None, list[str]] | None = None
        self.headings = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "h1":
            self.headings += 1
        for name in ("href", "hx-get"):
            if name in found and (tag == "a" or name == "hx-get"):
                self.links.append(found[name])
        if tag == "form":
            self.current = self._form(found)
        elif tag == "input":
            self._input(found)
        elif tag == "button" and found.get("type", "submit") == "submit":
            self._button(found)
        elif tag == "select" and found.get("name"):
            self.select = (found["name"], [], self._of(found))
        elif tag == "option" and self.select is not None:
            self.select[1].append((found.get("value", ""), "selected" in found))
        elif tag == "textarea" and found.get("name"):
            self.area = (found["name"], self._of(found), [])

    def handle_data(self, data: str) -> None:
        if self.area is not None:
            self.area[2].append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.current = None
        elif tag == "select" and self.select is not None:
            name, options, form = self.select
            chosen = next((value for value, is_on in options if is_on), options[0][0] if options else "")
            other = next((value for value, _ in options if value), "")
            self._add(form, name, chosen, other)
            self.select = None
        elif tag == "textarea" and self.area is not None:
            name, form, said = self.area
            self._add(form, name, "".join(said).strip(), WORDS)
            self.area = None

    def forms(self) -> Iterator[Form]:
        for row in self.order:
            keys = ("fields", "empty", "buttons")
            yield Form(row["path"], row["method"], *(tuple(row[key]) for key in keys), row["pressed"])

    def _form(self, found: dict[str, str]) -> dict[str, Any]:
        row = self.raw.setdefault(found.get("id") or f"#{len(self.order)}", _nothing())
        row["path"] = urljoin(self.page, found.get("action", ""))
        row["method"] = found.get("method", "get").lower()
        self.order.append(row)
        return row

    def _of(self, found: dict[str, str]) -> dict[str, Any] | None:
        return self.raw.setdefault(found["form"], _nothing()) if found.get("form") else self.current

    def _input(self, found: dict[str, str]) -> None:
        kind, name, form = found.get("type", "text"), found.get("name", ""), self._of(found)
        if form is None or not name or kind == "file":
            return
        if kind in ("checkbox", "radio"):
            pair = (name, found.get("value", "on"))
            (form["fields"] if "checked" in found else form["empty"]).append(pair)
        elif kind == "hidden":
            form["fields"].append((name, found.get("value", "")))
        elif kind == "submit":
            form["pressed"] = True
        else:
            self._add(form, name, found.get("value", ""), TYPED.get(kind, WORDS))

    def _button(self, found: dict[str, str]) -> None:
        form = self._of(found)
        if form is None:
            return
        form["pressed"] = True
        if "formaction" not in found:
            form["buttons"].append((found.get("name", ""), found.get("value", "")))

    def _add(self, form: dict[str, Any] | None, name: str, value: str, typed: str) -> None:
        if form is not None:
            (form["fields"] if value else form["empty"]).append((name, value or typed))


def _nothing() -> dict[str, Any]:
    return {"path": "", "method": "get", "fields": [], "empty": [], "buttons": [], "pressed": False}


@dataclass
class Walk:
    """One person's walk. `aside`: what happens inside is taken back afterwards."""

    app: Flask
    client: FlaskClient
    aside: Callable[[], Any]
    faults: list[str] = field(default_factory=list)
    pages: Counter[str] = field(default_factory=Counter)
    posts: Counter[str] = field(default_factory=Counter)
    seen: set[str] = field(default_factory=set)
    read: dict[str, list[str]] = field(default_factory=dict)
    """The whole pages that were read, by kind."""
    refused: dict[str, str] = field(default_factory=dict)
    """One page by kind of form on which what was sent is refused."""
    came: dict[str, str] = field(default_factory=dict)

    def everywhere(self, start: str = "/") -> None:
        waiting = deque([start])
        while waiting:
            for link in self._page(waiting.popleft()):
                if link not in self.seen:
                    self.seen.add(link)
                    waiting.append(link)

    def _page(self, path: str) -> list[str]:
        kind = self._kind(path, "GET")
        if kind is None:
            self.faults.append(f"{path} leads nowhere (on {self.came.get(path)})")
            return []
        self.pages[kind] += 1
        if self.pages[kind] > PAGES_A_KIND:
            return []
        answer = self.client.get(path)
        return self._read(answer, path, f"GET {path} (on {self.came.get(path)})")

    def _read(self, answer: Any, path: str, told: str) -> list[str]:
        """The new links of an answer; its forms are tried on the way."""
        if answer.status_code in (301, 302, 303):
            return self._own([answer.headers["Location"]], path)
        if answer.status_code not in (200, 204):
            self.faults.append(f"{told}: {answer.status_code} {_heading(answer)}")
            return []
        if answer.mimetype != "text/html":
            return []
        text = answer.get_data(as_text=True)
        found = Reading(path)
        found.feed(text)
        if text.lstrip().lower().startswith("<!doctype"):
            self._is_no_end(found, told)
            self.read.setdefault(self._kind(path, "GET") or "", []).append(path)
        for form in found.forms():
            self._try(form, path)
        return self._own(found.links, path)

    def _is_no_end(self, found: Reading, told: str) -> None:
        if found.headings != 1 or not found.links:
            self.faults.append(f"{told}: a dead end ({found.headings} headings, {len(found.links)} links)")

    def _try(self, form: Form, page: str) -> None:
        path = urlsplit(form.path).path
        kind = self._kind(path, form.method.upper())
        if kind is None:
            self.faults.append(f"a form on {page} is sent to {form.method.upper()} {form.path}, which is nowhere")
            return
        if kind in LEFT_OUT:
            return
        if not form.pressed and form.method == "post":
            self.faults.append(f"the form on {page} that is sent to {form.path} has no button")
        for button in form.buttons or (("", ""),):
            for typed in (False, True):
                self._send(form, page, kind, button, typed=typed)

    def _send(self, form: Form, page: str, kind: str, button: tuple[str, str], *, typed: bool) -> None:
        key = f"{kind} {button} {typed} {sorted({name for name, _ in form.fields})}"
        self.posts[key] += 1
        if self.posts[key] > (1 if form.method == "get" else FORMS_A_KIND):
            return
        sent = form.filled(typed=typed, button=button)
        told = f"{form.method.upper()} {form.path} {[name for name, _ in sent]} typed={typed} (on {page})"
        if form.method == "get":
            answer = self.client.get(urlsplit(form.path).path, query_string=sent)
            self._took(answer, kind, told)
            return
        data: dict[str, list[str]] = {}
        for name, value in sent:
            data.setdefault(name, []).append(value)
        with self.aside():
            answer = self.client.post(form.path, data=data, headers={"Referer": f"http://localhost{page}"})
            self._took(answer, kind, told)
            if answer.status_code in (302, 303):
                self._lands(answer, form.path, told)

    def _lands(self, answer: Any, path: str, told: str) -> None:
        """Where somebody is led after sending has to be there."""
        for place in self._own([answer.headers["Location"]], path):
            after = self.client.get(place, follow_redirects=True)
            if after.status_code != 200:
                self.faults.append(f"{told} leads to {place}: {after.status_code}")

    def _took(self, answer: Any, kind: str, told: str) -> None:
        """Sent forms are taken, refused with reasons on a page, or answered that somebody was quicker."""
        if answer.status_code >= 500 or answer.status_code in (400, 403, 404, 405, 415):
            self.faults.append(f"{told}: {answer.status_code} {_heading(answer)}")
        elif answer.status_code in (409, 422) and answer.mimetype == "text/html":
            text = answer.get_data(as_text=True)
            found = Reading("/")
            found.feed(text)
            self._is_no_end(found, told)
            self.refused.setdefault(kind, text)

    def _own(self, links: list[str], page: str) -> list[str]:
        found = []
        for link in links:
            parts = urlsplit(urljoin(f"http://localhost{page}", link))
            if parts.scheme in ("http", "https") and parts.netloc in ("localhost", self.app.config["OWN_HOST"]):
                path = parts.path + (f"?{parts.query}" if parts.query else "")
                self.came.setdefault(path, page)
                found.append(path)
        return found

    def _kind(self, path: str, method: str) -> str | None:
        """Which route it is, with the names of what is asked for."""
        parts = urlsplit(path)
        try:
            endpoint, _ = self.app.url_map.bind("localhost").match(parts.path, method)
        except HTTPException:
            return None
        names = sorted({name for name, value in parse_qsl(parts.query) if value})
        return f"{endpoint}?{'&'.join(names)}" if method == "GET" and names else str(endpoint)


def _heading(answer: Any) -> str:
    text = answer.get_data(as_text=True)
    found = re.search(r"<h1[^>]*>(.*?)</h1>", text, re.DOTALL)
    return re.sub(r"<[^>]+>", "", found[1]).strip() if found else text[:200]
