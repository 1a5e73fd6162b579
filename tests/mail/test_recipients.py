"""Who hears of what: each person once, by their own number; and whose words they may read."""

from datetime import timedelta

from factories import DECLINE, Cast, a_case, a_request, act, case_of, move
from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.actions import hold, merge, withdraw
from request_tracker.rules.notices import NOTICES, Audience, Notice
from request_tracker.store.cases import Case
from request_tracker.store.people import Person
from request_tracker.store.recipients import Recipient, recipients, words_for
from request_tracker.store.timeline import Entry


def who(session: Session, name: str, case: Case, entry: Entry | None = None, request_id: int | None = None) -> dict:
    found = recipients(session, NOTICES[name], case, entry, request_id)
    assert len({each.person_id for each in found}) == len(found)
    return {each.name: each.number for each in found}


def newest(session: Session, case: Case) -> Entry:
    return session.scalars(select(Entry).where(Entry.case_id == case.id).order_by(Entry.seq.desc())).first()


def merged(session: Session, cast: Cast) -> tuple[Case, Case]:
    """Ben's and Cleo's case, merged into Ada's."""
    root = a_case(session, cast)
    child = case_of(session, a_request(session, cast.ben))
    a_request(session, cast.cleo, join=child.number)
    merge.merge(session, child, root, act(cast.specialist), version=child.version, into_version=root.version)
    return child, root


def test_everybody_hears_once_with_the_oldest_own_number(session: Session, cast: Cast) -> None:
    case = a_case(session, cast)
    first = a_request(session, cast.cleo, join=case.number)
    again = case_of(session, a_request(session, cast.cleo, service_name="Acme once more"))
    merge.merge(session, again, case, act(cast.lead), version=again.version, into_version=case.version)
    primary = case.primary_request_id
    assert who(session, "in_review", case) == {"Ada": f"REQ-{primary:06d}", "Cleo": first.number}
    first.withdrawn_at = case.opened_at
    assert who(session, "in_review", case)["Cleo"] > first.number


def test_a_merged_tree_hears_as_one(session: Session, cast: Cast) -> None:
    child, root = merged(session, cast)
    assert list(who(session, "accepted", root)) == ["Ada", "Ben", "Cleo"]
    found = recipients(session, NOTICES["accepted"], root, None)
    assert {each.name: each.case_number for each in found} == {
        "Ada": root.number, "Ben": child.number, "Cleo": child.number,
    }  # fmt: skip


def test_merging_is_told_to_the_child_alone_and_its_steps_never_to_the_root(session: Session, cast: Cast) -> None:
    child, _ = merged(session, cast)
    assert list(who(session, "merged", child)) == ["Ben", "Cleo"]
    assert list(who(session, "accepted", child)) == ["Ben", "Cleo"]


def test_the_primary_alone_is_asked(session: Session, cast: Cast) -> None:
    case = a_case(session, cast)
    a_request(session, cast.cleo, join=case.number)
    assert list(who(session, "question", case)) == ["Ada"]


def test_a_reply_to_another_account_goes_there_and_not_to_the_primary(session: Session, cast: Cast) -> None:
    case = a_case(session, cast)
    theirs = a_request(session, cast.cleo, join=case.number)
    said = hold.comment(
        session, case, act(cast.specialist), body="For Contoso", internal=False, account_id=cast.cleo.account_id
    )
    assert who(session, "reply", case, said) == {"Cleo": theirs.number}


def test_who_withdrew_hears_of_it(session: Session, cast: Cast) -> None:
    case = a_case(session, cast, phase="validation")
    request = a_request(session, cast.cleo, join=case.number)
    withdraw.withdraw(session, request, act(cast.cleo))
    assert who(session, "withdrawn", case, request_id=request.id) == {
        "Cleo": request.number, "Specialist": case.number,
    }  # fmt: skip
    move(session, case, "withdraw", cast.ada)
    assert list(who(session, "withdrawn", case)) == ["Ada", "Specialist"]


def test_the_assignee_or_else_the_leads(session: Session, cast: Cast) -> None:
    case = a_case(session, cast)
    assert list(who(session, "comment", case)) == ["Lead"]
    move(session, case, "claim", cast.specialist)
    assert who(session, "comment", case) == {"Specialist": case.number}
    assert list(who(session, "breach", case)) == ["Specialist", "Lead"]
    session.get_one(Person, cast.specialist.id).active = False
    assert list(who(session, "breach", case)) == ["Lead"]


def test_admins_bind_groups(session: Session, cast: Cast) -> None:
    assert list(who(session, "bind_group", a_case(session, cast))) == ["Admin"]


def test_who_joins_after_the_event_gets_no_letter_of_it(session: Session, cast: Cast) -> None:
    case = a_case(session, cast)
    move(session, case, "claim", cast.specialist)
    claimed = newest(session, case)
    a_request(session, cast.ben, join=case.number)
    a_request(session, cast.cleo, join=case.number, now=claimed.at + timedelta(seconds=1))
    assert list(who(session, "in_review", case, claimed)) == ["Ada", "Ben"]


def test_inactive_people_hear_nothing(session: Session, cast: Cast) -> None:
    case = a_case(session, cast)
    session.get_one(Person, cast.ada.id).active = False
    for audience in Audience:
        name = "withdrawn" if audience is Audience.SUBMITTER else "anything"
        found = recipients(session, Notice(name, (audience,), "Title"), case, None, None)
        assert "Ada" not in [each.name for each in found]


def reader(session: Session, case: Case, name: str) -> Recipient:
    return next(each for each in recipients(session, NOTICES["declined"], case, None) if each.name == name)


def test_a_verdict_is_for_everybody_and_other_words_are_not(session: Session, cast: Cast) -> None:
    case = a_case(session, cast)
    a_request(session, cast.cleo, join=case.number)
    move(session, case, "ask", cast.specialist, question="Which plan?")
    asked = newest(session, case)
    assert words_for(session, asked, reader(session, case, "Ada")) == {"question": "Which plan?"}
    assert words_for(session, asked, reader(session, case, "Cleo")) == {}
    move(session, case, "decline", cast.specialist, **DECLINE)
    assert words_for(session, newest(session, case), reader(session, case, "Cleo")) == DECLINE


def test_an_internal_note_has_no_words_for_anybody(session: Session, cast: Cast) -> None:
    case = a_case(session, cast)
    note = hold.comment(session, case, act(cast.specialist), body="Secret", internal=True, account_id=case.account_id)
    (staff,) = recipients(session, NOTICES["comment"], case, note)
    assert words_for(session, note, staff) == {}
    assert words_for(session, note, reader(session, case, "Ada")) == {}
