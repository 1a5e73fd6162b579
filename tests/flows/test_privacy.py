"""Nothing widens access: after random merges nobody reads a word of another account, and a merge shows a card alone."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from html import unescape
from itertools import permutations
from random import Random
from typing import Any

import pytest
from factories import CLOCK, MONDAY, Cast, _hashed, a_case, a_request, act
from flask import Flask
from histories import CHOICES, Step, World, do, of, populate, put_together, send_due, within
from sqlalchemy import select
from sqlalchemy.orm import Session
from webclient import Browser
from werkzeug.routing import AnyConverter, BaseConverter, IntegerConverter, Rule

from request_tracker.access import policy
from request_tracker.actions import clock, heir, hold, merge, withdraw
from request_tracker.actions.clock import Cause
from request_tracker.app import create_app
from request_tracker.mail.deliver import Memory
from request_tracker.rules.notices import Topic, Way
from request_tracker.rules.people import SYSTEM, Act, Viewer
from request_tracker.rules.terms import Phase, Role
from request_tracker.settings import Settings
from request_tracker.store import holds, people, preferences, tokens
from request_tracker.store.cases import Case, case_number
from request_tracker.store.documents import Document
from request_tracker.store.letters import Letter
from request_tracker.store.people import Account, Person
from request_tracker.store.reading_timeline import timeline_of
from request_tracker.store.requests import Request, request_number
from request_tracker.store.timeline import Entry
from request_tracker.work import digests

Json = dict[str, Any]


@dataclass
class Secrets:
    """Every private word somebody typed, each by a mark of its own, with the account that may read it (None: staff)."""

    marks: dict[str, int | None] = field(default_factory=dict)

    def say(self, about: str, owner: int | None) -> str:
        mark = f"zq{len(self.marks):04d}{about.replace('_', '')[:12]}"
        self.marks[mark] = owner
        return f"https://{mark}.example/" if about == "service_url" else mark

    def foreign(self, text: str, account_id: int | None) -> list[str]:
        low = text.lower()
        return [mark for mark, owner in self.marks.items() if owner != account_id and mark in low]

    def own(self, text: str, account_id: int | None) -> set[str]:
        low = text.lower()
        return {mark for mark, owner in self.marks.items() if owner == account_id and mark in low}


@dataclass
class House:
    """A world behind its application; its clock is the world's."""

    world: World
    secrets: Secrets
    app: Flask
    headers: dict[int, dict[str, str]]
    browsers: dict[int, Browser]

    def read(self, path: str, who: Viewer) -> tuple[int, str]:
        """What the person gets, headers and all: over the API by token, else by the session of a browser."""
        assert who.id is not None
        if path.startswith("/api/"):
            answer = self.app.test_client().get(path, headers=self.headers[who.id])
        else:
            answer = self.browsers[who.id].client.get(path)
        head = "".join(f"{name}: {value}\n" for name, value in answer.headers if name != "Set-Cookie")
        return answer.status_code, head + "\n" + unescape(answer.get_data().decode(errors="replace"))

    def json(self, path: str, who: Viewer) -> Json | None:
        """The parsed answer, or None where there is nothing for this person."""
        assert who.id is not None
        answer = self.app.test_client().get(path, headers=self.headers[who.id])
        found: Json | None = answer.get_json() if answer.status_code == 200 else None
        return found


def a_house(world: World, rolled: Any, settings: Settings) -> House:
    """Everybody's names and addresses are marks too; nobody reads them outside the own account but staff."""
    secrets = Secrets()
    for row in world.session.scalars(select(Account)):
        row.name = secrets.say("account", row.id)
    for viewer in world.people:
        row = world.session.get_one(Person, viewer.id)
        row.name, row.password_hash = secrets.say("person", row.account_id), _hashed()
        row.email = f"{secrets.say('email', row.account_id)}@customer.example"
    world.session.flush()
    world.people = [people.viewer_of(world.session.get_one(Person, each.id)) for each in world.people]
    world.cast = replace(world.cast, ada=world.people[0], ben=world.people[1], cleo=world.people[2])
    world.say = secrets.say
    headers = {}
    for each in world.people:
        assert each.id is not None
        secret = tokens.issue(world.session, each.id, "all", world.now)
        headers[each.id] = {"Authorization": f"Bearer {secret}"}
    world.session.commit()
    app = create_app(replace(settings, demo=False), rolled, now=lambda: world.now)
    app.config["TESTING"] = True
    browsers = {each.id: Browser(app).sign_in(each) for each in world.people if each.id is not None}
    return House(world, secrets, app, headers, browsers)


