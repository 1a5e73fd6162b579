"""An admin looks after people: found, changed, sent away, let in again; what is kept is taken out and erased."""

import json
import re
from functools import partial

import pytest
from at_once import at_once
from factories import DECLINE, MONDAY, PASSWORD, Cast, a_case, a_cast, a_request, act, case_of, move
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from webclient import Browser

from request_tracker.actions import api_tokens, erase, hold, persons
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.people import SYSTEM, Viewer
from request_tracker.rules.process import NotAllowed
from request_tracker.settings import Settings
from request_tracker.store import holds, search, search_hits, timeline, tokens
from request_tracker.store.audit_entries import AuditEntry
from request_tracker.store.cases import Case
from request_tracker.store.documents import Document
from request_tracker.store.holds import Comment
from request_tracker.store.jobs import Job
from request_tracker.store.letters import Letter
from request_tracker.store.people import Person
from request_tracker.store.session import Database
from request_tracker.store.timeline import EntryText
from request_tracker.store.tokens import Token
from request_tracker.work import post

SURE = {"sure": "y"}


def at(who: Viewer) -> str:
    return f"/admin/people/{who.id}"


def acts(session: Session) -> list[str]:
    return list(session.scalars(select(AuditEntry.act).order_by(AuditEntry.id)))


def test_people_are_found_by_name_address_role_and_state_page_by_page(app: Flask, cast: Cast, session: Session) -> None:
    for number in range(60):
        who = persons.Newcomer(f"p{number:02}@contoso.example", f"Zoe {number:02}", "requester", cast.cleo.account_id)
        persons.add(session, who, act(cast.admin))
    session.commit()
    admin = Browser(app).sign_in(cast.admin)
    first = admin.get("/admin/people").text
    assert "Ada" in first
    assert "Zoe 59" not in first
    onward = re.search(r'rel="next" href="([^"]+)"', first)
    assert onward
    second = admin.get(onward[1].replace("&amp;", "&")).text
    assert "Zoe 59" in second
    assert "ada@northwind.example" not in second
    assert set(re.findall(r"Zoe \d\d", first)).isdisjoint(re.findall(r"Zoe \d\d", second))
    found = admin.get("/admin/people?find=NORTHWIND&role=requester").text
    assert "Ada" in found
    assert "Ben" in found
    assert "Cleo" not in found
    assert "Nobody like that" in admin.get("/admin/people?find=100%25").text, "a % is a sign like any other"


def test_a_person_is_changed_and_what_cannot_be_says_why(app: Flask, cast: Cast, session: Session) -> None:
    admin = Browser(app).sign_in(cast.admin)
    typed = {"name": "Spe\u202ecial  <b>One</b>", "role": "lead", "zone": "Europe/Berlin"}
    admin.post(at(cast.specialist), typed, on=at(cast.specialist))
    row = session.get_one(Person, cast.specialist.id, populate_existing=True)
    assert (row.name, row.role, row.zone) == ("Special <b>One</b>", "lead", "Europe/Berlin")
    assert "&lt;b&gt;One" in admin.get("/admin/audit").text
    assert acts(session)[-3:] == ["person.renamed", "person.role_changed", "person.zone_changed"]
    refused = admin.post(at(cast.ada), {"name": "Ada", "role": "lead", "zone": "UTC"}, status=422, on=at(cast.ada)).text
    assert "Requesters stay requesters" in refused
    wrong = admin.post(
        at(cast.ada), {"name": " ", "role": "requester", "zone": "Mars/Base"}, status=422, on=at(cast.ada)
    )
    assert "Enter the name" in wrong.text
    assert "Mars/Base" in wrong.text, "what was typed is kept"
    admin.get("/admin/people/999999", status=404)


def test_the_last_admin_stays_and_a_second_one_may_go(app: Flask, cast: Cast, session: Session) -> None:
    admin = Browser(app).sign_in(cast.admin)
    same = {"name": "Admin", "zone": "UTC"}
    assert "last admin" in admin.post(at(cast.admin), {**same, "role": "lead"}, status=422, on=at(cast.admin)).text
    last = admin.post(f"{at(cast.admin)}/deactivate", SURE, status=422, on=at(cast.admin)).text
    assert "make somebody else an admin first" in last
    admin.post(at(cast.lead), {"name": "Lead", "role": "admin", "zone": "UTC"}, on=at(cast.lead))
    admin.post(f"{at(cast.admin)}/deactivate", SURE, on=at(cast.lead))
    assert admin.client.get("/admin/people").status_code == 303, "signed out at once"
    with pytest.raises(Unfit, match="last admin"):
        persons.deactivate(session, cast.lead.id or 0, act(_as_admin(cast.lead)))


@pytest.mark.deep
def test_two_admins_who_send_each_other_away_at_once_leave_one(own: Database) -> None:
    """Again and again, as threads meet by chance: one is told, and the database never has to end a ring of waits."""
    with own.transaction() as session:
        cast = a_cast(session)
        both = (cast.admin, _as_admin(cast.lead))
    for _ in range(10):
        with own.transaction() as session:
            session.execute(
                update(Person).where(Person.id.in_([who.id for who in both])).values(role="admin", active=True)
            )
        told: list[str] = []
        at_once(*(partial(_send_away, own, who, other, told) for who, other in (both, both[::-1])))
        assert told == [persons.LAST_ADMIN]


