"""The duplicates inbox through a browser without script: pairs one after the other, decided, undone, overtaken."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import combinations
from typing import Any

import pytest
from factories import CLOCK, MONDAY, Cast, a_case, act, move
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from webclient import Browser, Page

from request_tracker.actions import dismiss, merge
from request_tracker.rules.matching import Match
from request_tracker.store import candidates, dismissals, pairs, reading_duplicates
from request_tracker.store.cases import Case
from request_tracker.store.dismissals import DismissedPair
from request_tracker.store.merges import Merge
from request_tracker.store.pairs import DuplicatePair
from request_tracker.store.session import Database

Make = Callable[..., Case]


@pytest.fixture
def make(session: Session, cast: Cast) -> Make:
    def one(name: str = "Zephyr Ledger", phase: str = "submission", **more: Any) -> Case:
        case = a_case(session, cast, phase=phase, service_name=name, **more)
        session.commit()
        return case

    return one


def alike(session: Session, left: Case, right: Case, score: float = 0.9, decision: Any = "suggest") -> None:
    """The pair as it is found by comparing, without comparing."""
    found = {
        (row.left_id, row.right_id): Match(row.score, row.decision, tuple(row.reasons))  # type: ignore[arg-type]
        for row in pairs.touching(session, [left.id])
    }
    kept = {other: match for pair, match in found.items() for other in pair if other != left.id}
    kept[right.id] = Match(score, decision, ("same name", "same website domain"))
    pairs.replace(session, left.id, [left.id], kept, MONDAY)
    session.commit()


def at(app: Flask, who: Any) -> Browser:
    return Browser(app).sign_in(who)


def page_of(left: Case, right: Case) -> str:
    return f"/duplicates/{left.number}/{right.number}"


def form(page: Page, action: str) -> dict[str, str]:
    """The hidden fields of the form on the page whose address ends so."""
    found = re.search(rf'<form[^>]*action="([^"]*{action}[^"]*)".*?</form>', page.text, re.DOTALL)
    assert found, f"the page has a form for {action}"
    return dict(re.findall(r'name="(\w+)" value="([^"]*)"', found[0]))


def send(browser: Browser, path: str, what: str, status: int = 303, **more: str) -> Page:
    """Press the button of the pair's page."""
    fields = {name: value for name, value in form(browser.get(path), what).items() if name != "csrf_token"}
    return browser.post(f"{path}/{what}", {**fields, **more}, status=status, on=path)


def numbers(page: Page) -> list[str]:
    return re.findall(r'data-row href="/duplicates/(LITE-\d+/LITE-\d+)', page.text)


def count(session: Session) -> int:
    session.expire_all()
    return len(session.scalars(select(DuplicatePair)).all())


def test_an_empty_inbox_says_so(app: Flask, cast: Cast) -> None:
    page = at(app, cast.specialist).get("/duplicates")
    assert "Nothing to decide" in page.text
    assert ">Duplicates</a>" in page.text


def test_pairs_are_listed_most_alike_first_with_their_reasons(
    app: Flask, session: Session, cast: Cast, make: Make
) -> None:
    one, two, three = make("Zephyr <b>Ledger</b>"), make(phase="validation"), make()
    alike(session, one, two, 0.614)
    alike(session, one, three, 0.96, "merge")
    page = at(app, cast.lead).get("/duplicates")
    assert numbers(page) == [f"{one.number}/{three.number}", f"{one.number}/{two.number}"]
    for words in (
        "Same name; same website domain",
        ">96</span>",
        ">61</span>",
        "Zephyr &lt;b&gt;",
        "2 pairs, most alike",
    ):
        assert words in page.text
    assert "Duplicates (2)" in page.text


def test_filters_are_the_address_and_stay_with_the_pairs(app: Flask, session: Session, cast: Cast, make: Make) -> None:
    one, two, three = make(), make(phase="validation"), make()
    alike(session, one, two, 0.6)
    alike(session, one, three, 0.96, "merge")
    browser = at(app, cast.specialist)
    wanted = {"band=merge": [three], "band=suggest": [two], "phase=validation": [two], "assignee=me": [two]}
    for query, others in wanted.items():
        assert numbers(browser.get(f"/duplicates?{query}")) == [f"{one.number}/{each.number}" for each in others]
    assert numbers(browser.get("/duplicates?assignee=none")) == [f"{one.number}/{three.number}"]
    assert "No pair fits this view" in browser.get("/duplicates?phase=development").text
    shown = browser.get(f"{page_of(one, two)}?phase=validation")
    assert "/duplicates?phase=validation" in shown.text
    assert "phase=validation" in re.findall(r'action="([^"]*dismiss[^"]*)"', shown.text)[0]


