"""What a case wants of a source's tables: reached by the smallest body, at once, and never more than was chosen."""

from copy import deepcopy
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from request_tracker.rules import personal
from request_tracker.rules.tables_wanted import (
    ALLOW_ALL,
    ALLOW_COLUMNS,
    BLOCK_ALL,
    LOCKED,
    STRICTNESS,
    Choice,
    Column,
    Shown,
    Table,
    Wish,
    choice_for,
    column_choices,
    compare,
    fitted,
)

names = st.sampled_from(["account", "contact", "Invoice"])
columns = st.builds(
    Column,
    name=st.sampled_from(["id", "email", "note"]),
    enabled=st.booleans(),
    hashed=st.booleans(),
    locked=st.sampled_from(["", "", "", LOCKED]),
)
tables = st.builds(
    Table,
    schema=st.sampled_from(["one", "two"]),
    name=names,
    enabled=st.booleans(),
    locked=st.sampled_from(["", "", "", LOCKED]),
    columns=st.lists(columns, max_size=3, unique_by=lambda each: each.name).map(tuple),
    columns_known=st.booleans(),
)


@st.composite
def shown(draw: st.DrawFn) -> Shown:
    """A schema configuration, with whole schemas switched off now and then."""
    found = draw(st.lists(tables, max_size=5, unique_by=lambda each: each.place))
    off = draw(st.sets(st.sampled_from(["one", "two"]), max_size=1))
    return Shown(
        draw(st.sampled_from([ALLOW_ALL, ALLOW_COLUMNS, BLOCK_ALL])),
        tuple(replace(each, schema_enabled=each.schema not in off) for each in found),
    )


choices = st.builds(
    Choice,
    schema=st.sampled_from(["", "one", "two"]),
    table=names,
    column=st.sampled_from(["", "", "email", "note", "gone"]),
    enabled=st.booleans(),
    hashed=st.booleans(),
)
wishes = st.builds(
    Wish,
    choices=st.lists(choices, max_size=6, unique_by=lambda each: (each.schema, each.table, each.column)).map(tuple),
    handling=st.sampled_from(["", ALLOW_COLUMNS, BLOCK_ALL]),
)


def applied(before: Shown, body: dict[str, Any]) -> Shown:
    """The schema as Fivetran keeps it after the PATCH: what is named is overlaid, all else stays."""
    wanted = deepcopy(body.get("schemas", {}))
    tables = []
    for each in before.tables:
        schema = wanted.get(each.schema, {})
        table = schema.get("tables", {}).get(each.name)
        known = {column.name: column for column in each.columns}
        for name, settings in (table or {}).get("columns", {}).items():
            known[name] = replace(known.get(name, Column(name)), **settings)
        tables.append(
            replace(
                each,
                schema_enabled=schema.get("enabled", each.schema_enabled),
                enabled=table["enabled"] if table else each.enabled,
                columns=tuple(known.values()),
            )
        )
    return Shown(body.get("schema_change_handling", before.handling), tuple(tables))


@given(wishes, shown())
def test_one_body_brings_what_is_wished_and_a_second_one_is_empty(wish: Wish, before: Shown) -> None:
    plan = compare(wish, before)
    after = applied(before, dict(plan.body))
    again = compare(wish, after)
    assert again.body == {}
    assert again.refused == plan.refused, "what cannot be had is told again, and nothing else"
    assert STRICTNESS[after.handling] >= STRICTNESS[ALLOW_COLUMNS], "new tables stay out"
    assert after.handling == BLOCK_ALL or not wish.marks_personal, "a new column might be personal"
    if plan.body == {}:
        assert after == before


@given(wishes, shown())
def test_nothing_comes_that_nobody_chose_and_no_hash_is_lost(wish: Wish, before: Shown) -> None:
    plan = compare(wish, before)
    after = applied(before, dict(plan.body))
    wish = fitted(wish, before)
    for old, new in zip(before.tables, after.tables, strict=True):
        choice = choice_for(wish, new.place)
        marks = column_choices(wish, new.place)
        if new.is_synced and not old.is_synced:
            assert (choice is not None and choice.enabled) or any(old.name in each for each in plan.notes)
        if wish.is_decided and new.is_synced:
            assert (choice is not None and choice.enabled) or old.locked
        if wish.is_decided and choice is not None and choice.enabled and not old.locked:
            assert new.is_synced, "what was chosen comes"
        if not wish.is_decided:
            assert new.is_synced == old.is_synced
        was = {column.name: column for column in old.columns}
        for column in new.columns:
            mark, earlier = marks.get(column.name), was.get(column.name)
            if earlier is not None and (earlier.locked or mark is None):
                assert column == earlier
            if new.is_synced and mark is not None and mark.hashed and not column.locked:
                assert column.hashed
            if new.is_synced and column.enabled and mark is not None and not mark.enabled:
                assert column.locked
                assert any(column.name in each for each in plan.refused)


