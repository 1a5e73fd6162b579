"""A requester's work in a browser: the draft and what it lacks, without script on a phone, "me too" from the board."""

import re
from collections.abc import Callable

import pytest
from hands import axe
from playwright.sync_api import Page, expect
from running import Running

pytestmark = pytest.mark.browser
Enter = Callable[..., Page]
PHONE = {"viewport": {"width": 390, "height": 844}}


ANSWERS = {
    "service_url": "https://keyboard.example/",
    "api_docs_url": "https://docs.keyboard.example/api",
    "use_case": "See who answers first.",
    "data_needed": "Tickets and answers.",
}


@pytest.mark.deep
def test_a_draft_is_kept_and_what_is_needed_is_counted(enter: Enter) -> None:
    page = enter("requester", 7)
    page.goto("/requests/new")
    expect(page.locator("#needed-count")).to_have_text("Six answers are needed; what is optional says so.")
    with page.expect_response("**/requests/draft"):
        page.get_by_label("Service name").fill("Keyboard Desk")
        page.keyboard.press("Tab")
    expect(page.locator("#needed-count")).to_have_text("1 of 6 needed answers are there.")
    page.goto("/requests")
    expect(page.get_by_text("You began a request for Keyboard Desk")).to_be_visible()
    page.goto("/requests/new")
    for field, words in ANSWERS.items():
        page.locator(f"#{field}").fill(words)
    page.get_by_label(re.compile("I accept the terms")).check()
    expect(page.locator("#needed-count")).to_have_text("All that is needed is there: send it when you like.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/requests/REQ-\d+\?sent=1"))
    expect(page.get_by_text("Request received").first).to_be_visible()
    page.go_back()
    page.goto("/requests")
    expect(page.get_by_text("You began a request")).to_have_count(0)


@pytest.mark.deep
def test_a_request_without_script_on_a_phone(enter: Enter) -> None:
    page = enter("requester", 8, java_script_enabled=False, **PHONE)
    page.goto("/requests/new?service_name=Paper+Desk")
    page.get_by_role("button", name="Send the request").click()
    expect(page.get_by_role("alert").first).to_contain_text("There is a problem")
    expect(page.get_by_label("Service name")).to_have_value("Paper Desk")
    for field, words in ANSWERS.items():
        page.locator(f"#{field}").fill(words.replace("keyboard", "paperdesk"))
    page.get_by_label(re.compile("I accept the terms")).check()
    page.get_by_role("button", name="Send the request").click()
    page.wait_for_url(re.compile(r"/requests/REQ-\d+"))
    page.locator("#files summary").click()
    page.locator("#file").set_input_files({"name": "api.json", "mimeType": "application/json", "buffer": b"{}"})
    page.get_by_role("button", name="Add the file").click()
    expect(page.get_by_text("api.json is added.")).to_be_visible()


@pytest.mark.deep
def test_a_wrong_file_is_told_before_it_is_sent(enter: Enter) -> None:
    page = enter("requester", 0)
    page.goto("/requests/new")
    sent: list[str] = []
    page.on("request", lambda each: sent.append(each.url) if each.method == "POST" and "/new" in each.url else None)
    page.locator("#document").set_input_files({"name": "run.exe", "mimeType": "x/y", "buffer": b"MZ"})
    expect(page.locator(".file-told")).to_contain_text("Choose a file of one of these kinds")
    page.get_by_role("button", name="Send the request").click()
    assert sent == []
    page.locator("#document").set_input_files({"name": "api.json", "mimeType": "x/y", "buffer": b"{}"})
    expect(page.locator(".file-told")).to_have_text("")


@pytest.mark.deep
def test_me_too_from_the_board_on_a_phone(enter: Enter, demo: Running) -> None:
    page = enter("requester", 0, color_scheme="dark", **PHONE)
    page.goto("/board")
    axe(page)
    page.get_by_label("Service or domain begins with").fill("pretix")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".wish")).to_have_count(1)
    page.get_by_role("link", name=re.compile("Me too")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ask for Pretix too")
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_label("Use case").fill("Tickets of our own shows.")
    page.get_by_label("Data needed").fill("Orders, vouchers.")
    page.get_by_label(re.compile("I accept the terms")).check()
    page.get_by_role("button", name="Join and send").click()
    expect(page.get_by_text("You have joined the request")).to_be_visible()
    expect(page.get_by_text("Your account and one other ask for this.")).to_be_visible()
    page.goto("/board?q=pretix")
    expect(page.get_by_role("link", name=re.compile("You asked for it"))).to_be_visible()


def test_on_a_phone_what_is_asked_comes_before_the_steps_and_the_link_leads_to_it(enter: Enter, demo: Running) -> None:
    """On wide screens the steps are drawn above; either way a keyboard and a screen reader meet them in one order."""
    page = enter("requester", 0)
    page.goto("/requests")
    link = page.locator(".asked a.button").first
    href = link.get_attribute("href") or ""
    link.click()
    page.wait_for_url(f"**{href}")
    anchor = href.partition("#")[2]
    expect(page.locator(f"#{anchor}")).to_be_in_viewport()
    top = "css => document.querySelector(css).getBoundingClientRect().top"
    assert page.evaluate(top, ".stepper") < page.evaluate(top, f"#{anchor}")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate(top, f"#{anchor}") < page.evaluate(top, ".stepper")
    axe(page)
