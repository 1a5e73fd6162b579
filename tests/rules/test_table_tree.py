"""The tree of proposed tables: every table once, below its parent; a picture in which nothing lies on anything."""

import pytest
from factories import a_table
from hypothesis import given, settings
from hypothesis import strategies as st

from request_tracker.rules.chosen import matched
from request_tracker.rules.completeness import ABSENT, LEFT_OUT, Checklist, Item, SeenTable, expect
from request_tracker.rules.proposal_words import changes_of, marks_of, paging_of
from request_tracker.rules.strangers import plain
from request_tracker.rules.table_tree import (
    BOX_WIDTH,
    EDGE,
    LABEL,
    MOST_BOXES,
    Look,
    ancestors,
    arrange,
    folded,
    picture,
)
from request_tracker.rules.vendor_api import Change, ChangeKind, Paging, PagingStyle, Parent, Table

names = st.text("abcdefgh_", min_size=1, max_size=6)


@st.composite
def proposals(draw: st.DrawFn) -> tuple[tuple[Table, ...], frozenset[str]]:
    """Tables whose parents come before them, some with parents that do not exist; and a choice of them."""
    tables: list[Table] = []
    for name in draw(st.lists(names, unique=True, max_size=90)):
        known = {each.name: each for each in tables}
        above = draw(st.lists(st.sampled_from(["nowhere", *known]), max_size=2)) if known else []
        walked = {*above, *ancestors(known, above)} & known.keys()
        parents = tuple(Parent(each, "p", "id", "p_id") for each in above)
        tables.append(Table(name, f"/{name}", "$", parents=parents, depth=len(walked)))
    order = draw(st.permutations(tables))
    chosen = draw(st.sets(st.sampled_from([each.name for each in tables]))) if tables else set()
    return tuple(order), frozenset(chosen)


@settings(max_examples=60)
@given(proposals())
def test_every_table_stands_once_below_the_last_one_walked_before_it(
    given: tuple[tuple[Table, ...], frozenset[str]],
) -> None:
    tables, _ = given
    branches = arrange(tables)
    assert sorted(each.name for each in branches) == sorted(each.name for each in tables)
    above: list[str] = []
    for each in branches:
        above = [*above[: each.level], each.name]
        assert each.parent == (above[-2] if each.level else "")
        assert not each.level or each.parent in {parent.table for parent in each.table.parents}
        assert len(each.walks) == each.table.depth
        assert each.name not in each.walks
    assert sum(each.below + 1 for each in branches if not each.level) == len(tables)


@settings(max_examples=60)
@given(proposals())
def test_no_box_of_the_picture_lies_on_another_or_outside(given: tuple[tuple[Table, ...], frozenset[str]]) -> None:
    tables, chosen = given
    drawn = picture(arrange(tables), chosen)
    assert len(drawn.boxes) <= MOST_BOXES
    for place, box in enumerate(drawn.boxes):
        assert box.x >= EDGE
        assert box.x + box.width <= drawn.width - EDGE
        assert box.y >= EDGE
        assert box.y + box.height <= drawn.height - EDGE
        assert len(box.twig.label) <= LABEL
        for other in drawn.boxes[:place]:
            beside = box.x >= other.x + other.width or other.x >= box.x + box.width
            assert beside or box.y >= other.y + other.height or other.y >= box.y + box.height
    for line in drawn.lines:
        ends = [(box.x + box.width, box.middle) for box in drawn.boxes], [(box.x, box.middle) for box in drawn.boxes]
        assert (line.x1, line.y1) in ends[0]
        assert (line.x2, line.y2) in ends[1]
        assert all(not box.x < line.bend < box.x + BOX_WIDTH for box in drawn.boxes), "lines bend between the boxes"
    assert len(drawn.lines) == sum(box.twig.level > 0 for box in drawn.boxes)


@settings(max_examples=60)
@given(proposals())
def test_folding_loses_no_chosen_table_that_has_room(given: tuple[tuple[Table, ...], frozenset[str]]) -> None:
    tables, chosen = given
    twigs = folded(arrange(tables), chosen)
    shown = {each.name for each in twigs if each.name}
    assert all((each.name in chosen) == (each.look is Look.CHOSEN) for each in twigs if each.name)
    needed = chosen | ancestors({each.name: each for each in tables}, chosen)
    if needed and len(needed) <= MOST_BOXES and not any(each.look is Look.FOLDED for each in twigs):
        assert needed <= shown


