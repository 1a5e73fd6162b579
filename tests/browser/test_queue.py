"""The queue in a browser: worked by keyboard alone, acts on many cases with and without script, at each width."""

import re
from collections.abc import Callable, Iterator

import pytest
from hands import axe, press_key
from playwright.sync_api import Page, expect
from running import LOOKS, Running

pytestmark = pytest.mark.browser
Enter = Callable[..., Page]
LATEST = "/queue?assignee=none&phase=submission&sort=-opened"
"""Those that the tests send in stand on top."""


@pytest.fixture
def sent(demo: Running) -> Iterator[list[str]]:
    """Three new cases, ended after the test: the demo is shared."""
    asker, lead = demo.person("requester", 0), demo.person("lead")
    body = {
        "use_case": "Calls beside sales.", "data_needed": "Calls", "terms_accepted": True,
        "api_docs_url": "https://docs.keyboard.example/api",
    }  # fmt: skip
    numbers = [
        demo.call(
            asker, "POST", "/requests",
            {**body, "service_name": f"Keyboard {name}", "service_url": f"https://{name}.example/"}, status=201,
        )["case"]
        for name in ("plum", "quince", "medlar")
    ]  # fmt: skip
    yield numbers
    for number in numbers:
        if demo.case(number)["outcome"] is None:
            demo.move(lead, number, "close", reason="The test is over")


@pytest.mark.deep
@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_queue_is_accessible_and_fits(enter: Enter, scheme: str, width: int) -> None:
    page = enter("lead", 0, viewport={"width": width, "height": 900}, color_scheme=scheme)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.goto("/queue")
    ticked = [each.get_attribute("value") for each in page.locator("[name=case]").all()[:3]]
    cases = "".join(f"&case={each}" for each in ticked)
    page.goto("/queue?due=overdue&tick=all")
    for path in ("", "/queue?account=zzyzx", "/queue/views", *(f"/queue/bulk?kind={kind}{cases}" for kind in (
        "assign", "hold", "lift", "decline",
    ))):  # fmt: skip
        if path:
            page.goto(path)
        axe(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    assert said == []


def test_a_case_is_claimed_and_opened_by_keyboard_alone(enter: Enter, demo: Running, sent: list[str]) -> None:
    page = enter("specialist", 0)
    page.goto(LATEST)
    rows = page.locator("[data-row]")
    for key, place in (("j", 0), ("j", 1), ("k", 0), ("k", 0)):
        page.keyboard.press(key)
        expect(rows.nth(place)).to_be_focused()
    page.keyboard.press("j")
    claimed = rows.nth(1).get_attribute("id") or ""
    press_key(page, "c")
    expect(page.get_by_text("is yours now")).to_be_visible()
    expect(rows.nth(1)).to_be_focused()
    assert rows.nth(1).get_attribute("id") != claimed, "it is not in this view any more: the row after it has the focus"
    assert demo.case(claimed.removeprefix("row-"))["phase"] == "validation"
    page.goto("/queue?assignee=me&sort=-touched")
    page.keyboard.press("j")
    press_key(page, "o")
    expect(page).to_have_url(re.compile(rf"/cases/{claimed.removeprefix('row-')}$"))
    with page.expect_navigation():
        page.go_back()
    expect(rows.first).to_be_focused()
    for key, part in (("a", "people"), ("h", "holds"), ("m", "duplicates")):
        press_key(page, key)
        expect(page).to_have_url(re.compile(rf"#{part}$"))
        page.go_back()
        expect(rows.first).to_be_focused()
    page.keyboard.press("/")
    expect(page.locator("main [name=q]")).to_be_focused()
    page.keyboard.type("jx?")
    expect(page.locator("main [name=q]")).to_have_value("jx?")


@pytest.mark.deep
def test_many_cases_are_worked_by_keyboard_alone(enter: Enter, demo: Running, sent: list[str]) -> None:
    page = enter("specialist", 0)
    page.goto(LATEST)
    for _ in sent:
        page.keyboard.press("j")
        page.keyboard.press("x")
    assert sorted(page.locator("[name=case]:checked").evaluate_all("all => all.map(e => e.value.split(':')[0])")) == (
        sorted(sent)
    )
    press_key(page, "h")
    expect(page.get_by_role("heading", level=1)).to_have_text("Make 3 cases wait")
    page.get_by_label("Wait for").focus()
    page.keyboard.type("The vendor")
    page.get_by_role("button", name="Make 3 cases wait").focus()
    press_key(page, "Enter")
    expect(page.get_by_text("Over: 3 of 3 done")).to_be_visible(timeout=30_000)
    expect(page.get_by_text("Waits for the vendor of the source")).to_have_count(3)
    axe(page)
    assert {demo.case(number)["holds"][0]["reason"] for number in sent} == {"source_vendor"}
    page.get_by_role("button", name="Undo all that can still be undone").focus()
    press_key(page, "Enter")
    expect(page.get_by_text("Waits no more")).to_have_count(3, timeout=30_000)


@pytest.mark.deep
def test_many_cases_are_worked_without_script(enter: Enter, demo: Running, sent: list[str]) -> None:
    page = enter("specialist", 0, java_script_enabled=False)
    page.goto(LATEST)
    for number in sent:
        page.get_by_label(f"Tick {number}").check()
    page.get_by_role("button", name="Decline", exact=True).click()
    page.get_by_label("Criterion that is not met").select_option("documentation")
    page.get_by_label("Explanation").fill("There is no API.")
    page.get_by_label("Alternatives").fill("Connector SDK")
    page.get_by_role("button", name="Decline 3 cases").click()
    for _ in range(100):
        if page.get_by_text("Over: 3 of 3 done").count():
            break
        page.wait_for_timeout(200)
        page.get_by_role("link", name="Look again").click()
    expect(page.get_by_text("Over: 3 of 3 done")).to_be_visible()
    assert {demo.case(number)["outcome"] for number in sent} == {"not_a_candidate"}


@pytest.mark.deep
def test_a_view_is_saved_without_script(enter: Enter) -> None:
    page = enter("specialist", 0, java_script_enabled=False)
    page.goto("/queue?due=at_risk&sort=-opened")
    page.get_by_text("Save this view").click()
    page.get_by_label("Name").fill("Newest at risk")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("link", name="Newest at risk")).to_have_attribute("aria-current", "page")
    page.get_by_role("link", name="Rename, share or delete").click()
    page.get_by_text("Rename, share or delete: Newest at risk").click()
    page.locator("details[open]").get_by_role("button", name="Delete this view").click()
    expect(page.get_by_text("is deleted")).to_be_visible()