def histories(seeds: Iterable[int], length: int) -> Iterator[tuple[list[Step], list[int]]]:
    """A history for each seed, and numbers that pick the merges to look at."""
    for seed in seeds:
        chance = Random(seed)
        script = [(chance.choice(CHOICES), *(chance.randrange(12) for _ in range(3))) for _ in range(length)]
        yield script, [chance.randrange(60) for _ in range(3)]  # type: ignore[misc]


def try_all(rolled: Any, cast: Cast, found: Iterable[Any], run: Any) -> None:
    for each in found:
        within(rolled, cast, each, run)


FULL: tuple[Step, ...] = (
    # Ada's case, which Cleo supports, with every kind of word on it; then those of Dora and Emil come below it
    ("comment", 0, 0, 0), ("comment", 0, 1, 0), ("comment", 0, 0, 1), ("comment", 0, 0, 2), ("hold", 0, 0, 0),
    ("resume", 0, 0, 1), ("forward", 0, 0, 0), ("forward", 0, 0, 0), ("provision", 0, 0, 1), ("back", 0, 0, 0),
    ("forward", 0, 0, 0), ("forward", 0, 0, 0), ("back", 0, 0, 0), ("forward", 0, 0, 0), ("wait", 1, 0, 0),
    ("merge", 3, 0, 1), ("wait", 1, 0, 0), ("merge", 3, 0, 1), ("hold", 0, 2, 0), ("withdraw", 5, 0, 1),
    ("take_back", 0, 0, 1), ("wait", 1, 0, 0),
)  # fmt: skip


# What anybody can reach or guess.


def addresses(house: House, who: Viewer) -> Iterator[str]:
    """Every GET route there is, with every number there is (with one where the role is turned away before it is
    looked at); documents by their own request's number and by one of the reader's."""
    session = house.world.session
    numbers = {
        "request": [request_number(each) for each in session.scalars(select(Request.id))],
        "case": [case_number(each) for each in session.scalars(select(Case.id))],
    }
    for rule in house.app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and rule.endpoint != "static":
            yield from _filled(rule, numbers)
    for document_id, own in session.execute(select(Document.id, Document.request_id)).all():
        for number in {request_number(own), *_numbers_of(house, who)[:1]}:
            yield f"/requests/{number}/documents/{document_id}"
    yield from (f"{path}?service_name=Service+{number}" for path in SUGGESTIONS for number in range(3))
    yield from (f"/api/v1/cases?limit=200&q={mark}" for mark in list(house.secrets.marks)[::15])


SUGGESTIONS = ("/requests/suggestions", "/api/v1/suggestions")


def _filled(rule: Rule, numbers: dict[str, list[str]]) -> Iterator[str]:
    """The route's address for each number; what else it asks for is guessed."""
    kind = "request" if "/requests/" in rule.rule else "case"
    rest = {name: _guess(converter) for name, converter in rule._converters.items()}
    if "document_id" in rest:
        return
    if "number" not in rest:
        yield _build(rule, {**rest, **_pair(rest, numbers["case"])})
        return
    open_to_me = policy.may(rule.endpoint, Role.REQUESTER)
    for number in numbers[kind] if open_to_me else numbers[kind][:1]:
        yield _build(rule, {**rest, "number": number})


def _pair(rest: dict[str, Any], cases: list[str]) -> dict[str, str]:
    return {name: cases[index % len(cases)] for index, name in enumerate(("left", "right")) if name in rest}


def _guess(converter: BaseConverter) -> Any:
    if isinstance(converter, IntegerConverter):
        return 1
    return min(converter.items) if isinstance(converter, AnyConverter) else "x"


