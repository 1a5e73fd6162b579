"""Letters are written once a person and event, never after an undo, and never with words that are not the reader's."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from factories import BUILT, DECLINE, MONDAY, Cast, a_case, a_request, a_submission, act, move, put
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from request_tracker.actions import heir, hold, merge, submit, undo, withdraw
from request_tracker.mail.deliver import Mailbox, Memory, Outgoing, Undeliverable
from request_tracker.rules.notices import NOTICES
from request_tracker.rules.people import SYSTEM
from request_tracker.settings import Settings
from request_tracker.store.cases import Case
from request_tracker.store.heirs import PrimaryAsk
from request_tracker.store.jobs import Job
from request_tracker.store.letters import Letter
from request_tracker.store.merges import Merge
from request_tracker.store.people import Person
from request_tracker.store.requests import Request
from request_tracker.store.session import Database
from request_tracker.store.timeline import Entry
from request_tracker.work import delivery, post

LETTERS = [name for name, row in NOTICES.items() if row.audience and name != "weekly_report"]


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


def an_ask(case: Case, entry: Entry) -> PrimaryAsk:
    return PrimaryAsk(
        case_id=case.id, request_id=case.primary_request_id, account_id=case.account_id, asked_at=MONDAY,
        expires_at=MONDAY, event_id=entry.id,
    )  # fmt: skip


ABOUT_MEETINGS = {"meeting_booked", "meeting_moved", "meeting_cancelled", "meeting_tomorrow"}
"""Written only of an entry that names a meeting; `flows/test_meetings` reads them."""


@pytest.mark.parametrize("notice", [each for each in LETTERS if each not in ABOUT_MEETINGS])
def test_no_letter_carries_words_that_are_not_its_readers(
    notice: str, session: Session, cast: Cast, settings: Settings, secrets: tuple[Case, list[Entry]]
) -> None:
    """Even if a notice were wired to the wrong entry."""
    case, said = secrets
    for entry in said:
        # The letter of a question is written while that question is open.
        session.add(an_ask(case, entry))
        args = {"notice": notice, "case_id": case.id, "request_id": case.primary_request_id}
        post.notify(session, args, entry.id, act(SYSTEM), settings)
        session.execute(delete(PrimaryAsk))
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
        assert delivery.deliver(rolled, receipt.id, MONDAY + timedelta(minutes=minutes), out) == "sent"
    assert [(each.to, each.message_id) for each in out.sent] == [(receipt.to_address, receipt.message_id)]
    assert state(session, receipt) == ("sent", MONDAY + timedelta(minutes=1), "")


def test_the_mailbox_marks_the_letter_as_sent(rolled: Database, session: Session, receipt: Letter) -> None:
    assert delivery.deliver(rolled, receipt.id, MONDAY, Mailbox()) == "sent"
    assert state(session, receipt) == ("sent", MONDAY, "")


def test_a_final_refusal_ends_the_letter(rolled: Database, session: Session, receipt: Letter) -> None:
    assert delivery.deliver(rolled, receipt.id, MONDAY, Refusing(permanent=True)) == "dead"
    assert state(session, receipt) == ("dead", None, "The mail server refused: 550 no such person")


def test_a_passing_refusal_is_for_the_worker_to_try_again(rolled: Database, session: Session, receipt: Letter) -> None:
    with pytest.raises(Undeliverable):
        delivery.deliver(rolled, receipt.id, MONDAY, Refusing(permanent=False))
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
    assert delivery.deliver(rolled, letter.id, MONDAY, transport) == "dead"
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


def left(session: Session, cast: Cast) -> tuple[Case, Request, Request]:
    """A case Ada has just left: Cleo, who would join the preview, is asked before Ben. With Ben's request and hers."""
    case = a_case(session, cast)
    ben = a_request(session, cast.ben, join=case.number)
    cleo = a_request(session, cast.cleo, join=case.number, would_preview=True)
    withdraw.withdraw(session, session.get_one(Request, case.primary_request_id), act(cast.ada))
    return case, ben, cleo


def closed_by(session: Session, cast: Cast, how: str, case: Case, ben: Request, cleo: Request) -> None:
    """What closes the question to Cleo inside the undo window."""
    staff = act(cast.specialist)
    if how in ("yes", "no"):
        heir.answer(session, cleo, act(cast.cleo), yes=how == "yes")
    elif how == "leaves":
        withdraw.withdraw(session, cleo, act(cast.cleo))
    elif how == "choose":
        heir.choose(session, case, ben, staff, version=case.version, consent="By phone")
    elif how == "decline":
        move(session, case, "decline", cast.specialist, **DECLINE)
    elif how == "back":
        first = session.scalars(select(Request).where(Request.case_id == case.id).order_by(Request.id)).first()
        withdraw.take_back(session, first, act(cast.ada))
    else:
        other = a_case(session, cast, service_name="Other")
        merge.merge(session, case, other, staff, version=case.version, into_version=other.version)


