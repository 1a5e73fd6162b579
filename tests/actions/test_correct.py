"""A specialist puts a case's name and addresses right; supporters answer for the preview; consent is kept."""

import pytest
from factories import MONDAY, Cast, a_case, a_request, a_submission, act, case_of
from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker import resources
from request_tracker.actions import correct, heir, merge, submit, supporting, withdraw
from request_tracker.actions.unfit import Unfit
from request_tracker.actions.versions import Stale
from request_tracker.rules.matching import Knowledge
from request_tracker.rules.process import NotAllowed, Refused
from request_tracker.rules.submission import Incomplete
from request_tracker.store.catalogue import MatchKey
from request_tracker.store.jobs import Job
from request_tracker.store.knowledge import Shelf
from request_tracker.store.reading_case import view
from request_tracker.store.reading_timeline import timeline_of
from request_tracker.store.requests import Request

RIGHT = {
    "service_name": "Acme Invoices",
    "service_url": "https://acme.example/",
    "api_docs_url": "https://docs.acmebilling.example/api",
}


@pytest.fixture
def known(session: Session) -> Knowledge:
    return Shelf(resources.SEED_DATA).knowledge(session)


def test_a_correction_changes_the_case_and_leaves_what_was_typed(
    session: Session, cast: Cast, known: Knowledge
) -> None:
    case = a_case(session, cast)
    request = session.get_one(Request, case.primary_request_id)
    version = case.version
    entry = correct.correct(session, case, RIGHT, act(cast.specialist), version=version, knowledge=known)
    assert entry is not None
    assert (case.service_name, request.service_name) == ("Acme Invoices", "Acme Billing")
    assert case.version == version + 1
    found = session.scalars(select(MatchKey.value).where(MatchKey.case_id == case.id)).all()
    assert any("invoices" in value for value in found)
    assert session.scalars(select(Job).where(Job.kind == "score", Job.event_id == entry.id)).one()
    row = timeline_of(session, case, cast.specialist)[0]
    assert row.sentence == "Corrected: service name, website"
    assert ("Service name", "from Acme Billing to Acme Invoices") in row.words
    again = correct.correct(session, case, RIGHT, act(cast.specialist), version=case.version, knowledge=known)
    assert again is None, "nothing differs any more"


def test_only_the_own_account_and_staff_read_the_corrected_addresses(
    session: Session, cast: Cast, known: Knowledge
) -> None:
    case = a_case(session, cast)
    a_request(session, cast.cleo, join=case.number)
    correct.correct(session, case, RIGHT, act(cast.specialist), version=case.version, knowledge=known)
    assert "corrected" not in [row.kind for row in timeline_of(session, case, cast.cleo)]
    assert "corrected" in [row.kind for row in timeline_of(session, case, cast.ada)]


def test_the_website_of_who_left_is_not_shown_to_who_leads_after_them(
    session: Session, cast: Cast, known: Knowledge
) -> None:
    """It may name their own tenant: the new primary reads what they typed, also after it was put right."""
    tenant, theirs = "https://northwind-tenant.example/", "https://contoso-tenant.example/"
    case = a_case(session, cast, service_url=tenant)
    cleo = a_request(session, cast.cleo, join=case.number, service_url=theirs)
    assert view(session, case, act(cast.ada)).service_url == tenant
    assert view(session, case, act(cast.cleo)).service_url == ""
    withdraw.withdraw(session, session.get_one(Request, case.primary_request_id), act(cast.ada))
    heir.answer(session, cleo, act(cast.cleo), yes=True)
    assert view(session, case, act(cast.ada)).service_url == ""
    assert view(session, case, act(cast.cleo)).service_url == theirs
    name = {**RIGHT, "service_url": tenant}
    correct.correct(session, case, name, act(cast.specialist), version=case.version, knowledge=known)
    correct.correct(session, case, RIGHT, act(cast.specialist), version=case.version, knowledge=known)
    for who, foreign in ((cast.ada, theirs), (cast.cleo, tenant)):
        assert foreign not in repr([view(session, case, act(who)), timeline_of(session, case, who)])
    assert view(session, case, act(cast.cleo)).service_url == theirs
    assert view(session, case, act(cast.specialist)).service_url == RIGHT["service_url"]
    assert [row.kind for row in timeline_of(session, case, cast.cleo)].count("corrected") == 1, "the name is public"


def test_the_website_stays_the_accounts_own_whoever_of_it_leads(session: Session, cast: Cast, known: Knowledge) -> None:
    case = a_case(session, cast, service_url="https://northwind-tenant.example/")
    ben = a_request(session, cast.ben, join=case.number)
    withdraw.withdraw(session, session.get_one(Request, case.primary_request_id), act(cast.ada))
    heir.answer(session, ben, act(cast.ben), yes=True)
    assert view(session, case, act(cast.ben)).service_url == "https://northwind-tenant.example/"
    correct.correct(session, case, RIGHT, act(cast.specialist), version=case.version, knowledge=known)
    assert view(session, case, act(cast.ben)).service_url == RIGHT["service_url"]
    assert "corrected" in [row.kind for row in timeline_of(session, case, cast.ada)]


