"""The frame in a real browser: fingers reach it, keys fold it, and it tells when the network is gone and back."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.deep]
Enter = Callable[..., Page]


def test_fingers_reach_what_stands_in_the_header(enter: Enter) -> None:
    page = enter("lead", 0, viewport={"width": 390, "height": 800})
    page.goto("/settings")
    page.locator("nav summary").click()
    page.locator(".viewer summary").click()
    expect(page.locator("nav .menu-sheet")).to_be_hidden()
    boxes = page.locator("header a, header summary, header button").all()
    seen = [box for each in boxes if each.is_visible() and (box := each.bounding_box())]
    assert len(seen) > 8
    assert [box for box in seen if box["height"] < 44] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_menu_folds_by_keys_and_gives_the_focus_back(enter: Enter) -> None:
    page = enter("specialist", 0)
    page.goto("/settings")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    menu = page.locator(".viewer summary")
    menu.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Letters").first).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(page.locator(".viewer .menu-sheet")).to_be_hidden()
    expect(menu).to_be_focused()


def test_a_lost_network_is_told_and_nothing_typed_is_lost(enter: Enter) -> None:
    page = enter("requester", 1)
    page.goto("/settings")
    told = page.locator("#network")
    expect(told).to_be_hidden()
    page.get_by_label("Your name").fill("Somebody else")
    page.context.set_offline(True)
    expect(told).to_contain_text("You are offline")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Your name")).to_have_value("Somebody else")
    page.context.set_offline(False)
    expect(told).to_contain_text("back online")
    expect(told).to_be_hidden(timeout=15_000)


def test_the_zone_of_the_browser_is_offered_and_not_taken(enter: Enter) -> None:
    page = enter("auditor", 0, timezone_id="Asia/Tokyo")
    page.goto("/settings")
    zone = page.get_by_label("Time zone").input_value()
    page.get_by_label("Time zone").fill("UTC")
    page.get_by_role("button", name="Save").click()
    page.goto("/settings/letters")
    page.get_by_role("link", name="Use that zone").click()
    expect(page.get_by_label("Time zone")).to_have_value("Asia/Tokyo")
    page.goto("/settings")
    expect(page.get_by_label("Time zone")).to_have_value("UTC")
    page.goto("/settings/letters")
    page.get_by_role("button", name="Keep UTC").click()
    page.reload()
    expect(page.locator("#zone-offer")).to_be_hidden()
    page.goto("/settings")
    page.get_by_label("Time zone").fill(zone)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