def _build(rule: Rule, values: dict[str, Any]) -> str:
    found = rule.build(values)
    assert found is not None, rule
    return found[1]


def _numbers_of(house: House, who: Viewer) -> list[str]:
    own = select(Request.id).where(Request.account_id == who.account_id).order_by(Request.id)
    return [request_number(each) for each in house.world.session.scalars(own)]


def crawl(rolled: Any, settings: Settings) -> Any:
    def run(world: World, found: tuple[list[Step], list[int]]) -> None:
        script, _ = found
        house, sent = a_house(world, rolled, settings), Memory()
        world.meanwhile = lambda: send_due(world, rolled, settings, sent)
        _some_gather(world)
        populate(world)
        for step in (*FULL, *script):
            do(world, step)
        world.wait(days=1)
        world.meanwhile()
        _gathered_is_told(world, settings)
        for who in world.people:
            _reads_nothing_foreign(house, who)
        _no_letter_carries_a_foreign_word(house)

    return run


def _some_gather(world: World) -> None:
    """Every other person hears of what may wait in a digest."""
    for who in world.people[::2]:
        for topic in Topic:
            preferences.put(world.session, who.id or 0, topic, Way.DAILY, via="page", now=world.now)


def _gathered_is_told(world: World, settings: Settings) -> None:
    world.wait(days=4)
    gathered = world.session.scalars(select(Letter.person_id).where(Letter.state == "gathered").distinct()).all()
    assert gathered
    for person_id in gathered:
        act = Act(SYSTEM, world.now, settings.program)
        assert digests.tell(world.session, person_id or 0, "today", act, settings)
    world.session.commit()


def _reads_nothing_foreign(house: House, who: Viewer) -> None:
    seen: set[str] = set()
    for path in sorted(set(addresses(house, who))):
        status, text = house.read(path, who)
        assert status < 500 or path.startswith("/connect/"), (status, path, text[:500])
        told = text.replace(path, "").replace(path.split("q=")[-1], "") if "q=" in path else text
        assert house.secrets.foreign(told, who.account_id) == [], (who.name, path, house.world.told)
        seen |= house.secrets.own(told, who.account_id)
    kinds = {mark[6:] for mark in seen}
    assert {"usecase", "dataneeded", "filename", "filebody", "person"} <= kinds, "the own words are there to be read"


def _no_letter_carries_a_foreign_word(house: House) -> None:
    letters = house.world.session.scalars(select(Letter).where(Letter.account_id.isnot(None))).all()
    assert letters
    for row in letters:
        person = house.world.session.get_one(Person, row.person_id)
        words = json.dumps([row.to_address, row.subject, row.text, row.html, row.headers, row.attachments])
        found = house.secrets.foreign(unescape(words), person.account_id)
        assert found == [], (row.notice, person.name, found, house.world.told)


def test_nobody_reads_a_word_of_another_account(rolled: Any, cast: Cast, settings: Settings) -> None:
    try_all(rolled, cast, histories(range(of(rolled, 1, 1)), 20), crawl(rolled, settings))


# What a merge changes for a reader.