def test_what_is_corrected_while_nobody_leads_is_for_staff(session: Session, cast: Cast, known: Knowledge) -> None:
    case = a_case(session, cast)
    a_request(session, cast.cleo, join=case.number)
    withdraw.withdraw(session, session.get_one(Request, case.primary_request_id), act(cast.ada))
    correct.correct(session, case, RIGHT, act(cast.specialist), version=case.version, knowledge=known)
    for who in (cast.ada, cast.ben, cast.cleo):
        assert "corrected" not in [row.kind for row in timeline_of(session, case, who)]
        assert view(session, case, act(who)).service_url == ""


def test_a_correction_is_checked_as_a_submission_is(session: Session, cast: Cast, known: Knowledge) -> None:
    case = a_case(session, cast)
    wrong = {"service_name": " ", "service_url": "acme", "api_docs_url": ""}
    with pytest.raises(Incomplete) as refused:
        correct.correct(session, case, wrong, act(cast.specialist), version=case.version, knowledge=known)
    assert [error.field for error in refused.value.errors] == ["service_name", "service_url", "api_docs_url"]
    long = {**RIGHT, "service_name": "x" * 201}
    with pytest.raises(Incomplete, match="200 characters"):
        correct.correct(session, case, long, act(cast.specialist), version=case.version, knowledge=known)
    with pytest.raises(Stale):
        correct.correct(session, case, RIGHT, act(cast.specialist), version=99, knowledge=known)
    with pytest.raises(NotAllowed):
        correct.correct(session, case, RIGHT, act(cast.engineer), version=case.version, knowledge=known)


def test_a_merged_case_is_not_corrected_and_a_document_replaces_the_docs_address(
    session: Session, cast: Cast, known: Knowledge
) -> None:
    root, request = a_case(session, cast), a_request(session, cast.cleo)
    child = case_of(session, request)
    submit.keep_upload(session, request, submit.Upload("a.yaml", "x", "0", b"a: 1"), act(cast.cleo))
    bare = {**RIGHT, "api_docs_url": ""}
    assert correct.correct(session, child, bare, act(cast.specialist), version=child.version, knowledge=known)
    merge.merge(session, child, root, act(cast.lead), version=child.version, into_version=root.version)
    with pytest.raises(Refused, match="merged"):
        correct.correct(session, child, RIGHT, act(cast.specialist), version=child.version, knowledge=known)


def test_a_supporter_may_think_again_about_the_preview(session: Session, cast: Cast) -> None:
    case = a_case(session, cast)
    cleo = a_request(session, cast.cleo, join=case.number)
    assert supporting.answer_preview(session, cleo, act(cast.cleo), would=True)
    assert not supporting.answer_preview(session, cleo, act(cast.cleo), would=True)
    assert cleo.would_preview
    assert "preview.answer" not in [row.kind for row in timeline_of(session, case, cast.ada)]
    for who in (cast.ada, cast.specialist):
        with pytest.raises(NotAllowed):
            supporting.answer_preview(session, cleo, act(who), would=False)
    withdraw.withdraw(session, cleo, act(cast.cleo))
    with pytest.raises(Unfit, match="ended"):
        supporting.answer_preview(session, cleo, act(cast.cleo), would=False)


def test_a_request_for_somebody_keeps_how_they_agreed_and_tells_them(session: Session, cast: Cast) -> None:
    staff = act(cast.specialist)
    with pytest.raises(Unfit, match="agreed"):
        submit.submit(session, a_submission(), staff, on_behalf_of=cast.ada)
    with pytest.raises(NotAllowed, match="Only customers"):
        submit.submit(session, a_submission(), staff, consent="x")
    with pytest.raises(Unfit, match="only customers"):
        submit.submit(session, a_submission(), staff, on_behalf_of=cast.lead, consent="By mail")
    opened = submit.submit(session, a_submission(), staff, on_behalf_of=cast.ada, consent="By mail")
    case = case_of(session, opened)
    joined = submit.submit(
        session, a_submission(), staff, on_behalf_of=cast.cleo, consent="On the phone", join=case.number
    )
    assert (opened.person_id, joined.person_id, joined.case_id) == (cast.ada.id, cast.cleo.id, case.id)
    with pytest.raises(Unfit, match="They take part"):
        submit.submit(session, a_submission(), staff, on_behalf_of=cast.cleo, consent="Again", join=case.number)
    told = session.scalars(select(Job).where(Job.kind == "notify").order_by(Job.id)).all()
    assert [(job.args["notice"], job.args["request_id"]) for job in told] == [
        ("on_behalf", opened.id), ("on_behalf", joined.id),
    ]  # fmt: skip
    assert all(job.run_at == MONDAY for job in told), "at once, so that it can be withdrawn at once"
    words = [row.words for row in timeline_of(session, case, cast.ada)]
    assert ((("Consent", "By mail"),)) in words
    assert "On the phone" not in repr(words), "how Cleo agreed is for Cleo's account"
