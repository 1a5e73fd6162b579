"""A requester's first page: the first visit, what is asked with date and place, drafts, colleagues, statements."""

import re
from datetime import timedelta

import pytest
from factories import MONDAY, Cast, Counted, a_case, a_request, act, move, put
from flask import Flask
from sqlalchemy.orm import Session
from webclient import Browser

from request_tracker.actions import hold, withdraw
from request_tracker.rules import task_words
from request_tracker.rules.calendar import add_working, days, standard
from request_tracker.rules.tasks import WORDS
from request_tracker.store import reading_requests
from request_tracker.store.cases import Case
from request_tracker.store.connections import Connection
from request_tracker.store.people import Person
from request_tracker.store.requests import Request

KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def ada(app: Flask, cast: Cast) -> Browser:
    return Browser(app).sign_in(cast.ada)


def test_the_first_visit_explains_the_program_and_is_put_away_once(ada: Browser, session: Session, cast: Cast) -> None:
    first = ada.get("/requests")
    text = first.words
    for said in (
        "We answer within 10 working days", "We build within 20 working days", "Do you get our credentials? No.",
        "API documents until 7 days after a request has ended", "Connect Card",
    ):  # fmt: skip
        assert said in text
    assert 'href="/requests/new"' in first.text
    ada.follow(ada.post("/how-it-works/read"))
    ada.post("/how-it-works/read")
    session.expire_all()
    assert session.get_one(Person, cast.ada.id).welcomed_at == MONDAY
    assert "You have not asked for a connector yet" in ada.get("/requests").words


def test_whoever_asks_is_not_told_how_it_works_again(ada: Browser, session: Session, cast: Cast) -> None:
    a_request(session, cast.ada)
    session.commit()
    text = ada.get("/requests").words
    assert "Welcome" not in text
    assert "The one you asked for" in text
    assert "We answer by 16 Nov 2026, 10 working days left. We have the ball." in text


def _question(session: Session, cast: Cast) -> Case:
    case = a_case(session, cast, phase="validation")
    until = MONDAY + timedelta(days=3)
    hold.put_on(
        session, case, act(cast.specialist), reason="requester_info", question="Which plan?", expected_until=until
    )
    return case


def _minutes(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="consultation")
    put(session, case, cast.specialist, "service_demonstrated", "use_cases_recorded", "data_requirements_recorded")


def _access(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="consultation")
    session.add(
        Connection(
            case_id=case.id, account_id=case.account_id, state="created", setup_state="incomplete", group_id="g",
            schema_name="s", service="connector_sdk", connection_id="c", created_at=MONDAY,
        )
    )  # fmt: skip


def _preview(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="private_preview")
    put(session, case, cast.lead, "initial_sync_finished")


ASKED = {
    "question": (_question, "Answer our question: Acme Billing", "Please by 5 Nov 2026, 09:00 UTC."),
    "minutes": (_minutes, "Confirm the minutes: Acme Billing", "Without a word from you we go on after 9 Nov 2026"),
    "review": (_preview, "Review the data: Acme Billing", task_words.NO_DATE),
    "verify": (_preview, "Verify the connector: Acme Billing", task_words.NO_DATE),
}


@pytest.mark.parametrize("task", ASKED)
def test_each_task_is_a_line_with_its_date_and_leads_to_its_place(
    ada: Browser, session: Session, cast: Cast, task: str
) -> None:
    prepare, what, until = ASKED[task]
    prepare(session, cast)
    session.commit()
    page = ada.get("/requests")
    text = page.words
    assert what in text
    assert until in text
    link = re.search(rf'href="(/requests/REQ-\d+)#{task}"', page.text)
    assert link is not None
    there = ada.get(link[1])
    assert f'id="{task}"' in there.text, "the place is there"
    assert "It is your turn" in there.text


