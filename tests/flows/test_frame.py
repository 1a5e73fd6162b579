"""The frame of every page: who finds which rooms, errors told by somebody who cares, styles and scripts that stay."""

import gzip
import logging
import re
from pathlib import Path

import pytest
from factories import MONDAY, Cast, Counted
from flask import Flask, abort, g
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from webclient import Browser, Page

from request_tracker import resources
from request_tracker.access import policy
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.terms import Role
from request_tracker.store.policies import BOARD, Policy
from request_tracker.web import frame

HEADER = {
    Role.REQUESTER: ["My requests", "New request", "Board", "How it works"],
    Role.SPECIALIST: ["Queue", "Duplicates", "By phase", "New request", "Reports", "Administration"],
    Role.ENGINEER: ["My builds", "Queue", "By phase", "Reports", "Administration"],
    Role.LEAD: ["Overview", "Queue", "By phase", "Hard cases", "Duplicates", "Reports", "More", "Administration"],
    Role.ADMIN: ["Administration", "Queue", "Reports", "Mailbox"],
    Role.AUDITOR: ["Reports", "Queue", "Audit", "Administration"],
}


ROLES = [role if role in (Role.REQUESTER, Role.LEAD) else pytest.param(role, marks=pytest.mark.deep) for role in Role]


@pytest.mark.parametrize("role", ROLES)
def test_each_role_finds_its_rooms(app: Flask, cast: Cast, session: Session, role: Role) -> None:
    _open_the_board(session, cast)
    browser = Browser(app).sign_in(cast.by_role(role))
    page = browser.get("/settings")
    links = _links(_part(page, "nav"))
    assert [label for label, _ in links if label != "Search"] == [each for each in HEADER[role] if each != "More"]
    assert ("More" in HEADER[role]) == (">More<" in _part(page, "nav"))
    assert _part(page, "nav").partition("menu-sheet")[0].count("<a ") <= frame.MOST + 1
    for _, href in links:
        assert f'href="{href}" aria-current="page"' in browser.get(href).text, "the page is where the header says"


@pytest.mark.parametrize("role", Role)
def test_the_header_asks_one_thing(app: Flask, cast: Cast, session: Session, role: Role) -> None:
    with app.test_request_context("/settings"):
        g.viewer, g.now = cast.by_role(role), MONDAY
        with Counted(session) as counted:
            frame.around()
    assert len(counted.statements) <= 1


def test_a_closed_board_is_not_in_the_header(app: Flask, cast: Cast) -> None:
    assert "/board" not in [href for _, href in _links(_part(Browser(app).sign_in(cast.ada).get("/settings"), "nav"))]


def test_every_room_has_a_route_and_a_role_that_may_enter(app: Flask) -> None:
    """A room is only left out by policy, never by a slip of the pen."""
    assert [room.endpoint for room in frame.ROOMS if room.endpoint not in app.view_functions] == []
    shut = [(room.label, role) for room in frame.ROOMS for role in room.roles if not policy.may(room.endpoint, role)]
    assert shut == []
    behind = {name for room in frame.ROOMS for name in room.behind}
    assert behind - set(app.blueprints) == set()


def test_pages_behind_a_room_say_which_it_is(app: Flask, cast: Cast) -> None:
    browser = Browser(app).sign_in(cast.lead)
    assert 'href="/queue" aria-current="true"' in browser.get("/cases/LITE-000404", status=404).text
    assert re.search(r'class="menu-current"><span class="menu-label">More', browser.get("/admin/calendar").text)


def test_who_is_not_signed_in_gets_no_rooms(app: Flask) -> None:
    page = Browser(app).get("/sign-in")
    assert "<nav" not in page.text
    assert "<search" not in page.text
    assert 'class="menu"' not in page.text


def test_the_zone_is_offered_to_those_who_never_chose_one(app: Flask, cast: Cast, session: Session) -> None:
    browser = Browser(app).sign_in(cast.ada)
    assert 'id="zone-offer"' in browser.get("/settings/letters").text
    browser.post("/settings", {"name": "Ada", "zone": "europe/berlin", "locale": "en-GB"})
    assert 'id="zone-offer"' not in browser.get("/settings/letters").text


FAULTS = [
    (lambda: abort(403), 403, "This is not open to you", "ask an admin"),
    (lambda: abort(404), 404, "There is nothing here", "Check the address"),
    (lambda: abort(404, "The room is empty"), 404, "There is nothing here", "The room is empty."),
    (lambda: abort(409), 409, "Somebody changed this meanwhile", "decide anew"),
    (lambda: abort(413), 413, "This is too big to take", "something smaller"),
    (lambda: abort(429), 429, "Too many attempts", "Wait a few minutes"),
    (lambda: _raise(Unfit("name", "Enter a name")), 422, "cannot be taken", "Enter a name"),
    (lambda: _raise(OperationalError("", {}, Exception())), 503, "The database is busy", "in a minute"),
    (lambda: _raise(RuntimeError("a secret of the house")), 500, "Something broke on our side", "Reference: <code>"),
]


