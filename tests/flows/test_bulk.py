"""Acts on the ticked cases of the queue: each row by itself, refusals with their reasons, undone where possible."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from factories import CLOCK, MONDAY, Cast, a_case, a_request, act
from flask import Flask
from running import SWEPT
from sqlalchemy import select
from sqlalchemy.orm import Session
from webclient import Browser, Page

from request_tracker.actions import assign, bulk
from request_tracker.actions.admit import add_person
from request_tracker.rules import bulk_words
from request_tracker.rules.people import SYSTEM, Viewer
from request_tracker.rules.terms import Role
from request_tracker.settings import Settings
from request_tracker.store import people
from request_tracker.store.absences import Absence
from request_tracker.store.bulk_runs import BulkRow, BulkRun
from request_tracker.store.cases import Case
from request_tracker.store.holds import open_holds
from request_tracker.store.jobs import Job
from request_tracker.store.people import Account, Person
from request_tracker.store.reply_templates import ReplyTemplate
from request_tracker.store.timeline import Entry, EntryText
from request_tracker.work.context import Context
from request_tracker.work.effects import EFFECTS, Call

WORDS = {"criterion": "documentation", "explanation": "{service} has no API.", "alternatives": "Connector SDK\nFiles"}


def _no_network() -> Any:
    raise AssertionError("acts on cases speak to nobody")


class Bulk:
    """Somebody at the queue, and the worker behind it."""

    def __init__(self, app: Flask, session: Session, who: Viewer, settings: Settings) -> None:
        self.browser, self.session = Browser(app).sign_in(who), session
        wiring = app.extensions["request_tracker"]
        self.context = Context(wiring.database, settings, wiring.now, _no_network)

    def form(self, kind: str, *ticked: str, more: str = "") -> Page:
        return self.browser.get(f"/queue/bulk?kind={kind}{more}" + "".join(f"&case={each}" for each in ticked))

    def send(self, kind: str, *ticked: str, status: int = 303, **fields: Any) -> Page:
        sent = {"kind": kind, "case": list(ticked), "view": "due=overdue", **fields}
        return self.browser.post("/queue/bulk", sent, on="/queue", status=status)

    def run(self, kind: str, *ticked: str, **fields: Any) -> str:
        """Send it and carry it out; the address of the run."""
        path = self.send(kind, *ticked, **fields).location
        self.work()
        return path.partition("?")[0]

    def undo(self, path: str) -> Page:
        self.browser.post(f"{path}/undo", on="/queue")
        shown = self.browser.get(path)
        self.work()
        return shown

    def work(self) -> None:
        """What the worker would do with the jobs that wait."""
        self.session.expire_all()
        for job in self.session.scalars(select(Job).where(Job.kind.like("bulk%"), Job.state == "ready")).all():
            EFFECTS[job.kind](self.context, Call(job.id, job.kind, job.args, None))
            job.state, job.finished_at = "done", CLOCK["now"]
            self.session.commit()
        self.session.expire_all()

    def results(self, path: str) -> list[str]:
        """Each row of the page as words."""
        rows = re.findall(r'<tr role="row">(.*?)</tr>', self.browser.get(path).text, re.DOTALL)[1:]
        return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in rows]

    def again(self, case: Case) -> Case:
        self.session.expire_all()
        return self.session.get_one(Case, case.id)


@pytest.fixture
def at(app: Flask, session: Session, cast: Cast, settings: Settings) -> Callable[[Viewer], Bulk]:
    return lambda who: Bulk(app, session, who, settings)


def _cases(session: Session, cast: Cast, *names: str, phase: str = "validation") -> list[Case]:
    found = [a_case(session, cast, phase=phase, service_name=name) for name in names]
    session.commit()
    return found


_KEY = re.compile(r'name="form_key" value="([0-9a-f]{32})"')


def _tick(case: Case, version: int | None = None) -> str:
    return f"{case.number}:{version or case.version}"


@SWEPT
def test_cases_are_assigned_one_by_one_and_given_back(at: Any, session: Session, cast: Cast) -> None:
    first, taken, seen_before = _cases(session, cast, "One", "Two", "Three")
    who = at(cast.lead)
    ticked = [_tick(first), _tick(taken), _tick(seen_before, seen_before.version - 1), _tick(first)]
    ask = who.form("assign", *ticked, "LITE-999999:1", "rubbish")
    assert "Assign 3 cases" in ask.text, "what is no case is left out, and nothing is ticked twice"
    assert "1 live case" not in ask.text
    assert "Engineer (engineer): 0 live cases" in ask.text
    assert "Choose who gets them" in who.send("assign", *ticked, status=422).text
    path = who.run("assign", *ticked, assignee=str(cast.engineer.id))
    assert who.again(first).assignee_id == cast.engineer.id
    assert who.again(seen_before).assignee_id == cast.specialist.id
    one, two, three = who.results(path)
    assert ("Done Assigned to Engineer" in one, "Done Assigned to Engineer" in two) == (True, True)
    assert "Not done Somebody changed it meanwhile" in three
    assert "Over: 2 of 3 done" in who.browser.get(path).text
    assign.assign(session, who.again(taken), cast.lead.id, version=who.again(taken).version, act=act(cast.lead))
    session.commit()
    assert "Being undone" in who.undo(path).text
    one, two, _ = who.results(path)
    assert "Undone Given back" in one
    assert "Done Assigned to Engineer. It was changed since" in two
    assert [who.again(each).assignee_id for each in (first, taken)] == [cast.specialist.id, cast.lead.id]


@SWEPT
def test_cases_are_declined_with_every_blocker_told_and_undone_in_time(at: Any, session: Session, cast: Cast) -> None:
    small, big = _cases(session, cast, "Small", "Big")
    accepted, *_ = _cases(session, cast, "Accepted", phase="consultation")
    for number in range(5):
        account = Account(name=f"Customer {number}", created_at=MONDAY)
        session.add(account)
        session.flush()
        asker = add_person(
            session, email=f"a{number}@customer.example", name="A", role=Role.REQUESTER, account_id=account.id,
            password=None, now=MONDAY,
        )  # fmt: skip
        a_request(session, people.viewer_of(asker), join=big.number)
    session.commit()
    who = at(cast.specialist)
    wrong = who.send("decline", _tick(small), status=422, explanation="{service} has no API.")
    assert "Name the criterion that is not met" in wrong.text
    assert "{service} has no API." in wrong.text
    path = who.run("decline", *(_tick(each) for each in (small, big, accepted)), **WORDS)
    one, two, three = who.results(path)
    assert "Done Declined" in one
    assert "5 other accounts support this case: ask a lead to decide" in two
    assert "Decline starts from submission or validation; this case is in consultation" in three
    page = who.browser.get(path).text
    assert f"/cases/{big.number}#people" in page
    assert f"/cases/{accepted.number}#moves" in page
    assert who.again(small).outcome == "not_a_candidate"
    entry = session.scalars(select(Entry).where(Entry.case_id == small.id).order_by(Entry.seq.desc())).first()
    assert entry is not None
    assert "Small has no API." in session.get_one(EntryText, entry.id).body, "blanks are filled for each case"
    who.undo(path)
    assert (who.again(small).outcome, who.again(small).phase) == (None, "validation")
    assert "Undone Not declined any more" in who.results(path)[0]

    lead = at(cast.lead)
    path = lead.run("decline", _tick(who.again(small)), _tick(who.again(big)), **WORDS)
    assert [each.split("Done")[1].strip() for each in lead.results(path)] == ["Declined", "Declined"]
    CLOCK["now"] = MONDAY + timedelta(hours=1)
    assert "Undo all" not in lead.browser.get(path).text, "the time to undo is over"
    lead.browser.post(f"{path}/undo", on="/queue")
    lead.work()
    assert lead.again(big).outcome == "not_a_candidate"


@SWEPT
def test_cases_wait_and_wait_no_more(at: Any, session: Session, cast: Cast) -> None:
    first, second = _cases(session, cast, "One", "Two")
    session.add(ReplyTemplate(kind="question", name="Which plan?", body="Which plan of {service}?", changed_at=MONDAY))
    session.commit()
    who = at(cast.specialist)
    template = session.scalar(select(ReplyTemplate.id).where(ReplyTemplate.name == "Which plan?"))
    filled = who.form("hold", _tick(first), _tick(second), more=f"&template={template}")
    assert "Which plan of {service}?</textarea>" in filled.text
    assert "Write the question" in who.send("hold", _tick(first), status=422, reason="requester_info").text
    past = {"reason": "source_vendor", "expected_until": "2026-01-01"}
    assert "Name a day that is not over" in who.send("hold", _tick(first), status=422, **past).text
    forbidden = who.send("hold", _tick(first), status=403, reason="program_hold")
    assert "Only a lead" in forbidden.text
    asked = {"reason": "requester_info", "question": "Which plan of {service}?"}
    path = who.run("hold", _tick(first), _tick(second), **asked)
    assert [each.question for each in open_holds(session, second.id)] == ["Which plan of Two?"]
    assert "Waits for an answer from the requester" in who.results(path)[0]
    kept = session.scalars(select(BulkRun.args)).all()
    assert kept == [{"reason": "requester_info"}], "what was typed is kept in the timeline alone"
    assert "Undo all" not in who.browser.get(path).text, "they were written to"
    again = who.run("hold", _tick(who.again(first)), **asked)
    assert "waits for an answer from the requester already" in who.results(again)[0]

    vendor = who.run("hold", _tick(who.again(first)), reason="source_vendor")
    who.undo(vendor)
    assert "Undone Waits no more" in who.results(vendor)[0]
    assert [each.reason for each in open_holds(session, first.id)] == ["requester_info"]
    vendor = who.run("hold", _tick(who.again(first)), reason="source_vendor")
    path = who.run("lift", _tick(who.again(first)), _tick(who.again(second)))
    assert open_holds(session, first.id) == open_holds(session, second.id) == []
    who.undo(vendor)
    assert "Waits for the vendor of the source. This wait is over already" in who.results(vendor)[0]
    nothing = who.run("lift", _tick(who.again(first)))
    assert "Not done It waits for nobody" in who.results(nothing)[0]


def test_a_run_that_is_carried_out_twice_does_each_row_once(at: Any, session: Session, cast: Cast) -> None:
    rows = _cases(session, cast, "One", "Two", "Three")
    who = at(cast.lead)
    first, second = (_KEY.findall(who.form("assign", *map(_tick, rows)).text)[0] for _ in range(2))
    give = {"assignee": str(cast.engineer.id)}
    path = who.send("assign", *map(_tick, rows), form_key=first, **give).location.partition("?")[0]
    run_id = int(path.rsplit("/", 1)[1])
    twice = who.send("assign", *map(_tick, rows), form_key=first, **give).location
    other = who.send("assign", *map(_tick, rows), form_key=second, **give).location
    assert (twice.startswith(f"{path}?"), other.startswith(f"{path}?")) == (True, False), "each form begins one run"
    with who.context.database.transaction() as one:
        assert bulk.step(one, run_id, act(SYSTEM))
    shown = who.browser.get(path).text
    assert "1 of 3 over" in shown
    assert f'hx-get="{path}/progress' in shown
    assert "<h1" not in who.browser.get(f"{path}/progress").text
    for _ in range(2):
        EFFECTS["bulk_run"](who.context, Call(1, "bulk_run", {"run_id": run_id}, None))
    session.expire_all()
    entries = session.scalars(select(Entry.case_id).where(Entry.kind == "assigned").order_by(Entry.case_id)).all()
    assert list(entries) == sorted(each.id for each in rows)


def test_a_run_is_stopped_and_somebody_else_may_not_touch_it(at: Any, session: Session, cast: Cast) -> None:
    rows = _cases(session, cast, "One", "Two")
    who, other = at(cast.lead), at(cast.specialist)
    path = who.send("assign", *map(_tick, rows), assignee="nobody").location.partition("?")[0]
    with who.context.database.transaction() as one:
        bulk.step(one, int(path.rsplit("/", 1)[1]), act(SYSTEM))
    other.browser.post(f"{path}/stop", on="/queue", status=403)
    who.browser.post(f"{path}/stop", on="/queue")
    who.work()
    assert [who.again(each).assignee_id for each in rows] == [None, cast.specialist.id]
    shown = who.browser.get(path).text
    assert "Stopped: 1 of 2 over" in shown
    assert "Not begun" in shown
    assert "It was over already" in who.browser.follow(who.browser.post(f"{path}/stop", on="/queue")).text
    other.browser.post(f"{path}/undo", on="/queue", status=403)


def test_what_cannot_be_begun_is_told_before_anything_is_done(at: Any, session: Session, cast: Cast) -> None:
    case, *_ = _cases(session, cast, "One")
    who = at(cast.specialist)
    assert "No case is ticked" in who.form("lift").text
    assert "Tick at least one case" in who.send("lift", status=422).text
    assert "One of the cases is not there" in who.send("lift", "LITE-999999:1", status=422).text
    many = [f"LITE-{number:06d}:1" for number in range(1, bulk.MOST + 2)]
    assert "Tick 200 cases at most" in who.send("lift", *many, status=422).text
    assert "Choose a specialist" in who.send("assign", _tick(case), status=422, assignee=str(cast.ada.id)).text
    who.browser.get("/queue/bulk?kind=explode", status=422)
    who.browser.get("/queue/bulk/999999", status=404)
    away = Absence(person_id=cast.lead.id, first_day=MONDAY.date(), last_day=MONDAY.date(), created_at=MONDAY)
    session.add(away)
    session.commit()
    given = {"assignee": str(cast.lead.id)}
    warned = who.send("assign", _tick(case), status=422, **given)
    assert "tick that you mean it" in warned.text
    assert "Give them to somebody who is away" in warned.text
    path = who.run("assign", _tick(case), meant="y", **given)
    assert "Assigned to Lead" in who.results(path)[0]
    for role in ("engineer", "admin", "auditor"):
        Bulk.send(at(getattr(cast, role)), "lift", _tick(case), status=403)
    late = who.again(case)
    with who.context.database.transaction() as one:
        run = bulk.start(one, "lift", [(late.id, late.version)], {}, act(cast.specialist))
        run_id = run.id
    session.get_one(Person, cast.specialist.id).role = Role.AUDITOR
    session.commit()
    EFFECTS["bulk_run"](who.context, Call(1, "bulk_run", {"run_id": run_id}, None))
    assert session.scalar(select(BulkRow.sentence).where(BulkRow.run_id == run_id)) == bulk_words.GONE