def _send_away(own: Database, who: Viewer, other: Viewer, told: list[str]) -> None:
    try:
        with own.transaction() as session:
            persons.deactivate(session, other.id or 0, act(who))
    except Unfit as fault:
        told.append(fault.message)


def _as_admin(who: Viewer) -> Viewer:
    return Viewer(who.id, persons.Role.ADMIN, None, who.name, who.email)


def test_deactivated_people_are_out_at_once_and_consequences_are_told_before(
    app: Flask, cast: Cast, session: Session
) -> None:
    case = a_case(session, cast, phase="validation")
    secret = api_tokens.issue(session, session.get_one(Person, cast.ada.id), "write", act(cast.admin))
    session.commit()
    ada, admin = Browser(app).sign_in(cast.ada), Browser(app).sign_in(cast.admin)
    page = admin.get(at(cast.ada)).text
    assert f'Main contact of <a class="admin-number" href="/cases/{case.number}"' in page
    assert secret not in page
    assert "write" in page
    admin.post(f"{at(cast.ada)}/deactivate", {}, status=422, on=at(cast.ada))
    admin.post(f"{at(cast.ada)}/deactivate", SURE, on=at(cast.ada))
    assert ada.client.get("/", follow_redirects=False).status_code == 303
    assert _api(app, secret) == 401
    admin.post(f"{at(cast.ada)}/reactivate", on=at(cast.ada))
    assert _api(app, secret) == 401, "a revoked token stays revoked"
    Browser(app).sign_in(cast.ada)
    entry = session.scalars(select(AuditEntry).where(AuditEntry.act == "person.deactivated")).one()
    assert entry.data["sessions_ended"] == "sessions end, 1 API tokens revoked"


def _api(app: Flask, secret: str) -> int:
    return app.test_client().get("/api/v1/cases", headers={"Authorization": f"Bearer {secret}"}).status_code


def test_a_new_password_is_shown_once_and_ends_sessions(app: Flask, cast: Cast, session: Session) -> None:
    ada, admin = Browser(app).sign_in(cast.ada), Browser(app).sign_in(cast.admin)
    given = admin.post(f"{at(cast.ada)}/password", status=200, on=at(cast.ada))
    password = re.search(r'admin-secret">([^<]+)<', given.text)
    assert password
    assert given.headers["Cache-Control"] == "no-store"
    assert password[1] not in admin.get(at(cast.ada)).text
    assert password[1] not in json.dumps([row.data for row in session.scalars(select(AuditEntry))])
    assert ada.client.get("/requests").status_code == 303
    for tried, lands in ((PASSWORD, 422), (password[1], 303)):
        fresh = Browser(app)
        token = fresh._token(fresh.get("/sign-in").text)
        sent = {"email": cast.ada.email, "password": tried, "csrf_token": token}
        assert fresh.client.post("/sign-in", data=sent).status_code == lands
    admin.post(f"{at(cast.ada)}/sign-out", on=at(cast.ada))
    assert "person.signed_out" in acts(session)


def test_tokens_are_revoked_one_by_one_and_only_their_owners(app: Flask, cast: Cast, session: Session) -> None:
    ada = session.get_one(Person, cast.ada.id)
    secret = api_tokens.issue(session, ada, "read", act(cast.admin))
    with pytest.raises(NotAllowed):
        api_tokens.issue(session, ada, "read", act(cast.cleo))
    session.commit()
    token = session.scalars(select(Token).where(Token.digest == tokens.digest(secret))).one()
    admin = Browser(app).sign_in(cast.admin)
    admin.post(f"{at(cast.ben)}/tokens/{token.id}/revoke", on=at(cast.ben))
    assert _api(app, secret) == 200, "it is not Ben's"
    admin.post(f"{at(cast.ada)}/tokens/{token.id}/revoke", on=at(cast.ada))
    assert _api(app, secret) == 401
    assert acts(session)[-2:] == ["token.made", "token.revoked"]


def _wrote(session: Session, cast: Cast) -> str:
    """Ada asks, answers and comments; answers the number of her case."""
    request = a_request(session, cast.ada, use_case="Her secret plan", also_tell="her.boss@northwind.example")
    case = case_of(session, request)
    session.add(Comment(case_id=case.id, account_id=case.account_id, author_id=cast.ada.id or 0, internal=False,
                        body="Her words", at=MONDAY))  # fmt: skip
    session.add(Document(request_id=request.id, account_id=case.account_id, filename="her-api.json", size=2,
                         media_type="application/json", sha256="0" * 64, body=b"{}", created_at=MONDAY))  # fmt: skip
    session.flush()
    return case.number


