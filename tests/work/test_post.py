"""Letters are written once a person and event, never after an undo, and never with words that are not the reader's."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from factories import BUILT, DECLINE, MONDAY, Cast, a_case, a_request, a_submission, act, move, put
from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.actions import heir, hold, submit, undo, withdraw
from request_tracker.mail.deliver import Mailbox, Memory, Outgoing, Undeliverable
from request_tracker.rules.notices import NOTICES
from request_tracker.rules.people import SYSTEM
from request_tracker.settings import Settings
from request_tracker.store.cases import Case
from request_tracker.store.jobs import Job
from request_tracker.store.letters import Letter
from request_tracker.store.people import Person
from request_tracker.store.requests import Request
from request_tracker.store.session import Database
from request_tracker.store.timeline import Entry
from request_tracker.work import post

LETTERS = [name for name in NOTICES if name != "weekly_report"]


def send_all(session: Session, settings: Settings, *, now=MONDAY) -> int:  # type: ignore[no-untyped-def]
    """Do what the worker does with every waiting notice."""
    waiting = session.scalars(select(Job).where(Job.kind == "notify", Job.state == "ready").order_by(Job.id)).all()
    return sum(post.notify(session, job.args, job.event_id, act(SYSTEM, now), settings) for job in waiting)


def letters_of(session: Session, notice: str) -> dict[str, Letter]:
    rows = session.scalars(select(Letter).where(Letter.notice == notice).order_by(Letter.id))
    return {row.to_address.partition("@")[0]: row for row in rows}


def test_a_notice_is_one_letter_a_person_however_often_it_runs(
    session: Session, cast: Cast, settings: Settings
) -> None:
    case = a_case(session, cast)
    a_request(session, cast.cleo, join=case.number)
    move(session, case, "claim", cast.specialist)
    assert send_all(session, settings) == 4
    assert send_all(session, settings) == 0
    reviewed = letters_of(session, "in_review")
    assert set(reviewed) == {"ada", "cleo"}
    assert reviewed["cleo"].headers["X-Request-Number"] in reviewed["cleo"].subject
    queued = session.scalars(select(Job).where(Job.kind == "deliver")).all()
    assert {job.args["letter_id"] for job in queued} == {row.id for row in session.scalars(select(Letter))}
    assert all(job.unique_key == f"deliver:{job.args['letter_id']}" and job.event_id for job in queued)


def test_an_undone_event_writes_nothing_and_sends_nothing(session: Session, cast: Cast, settings: Settings) -> None:
    case = a_case(session, cast)
    move(session, case, "claim", cast.specialist)
    (job,) = session.scalars(select(Job).where(Job.kind == "notify", Job.unique_key.like("notify:in_review:%")))
    undo.undo(session, case, version=case.version, act=act(cast.specialist))
    assert post.notify(session, job.args, job.event_id, act(SYSTEM), settings) == 0
    assert letters_of(session, "in_review") == {}


def test_the_receipt_names_number_promise_and_page(session: Session, cast: Cast, settings: Settings) -> None:
    case = a_case(session, cast)
    send_all(session, settings)
    text = letters_of(session, "receipt")["ada"].text
    number = f"REQ-{case.primary_request_id:06d}"
    assert f"Its number is {number}." in text
    assert "by Monday 16 November 2026, 09:00 UTC" in text
    assert f"http://127.0.0.1:8000/requests/{number}" in text


def test_a_decline_reaches_everybody_with_its_reasons(session: Session, cast: Cast, settings: Settings) -> None:
    case = a_case(session, cast)
    a_request(session, cast.cleo, join=case.number)
    move(session, case, "decline", cast.specialist, **DECLINE)
    send_all(session, settings)
    declined = letters_of(session, "declined")
    assert set(declined) == {"ada", "cleo"}
    for letter in declined.values():
        assert "Public, complete API documentation" in letter.text
        assert "There is no API." in letter.text
        assert "Connector SDK" in letter.html
        assert "appeal until 1 May 2027" in letter.text


def test_only_the_own_account_reads_the_reason_of_an_acceptance(
    session: Session, cast: Cast, settings: Settings
) -> None:
    case = a_case(session, cast, phase="consultation")
    a_request(session, cast.cleo, join=case.number)
    send_all(session, settings)
    accepted = letters_of(session, "accepted")
    assert "A good candidate" in accepted["ada"].text
    assert "A good candidate" not in accepted["cleo"].text + accepted["cleo"].html
    assert "Two things are asked of you" in accepted["ada"].text
    assert "Two things are asked of you" not in accepted["cleo"].text


@pytest.fixture
def secrets(session: Session, cast: Cast) -> tuple[Case, list[Entry]]:
    """A case of two accounts with an internal note and a comment of each account."""
    case = a_case(session, cast, phase="consultation")
    a_request(session, cast.cleo, join=case.number, use_case="SECRET of Contoso", data_needed="SECRET of Contoso")
    said = [
        hold.comment(session, case, act(author), body=body, internal=internal, account_id=account)
        for author, body, internal, account in (
            (cast.specialist, "SECRET of staff", True, case.account_id),
            (cast.ada, "SECRET of Northwind", False, cast.ada.account_id),
            (cast.cleo, "SECRET of Contoso", False, cast.cleo.account_id),
        )
    ]
    return case, said


@pytest.mark.parametrize("notice", LETTERS)
def test_no_letter_carries_words_that_are_not_its_readers(
    notice: str, session: Session, cast: Cast, settings: Settings, secrets: tuple[Case, list[Entry]]
) -> None:
    """Even if a notice were wired to the wrong entry."""
    case, said = secrets
    for entry in said:
        args = {"notice": notice, "case_id": case.id, "request_id": case.primary_request_id}
        post.notify(session, args, entry.id, act(SYSTEM), settings)
    homes = {cast.ada.account_id: "SECRET of Northwind", cast.cleo.account_id: "SECRET of Contoso"}
    written = session.scalars(select(Letter).where(Letter.notice == notice)).all()
    assert written
    for letter in written:
        shown = letter.subject + letter.text + letter.html
        assert "SECRET of staff" not in shown
        for account_id, words in homes.items():
            assert words not in shown or letter.account_id in (account_id, None)


def test_a_comment_reaches_its_reader_with_its_words(
    session: Session, cast: Cast, settings: Settings, secrets: tuple[Case, list[Entry]]
) -> None:
    send_all(session, settings)
    texts = [row.text for row in session.scalars(select(Letter).where(Letter.notice == "comment"))]
    assert any("Ada wrote" in text and "> SECRET of Northwind" in text for text in texts)


def test_a_name_with_a_line_break_is_harmless(session: Session, cast: Cast, settings: Settings) -> None:
    a_case(session, cast, service_name="x\nBcc: eve@evil.example")
    send_all(session, settings)
    letter = letters_of(session, "receipt")["ada"]
    assert "\n" not in letter.subject
    assert letter.subject.endswith("x Bcc: eve@evil.example")


def test_reminders_and_clocks_are_occasions_of_their_own(session: Session, cast: Cast, settings: Settings) -> None:
    case = a_case(session, cast)
    args: dict[str, Any] = {"notice": "verify", "case_id": case.id}
    for number in (1, 2, 2):
        post.notify(session, {**args, "round": number}, None, act(SYSTEM), settings)
    found = session.scalars(select(Letter).where(Letter.notice == "verify")).all()
    assert len(found) == 2
    assert len({letter.message_id for letter in found}) == 2


def test_attachments_ride_along(session: Session, cast: Cast, settings: Settings) -> None:
    case = a_case(session, cast)
    invitation = {"filename": "meeting.ics", "media_type": "text/calendar; method=REQUEST", "content": "QQ=="}
    args = {"notice": "slots", "case_id": case.id, "attachments": [invitation]}
    post.notify(session, args, None, act(SYSTEM), settings)
    assert letters_of(session, "slots")["ada"].attachments == [invitation]


class Refusing:
    """A mail server that says no."""

    leaves = True

    def __init__(self, *, permanent: bool) -> None:
        self.permanent = permanent

    def send(self, letter: Outgoing) -> None:
        raise Undeliverable("The mail server refused: 550 no such person", permanent=self.permanent)


@pytest.fixture
def receipt(session: Session, cast: Cast, settings: Settings) -> Letter:
    a_case(session, cast)
    send_all(session, settings)
    session.commit()
    return letters_of(session, "receipt")["ada"]


def state(session: Session, letter: Letter) -> tuple[str, Any, str]:
    session.expire_all()
    return letter.state, letter.sent_at, letter.error


def test_a_letter_goes_out_once(rolled: Database, session: Session, receipt: Letter) -> None:
    out = Memory()
    for minutes in (1, 2):
        assert post.deliver(rolled, receipt.id, MONDAY + timedelta(minutes=minutes), out) == "sent"
    assert [(each.to, each.message_id) for each in out.sent] == [(receipt.to_address, receipt.message_id)]
    assert state(session, receipt) == ("sent", MONDAY + timedelta(minutes=1), "")


def test_the_mailbox_marks_the_letter_as_sent(rolled: Database, session: Session, receipt: Letter) -> None:
    assert post.deliver(rolled, receipt.id, MONDAY, Mailbox()) == "sent"
    assert state(session, receipt) == ("sent", MONDAY, "")


def test_a_final_refusal_ends_the_letter(rolled: Database, session: Session, receipt: Letter) -> None:
    assert post.deliver(rolled, receipt.id, MONDAY, Refusing(permanent=True)) == "dead"
    assert state(session, receipt) == ("dead", None, "The mail server refused: 550 no such person")


def test_a_passing_refusal_is_for_the_worker_to_try_again(rolled: Database, session: Session, receipt: Letter) -> None:
    with pytest.raises(Undeliverable):
        post.deliver(rolled, receipt.id, MONDAY, Refusing(permanent=False))
    assert state(session, receipt) == ("waiting", None, "")


@pytest.mark.parametrize("transport", [Memory(), Mailbox()], ids=["memory", "mailbox"])
def test_what_was_undone_before_it_went_out_stays_here(
    rolled: Database, session: Session, cast: Cast, settings: Settings, transport: Any
) -> None:
    case = a_case(session, cast)
    move(session, case, "claim", cast.specialist)
    send_all(session, settings)
    undo.undo(session, case, version=case.version, act=act(cast.specialist))
    session.commit()
    letter = letters_of(session, "in_review")["ada"]
    assert post.deliver(rolled, letter.id, MONDAY, transport) == "dead"
    assert getattr(transport, "sent", []) == []


def test_the_reader_reads_times_in_their_own_zone(session: Session, cast: Cast, settings: Settings) -> None:
    session.get_one(Person, cast.ada.id).zone = "Asia/Tokyo"
    a_case(session, cast)
    send_all(session, replace(settings, base_url="https://by.example"))
    text = letters_of(session, "receipt")["ada"].text
    assert "Monday 16 November 2026, 18:00 JST" in text
    assert "https://by.example/requests/REQ-" in text


def test_who_is_asked_to_lead_reads_until_when_and_nothing_of_who_left(
    session: Session, cast: Cast, settings: Settings
) -> None:
    case = a_case(session, cast)
    cleo = a_request(session, cast.cleo, join=case.number)
    withdraw.withdraw(session, session.get_one(Request, case.primary_request_id), act(cast.ada))
    send_all(session, settings)
    letter = letters_of(session, "primary_asked")
    assert set(letter) == {"cleo"}
    assert "until Monday 9 November 2026" in letter["cleo"].text
    assert f"/requests/{cleo.number}" in letter["cleo"].text
    assert "Ada" not in letter["cleo"].text
    heir.answer(session, cleo, act(cast.cleo), yes=False)
    send_all(session, settings)
    assert case.number in letters_of(session, "primary_vacant")["lead"].text


def test_a_request_for_somebody_tells_them_how_they_agreed_and_how_to_withdraw(
    session: Session, cast: Cast, settings: Settings
) -> None:
    sent = submit.submit(
        session, a_submission(), act(cast.specialist), on_behalf_of=cast.ada, consent="By mail on 2 November"
    )
    send_all(session, settings)
    letter = letters_of(session, "on_behalf")["ada"]
    assert "By mail on 2 November" in letter.text
    assert f"/requests/{sent.number}/withdrawal" in letter.text
    assert "Specialist sent a request" in letter.text
    assert letters_of(session, "receipt") == {}


def test_the_preview_invites_those_who_would_join(session: Session, cast: Cast, settings: Settings) -> None:
    case = a_case(session, cast, phase="development")
    a_request(session, cast.ben, join=case.number)
    a_request(session, cast.cleo, join=case.number, would_preview=True)
    put(session, case, cast.engineer, *BUILT)
    move(session, case, "open_preview", cast.engineer)
    send_all(session, settings)
    told = {
        name: "this is your invitation" in letter.text for name, letter in letters_of(session, "preview_opened").items()
    }
    assert told == {"ada": False, "ben": False, "cleo": True}
