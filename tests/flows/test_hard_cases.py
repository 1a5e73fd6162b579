"""Hard cases: each group names exactly its cases, with a link to the form that decides it."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from factories import CLOCK, DECLINE, MONDAY, Cast, a_case, a_request, act, assessed, case_of, move, put
from flask import Flask
from sqlalchemy.orm import Session
from webclient import Browser

from request_tracker.actions import assess, hold, record, withdraw
from request_tracker.actions.admit import add_person
from request_tracker.actions.advance import advance
from request_tracker.rules.calendar import standard, working_between
from request_tracker.rules.hard import BY_KEY, stuck_before
from request_tracker.rules.people import SYSTEM, Viewer
from request_tracker.rules.process import Refused
from request_tracker.rules.program import Program
from request_tracker.rules.terms import Role
from request_tracker.store import people, reading_hard
from request_tracker.store.cases import Case
from request_tracker.store.connections import Connection
from request_tracker.store.people import Account
from request_tracker.store.requests import Request

DAY = timedelta(days=1)
NOW = MONDAY + 3 * DAY


def found(session: Session, now: Any = NOW) -> dict[str, list[str]]:
    """The cases of each group; the counts of all groups are those of their lists."""
    session.flush()
    groups = {each.group.key: [row.number for row in each.rows] for each in
              reading_hard.listed(session, Program(), now)}  # fmt: skip
    assert reading_hard.counts(session, Program(), now) == {key: len(rows) for key, rows in groups.items()}
    return {key: rows for key, rows in groups.items() if rows}


def somebody(session: Session, number: int) -> Viewer:
    """A requester of an account of their own."""
    account = Account(name=f"House {number}", created_at=MONDAY)
    session.add(account)
    session.flush()
    person = add_person(
        session, email=f"p{number}@house.example", name=f"P{number}", role=Role.REQUESTER, account_id=account.id,
        password=None, now=MONDAY,
    )  # fmt: skip
    return people.viewer_of(person, account.name)


def test_a_decline_is_for_leads_from_where_a_specialist_is_refused(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="validation")
    a_request(session, cast.ben, join=case.number)
    for number in range(4):
        a_request(session, somebody(session, number), join=case.number)
    assert found(session) == {}, "four other accounts, and a colleague at the same one"
    a_request(session, somebody(session, 4), join=case.number)
    assert found(session) == {"declines": [case.number]}
    with pytest.raises(Refused, match="5 other accounts support this case: ask a lead"):
        advance(session, case, "decline", version=case.version, act=act(cast.specialist), fields=DECLINE)
    move(session, case, "decline", cast.lead, **DECLINE)
    assert found(session) == {}


def test_what_a_lead_is_asked_for(session: Session, cast: Cast) -> None:
    held = a_case(session, cast, phase="consultation", service_name="Held")
    hold.put_on(session, held, act(cast.lead), reason="program_hold")
    hold.put_on(session, held, act(cast.specialist, MONDAY + DAY), reason="source_vendor")
    appealed = a_case(session, cast, phase="validation", service_name="Appealed")
    move(session, appealed, "decline", cast.specialist, **DECLINE)
    move(session, appealed, "appeal", cast.specialist, now=MONDAY + DAY, new_information="A new version of the API")
    poor = a_case(session, cast, phase="development", service_name="Poor")
    before = a_case(session, cast, phase="validation", service_name="Poor before")
    assessed(session, before, cast)
    assess.decide(session, before, {"size": ("poor", "Small enough for us")}, act(cast.specialist))
    put(session, before, cast.specialist, "duplicates_checked")
    move(session, before, "accept", cast.specialist, now=MONDAY + DAY, reason="Good all the same")
    assess.decide(session, poor, {"nesting": ("poor", "Seven levels")}, act(cast.specialist, MONDAY + 2 * DAY))
    left = a_case(session, cast, phase="consultation", service_name="Left")
    a_request(session, cast.cleo, join=left.number)
    first = session.get_one(Request, left.primary_request_id)
    withdraw.withdraw(session, first, act(cast.ada))
    assert found(session) == {
        "program_holds": [held.number], "appeals": [appealed.number], "late_declines": [poor.number],
        "no_leader": [left.number],
    }  # fmt: skip


def test_previews_that_do_not_end(session: Session, cast: Cast) -> None:
    silent = a_case(session, cast, phase="private_preview", service_name="Silent")
    put(session, silent, cast.specialist, "initial_sync_finished")
    for number in range(3):
        assert found(session) == {}
        record.entry(session, silent, act(SYSTEM), "reminder", data={"number": number + 1}, audience="account")
    again = a_case(session, cast, phase="private_preview", service_name="Again")
    for _ in range(2):
        assert found(session) == {"waivers": [silent.number]}
        move(session, again, "rework", cast.engineer, gaps=["Deleted rows are not told apart"])
        move(session, again, "open_preview", cast.engineer)
    assert found(session) == {"waivers": [silent.number], "reworks": [again.number]}
    put(session, silent, cast.specialist, "requester_verified")
    session.add(Connection(case_id=again.id, request_id=again.primary_request_id, account_id=again.account_id,
                           state="missing", connection_id="gone_away", schema_name="again", service="connector_sdk",
                           created_at=MONDAY))  # fmt: skip
    assert found(session) == {"reworks": [again.number], "connections": [again.number]}


def test_late_twice_and_stuck(session: Session, cast: Cast) -> None:
    case = case_of(session, a_request(session, cast.ada))
    move(session, case, "claim", cast.specialist, now=MONDAY + 16 * DAY)
    late = MONDAY + 40 * DAY
    assert found(session, late) == {}, "one promise broken; changed less than 20 working days ago"
    assert found(session, MONDAY + 45 * DAY) == {"stuck": [case.number]}
    assessed(session, case, cast, now=late)
    put(session, case, cast.specialist, "duplicates_checked", now=late)
    move(session, case, "accept", cast.specialist, now=late, reason="Good")
    move(session, case, "rescope", cast.specialist, now=late, reason="Another API")
    move(session, case, "decline", cast.specialist, now=MONDAY + 80 * DAY, **DECLINE)
    move(session, case, "appeal", cast.lead, now=MONDAY + 81 * DAY, new_information="It exists")
    assert found(session, MONDAY + 82 * DAY) == {"appeals": [case.number], "broken_twice": [case.number]}


@pytest.mark.parametrize("back", range(0, 400, 23))
def test_stuck_is_counted_in_working_days(back: int) -> None:
    calendar = standard("Europe/Berlin", [(MONDAY + timedelta(days=each)).date() for each in (-9, -8, -7, 30)])
    now = MONDAY + timedelta(days=back, hours=back)
    since = stuck_before(calendar, now)
    assert timedelta(days=20) <= working_between(calendar, since, now) < timedelta(days=21, hours=2)


def test_the_page_leads_to_the_form_that_decides(app: Flask, session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="development", service_name="<b>Bold</b>")
    assess.decide(session, case, {"nesting": ("poor", "Seven levels")}, act(cast.specialist, MONDAY + DAY))
    hold.put_on(session, case, act(cast.lead), reason="program_hold")
    session.commit()
    CLOCK["now"] = MONDAY + 60 * DAY
    at = Browser(app).sign_in(cast.lead)
    text = at.get("/hard-cases").text
    assert "&lt;b&gt;Bold&lt;/b&gt;" in text
    links = set(re.findall(r'<a href="(/cases/[^"#]+)#([\w-]+)">(?:Decide|End the wait|Move it on|Give it)', text))
    assert {anchor for _, anchor in links} == {"move-decline_late", "holds", "moves"}
    for href, anchor in sorted(links):
        assert f'id="{anchor}"' in at.get(unescape(href)).text
    assert set(re.findall(r'<section class="stack-tight" id="(\w+)"', text)) == {
        "late_declines",
        "program_holds",
        "stuck",
    }
    assert BY_KEY["waivers"].title[1:] in text.split("Nothing at the moment")[1]
    assert f'href="/hard-cases#{BY_KEY["stuck"].key}"' in at.get("/overview").text
    Browser(app).sign_in(cast.specialist).get("/hard-cases", status=403)
    assert "Nothing is hard today" in _empty(app, session, cast, case)


def _empty(app: Flask, session: Session, cast: Cast, case: Case) -> str:
    move(session, case, "close", cast.lead, now=CLOCK["now"], reason="The program ends")
    session.commit()
    return Browser(app).sign_in(cast.auditor).get("/hard-cases").text