def _told_others(session: Session, cast: Cast, case: Case, settings: Settings) -> None:
    """The specialist reads what Ada did in a letter of their own."""
    move(session, case, "claim", cast.specialist)
    hold.put_on(session, case, act(cast.specialist), reason="requester_info", question="Which plan?")
    (waiting,) = holds.open_holds(session, case.id)
    hold.answer(session, case, waiting, act(cast.ada), body="Her words")
    for job in session.scalars(select(Job).where(Job.kind == "notify").order_by(Job.id)).all():
        post.notify(session, job.args, job.event_id, act(SYSTEM), settings)
    session.flush()


def test_what_is_kept_is_taken_out_without_secrets_and_without_others(app: Flask, cast: Cast, session: Session) -> None:
    _wrote(session, cast)
    a_request(session, cast.cleo, service_name="Other", use_case="Cleo's plan", service_url="https://other.example/",
              api_docs_url="https://docs.other.example/")  # fmt: skip
    secret = api_tokens.issue(session, session.get_one(Person, cast.ada.id), "read", act(cast.admin))
    session.commit()
    admin = Browser(app).sign_in(cast.admin)
    sent = admin.client.post(f"{at(cast.ada)}/data.json", data={"csrf_token": admin._token(admin.get("/admin").text)})
    assert sent.headers["Content-Disposition"].startswith("attachment")
    text = sent.get_data(as_text=True)
    found = json.loads(text)
    assert found["person"]["email"] == cast.ada.email
    assert [row["use_case"] for row in found["requests"]] == ["Her secret plan"]
    assert [row["body"] for row in found["comments"]] == ["Her words"]
    assert [row["filename"] for row in found["documents"]] == ["her-api.json"]
    assert found["about"]["cut"] == []
    kept = session.get_one(Person, cast.ada.id)
    for hidden in ("Cleo's plan", secret, tokens.digest(secret), kept.password_hash or "?", kept.session_key):
        assert hidden not in text
    assert acts(session)[-1] == "person.exported"


def test_erasing_empties_the_words_keeps_the_figures_and_every_chain(
    app: Flask, cast: Cast, session: Session, settings: Settings
) -> None:
    number = _wrote(session, cast)
    search.refresh(session, [int(number[-6:])])
    session.commit()
    assert search_hits.case_ids(session, cast.specialist, "secret plan") == [int(number[-6:])]
    admin = Browser(app).sign_in(cast.admin)
    stands = admin.get(f"{at(cast.ada)}/data").text
    assert f"main contact of {number}" in stands
    assert "Erase</button>" not in stands
    admin.post(f"{at(cast.ada)}/erase", SURE, status=422, on=at(cast.ada))
    case = session.get_one(timeline.Case, int(number[-6:]), populate_existing=True)
    session.refresh(case)
    _told_others(session, cast, case, settings)
    told = select(Letter.text).where(Letter.notice == "answered", Letter.person_id == cast.specialist.id)
    assert "Her words" in session.scalars(told).one()
    move(session, case, "decline", cast.specialist, **DECLINE)
    session.commit()
    admin.post(f"{at(cast.ada)}/erase", {}, status=422, on=at(cast.ada))
    admin.post(f"{at(cast.ada)}/erase", SURE, on=at(cast.ada))
    session.expire_all()
    kept = session.get_one(Person, cast.ada.id)
    assert not kept.active
    assert kept.erased_at == MONDAY
    assert kept.password_hash is None
    assert "ada" not in f"{kept.name} {kept.email}".lower()
    words = _every_word(session)
    for gone in ("Her secret plan", "her.boss", "Her words", "her-api", "ada@northwind"):
        assert gone not in words
    assert session.scalars(told).one() == erase.WORDS
    assert search_hits.case_ids(session, cast.specialist, "secret plan") == []
    assert timeline.broken(session) == []
    assert acts(session)[-1] == "person.erased"
    assert "Erased" in admin.get(at(cast.ada)).text
    admin.post(f"{at(cast.ada)}/erase", SURE, status=422, on="/admin/people")
    admin.get(f"/cases/{number}")
    admin.get(f"/cases/{number}", status=200)


def _every_word(session: Session) -> str:
    """Everything that stands in any column of the database that can hold words."""
    told = []
    for table in timeline.Entry.metadata.sorted_tables:
        for row in session.execute(table.select()):
            told += [str(each) for each in row if isinstance(each, str | dict | list | bytes)]
    return "\n".join(told)


def test_only_who_may_erase_does_and_staff_keep_what_they_did(cast: Cast, session: Session) -> None:
    case = a_case(session, cast, phase="validation")
    for who in (cast.lead, cast.auditor, cast.ada):
        with pytest.raises(NotAllowed):
            erase.erase(session, cast.ben.id or 0, act(who))
    with pytest.raises(Unfit, match="ask another admin"):
        erase.erase(session, cast.admin.id or 0, act(cast.admin))
    with pytest.raises(Unfit, match=f"They work on {case.number}"):
        erase.erase(session, cast.specialist.id or 0, act(cast.admin))
    erase.erase(session, cast.engineer.id or 0, act(cast.admin))
    assert session.scalars(select(EntryText).where(EntryText.erased_at.is_not(None))).all() == []
    assert session.scalars(select(Letter).where(Letter.to_address == cast.engineer.email)).all() == []
