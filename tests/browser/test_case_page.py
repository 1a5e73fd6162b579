"""The case page in a browser: keys, links into folded sections, two people at once, templates, every look."""

import re
from collections.abc import Callable

import pytest
from hands import axe
from playwright.sync_api import Page, expect
from running import LOOKS, Running

pytestmark = pytest.mark.browser
Enter = Callable[..., Page]


def _a_case(page: Page, phase: str) -> str:
    """The address of the first case of the phase."""
    page.goto(f"/queue?phase={phase}")
    return page.locator("a[href^='/cases/']").first.get_attribute("href") or ""


@pytest.mark.deep
@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_pages_are_accessible_and_fit(enter: Enter, scheme: str, width: int) -> None:
    page = enter("lead", 0, viewport={"width": width, "height": 900}, color_scheme=scheme)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    cases = [_a_case(page, phase) for phase in ("validation", "consultation", "development", "private_preview")]
    for path in (*cases, f"{cases[0]}?do=decline&open=conversation", "/admin/templates", "/settings/away"):
        page.goto(path)
        axe(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    assert said == []


def test_a_decision_stands_on_one_screen(enter: Enter) -> None:
    page = enter("specialist", 0, viewport={"width": 1280, "height": 900})
    page.goto(_a_case(page, "validation"))
    for name in ("request", "clocks", "duplicates", "assessment", "evidence", "connection"):
        box = page.locator(f".band-card:has(#band-{name})").bounding_box()
        assert box
        assert box["y"] + box["height"] <= 900, f"{name} is seen without scrolling"
    acts = page.locator(".case-acts").bounding_box()
    assert acts
    assert acts["y"] + acts["height"] <= 900
    page.set_viewport_size({"width": 390, "height": 900})
    tops = [page.locator(each).bounding_box() for each in (".case-head", ".case-acts", ".band", ".case-story")]
    assert [box["y"] for box in tops if box] == sorted(box["y"] for box in tops if box)


def test_keys_and_links_open_what_they_name(enter: Enter) -> None:
    page = enter("specialist", 0)
    page.goto(_a_case(page, "validation"))
    for key, field in (("a", "#assign-assignee"), ("h", "#hold-template"), ("d", "#move-decline-template")):
        page.locator("h1").click()
        page.keyboard.press(key)
        expect(page.locator(field)).to_be_focused()
    page.locator("h1").click()
    page.keyboard.press("?")
    expect(page.get_by_text("ask the requester, or wait", exact=True)).to_be_visible()
    expect(page.locator("#conversation")).to_be_hidden()
    page.locator("#band-conversation a").click()
    expect(page.locator("#comment-body")).to_be_visible()
    page.get_by_label(re.compile("Internal note: only staff")).check()
    expect(page.get_by_role("button", name="Save internal note")).to_be_visible()
    expect(page.get_by_label("Internal note, for staff only")).to_be_visible()
    page.get_by_label("Internal note, for staff only").fill("Typed before")
    choose = page.locator("#move-decline-template")
    choose.select_option(index=1)
    fill = page.locator("#move-decline").get_by_role("button", name="Fill in")
    fill.click()
    expect(page.get_by_text("press “Fill in” once more").first).to_be_visible()
    expect(page.locator("#comment-body")).to_have_value("Typed before")
    fill.click()
    expect(page.locator("#move-decline-explanation")).not_to_have_value("")
    expect(page.get_by_text("stand in the form").first).to_be_visible()


@pytest.mark.deep
def test_two_people_at_one_case_see_each_other_and_lose_nothing(enter: Enter, demo: Running) -> None:
    me, other = enter("specialist", 0), enter("lead", 0)
    path = _a_case(me, "validation")
    with me.expect_response(re.compile("/presence")):
        me.goto(path)
    other.goto(path)
    expect(other.locator("#presence")).to_contain_text("looks at this case too")
    with me.expect_response(re.compile("/presence")):
        me.locator("#move-decline summary").click()
        me.locator("#move-decline-explanation").fill("Words that must not be lost")
    me.locator("#people summary").click()
    other.reload()
    expect(other.locator("#presence")).to_contain_text("is writing on this case now")

    other.locator("#people summary").click()
    people = [each.get_attribute("value") or "" for each in me.locator("#assign-assignee option").all()]
    now = me.locator("#assign-assignee").input_value()
    mine, theirs = [each for each in people if each not in ("", now)][:2]
    other.locator("#assign-assignee").select_option(theirs)
    other.locator("#people").get_by_role("button", name="Assign").click()
    expect(other.get_by_text("The assignee is changed")).to_be_visible()
    me.locator("#assign-assignee").select_option(mine)
    me.locator("#people").get_by_role("button", name="Assign").click()
    expect(me.get_by_role("heading", level=1)).to_have_text("Somebody changed this case meanwhile")
    axe(me)
    me.get_by_role("button", name="Send mine now").click()
    expect(me.get_by_text("The assignee is changed")).to_be_visible()
    expect(me.locator("#assign-assignee")).to_have_value(mine)
    number = path.rsplit("/", 1)[1]
    assert demo.case(number)["assignee"]


@pytest.mark.deep
def test_everything_works_without_script(enter: Enter) -> None:
    page = enter("specialist", 0, java_script_enabled=False)
    path = _a_case(page, "validation")
    page.goto(f"{path}?do=decline#move-decline")
    expect(page.locator("#move-decline-explanation")).to_be_visible()
    page.locator("#move-decline-template").select_option(index=1)
    page.locator("#move-decline").get_by_role("button", name="Fill in").click()
    expect(page.locator("#move-decline-explanation")).not_to_have_value("")
    page.goto(f"{path}?open=history#history")
    expect(page.locator("#history")).to_be_visible()
