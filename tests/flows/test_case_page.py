"""The case page as a place to decide: what stands open, templates, who else looks, who is away."""

import re
from datetime import timedelta

import pytest
from at_once import at_once
from factories import CLOCK, DECLINE, MONDAY, Cast, Counted, a_case, a_cast, a_request, act
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from webclient import Browser, Page

from request_tracker.actions import absences, hold
from request_tracker.actions.absences import Days
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.reply_words import fill, unknown
from request_tracker.store import presences
from request_tracker.store.absences import workers
from request_tracker.store.audit_entries import AuditEntry
from request_tracker.store.cases import Case
from request_tracker.store.presences import Presence
from request_tracker.store.reply_templates import ReplyTemplate
from request_tracker.store.session import Database

TODAY = MONDAY.date()
MOST_STATEMENTS = 60
ASKS, STRANGE = "Dear {requester}, {service} on {number}?", "{unknown} {0.__class__} {service}"


@pytest.fixture
def case(session: Session, cast: Cast) -> Case:
    made = a_case(session, cast, phase="validation", service_name="Acme {number} <b>")
    session.commit()
    return made


def _open(page: Page) -> set[str]:
    """The sections that stand open, by the ids inside."""
    folds = page.text.split('<details class="fold"')[1:]
    return {
        name
        for fold in folds
        if fold.startswith(" open")
        for name in re.findall(r'<section[^>]*\bid="([a-z]+)"', fold)[:1]
    }


def _field(page: Page, name: str) -> str:
    found = re.search(rf'<textarea[^>]*id="{name}"[^>]*>\n(.*?)</textarea>', page.text, re.DOTALL)
    assert found, name
    return found[1]


def _version(page: Page) -> dict[str, str]:
    return {name: re.findall(rf'name="{name}" value="(\d+)"', page.text)[0] for name in ("version", "seen")}


def test_one_screen_holds_what_a_decision_needs(app: Flask, session: Session, cast: Cast, case: Case) -> None:
    a_request(session, cast.cleo, join=case.number)
    session.commit()
    at = Browser(app).sign_in(cast.specialist)
    page = at.get(f"/cases/{case.number}")
    assert _open(page) == {"request", "duplicates", "assessment"}
    acts, band, story = (page.text.index(f'class="{name}"') for name in ("case-acts", "band", "case-story"))
    assert acts < band < story, "on a phone: what can be done, then the band, then the sections"
    shown = page.text[band:story]
    for words in (
        "Bring invoices next to our sales figures.", "Invoices, customers, payments.", "2 people at 2 accounts",
        "On track", "10 working days left of 10 working days", f'href="/cases/{case.number}/clocks"',
        "0 of 8 criteria judged", "2 missing", "Nothing similar is known", "It is prepared when the case is accepted",
    ):  # fmt: skip
        assert words in shown, words
    assert 'href="#duplicates" data-key="e"' in shown, "the key leads to what is missing first"
    keys = set(re.findall(r'data-key="(.)"', page.text))
    assert keys == {"/", "a", "d", "e", "h", "m", "u"}
    assert "0 of 4 recorded; not due yet" in page.text, "a folded section says what is in it"
    asked = at.get(f"/cases/{case.number}?open=history&do=decline")
    assert "history" in _open(asked)
    assert re.search(r'<details class="folded folded--move" data-key="d" open>', asked.text)
    refused = at.post(
        f"/cases/{case.number}/evidence",
        {"key": "built", "value": "yes", "link": "javascript:1"},
        status=422,
        on="/queue",
    )
    assert "build" in _open(refused), "a refused form is not folded away"
    auditor = Browser(app).sign_in(cast.auditor).get(f"/cases/{case.number}")
    assert "data-to=" not in auditor.text
    assert re.findall(r'data-key="(.)"', auditor.text) == ["/"]


