"""What is kept how long: the page says what is in force, what is due, what was deleted, and has it deleted now."""

from datetime import timedelta
from typing import Any

from factories import CLOCK, MONDAY, Cast, a_request, act, case_of, move
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from webclient import Browser

from request_tracker.access.wiring import Wiring
from request_tracker.rules import retention
from request_tracker.store import passwords, presences, reading_retention
from request_tracker.store.audit_entries import AuditEntry
from request_tracker.store.documents import Document
from request_tracker.store.drafts import DOCUMENT, Draft
from request_tracker.store.jobs import Job
from request_tracker.store.passwords import FailedSignIn
from request_tracker.work.context import Context
from request_tracker.work.effects import EFFECTS, Call

LATER = MONDAY + timedelta(days=8)


def _no_network(*_: Any, **__: Any) -> Any:
    raise AssertionError("deleting reaches no network")


def _context(app: Flask) -> Context:
    wired: Wiring = app.extensions["request_tracker"]
    return Context(wired.database, wired.settings, wired.now, _no_network)


def _left(session: Session, cast: Cast) -> Document:
    """A document of a case that ended, a file in a draft, a failed sign-in: all of them on MONDAY."""
    request = a_request(session, cast.ada)
    body = Document(request_id=request.id, account_id=request.account_id, filename="api.json", size=2,
                    media_type="application/json", sha256="0" * 64, body=b"{}", created_at=MONDAY)  # fmt: skip
    session.add(body)
    session.flush()
    move(session, case_of(session, request), "discard", cast.specialist, reason="spam")
    kept = {"service_name": "Kept", DOCUMENT: {"sha256": "1" * 64}}
    session.add(Draft(person_id=cast.ben.id or 0, account_id=cast.ben.account_id, data=kept, updated_at=MONDAY))
    passwords.note_failure(session, "who@ever.example", MONDAY)
    session.commit()
    return body


def test_what_is_due_is_shown_deleted_and_proven(app: Flask, cast: Cast, session: Session) -> None:
    row = _left(session, cast)
    admin = Browser(app).sign_in(cast.admin)
    assert "more than" not in admin.get("/admin/retention").text
    assert {each.rule.key: each.due for each in reading_retention.standings(session, act(cast.admin))} == dict.fromkeys(
        (rule.key for rule in retention.RULES), 0
    )
    CLOCK["now"] = LATER
    due = {each.rule.key: each.due for each in reading_retention.standings(session, act(cast.admin, LATER)) if each.due}
    assert due == {"documents": 1, "drafts": 1, "failures": 1}
    admin.post("/admin/retention/run", on="/admin/retention")
    admin.post("/admin/retention/run", on="/admin/retention")
    (job,) = session.scalars(select(Job).where(Job.kind == "forget_now")).all()
    assert "A run waits for the worker" in admin.get("/admin/retention").text
    for _ in range(2):
        EFFECTS["forget_now"](_context(app), Call(job.id, job.kind, job.args, None))
    session.execute(update(Job).where(Job.id == job.id).values(state="done", finished_at=LATER))
    session.commit()
    session.refresh(row)
    assert (row.body, row.forgotten_at) == (None, LATER)
    assert session.get_one(Draft, cast.ben.id, populate_existing=True).data == {"service_name": "Kept"}
    assert session.scalars(select(FailedSignIn)).all() == []
    assert not any(each.due for each in reading_retention.standings(session, act(cast.admin, LATER)))
    page = admin.get("/admin/retention").text
    assert "Contents of 1 document<" in page
    assert "is over" in page
    admin.post("/admin/retention/run", on="/admin/retention")
    assert len(session.scalars(select(Job).where(Job.kind == "forget_now", Job.state == "ready")).all()) == 1
    assert [each.act for each in session.scalars(select(AuditEntry))] == ["retention.run"] * 3


def test_an_auditor_reads_the_rules_and_starts_nothing(app: Flask, cast: Cast) -> None:
    auditor = Browser(app).sign_in(cast.auditor)
    page = auditor.get("/admin/retention").text
    assert "7 days after the case ended" in page
    assert "Kept for ever" in page
    assert "/admin/retention/run" not in page
    auditor.post("/admin/retention/run", status=403, on="/admin/audit")
    Browser(app).sign_in(cast.lead).get("/admin/retention", status=403)


def test_the_page_says_how_long_presence_lasts() -> None:
    assert timedelta(minutes=10) >= presences.KEPT_FOR, "the page says: within minutes"
