"""The overview of administration for each role, accounts, and the log: whoever changes the program leaves an entry."""

import ast
import inspect
import textwrap
from functools import cache
from types import FunctionType, ModuleType
from typing import Any

import pytest
from factories import MONDAY, Cast, a_request, act
from flask import Flask
from markupsafe import escape
from sqlalchemy import select
from sqlalchemy.orm import Session
from webclient import Browser

from request_tracker.access import policy
from request_tracker.actions import auditing, enrol
from request_tracker.rules import auditing as rules
from request_tracker.rules.administration import SECTIONS
from request_tracker.rules.terms import Role
from request_tracker.store import jobs
from request_tracker.store.audit_entries import AuditEntry
from request_tracker.store.jobs import Job
from request_tracker.store.people import Account

WITHOUT_A_NOTE = {
    "knowledge.add": "what matching knows has a log of its own",
    "knowledge.correct": "what matching knows has a log of its own",
    "knowledge.retire": "what matching knows has a log of its own",
    "knowledge.restore": "what matching knows has a log of its own",
    "alias_files.upload": "what matching knows has a log of its own",
    "knowledge.reindex": "computes anew what is there; nothing that anybody decided changes",
    "calendars.preview": "shows what would change; nothing is kept",
    "notices.send": "sends a sample to whoever asks for it",
    "hooks.ping": "sends a message that says nothing",
    "groups_admin.look": "has Fivetran asked; nothing changes",
    "fivetran_admin.check": "has Fivetran asked; nothing changes",
    "fivetran_admin.look_at": "has Fivetran asked; nothing changes",
    "fivetran_admin.look_at_all": "has Fivetran asked; nothing changes",
    "fivetran_admin.find_strays": "has Fivetran asked; nothing changes",
}
ROOMS = ("request_tracker.web", "request_tracker.actions")
DECIDERS = policy.DECIDERS | policy.AUDITORS


def _deeds(app: Flask) -> list[str]:
    """Endpoints by which only leads, admins or auditors post something."""
    posts = {rule.endpoint for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())}
    return sorted(each for each in posts if policy.ROUTES.get(each, DECIDERS | {"?"}) <= DECIDERS)


def test_whatever_leads_and_admins_post_is_written_down_or_says_why_not(app: Flask) -> None:
    deeds = _deeds(app)
    assert len(deeds) > 50
    silent = {each for each in deeds if not _reaches_a_note(app.view_functions[each])}
    assert silent == set(WITHOUT_A_NOTE) & set(deeds)


def _reaches_a_note(view: Any) -> bool:
    """Whether the code of a page, or of what it names, calls `auditing.note`."""
    seen, left = set[Any](), [inspect.unwrap(view)]
    while left:
        function = left.pop()
        if function in seen:
            continue
        seen.add(function)
        if function is auditing.note:
            return True
        left += [each for each in _named(function) if each not in seen]
    return False


@cache
def _named(function: FunctionType) -> tuple[FunctionType, ...]:
    """The functions of pages and actions that a function names, by the globals of its module; tables of them too."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    named = [_meant(node, function.__globals__) for node in ast.walk(tree)]
    flat = [each for found in named for each in (found.values() if isinstance(found, dict) else (found,))]
    return tuple(each for each in flat if isinstance(each, FunctionType) and each.__module__.startswith(ROOMS))


def _meant(node: ast.AST, known: dict[str, Any]) -> Any:
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        room = known.get(node.value.id)
        return getattr(room, node.attr, None) if isinstance(room, ModuleType) else None
    return None


def test_an_entry_is_on_the_list_and_never_holds_a_secret(cast: Cast, session: Session) -> None:
    with pytest.raises(ValueError, match="not on the list"):
        auditing.note(session, act(cast.admin), "person.eaten", "person 1")
    for name in ("password", "new_secret", "password_hash"):
        with pytest.raises(ValueError, match="never written down"):
            auditing.note(session, act(cast.admin), "person.added", "person 1", **{name: "x"})
    row = auditing.note(session, act(cast.admin), "account.added", "A\u202e\nB" + "x" * 500, list={2}, at=MONDAY)
    assert row.subject.startswith("A B")
    assert len(row.subject) == rules.LONGEST_SUBJECT
    assert row.data["list"] == [2]
    assert all(rules.family(word) in rules.FAMILIES for word in rules.ACTS)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.REQUESTER])
def test_everybody_of_the_house_finds_what_their_role_may_open(app: Flask, cast: Cast, role: Role) -> None:
    browser = Browser(app).sign_in(cast.by_role(role))
    page = browser.get("/admin").text
    for each in (page for section in SECTIONS for page in section.pages):
        offered = f'>{each.label}</a>\n      <p class="soft">{escape(each.why)}' in page
        assert offered == policy.may(each.endpoint, role, demo=True), each.endpoint


def test_requesters_have_no_administration(app: Flask, cast: Cast) -> None:
    Browser(app).sign_in(cast.ada).get("/admin", status=403)


def test_the_overview_shows_what_needs_a_look_and_leads_there(app: Flask, cast: Cast, session: Session) -> None:
    admin = Browser(app).sign_in(cast.admin)
    assert "given up" not in admin.get("/admin").text
    jobs.put(session, "deliver", {"letter_id": 1}, now=MONDAY, unique_key="gone")
    job = session.scalars(select(Job).where(Job.unique_key == "gone")).one()
    job.state, job.finished_at = "dead", MONDAY
    session.commit()
    page = admin.get("/admin").text
    assert ("1 job was given up" in page and "SQLite" in page) or "PostgreSQL" in page
    admin.post(f"/admin/jobs/{job.id}/retry", on="/admin/jobs")
    assert "given up" not in admin.get("/admin").text
    assert "1 job is due now" in admin.get("/admin").text
    entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
    assert (entry.act, entry.data["kind"]) == ("job.retried", "deliver")
    admin.post(f"/admin/jobs/{job.id}/retry", on="/admin/jobs")
    assert session.scalars(select(AuditEntry)).all() == [entry], "what did nothing is not written down"


def test_accounts_show_their_figures_and_are_renamed_once(app: Flask, cast: Cast, session: Session) -> None:
    request = a_request(session, cast.ada)
    enrol.bind(session, cast.ada.account_id or 0, "projected_sickle", act(cast.admin))
    session.commit()
    admin, path = Browser(app).sign_in(cast.admin), f"/admin/accounts/{cast.ada.account_id}"
    listed = admin.get("/admin/accounts?find=north").text
    assert "Northwind" in listed
    assert "projected_sickle" in listed
    assert "Contoso" not in listed
    shown = admin.get(path).text
    assert request.number in shown
    assert "ben@northwind.example" in shown
    assert "Another account has this name" in admin.post(path, {"name": "Contoso"}, status=422, on=path).text
    admin.post(path, {"name": "  Northwind   Traders "}, on=path)
    assert session.get_one(Account, cast.ada.account_id, populate_existing=True).name == "Northwind Traders"
    admin.post(path, {"name": "Northwind Traders"}, on=path)
    renamed = session.scalars(select(AuditEntry).where(AuditEntry.act == "account.renamed")).all()
    assert [row.data["before"] for row in renamed] == ["Northwind"]
    admin.get("/admin/accounts/999999", status=404)