@pytest.mark.parametrize(("fault", "status", "title", "step"), FAULTS, ids=[str(row[1]) for row in FAULTS])
def test_an_error_says_what_it_means_and_what_to_do(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
    fault: object, status: int, title: str, step: str,
) -> None:  # fmt: skip
    browser = Browser(app).sign_in(cast.specialist)
    monkeypatch.setitem(app.view_functions, "own.index", lambda: fault())  # type: ignore[operator]
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    with caplog.at_level(logging.ERROR):
        page = browser.get("/settings", status=status)
    assert title in page.text
    assert step in page.text
    assert "secret of the house" not in page.text
    assert 'href="/"' in _part(page, "main")
    reference = re.search(r"Reference: <code>(\w+)", page.text)
    assert bool(reference) == (status == 500)
    assert not reference or f"reference {reference[1]}" in caplog.text
    assert (page.headers.get("Retry-After") is not None) == (status in (429, 503))


def test_an_address_that_only_takes_a_form(app: Flask, cast: Cast) -> None:
    assert "only takes a form" in Browser(app).sign_in(cast.ada).get("/settings/password", status=405).text


def test_styles_and_scripts_are_kept_for_a_year_and_sent_packed(app: Flask, cast: Cast) -> None:
    browser = Browser(app).sign_in(cast.ada)
    page = browser.get("/requests/new").text
    addresses = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
    assert {Path(each.partition("?")[0]).suffix for each in addresses} == {".css", ".js", ".svg"}
    for address in addresses:
        plain = browser.client.get(address)
        packed = browser.client.get(address, headers={"Accept-Encoding": "gzip, br"})
        assert plain.headers["Cache-Control"] == "public, max-age=31536000, immutable", address
        assert gzip.decompress(packed.data) == plain.data
        assert packed.headers["Vary"] == "Accept-Encoding", "what varies by cookie is fetched anew by everybody"
        assert browser.client.get(address, headers={"If-None-Match": plain.headers["ETag"]}).status_code == 304
        assert "immutable" not in browser.client.get(f"{address}0").headers["Cache-Control"]
    assert browser.client.get("/static/css/none.css").status_code == 404
    assert browser.client.get("/static/../app.py").status_code == 404
    assert browser.client.get("/static/%2e%2e/__init__.py").status_code == 404


def test_a_style_keeps_its_rules_when_it_is_shortened(app: Flask) -> None:
    """The five files in one, and what is for paper set apart."""
    site = Browser(app).client.get("/static/css/site.css").get_data(as_text=True)
    files = {path.stem: path.read_text() for path in (resources.STATIC / "css").glob("*.css")}
    rules = sum(files[name].count("{") for name in ("tokens", "base", "layout", "forms", "parts", "print"))
    assert site.count("{") == site.count("}") == rules + 1
    assert "/*" not in site
    assert "@layer reset,tokens" in site.replace(", ", ",")
    assert site.index("@media print{") > site.index(".timeline")


def test_pages_are_never_packed_and_their_policy_names_each_kind(app: Flask, cast: Cast) -> None:
    page = Browser(app).sign_in(cast.ada).get("/settings", **{"Accept-Encoding": "gzip, br"})
    assert "Content-Encoding" not in page.headers, "a packed page tells its form token letter by letter"
    rules = dict(each.strip().split(" ", 1) for each in page.headers["Content-Security-Policy"].split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["form-action"] == "'self'"
    assert rules["frame-ancestors"] == rules["base-uri"] == "'none'"
    assert "unsafe" not in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("path", "uses"), [("/requests/new", True), ("/settings", False), ("/settings/letters", False)]
)
def test_htmx_comes_only_where_it_is_used(app: Flask, cast: Cast, path: str, uses: bool) -> None:
    page = Browser(app).sign_in(cast.ada).get(path).text
    assert ("htmx.min.js" in page) == ("hx-" in _main(page)) == uses


PARTS = sorted(
    name
    for path in (resources.TEMPLATES / "parts").glob("*.html")
    for name in re.findall(r"{%-? macro ([a-z]\w*)\(", path.read_text())
)


def test_the_style_page_shows_every_part(app: Flask, cast: Cast) -> None:
    style = (resources.TEMPLATES / "style" / "parts.html").read_text()
    assert len(PARTS) > 25, "the parts are no longer read as they are written"
    assert [name for name in PARTS if not re.search(rf"(?<![\w.]){name}\(", style)] == []
    page = Browser(app).sign_in(cast.specialist).get("/style")
    assert "Times and numbers" in page.text


def _open_the_board(session: Session, cast: Cast) -> None:
    session.add(Policy(name=BOARD, value={"level": "customers"}, by_id=cast.lead.id, at=MONDAY))
    session.commit()


def _part(page: Page, tag: str) -> str:
    found = re.search(rf"<{tag}\b.*?</{tag}>", page.text, re.DOTALL)
    assert found
    return found[0]


def _main(text: str) -> str:
    return text[text.index("<main") : text.index("</main>")]


def _links(part: str) -> list[tuple[str, str]]:
    return [
        (re.sub(r" \(\d+\+?\)", "", label), href)
        for href, label in re.findall(r'<a href="([^"]+)"[^>]*>([^<]+)</a>', part)
    ]


def _raise(fault: Exception) -> None:
    raise fault