def test_an_internal_note_cannot_be_taken_for_a_reply(app: Flask, session: Session, cast: Cast, case: Case) -> None:
    for number in range(11):
        hold.comment(
            session, case, act(cast.specialist), body=f"Note {number}", internal=True, account_id=case.account_id
        )
    session.commit()
    page = Browser(app).sign_in(cast.specialist).get(f"/cases/{case.number}?do=comment")
    say = page.text.partition('id="say"')[2].partition("</form>")[0]
    assert "checked" not in say, "nobody is chosen beforehand"
    assert "Save internal note" in say
    assert "Send to the requester" in say
    assert "Show all 13 entries" in page.text, "the timeline is folded after ten"
    assert page.text.index("Show all 13") < page.text.index("Request received")


def test_the_page_asks_no_more_of_the_database_when_there_is_more_to_show(
    app: Flask, session: Session, cast: Cast, case: Case
) -> None:
    at = Browser(app).sign_in(cast.lead)
    at.get(f"/cases/{case.number}")
    session.expire_all()
    with Counted(session) as before:
        at.get(f"/cases/{case.number}")
    for who in (cast.cleo, cast.ben):
        a_request(session, who, join=case.number)
    for number in range(4):
        hold.comment(session, case, act(cast.lead), body=f"Note {number}", internal=True, account_id=case.account_id)
        person = getattr(cast, ("specialist", "engineer", "auditor", "admin")[number])
        presences.seen(session, case.id, person.id, writing=False, now=MONDAY)
        session.add(ReplyTemplate(kind="comment", name=f"T{number}", body="Hello", changed_at=MONDAY))
    absences.enter(session, Days(cast.engineer.id or 0, TODAY, TODAY), act(cast.engineer))
    session.commit()
    session.expire_all()
    with Counted(session) as after:
        at.get(f"/cases/{case.number}")
    told = [len(each.statements) for each in (before, after)]
    assert told[0] == told[1] <= MOST_STATEMENTS


# Templates


def _templates(session: Session) -> dict[str, ReplyTemplate]:
    rows = {
        "question": ReplyTemplate(kind="question", name="Access", body=ASKS, changed_at=MONDAY),
        "decline": ReplyTemplate(
            kind="decline", name="No API", body="{service} has none.", criterion="documentation",
            alternatives="File connector", changed_at=MONDAY,
        ),
        "comment": ReplyTemplate(kind="comment", name="Begun", body=STRANGE, changed_at=MONDAY),
    }  # fmt: skip
    session.add_all(rows.values())
    session.commit()
    return rows


def test_a_template_fills_its_form_and_says_so(app: Flask, session: Session, cast: Cast, case: Case) -> None:
    rows = _templates(session)
    at = Browser(app).sign_in(cast.specialist)
    page = f"/cases/{case.number}"
    asked = at.get(f"{page}?do=ask&template={rows['question'].id}")
    own = re.findall(r"REQ-\d+", asked.text)[0]
    said = f"Dear Ada, Acme {{number}} &lt;b&gt; on {own}?"
    assert _field(asked, "hold-question") == said, "what is put in is not read again, and is escaped"
    assert "The words of “Access” stand in the form" in asked.text
    assert re.search(r'data-key="h" open>', asked.text)
    declined = at.get(f"{page}?do=decline&template={rows['decline'].id}")
    assert '<option value="documentation" selected>' in declined.text
    assert _field(declined, "move-decline-alternatives") == "File connector"
    said = at.get(f"{page}?do=comment&template={rows['comment'].id}")
    assert _field(said, "comment-body") == "{unknown} {0.__class__} Acme {number} &lt;b&gt;"
    for wrong in (f"do=decline&template={rows['question'].id}", "do=ask&template=999", "do=ask&template=x"):
        assert "not offered any more" in at.get(f"{page}?{wrong}").text
    assert "template=" not in at.get(f"{page}?do=nonsense&template=1").text