@pytest.mark.parametrize(
    "query", ["band=x", "phase=x", "assignee=x", "cursor=x", "cursor=WyJuYW4iLCAxXQ", "cursor=W10"]
)
def test_an_unknown_filter_is_told(app: Flask, cast: Cast, query: str) -> None:
    assert "Unknown filter" in at(app, cast.specialist).get(f"/duplicates?{query}", status=422).text


def test_pages_follow_one_another_without_a_gap_even_among_equals(
    app: Flask, session: Session, cast: Cast, make: Make
) -> None:
    cases = [make() for _ in range(9)]
    for number, (left, right) in enumerate(combinations(cases, 2)):
        alike(session, left, right, 0.9 if number % 2 else 0.5)
    browser = at(app, cast.specialist)
    first = browser.get("/duplicates")
    following = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert following
    second = browser.get(following[1].replace("&amp;", "&"))
    assert len(numbers(first)) == reading_duplicates.SHOWN
    assert len({*numbers(first), *numbers(second)}) == 36 == len(numbers(first)) + len(numbers(second))
    assert "Duplicates (20+)" in first.text


def test_two_cases_stand_side_by_side_with_their_differences(
    app: Flask, session: Session, cast: Cast, make: Make
) -> None:
    one = make("Zephyr Ledger", use_case="Books by region")
    two = make("Zephyr Books", phase="validation", data_needed="Ledgers", api_docs_url="https://other.example/api")
    alike(session, one, two)
    page = at(app, cast.specialist).get(page_of(two, one))
    for words in (
        "90 of 100 alike: same name; same website domain", "<mark>Ledger</mark>", "<mark>Books</mark>", "Differs",
        "Same</span>", "Books by region", "Ledgers", f"{two.number} would go on", "Review of the request",
        "Ada, Northwind", "1 person at 1 account",
    ):  # fmt: skip
        assert words in page.text
    assert "docs.acmebilling" in page.text


def test_each_decision_leads_to_the_next_pair_and_can_be_taken_back(
    app: Flask, session: Session, cast: Cast, make: Make
) -> None:
    one, two, three = make(), make(), make()
    alike(session, one, two, 0.9)
    alike(session, one, three, 0.8)
    browser = at(app, cast.specialist)
    onward = send(browser, page_of(one, two), "dismiss", kind="different")
    assert onward.location.endswith(page_of(one, three))
    shown = browser.follow(onward)
    assert f"{one.number} and {two.number} were called not the same" in shown.text
    last = send(browser, page_of(one, three), "dismiss", kind="related")
    assert last.location.endswith("/duplicates")
    assert "Nothing to decide" in browser.follow(last).text
    back = browser.post("/duplicates/undo", form(browser.get("/duplicates"), "undo"), on="/duplicates")
    assert back.location.endswith(page_of(one, three))
    assert "decide about this pair anew" in browser.follow(back).text
    assert dismissals.between(session, one.id, three.id) is None


def test_a_pair_is_merged_the_usual_way_and_undone(app: Flask, session: Session, cast: Cast, make: Make) -> None:
    one, two, three = make(), make(phase="validation"), make()
    alike(session, one, two, 0.9)
    alike(session, one, three, 0.8)
    alike(session, two, three, 0.7)
    browser = at(app, cast.specialist)
    onward = send(browser, page_of(one, two), "merge")
    session.expire_all()
    assert (one.merged_into_id, two.outcome) == (two.id, None)
    assert onward.location.endswith(page_of(two, three)), "the pair of the merged case is not offered"
    shown = browser.follow(onward)
    assert f"{one.number} was merged into {two.number}." in shown.text
    back = browser.post("/duplicates/undo", form(shown, "undo"), on="/duplicates")
    assert "stands alone again, and nobody was told" in browser.follow(back).text
    session.expire_all()
    assert one.merged_into_id is None


def test_the_offer_to_undo_goes_with_the_window(app: Flask, session: Session, cast: Cast, make: Make) -> None:
    one, two = make(), make()
    alike(session, one, two)
    browser = at(app, cast.specialist)
    page = browser.follow(send(browser, page_of(one, two), "merge"))
    CLOCK["now"] = MONDAY + timedelta(hours=1)
    assert "Your last decision" not in browser.get("/duplicates").text
    late = browser.post("/duplicates/undo", form(page, "undo"), on="/duplicates")
    assert "cannot be undone here any more" in browser.follow(late).text
    session.expire_all()
    assert two.merged_into_id == one.id


