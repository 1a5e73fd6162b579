"""The auditor reads the log, takes it out as a file, and has every chain verified."""

import csv
from datetime import timedelta
from io import StringIO
from typing import Any

from factories import CLOCK, MONDAY, Cast, a_case, act
from flask import Flask
from sqlalchemy import event, func, select, update
from sqlalchemy.orm import Session
from webclient import Browser

from request_tracker.access.wiring import Wiring
from request_tracker.actions import auditing, persons, verify
from request_tracker.rules.people import SYSTEM
from request_tracker.store import chain_checks
from request_tracker.store.audit_entries import AuditEntry
from request_tracker.store.cases import Case
from request_tracker.store.chain_checks import ChainCheck
from request_tracker.store.jobs import Job
from request_tracker.store.timeline import Entry
from request_tracker.work import verifying
from request_tracker.work.context import Context

AUDIT = "/admin/audit"


def _no_network(*_: Any, **__: Any) -> Any:
    raise AssertionError("verifying reaches no network")


def _context(app: Flask) -> Context:
    wired: Wiring = app.extensions["request_tracker"]
    return Context(wired.database, wired.settings, wired.now, _no_network)


def _drain(app: Flask, session: Session) -> None:
    """Every job of a verification that waits, as the worker would do it."""
    while job := session.scalar(select(Job).where(Job.kind == verify.KIND, Job.state == "ready").order_by(Job.id)):
        session.commit()
        verifying.stretch(_context(app), job.args)
        session.execute(update(Job).where(Job.id == job.id).values(state="done", finished_at=CLOCK["now"]))
        session.commit()


def test_the_log_is_filtered_paged_and_names_people_as_today(app: Flask, cast: Cast, session: Session) -> None:
    for number in range(60):
        auditing.note(session, act(cast.lead, MONDAY), "calendar.saved", f"version {number}", reason=f"Reason {number}")
    persons.change(session, cast.ben.id or 0, act(cast.admin, MONDAY + timedelta(days=2)), name="Benjamin",
                   role="requester", zone="UTC")  # fmt: skip
    auditing.note(session, act(SYSTEM, MONDAY), "person.added", auditing.of_person(cast.ben.id or 0),
                  person=cast.ben.id, role="requester")  # fmt: skip
    session.commit()
    auditor = Browser(app).sign_in(cast.auditor)
    first = auditor.get(AUDIT).text
    assert "changed the name of Benjamin" in first
    assert "Reason 5<" not in first
    assert "/admin/people/" not in first, "an auditor may not open people"
    oldest = session.scalar(select(func.min(AuditEntry.id))) or 0
    second = auditor.get(f"{AUDIT}?before={oldest + 10}").text
    assert "Reason 9." in second
    assert "Reason 10." not in second
    assert "Reason" not in auditor.get(f"{AUDIT}?act=person").text
    assert "Reason" not in auditor.get(f"{AUDIT}?who=0").text
    assert "The system" in auditor.get(f"{AUDIT}?who=0").text
    assert "Benjamin" not in auditor.get(f"{AUDIT}?who={cast.lead.id}").text.split("</form>", 2)[-1]
    day = auditor.get(f"{AUDIT}?since=2026-11-04&until=2026-11-04").text
    assert "changed the name" in day
    assert "Reason" not in day
    assert "Nothing like that was done" in auditor.get(f"{AUDIT}?since=2030-01-01").text
    auditor.get(f"{AUDIT}?since=nonsense&who=x&act=x&before=-1")


def test_the_log_costs_the_same_however_long_it_is(app: Flask, cast: Cast, session: Session) -> None:
    auditor = Browser(app).sign_in(cast.auditor)
    counted = []
    for most in (3, 40):
        for number in range(most):
            auditing.note(session, act(cast.admin), "account.added", f"A{number}", person=cast.ada.id)
        session.commit()
        said: list[str] = []

        def note(_c: Any, _cur: Any, statement: str, *_: Any, said: list[str] = said) -> None:
            said.append(statement)

        engine = session.get_bind().engine
        event.listen(engine, "before_cursor_execute", note)
        auditor.get(AUDIT)
        event.remove(engine, "before_cursor_execute", note)
        counted.append(sum(each.startswith("SELECT") for each in said))
    assert counted[0] == counted[1] <= 9