def test_nothing_is_asked_of_colleagues_and_their_requests_come_last(app: Flask, session: Session, cast: Cast) -> None:
    _question(session, cast)
    a_request(session, cast.ben, service_name="Of Ben", service_url="https://ben.example", now=MONDAY)
    session.commit()
    text = Browser(app).sign_in(cast.ben).get("/requests").words
    assert "Nothing is asked of you" in text
    assert text.index("Of Ben") < text.index("1 asked for by others at Northwind") < text.index("Acme Billing")
    assert "It is the turn of Ada." in text
    assert "Which plan?" not in text


def test_a_draft_is_offered_to_go_on_with(ada: Browser, app: Flask, cast: Cast) -> None:
    assert "You began a request" not in ada.get("/requests").words
    ada.post("/requests/draft", {"service_name": "Half <b>Desk</b>", "form_key": KEY}, status=204)
    assert "You began a request for Half <b>Desk</b> on 2 Nov 2026: go on with it." in ada.get("/requests").words
    assert "You began" not in Browser(app).sign_in(cast.ben).get("/requests").words, "a draft is one person's"


@pytest.mark.parametrize("end", ["withdrawn", "declined", "released"])
def test_what_ended_says_so_and_asks_nothing(ada: Browser, session: Session, cast: Cast, end: str) -> None:
    if end == "released":
        a_case(session, cast, phase="generally_available")
    else:
        case = a_case(session, cast, phase="validation")
        if end == "declined":
            alternatives = ["Connector SDK"]
            move(
                session, case, "decline", cast.specialist, criterion="size", explanation="x", alternatives=alternatives
            )
        else:
            withdraw.withdraw(session, session.get_one(Request, case.primary_request_id), act(cast.ada))
    session.commit()
    text = ada.get("/requests").words
    assert {"withdrawn": "Withdrawn", "declined": "Not a candidate", "released": "Generally available"}[end] in text
    assert "What is asked of you" not in text
    assert "step " not in text


def test_a_supporter_of_another_account_reads_no_reason_of_a_wait(app: Flask, session: Session, cast: Cast) -> None:
    case = _question(session, cast)
    a_request(session, cast.cleo, join=case.number)
    session.commit()
    text = Browser(app).sign_in(cast.cleo).get("/requests").words
    assert "The promise stands still. It waits for somebody." in text
    assert "answer" not in text


def test_the_statements_do_not_grow_with_the_requests(session: Session, cast: Cast) -> None:
    def counted() -> int:
        with Counted(session) as few:
            reading_requests.page(session, act(cast.ada), number=1)
        return len(few.statements)

    _minutes(session, cast)
    _question(session, cast)
    session.flush()
    first = counted()
    for _ in range(4):
        a_request(session, cast.ada)
        a_request(session, cast.ben)
    _minutes(session, cast)
    session.flush()
    assert counted() == first <= 11


def test_every_task_has_words() -> None:
    assert set(WORDS) <= set(task_words.TASKS)
    assert all(each.what and each.why and each.button and each.until for each in task_words.TASKS.values())


def test_days_left_are_whole_working_days_and_never_more_than_there_are() -> None:
    calendar = standard("UTC")
    for hours in range(0, 24 * 20, 7):
        now = MONDAY + timedelta(hours=hours)
        due = add_working(calendar, MONDAY, days(calendar, 10))
        words = task_words.days_left(calendar, now, due)
        if not words:
            assert now >= due
            continue
        left = int(words.split()[0]) if words[0].isdigit() else 0
        assert add_working(calendar, now, days(calendar, left)) <= due
        assert add_working(calendar, now, days(calendar, left + 1)) > due


@pytest.mark.parametrize(
    ("early", "late", "words"),
    [
        (1, 1, "about 1 day"),
        (2, 5, "2 to 5 days"),
        (20, 22, "about 3 weeks"),
        (42, 56, "6 to 8 weeks"),
        (0, 15, "1 to 2 weeks"),
    ],
)
def test_spans_are_told_as_people_say_them(early: int, late: int, words: str) -> None:
    assert task_words.weeks_words(timedelta(days=early), timedelta(days=late)) == words
