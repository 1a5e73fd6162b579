"""The duplicates inbox in a browser: by keyboard alone, without script, with the keys switched off, at each width."""

import re
from collections.abc import Callable

import pytest
from hands import axe, press_key
from playwright.sync_api import Page, expect
from running import LOOKS, Running

pytestmark = pytest.mark.browser
Enter = Callable[..., Page]
A_PAIR = re.compile(r"/duplicates/LITE-\d+/LITE-\d+")
MOST = 60


def _opened(page: Page) -> str:
    """The first pair of the list, by keyboard; its address."""
    page.goto("/duplicates")
    page.keyboard.press("j")
    press_key(page, "Enter")
    expect(page).to_have_url(A_PAIR)
    return page.url


@pytest.mark.deep
@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_inbox_is_accessible_and_fits(enter: Enter, scheme: str, width: int) -> None:
    page = enter("lead", 0, viewport={"width": width, "height": 900}, color_scheme=scheme)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.goto("/duplicates")
    pair = page.locator("[data-row]").first.get_attribute("href") or ""
    for path in ("/duplicates", pair, "/duplicates/dismissed"):
        page.goto(path)
        axe(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    assert said == []


@pytest.mark.deep
def test_everything_works_without_script(enter: Enter) -> None:
    page = enter("specialist", 1, java_script_enabled=False)
    page.goto("/duplicates")
    page.locator("[data-row]").nth(1).click()
    decided = page.url
    page.get_by_role("link", name="Swap direction").click()
    expect(page).to_have_url(re.compile(r"into=LITE-"))
    expect(page.locator("#keys-choice")).to_be_hidden()
    page.get_by_role("button", name="Related only").click()
    assert page.url != decided
    page.get_by_role("button", name="Undo").click()
    expect(page).to_have_url(decided)
    expect(page.get_by_role("button", name="Related only")).to_be_visible()


@pytest.mark.deep
def test_single_keys_can_be_switched_off_and_spare_who_types(enter: Enter) -> None:
    page = enter("specialist", 0)
    page.goto("/duplicates")
    first = page.locator("[data-row]").first
    page.get_by_label("Likeness").focus()
    page.keyboard.press("j")
    expect(page.get_by_label("Likeness")).to_be_focused()
    page.locator("h1").click()
    page.keyboard.press("Control+j")
    page.keyboard.press("?")
    expect(page.get_by_text("undo the last decision")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Use single keys")).to_be_focused()
    page.keyboard.press("Space")
    for _ in range(2):
        page.locator("h1").click()
        page.keyboard.press("j")
        page.keyboard.press("?")
        expect(first).not_to_be_focused()
        page.reload()
    expect(page.get_by_label("Use single keys")).to_be_hidden()
    page.locator("#keys summary").click()
    page.get_by_label("Use single keys").check()
    page.locator("h1").click()
    page.keyboard.press("j")
    expect(first).to_be_focused()


def test_the_inbox_is_worked_through_by_keyboard_alone(enter: Enter, demo: Running) -> None:
    page = enter("specialist", 0)
    page.goto("/duplicates")
    pairs = page.locator("[data-row]")
    assert pairs.count() >= 6
    for key, place in (("j", 0), ("j", 1), ("k", 0), ("k", 0)):
        page.keyboard.press(key)
        expect(pairs.nth(place)).to_be_focused()
    first = _opened(page)
    press_key(page, "n")
    assert page.url != first
    press_key(page, "l")
    expect(page).to_have_url(re.compile(r"/duplicates$"))
    press_key(page, "o")
    expect(page).to_have_url(first)
    press_key(page, "n")
    first = page.url
    press_key(page, "s")
    expect(page).to_have_url(re.compile("into=LITE-"))
    press_key(page, "d")
    assert not page.url.startswith(first)
    expect(page.get_by_text("were called not the same")).to_be_visible()
    axe(page)
    press_key(page, "u")
    expect(page).to_have_url(first)
    press_key(page, "r")
    expect(page.get_by_text("were called related, but not the same")).to_be_visible()
    press_key(page, "u")
    merged = _work_through(page)
    expect(page.get_by_text("Nothing to decide")).to_be_visible()
    assert merged
    for child, root in merged:
        assert demo.case(child)["root"] == root
    _part(demo, merged)


def _work_through(page: Page) -> list[tuple[str, str]]:
    """Merge whatever can be merged as proposed, and call the rest different: (child, root) of each merge."""
    merged = []
    for _ in range(MOST):
        if A_PAIR.search(page.url):
            told = page.locator("#decision-title").inner_text()
            root, child = re.findall(r"LITE-\d+", told)
            can = page.locator("[data-key=m]").count() == 1
            press_key(page, "m" if can else "d")
            merged += [(child, root)] if can else []
        elif page.locator("[data-row]").count():
            press_key(page, "o")
        else:
            return merged
    raise AssertionError("the inbox does not come to an end")


def _part(demo: Running, merged: list[tuple[str, str]]) -> None:
    """The demo is shared by all browser tests: put the cases back as they were."""
    for child, root in reversed(merged):
        for row in demo.case(root)["merged"]:
            if row["child"] == child:
                demo.call(demo.person("lead"), "DELETE", f"/merges/{row['id']}")