CARD = {
    # what a reader of another account sees of a case -> why
    "number": "the number of the case",
    "root": "the case that goes on",
    "service_name": "what it is about",
    "api_docs_url": "the public documentation",
    "phase": "where it stands",
    "outcome": "how it ended",
    "version": "a bare count of changes",
    "assignee": "who of the program works on it",
    "opened_at": "a date",
    "ended_at": "a date",
    "supporters": "counts of persons and accounts",
    "clocks": "promises: dates and verdicts",
}
BLANK = {
    "service_url": "", "holds": [], "evidence": {}, "primary": None, "connection": None, "assessment": None,
    "merged": [], "moves": [],
}  # fmt: skip
"""What a reader of another account sees of everything else."""
OWN_CHANGES = {
    # what a merge may change in what was readable before, by address
    "requests": {"case", "phase", "outcome", "promised_at", "supporters", "is_primary"},
    "cases": {"root", "outcome", "version", "ended_at", "supporters", "clocks", "requests", "moves"},
    "timeline": {"items"},
    "clocks": {"clocks"},
}
WHOSE_TURN = (
    "takes it up next", "looks after it", "nothing now", "has the ball", "have the ball", "Nothing is asked", r"ball\b",
    "main contact", "need to do nothing", "It waits for", "We ", "An engineer", "The first sync runs", "You asked",
)  # fmt: skip
PAGE_CHANGES = {
    # lines that a merge may bring to a requester's own pages -> what they tell
    r"(the end of \w+, |\w+ )*\d{1,2} \w{3,9}( \d{4})?(, \d\d:\d\d)?( UTC| \(UTC\))?\.?": "a date",
    r"(One|\d+) (other )?accounts? .*|Only your account .*|Your account and .*|Nobody asks for it now\.": "a count",
    r"(, )?(\d+ working days?|less than a working day) left\.?.*": "how much of the promised time is left",
    r"step \d of \d|How we count (it|them)|No date is promised at this step\..*|Most requests like it .*": "the phase",
    r"It goes on as one\..*|Your request was combined .*|Combined.*|Another request leads .*|Leads the .*": "the merge",
    r"(In |Now in )?(" + "|".join(phase.words for phase in Phase) + r")\.?": "the phase",
    "(?:.*(" + "|".join(WHOSE_TURN) + ").*)": "who has the ball",
    r"(another requester|Lead|Specialist|Engineer|request_tracker),?": "who, but nobody's name of another account",
    r"Done|Overdue|On track|Getting close|No date yet|Stands still|\.": "how the promise stands",
    r"Our promises?|The promise stands still.*|The first sync starts .*|(.* )?by": "what is promised",
    r"(One|\d+) earlier steps?": "how many of the entries that they may read are folded away",
    r"Generally available.*|Not a candidate.*|The connector is .*": "how it ended",
}
"""Beside them, sentences of the timeline entries that the reader may read (see the comparison of the API's answers)."""
TO_ALL = {"submit", "merge", "unmerge", "swap", "starter.created", "sync.started"}
"""Kinds of timeline entries, beside the moves, that everybody in a tree may read; all others are one account's own."""
TOLD = {"merge", "swap"}
"""Kinds of timeline entries that a merge adds for its readers."""


def reading(house: House, who: Viewer, cases: Sequence[Case]) -> dict[str, Json | None]:
    """All that the API says to this person about their own requests and about these cases."""
    paths = [f"/api/v1/requests/{number}" for number in _numbers_of(house, who)]
    for case in cases:
        paths += [f"/api/v1/cases/{case.number}{part}" for part in ("", "/timeline", "/clocks")]
    return {path: house.json(path, who) for path in paths}


def compare(rolled: Any, settings: Settings) -> Any:
    def run(world: World, found: tuple[list[Step], list[int]]) -> None:
        script, numbers = found
        house = a_house(world, rolled, settings)
        populate(world)
        for step in (*FULL[: found[1][0] % len(FULL)], *script):
            do(world, step)
        lead = world.act(world.cast.lead)
        able = [
            pair for pair in permutations(world.roots(), 2) if not merge.preview(world.session, *pair, lead).blockers
        ]
        before = {who.id: (reading(house, who, world.cases()), page_lines(house, who)) for who in world.people}
        for number in numbers if able else ():
            _merge_and_compare(house, rolled, able[number % len(able)], before)

    return run