def test_the_body_names_only_what_differs() -> None:
    before = Shown(
        ALLOW_ALL,
        (
            Table("crm", "account", columns=(Column("id", locked=LOCKED), Column("email"))),
            Table("crm", "contact"),
            Table("crm", "audit", locked="it is a table of the system"),
            Table("billing", "invoice", enabled=False),
        ),
    )
    wish = Wish((Choice("crm", "account"), Choice("crm", "account", "email", hashed=True), Choice("", "INVOICE")))
    assert compare(wish, before).body == {
        "schema_change_handling": BLOCK_ALL,
        "schemas": {
            "crm": {
                "enabled": True,
                "tables": {
                    "account": {"enabled": True, "columns": {"email": {"enabled": True, "hashed": True}}},
                    "contact": {"enabled": False},
                },
            },
            "billing": {"enabled": True, "tables": {"invoice": {"enabled": True}}},
        },
    }
    assert compare(wish, before).notes == ("crm.audit cannot be switched off: it is a table of the system",)
    undecided = compare(Wish(), before)
    assert undecided.body == {"schema_change_handling": ALLOW_COLUMNS}, "as they are; new ones stay out"


def test_what_is_locked_or_gone_is_told_in_words() -> None:
    before = Shown(
        BLOCK_ALL,
        (Table("crm", "account", columns=(Column("email", locked=LOCKED),)), Table("crm", "old", False, "it is gone")),
    )
    wish = Wish(
        (
            Choice("crm", "account"),
            Choice("crm", "account", "email", hashed=True),
            Choice("crm", "old"),
            Choice("", "x"),
        )
    )
    plan = compare(wish, before)
    assert plan.body == {}
    assert plan.refused == (
        "crm.account.email cannot be hashed: Fivetran does not let this be changed",
        "crm.old cannot be switched on: it is gone",
    )
    assert plan.gone == ("x",)
    lost = compare(Wish((Choice("", "x"),)), before)
    assert lost.refused == ("None of the chosen tables is in the source: choose again",)
    assert not lost.is_satisfied


def test_a_stricter_setting_is_loosened_only_where_the_case_says_so() -> None:
    strict = Shown(BLOCK_ALL, (Table("crm", "account"),))
    assert compare(Wish((Choice("crm", "account"),)), strict).is_satisfied
    wish = Wish((Choice("crm", "account"),), ALLOW_COLUMNS)
    assert compare(wish, strict).body == {"schema_change_handling": ALLOW_COLUMNS}
    marked = Wish((*wish.choices, Choice("crm", "account", "email", hashed=True)), ALLOW_COLUMNS)
    assert compare(marked, strict).handling == BLOCK_ALL, "what is personal weighs more"


def test_names_suggest_what_may_be_personal() -> None:
    suspects = ("email", "billingEmail", "phone_2", "date_of_birth", "street", "LastName", "contact_name", "ip_address")
    assert all(personal.guess("order", each) for each in suspects)
    harmless = ("id", "email_count", "is_phone_verified", "filename", "name", "amount", "shipping_id", "description")
    assert not any(personal.guess("order", each) for each in harmless)
    assert personal.guess("contacts", "name") == "a person's name"


def test_a_connection_made_anew_brings_what_was_chosen_for_the_one_before() -> None:
    wish = Wish((Choice("lite_1", "account"), Choice("lite_1", "account", "email", hashed=True)))
    anew = Shown(BLOCK_ALL, (Table("lite_1_2", "account", columns=(Column("email"),)), Table("lite_1_2", "other")))
    assert compare(wish, anew).body["schemas"]["lite_1_2"]["tables"] == {
        "account": {"enabled": True, "columns": {"email": {"enabled": True, "hashed": True}}},
        "other": {"enabled": False},
    }
