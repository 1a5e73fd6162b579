"""The way to a Connect Card and back: only for whom it is meant, never twice, and never a dead end."""

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from factories import CLOCK, MONDAY, Cast, a_case, a_request, act
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from webclient import Browser

from request_tracker import resources
from request_tracker.access import policy
from request_tracker.actions import evidence, readings
from request_tracker.actions.readings import Finding, Seen
from request_tracker.fivetran.client import AuthFailed, Card, NotFound, Throttled, Unreachable
from request_tracker.rules import card_words
from request_tracker.rules.terms import Role
from request_tracker.store import evidence as kept
from request_tracker.store.cases import Case
from request_tracker.store.connections import CardState, Connection
from request_tracker.store.jobs import Job

CARD = "https://fivetran.example/connect-card/setup?auth=bearer-secret"
KEPT = ("no-referrer", "no-store")


@dataclass
class Fivetran:
    """Mints cards, or fails as it is told to."""

    ways_back: list[str] = field(default_factory=list)
    fault: Exception | None = None

    def mint_card(self, connection_id: str, redirect_uri: str) -> Card:
        if self.fault:
            raise self.fault
        self.ways_back.append(redirect_uri.removeprefix("http://127.0.0.1:8000"))
        return Card(uri=CARD, token="bearer-secret")

    def __enter__(self) -> "Fivetran":
        return self

    def __exit__(self, *_: object) -> None:
        pass


@dataclass
class Way:
    """A case in consultation whose starter connector waits for Ada."""

    session: Session
    case_id: int
    row_id: int
    fivetran: Fivetran
    link: str
    page: str

    @property
    def row(self) -> Connection:
        return self.session.get_one(Connection, self.row_id, populate_existing=True)

    def change(self, **fields: Any) -> None:
        row = self.row
        for name, value in fields.items():
            setattr(row, name, value)
        self.session.commit()

    def read(self, setup_state: str, *findings: Finding) -> None:
        """Fivetran was asked, and said this."""
        seen = Seen("plain_words", setup_state, "paused", True, None, None, findings=findings)
        readings.take_in(self.session, self.row, seen, act(CAST["admin"], CLOCK["now"]))
        self.session.commit()

    def states(self) -> int:
        return self.session.scalar(select(func.count()).select_from(CardState)) or 0

    def looks(self) -> int:
        return self.session.scalar(select(func.count()).select_from(Job).where(Job.kind == "take_in")) or 0


CAST: dict[str, Any] = {}


