"""The queue as it is worked: what comes next in each row, claiming from the row, saved views, counts, empty views."""

import re
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest
from factories import BUILT, CONSULTED, MONDAY, Cast, a_case, a_request, act, assessed, case_of, put
from flask import Flask
from running import SWEPT
from sqlalchemy import event, select
from sqlalchemy.orm import Session
from webclient import Browser, Page

from request_tracker.actions import hold
from request_tracker.rules.people import Viewer
from request_tracker.rules.phases import FIXES
from request_tracker.store.absences import Absence
from request_tracker.store.audit_entries import AuditEntry
from request_tracker.store.cases import Case
from request_tracker.store.meetings import Meeting

pytestmark = SWEPT


@pytest.fixture
def at(app: Flask, cast: Cast) -> Callable[[Viewer], Browser]:
    return lambda who: Browser(app).sign_in(who)


def _row(page: Page, case: Case) -> str:
    found = re.search(rf'<tr role="row">(?:(?!</tr>).)*id="row-{case.number}".*?</tr>', page.text, re.DOTALL)
    assert found, f"{case.number} stands in the queue"
    return found[0]


def _ids(page: Page) -> set[str]:
    return set(re.findall(r'\bid="([^"]+)"', page.text))


def _again(session: Session, case: Case) -> Case:
    session.expire_all()
    return session.get_one(Case, case.id)


def test_each_row_says_what_comes_next_and_leads_there(at: Any, session: Session, cast: Cast) -> None:
    checked = a_case(session, cast, phase="validation", service_name="Checked")
    put(session, checked, cast.specialist, "duplicates_checked")
    judged = a_case(session, cast, phase="validation", service_name="Judged")
    put(session, judged, cast.specialist, "duplicates_checked")
    assessed(session, judged, cast)
    ready = a_case(session, cast, phase="consultation", service_name="Ready")
    put(session, ready, cast.specialist, *CONSULTED)
    built = a_case(session, cast, phase="development", service_name="Built")
    put(session, built, cast.engineer, *BUILT)
    held = a_case(session, cast, phase="development", service_name="Held")
    hold.put_on(session, held, act(cast.specialist), reason="source_vendor")
    unassigned = a_case(session, cast, phase="validation", service_name="Unassigned")
    unassigned.assignee_id = None
    met = a_case(session, cast, phase="consultation", service_name="Met")
    session.add(
        Meeting(
            case_id=met.id, account_id=met.account_id, request_id=met.primary_request_id, guest_id=cast.ada.id,
            host_id=cast.specialist.id, uid="met@walk.example", state="booked", starts_at=MONDAY, offered_at=MONDAY,
            booked_at=MONDAY,
        )
    )  # fmt: skip
    expected = {
        met: ("Write the minutes", "consultation"),
        a_case(session, cast, service_name="New"): ("Claim it", "move-claim"),
        a_case(session, cast, phase="validation", service_name="Claimed"): ("Check duplicates", "duplicates"),
        checked: ("Judge 8 criteria", "assessment"),
        judged: ("Accept or decline", "move-accept"),
        a_case(session, cast, phase="consultation", service_name="Accepted"): ("Offer times to meet", "consultation"),
        ready: ("Start the build", "move-start_build"),
        a_case(session, cast, phase="development", service_name="Begun"): ("Build the connector", "build"),
        built: ("Open the private preview", "move-open_preview"),
        a_case(session, cast, phase="private_preview", service_name="Shown"): ("Start the first sync", "connection"),
        held: ("Waits for the vendor", "holds"),
        unassigned: ("Assign somebody", "people"),
        a_case(session, cast, phase="generally_available", service_name="Out"): ("Nothing: it is released", "history"),
    }
    session.commit()
    browser = at(cast.specialist)
    page = browser.get("/queue?outcome=any")
    sections = _ids(browser.get(f"/cases/{held.number}")) & {*FIXES.values(), "moves", "people"}
    for case, (words, anchor) in expected.items():
        row = _row(page, case)
        assert words in row, (case.service_name, row)
        assert anchor == "move-claim" or f"/cases/{case.number}#{anchor}" in row, (case.service_name, row)
        shown = sections if anchor in sections else _ids(browser.get(f"/cases/{case.number}"))
        assert anchor in shown, (case.service_name, anchor)
    assert "since <time" in _row(page, held)
    assert f"/cases/{judged.number}#moves" in _row(at(cast.engineer).get("/queue"), judged), "no move of theirs"