def test_templates_are_written_changed_and_retired(app: Flask, session: Session, cast: Cast) -> None:
    rows = _templates(session)
    at = Browser(app).sign_in(cast.specialist)
    new = {"kind": "question", "name": " Access ", "body": "For {who}?", "criterion": "size"}
    refused = at.post("/admin/templates", new, status=422, on="/queue")
    assert "Another template of this kind has this name" in refused.text
    refused = at.post("/admin/templates", {**new, "name": "Other"}, status=422, on="/queue")
    assert "{who} would stand in the letter as it is" in refused.text
    assert "For {who}?" in refused.text, "what was typed is kept"
    at.post("/admin/templates", {**new, "name": "Other", "body": "For {service}?"}, on="/queue")
    stored = session.scalars(select(ReplyTemplate).where(ReplyTemplate.name == "Other")).one()
    assert (stored.criterion, stored.body) == (None, "For {service}?"), "only a decline has a criterion"
    one = f"/admin/templates/{rows['decline'].id}"
    at.post(one, {"name": "No API", "body": "None.", "criterion": "size", "alternatives": "a\r\n\r\n b "}, on="/queue")
    session.expire_all()
    assert (rows["decline"].criterion, rows["decline"].alternatives) == ("size", "a\nb")
    at.post(f"{one}/retire", on="/queue")
    assert "No API" in at.get("/admin/templates").text.partition("retired template")[2]
    at.post("/admin/templates", {"kind": "decline", "name": "No API", "body": "Again"}, on="/queue")
    at.post(f"{one}/restore", on="/queue")
    assert "Another template of this kind has this name" in at.get("/admin/templates").text
    noted = session.scalars(select(AuditEntry.act).order_by(AuditEntry.id)).all()
    assert noted == ["template.saved", "template.saved", "template.retired", "template.saved"]
    at.get("/admin/templates/999", status=404)
    engineer = Browser(app).sign_in(cast.engineer)
    assert 'method="post" action="/admin/templates' not in engineer.get("/admin/templates").text
    engineer.post("/admin/templates", new, status=403, on="/queue")
    Browser(app).sign_in(cast.ada).get("/admin/templates", status=403)


@given(
    texts=st.lists(st.sampled_from(["{service}", "{number}", "{requester}", "{", "}", "{{service}}", "%s", "x"])),
    service=st.sampled_from(["{number}", "{service}", "plain", "{}", "\\1"]),
)
def test_blanks_are_filled_once(texts: list[str], service: str) -> None:
    values = {"service": service, "requester": "Ada", "number": "REQ-1"}
    whole = " ".join(texts)
    parts = [
        {"{service}": service, "{number}": "REQ-1", "{requester}": "Ada", "{{service}}": f"{{{service}}}"}.get(
            each, each
        )
        for each in texts
    ]
    assert fill(whole, values) == " ".join(parts)
    assert unknown(whole) == []


# Who else looks


def test_colleagues_see_each_other_for_a_minute(app: Flask, session: Session, cast: Cast, case: Case) -> None:
    here, there = Browser(app).sign_in(cast.specialist), Browser(app).sign_in(cast.lead)
    page = f"/cases/{case.number}"
    assert "looks at this case too" not in there.get(page).text
    here.get(page)
    assert session.scalar(select(func.count()).select_from(Presence)) == 0, "looking writes nothing"
    assert here.post(f"{page}/presence", status=200, on=page).text.strip() == ""
    assert "Specialist looks at this case too." in there.get(page).text
    assert "looks at this case too" not in here.get(page).text, "nobody is told of themselves"
    here.post(f"{page}/presence", {"writing": "1"}, status=200, on=page)
    answer = there.post(f"{page}/presence", status=200, on=page)
    assert answer.text.strip() == "<p>Specialist is writing on this case now.</p>"
    assert session.scalar(select(func.count()).select_from(Presence)) == 2
    CLOCK["now"] = MONDAY + timedelta(seconds=61)
    assert "writing on this case" not in there.get(page).text
    assert presences.forget(session, now=MONDAY + timedelta(minutes=9)) == 0
    assert presences.forget(session, now=MONDAY + timedelta(minutes=11)) == 2
    Browser(app).sign_in(cast.auditor).post(f"{page}/presence", status=403, on="/queue")
    Browser(app).sign_in(cast.ada).post(f"{page}/presence", status=403, on="/requests")
    here.post("/cases/LITE-999999/presence", status=404, on="/queue")


# Who is away