@pytest.fixture
def way(app: Flask, session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Way:
    CAST["admin"] = cast.admin
    case = a_case(session, cast, phase="consultation", auth_kind="oauth2")
    row = Connection(
        case_id=case.id, request_id=case.primary_request_id, account_id=cast.ada.account_id, state="created",
        schema_name="lite", service="x", connection_id="plain_words", setup_state="incomplete", created_at=MONDAY,
    )  # fmt: skip
    session.add(row)
    evidence.lose(session, case, "access_granted", act(cast.admin), reason="for the test")
    session.commit()
    fivetran = Fivetran()
    monkeypatch.setattr(sys.modules["request_tracker.web.connect"], "client", lambda _: fivetran)
    page = f"/requests/REQ-{case.primary_request_id:06d}"
    return Way(session, case.id, row.id, fivetran, f"/connect/{case.number}", page)


def test_there_and_back_and_the_result_is_told(app: Flask, session: Session, way: Way, cast: Cast) -> None:
    ada = Browser(app).sign_in(cast.ada)
    asked = unescape(ada.get(way.page).text)
    assert card_words.OAUTH[0] in asked
    there = ada.get(way.link, status=303)
    assert there.location == CARD
    assert (there.headers["Referrer-Policy"], there.headers["Cache-Control"]) == KEPT
    (back,) = way.fivetran.ways_back
    home = ada.get(back + "?id=plain_words&setup=done", status=303)
    assert home.location == f"{way.page}/access"
    assert (home.headers["Referrer-Policy"], home.headers["Cache-Control"]) == KEPT
    assert way.looks() == 1, "the callback is a hint: we look"
    checking = ada.follow(home).text
    assert "We are checking" in checking
    assert 'hx-trigger="every 2s"' in checking
    CLOCK["now"] += timedelta(seconds=3)
    way.read("incomplete", Finding("Validating credentials", "FAILED", "401 from <source>"))
    for place in (f"{way.page}/access", f"{way.page}/access/state", way.page):
        told = ada.get(place).text
        assert "Fivetran says: 401 from &lt;source&gt;" in told
        assert "did not accept the credentials" in told
        assert "every 2s" not in told
    ada.get(way.link, status=303)
    CLOCK["now"] += timedelta(minutes=5)
    ada.get(way.fivetran.ways_back[1], status=303)
    CLOCK["now"] += timedelta(minutes=2)
    assert "longer than usual" in ada.get(f"{way.page}/access").text
    way.read("connected", Finding("Validating credentials", "PASSED", ""))
    assert "Access is granted" in ada.get(f"{way.page}/access").text
    assert "access_granted" in kept.standing(session, way.case_id)
    again = ada.get(way.link)
    assert "Access is granted already" in again.text
    assert ada.get(f"{way.link}?renew=yes", status=303).location == CARD


def test_a_way_back_is_taken_once_by_the_one_who_left_within_a_day(app: Flask, way: Way, cast: Cast) -> None:
    ada, cleo, ben = (Browser(app).sign_in(who) for who in (cast.ada, cast.cleo, cast.ben))
    for _ in range(3):
        ada.get(way.link, status=303)
    first, second, third = way.fivetran.ways_back
    assert "/sign-in?next=" in Browser(app).get(first, status=303).location
    for other in (cleo, ben):
        page = other.get(first, status=403).text
        assert "another person" in page
        assert "Ada" not in page.replace(cast.ada.email, "")
    assert ada.client.head(first).status_code == 204
    assert ada.client.get(first, headers={"Sec-Purpose": "prefetch;prerender"}).status_code == 503
    assert way.looks() == 0, "nobody has come back yet"
    assert "used already" not in ada.follow(ada.get(first, status=303)).text
    assert "used already" in ada.follow(ada.get(first, status=303)).text
    CLOCK["now"] += timedelta(hours=23)
    assert "closed" not in ada.follow(ada.get(second, status=303)).text
    CLOCK["now"] += timedelta(hours=1)
    assert "this way back is closed" in ada.follow(ada.get(third, status=303)).text
    for forged in ("x", "é", "%00", first + "x", "\ud800".encode("utf-8", "replace").decode() * 300):
        answer = ada.client.get(f"/connect/return/{forged.rpartition('/')[2]}")
        assert answer.status_code in (400, 404)


FAULTS: list[tuple[Exception, int, str]] = [
    (Unreachable("time-out", doubtful=True), 502, "no usable answer"),
    (Throttled(90), 503, "wait a little"),
    (AuthFailed(), 502, "on our side"),
    (NotFound(404, "NotFound_Connection", "no such"), 409, "gone from Fivetran"),
]


@pytest.mark.parametrize(("fault", "status", "words"), FAULTS, ids=["down", "busy", "key", "gone"])
def test_when_fivetran_opens_no_card_the_person_can_try_again(
    app: Flask, way: Way, cast: Cast, fault: Exception, status: int, words: str
) -> None:
    ada = Browser(app).sign_in(cast.ada)
    way.fivetran.fault = fault
    for _ in range(21):
        page = ada.get(way.link, status=status)
    assert words in page.text
    assert "API key" not in page.text
    assert page.headers.get("Retry-After") == ("90" if status == 503 else None)
    assert (way.states(), way.looks()) == (0, int(status == 409))
    way.fivetran.fault = None
    ada.get(way.link, status=303)


def _ended(way: Way) -> None:
    case = way.session.get_one(Case, way.case_id)
    case.outcome, case.ended_at = "closed", MONDAY
    way.session.commit()


STOPS: list[tuple[Callable[[Way], object], int, str]] = [
    (lambda way: way.change(state="creating", connection_id=None), 409, "not ready yet"),
    (lambda way: way.change(state="missing"), 409, "gone from Fivetran"),
    (lambda way: way.change(state="deleted", deleted_at=MONDAY), 409, "was removed"),
    (lambda way: way.change(grace_until=MONDAY), 409, "was removed"),
    (_ended, 409, "has ended"),
]


@pytest.mark.parametrize(("make_it", "status", "words"), STOPS, ids=["made", "missing", "deleted", "grace", "ended"])
def test_where_there_is_nothing_to_connect_the_page_says_why(
    app: Flask, way: Way, cast: Cast, make_it: Callable[[Way], object], status: int, words: str
) -> None:
    make_it(way)
    ada = Browser(app).sign_in(cast.ada)
    assert words in ada.get(way.link, status=status).text
    ada.get(f"{way.page}/access")
    assert (way.states(), way.fivetran.ways_back) == (0, [])


def test_only_the_main_contact_is_led_to_a_card_and_not_endlessly(
    app: Flask, way: Way, session: Session, cast: Cast
) -> None:
    a_request(session, cast.cleo, join="LITE-000001" if way.case_id == 1 else f"LITE-{way.case_id:06d}")
    session.commit()
    for other, status in ((cast.cleo, 403), (cast.ben, 403)):
        page = Browser(app).sign_in(other).get(way.link, status=status).text
        assert "belongs to somebody else" in page
        assert cast.ada.email not in page
    unknown = Browser(app).sign_in(cast.ben)
    assert "belongs to somebody else" in unknown.get("/connect/LITE-999999", status=404).text
    Browser(app).sign_in(cast.specialist).get(way.link, status=403)
    assert Browser(app).get(way.link, status=303).location.endswith(f"/sign-in?next={way.link}?")
    ada = Browser(app).sign_in(cast.ada)
    assert ada.client.head(way.link).status_code == 204
    assert ada.client.get(way.link, headers={"Purpose": "prefetch"}).status_code == 503
    assert way.states() == 0
    for _ in range(20):
        ada.get(way.link, status=303)
    assert len(set(way.fivetran.ways_back)) == 20
    assert "many times" in ada.get(way.link, status=429).text
    CLOCK["now"] += timedelta(hours=1)
    ada.get(way.link, status=303)
    Browser(app).sign_in(cast.cleo).get(f"{way.page}/access", status=404)


def test_what_is_needed_before_the_card() -> None:
    cases = {("api_key", ""): card_words.API_KEY, ("oauth2", "API key"): card_words.OAUTH,
             ("unknown", "OAuth 2.0"): card_words.OAUTH, ("other", "API key in a header"): card_words.API_KEY,
             ("unknown", "API key or OAuth"): card_words.UNKNOWN, ("basic", ""): card_words.PASSWORD}  # fmt: skip
    for (kind, figure), said in cases.items():
        assert card_words.needed(kind, figure) == said


def test_no_page_asks_for_a_credential() -> None:
    """The headless way is refused by design: credentials are entered at Fivetran. One page of staff takes the key of
    a test account for one trial run; tests/flows/test_trials.py looks for it everywhere afterwards."""
    asking = re.compile(
        r"""type=["']password|type="password"|name=["'](?:api_?key|token|secret|credential|client_secret)""", re.I
    )
    found = {
        str(path.relative_to(resources.TEMPLATES))
        for path in Path(resources.TEMPLATES).rglob("*.html")
        if asking.search(path.read_text())
    }
    ours = {name for name in found if not name.startswith("emulator/")}
    assert ours <= {
        "signin/form.html",
        "admin/people.html",
        "parts/field.html",
        "trials/show.html",
        "own/index.html",
    }, ours
    assert policy.ROUTES["trials.start_source"] == {Role.SPECIALIST, Role.ENGINEER, Role.LEAD}
    assert "signin/form.html" in found or "parts/field.html" in found
