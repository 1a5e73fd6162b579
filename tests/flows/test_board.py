"""The public board through HTTP: who reads it, what stands on it, how it is searched, "me too"; and it names nobody."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from factories import CLOCK, DECLINE, MONDAY, Cast, Counted, a_case, a_request, act, case_of, move
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from webclient import Browser

from request_tracker.actions import board as actions
from request_tracker.actions import hold, merge, withdraw
from request_tracker.rules.board import CUSTOMERS, EVERYONE, OFF, STAGES, stage
from request_tracker.rules.people import Viewer
from request_tracker.rules.terms import Outcome, Phase
from request_tracker.store import board, reading_board, tokens
from request_tracker.store.audit_entries import AuditEntry
from request_tracker.store.cases import Case
from request_tracker.store.catalogue import CatalogueEntry
from request_tracker.store.people import Account, Person
from request_tracker.store.reading_board import Asked
from request_tracker.store.requests import Request


def _open(session: Session, cast: Cast, level: str = CUSTOMERS, *, seen: int = 0) -> int:
    found = actions.decide(session, level, "They asked for it", act(cast.lead), seen=seen)
    while board.refresh(session):
        pass
    session.commit()
    return found.id


def _named(session: Session, cast: Cast, name: str, *, phase: str = "validation", days: int = 0, **more: Any) -> Case:
    slug = name.lower().replace(" ", "")
    typed = {"service_url": f"https://{slug}.example/", "api_docs_url": f"https://docs.{slug}.example/api", **more}
    return a_case(session, cast, phase=phase, now=MONDAY + timedelta(days=days), service_name=name, **typed)


def _asked_for(
    session: Session, who: Viewer, name: str, *, phase: str = "validation", days: int = 0, docs: str = ""
) -> Case:
    """A case as it stands, without its walk: many of them are made in no time."""
    at = MONDAY + timedelta(days=days)
    case = Case(
        service_name=name, service_url="", api_docs_url=docs, account_id=who.account_id, phase=phase, opened_at=at,
        phase_at=at, touched_at=at, queue_at=at,
    )  # fmt: skip
    session.add(case)
    session.flush()
    case.root_id = case.id
    _joins(session, who, case, "opened")
    return case


def _joins(session: Session, who: Viewer, case: Case, kind: str = "joined") -> None:
    session.add(
        Request(
            account_id=who.account_id, person_id=who.id, submitted_by_id=who.id, case_id=case.id, kind=kind,
            service_name=case.service_name, service_url="", api_docs_url="", use_case="x", data_needed="x",
            auth_kind="unknown", sandbox="unknown", created_at=case.opened_at,
        )
    )  # fmt: skip


def _names(text: str) -> list[str]:
    return [unescape(each) for each in re.findall(r'class="wish-name"[^>]*>([^<]*)<', text)]


def test_it_is_closed_until_somebody_opens_it_and_then_open_to_no_more_than_was_said(
    app: Flask, session: Session, cast: Cast
) -> None:
    _named(session, cast, "Paper Ledger")
    session.commit()
    ada, lead, stranger = Browser(app).sign_in(cast.ada), Browser(app).sign_in(cast.lead), Browser(app)
    assert "no public board" in ada.get("/board", status=404).text
    stranger.get("/board", status=404)
    assert "Who asked for what" not in ada.get("/requests").text
    page = lead.get("/admin/policies/board").text
    assert _names(page) == ["Paper Ledger"], "what it would show, before anybody decided"

    form = {"level": CUSTOMERS, "reason": "Asked for often", "seen": "0"}
    assert "Say why" in lead.post("/admin/policies/board", {**form, "reason": " "}, status=422).text
    lead.post("/admin/policies/board", form)
    assert _names(ada.get("/board").text) == ["Paper Ledger"]
    assert "Who asked for what" in ada.get("/requests").text
    assert "/sign-in" in stranger.get("/board", status=303).location

    assert "decided about this after" in lead.post("/admin/policies/board", {**form, "level": OFF}, status=409).text
    standing = re.search(r'name="seen" value="(\d+)"', lead.get("/admin/policies/board").text)
    assert standing is not None
    lead.post("/admin/policies/board", {**form, "level": EVERYONE, "seen": standing[1]})
    open_page = stranger.get("/board")
    assert _names(open_page.text) == ["Paper Ledger"]
    assert "noindex" in open_page.headers["X-Robots-Tag"]
    assert [row.act for row in session.scalars(select(AuditEntry).order_by(AuditEntry.id))] == ["policy.board"] * 2
    Browser(app).sign_in(cast.specialist).get("/admin/policies/board", status=403)


PLACES = {
    "submission": lambda s, c, k: None,
    "validation": lambda s, c, k: None,
    "generally_available": lambda s, c, k: None,
    "declined": lambda s, c, k: move(s, k, "decline", c.specialist, **DECLINE),
    "declined unseen": lambda s, c, k: move(s, k, "decline", c.specialist, **DECLINE),
    "withdrawn": lambda s, c, k: withdraw.withdraw(s, s.get_one(Request, k.primary_request_id), act(c.ada)),
    "spam": lambda s, c, k: move(s, k, "discard", c.specialist, reason="A test"),
}
STARTS = {"declined": "validation", "declined unseen": "submission", "withdrawn": "validation", "spam": "submission"}


@pytest.mark.parametrize("place", PLACES)
def test_only_what_somebody_looked_at_and_what_says_something_stands_on_it(
    session: Session, cast: Cast, place: str
) -> None:
    case = _named(session, cast, "Paper Ledger", phase=STARTS.get(place, place))
    _open(session, cast)
    PLACES[place](session, cast, case)
    shown = place in ("validation", "generally_available", "declined")
    assert bool(reading_board.newest(session)) is shown
    now_on_it = {row.number for row in reading_board.page(session, Asked(), cast.ada).items}
    assert now_on_it == ({case.number} if shown else set()), "read from the case, not from what the worker wrote"
    while board.refresh(session):
        pass
    session.flush()
    assert bool(session.get_one(board.BoardRow, case.id).stage) is shown


def test_every_stage_has_a_word_and_nothing_else_has_one() -> None:
    shown = {stage(phase, outcome) for phase in Phase for outcome in (None, *Outcome)} - {""}
    live = {each for each in STAGES if each not in list(Outcome)}
    assert shown - {Phase.GENERALLY_AVAILABLE} == set(STAGES)
    assert all(stage(each, None) == each and stage(each, None, is_root=False) == "" for each in live)


def test_merged_cases_stand_once_and_every_account_counts_once(app: Flask, session: Session, cast: Cast) -> None:
    root, child = _named(session, cast, "Paper Ledger"), case_of(session, a_request(session, cast.cleo))
    a_request(session, cast.ben, join=root.number)
    move(session, child, "claim", cast.specialist)
    _open(session, cast)
    assert len(reading_board.page(session, Asked(), None).items) == 2
    merge.merge(session, child, root, act(cast.specialist), version=child.version, into_version=root.version)
    assert [(row.number, row.accounts) for row in reading_board.page(session, Asked(), None).items] == [
        (root.number, 2)
    ]
    session.commit()
    text = Browser(app).sign_in(cast.ada).get("/board").text
    assert "2 accounts ask for it" in text
    assert "You asked for it" in text
    assert "You asked for it" in Browser(app).sign_in(cast.cleo).get("/board").text, "by the case merged into it"


def test_search_filter_sort_and_pages_meet_every_case_once(app: Flask, session: Session, cast: Cast) -> None:
    for at in range(30):
        _asked_for(session, cast.ada, f"Service {at:02}", days=at, phase="consultation" if at == 7 else "validation")
    docs = "https://developer.quagga.example/rest?key=abc#x"
    wanted = _asked_for(session, cast.ada, "Zebra Desk", days=1, docs=docs)
    _joins(session, cast.cleo, wanted)
    session.add(CatalogueEntry(name="Zebra CRM", service="zebra_crm", domain="zebracrm.example", updated_at=MONDAY))
    _open(session, cast)
    ada = Browser(app).sign_in(cast.ada)
    first = ada.get("/board")
    assert _names(first.text)[:2] == ["Zebra Desk", "Service 29"], "the most wanted first, then the newest"
    more = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert more is not None
    second = ada.get(unescape(more[1]))
    assert sorted(_names(first.text) + _names(second.text)) == [f"Service {at:02}" for at in range(30)] + ["Zebra Desk"]
    assert _names(ada.get("/board?sort=newest").text)[0] == "Service 29"
    assert _names(ada.get("/board?phase=consultation").text) == ["Service 07"]
    for q in ("zebra", "ZEBRA d", "quagga.ex", "docs.quagga", "developer.quagga.example"):
        found = ada.get(f"/board?q={q}").text
        assert _names(found) == ["Zebra Desk"], q
    assert "Zebra CRM" in ada.get("/board?q=zebra").text, "exists already"
    assert "key=abc" not in first.text
    empty = ada.get("/board?q=nowhere").text
    assert 'href="/requests/new?service_name=nowhere"' in empty, "what to do next"
    for broken in ("cursor=x", "cursor=W10", "phase=submission", "sort=who"):
        ada.get(f"/board?{broken}", status=422)
    with Counted(session) as few:
        reading_board.page(session, Asked(q="zebra"), cast.ada)
    with Counted(session) as many:
        reading_board.page(session, Asked(q="s"), cast.ada)
    assert len(few.statements) == len(many.statements) <= 4


def test_a_case_is_taken_off_and_put_back(app: Flask, session: Session, cast: Cast) -> None:
    case = _named(session, cast, "Paper Ledger")
    _open(session, cast)
    specialist, ada = Browser(app).sign_in(cast.specialist), Browser(app).sign_in(cast.ada)
    assert f"/board/{case.number}" in specialist.get(f"/cases/{case.number}").text
    assert f"/board/{case.number}" in specialist.get("/board").text
    specialist.post(f"/board/{case.number}/off")
    assert _names(ada.get("/board").text) == []
    assert "Taken off the board" in specialist.get(f"/board/{case.number}").text
    assert "cannot be joined from here" in ada.get(f"/requests/new?join={case.number}").text
    specialist.post(f"/board/{case.number}/on")
    assert _names(ada.get("/board").text) == ["Paper Ledger"]
    ada.post(f"/board/{case.number}/off", status=403)
    acts = list(session.scalars(select(AuditEntry.act).order_by(AuditEntry.id)))
    assert acts[-2:] == ["board.unlisted", "board.listed"]


def test_me_too_is_a_short_form_that_joins(app: Flask, session: Session, cast: Cast) -> None:
    case = _named(session, cast, "Paper Ledger", use_case="Secret of Northwind")
    session.commit()
    cleo = Browser(app).sign_in(cast.cleo)
    assert "cannot be joined from here" in cleo.get(f"/requests/new?join={case.number}").text, "there is no board"
    _open(session, cast)
    form = cleo.get(f"/requests/new?join={case.number}").text
    assert "Ask for Paper Ledger too" in form
    assert "Secret of" not in form
    assert 'value="https://docs.paperledger.example/api"' in form
    assert "https://paperledger.example/" not in form, "the website another account typed is theirs"
    fields = dict(
        re.findall(r'name="(form_key|short|join|service_name|service_url|api_docs_url)"[^>]* value="([^"]*)"', form)
    )
    assert fields["join"] == fields["short"] == case.number
    again = cleo.post("/requests/new", {**fields, "use_case": "Ours too"}, status=422)
    assert "Ask for Paper Ledger too" in again.text, "still the short form"
    assert "Ours too" in cleo.get("/requests/new").text, "and the draft is one"
    sent = cleo.post("/requests/new", {**fields, "use_case": "Ours too", "data_needed": "All", "terms_accepted": "y"})
    assert "You have joined the request" in cleo.follow(sent).text
    request = session.scalars(select(Request).order_by(Request.id.desc())).first()
    assert request is not None
    assert (request.case_id, request.kind, request.use_case) == (case.id, "joined", "Ours too")
    assert cleo.get(f"/requests/new?join={case.number}", status=303).location.endswith(request.number)


def test_the_api_says_the_same_to_whoever_may_read_it(app: Flask, session: Session, cast: Cast) -> None:
    case = _named(session, cast, "Paper Ledger")
    secret = tokens.issue(session, cast.cleo.id or 0, "read", MONDAY)
    session.commit()
    call = lambda: app.test_client().get("/api/v1/board?q=paper", headers={"Authorization": f"Bearer {secret}"})  # noqa: E731
    assert call().status_code == 404
    _open(session, cast)
    assert call().get_json() == {
        "items": [
            {
                "case": case.number, "service_name": "Paper Ledger", "phase": "validation", "own_request": None,
                "docs_url": "https://docs.paperledger.example/api", "opened_at": "2026-11-02T09:00:00Z", "accounts": 1,
            }
        ],
        "exists": [],
        "next_cursor": None,
    }  # fmt: skip


def test_no_word_of_any_customer_stands_on_it(app: Flask, session: Session, cast: Cast) -> None:
    """Every private word is a mark of its own; nobody reads one of them, signed in or not, staff's preview included."""
    marks: list[str] = []

    def mark(about: str) -> str:
        marks.append(f"zq{len(marks):03}{about}")
        return marks[-1]

    for row in session.scalars(select(Account)):
        row.name = mark("account")
    for person in session.scalars(select(Person).where(Person.account_id.isnot(None))):
        person.name = mark("person")
    words = {name: mark(name) for name in ("use_case", "data_needed", "custom_fields", "group_id", "also_tell")}
    site = f"https://{mark('site')}.example/"
    case = _named(session, cast, "Open Name", service_url=site, **words)
    other = a_request(
        session, cast.cleo, join=case.number, service_name=mark("name"), service_url=f"https://{mark('web')}.example/",
        api_docs_url=f"https://{mark('docs')}.example/", use_case=mark("use"),
    )  # fmt: skip
    hold.comment(session, case, act(cast.ada), body=mark("said"), internal=False, account_id=cast.ada.account_id or 0)
    hold.comment(session, case, act(cast.specialist), body=mark("note"), internal=True, account_id=case.account_id)
    _open(session, cast, EVERYONE)
    stranger, ben = Browser(app), Browser(app).sign_in(cast.ben)
    addresses = [
        "/board",
        f"/board?q={marks[7]}",
        "/board?sort=newest",
        "/board?q=open",
        *(f"/board?q={each}" for each in marks),
    ]
    for address in addresses:
        text = re.sub(r'value="[^"]*"|service_name=[^"]*"', "", stranger.get(address).text).lower()
        assert not [each for each in marks if each in text], address
    found = [address for address in addresses[4:] if _names(stranger.get(address).text)]
    assert found == [], "and no private word finds a case"
    board_of_ben = ben.get("/board").text
    assert "A colleague of yours asks for it" in board_of_ben
    assert not [each for each in marks[2:] if each in board_of_ben.split("<main")[1]]
    policy = Browser(app).sign_in(cast.lead).get("/admin/policies/board").text
    assert not [each for each in marks if each in policy]
    assert other.case_id == case.id


def test_how_it_works_is_open_to_everybody(app: Flask, cast: Cast) -> None:
    CLOCK["now"] = MONDAY
    text = Browser(app).get("/how-it-works").text
    assert "We answer within 10 working days" in text
    assert "Ask for a connector" in text
    assert "To the start" in Browser(app).sign_in(cast.engineer).get("/how-it-works").text