def _merge_and_compare(
    house: House,
    rolled: Any,
    pair: tuple[Case, Case],
    before: dict[int | None, tuple[dict[str, Json | None], dict[str, set[str]]]],
) -> None:
    world = house.world
    has_verdict = pair[1].outcome is not None
    world.session.commit()  # what follows is rolled back, so nothing of before may be open still
    aside = rolled.connection.begin_nested()
    try:
        put_together(world, *pair, world.cast.lead)
        world.session.commit()
        for who in world.people:
            after = reading(house, who, pair)
            was, lines = before[who.id]
            for path, is_now in after.items():
                _only_what_may_change(house, who, path, was[path], is_now)
            said = {item["sentence"] for shown in after.values() for item in (shown or {}).get("items", ())}
            for path, shown_now in page_lines(house, who).items():
                new = shown_now - lines[path]
                assert house.secrets.foreign("\n".join(new), who.account_id) == [], (who.name, path, world.told)
                # A verdict was written to everybody; and what is asked of the own account is its own matter.
                if not has_verdict and pair[1].account_id != who.account_id:
                    new = {line for line in new if not _may_be_new(house, line, said, who)}
                    assert new == set(), (who.name, path, world.told)
    finally:
        world.session.rollback()
        aside.rollback()
        world.session.expire_all()


def page_lines(house: House, who: Viewer) -> dict[str, set[str]]:
    """The visible words of the person's own pages, a line an element."""
    paths = ["/requests", *(f"/requests/{number}" for number in _numbers_of(house, who))]
    return {path: _lines(house.read(path, who)[1]) for path in paths}


def _may_be_new(house: House, line: str, said: set[str], who: Viewer) -> bool:
    plain = line.rstrip(",")
    if plain in said or house.secrets.own(plain, who.account_id):
        return True
    return any(re.fullmatch(row, line, re.IGNORECASE) for row in PAGE_CHANGES)


def _lines(page: str) -> set[str]:
    main = page.partition("<main")[2].partition("</main>")[0]
    texts = re.split(r"</?(?:p|li|h\d|dt|dd|div|td|th|tr|span|time|a|strong|section|button|form|label)\b[^>]*>", main)
    plain = (" ".join(re.sub(r"<[^>]*>", " ", text).split()) for text in texts)
    return {text for text in plain if text}


def _only_what_may_change(house: House, who: Viewer, path: str, was: Json | None, is_now: Json | None) -> None:
    told = (who.name, path, house.world.told)
    if is_now is None:
        assert was is None, ("what was readable stays readable", told)
        return
    kind = path.split("/")[5] if path.count("/") > 4 else path.split("/")[3]
    if was is None:
        _is_a_card(house, who, kind, is_now)
        return
    changed = {name for name in is_now if was.get(name) != is_now[name]}
    assert changed <= OWN_CHANGES[kind], (changed - OWN_CHANGES[kind], told)
    assert set(is_now.get("requests", ())) <= set(_numbers_of(house, who)), told
    if kind == "timeline":
        _is_for_all(house, who, is_now["items"])
        new = [item for item in is_now["items"] if item not in was["items"]]
        assert all(item in is_now["items"] for item in was["items"]), told
        assert {item["kind"] for item in new} <= TOLD, (new, told)
        assert not any(item["words"] for item in new), (new, told)


def _is_for_all(house: House, who: Viewer, items: list[Json]) -> None:
    """Another account's entries tell the moves alone, without words."""
    for item in items:
        entry = house.world.session.get_one(Entry, item["id"])
        if entry.account_id != who.account_id:
            assert item["kind"].startswith("move.") or item["kind"] in TO_ALL, (item, house.world.told)
            assert (item["words"], item["internal"]) == ({}, False), (item, house.world.told)


def _is_a_card(house: House, who: Viewer, kind: str, shown: Json) -> None:
    """What could not be read before the merge is of another account: the public card, without a word somebody typed."""
    assert kind in ("cases", "timeline", "clocks")
    if kind == "timeline":
        _is_for_all(house, who, shown["items"])
    if kind == "cases":
        assert set(shown) == {*CARD, *BLANK, "requests"}
        assert {name: shown[name] for name in BLANK} == BLANK
        assert set(shown["requests"]) <= set(_numbers_of(house, who))


def test_a_merge_shows_the_public_card_and_nothing_else(rolled: Any, cast: Cast, settings: Settings) -> None:
    try_all(rolled, cast, histories(range(10, 10 + of(rolled, 1, 1)), 25), compare(rolled, settings))


@pytest.mark.deep
def test_nobody_reads_a_word_of_another_account_after_long_histories(
    rolled: Any, cast: Cast, settings: Settings
) -> None:
    try_all(rolled, cast, histories(range(20, 20 + of(rolled, 3, 1)), 50), crawl(rolled, settings))


