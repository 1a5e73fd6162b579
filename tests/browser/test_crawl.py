"""Every link and every form of every role, over a copy of the demo program: nothing breaks, nothing is a dead end, and
every page and every refusal met on the way is accessible and fits."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from crawler import Walk
from playwright.sync_api import Page, Route
from running import Running
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from request_tracker.app import create_app
from request_tracker.settings import Settings
from request_tracker.store.session import Database
from request_tracker.web import trial_process

pytestmark = [pytest.mark.browser, pytest.mark.deep]
ROLES = ("requester", "specialist", "engineer", "lead", "admin", "auditor")
LOOKS = ((1280, "light"), (390, "dark"), (1280, "dark"), (390, "light"))
ALL_LOOKS = "REQUEST_TRACKER_ALL_LOOKS"
"""Set in the environment: every page in all four looks, instead of one after the other in turns."""
OF_A_KIND = 2
REFUSED = "/refused"
NOT_OURS = ("mailbox.letter?part",)
"""A letter as mail programs show it has no page around it."""


class Aside(Database):
    """The copy, in one transaction: what was sent is taken back after each form."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        with Session(self.connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
            yield session
            session.commit()

    reading = transaction

    @contextmanager
    def taken_back(self) -> Iterator[None]:
        with self.connection.begin_nested() as point:
            yield
            point.rollback()


@pytest.fixture(scope="session")
def copied(demo: Running, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's database as it is now."""
    file = tmp_path_factory.mktemp("crawl") / "copy.sqlite3"
    with sqlite3.connect(demo.folder / "request_tracker.sqlite3") as source, sqlite3.connect(file) as copy:
        source.backup(copy)
    return file


@pytest.fixture(scope="session")
def walked(demo: Running, copied: Path) -> Callable[[str], Walk]:
    """The walk of a role; each role walks once."""
    known: dict[str, Walk] = {}

    def of(role: str) -> Walk:
        if role not in known:
            known[role] = _walk(demo, copied, role)
        return known[role]

    return of


def _walk(demo: Running, copied: Path, role: str) -> Walk:
    database = Database(f"sqlite:///{copied}")
    with pytest.MonkeyPatch.context() as patch, database.engine.connect() as connection:
        patch.setattr(trial_process, "start", lambda *_: None)
        outer = connection.begin()
        aside = Aside(connection)
        app = create_app(_settings(demo), aside)
        app.config.update(WTF_CSRF_ENABLED=False, SESSION_COOKIE_SECURE=False, OWN_HOST=urlsplit(demo.web).netloc)
        client: Any = app.test_client()
        person = demo.person(role)
        entered = client.post("/sign-in", data={"email": person["email"], "password": person["password"]})
        assert entered.status_code == 303
        walk = Walk(app, client, aside.taken_back)
        walk.everywhere()
        outer.rollback()
    database.close()
    return walk


def _settings(demo: Running) -> Settings:
    return Settings(
        database_url="sqlite://",
        secret_key=(demo.folder / "secret_key").read_text(),
        base_url=demo.web,
        demo=True,
        fivetran_url=demo.emulator,
        fivetran_key="demo-key",
        fivetran_secret=(demo.folder / "fivetran_secret").read_text().strip(),
    )


@pytest.mark.parametrize("role", ROLES)
def test_no_link_or_form_is_a_dead_end(role: str, walked: Callable[[str], Walk]) -> None:
    walk = walked(role)
    assert len(walk.pages) > 5
    assert len(walk.posts) > 3 or role == "auditor"
    assert not walk.faults, "\n".join(walk.faults)


@pytest.mark.parametrize("role", ROLES)
def test_every_page_and_refusal_is_accessible_and_fits(
    role: str, walked: Callable[[str], Walk], enter: Callable[..., Page]
) -> None:
    walk = walked(role)
    pages = [path for kind, paths in walk.read.items() if kind not in NOT_OURS for path in paths[:OF_A_KIND]]
    faults: list[str] = []
    for turn, (width, scheme) in enumerate(LOOKS):
        page = enter(role, 0, viewport={"width": width, "height": 900}, color_scheme=scheme)
        for number, path in enumerate(pages):
            if number % len(LOOKS) == turn or os.environ.get(ALL_LOOKS):
                page.goto(path)
                faults += _faults(page, f"{path} {width} {scheme}", width)
        for number, (kind, text) in enumerate(walk.refused.items()):
            if number % len(LOOKS) == turn or os.environ.get(ALL_LOOKS):
                page.route(f"**{REFUSED}", _answering(text))
                page.goto(REFUSED)
                faults += _faults(page, f"refused {kind} {width} {scheme}", width)
                page.unroute(f"**{REFUSED}")
    assert len(pages) > 5
    assert not faults, "\n".join(faults)


def _answering(text: str) -> Callable[[Route], None]:
    return lambda route: route.fulfill(body=text, content_type="text/html")


def _faults(page: Page, told: str, width: int) -> list[str]:
    found = Axe().run(page).response["violations"]
    wide = page.evaluate("document.documentElement.scrollWidth")
    names = [f"{told}: {each['id']} {[node['target'] for node in each['nodes']][:3]}" for each in found]
    return names + ([f"{told}: {wide} px wide"] if wide > width else [])