def test_who_is_away_is_given_a_case_only_on_purpose(app: Flask, session: Session, cast: Cast, case: Case) -> None:
    at = Browser(app).sign_in(cast.engineer)
    days = {"first_day": "2026-11-01", "last_day": "2026-11-06", "stand_in": str(cast.lead.id), "note": "Hills"}
    at.post("/settings/away", {**days, "person": str(cast.specialist.id)}, status=403, on="/queue")
    for wrong, said in (
        ({"last_day": "2026-10-30"}, "The last day lies before the first"),
        ({"first_day": "soon"}, "Write a day such as"),
        ({"last_day": "2029-01-01"}, "at most a year"),
        ({"stand_in": str(cast.engineer.id)}, "Nobody stands in for themselves"),
        ({"first_day": "2026-10-01", "last_day": "2026-10-02"}, "These days are over"),
    ):
        assert said in at.post("/settings/away", {**days, **wrong}, status=422, on="/queue").text
    at.post("/settings/away", days, on="/queue")
    assert "already: take that back first" in at.post("/settings/away", days, status=422, on="/queue").text
    lead = Browser(app).sign_in(cast.lead)
    page = lead.get(f"/cases/{case.number}?do=assign")
    assert "Engineer (engineer): 0 live cases, away until 6 Nov 2026, Lead stands in" in page.text
    assert "Specialist (specialist): 1 live case<" in page.text
    asked = lead.post(
        f"/cases/{case.number}/assignee", {**_version(page), "assignee": str(cast.engineer.id)}, status=422, on="/queue"
    )
    assert "Engineer is away until 6 Nov 2026, and Lead stands in for them" in asked.text
    assert f'<option value="{cast.engineer.id}" selected>' in asked.text
    sure = {**_version(asked), "assignee": str(cast.engineer.id), "sure": "y"}
    lead.post(f"/cases/{case.number}/assignee", sure, on="/queue")
    session.expire_all()
    assert session.get_one(Case, case.id).assignee_id == cast.engineer.id
    CLOCK["now"] = MONDAY + timedelta(days=5)
    assert "away until" not in lead.get(f"/cases/{case.number}").text


@pytest.mark.deep
def test_the_same_days_are_entered_once_however_many_enter_them(own: Database) -> None:
    with own.transaction() as session:
        cast = a_cast(session)
    told: list[str] = []

    def enter() -> None:
        try:
            with own.transaction() as session:
                absences.enter(session, Days(cast.engineer.id or 0, TODAY, TODAY), act(cast.lead))
        except Unfit as fault:
            told.append(fault.field)

    at_once(enter, enter, enter, enter)
    assert told == ["first_day"] * 3


def test_a_lead_sees_what_falls_due_while_somebody_is_away(
    app: Flask, session: Session, cast: Cast, case: Case
) -> None:
    lead, own = Browser(app).sign_in(cast.lead), Browser(app).sign_in(cast.specialist)
    days = {"person": str(cast.specialist.id), "first_day": "2026-11-09", "last_day": "2026-11-20"}
    told = lead.follow(lead.post("/settings/away", days, on="/queue")).text
    assert "1 case falls due meanwhile" in told
    assert f"/cases/{case.number}?do=assign#people" in told
    assert session.scalars(select(AuditEntry.act)).all() == ["absence.entered"]
    found = re.search(r'action="(/settings/away/\d+/take-back)"', own.get("/settings/away").text)
    assert found
    Browser(app).sign_in(cast.engineer).post(found[1], status=404, on="/queue")
    own.post(found[1], on="/queue")
    assert "Nobody has entered any days" in lead.get("/settings/away").text
    refused = own.post("/settings/away", {**days, "person": str(cast.lead.id)}, status=403, on="/queue")
    assert "Only a lead" in refused.text


def test_loads_are_counted_on_both_databases(session: Session, cast: Cast, case: Case) -> None:
    a_case(session, cast, phase="development")
    ended = a_case(session, cast, phase="submission", service_name="Other")
    hold_none = {each.name: (each.load, each.away) for each in workers(session, ("specialist", "lead"), MONDAY)}
    assert hold_none == {"Specialist": (2, None), "Lead": (0, None)}
    assert ended.assignee_id is None
    assert DECLINE