def test_the_file_is_safe_for_spreadsheets_and_leaves_an_entry(app: Flask, cast: Cast, session: Session) -> None:
    auditing.note(session, act(cast.admin), "account.added", '=HYPERLINK("http://evil.example")', group="@SUM(1)")
    session.commit()
    auditor = Browser(app).sign_in(cast.auditor)
    token = auditor._token(auditor.get(AUDIT).text)
    sent = auditor.client.post(f"{AUDIT}.csv", data={"csrf_token": token, "act": "account"})
    assert sent.headers["Content-Disposition"].startswith("attachment")
    rows = list(csv.reader(StringIO(sent.get_data(as_text=True))))
    assert rows[0] == ["at", "who", "act", "what", "details"]
    assert len(rows) == 2
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    newest = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
    assert (newest.act, newest.actor_id) == ("audit.taken", cast.auditor.id)


def test_chains_are_verified_in_pieces_with_progress_and_what_is_broken_is_named(
    app: Flask, cast: Cast, session: Session
) -> None:
    first, second = (a_case(session, cast, service_name=name, service_url=f"https://{name}.example/",
                            api_docs_url=f"https://docs.{name}.example/") for name in ("aaa", "bbb"))  # fmt: skip
    session.commit()
    auditor = Browser(app).sign_in(cast.auditor)
    assert "Not verified yet" in auditor.get(f"{AUDIT}/chains").text
    auditor.post(f"{AUDIT}/chains", on=f"{AUDIT}/chains")
    auditor.post(f"{AUDIT}/chains", on=f"{AUDIT}/chains")
    page = auditor.get(f"{AUDIT}/chains").text
    assert "Under way: 0 of 2 cases" in page
    assert 'hx-get="/admin/audit/chains/progress"' in page
    _drain(app, session)
    (row,) = session.scalars(select(ChainCheck)).all()
    session.refresh(row)
    assert (row.checked, row.broken, row.by_id) == (2, 0, cast.auditor.id)
    assert row.ended_at
    assert row.entries >= 2
    assert "All whole" in auditor.get(f"{AUDIT}/chains/progress").text
    entry = session.scalars(select(Entry).where(Entry.case_id == second.id).order_by(Entry.id).limit(1)).one()
    session.execute(update(Entry).where(Entry.id == entry.id).values(audience="staff"))
    session.commit()
    auditor.post(f"{AUDIT}/chains", on=f"{AUDIT}/chains")
    _drain(app, session)
    page = auditor.get(f"{AUDIT}/chains").text
    assert f"/cases/{second.number}#history" in page
    assert "1 not whole" in page
    assert f"/cases/{first.number}#history" not in page
    assert "1 chain is not whole" in auditor.get("/admin").text


def test_a_piece_done_twice_counts_once_and_the_night_asks_once(app: Flask, cast: Cast, session: Session) -> None:
    a_case(session, cast)
    verify.ensure(session, act(SYSTEM))
    verify.ensure(session, act(SYSTEM))
    session.commit()
    context = _context(app)
    verifying.stretch(context, {})
    (row,) = session.scalars(select(ChainCheck)).all()
    verifying.stretch(context, {"check_id": row.id})
    session.refresh(row)
    once = (row.checked, row.entries, row.upto)
    with context.database.transaction() as own:
        found = verifying.timeline.verify(own)
        verify.taken_in(own, row.id, found, {}, context.act())
    session.refresh(row)
    assert (row.checked, row.entries, row.upto) == once
    _drain(app, session)
    session.refresh(row)
    assert row.ended_at == MONDAY
    assert row.by_id is None
    verify.ensure(session, act(SYSTEM, MONDAY + timedelta(hours=3)))
    assert chain_checks.open_one(session) is None
    assert session.scalar(select(func.count()).select_from(Case)) == 1
