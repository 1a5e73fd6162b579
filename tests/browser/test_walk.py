"""What people do, done in a browser: one case from the form to generally available, by four people."""

import re
from collections.abc import Callable
from itertools import groupby
from operator import itemgetter

import pytest
from hands import axe
from pages import PAGES
from playwright.sync_api import Page, expect
from running import Running

pytestmark = pytest.mark.browser
Enter = Callable[..., Page]


def _send_the_form(page: Page, name: str) -> None:
    page.goto("/requests/new")
    for label, words in (
        ("Service name", name),
        ("Business URL", "https://walkthrough.example/"),
        ("API documentation URL", "https://docs.walkthrough.example/api"),
        ("Use case", "See orders and tickets side by side."),
        ("Data needed", "Orders, tickets, customers."),
    ):
        page.get_by_label(label).fill(words)
    page.get_by_label(re.compile("I accept the terms")).check()
    page.get_by_role("button", name="Send the request").click()
    page.wait_for_url(re.compile(r"/requests/REQ-\d+"))


def _move(page: Page, number: str, name: str, **fields: str) -> None:
    page.goto(f"/cases/{number}")
    form = page.locator(f"#move-{name}")
    for label, words in fields.items():
        if not form.get_by_role("button").first.is_visible():
            form.locator("summary").click()
        form.locator(f"[name={label}]").fill(words)
    form.get_by_role("button").first.click()
    page.wait_for_load_state()
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def _until_shown(page: Page, path: str, words: str) -> None:
    """Load the page until the worker has done its part."""
    expect(page.locator("main")).to_be_visible()
    for _ in range(60):
        page.goto(path)
        if words in page.locator("main").inner_text():
            return
        page.wait_for_timeout(500)
    raise AssertionError(f"{words!r} never appeared on {path}")


def test_one_case_from_the_form_to_generally_available(enter: Enter, demo: Running) -> None:
    asker = enter("requester", 0)
    _send_the_form(asker, "Walkthrough Desk")
    expect(asker.get_by_text(re.compile(r"REQ-\d+")).first).to_be_visible()
    own = asker.url.partition("?")[0]
    shown = demo.call(demo.person("requester", 0), "GET", f"/requests/{own.rsplit('/', 1)[1]}")
    number = shown["case"]

    specialist = enter("specialist", 0)
    specialist.goto("/queue?assignee=none")
    specialist.get_by_role("link", name=re.compile("Walkthrough Desk")).click()
    specialist.locator("#move-claim").get_by_role("button").click()
    specialist.goto(f"/cases/{number}")
    expect(specialist.get_by_text("Nobody has checked this case for duplicates yet")).to_be_visible()
    axe(specialist)
    specialist.get_by_role("button", name="Record: duplicates checked").click()
    specialist.goto(f"/cases/{number}")
    specialist.get_by_role("button", name="Confirm all").click()
    _move(specialist, number, "accept", reason="A clear use case")

    _until_shown(asker, own, "Grant access")
    asker.get_by_role("link", name="Grant access").click()
    asker.get_by_role("button", name="Grant access").click()
    asker.wait_for_url(re.compile(r"/requests/REQ-"))
    demo.until(lambda: "access_granted" in demo.case(number)["evidence"])

    demo.put(demo.person("specialist"), number, "service_demonstrated", "use_cases_recorded")
    demo.put(demo.person("specialist"), number, "data_requirements_recorded")
    asker.goto(own)
    asker.get_by_role("button", name="Confirm the minutes").click()
    _move(specialist, number, "start_build")

    engineer = enter("engineer", 0)
    demo.put(demo.person("engineer"), number, "built", "tested", "documented")
    _move(engineer, number, "open_preview")
    demo.until(lambda: "initial_sync_finished" in demo.case(number)["evidence"])
    asker.goto(own)
    asker.get_by_role("button", name="The data is complete").click()
    asker.goto(own)
    asker.get_by_role("button", name="It meets what I asked for").click()
    demo.put(demo.person("lead"), number, "catalogue_checked")
    lead = enter("lead", 0)
    _move(lead, number, "release")
    asker.goto(own)
    expect(asker.get_by_text(re.compile("generally available", re.IGNORECASE)).first).to_be_visible()
    assert demo.case(number)["outcome"] == "released"
    demo.until(lambda: [each for each in demo.letters() if "generally available" in each["text"].lower()])


def test_suggestions_appear_while_typing(enter: Enter) -> None:
    page = enter("requester", 2)
    page.goto("/requests/new")
    page.get_by_label("Service name").press_sequentially("Opsgenie", delay=20)
    expect(page.get_by_text(re.compile("Join this request")).first).to_be_visible()
    axe(page)


