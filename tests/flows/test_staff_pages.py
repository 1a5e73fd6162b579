"""The pages of staff, each capability through a browser: queue, case, merging, administration."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from factories import BUILT, CONSULTED, DECLINE, MONDAY, PREVIEWED, Cast, a_case, a_request, act, assessed, case_of, put
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from webclient import Browser, Page

from request_tracker.actions import evidence, hold, sweep
from request_tracker.rules.evidence import EVIDENCE
from request_tracker.rules.people import SYSTEM, Act, Viewer
from request_tracker.rules.program import Program
from request_tracker.rules.terms import Criterion
from request_tracker.store import assessments, candidates, jobs, people, reading_timeline, search
from request_tracker.store.cases import Case
from request_tracker.store.connections import Connection
from request_tracker.store.documents import Document
from request_tracker.store.evidence import standing
from request_tracker.store.holds import Comment, open_holds
from request_tracker.store.jobs import Job
from request_tracker.store.people import Person

As = Callable[[Viewer], "Staff"]


class Staff:
    """A person at the case page: reads the forms that are there and sends them."""

    def __init__(self, app: Flask, who: Viewer) -> None:
        self.browser = Browser(app).sign_in(who)

    def case(self, case: Case) -> Page:
        return self.browser.get(f"/cases/{case.number}")

    def send(self, case: Case, path: str, status: int = 303, **fields: Any) -> Page:
        """Post to an address below the case, with the version that the case page shows."""
        page = f"/cases/{case.number}"
        kept = {"version": _hidden(self.case(case), "version"), "seen": _hidden(self.case(case), "seen"), **fields}
        return self.browser.post(f"{page}/{path}", kept, status=status, on=page)


@pytest.fixture
def staff(app: Flask) -> As:
    return lambda who: Staff(app, who)


@pytest.fixture
def ready(session: Session, cast: Cast) -> Callable[..., Case]:
    """A case at a phase, stored so that the application sees it."""

    def make(phase: str, **changes: Any) -> Case:
        case = a_case(session, cast, phase=phase, **changes)
        session.commit()
        return case

    return make


def _hidden(page: Page, name: str) -> str:
    found = re.search(rf'name="{name}" value="(\d+)"', page.text)
    return found[1] if found else ""


def _ids(page: Page) -> set[str]:
    return set(re.findall(r'\bid="([^"]+)"', page.text))


def _summary(page: Page) -> str:
    found = re.search(r'<section class="error-summary".*?</section>', page.text, re.DOTALL)
    assert found, "the page has an error summary"
    return found[0]


def _rows(page: Page) -> list[str]:
    return re.findall(r'class="row-link" href="/cases/([^"]+)"', page.text)


def _again(session: Session, case: Case) -> Case:
    session.expire_all()
    return session.get_one(Case, case.id)


# The queue


def test_the_queue_is_due_first_and_its_address_is_the_view(
    staff: As, session: Session, cast: Cast, ready: Callable[..., Case]
) -> None:
    late = ready("submission", service_name="Late", now=MONDAY - timedelta(days=30))
    mine = ready("validation", service_name="Mine")
    held = ready("development", service_name="Held")
    hold.put_on(session, held, act(cast.specialist), reason="source_vendor")
    ended = ready("generally_available", service_name="Ended")
    search.refresh(session, [late.id, mine.id, held.id, ended.id])
    session.commit()
    at = staff(cast.specialist).browser
    everything = at.get("/queue")
    assert _rows(everything) == [late.number, mine.number, held.number]
    assert "3 cases, due first" in everything.text
    views = {
        "assignee=none": [late], "assignee=me": [mine, held], "due=overdue": [late], "due=paused": [held],
        "hold=any": [held], "phase=validation": [mine], "outcome=released": [ended], "q=lAtE": [late],
        f"q={mine.number}": [mine], "sort=-opened": [held, mine, late], "due=at_risk": [],
    }  # fmt: skip
    for address, expected in views.items():
        assert _rows(at.get(f"/queue?{address}")) == [case.number for case in expected], address
    shown = at.get("/queue?due=overdue&phase=submission")
    assert '<option value="submission" selected>' in shown.text
    assert "1 case, due first" in shown.text
    assert "The vendor of the source" in at.get("/queue?hold=source_vendor").text


def test_an_empty_view_says_what_to_do(staff: As, cast: Cast, ready: Callable[..., Case]) -> None:
    at = staff(cast.specialist).browser
    assert "The queue is empty" in at.get("/queue").text
    ready("submission")
    filtered = at.get("/queue?q=nothing-like-it").text
    assert "No case fits this view" in filtered
    assert 'href="/queue"' in filtered


def test_the_queue_is_paged_and_keeps_its_filters(
    staff: As, session: Session, cast: Cast, ready: Callable[..., Case]
) -> None:
    for number in range(51):
        a_request(session, cast.ada, service_name=f"Service {number}")
    session.commit()
    at = staff(cast.lead).browser
    first = at.get("/queue?phase=submission")
    assert len(_rows(first)) == 50
    assert "51 cases, 50 on this page, due first" in first.text
    following = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert following
    second = at.get(following[1].replace("&amp;", "&"))
    assert len(_rows(second)) == 1
    assert not set(_rows(first)) & set(_rows(second))
    assert '<option value="submission" selected>' in second.text


def test_an_unknown_filter_is_told(staff: As, cast: Cast) -> None:
    assert "choose one of" in staff(cast.specialist).browser.get("/queue?phase=nowhere", status=422).text


# Moves


MOVES: list[tuple[str, str, str, str, dict[str, Any], str]] = [
    ("submission", "claim", "specialist", "", {}, "validation"),
    ("submission", "discard", "specialist", "", {"reason": "Spam"}, "invalid"),
    ("submission", "decline", "specialist", "", {}, "not_a_candidate"),
    ("validation", "accept", "specialist", "assessed", {"reason": "A good candidate"}, "consultation"),
    ("validation", "decline", "lead", "", {}, "not_a_candidate"),
    ("consultation", "start_build", "specialist", "consulted", {}, "development"),
    ("consultation", "rescope", "specialist", "", {"reason": "Another product"}, "validation"),
    ("consultation", "decline_late", "lead", "", {"findings": "No API after all"}, "not_a_candidate"),
    ("development", "open_preview", "engineer", "built", {}, "private_preview"),
    ("development", "lose_access", "specialist", "", {"reason": "Key revoked"}, "consultation"),
    ("private_preview", "rework", "engineer", "", {"gaps": "Refunds\r\n\r\nTaxes"}, "development"),
    ("private_preview", "release", "lead", "previewed", {}, "released"),
    ("validation", "withdraw", "specialist", "", {}, "withdrawn"),
    ("development", "close", "lead", "", {"reason": "Program ends"}, "closed"),
]


@pytest.mark.parametrize(("phase", "name", "role", "prepared", "fields", "after"), MOVES)
def test_each_move_is_made_by_its_role_from_its_form(
    staff: As, session: Session, cast: Cast, ready: Callable[..., Case],
    phase: str, name: str, role: str, prepared: str, fields: dict[str, Any], after: str,
) -> None:  # fmt: skip
    case = ready(phase)
    _prepare(session, case, cast, prepared)
    who = staff(getattr(cast, role))
    page = who.case(case)
    assert f"move-{name}" in _ids(page)
    typed = {**DECLINE, "alternatives": "Connector SDK\nFile connector"} if name.startswith("decline") else {}
    for field in {**typed, **fields}:
        assert f"move-{name}-{field}" in _ids(page), "each field of the move is on the page"
    answer = who.send(case, f"moves/{name}", **typed, **fields)
    assert answer.location.endswith(f"/cases/{case.number}#main")
    told = who.browser.follow(answer).text
    assert "You can undo this for 10 minutes." in told
    assert f'action="/cases/{case.number}/undo"' in told
    now = _again(session, case)
    assert after in (now.phase, now.outcome)


def _prepare(session: Session, case: Case, cast: Cast, how: str) -> None:
    if how == "assessed":
        assessed(session, case, cast)
        put(session, case, cast.specialist, "duplicates_checked")
    keys = {"consulted": CONSULTED, "built": BUILT, "previewed": PREVIEWED}.get(how, ())
    put(session, case, cast.lead if how != "built" else cast.engineer, *keys)
    session.commit()


def test_lists_are_typed_a_line_each(staff: As, session: Session, cast: Cast, ready: Callable[..., Case]) -> None:
    case = ready("private_preview")
    who = staff(cast.engineer)
    who.send(case, "moves/rework", gaps="Refunds\r\n\r\n  Taxes ")
    assert "Gaps: Refunds; Taxes" in who.case(case).text


def test_a_decline_names_criterion_explanation_and_alternatives(
    staff: As, session: Session, cast: Cast, ready: Callable[..., Case]
) -> None:
    case = ready("validation")
    who = staff(cast.specialist)
    refused = who.send(case, "moves/decline", status=409, explanation="Only a PDF.", criterion="", alternatives=" ")
    said = _summary(refused)
    assert 'href="#move-decline-criterion"' in said
    assert 'href="#move-decline-alternatives"' in said
    assert "Only a PDF." in refused.text, "what was typed is kept"
    assert 'aria-invalid="true"' in refused.text
    who.send(case, "moves/decline", **{**DECLINE, "alternatives": "Connector SDK"})
    assert _again(session, case).outcome == "not_a_candidate"
    appeal = who.case(case)
    assert "move-appeal" in _ids(appeal)
    who.send(case, "moves/appeal", new_information="The API is public now")
    assert _again(session, case).phase == "validation"


def test_a_refused_accept_lists_every_blocker_with_its_remedy_on_the_page(
    staff: As, session: Session, cast: Cast, ready: Callable[..., Case]
) -> None:
    case = ready("validation")
    who = staff(cast.specialist)
    page = who.case(case)
    assert "Not yet: Accept" in page.text
    assert 'href="#duplicates"' in page.text
    assert 'href="#assessment"' in page.text
    refused = who.send(case, "moves/accept", status=409, reason="Typed before")
    said = _summary(refused)
    assert "Nobody has checked this case for duplicates yet" in said
    assert "Confirm or override every assessment criterion" in said
    links = set(re.findall(r'href="#([^"]+)"', said))
    assert links == {"duplicates", "assessment"}
    assert links <= _ids(refused)
    assert "Typed before" in refused.text
    assert "<title>Error: " in refused.text
    assert _again(session, case).phase == "validation"


PHASES = ("submission", "validation", "consultation", "development", "private_preview", "generally_available")


@pytest.mark.parametrize("phase", PHASES)
def test_every_link_within_the_page_leads_somewhere(
    staff: As, cast: Cast, ready: Callable[..., Case], phase: str
) -> None:
    case = ready(phase)
    for who in (cast.specialist, cast.engineer, cast.lead, cast.admin, cast.auditor):
        page = staff(who).case(case)
        assert set(re.findall(r'href="#([^"]+)"', page.text)) <= _ids(page)
        anchors = {
            "moves", "request", "duplicates", "assessment", "consultation", "connection", "build", "preview", "holds",
            "clocks", "conversation", "history", "people", "supporters",
        }  # fmt: skip
        assert anchors <= _ids(page)


def test_a_release_can_waive_the_verification_after_the_reminders(
    staff: As, session: Session, cast: Cast, ready: Callable[..., Case]
) -> None:
    case = ready("private_preview")
    who = staff(cast.lead)
    assert "move-release-waiver" not in _ids(who.case(case)), "more is missing than the verification"
    put(session, case, cast.lead, "initial_sync_finished", "completeness_reviewed", "catalogue_checked")
    session.commit()
    assert "move-release-waiver" in _ids(who.case(case))
    refused = who.send(case, "moves/release", status=409, waiver="No answer for weeks")
    assert re.findall(r'href="#([^"]+)"', _summary(refused)) == ["preview"]
    assert "No answer for weeks" in refused.text
    for week in range(1, 5):
        sweep.verifications_due(session, Act(SYSTEM, MONDAY + timedelta(days=7 * week), Program()))
    session.commit()
    who.send(case, "moves/release", waiver="No answer for weeks")
    assert _again(session, case).outcome == "released"


def test_the_case_shows_every_request_of_its_tree_with_its_files(
    staff: As, session: Session, cast: Cast, ready: Callable[..., Case]
) -> None:
    case = ready("validation")
    joined = a_request(session, cast.cleo, join=case.number, use_case="Forecast our costs.")
    file = Document(
        request_id=joined.id, account_id=joined.account_id, filename="openapi.json", media_type="application/json",
        size=2048, sha256="0" * 64, body=b"{}", created_at=MONDAY,
    )  # fmt: skip
    session.add(file)
    session.commit()
    page = staff(cast.auditor).case(case).text
    assert "2 people at 2 accounts" in page
    for words in ("Ada, Northwind", "Cleo, Contoso", "Forecast our costs.", "Invoices, customers, payments."):
        assert words in page
    assert f'href="/requests/{joined.number}/documents/{file.id}"' in page


def test_a_stale_move_shows_who_changed_what_and_what_was_typed(
    staff: As, session: Session, cast: Cast, ready: Callable[..., Case]
) -> None:
    case = ready("submission")
    late, quick = staff(cast.lead), staff(cast.specialist)
    page = late.case(case)
    quick.send(case, "moves/claim")
    old = {"version": _hidden(page, "version"), "seen": _hidden(page, "seen"), **DECLINE, "alternatives": "An SDK"}
    stale = late.browser.post(f"/cases/{case.number}/moves/decline", old, status=409, on="/queue")
    assert "Claim: now in validation" in stale.text
    assert "Specialist" in stale.text
    assert "Request received" not in stale.text, "only what happened since"
    assert "There is no API." in stale.text
    assert f'href="/cases/{case.number}"' in stale.text
    assert _again(session, case).outcome is None


def test_a_role_cannot_make_a_move_of_another(staff: As, cast: Cast, ready: Callable[..., Case]) -> None:
    case = ready("development")
    who = staff(cast.engineer)
    assert "move-close" not in _ids(who.case(case))
    who.send(case, "moves/close", status=403, reason="Mine now")
    who.send(case, "moves/nonsense", status=422)


def test_undo_puts_the_case_back_and_is_offered_only_in_its_window(
    app: Flask, staff: As, session: Session, cast: Cast, ready: Callable[..., Case]
) -> None:
    case = ready("submission")
    who = staff(cast.specialist)
    who.send(case, "moves/claim")
    assert "Claim: now in validation. It can be undone until" in who.case(case).text
    who.send(case, "undo")
    assert _again(session, case).phase == "submission"
    assert f'action="/cases/{case.number}/undo"' not in who.case(case).text
    who.send(case, "moves/claim")
    wiring = app.extensions["request_tracker"]
    app.extensions["request_tracker"] = replace(wiring, now=lambda: MONDAY + timedelta(minutes=11))
    assert f'action="/cases/{case.number}/undo"' not in who.case(case).text
    assert "nothing left to undo" in _summary(who.send(case, "undo", status=409))
    assert _again(session, case).phase == "validation"


# Evidence and assessment


ALWAYS = ("duplicates_checked", "access_granted", "built", "catalogue_checked")


@pytest.mark.parametrize(
    "key", [pytest.param(key, marks=() if key in ALWAYS else pytest.mark.deep) for key in EVIDENCE]
)
def test_each_evidence_is_recorded_and_taken_back_on_the_page(
    staff: As, session: Session, cast: Cast, ready: Callable[..., Case], key: str
) -> None:
    case = ready("submission")
    who = staff(cast.specialist)
    page = who.case(case)
    assert f'name="key" value="{key}"' in page.text
    value = {"value": "sandbox"} if EVIDENCE[key].values else {"value": "yes"}
    answer = who.send(case, "evidence", key=key, note="Seen on a call", link="https://notes.example/1", **value)
    page = who.browser.follow(answer)
    assert answer.location.partition("#")[2] in _ids(page)
    assert 'href="https://notes.example/1"' in page.text
    assert f'action="/cases/{case.number}/evidence/{key}/void"' in page.text
    assert standing(session, case.id)[key].by_id == cast.specialist.id
    refused = who.send(case, f"evidence/{key}/void", status=422, reason=" ")
    assert f'href="#void-{key}-reason"' in _summary(refused)
    who.send(case, f"evidence/{key}/void", reason="It was another service")
    session.expire_all()
    assert key not in standing(session, case.id)


def test_evidence_that_cannot_be_taken_keeps_what_was_typed(
    staff: As, session: Session, cast: Cast, ready: Callable[..., Case]
) -> None:
    case = ready("consultation")
    who = staff(cast.specialist)
    refused = who.send(case, "evidence", status=422, key="access_granted", value="", note="By phone", link="")
    assert 'href="#evidence-access_granted-value"' in _summary(refused)
    assert "By phone" in refused.text
    refused = who.send(case, "evidence", status=422, key="built", value="yes", note="", link="javascript:alert(1)")
    assert 'href="#evidence-built-link"' in _summary(refused)
    refused = who.send(case, "evidence", status=422, key="starter_ready", value="yes", note=" ")
    assert 'href="#evidence-starter_ready-note"' in _summary(refused)
    assert "no evidence called" in who.send(case, "evidence", status=422, key="luck", value="yes").text


def test_an_engineer_sees_the_build_first_and_records_only_that(
    staff: As, cast: Cast, ready: Callable[..., Case]
) -> None:
    case = ready("development")
    page = staff(cast.engineer).case(case)
    assert page.text.index('id="build"') < page.text.index('id="request"')
    assert re.findall(r'name="key" value="([^"]+)"', page.text) == list(BUILT)
    lead = staff(cast.lead).case(case)
    assert lead.text.index('id="build"') < lead.text.index('id="request"') < lead.text.index('id="preview"')
    staff(cast.engineer).send(case, "evidence", status=403, key="catalogue_checked", value="yes")


def test_the_assessment_is_judged_and_confirmed(
    staff: As, session: Session, cast: Cast, ready: Callable[..., Case]
) -> None:
    case = ready("validation")
    who = staff(cast.specialist)
    assert "0 of 8 criteria judged" in who.case(case).text
    refused = who.send(case, "assessment", status=422)
    assert 'href="#assessment"' in _summary(refused)
    who.send(case, "assessment", **{"verdict-size": "poor", "note-size": "400 endpoints", "verdict-nesting": ""})
    session.expire_all()
    (row,) = assessments.of_case(session, case.id).values()
    assert (row.criterion, row.verdict, row.note) == ("size", "poor", "400 endpoints")
    assert "400 endpoints" in who.case(case).text
    who.send(case, "assessment", accept_all="1", **{"verdict-size": "poor", "note-size": "400 endpoints"})
    session.expire_all()
    rows = assessments.of_case(session, case.id)
    assert {name for name, each in rows.items() if each.verdict} == set(Criterion)
    assert rows[Criterion.SIZE].verdict == "poor"
    page = who.case(case)
    assert "Every criterion is judged" in page.text
    assert "Confirm or override every assessment criterion" not in page.text
    who.send(case, "assessment", status=422, **{"verdict-size": "splendid"})


# Holds, meeting times, comments, assignee, sync


def test_a_hold_is_put_on_and_lifted(staff: As, session: Session, cast: Cast, ready: Callable[..., Case]) -> None:
    case = ready("validation")
    who = staff(cast.specialist)
    refused = who.send(case, "holds", status=422, reason="requester_info", question=" ")
    assert 'href="#hold-question"' in _summary(refused)
    for day in ("tomorrow", "1999-01-01", "9999-12-31"):
        refused = who.send(case, "holds", status=422, reason="requester_info", question="Which?", expected_until=day)
        assert 'href="#hold-expected_until"' in _summary(refused)
    who.send(case, "holds", reason="requester_info", question="Which plan do you have?", expected_until="2026-11-20")
    page = who.case(case)
    assert "Which plan do you have?" in page.text
    assert "Stands still after" in page.text
    (row,) = open_holds(session, case.id)
    assert row.expected_until == datetime(2026, 11, 21, tzinfo=UTC), "the end of that day"
    assert '<option value="requester_info"' not in page.text, "it waits for that already"
    assert "program_hold" not in page.text
    assert "program_hold" in staff(cast.lead).case(case).text
    who.send(case, f"holds/{row.id}/lift")
    session.expire_all()
    assert open_holds(session, case.id) == []
    who.send(case, f"holds/{row.id}/lift", status=404)


def test_meeting_times_are_offered_during_the_consultation(
    staff: As, session: Session, cast: Cast, ready: Callable[..., Case]
) -> None:
    case = ready("consultation")
    who = staff(cast.specialist)
    assert 'href="#slots-times"' in _summary(who.send(case, "slots", status=422, times=" "))
    who.send(case, "slots", times="Tuesday 10:00 UTC\nWednesday 15:00 UTC")
    assert "Wednesday 15:00 UTC" in who.case(case).text
    assert f"/cases/{case.number}/slots" not in who.case(ready("development")).text


def test_an_internal_note_is_not_the_requesters_to_read(
    staff: As, session: Session, cast: Cast, ready: Callable[..., Case]
) -> None:
    case = ready("validation")
    who = staff(cast.specialist)
    refused = who.send(case, "comments", status=422, body="To whom?")
    assert 'href="#comment-audience"' in _summary(refused)
    assert "To whom?" in refused.text
    who.send(case, "comments", body="Between us", audience="internal")
    who.send(case, "comments", body="Hello Ada", audience="reply")
    page = who.case(case).text
    assert "Internal: not shown to the requester" in page
    said = page.partition('id="conversation"')[2].partition('id="history"')[0]
    assert re.findall(r"Between us|Hello Ada", said) == ["Between us", "Hello Ada"]
    rows = session.scalars(select(Comment).order_by(Comment.id)).all()
    assert [(row.internal, row.account_id) for row in rows] == [(True, case.account_id), (False, case.account_id)]
    notices = session.scalars(select(Job).where(Job.kind == "notify").order_by(Job.id.desc())).first()
    assert notices
    assert notices.args["notice"] == "reply"
    hers = reading_timeline.comments_of(session, case, cast.ada)
    assert [row.body for row in hers] == ["Hello Ada"]
    assert "Between us" not in str(reading_timeline.timeline_of(session, case, cast.ada))


def test_a_case_is_assigned(staff: As, session: Session, cast: Cast, ready: Callable[..., Case]) -> None:
    case = ready("submission")
    who = staff(cast.lead)
    who.send(case, "assignee", assignee=str(cast.engineer.id))
    assert _again(session, case).assignee_id == cast.engineer.id
    assert "Assigned to Engineer" in who.case(case).text
    refused = who.send(case, "assignee", status=422, assignee=str(cast.ada.id))
    assert 'href="#assign-assignee"' in _summary(refused)
    who.send(case, "assignee", assignee="")
    assert _again(session, case).assignee_id is None
    who.send(case, "assignee", status=409, version="1", assignee=str(cast.engineer.id))


def test_the_first_sync_is_started_from_the_page(
    staff: As, session: Session, cast: Cast, ready: Callable[..., Case]
) -> None:
    case = ready("consultation")
    who = staff(cast.specialist)
    assert f"/cases/{case.number}/sync" not in who.case(case).text
    row = Connection(
        case_id=case.id, request_id=case.primary_request_id, account_id=case.account_id, state="connected",
        connection_id="conn_1", group_id="group_1", schema_name="acme_billing", service="connector_sdk",
        created_at=MONDAY,
    )  # fmt: skip
    session.add(row)
    session.commit()
    page = who.case(case)
    assert "acme_billing" in page.text
    assert f'hx-get="/cases/{case.number}/state"' in page.text
    refused = who.send(case, "sync", status=409)
    assert 'href="#connection"' in _summary(refused)
    evidence.put(session, case, evidence.Fact("access_granted", "sandbox", "By phone"), act(cast.specialist))
    session.commit()
    who.send(case, "sync")
    assert session.scalars(select(Job).where(Job.kind == "start_sync")).one().args == {"case_id": case.id}
    fragment = who.browser.get(f"/cases/{case.number}/state")
    assert fragment.text.lstrip().startswith('<div id="connection-state"')


def test_the_clocks_are_explained(staff: As, cast: Cast, ready: Callable[..., Case]) -> None:
    case = ready("consultation")
    page = staff(cast.auditor).browser.get(f"/cases/{case.number}/clocks")
    assert "Review of the request" in page.text
    assert "Started, with a target of 10 working days." in page.text
    assert "It stopped in time: the promise was kept." in page.text


# Merging


@pytest.fixture
def pair(app: Flask, session: Session, cast: Cast, ready: Callable[..., Case]) -> tuple[Case, Case]:
    """Two cases of the same service: one in validation, one just submitted by another account."""
    root, child = ready("validation"), case_of(session, a_request(session, cast.cleo))
    for case in (root, child):
        candidates.index_case(session, case, app.extensions["request_tracker"].known(session))
    session.commit()
    return root, child


def _merge_fields(page: Page) -> dict[str, str]:
    found = re.findall(r'name="(into|version|into_version)" value="([^"]+)"', page.text)
    return dict(found)


def test_two_cases_are_compared_merged_and_unmerged(
    staff: As, session: Session, cast: Cast, pair: tuple[Case, Case]
) -> None:
    root, child = pair
    who = staff(cast.specialist)
    address = f"/cases/{child.number}/merge?into={root.number}"
    assert address in who.case(child).text
    preview = who.browser.get(address)
    assert "2 people at 2 accounts" in preview.text
    assert f'href="/cases/{root.number}/merge?into={child.number}"' in preview.text
    merged = who.browser.post(f"/cases/{child.number}/merge", _merge_fields(preview), on=f"/cases/{child.number}")
    assert merged.location.endswith(f"/cases/{root.number}#duplicates")
    assert "You can undo this for 10 minutes" in who.browser.follow(merged).text
    assert _again(session, child).merged_into_id == root.id
    below = who.case(child)
    assert f"Merged into {root.number}" in below.text
    assert "now in validation" in below.text
    assert f'action="/cases/{child.number}/comments"' not in below.text
    assert f'action="/cases/{child.number}/undo"' in below.text
    unmerge = re.search(r'action="(/merges/\d+/unmerge)"', who.case(root).text)
    assert unmerge
    assert unmerge[1] in below.text
    who.browser.post(unmerge[1], on=f"/cases/{root.number}")
    assert _again(session, child).merged_into_id is None
    assert f"Merged into {root.number}" not in who.case(child).text
    assert "taken back already" in who.browser.post(unmerge[1], on=f"/cases/{root.number}", status=409).text


def test_a_merge_is_undone_from_its_page(staff: As, session: Session, cast: Cast, pair: tuple[Case, Case]) -> None:
    root, child = pair
    who = staff(cast.specialist)
    fields = _merge_fields(who.browser.get(f"/cases/{child.number}/merge?into={root.number}"))
    who.browser.post(f"/cases/{child.number}/merge", fields, on=f"/cases/{child.number}")
    version = str(_again(session, child).version)
    who.browser.post(f"/cases/{child.number}/undo", {"version": version}, on=f"/cases/{child.number}")
    assert _again(session, child).outcome is None


def test_a_merge_on_an_old_preview_shows_a_fresh_one(
    staff: As, session: Session, cast: Cast, pair: tuple[Case, Case]
) -> None:
    root, child = pair
    who = staff(cast.specialist)
    fields = _merge_fields(who.browser.get(f"/cases/{child.number}/merge?into={root.number}"))
    who.send(root, "assignee", assignee="")
    again = who.browser.post(f"/cases/{child.number}/merge", fields, status=409, on=f"/cases/{child.number}")
    assert "Somebody changed one of the two cases meanwhile" in _summary(again)
    assert _merge_fields(again) != fields
    who.browser.post(f"/cases/{child.number}/merge", _merge_fields(again), on=f"/cases/{child.number}")
    assert _again(session, child).merged_into_id == root.id


def test_a_forbidden_merge_offers_the_other_direction(
    staff: As, session: Session, cast: Cast, ready: Callable[..., Case]
) -> None:
    built, new = ready("development"), ready("submission")
    who = staff(cast.specialist)
    preview = who.browser.get(f"/cases/{built.number}/merge?into={new.number}")
    assert "only a lead may merge it" in preview.text
    assert f'action="/cases/{built.number}/merge"' not in preview.text
    assert "The other direction is the better one" in preview.text
    sent = {"into": new.number, "version": built.version, "into_version": new.version}
    refused = who.browser.post(f"/cases/{built.number}/merge", sent, status=409, on=f"/cases/{new.number}")
    assert 'href="#merges"' in _summary(refused)
    assert "merges" in _ids(refused)


def test_the_other_case_can_be_typed(staff: As, cast: Cast, ready: Callable[..., Case]) -> None:
    case, other = ready("submission"), ready("validation")
    at = staff(cast.specialist).browser
    assert 'name="into"' in at.get(f"/cases/{case.number}/merge").text
    wrong = at.get(f"/cases/{case.number}/merge?into=LITE-999999", status=422)
    assert 'href="#merge-into"' in _summary(wrong)
    assert "LITE-999999" in wrong.text
    assert other.number in at.get(f"/cases/{case.number}/merge?into={other.number}").text


def test_a_dismissed_look_alike_is_not_suggested_again(staff: As, cast: Cast, pair: tuple[Case, Case]) -> None:
    root, child = pair
    who = staff(cast.specialist)
    assert f'name="other" value="{root.number}"' in who.case(child).text
    assert "same name" in who.case(child).text
    for _ in range(2):
        who.send(child, "dismissals", other=root.number, kind="different")
    assert f'name="other" value="{root.number}"' not in who.case(child).text
    assert f'name="other" value="{child.number}"' not in who.case(root).text


# Who may


@pytest.mark.parametrize("phase", PHASES)
def test_an_auditor_and_an_admin_read_and_change_nothing(
    staff: As, cast: Cast, ready: Callable[..., Case], phase: str
) -> None:
    case = ready(phase)
    for who in (cast.auditor, cast.admin):
        page = staff(who).case(case)
        assert re.findall(r'method="post" action="([^"]+)"', page.text) == ["/sign-out"]
        assert "changes nothing" in page.text
        staff(who).browser.post(f"/cases/{case.number}/comments", {"body": "x"}, status=403, on="/queue")


def test_a_requester_has_no_business_on_the_pages_of_staff(
    app: Flask, staff: As, cast: Cast, ready: Callable[..., Case]
) -> None:
    case = ready("validation")
    addresses = (
        "/queue", f"/cases/{case.number}", f"/cases/{case.number}/clocks", f"/cases/{case.number}/state",
        f"/cases/{case.number}/merge", "/admin/people", "/admin/groups", "/admin/jobs",
    )  # fmt: skip
    requester, nobody, specialist = staff(cast.ada).browser, Browser(app), staff(cast.specialist).browser
    for address in addresses:
        requester.get(address, status=403)
        assert "/sign-in" in nobody.get(address, status=303).location
    for address in addresses[-3:]:
        specialist.get(address, status=403)
    specialist.get("/cases/LITE-999999", status=404)


# Administration


def test_people_are_added_with_their_account(staff: As, session: Session, cast: Cast) -> None:
    at = staff(cast.admin).browser
    assert "ada@northwind.example" in at.get("/admin/people").text
    typed = {"email": "Dana@Fabrikam.example", "name": "Dana", "role": "requester", "account": "Fabrikam"}
    short = at.post("/admin/people", {**typed, "password": "short"}, status=422, on="/admin/people")
    assert 'href="#password"' in _summary(short)
    assert "Dana@Fabrikam.example" in short.text
    assert "short" not in re.findall(r'type="password"[^>]*value="([^"]*)"', short.text)
    at.post("/admin/people", {**typed, "password": "correct horse battery"}, on="/admin/people")
    dana = people.by_email(session, "dana@fabrikam.example")
    assert dana is not None
    assert dana.password_hash
    assert "Fabrikam" in at.get("/admin/people").text
    for wrong, field in (
        ({**typed, "name": "Twin"}, "email"),
        ({**typed, "email": "eve@fabrikam.example", "account": " "}, "account"),
        ({**typed, "email": "eve@fabrikam.example", "role": "lead"}, "account"),
        ({**typed, "email": "not an address"}, "email"),
        ({**typed, "email": "eve@fabrikam.example", "name": ""}, "name"),
    ):
        refused = at.post("/admin/people", wrong, status=422, on="/admin/people")
        assert f'href="#{field}"' in _summary(refused), wrong
    lead = {"email": "eve@program.example", "name": "Eve", "role": "lead", "account": "", "password": ""}
    at.post("/admin/people", lead, on="/admin/people")
    assert session.scalars(select(Person).where(Person.email == "eve@program.example")).one().password_hash is None


def test_a_group_is_bound_to_an_account(staff: As, session: Session, cast: Cast) -> None:
    at = staff(cast.admin).browser
    assert "As the policy says" in at.get("/admin/groups").text
    assert cast.ada.account_id
    sent = {"account_id": str(cast.ada.account_id), "group_id": "projected_sickle"}
    at.post("/admin/groups", sent, on="/admin/groups")
    assert people.bound_group(session, cast.ada.account_id) == "projected_sickle"
    assert "<code>projected_sickle</code>" in at.get("/admin/groups").text
    taken = {**sent, "account_id": str(cast.cleo.account_id)}
    refused = at.post("/admin/groups", taken, status=422, on="/admin/groups")
    assert 'href="#group_id"' in _summary(refused)
    assert "bound to another account" in refused.text
    at.post("/admin/groups", {**sent, "account_id": "987654"}, status=422, on="/admin/groups")


def test_dead_jobs_show_why_and_are_tried_again(staff: As, session: Session, cast: Cast) -> None:
    at = staff(cast.admin).browser
    assert "Nothing waits" in at.get("/admin/jobs").text
    jobs.put(session, "provision", {"case_id": 7}, now=MONDAY)
    job = session.scalars(select(Job)).one()
    job.state, job.last_error, job.attempt, job.finished_at = "dead", "Fivetran did not answer", 12, MONDAY
    session.commit()
    page = at.get("/admin/jobs").text
    assert "Fivetran did not answer" in page
    assert "12 of 12" in page
    at.post(f"/admin/jobs/{job.id}/retry", on="/admin/jobs")
    session.expire_all()
    assert (session.get_one(Job, job.id).state, session.get_one(Job, job.id).attempt) == ("ready", 0)
    at.post(f"/admin/jobs/{job.id}/retry", on="/admin/jobs")
    assert "is not dead" in at.get("/admin/jobs").text
