"""The verdict on an API document: the rubric's points, its caps, and sentences that hold the figures."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from request_tracker.rules.assessment import ORDER, Judged, Judgement, judge, unreadable
from request_tracker.rules.rubric import RUBRIC
from request_tracker.rules.terms import Criterion, Verdict
from request_tracker.rules.vendor_api import (
    Analysis,
    Change,
    ChangeKind,
    Column,
    Figures,
    Paging,
    PagingStyle,
    Parent,
    SignIn,
    SignInKind,
    Table,
)

C, V = Criterion, Verdict
PAGED = Paging(PagingStyle.CURSOR)
COLUMNS = tuple(Column(name, name) for name in ("id", "name", "updated_at"))
CHANGING = Change(ChangeKind.FIELD, field="updated_at")
KEY = SignIn(SignInKind.API_KEY, name="X-Api-Key", place="header", pointers=("/sec",))
OAUTH = SignIn(SignInKind.OAUTH2, flows=("authorization_code",))


def a_table(name: str, parent: str = "", depth: int = 0, **fields: Any) -> Table:
    parents = (Parent(parent, f"{parent}_id", "id", f"{parent}_id"),) if parent else ()
    shape = {"columns": COLUMNS, "paging": PAGED, "change": CHANGING, "pointers": (f"/paths/{name}",), **fields}
    return Table(name=name, path=f"/{name}", data_path="$", parents=parents, depth=depth, **shape)


def flat(count: int, **fields: Any) -> tuple[Table, ...]:
    return tuple(a_table(f"t{index}", **fields) for index in range(count))


def an_analysis(
    tables: tuple[Table, ...], *, sign_in: SignIn = KEY, vendor: str = "static", **figures: Any
) -> Analysis:
    counted = {
        "operations": 60, "get_operations": 40, "get_with_schema": 40, "get_described": 40, "auth_vendor": vendor,
        "collection_endpoints": len(tables), "custom_field_share": 0.0, "fully_custom_share": 0.0, **figures,
    }  # fmt: skip
    return Analysis("openapi3.0", tables=tables, sign_in=(sign_in,), figures=Figures(**counted))


def of(judged: Judged, criterion: Criterion) -> Judgement:
    return next(each for each in judged.criteria if each.criterion is criterion)


DEEP = (
    a_table("teams"), a_table("projects", "teams", 1), a_table("files", "projects", 2), a_table("comments", "files", 3),
    *flat(16),
)  # fmt: skip
EVERYTHING = an_analysis(flat(36))


def test_a_good_document_has_all_points() -> None:
    judged = judge(EVERYTHING, data_needed="t3")
    assert (judged.verdict, judged.score, judged.caps, judged.alternatives) == (V.GREAT, 100, (), ())
    assert [each.criterion for each in judged.criteria] == list(Criterion)
    assert all(each.points == each.of for each in judged.criteria)
    assert sum(each.of for each in judged.criteria) == 100


POINTS: list[tuple[Criterion, Analysis, float, Verdict]] = [
    (C.DOCUMENTATION, an_analysis(flat(9), get_with_schema=20, get_described=14), 14.5, V.POSSIBLE),
    (C.DOCUMENTATION, an_analysis(flat(9), get_described=28, vendor="undeclared"), 17, V.GREAT),
    *((C.SIZE, an_analysis(flat(count)), points, verdict) for count, points, verdict in [
        (0, 0, V.POOR), (1, 5, V.POOR), (2, 5, V.POOR), (3, 12, V.POSSIBLE), (4, 12, V.POSSIBLE), (5, 20, V.GREAT),
        (60, 20, V.GREAT), (61, 16, V.GREAT), (120, 16, V.GREAT), (121, 11, V.POSSIBLE), (250, 11, V.POSSIBLE),
        (251, 7, V.POOR),
    ]),
    (C.NESTING, an_analysis((*flat(4), a_table("x", "t0", 2))), 20, V.GREAT),
    (C.NESTING, an_analysis(DEEP), 17.1, V.GREAT),
    (C.NESTING, an_analysis((*flat(7), *(a_table(f"x{n}", "t0", 3) for n in range(3)))), 12.6, V.POSSIBLE),
    (C.NESTING, an_analysis((*flat(4), a_table("x", "t0", 4))), 11.2, V.POSSIBLE),
    (C.STRUCTURE, an_analysis((*flat(4), *(replace(each, name=f"n{each.name}") for each in flat(4, columns=())))),
     9.75, V.POSSIBLE),
    (C.STRUCTURE, an_analysis(flat(6, paging=Paging(PagingStyle.UNCLEAR))), 10.5, V.POSSIBLE),
    (C.CUSTOM_DATA, an_analysis(flat(6), custom_field_share=0.5, fully_custom_share=0.1), 7.65, V.POSSIBLE),
    (C.AUTHENTICATION, an_analysis(flat(6), vendor="oauth2", sign_in=OAUTH), 4, V.POSSIBLE),
    (C.AUTHENTICATION, an_analysis(flat(6), vendor="undeclared"), 7, V.POSSIBLE),
    (C.AUTHENTICATION, an_analysis(flat(6), sign_in=SignIn(SignInKind.CERTIFICATE)), 4, V.POSSIBLE),
    (C.INCREMENTAL, an_analysis((*flat(3), a_table("log", change=Change(ChangeKind.APPEND)))), 3.75, V.POSSIBLE),
    (C.INCREMENTAL, an_analysis(flat(4, change=Change())), 0, V.POOR),
]  # fmt: skip


@pytest.mark.parametrize(("criterion", "analysis", "points", "verdict"), POINTS)
def test_each_criterion_is_worth_what_the_rubric_says(
    criterion: Criterion, analysis: Analysis, points: float, verdict: Verdict
) -> None:
    found = of(judge(analysis), criterion)
    assert (found.points, found.verdict) == (pytest.approx(points), verdict)


CAPS: list[tuple[Analysis, Verdict, str]] = [
    (an_analysis(flat(36), vendor="oauth2", sign_in=OAUTH), V.POSSIBLE, "OAuth 2.0 is the only way"),
    (an_analysis(flat(36), vendor="undeclared"), V.POSSIBLE, "not declared"),
    (an_analysis(flat(36), vendor="none"), V.POSSIBLE, "not declared"),
    (an_analysis(flat(4)), V.POSSIBLE, "4 tables to read is fewer than usual"),
    (an_analysis(flat(121)), V.POSSIBLE, "121 tables to read is more than usual"),
    (an_analysis((*flat(8), a_table("x", "t0", 3))), V.POSSIBLE, "1 of 9 tables need 3 lists or more"),
    (an_analysis(flat(36, is_typed=False, columns=())), V.POSSIBLE, "Of only 0 of 36 tables"),
    (an_analysis(flat(36), fully_custom_share=0.9), V.POSSIBLE, "columns are the customer's own"),
    (an_analysis(flat(36), customer_defines_tables=True), V.POOR, "end user defines the tables"),
    (replace(an_analysis(()), post_reads=("/a/list",)), V.POSSIBLE, "only through POST"),
    (replace(an_analysis(()), kind="html"), V.UNKNOWN, "a page for people"),
    (an_analysis((), graphql_only=True, get_operations=0, operations=1), V.UNKNOWN, "GraphQL schema"),
    (an_analysis(flat(9, is_typed=False), external_refs=659, get_with_schema=0), V.UNKNOWN, "659 references"),
    (an_analysis((), operations=0, get_operations=0), V.UNKNOWN, "no operations"),
]


@pytest.mark.parametrize(("analysis", "verdict", "sentence"), CAPS)
def test_each_cap_says_why_it_holds(analysis: Analysis, verdict: Verdict, sentence: str) -> None:
    judged = judge(analysis)
    assert judged.verdict is verdict
    assert len([each for each in judged.caps if sentence in each]) == 1
    assert (judged.alternatives != ()) == (verdict is V.POOR)
    assert judged.score == 0 or verdict is not V.UNKNOWN


SENTENCES = [
    (an_analysis(DEEP), C.NESTING,
     "18 of 20 tables can be read directly or under one parent; deepest chain: teams → projects → files → comments."),
    (EVERYTHING, C.AUTHENTICATION, "Key in the header “X-Api-Key”; no OAuth needed."),
    (an_analysis((*flat(3), replace(a_table("x"), change=Change()))), C.INCREMENTAL,
     "Of 4 tables, 3 hold a time of change; 1 has no change time and will be read in full at every sync."),
    (an_analysis((*flat(2, change=Change(ChangeKind.BOTH)), a_table("x"),
                  a_table("log", change=Change(ChangeKind.APPEND)))), C.INCREMENTAL,
     "Of 4 tables, 2 can be asked for changes, 1 holds a time of change, 1 only ever grows."),
    (an_analysis(flat(1, change=Change(), columns=())), C.INCREMENTAL,
     "The only table does not tell what changed: all will be read in full at every sync."),
    (an_analysis(flat(1, columns=())), C.STRUCTURE,
     "0 of 1 table has 3 named columns or more, 1 is read page by page in a known way."),
    (an_analysis(flat(5, change=Change())), C.INCREMENTAL,
     "None of 5 tables tells what changed: all will be read in full at every sync."),
    (an_analysis(flat(5)), C.NESTING, "All 5 tables can be read directly."),
    (an_analysis(flat(6), get_with_schema=39, get_described=12), C.DOCUMENTATION,
     "39 of 40 reads say what they answer, 12 have a description, and sign-in is declared."),
    (an_analysis((a_table("w"), a_table("x", "w", 1)), scope_param="w_id"), C.NESTING,
     "2 of 2 tables can be read directly or under one parent; deepest chain: w → x (“w_id” counts as one value a "
     "connection; walking it too, the deepest is 1)."),
]  # fmt: skip


@pytest.mark.parametrize(("analysis", "criterion", "sentence"), SENTENCES)
def test_the_sentences_hold_the_figures(analysis: Analysis, criterion: Criterion, sentence: str) -> None:
    assert of(judge(analysis), criterion).reason == sentence


def test_the_thresholds_are_those_of_the_rubric() -> None:
    asked = of(judge(EVERYTHING), C.SIZE).threshold
    assert asked == "Around 40 is ideal: 5 to 120 is great, 3 to 250 possible"
    other = replace(RUBRIC, sizes=((0, 0), (9, 3), (20, 20)), beyond=0)
    assert "10 to 20 is great" in of(judge(EVERYTHING, rubric=other), C.SIZE).threshold


def test_evidence_is_bounded_and_the_analysis_own_comes_first() -> None:
    assert of(judge(EVERYTHING), C.SIZE).pointers == tuple(f"/paths/t{index}" for index in range(5))
    named = replace(EVERYTHING, pointers={"size": ("/paths",)})
    assert of(judge(named), C.SIZE).pointers == ("/paths",)


def test_the_chosen_tables_are_judged_and_few_of_many_are_no_fault() -> None:
    big = an_analysis((*flat(300, paging=Paging()), *DEEP[:4]))
    few = frozenset(f"t{index}" for index in range(12))
    assert judge(big).verdict is V.POSSIBLE
    judged = judge(big, wanted=few)
    assert (judged.verdict, judged.caps) == (V.GREAT, ())
    assert of(judged, C.SIZE).reason == "12 of 304 tables were chosen for the use case."
    assert of(judge(big, wanted=frozenset({"t1", "gone"})), C.SIZE).points == 20
    assert judge(big, wanted=frozenset({"gone"})) == judge(big)
    assert of(judge(big, wanted=frozenset({"comments"})), C.NESTING).points == 0


def test_deprecated_tables_count_only_when_chosen_or_alone() -> None:
    old = flat(2, is_deprecated=True)
    live = tuple(replace(each, name=f"live_{each.name}") for each in flat(6))
    assert of(judge(an_analysis((*old, *live))), C.SIZE).figure == "6 tables"
    assert of(judge(an_analysis(old)), C.SIZE).figure == "2 tables"
    assert of(judge(an_analysis((*old, *live)), wanted=frozenset({"t0"})), C.SIZE).figure == "1 table"


@pytest.mark.parametrize(
    ("needed", "verdict", "figure"),
    [
        ("", V.UNKNOWN, "Nothing to look for"),
        ("t1, t2 and unicorns", V.POSSIBLE, "2 of 3 things asked for are found"),
        ("unicorns", V.UNKNOWN, "0 of 1 thing asked for is found"),
    ],
)
def test_the_use_case_is_left_to_the_specialist(needed: str, verdict: Verdict, figure: str) -> None:
    found = of(judge(EVERYTHING, data_needed=needed), C.USE_CASE)
    assert (found.verdict, found.figure, found.of) == (verdict, figure, 0)


def test_what_cannot_be_told_counts_neither_for_nor_against() -> None:
    silent = an_analysis(flat(36), fully_custom_share=None, custom_field_share=None)
    judged = judge(silent)
    assert of(judged, C.CUSTOM_DATA).verdict is V.UNKNOWN
    assert (judged.score, judged.verdict) == (100, V.GREAT)


def test_an_unreadable_document_is_unknown_in_everything() -> None:
    judged = unreadable("This is no API document: upload another.")
    assert {each.verdict for each in judged.criteria} == {V.UNKNOWN} == {judged.verdict}
    assert judged.caps == ("This is no API document: upload another.",)


def test_names_of_the_document_are_shown_harmlessly() -> None:
    name = "a\u202e\x00b\n" + "x" * 10_000
    evil = an_analysis((a_table(name), a_table("kid", name, 1)), sign_in=replace(KEY, name=name))
    for each in judge(evil).criteria:
        assert len(each.reason) < 400
        assert not {"\u202e", "\x00", "\n"} & set(each.reason)


def test_parents_in_a_loop_end() -> None:
    looped = (a_table("a", "b", 2), a_table("b", "a", 2), a_table("self", "self", 1), a_table("lost", "nowhere", 1))
    assert of(judge(an_analysis(looped, scope_param="a_id")), C.NESTING).of == 20


tables = st.lists(
    st.builds(
        Table,
        name=st.sampled_from([f"n{index}" for index in range(8)]),
        path=st.text(max_size=8),
        data_path=st.just("$"),
        columns=st.sampled_from([(), COLUMNS]),
        parents=st.lists(
            st.builds(Parent, st.sampled_from(["n0", "n1", "zz"]), st.just("p"), st.just("id"), st.just("p")),
            max_size=2,
        ).map(tuple),
        depth=st.integers(0, 5),
        paging=st.builds(Paging, st.sampled_from(PagingStyle)),
        change=st.builds(Change, st.sampled_from(ChangeKind)),
        is_typed=st.booleans(),
        is_deprecated=st.booleans(),
    ),
    max_size=7,
    unique_by=lambda each: each.name,
).map(tuple)
shares = st.none() | st.floats(0, 1)


@given(
    tables=tables,
    vendor=st.sampled_from(["static", "oauth2", "none", "undeclared", "odd"]),
    reads=st.integers(0, 50),
    typed=st.floats(0, 1),
    shares=st.tuples(shares, shares, st.booleans()),
    scope=st.sampled_from([None, "p"]),
    wanted=st.none() | st.frozensets(st.sampled_from(["n0", "n1", "gone"])),
)
def test_whatever_was_counted_gives_a_verdict_within_bounds(
    tables: tuple[Table, ...], vendor: str, reads: int, typed: float, shares: Any, scope: str | None, wanted: Any
) -> None:
    analysis = an_analysis(
        tables, vendor=vendor, operations=reads, get_operations=reads, get_with_schema=int(reads * typed),
        get_described=reads, custom_field_share=shares[0], fully_custom_share=shares[1],
        customer_defines_tables=shares[2], scope_param=scope,
    )  # fmt: skip
    judged = judge(analysis, wanted=wanted)
    assert 0 <= judged.score <= 100
    assert [each.criterion for each in judged.criteria] == list(Criterion)
    assert all(0 <= each.points <= each.of and each.figure and each.reason.endswith(".") for each in judged.criteria)
    by_score = V.GREAT if judged.score >= 80 else V.POSSIBLE if judged.score >= 50 else V.POOR
    if judged.verdict is not V.UNKNOWN:
        assert ORDER.index(judged.verdict) <= ORDER.index(by_score)
        assert judged.verdict is by_score or judged.caps
