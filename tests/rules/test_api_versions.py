"""Two versions of a document: every difference a connector depends on is told once, and the way back mirrors it."""

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from request_tracker.rules.api_versions import Comparison, compare
from request_tracker.rules.vendor_api import (
    Analysis,
    Change,
    ChangeKind,
    Column,
    ColumnKind,
    Figures,
    Paging,
    PagingStyle,
    Parent,
    SignIn,
    SignInKind,
    Table,
)

FILES = Table(
    "files", "/files", "data", key=("id",), columns=(Column("id", "id"), Column("size", "size", ColumnKind.INT)),
    paging=Paging(PagingStyle.CURSOR, param="after"),
)  # fmt: skip
OLD = Analysis("openapi3.0", tables=(FILES,), sign_in=(SignIn(SignInKind.API_KEY, "X-Key", "header"),))


def of(**changes: object) -> Analysis:
    return replace(OLD, tables=(replace(FILES, **changes),))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("new", "sentences"),
    [
        (replace(OLD, tables=()), ["Table files is gone."]),
        (replace(OLD, tables=(*OLD.tables, Table("tags", "/tags", "$"))), ["Table tags is new."]),
        (of(path="/v2/files"), ["Table files: its path changed from GET /files to GET /v2/files."]),
        (of(name="documents"), ["Table documents: its name changed from files to documents."]),
        (of(key=("uuid",)), ["Table files: its key changed from id to uuid."]),
        (of(parents=(Parent("teams", "team_id", "id", "team_id"),)),
         ["Table files: its parents changed from none to teams (by team_id)."]),
        (of(paging=Paging(PagingStyle.PAGE, param="page")),
         ["Table files: its paging changed from cursor (by after) to page (by page)."]),
        (of(change=Change(ChangeKind.FILTER, filter="since")),
         ["Table files: its way of telling changes changed from none to filter (by since)."]),
        (of(is_deprecated=True), ["Table files: its standing changed from current to deprecated."]),
        (of(columns=(Column("id", "id", ColumnKind.LONG), Column("name", "name"))),
         ["Table files: 1 column is gone: size.", "Table files: 1 column is new: name.",
          "Table files: 1 column has another type: id (STRING → LONG)."]),
        (replace(OLD, sign_in=(SignIn(SignInKind.OAUTH2, flows=("implicit",)),)),
         ["Signing in by api key in the header X-Key is gone.", "Signing in by oauth2 (implicit) is new."]),
        (replace(OLD, figures=Figures(operations=3, nesting_max=2, custom_field_share=0.251)),
         ["Operations: 0 before, 3 now.", "Deepest nesting: not known before, 2 now.",
          "Lists with custom fields: not known before, 25 % now."]),
    ],
)  # fmt: skip
def test_each_difference_is_a_sentence(new: Analysis, sentences: list[str]) -> None:
    assert list(compare(OLD, new).sentences) == sentences


def test_many_columns_are_counted_and_names_of_the_document_are_shown_harmlessly() -> None:
    columns = (*FILES.columns, *(Column(f"c{index}\u202e\n", "c") for index in range(20)))
    (sentence,) = compare(OLD, of(columns=columns)).sentences
    assert sentence == "Table files: 20 columns are new: c0, c1, c2, c3, c4 and 15 more."


tables = st.lists(
    st.builds(
        Table,
        name=st.sampled_from("abcd"),
        path=st.sampled_from(["/a", "/b", "/c", "/d"]),
        data_path=st.sampled_from(["$", "data"]),
        columns=st.lists(st.builds(Column, st.sampled_from("xyz"), st.just("x"), st.sampled_from(ColumnKind)),
                         unique_by=lambda each: each.name, max_size=3).map(tuple),
        key=st.sampled_from([(), ("x",)]),
        is_deprecated=st.booleans(),
    ),
    max_size=4, unique_by=lambda each: each.name,
).map(tuple)  # fmt: skip
analyses = st.builds(
    Analysis,
    kind=st.just("openapi3.0"),
    tables=tables,
    sign_in=st.lists(st.builds(SignIn, st.sampled_from(SignInKind)), max_size=2).map(tuple),
    figures=st.builds(Figures, operations=st.integers(0, 3), nesting_max=st.none() | st.integers(0, 3)),
)


@given(analyses)
def test_nothing_differs_from_itself(each: Analysis) -> None:
    found = compare(each, each)
    assert found == Comparison()
    assert found.is_empty
    assert found.sentences == ()


@example(
    replace(OLD, tables=(FILES, replace(FILES, name="copies"))),
    replace(OLD, tables=(replace(FILES, name="documents"), replace(FILES, name="papers"))),
)
@given(analyses, analyses)
def test_the_way_back_mirrors_the_way_there(old: Analysis, new: Analysis) -> None:
    there, back = compare(old, new), compare(new, old)
    assert (sorted(there.added), sorted(there.gone)) == (sorted(back.gone), sorted(back.added))
    assert len(there.changed) == len(back.changed)
    assert {(each.name, each.before, each.after) for each in there.figures} == {
        (each.name, each.after, each.before) for each in back.figures
    }
    turned = [each.replace("is new", "is gone") if "is new" in each else each.replace("is gone", "is new")
              for each in there.sign_in]  # fmt: skip
    assert sorted(turned) == sorted(back.sign_in)


@given(analyses, analyses)
def test_every_table_is_added_gone_or_in_both(old: Analysis, new: Analysis) -> None:
    found = compare(old, new)
    assert len(new.tables) - len(found.added) == len(old.tables) - len(found.gone)
    assert set(found.added) <= {each.name for each in new.tables}
    assert set(found.gone) <= {each.name for each in old.tables}