@pytest.mark.parametrize("how", ["yes", "no", "leaves", "choose", "decline", "back", "merge"])
def test_nobody_is_asked_to_lead_after_the_question_was_closed(
    how: str, session: Session, cast: Cast, settings: Settings
) -> None:
    case, ben, cleo = left(session, cast)
    closed_by(session, cast, how, case, ben, cleo)
    send_all(session, settings)
    assert set(letters_of(session, "primary_asked")) == ({"ben"} if how in ("no", "leaves") else set())
    leads = {"yes": {"cleo"}, "choose": {"ben"}}
    assert set(letters_of(session, "promoted")) == leads.get(how, set())


@pytest.mark.parametrize("sent_meanwhile", [True, False])
@pytest.mark.parametrize("how", ["back", "undo", "unmerge"])
def test_a_question_that_is_open_again_is_mailed_once(
    how: str, sent_meanwhile: bool, session: Session, cast: Cast, settings: Settings
) -> None:
    """Whether or not the letter had its turn while the question was closed."""
    case, ben, cleo = left(session, cast)
    staff = act(cast.specialist)
    if how == "back":
        withdraw.withdraw(session, ben, act(cast.ben))
        withdraw.withdraw(session, cleo, act(cast.cleo))
    else:
        closed_by(session, cast, "decline" if how == "undo" else "merge", case, ben, cleo)
    if sent_meanwhile:
        work_off(session, settings)
        assert letters_of(session, "primary_asked") == {}
    if how == "back":
        withdraw.take_back(session, cleo, act(cast.cleo))
    elif how == "undo":
        undo.undo(session, case, version=case.version, act=staff)
    else:
        merge.unmerge(session, session.scalars(select(Merge)).one(), staff)
    for _ in range(2):
        work_off(session, settings)
    found = session.scalars(select(Letter).where(Letter.notice == "primary_asked")).all()
    assert [row.to_address.partition("@")[0] for row in found] == ["cleo"]


def work_off(session: Session, settings: Settings) -> None:
    """As `send_all`; what had its turn does not get another."""
    send_all(session, settings)
    session.execute(update(Job).where(Job.kind == "notify", Job.state == "ready").values(state="done"))


def test_who_leads_no_more_is_not_told_that_they_do(session: Session, cast: Cast, settings: Settings) -> None:
    case, ben, cleo = left(session, cast)
    first = session.scalars(select(Request).where(Request.case_id == case.id).order_by(Request.id)).first()
    assert first is not None
    heir.answer(session, cleo, act(cast.cleo), yes=False)
    heir.answer(session, ben, act(cast.ben), yes=True)
    withdraw.take_back(session, first, act(cast.ada))
    withdraw.withdraw(session, ben, act(cast.ben))
    heir.answer(session, first, act(cast.ada), yes=True)
    send_all(session, settings)
    found = session.scalars(select(Letter).where(Letter.notice == "promoted")).all()
    assert [row.to_address.partition("@")[0] for row in found] == ["ada"], "once, not once for each of the two"


@pytest.mark.parametrize(
    ("end", "said", "unsaid"),
    [("", "one connector to Acme Billing will serve all of you", "combined your request with theirs"),
     ("decline", "the same verdict holds", "ask for it now"),
     ("release", "is available already", "ask for it now"),
     ("close", "has ended meanwhile", "ask for it now")],
)  # fmt: skip
def test_who_is_combined_with_what_was_decided_reads_the_verdict(
    end: str, said: str, unsaid: str, session: Session, cast: Cast, settings: Settings
) -> None:
    root = a_case(session, cast, phase="generally_available" if end == "release" else "submission")
    child = session.get_one(Case, a_request(session, cast.cleo, service_name="Acme").case_id)
    if end == "decline":
        move(session, root, "decline", cast.specialist, **DECLINE)
    merge.merge(session, child, root, act(cast.specialist), version=child.version, into_version=root.version)
    if end == "close":
        move(session, root, "close", cast.lead, reason="gone")
    send_all(session, settings)
    letter = letters_of(session, "merged")["cleo"]
    for text in (letter.text, letter.html):
        assert said in text
        assert unsaid not in text


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
