"""Two people, one case: both edits side by side, and nothing of either is lost."""

import re
from html import unescape
from typing import Any

import pytest
from factories import DECLINE, Cast, a_case
from flask import Flask
from sqlalchemy.orm import Session
from webclient import Browser, Page

from request_tracker.store import assessments
from request_tracker.store.cases import Case
from request_tracker.store.evidence import standing

GONE = {**DECLINE, "alternatives": "An SDK\r\n“Files” & <more>"}
MINE, THEIRS = (
    {"service_name": name, "service_url": f"https://{name}.example/", "api_docs_url": f"https://{name}.example/api"}
    for name in ("Mine", "Theirs")
)
FORMS: list[tuple[str, str, dict[str, Any], str, dict[str, Any], list[str]]] = [
    ("submission", "moves/decline", GONE, "assignee", {"assignee": "{engineer}"},
     ["Explanation", "There is no API.", "“Files” &amp; &lt;more&gt;"]),
    ("submission", "moves/discard", {"reason": "Spam <b>"}, "assignee", {"assignee": "{engineer}"},
     ["Reason", "Spam &lt;b&gt;"]),
    ("validation", "assignee", {"assignee": "{engineer}"}, "assignee", {"assignee": "{lead}"},
     ["Assignee", "Engineer (engineer)"]),
    ("validation", "correction", MINE,
     "correction", THEIRS, ["Service name", "Mine"]),
    ("validation", "evidence", {"key": "duplicates_checked", "value": "yes", "note": "By me"},
     "evidence", {"key": "duplicates_checked", "value": "yes", "note": "By them"}, ["Note", "By me"]),
    ("validation", "assessment", {"was-size": ":", "verdict-size": "great", "note-size": "40"},
     "assessment", {"was-size": ":", "verdict-size": "poor", "note-size": "400"}, ["Verdict on:", "Great", "40"]),
]  # fmt: skip


@pytest.fixture
def two(app: Flask, cast: Cast) -> tuple[Browser, Browser]:
    return Browser(app).sign_in(cast.specialist), Browser(app).sign_in(cast.lead)


def _ready(session: Session, cast: Cast, phase: str) -> Case:
    case = a_case(session, cast, phase=phase)
    session.commit()
    return case


def _shown(page: Page) -> dict[str, str]:
    return {name: re.findall(rf'name="{name}" value="(\d+)"', page.text)[0] for name in ("version", "seen")}


def _filled(fields: dict[str, Any], cast: Cast) -> dict[str, str]:
    ids = {"{engineer}": str(cast.engineer.id), "{lead}": str(cast.lead.id)}
    return {name: ids.get(text, text) for name, text in fields.items()}


def _again(page: Page) -> tuple[str, dict[str, str]]:
    """The form “Send mine now”: its address, and everything it sends."""
    form = re.search(r'<form method="post" action="([^"]+)">((?:(?!</form>).)*)Send mine now', page.text, re.DOTALL)
    assert form
    rows = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form[2])
    return form[1], {name: unescape(text) for name, text in rows if name != "csrf_token"}


FIRST = ("moves/decline", "assignee", "assessment")
"""Forms tried on every run; the others come with the deep sweep."""
TRIED = [pytest.param(*row, id=row[1], marks=() if row[1] in FIRST else pytest.mark.deep) for row in FORMS]


@pytest.mark.parametrize(("phase", "path", "mine", "other", "theirs", "words"), TRIED)
def test_both_edits_stand_side_by_side_and_mine_can_be_sent_anew(
    session: Session, cast: Cast, two: tuple[Browser, Browser],
    phase: str, path: str, mine: dict[str, Any], other: str, theirs: dict[str, Any], words: list[str],
) -> None:  # fmt: skip
    case = _ready(session, cast, phase)
    page = f"/cases/{case.number}"
    me, them = two
    before = _shown(me.get(page))
    them.post(f"{page}/{other}", {**before, **_filled(theirs, cast)}, on=page)
    sent = {**before, **_filled(mine, cast)}
    met = me.post(f"{page}/{path}", sent, status=409, on=page)
    assert "Lead, <time" in met.text, "who, and when"
    typed = met.text.partition('id="typed"')[2]
    for each in words:
        assert each in typed, each
    address, again = _again(met)
    assert address == f"{page}/{path}"
    assert {
        name: text for name, text in again.items() if name in _filled(mine, cast) and not name.startswith("was-")
    } == {name: text for name, text in _filled(mine, cast).items() if not name.startswith("was-")}, (
        "every field goes along, word for word"
    )
    assert again["version"] != before["version"] or again["seen"] != before["seen"]
    done = me.post(address, again, on=page)
    assert "somebody changed" not in me.follow(done).text.lower()


def test_mine_is_refused_by_the_rules_and_kept_where_it_does_not_fit_any_more(
    session: Session, cast: Cast, two: tuple[Browser, Browser]
) -> None:
    case = _ready(session, cast, "submission")
    page = f"/cases/{case.number}"
    me, them = two
    before = _shown(me.get(page))
    them.post(f"{page}/moves/decline", {**before, **GONE}, on=page)
    met = me.post(f"{page}/moves/discard", {**before, "reason": "Only a test"}, status=409, on=page)
    address, again = _again(met)
    assert "Only a test" in met.text
    refused = me.post(address, again, status=409, on=page)
    assert "There is a problem" in refused.text


def test_two_who_judge_different_criteria_lose_nothing(
    session: Session, cast: Cast, two: tuple[Browser, Browser]
) -> None:
    case = _ready(session, cast, "validation")
    page = f"/cases/{case.number}"
    me, them = two
    first = me.get(page)
    them.post(
        f"{page}/assessment", {**_shown(first), "was-size": ":", "verdict-size": "poor", "note-size": "400"}, on=page
    )
    both = {"was-size": ":", "verdict-size": "", "note-size": "", "was-nesting": ":", "verdict-nesting": "great"}
    me.post(f"{page}/assessment", {**_shown(first), **both}, on=page)
    session.expire_all()
    rows = {key.value: row.verdict for key, row in assessments.of_case(session, case.id).items()}
    assert rows == {"size": "poor", "nesting": "great"}
    old = re.findall(r'name="(was-\w+)" value="([^"]*)"', me.get(page).text)
    assert dict(old)["was-size"] == "poor:400"
    them.post(f"{page}/assessment", {**_shown(first), **dict(old), "verdict-size": "great", "note-size": "40"}, on=page)
    late = {**_shown(first), **dict(old), "verdict-size": "poor", "note-size": "400", "verdict-nesting": "possible"}
    me.post(f"{page}/assessment", late, on=page)
    session.expire_all()
    rows = {key.value: row.verdict for key, row in assessments.of_case(session, case.id).items()}
    assert rows == {"size": "great", "nesting": "possible"}, "what I left alone is not put back to what it was"


def test_other_evidence_recorded_meanwhile_is_no_conflict(
    session: Session, cast: Cast, two: tuple[Browser, Browser]
) -> None:
    case = _ready(session, cast, "consultation")
    page = f"/cases/{case.number}"
    me, them = two
    before = _shown(me.get(page))
    them.post(f"{page}/evidence", {**before, "key": "service_demonstrated", "value": "yes"}, on=page)
    me.post(f"{page}/evidence", {**before, "key": "use_cases_recorded", "value": "yes"}, on=page)
    assert {"service_demonstrated", "use_cases_recorded"} <= set(standing(session, case.id))