def test_the_direction_can_be_swapped_where_it_is_allowed(app: Flask, session: Session, cast: Cast, make: Make) -> None:
    one, two = make(), make()
    alike(session, one, two)
    browser = at(app, cast.specialist)
    assert f"{one.number} would go on" in browser.get(page_of(one, two)).text
    swapped = browser.get(f"{page_of(one, two)}?into={two.number}")
    assert f"{two.number} would go on" in swapped.text
    fields = form(swapped, "/merge")
    browser.post(f"{page_of(one, two)}/merge", fields, on=page_of(one, two))
    session.expire_all()
    assert one.merged_into_id == two.id


def test_a_direction_that_is_not_possible_says_why_and_has_no_button(
    app: Flask, session: Session, cast: Cast, make: Make
) -> None:
    built, new = make(phase="development"), make()
    alike(session, built, new)
    browser = at(app, cast.specialist)
    assert "Not possible the other way: The case to merge is in development" in browser.get(page_of(built, new)).text
    swapped = browser.get(f"{page_of(built, new)}?into={new.number}")
    assert "Not possible this way" in swapped.text
    assert "/merge" not in re.findall(r'action="([^"]*)"', swapped.text)
    fields = {"into": new.number, "version": str(built.version), "into_version": str(new.version)}
    refused = browser.post(f"{page_of(built, new)}/merge", fields, status=409, on="/duplicates")
    assert "only a lead may merge it" in refused.text


def test_what_somebody_else_merged_meanwhile_is_told_with_the_next_pair(
    app: Flask, session: Session, cast: Cast, make: Make
) -> None:
    one, two, three = make(), make(), make()
    alike(session, one, two, 0.9)
    alike(session, one, three, 0.8)
    browser = at(app, cast.specialist)
    fields = form(browser.get(page_of(one, two)), "/merge")
    merge.merge(session, two, one, act(cast.lead), version=two.version, into_version=one.version)
    session.commit()
    for what, sent in (("merge", fields), ("dismiss", {"kind": "different"})):
        told = browser.post(f"{page_of(one, two)}/{what}", sent, status=409, on="/duplicates")
        assert f"{two.number} was merged into {one.number} by Lead" in told.text
        assert page_of(one, three) in told.text
    assert session.scalars(select(DismissedPair)).all() == []
    assert "nothing left to decide" in browser.get(page_of(one, two)).text


def test_a_merge_with_a_third_leads_to_the_pair_of_the_roots(
    app: Flask, session: Session, cast: Cast, make: Make
) -> None:
    one, two, three = make(), make(), make()
    merge.merge(session, two, three, act(cast.lead), version=two.version, into_version=three.version)
    session.commit()
    page = at(app, cast.specialist).get(page_of(one, two))
    assert f'href="{page_of(one, three)}"' in page.text


def test_what_somebody_else_dismissed_is_told_and_can_be_taken_back(
    app: Flask, session: Session, cast: Cast, make: Make
) -> None:
    one, two = make(), make()
    alike(session, one, two)
    dismiss.dismiss(session, one, two, act(cast.lead), kind="related")
    session.commit()
    browser = at(app, cast.specialist)
    path = page_of(one, two)
    told = browser.post(f"{path}/dismiss", {"kind": "different"}, status=409, on="/duplicates")
    assert "were called related, but not the same by Lead" in told.text
    assert dismissals.between(session, one.id, two.id).kind == "related"  # type: ignore[union-attr]
    back = browser.post(f"{path}/take-back", on=path)
    assert "Merge into" in browser.follow(back).text