ALWAYS = tuple(
    each
    for each in PAGES
    if each[1]
    in (
        "/requests",
        "/requests/new",
        "/requests/REQ-000009",
        "/queue",
        "/board/LITE-000023",
        "/cases/LITE-000023",
        "/reports",
    )
)
HALVES = [(1280, "light", ALWAYS[0::2]), (390, "dark", ALWAYS[1::2])]
"""The pages people live in, each in one look. Every page: `test_crawl`."""


@pytest.mark.parametrize(
    ("width", "scheme", "pages"), HALVES, ids=lambda each: len(each) if isinstance(each, tuple) else each
)
def test_the_main_pages_are_accessible_and_fit(
    enter: Enter, demo: Running, scheme: str, width: int, pages: tuple[tuple[str, str], ...]
) -> None:
    for who, group in groupby(pages, key=itemgetter(0)):
        role, _, account = who.partition(" ")
        accounts = [each["account"] for each in demo.people if each["role"] == role]
        number = accounts.index(account) if account else 0
        page = enter(role, number, viewport={"width": width, "height": 900}, color_scheme=scheme)
        for _, path in group:
            answer = page.goto(path)
            assert answer is not None
            assert answer.status == 200, path
            axe(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path


@pytest.mark.deep
def test_no_script_or_style_breaks_the_policy(enter: Enter) -> None:
    page = enter("specialist", 0)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    for path in ("/queue", "/cases/LITE-000023", "/reports", "/style"):
        page.goto(path)
    assert said == []


@pytest.mark.deep
def test_a_request_is_declined_with_alternatives(enter: Enter, demo: Running) -> None:
    asker = enter("requester", 3)
    _send_the_form(asker, "Paper Ledger")
    own = asker.url.partition("?")[0]
    number = demo.call(demo.person("requester", 3), "GET", f"/requests/{own.rsplit('/', 1)[1]}")["case"]
    page = enter("specialist", 1)
    page.goto(f"/cases/{number}")
    form = page.locator("#move-decline")
    form.locator("summary").click()
    form.locator("[name=criterion]").select_option("documentation")
    form.locator("[name=explanation]").fill("The vendor publishes no API.")
    form.locator("[name=alternatives]").fill("File connector\nConnector SDK")
    form.get_by_role("button", name="Decline").click()
    expect(page.get_by_role("button", name=re.compile("Undo"))).to_be_visible()
    _until_shown(asker, own, "File connector")
    expect(asker.get_by_text("The vendor publishes no API.").first).to_be_visible()
    told = demo.until(lambda: [x for x in demo.letters() if "Paper Ledger" in x["subject"] and "File" in x["text"]])
    assert told[0]["to"] == demo.person("requester", 3)["email"]


@pytest.mark.deep
def test_who_withdraws_hands_the_case_to_a_supporter(enter: Enter, demo: Running) -> None:
    first, second = demo.person("requester", 4), demo.person("requester", 6)
    asker = enter("requester", 4)
    _send_the_form(asker, "Shared Wish")
    own = asker.url.partition("?")[0]
    number = demo.call(first, "GET", f"/requests/{own.rsplit('/', 1)[1]}")["case"]
    joined = {
        "service_name": "Shared Wish", "service_url": "https://walkthrough.example/", "api_docs_url": "https://d.example/",
        "use_case": "Ours too", "data_needed": "All of it", "terms_accepted": True, "join": number,
    }  # fmt: skip
    other = demo.call(second, "POST", "/requests", joined, status=201)
    asker.goto(own)
    asker.get_by_role("link", name="Withdraw this request").click()
    expect(asker.get_by_role("heading", level=1)).to_be_visible()
    asker.get_by_role("button", name=re.compile("Withdraw")).click()
    asker.wait_for_url(re.compile("/requests/REQ-"))
    case = demo.case(number)
    assert (case["outcome"], case["primary"]) == (None, None)
    demo.until(lambda: [x for x in demo.letters() if x["to"] == second["email"] and "take the lead" in x["subject"]])
    heir = enter("requester", 6)
    heir.goto(f"{demo.web}/requests/{other['number']}")
    heir.get_by_role("button", name="Yes, I take the lead").click()
    expect(heir.get_by_text("you lead this request now").first).to_be_visible()
    assert demo.case(number)["primary"] == other["number"]
    demo.until(lambda: [x for x in demo.letters() if x["to"] == second["email"] and "main contact" in x["subject"]])
