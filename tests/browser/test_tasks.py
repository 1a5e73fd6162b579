"""Each person's main task, done by mouse, by keyboard alone, without script, and on a phone in the dark; how many keys
a whole request and a clear duplicate take, and so how long."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from hands import WAYS, Hands
from playwright.sync_api import Page, expect
from running import Running

pytestmark = pytest.mark.browser
SYLLABLES = ("ba", "dro", "fen", "gul", "hi", "jo", "ka", "lum", "mor", "ne", "pli", "quo", "ri", "sta", "tu", "vex")
NEWEST = "/queue?assignee=none&phase=submission&sort=-opened"
"""What was just sent in stands on top."""
ANSWER = "The big one, with every module."
NOTE = "Seen with our own eyes"
KEYSTROKE, DECISION, READING = 0.28, 1.35, 2.0
"""Seconds: a key and a decision (Keystroke-Level Model), and to read what a field asks for."""
LETTERS_A_SECOND = 40 * 5 / 60
MOST_KEYS_OF_A_REQUEST = 1_800
"""What ten minutes allow at 40 words a minute, less the reading of the fields."""
MOST_KEYS_OF_A_DUPLICATE = 8
REQUEST = {
    "Use case": "We want to see which support teams answer within the promised hour, per customer and region, next to "
    "the revenue of that customer, so that the heads of support and sales look at one dashboard each Monday.",
    "Data needed": "Tickets with status, priority and every change of status; agents and teams; satisfaction scores. "
    "Two years back, refreshed each hour. Attachments and the text of messages are not needed.",
    "Rough number of endpoints": "18",
    "Custom fields you use": "Contract tier (a list), renewal date, and the number of the customer in our own system.",
    "Fivetran group": "warehouse_production",
    "Who else should be told?": "data-platform@northwind-retail.example",
}  # fmt: skip


def a_name(*about: str) -> str:
    """A service nobody knows, unlike any other."""
    chosen = Random(" ".join(about)).sample(SYLLABLES, 4)
    return "".join(chosen).capitalize()


@dataclass
class Stage:
    """Cases, brought on over the API. Each way has one that goes from task to task, brought on as far as is needed."""

    demo: Running
    ours: dict[str, str] = field(default_factory=dict)

    def send(self, name: str, number: int = 0) -> str:
        """The number of the new case."""
        host = f"{name.split()[0].lower()}.example"
        body = {
            "service_name": name, "service_url": f"https://{host}/", "api_docs_url": f"https://docs.{host}/api",
            "use_case": "Calls beside sales.", "data_needed": "Calls", "terms_accepted": True,
        }  # fmt: skip
        sent = self.demo.call(self.demo.person("requester", number), "POST", "/requests", body, status=201)
        return str(sent["case"])

    def one(self, way: str, phase: str) -> str:
        """The case of this way, in the phase."""
        number = self.ours.get(way) or self._accepted(way)
        self.ours[way] = number
        steps = {"consultation": self._building, "development": self._trying}
        while (now := self.demo.case(number)["phase"]) != phase:
            steps[now](number)
        return number

    def _accepted(self, way: str) -> str:
        specialist, number = self.demo.person("specialist"), self.send(a_name("accepted", way))
        self.demo.move(specialist, number, "claim")
        self.demo.call(specialist, "PUT", f"/cases/{number}/assessment", {"accept_all": True})
        self.demo.put(specialist, number, "duplicates_checked")
        self.demo.move(specialist, number, "accept", reason="A good candidate")
        return number

    def _building(self, number: str) -> None:
        specialist = self.demo.person("specialist")
        self.given(number, "starter_ready")
        self.demo.press("grant", self.demo.case(number)["connection"]["connection_id"])
        self.given(number, "access_granted")
        self.demo.put(specialist, number, "service_demonstrated", "use_cases_recorded", "data_requirements_recorded")
        self.demo.put(self.demo.person("requester"), number, "minutes_confirmed")
        self.demo.move(specialist, number, "start_build")

    def _trying(self, number: str) -> None:
        engineer = self.demo.person("engineer")
        self.demo.put(engineer, number, "built", "tested", "documented")
        self.demo.move(engineer, number, "open_preview")

    def given(self, number: str, key: str) -> None:
        """Wait until the system has seen it."""
        self.demo.until(lambda: key in self.demo.case(number)["evidence"])


@pytest.fixture(scope="module")
def stage(demo: Running) -> Stage:
    return Stage(demo)


@dataclass
class Work:
    """What a task is done with."""

    way: str
    demo: Running
    stage: Stage
    enter: Callable[..., Page]
    folder: Path

    def hands(self, role: str, number: int = 0) -> Hands:
        kind = WAYS[self.way]
        return kind(self.enter(role, number, **kind.window))

    @property
    def turn(self) -> int:
        """Of the ways: so that no two share a draft or a meeting time."""
        return list(WAYS).index(self.way)


def ask(work: Work) -> Hands:
    """A requester fills in everything and sends it."""
    name, asker = a_name("ask", work.way), work.hands("requester", work.turn)
    document = work.folder / "openapi.json"
    document.write_text('{"openapi": "3.0.0", "info": {"title": "Tickets", "version": "1"}, "paths": {}}')
    asker.open("/requests")
    asker.follow(re.compile("New request|Ask for a connector|Ask for another"), within="body")
    asker.fill("Service name", name)
    asker.fill("Business URL", f"https://www.{name.lower()}.example/")
    asker.fill("API documentation URL", f"https://developers.{name.lower()}.example/reference")
    asker.attach("Upload a description of the API", document)
    asker.fill("Use case", REQUEST["Use case"])
    asker.fill("Data needed", REQUEST["Data needed"])
    asker.tick("OAuth 2.0")
    asker.tick(re.compile("^Yes$"))
    for label in list(REQUEST)[2:]:
        if label == "Who else should be told?":
            asker.choose("Your role in Fivetran", "Connector Administrator")
        asker.fill(re.compile(re.escape(label)), REQUEST[label])
    asker.tick("I would join the private preview")
    asker.tick(re.compile("I accept the terms"))
    asker.press("Send the request")
    expect(asker.page.get_by_text("Request received").first).to_be_visible()
    number = re.findall(r"REQ-\d+", asker.page.url)[0]
    sent = work.demo.call(work.demo.person("requester", work.turn), "GET", f"/requests/{number}")
    assert sent["service_name"] == name
    return asker


def answer(work: Work) -> None:
    """A requester finds the question on the first page and answers it."""
    specialist, name = work.demo.person("specialist"), a_name("answer", work.way)
    number = work.stage.send(name, 8)
    work.demo.move(specialist, number, "claim")
    held = {"reason": "requester_info", "question": "Which plan do you have?"}
    work.demo.call(specialist, "POST", f"/cases/{number}/holds", held, status=201)
    asker = work.hands("requester", 8)
    asker.open("/requests")
    asker.follow(re.compile(f"Answer.*{name}"))
    asker.fill(re.compile("answer", re.IGNORECASE), ANSWER, within="#question")
    asker.press("Send the answer", within="#question")
    expect(asker.page.get_by_text(ANSWER).first).to_be_visible()
    assert [each for each in work.demo.case(number)["holds"] if each["ended_at"] is None] == []


def accept(work: Work) -> None:
    """A specialist takes a case from the queue, looks for duplicates, judges it and accepts it."""
    number = work.stage.send(a_name("accept", work.way))
    own = work.hands("specialist")
    own.open(NEWEST)
    own.row(number)
    own.press("Claim", within="#move-claim", key="c")
    own.unfold("Duplicates", within=".case-story")
    own.press("Record: duplicates checked")
    own.unfold("Assessment", within=".case-story")
    own.unfold("criteria judged", within="#assessment")
    own.choose(re.compile("^Documentation|Public"), "Great", within="#assessment")
    own.press("Save what I judged", within="#assessment")
    own.press("Confirm all", within="#assessment")
    own.unfold("Accept", within="#move-accept")
    own.fill("Reason", "A clear use case, and a sound API.", within="#move-accept")
    own.press("Accept", within="#move-accept")
    expect(own.page.get_by_role("button", name="Undo").first).to_be_visible()
    case = work.demo.case(number)
    assert (case["phase"], case["assignee"] is None) == ("consultation", False)
    work.stage.ours[work.way] = number


def merge(work: Work) -> Hands:
    """A specialist meets a clear duplicate in the queue and merges it."""
    name = a_name("merge", work.way)
    root = work.stage.send(name, 0)
    child = work.stage.send(f"{name} Cloud", 4)
    own = work.hands("specialist", 1)
    own.open(NEWEST)
    own.row(child)
    own.follow(re.compile("^Compare with"), key="m")
    own.press(re.compile(f"Merge {child} into {root}"), key="m")
    assert work.demo.case(child)["root"] == root
    return own


def meet(work: Work) -> None:
    """A specialist offers times; the requester books one."""
    number = work.stage.one(work.way, "consultation")
    name = work.demo.case(number)["service_name"]
    own = work.hands("specialist")
    own.open(f"/cases/{number}#consultation")
    own.unfold("Consultation", within=".case-story")
    own.unfold("Offer times", within="#meeting")
    day = datetime.now(UTC).date() + timedelta(days=20 + work.turn)
    for turn, hour in enumerate(("09:30", "14:00"), start=1):
        own.moment(f"Time {turn}", f"{day}T{hour}", within="#meeting")
    own.fill("Where", "https://meet.example/lite", within="#meeting")
    own.press("Offer these times", within="#meeting")
    asker = work.hands("requester")
    asker.open("/requests")
    asker.follow(re.compile(f"Choose.*{name}|{name}"))
    asker.tick(re.compile(f"{day.day} "), within="#times-task")
    asker.press("Book this time", within="#times-task")
    expect(asker.page.get_by_text("Booked").first).to_be_visible()
    found = work.demo.call(work.demo.person("specialist"), "GET", f"/cases/{number}/meetings")["items"]
    assert [each["state"] for each in found] == ["booked"]


def build(work: Work) -> None:
    """An engineer takes a build, records what is done, and opens the preview."""
    number = work.stage.one(work.way, "development")
    own = work.hands("engineer", work.turn % 2)
    own.open("/builds")
    own.press(re.compile(f"Take it.*{number}"))
    own.follow(re.compile(f"Record it.*built.*{number}", re.IGNORECASE))
    for key in ("built", "tested", "documented"):
        own.unfold(f"Record: connector {key}", within="#build")
        own.fill("Note", NOTE, within=f"#build details[open] form[action$='evidence']:has(#evidence-{key}-note)")
        own.press(f"Record: connector {key}", within="#build")
    own.press("Open the private preview", within="#move-open_preview")
    assert work.demo.case(number)["phase"] == "private_preview"


def release(work: Work) -> None:
    """A lead sees that it stands in the catalogue, and releases it to everybody."""
    number = work.stage.one(work.way, "private_preview")
    work.stage.given(number, "initial_sync_finished")
    work.demo.put(work.demo.person("requester"), number, "completeness_reviewed", "requester_verified")
    own = work.hands("lead")
    own.open("/queue?phase=private_preview&sort=-touched")
    own.row(number)
    own.unfold("Preview", within=".case-story")
    own.unfold("Record: catalogue checked", within="#preview")
    own.fill("Note", NOTE, within="#preview form:has(#evidence-catalogue_checked-note)")
    own.press("Record: catalogue checked", within="#preview")
    own.unfold("Release", within="#move-release")
    own.press("Release", within="#move-release")
    assert work.demo.case(number)["outcome"] == "released"


def staff(work: Work) -> None:
    """An admin lets somebody in, and later out."""
    name, own = a_name("person", work.way), work.hands("admin")
    own.open("/admin")
    own.follow("People")
    own.fill("Email", f"{name.lower()}@program.example", within="[aria-labelledby=add-title]")
    own.fill("Name", name, within="[aria-labelledby=add-title]")
    own.choose("Role", "Engineer", within="[aria-labelledby=add-title]")
    own.fill("Password", "a long and quiet phrase", within="[aria-labelledby=add-title]")
    own.press(re.compile("^Add$"), within="[aria-labelledby=add-title]")
    own.fill("Name or email", name)
    own.press("Show")
    own.row(name)
    own.tick("They may not sign in any more")
    own.press(re.compile("^Deactivate$"))
    expect(own.page.get_by_text("Inactive").first).to_be_visible()


def audit(work: Work) -> None:
    """An auditor reads what was done to the program, and the history of one case."""
    own = work.hands("auditor")
    own.follow("Audit", within="nav")
    own.unfold(re.compile(r"Entry \d+"), within="#log")
    expect(own.page.locator("#log details[open] dl").last).to_be_visible()
    own.follow("Queue", within="nav")
    own.row(re.compile(r"LITE-\d+"))
    own.unfold("What happened", within=".case-story")
    expect(own.page.locator("#history li").first).to_be_visible()


TASKS: dict[str, Callable[[Work], Hands | None]] = {
    each.__name__: each for each in (ask, answer, accept, merge, meet, build, release, staff, audit)
}
QUICK = {("answer", "bare"), ("accept", "keyboard"), ("merge", "phone")}


@pytest.fixture
def work(way: str, demo: Running, stage: Stage, enter: Callable[..., Page], tmp_path: Path) -> Work:
    return Work(way, demo, stage, enter, tmp_path)


@pytest.mark.parametrize(
    ("task", "way"),
    [
        pytest.param(task, way, marks=[] if (task, way) in QUICK else pytest.mark.deep)
        for task in TASKS
        for way in WAYS
        if (task, way) not in (("ask", "keyboard"), ("merge", "keyboard"))
    ],
)
def test_a_task_is_done(task: str, way: str, work: Work) -> None:
    TASKS[task](work)


@pytest.mark.deep
@pytest.mark.parametrize("way", ["keyboard"])
def test_a_whole_request_is_typed_in_ten_minutes(way: str, work: Work) -> None:
    done = ask(work)
    takes = done.keys / LETTERS_A_SECOND + READING * done.looks + sum(done.loading)
    print(f"\na whole request: {done.keys} keys, {done.looks} fields and buttons: {takes / 60:.1f} min")  # noqa: T201
    assert sum(map(len, REQUEST.values())) < done.keys <= MOST_KEYS_OF_A_REQUEST


@pytest.mark.deep
@pytest.mark.parametrize("way", ["keyboard"])
def test_a_clear_duplicate_is_merged_with_a_few_keys(way: str, work: Work) -> None:
    done = merge(work)
    takes = done.keys * KEYSTROKE + done.pages * DECISION + sum(done.loading)
    print(f"\na clear duplicate: {done.keys} keys, {done.pages} pages, {sum(done.loading):.2f} s: {takes:.1f} s")  # noqa: T201
    assert done.pages == 3
    assert done.keys <= MOST_KEYS_OF_A_DUPLICATE