def test_nobody_waits_while_a_pair_is_compared_again(
    app: Flask, session: Session, cast: Cast, make: Make, rolled: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look-up reads only: on SQLite a unit of work that writes keeps all others from writing."""
    one, two = make(), make()
    dismiss.dismiss(session, one, two, act(cast.lead))
    session.commit()
    writing, compared, real = [False], [], rolled.transaction

    @contextmanager
    def transaction() -> Iterator[Session]:
        writing[0] = True
        with real() as unit:
            yield unit
        writing[0] = False

    monkeypatch.setattr(rolled, "transaction", transaction)
    monkeypatch.setattr(candidates, "best_pairs", lambda *_, **__: compared.append(writing[0]) or [])
    at(app, cast.specialist).post(f"{page_of(one, two)}/take-back", on=page_of(one, two))
    assert compared == [False]


def test_a_stale_comparison_merges_nothing_and_is_shown_anew(
    app: Flask, session: Session, cast: Cast, make: Make
) -> None:
    one, two = make(), make()
    alike(session, one, two)
    browser = at(app, cast.specialist)
    fields = form(browser.get(page_of(one, two)), "/merge")
    move(session, two, "claim", cast.specialist)
    session.commit()
    told = browser.post(f"{page_of(one, two)}/merge", fields, status=409, on="/duplicates")
    assert "Somebody changed one of the two cases meanwhile" in told.text
    assert session.scalars(select(Merge)).all() == []
    again = form(told, "/merge")
    assert again["version"] == str(one.version if again["into"] == two.number else two.version)


@pytest.mark.parametrize(("field", "value"), [("into", "LITE-999999"), ("into", ""), ("version", "x"), ("version", "")])
def test_a_form_that_was_tampered_with_merges_nothing(
    app: Flask, session: Session, cast: Cast, make: Make, field: str, value: str
) -> None:
    one, two = make(), make()
    alike(session, one, two)
    send(at(app, cast.specialist), page_of(one, two), "merge", status=409, **{field: value})
    assert session.scalars(select(Merge)).all() == []


def test_an_ended_case_is_told(app: Flask, session: Session, cast: Cast, make: Make) -> None:
    one, two = make(), make()
    alike(session, one, two)
    move(session, two, "close", cast.lead, reason="The vendor is gone")
    session.commit()
    browser = at(app, cast.specialist)
    assert f"{two.number} has ended (closed)" in browser.get(page_of(one, two)).text
    assert numbers(browser.get("/duplicates")) == []


def test_a_pair_that_was_never_compared_can_be_looked_at(app: Flask, cast: Cast, make: Make) -> None:
    page = at(app, cast.specialist).get(page_of(make(), make()))
    assert "being compared anew" in page.text
    assert "Merge into" in page.text


def test_addresses_that_lead_nowhere(app: Flask, cast: Cast, make: Make) -> None:
    one = make()
    browser = at(app, cast.specialist)
    for path in (page_of(one, one), f"/duplicates/{one.number}/LITE-999999", "/duplicates/x/y"):
        browser.get(path, status=404)
    browser.post(f"{page_of(one, one)}/dismiss", {"kind": "different"}, status=404, on="/duplicates")


def test_dismissed_pairs_are_listed_and_taken_back(app: Flask, session: Session, cast: Cast, make: Make) -> None:
    one, two, three = make(), make("Other Books"), make()
    dismiss.dismiss(session, one, two, act(cast.lead), kind="related")
    dismiss.dismiss(session, three, one, act(cast.specialist))
    session.commit()
    browser = at(app, cast.specialist)
    page = browser.get("/duplicates/dismissed")
    for words in ("Related only", "Not the same", "Lead", "Specialist", "Other Books"):
        assert words in page.text
    browser.post(f"{page_of(one, two)}/take-back", on="/duplicates/dismissed")
    session.expire_all()
    assert "Related only" not in browser.get("/duplicates/dismissed").text
    assert "No longer called only related to" in browser.get(f"/cases/{one.number}").text


def test_related_services_are_known_to_staff_only(session: Session, cast: Cast, make: Make) -> None:
    one, two, three, four = make(), make("Other Books"), make(), make()
    dismiss.dismiss(session, one, two, act(cast.lead), kind="related")
    dismiss.dismiss(session, one, three, act(cast.lead), kind="different")
    merge.merge(session, two, four, act(cast.lead), version=two.version, into_version=four.version)
    session.commit()
    assert [row.number for row in reading_duplicates.related(session, one.id, cast.engineer)] == [four.number]
    assert [row.number for row in reading_duplicates.related(session, two.id, cast.lead)] == [one.number]
    assert reading_duplicates.related(session, one.id, cast.ada) == ()


def test_requesters_get_no_pair_even_by_the_reader(session: Session, cast: Cast, make: Make) -> None:
    alike(session, make(), make())
    assert reading_duplicates.page(session, reading_duplicates.Filter(), cast.ada).items == ()
    assert reading_duplicates.count(session, cast.ada) == 0
    assert reading_duplicates.decided(session, "", cast.ada).items == ()
    assert reading_duplicates.count(session, cast.lead) == 1


def test_one_persons_decision_is_not_offered_to_another(app: Flask, session: Session, cast: Cast, make: Make) -> None:
    one, two = make(), make()
    alike(session, one, two)
    first = at(app, cast.specialist)
    send(first, page_of(one, two), "dismiss", kind="different")
    assert "Your last decision" in first.get("/duplicates").text
    assert "Your last decision" not in at(app, cast.lead).get("/duplicates").text
    assert count(session) == 0