@pytest.mark.deep
def test_merges_of_many_kinds_show_the_public_card_alone(rolled: Any, cast: Cast, settings: Settings) -> None:
    try_all(rolled, cast, histories(range(30, 30 + of(rolled, 6, 1)), 30), compare(rolled, settings))


def test_coming_back_is_nobody_elses_business(session: Session, cast: Cast) -> None:
    """Leaving is told to the own account alone, and so is coming back."""
    case = a_case(session, cast)
    request = a_request(session, cast.cleo, join=case.number)
    withdraw.withdraw(session, request, act(cast.cleo))
    withdraw.take_back(session, request, act(cast.cleo))
    kinds = {row.kind for row in timeline_of(session, case, cast.ada)}
    assert kinds == {"submit"}
    assert {"left", "returned"} <= {row.kind for row in timeline_of(session, case, cast.cleo)}


def test_an_heir_reads_what_was_asked_of_them_and_not_of_who_led_before(
    app: Flask, session: Session, cast: Cast
) -> None:
    """Ada was asked on Tuesday and left on Friday, while the vendor was awaited; Cleo leads since."""
    day = timedelta(days=1)
    case = a_case(session, cast, phase="validation")
    theirs = a_request(session, cast.cleo, join=case.number)

    def asked(by: Viewer, after: timedelta) -> None:
        staff = act(cast.specialist, MONDAY + after)
        hold.put_on(session, case, staff, reason="requester_info", question="Which plan?")
        (waiting,) = [row for row in holds.open_holds(session, case.id) if row.reason == "requester_info"]
        hold.answer(session, case, waiting, act(by, MONDAY + after + day), body="The big one")

    asked(cast.ada, day)
    hold.put_on(session, case, act(cast.specialist, MONDAY + 3 * day), reason="source_vendor")
    withdraw.withdraw(session, session.get_one(Request, case.primary_request_id), act(cast.ada, MONDAY + 4 * day))
    heir.answer(session, theirs, act(cast.cleo, MONDAY + 4 * day), yes=True)
    (vendor,) = holds.open_holds(session, case.id)
    entry = session.scalars(select(Entry).where(Entry.case_id == case.id, Entry.kind == "promoted")).one()
    clock.start(session, case, "first_sync", Cause(act(cast.cleo, MONDAY + 4 * day), entry.id))
    hold.lift(session, case, vendor, act(cast.specialist, MONDAY + 5 * day))
    asked(cast.cleo, 7 * day)
    CLOCK["now"] = MONDAY + 9 * day
    told = {}
    for who in (cast.specialist, cast.cleo):
        headers = {"Authorization": f"Bearer {tokens.issue(session, who.id or 0, 'all', CLOCK['now'])}"}
        session.commit()
        answer = app.test_client().get(f"/api/v1/cases/{case.number}/clocks", headers=headers).get_json()
        told[who.name] = [row for row in answer["clocks"] if row["name"] in ("review", "first_sync")]
    review, first_sync = ([event["reason"] for event in row["events"] if event["reason"]] for row in told["Cleo"])
    assert review == ["a wait"] * 2 + ["another wait (1)"] * 2 + ["requester_info"] * 2
    assert first_sync == ["a wait"] * 2 + ["requester_info"] * 2, (
        "what her new clock waited for was asked before her time"
    )
    for mine, all_of_it in zip(told["Cleo"], told["Specialist"], strict=True):
        assert (mine["elapsed_s"], mine["due_at"]) == (all_of_it["elapsed_s"], all_of_it["due_at"])
    cleo = Browser(app).sign_in(cast.cleo)
    page, own = (cleo.get(f"/requests/{theirs.number}{more}").text for more in ("/promise", ""))
    assert "the vendor" not in own, "what was waited for before her time does not end in her sight either"
    words = json.dumps(told["Cleo"]) + page
    assert page.count("(an answer from you)") == 2, "once on each promise"
    assert "source_vendor" not in words
    assert "Ada" not in words
