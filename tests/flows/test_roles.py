"""Roles in Fivetran, from the form to the case: offered by the list in force, a thing to do where one is missing."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from factories import TYPED, Cast, a_request, act
from flask import Flask
from sqlalchemy.orm import Session
from synced import AUTH, Synced, a_stage
from webclient import Browser

from request_tracker.actions import roles
from request_tracker.rules.roles import ANOTHER, BY_KEY, what_to_ask
from request_tracker.settings import Settings
from request_tracker.store import role_checks
from request_tracker.store.requests import Request
from request_tracker.store.session import Database
from request_tracker.work import roles as work

OLDER, NEWER = BY_KEY["older"].names, BY_KEY["newer"].names


@pytest.fixture
def stage(fresh: Database, settings: Settings) -> Iterator[Synced]:
    with a_stage(fresh, settings, phase="consultation") as found:
        yield found


def offered(text: str, name: str) -> list[str]:
    field = re.search(rf'<select[^>]*name="{name}".*?</select>', text, re.S)
    assert field, text
    return re.findall(r'<option value="([^"]*)"', field[0])


def test_the_form_offers_the_list_in_force(app: Flask, cast: Cast) -> None:
    ada, lead = Browser(app).sign_in(cast.ada), Browser(app).sign_in(cast.lead)
    assert offered(ada.get("/requests/new").text, "fivetran_role") == ["", *OLDER, ANOTHER]
    decided = {"preset": "newer", "names": "", "reason": "The names of 2026", "seen": "0"}
    for _ in range(2):
        lead.post("/admin/roles", decided, on="/admin/roles")
    page = lead.get("/admin/roles").text
    assert page.count("The names of 2026") == 1, "a double click decides once"
    assert offered(ada.get("/requests/new").text, "fivetran_role") == ["", *NEWER, ANOTHER]
    older = {**TYPED, "fivetran_role": "Connector Creator", "use_case": ""}
    again = ada.post("/requests/new", older, status=422, on="/requests/new").text
    assert '<option value="Connector Creator" selected>' in again, "what was chosen from an older form is kept"
    stale = {"preset": "own", "names": "Owner", "reason": "Ours", "seen": "0"}
    assert "Somebody decided about this" in lead.post("/admin/roles", stale, status=409, on="/admin/roles").text
    for wrong in ({"names": " "}, {"reason": ""}, {"preset": "x"}):
        lead.post("/admin/roles", {**stale, "seen": "1", **wrong}, status=422, on="/admin/roles")
    Browser(app).sign_in(cast.specialist).post("/admin/roles", stale, status=403)


def test_a_missing_role_is_a_thing_to_do_and_never_in_the_way(app: Flask, session: Session, cast: Cast) -> None:
    request = a_request(session, cast.ada)
    session.commit()
    ada, number = Browser(app).sign_in(cast.ada), request.number
    text = ada.get(f"/requests/{number}").text
    assert "Your role in Fivetran" in text
    assert roles_sentence(session) in text
    assert "Your role in Fivetran" not in Browser(app).sign_in(cast.ben).get(f"/requests/{number}").text
    ada.post(f"/requests/{number}/role", {"role": ANOTHER}, on=f"/requests/{number}")
    staff = Browser(app).sign_in(cast.specialist)
    case = f"/cases/LITE-{request.case_id:06d}"
    assert "To do for the requester" in staff.get(case).text
    Browser(app).sign_in(cast.ben).post(f"/requests/{number}/role", {"role": "x"}, status=403, on=f"/requests/{number}")
    Browser(app).sign_in(cast.cleo).post(f"/requests/{number}/role", {"role": "x"}, status=404, on="/requests/new")
    ada.post(f"/requests/{number}/role", {"role": "Create Connection"}, on=f"/requests/{number}")
    assert "Your role in Fivetran" not in ada.get(f"/requests/{number}").text
    assert "To do for the requester" not in staff.get(case).text
    assert "Told their role in Fivetran" in staff.get(case).text


def test_fivetran_is_asked_and_says_so_where_it_does_not_know(stage: Synced) -> None:
    work.ensure(stage.context)
    stage.pass_time(seconds=1)
    assert checked(stage) == ("", "unknown", work.ELSEWHERE)
    invite = {
        "email": stage.cast.ada.email.upper(),
        "given_name": "Ada",
        "family_name": "A",
        "role": "Connector Creator",
    }
    made = stage.control.post("/v1/users", json=invite, auth=AUTH)
    made.raise_for_status()
    ask(stage, "1")
    assert checked(stage)[:2] == ("Connector Creator", "yes")
    rename(stage.control, made.json()["data"]["id"], "Account Reviewer")
    ask(stage, "2")
    assert checked(stage)[:2] == ("Account Reviewer", "no")
    text = Browser(stage.app).sign_in(stage.cast.specialist).get("/cases/LITE-000001").text
    assert "Fivetran says: Account Reviewer, which is not among the roles" in text
    stage.fault(kind="conflict", path="/v1/users")
    ask(stage, "3")
    assert checked(stage) == ("", "unknown", work.HIDDEN)
    assert stage.case().outcome is None, "it decides nothing"


def rename(control: httpx.Client, user: str, role: str) -> None:
    control.patch(f"/v1/users/{user}", json={"role": role}, auth=AUTH).raise_for_status()


def ask(stage: Synced, why: str) -> None:
    with stage.database.transaction() as session:
        request = session.get_one(Request, stage.case().primary_request_id)
        roles.ask(session, request, act(stage.cast.lead, stage.now), why=why)
    stage.pass_time(seconds=1)


def checked(stage: Synced) -> Any:
    with stage.database.reading() as session:
        row = role_checks.of(session, [stage.case().primary_request_id or 0])
        found = next(iter(row.values()))
        return found.role_name, found.may, found.why


def roles_sentence(session: Session) -> str:
    return what_to_ask(role_checks.accepted(session))