def test_a_big_api_shows_what_is_chosen_or_else_counts() -> None:
    tables = (*(a_table(f"t{each:03}") for each in range(300)), a_table("deep", "t007"), a_table("other", "t007"))
    branches = arrange(tables)
    assert [each.label for each in folded(branches, {"deep", "t100"})] == ["t007", "deep", "t100"]
    nothing = folded(branches, ())
    assert len(nothing) <= MOST_BOXES
    assert nothing[-1].label == "259 more tables"
    assert {"t007", "deep", "other"} <= {each.name for each in nothing}
    inner = [a_table(f"p{each:02}") for each in range(9)]
    inner += [a_table(f"c{each:03}", f"p{each % 9:02}") for each in range(90)]
    inner += [a_table(f"g{each:03}", f"p{each % 9:02}", f"c{each:03}") for each in range(90)]
    counted = folded(arrange(inner), ())
    assert [each.label for each in counted[:3]] == ["p00", "c000 +1", "c009 +1"]
    assert {each.name for each in counted} >= {f"p{each:02}" for each in range(9)}, "every group is still there"
    crowd = [table for each in range(100) for table in (a_table(f"p{each:03}"), a_table(f"c{each:03}", f"p{each:03}"))]
    cut = folded(arrange(crowd), ())
    assert [cut[0].label, cut[-1].label, len(cut)] == ["p000 +1", "60 more tables", 41]


def test_tables_that_go_in_circles_are_shown_all_the_same() -> None:
    loop = [Table("a", "/a", "$", parents=(Parent("b", "b", "id", "b"),), depth=1),
            Table("b", "/b", "$", parents=(Parent("a", "a", "id", "a"),), depth=1)]  # fmt: skip
    assert [(each.name, each.level) for each in arrange(loop)] == [("a", 0), ("b", 0)]


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("two\nlines\tand\x00\x1b[31m", "two lines and [31m"),
        ("in\u202evert\u2066ed\u200f", "inverted"),
        ("  a  " * 3, "a a a"),
        ("x" * 300, "x" * 199 + "…"),
        (None, "None"),
    ],
)
def test_a_strangers_text_is_one_plain_line(said: object, shown: str) -> None:
    assert plain(said) == shown


@pytest.mark.parametrize(
    ("tables", "decided", "found"),
    [
        ({"a": "/a"}, {"a": "/old"}, {"a": "a"}),
        ({"bills": "/b"}, {"invoices": "/b"}, {"bills": "invoices"}),
        ({"bills": "/b", "invoices": "/c"}, {"invoices": "/b"}, {"invoices": "invoices"}),
        ({"x": "/graphql", "y": "/graphql"}, {"z": "/graphql"}, {}),
        ({"x": "/graphql"}, {"y": "/graphql", "z": "/graphql"}, {}),
    ],
)
def test_a_table_is_told_by_its_name_or_by_a_path_of_its_own(
    tables: dict[str, str], decided: dict[str, str], found: dict[str, str]
) -> None:
    assert matched(tables, decided) == found


def test_chosen_tables_are_expected_whatever_their_case_and_stay_open_until_judged() -> None:
    seen = (SeenTable("acme", "Invoices"), SeenTable("acme", "users", enabled=False), SeenTable("acme", "extra"))
    found = expect((*seen, SeenTable("acme", "group_list")), ["invoices", "USERS", "payments", "group"], "acme")
    assert [(table.name, is_chosen, absent) for table, is_chosen, absent in found] == [
        ("Invoices", True, ""), ("extra", False, ""), ("group_list", True, ""), ("payments", True, ABSENT),
        ("users", True, LEFT_OUT),
    ]  # fmt: skip
    assert {table.schema for table, _, _ in found} == {"acme"}
    items = [Item(table, absent=absent) for table, _, absent in found]
    assert Checklist(tuple(items)).missing == "5 of 5 tables not reviewed yet"
    assert Checklist(tuple(items[3:])).missing.startswith("Fivetran has not told any tables yet")


def test_what_is_proposed_is_said_in_words() -> None:
    table = a_table("invoices", paging=Paging(PagingStyle.NEXT_URL, token_path="links.next"), is_typed=False, key=())
    assert paging_of(table) == "By the address of the next page (links.next)"
    assert changes_of(table) == "Only what changed is asked for (updated_since)"
    assert changes_of(a_table("x", change=Change(ChangeKind.FIELD, field="at"))).endswith("are skipped (at)")
    assert marks_of(table) == ("Columns not described", "No key")