@pytest.fixture
def asked(session: Session) -> Iterator[list[str]]:
    """What is read from the database, but for who asks."""
    found: list[str] = []
    connection = session.connection()
    listen = lambda *args: found.append(args[2])  # noqa: E731
    event.listen(connection, "before_cursor_execute", listen)
    yield found
    event.remove(connection, "before_cursor_execute", listen)


def test_the_page_takes_four_statements_and_counts_no_further_than_it_says(
    at: Any, session: Session, cast: Cast, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    took, shown = {}, {}
    browser = at(cast.specialist)
    for rows, new in ((5, 5), (50, 46)):
        for number in range(new):
            a_request(session, cast.ada, service_name=f"Quillora {rows} {number}")
        session.commit()
        asked.clear()
        shown[rows] = browser.get("/queue").text
        read = [each for each in asked if each.startswith(("SELECT", "WITH"))]
        took[rows] = [each for each in read if "session_key" not in each]
    assert len(took[5]) == len(took[50]), took[50]
    assert len(took[50]) <= 4, took[50]
    assert "5 cases, due first" in shown[5]
    assert "51 cases, 50 on this page, due first" in shown[50]
    for module in ("store.reading_triage", "web.filters"):
        monkeypatch.setattr(import_module(f"request_tracker.{module}"), "MANY", 10)
    assert "more than 10 cases, 50 on this page" in browser.get("/queue").text


def test_a_case_is_claimed_from_its_row(at: Any, session: Session, cast: Cast) -> None:
    case = a_case(session, cast)
    session.commit()
    browser = at(cast.specialist)
    page = browser.get("/queue?phase=submission&sort=opened")
    assert f'form="claim" name="case" value="{case.number}:{case.version}"' in _row(page, case)
    sent = {"case": f"{case.number}:{case.version}", "view": "phase=submission&sort=opened&cursor=x&evil=1"}
    back = browser.post("/queue/claim", sent, on="/queue?phase=submission")
    assert back.location == f"/queue?phase=submission&sort=opened#row-{case.number}"
    assert f"{case.number} Acme Billing is yours now" in browser.follow(back).text
    claimed = _again(session, case)
    assert (claimed.phase, claimed.assignee_id) == ("validation", cast.specialist.id)
    assert "changed it meanwhile" in browser.follow(browser.post("/queue/claim", sent, on="/queue")).text
    sent["case"] = f"{case.number}:{claimed.version}"
    assert "Claim starts from submission" in browser.follow(browser.post("/queue/claim", sent, on="/queue")).text
    for nothing in ("", "LITE-000000:1", "rubbish", f"{case.number}:x"):
        status = 303 if case.number in nothing else 404
        browser.post("/queue/claim", {"case": nothing}, on="/queue", status=status)
    at(cast.lead).post("/queue/claim", sent, on="/queue", status=403)


def test_views_are_saved_for_oneself_and_for_the_team(at: Any, session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="validation")
    session.commit()
    mine, lead, engineer, auditor = (at(each) for each in (cast.specialist, cast.lead, cast.engineer, cast.auditor))
    view = "phase=validation&assignee=me"
    assert "Save this view" in mine.get(f"/queue?{view}").text
    assert "Save this view" not in mine.get("/queue").text
    saved = mine.post("/queue/views", {"query": view, "name": " My  own ", "whose": "me"}, on=f"/queue?{view}")
    assert saved.location == f"/queue?{view}"
    shown = mine.get("/queue").text
    assert f'<a href="/queue?{view.replace("&", "&amp;")}">My own</a>' in shown
    assert 'aria-current="page">My own' in mine.get(f"/queue?{view}").text
    assert "My own" not in lead.get("/queue").text
    assert session.scalars(select(AuditEntry)).all() == [], "what is one's own is nobody's business"

    wrong = mine.post("/queue/views", {"query": view, "name": "My own", "whose": "me"}, on="/queue", status=422)
    assert "There is a view called My own already" in wrong.text
    assert 'value="My own"' in wrong.text
    assert "Give the view a name" in mine.post("/queue/views", {"query": view}, on="/queue", status=422).text

    for query in ("phase=nowhere", "hold=x", "due=x", "outcome=x", "sort=x"):
        mine.post("/queue/views", {"query": query, "name": "Broken", "whose": "team"}, on="/queue", status=422)

    mine.post("/queue/views", {"query": "due=overdue%00", "name": "All late", "whose": "team"}, on="/queue")
    for browser in (lead, engineer, auditor):
        assert "All late" in browser.get("/queue").text
    listed = mine.get("/queue/views")
    own, team = (int(found) for found in re.findall(r'action="/queue/views/(\d+)"', listed.text))
    assert "Phase: Validation; Assignee: Me" in listed.text
    assert re.findall(r'action="/queue/views/(\d+)"', engineer.get("/queue/views").text) == []

    engineer.post(f"/queue/views/{team}", {"name": "Mine now", "whose": "team"}, on="/queue", status=403)
    engineer.post(f"/queue/views/{team}/delete", on="/queue", status=403)
    for path in (f"/queue/views/{own}", f"/queue/views/{own}/delete"):
        lead.post(path, {"name": "x", "whose": "team"}, on="/queue", status=404)
    auditor.post("/queue/views", {"query": view, "name": "x"}, on="/queue", status=403)

    lead.post(f"/queue/views/{team}", {"name": "Late", "whose": "team"}, on="/queue/views")
    mine.post(f"/queue/views/{own}", {"name": "Ours", "whose": "team"}, on="/queue/views")
    assert "Ours" in engineer.get(f"/queue?{view}").text
    taken = mine.post(f"/queue/views/{own}", {"name": "Late", "whose": "team"}, on="/queue/views", status=422)
    assert "There is a view called Late already" in taken.text
    mine.post(f"/queue/views/{own}", {"name": "Ours", "whose": "me"}, on="/queue/views")
    lead.post(f"/queue/views/{team}/delete", on="/queue/views")
    assert "Late" not in mine.get("/queue/views").text
    assert case.number in mine.get(f"/queue?{view}").text
    told = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [(each.act, each.subject) for each in told] == [
        ("view.shared", "All late"), ("view.changed", "Late"), ("view.shared", "Ours"), ("view.unshared", "Ours"),
        ("view.unshared", "Late"),
    ]  # fmt: skip


def test_rows_say_who_asks_and_who_is_away(at: Any, session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="validation")
    a_request(session, cast.cleo, join=case.number)
    other = case_of(session, a_request(session, cast.ada, service_name="Zendesk"))
    session.add(Absence(person_id=cast.specialist.id, first_day=MONDAY, last_day=MONDAY, created_at=MONDAY))
    session.commit()
    page = at(cast.lead).get("/queue")
    assert 'data-label="Accounts" class="cell--number"><div>2</div>' in _row(page, case)
    assert "Away" in _row(page, case)
    assert 'data-label="Accounts" class="cell--number"><div>1</div>' in _row(page, other)
    assert "Away" not in _row(page, other)
    asked = at(cast.lead).get("/queue?account=conTOSO").text
    assert case.number in asked
    assert other.number not in asked


def test_an_empty_view_says_what_to_do_next(at: Any, cast: Cast) -> None:
    browser = at(cast.specialist)
    for view, words, onward in (
        ("", "The queue is empty", "/queue?outcome=any"),
        ("?assignee=me", "Nothing is assigned to you", "/queue?assignee=none"),
        ("?assignee=none", "Everything has somebody", "/queue?assignee=me"),
        ("?due=overdue", "Nothing is overdue", "/queue?due=at_risk"),
        ("?due=at_risk", "Nothing is at risk", "/queue"),
        ("?hold=any", "Nobody is waited for", "/queue"),
        ("?phase=validation", "No case fits this view", "/queue"),
    ):
        page = browser.get(f"/queue{view}").text
        assert words in page
        assert f'href="{onward}">' in page
