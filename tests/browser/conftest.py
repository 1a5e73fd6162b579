"""A real Chromium over a real demo: web server, worker, emulator and mailbox as processes of their own."""

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright
from running import Running, a_demo

OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser: named by CHROMIUM or found on the PATH. Skips without one, unless everything is required."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if found:
        return found
    if os.environ.get("REQUIRE_ALL"):
        pytest.fail("Chromium is required: install it, or set CHROMIUM to its path")
    pytest.skip("no Chromium here")


@pytest.fixture(scope="session")
def demo(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with a_demo(tmp_path_factory.mktemp("demo"), REQUEST_TRACKER_UNDO_SECONDS="2") as running:
        yield running


@pytest.fixture(scope="session")
def playwright_engine() -> Iterator[Playwright]:
    with sync_playwright() as engine:
        yield engine


@pytest.fixture(scope="session")
def browser(playwright_engine: Playwright, chromium: str) -> Iterator[Browser]:
    found = playwright_engine.chromium.launch(executable_path=chromium, args=OPTIONS)
    yield found
    found.close()


@pytest.fixture
def enter(browser: Browser, demo: Running) -> Iterator[Callable[..., Page]]:
    """Sign a person in, in a window of their own."""
    windows: list[BrowserContext] = []

    def sign_in(role: str, number: int = 0, **options: object) -> Page:
        window = browser.new_context(base_url=demo.web, **options)  # type: ignore[arg-type]
        windows.append(window)
        page = window.new_page()
        page.set_default_timeout(20_000)
        person = demo.person(role, number)
        page.goto("/sign-in")
        page.get_by_label("Email").fill(person["email"])
        page.get_by_label("Password").fill(person["password"])
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "/sign-in" not in url)
        return page

    yield sign_in
    for window in windows:
        window.close()
