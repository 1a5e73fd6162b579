"""The pages of merging: several at once, changing places, what a preview tells, who leads, what is corrected."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from factories import CLOCK, MONDAY, Cast, Counted, a_case, a_request, act, case_of, move
from flask import Flask
from sqlalchemy.orm import Session
from webclient import Browser, Page

from request_tracker.actions import heir, hold, merge, withdraw
from request_tracker.rules.people import Viewer
from request_tracker.store import candidates, heirs
from request_tracker.store.cases import Case
from request_tracker.store.requests import Request

Enter = Callable[[Viewer], Browser]


@pytest.fixture
def enter(app: Flask) -> Enter:
    return lambda who: Browser(app).sign_in(who)


@pytest.fixture
def three(app: Flask, session: Session, cast: Cast) -> list[Case]:
    """Three cases of one service, each of somebody else."""
    made = [a_case(session, cast), *(case_of(session, a_request(session, who)) for who in (cast.ben, cast.cleo))]
    for case in made:
        candidates.index_case(session, case, app.extensions["request_tracker"].known(session))
    session.commit()
    return made


def together(session: Session, cast: Cast, child: Case, root: Case) -> int:
    link = merge.merge(session, child, root, act(cast.lead), version=child.version, into_version=root.version)
    session.commit()
    return link.id


def hidden(page: Page, *names: str) -> dict[str, str]:
    return dict(re.findall(rf'name="({"|".join(names)})" value="([^"]+)"', page.text))


def again(session: Session, case: Case) -> Case:
    session.expire_all()
    return session.get_one(Case, case.id)


def test_several_are_chosen_compared_merged_and_undone(
    enter: Enter, session: Session, cast: Cast, three: list[Case]
) -> None:
    root, one, two = three
    who = enter(cast.specialist)
    address = f"/cases/{root.number}/merge-many"
    assert address in who.get(f"/cases/{root.number}").text
    ask = who.get(address)
    assert f'value="{one.number}"' in ask.text, "what is suggested can be ticked"
    shown = who.get(f"{address}?child={one.number}&numbers={two.number.lower()}")
    assert "2 cases to merge" in shown.text
    assert "1 person at 1 account now, and by 3 people at 2 accounts then" in shown.text
    fields: dict[str, Any] = {
        **hidden(shown, "into_version"),
        "child": re.findall(r'type="hidden" name="child" value="([^"]+)"', shown.text),
    }
    done = who.follow(who.post(address, fields, on=address))
    assert "You can undo all of it for 10 minutes" in done.text
    assert {again(session, case).merged_into_id for case in (one, two)} == {root.id}
    undo = re.search(r'action="(/merges/\d+/undo-all)"', done.text)
    assert undo
    assert "Undo all 2 merges made together" in done.text
    who.post(undo[1], on=f"/cases/{root.number}")
    assert {again(session, case).merged_into_id for case in (one, two)} == {None}
    assert "undo-all" not in who.get(f"/cases/{root.number}").text
    who.post(undo[1], on=f"/cases/{root.number}", status=409)


def test_if_one_stands_in_the_way_nothing_is_merged(
    enter: Enter, session: Session, cast: Cast, three: list[Case]
) -> None:
    root, one, two = three
    move(session, two, "discard", cast.specialist, reason="a test")
    session.commit()
    who = enter(cast.specialist)
    address = f"/cases/{root.number}/merge-many"
    shown = who.get(f"{address}?child={one.number}&child={two.number}")
    assert "has ended (invalid)" in shown.text
    assert 'name="into_version"' not in shown.text, "there is nothing to press"
    wrong = who.get(f"{address}?numbers=LITE-999999+nonsense", status=422)
    assert "There is no case LITE-999999" in wrong.text
    stale = {"into_version": str(root.version), "child": [f"{one.number}:99", f"{two.number}:{two.version}"]}
    refused = who.post(address, stale, on=address, status=409)
    assert "Somebody changed this case meanwhile" in refused.text
    assert again(session, one).merged_into_id is None
    old = who.post(address, {"into_version": "99", "child": f"{one.number}:{one.version}"}, on=address, status=409)
    assert "Somebody changed this case meanwhile" in old.text


def compare(who: Browser, address: str, status: int = 200, **typed: Any) -> Page:
    return who.post(address, {"step": "compare", **typed}, on=address, status=status)


def test_more_than_can_be_merged_at_once_is_refused_and_kept(
    enter: Enter, session: Session, cast: Cast, three: list[Case]
) -> None:
    root, one, two = three
    who = enter(cast.specialist)
    address = f"/cases/{root.number}/merge-many"
    numbers = [f"LITE-{n:06d}" for n in range(900_000, 900_240)]
    shown = compare(who, address, 422, child=[one.number], numbers="\n".join([two.number, *numbers]))
    assert "At most 50 cases can be merged at once, and you chose 242" in shown.text
    assert all(number in shown.text for number in (two.number, *numbers)), "what was typed is kept"
    assert re.search(rf'value="{one.number}" checked', shown.text)
    children = [f"{one.number}:{one.version}", *(f"{number}:1" for number in numbers[:50])]
    refused = who.post(address, {"into_version": root.version, "child": children}, on=address, status=422)
    assert "you chose 51" in refused.text
    assert numbers[49] in refused.text
    assert again(session, one).merged_into_id is None


def test_nothing_chosen_is_not_merged(enter: Enter, cast: Cast, three: list[Case]) -> None:
    root, *_ = three
    who = enter(cast.specialist)
    address = f"/cases/{root.number}/merge-many"
    for sent in ({"into_version": "1"}, {"into_version": "1", "child": ":1"}, {"step": "compare", "numbers": " , "}):
        refused = who.post(address, sent, on=address, status=422)
        assert "Tick or type at least one case" in refused.text
    assert "Tick or type" not in who.get(address).text


@pytest.mark.parametrize("version", ["²", "9" * 5000, "", "-1", "x"])
def test_a_version_that_is_no_number_is_an_old_one(
    enter: Enter, session: Session, cast: Cast, three: list[Case], version: str
) -> None:
    root, one, _ = three
    address = f"/cases/{root.number}/merge-many"
    sent = {"into_version": root.version, "child": f"{one.number}:{version}"}
    refused = enter(cast.specialist).post(address, sent, on=address, status=409)
    assert "Somebody changed this case meanwhile" in refused.text
    assert again(session, one).merged_into_id is None


def test_unknown_numbers_are_listed_and_the_choice_is_kept(
    enter: Enter, session: Session, cast: Cast, three: list[Case]
) -> None:
    root, one, _ = three
    address = f"/cases/{root.number}/merge-many"
    sent = {"into_version": root.version, "child": [f"{one.number}:{one.version}", "nonsense:1", "LITE-999999:1", ""]}
    refused = enter(cast.specialist).post(address, sent, on=address, status=422)
    assert "NONSENSE&#39; is no case number" in refused.text
    assert "There is no case LITE-999999" in refused.text
    assert re.search(rf'value="{one.number}" checked', refused.text)
    assert again(session, one).merged_into_id is None


def test_comparing_many_asks_the_same_few_statements_a_row(
    enter: Enter, session: Session, cast: Cast, three: list[Case]
) -> None:
    root, *rest = three
    rest += [case_of(session, a_request(session, cast.cleo, service_name=f"Other {n}")) for n in range(4)]
    together(session, cast, rest[5], rest[4])
    who = enter(cast.specialist)
    address = f"/cases/{root.number}/merge-many"

    def asked(cases: list[Case]) -> int:
        with Counted(session) as counted:
            assert f"{len(cases)} case" in compare(who, address, child=[case.number for case in cases]).text
        return len(counted.statements)

    few, more, most = (asked(rest[:n]) for n in (1, 3, 5))
    assert most - more <= (more - few) + 1, "a row costs the same, however many there are"
    assert more - few <= 2 * 10


def test_a_case_page_asks_no_more_for_many_merged_cases(
    enter: Enter, session: Session, cast: Cast, three: list[Case]
) -> None:
    root, one, _ = three
    who = enter(cast.specialist)

    def asked() -> int:
        with Counted(session) as counted:
            who.get(f"/cases/{root.number}")
        return len(counted.statements)

    together(session, cast, one, root)
    CLOCK["now"] = MONDAY + timedelta(hours=1)
    few = asked()
    for _ in range(7):
        together(session, cast, case_of(session, a_request(session, cast.ben)), root)
    assert asked() <= few


def test_a_merged_case_leads_instead_and_back_again(
    enter: Enter, session: Session, cast: Cast, three: list[Case]
) -> None:
    root, child, _ = three
    link = together(session, cast, child, root)
    who = enter(cast.specialist)
    address = f"/merges/{link}/swap"
    assert address in who.get(f"/cases/{root.number}").text
    shown = who.get(address)
    assert f"Let {child.number} lead instead of {root.number}?" in shown.text
    fields = hidden(shown, "version", "into_version")
    stale = who.post(address, {**fields, "version": "99"}, on=address, status=409)
    assert "compare them again" in stale.text
    done = who.follow(who.post(address, fields, on=address))
    assert f"{child.number} leads now" in done.text
    assert (again(session, root).merged_into_id, again(session, child).outcome) == (child.id, None)
    assert "Leads the combined requests now" in done.text
    version = hidden(who.get(f"/cases/{child.number}"), "version")
    who.post(f"/cases/{child.number}/undo", version, on=f"/cases/{child.number}")
    assert (again(session, root).outcome, again(session, child).merged_into_id) == (None, root.id)
    assert who.get(address).status == 200


def test_changing_places_is_refused_with_the_reason(enter: Enter, session: Session, cast: Cast) -> None:
    root = a_case(session, cast, phase="consultation")
    child = case_of(session, a_request(session, cast.cleo))
    link = together(session, cast, child, root)
    who = enter(cast.specialist)
    shown = who.get(f"/merges/{link}/swap")
    assert "leads now is in consultation, and the other one was in submission" in shown.text
    assert "swap the direction" not in shown.text
    assert "lead instead</button>" not in shown.text
    merge.unmerge(session, merge.merges.by_id(session, link), act(cast.lead))
    session.commit()
    assert "taken back already" in who.follow(who.get(f"/merges/{link}/swap", status=303)).text


def test_a_preview_tells_what_is_overdue_waiting_and_counted_twice(
    enter: Enter, session: Session, cast: Cast, three: list[Case]
) -> None:
    root, child, _ = three
    a_request(session, cast.ada, join=child.number, would_preview=True)
    session.commit()
    CLOCK["now"] = MONDAY + timedelta(days=20)
    text = " ".join(enter(cast.specialist).get(f"/cases/{child.number}/merge?into={root.number}").text.split())
    assert "(1 person at 1 account asked on both sides and counts once)" in text
    assert "1 person would join the private preview" in text
    assert f"Review of the request of {child.number} is overdue" in text
    assert "2 people who asked through" in text
    assert "“Your request was combined with another”" in text
    CLOCK["now"] = MONDAY
    hold.put_on(session, child, act(cast.specialist), reason="requester_info", question="Which plan?")
    session.commit()
    text = enter(cast.specialist).get(f"/cases/{child.number}/merge?into={root.number}").text
    assert "waits for an answer from the requester (“Which plan?”)" in text


def test_an_overdue_request_merged_into_a_fresh_one_shows_as_overdue(
    enter: Enter, session: Session, cast: Cast
) -> None:
    old = a_case(session, cast)
    late = MONDAY + timedelta(days=20)
    fresh = case_of(session, a_request(session, cast.cleo, now=late))
    session.commit()
    CLOCK["now"] = late
    who = enter(cast.specialist)
    shown = who.get(f"/cases/{old.number}/merge?into={fresh.number}")
    assert "stays overdue: merging does not heal a broken promise" in shown.text
    fields = hidden(shown, "into", "version", "into_version")
    who.post(f"/cases/{old.number}/merge", fields, on=f"/cases/{old.number}")
    rows = who.get("/queue?due=overdue")
    assert fresh.number in rows.text, "the queue counts the first promise of the tree"
    assert "Review of the request: overdue" in who.get(f"/cases/{old.number}").text


# Who leads


@pytest.fixture
def left(session: Session, cast: Cast) -> tuple[Case, Request, Request]:
    """Ada left her case; Cleo, who asked for it too, is asked to lead it."""
    case = a_case(session, cast, phase="consultation")
    first = session.get_one(Request, case.primary_request_id)
    cleo = a_request(session, cast.cleo, join=case.number)
    withdraw.withdraw(session, first, act(cast.ada))
    session.commit()
    return case, first, cleo


def test_the_asked_person_takes_the_lead_on_their_page(
    enter: Enter, session: Session, cast: Cast, left: tuple[Case, Request, Request]
) -> None:
    case, _, cleo = left
    who = enter(cast.cleo)
    assert "Say whether you take the lead" in who.get("/requests").text
    page = who.get(f"/requests/{cleo.number}")
    assert "Will you take the lead?" in page.text
    assert "It is your turn" in page.text
    who.post(f"/requests/{cleo.number}/lead", {"answer": "perhaps"}, status=422)
    done = who.follow(who.post(f"/requests/{cleo.number}/lead", {"answer": "yes"}))
    assert "you lead this request now" in done.text
    assert again(session, case).primary_request_id == cleo.id
    late = who.follow(who.post(f"/requests/{cleo.number}/lead", {"answer": "no"}))
    assert "not asked any more" in late.text
    enter(cast.specialist).post(f"/requests/{cleo.number}/lead", {"answer": "no"}, status=403)


def test_staff_see_who_is_asked_and_choose_or_ask_again(
    enter: Enter, session: Session, cast: Cast, left: tuple[Case, Request, Request]
) -> None:
    case, _, cleo = left
    who, address = enter(cast.specialist), f"/cases/{case.number}"
    page = who.get(address)
    assert "Cleo at Contoso is asked to, until 9 Nov 2026" in page.text
    assert f'action="{address}/primary/ask"' not in page.text, "somebody is asked already"
    assert "Reply to the requester" not in page.text, "there is nobody to reply to"
    for path in (f"{address}/clocks", "/queue", f"/requests/{cleo.number}"):
        who.get(path)
    heir.answer(session, session.get_one(Request, cleo.id), act(cast.cleo), yes=False)
    session.commit()
    page = who.get(address)
    assert "nobody is asked to: choose somebody, or ask again" in page.text
    who.post(f"{address}/primary/ask", hidden(page, "version", "seen"), on=address)
    session.expire_all()
    assert heirs.open_ask(session, case.id) is not None
    fields = {**hidden(who.get(address), "version", "seen"), "request": cleo.number}
    refused = who.post(f"{address}/primary", {**fields, "consent": " "}, on=address, status=422)
    assert "Say how the person agreed" in refused.text
    unknown = who.post(f"{address}/primary", {**fields, "request": "x", "consent": "y"}, on=address, status=422)
    assert "Choose one of those who ask for this now" in unknown.text
    who.post(f"{address}/primary", {**fields, "consent": "By phone"}, on=address)
    assert again(session, case).primary_request_id == cleo.id
    assert "Become" not in who.get(address).text


def test_who_left_reads_no_more_than_the_card(
    enter: Enter, session: Session, cast: Cast, left: tuple[Case, Request, Request]
) -> None:
    _, first, _ = left
    page = enter(cast.ada).get(f"/requests/{first.number}")
    assert "Take the withdrawal back" in page.text
    assert "Grant access" not in page.text
    assert "Cleo" not in page.text


def test_a_supporter_sees_that_somebody_is_looked_for(
    enter: Enter, session: Session, cast: Cast, left: tuple[Case, Request, Request]
) -> None:
    case, _, _ = left
    ben = a_request(session, cast.ben, join=case.number)
    session.commit()
    page = enter(cast.ben).get(f"/requests/{ben.number}")
    assert "We look for a new main contact" in page.text
    assert "Cleo" not in page.text


def test_the_consequences_of_leaving_say_who_is_asked(enter: Enter, session: Session, cast: Cast) -> None:
    case = a_case(session, cast)
    first = session.get_one(Request, case.primary_request_id)
    a_request(session, cast.cleo, join=case.number)
    session.commit()
    address = f"/requests/{first.number}/withdrawal"
    page = enter(cast.ada).get(address)
    assert "We ask them, one after the other" in page.text
    assert "Cleo" not in page.text, "other customers have no names"
    assert "Cleo is asked first" in enter(cast.specialist).get(address).text


def test_a_supporter_changes_their_mind_about_the_preview(enter: Enter, session: Session, cast: Cast) -> None:
    case = a_case(session, cast)
    cleo = a_request(session, cast.cleo, join=case.number)
    session.commit()
    who, staff = enter(cast.cleo), enter(cast.specialist)
    assert "nobody would join the private preview" in staff.get(f"/cases/{case.number}").text
    done = who.follow(who.post(f"/requests/{cleo.number}/would-preview", {"would": "yes"}))
    assert "you would join the private preview" in done.text
    shown = staff.get(f"/cases/{case.number}").text
    assert "1 would join the private preview" in shown
    assert "Would join the preview" in shown
    enter(cast.ada).post(f"/requests/{cleo.number}/would-preview", {"would": "no"}, status=404)


def test_a_case_is_corrected_on_its_page(enter: Enter, session: Session, cast: Cast) -> None:
    case = a_case(session, cast)
    session.commit()
    who, address = enter(cast.specialist), f"/cases/{case.number}"
    fields = {**hidden(who.get(address), "version", "seen"), "service_name": "Acme Invoices", "service_url": "acme"}
    wrong = who.post(f"{address}/correction", fields, on=address, status=422)
    assert 'href="#correct-service_url"' in wrong.text
    assert 'value="Acme Invoices"' in wrong.text, "what was typed is kept"
    fields |= {"service_url": "https://acme.example/", "api_docs_url": case.api_docs_url}
    done = who.follow(who.post(f"{address}/correction", fields, on=address))
    assert "Corrected: service name, website" in done.text
    assert again(session, case).service_name == "Acme Invoices"
    stale = who.post(f"{address}/correction", {**fields, "service_name": "B"}, on=address, status=409)
    assert "Corrected" in stale.text, "the page shows who changed what"
    enter(cast.engineer).post(f"{address}/correction", fields, on=address, status=403)
