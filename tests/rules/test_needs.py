"""What a request asks for among a document's tables: honest hits, honest misses."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from request_tracker.rules.needs import Hit, match, phrases
from request_tracker.rules.vendor_api import Analysis, Column, Table

SHOP = Analysis(
    "openapi3.0",
    tables=(
        Table("invoices", "/v2/invoices", "$", summary="Bills sent to a buyer", columns=(Column("amount_due", "a"),)),
        Table("line_items", "/v2/invoices/{id}/lineItems", "$"),
        Table("lists", "/v2/lists", "$"),
        Table("contacts", "/v2/contacts", "$", tags=("CRM",)),
        Table("contact_notes", "/v2/contacts/{id}/notes", "$"),
        Table("people", "/v2/people", "$"),
    ),
    post_reads=("/transactions/get",),
    words=("subscriptions",),
)
NAMED, PART, ENDS = "a table is called so", "part of the table's name", "the table holds what these words end in"
DOCUMENTED, COLUMN, SLIP = (
    "the documentation of the table mentions it",
    "a column is called so",
    "spelled nearly so: check that it is the same",
)


@pytest.mark.parametrize(
    ("words", "hits", "misses"),
    [
        ("All Invoices with their line-items, 3 years back, daily", {"Invoices": NAMED, "line items": NAMED}, ()),
        ("Lists, contacts AND customer invoices", {"Lists": NAMED, "contacts": NAMED, "customer invoices": ENDS}, ()),
        (
            "we need to list every contact\n- notes\n- lineItem",
            {"contact": NAMED, "notes": NAMED, "lineItem": NAMED},
            (),
        ),
        ("items; bills", {"items": PART, "bills": DOCUMENTED}, ()),
        ("amounts due and CRM", {"amounts": COLUMN, "CRM": DOCUMENTED}, ()),
        ("person, unicorns, dragon eggs", {"person": NAMED}, ("unicorns", "dragon eggs")),
        ("invioces", {"invioces": SLIP}, ()),
        ("contracts", {"contracts": SLIP}, ()),
        ("lisst", {}, ("lisst",)),
        ("transactions", {"transactions": "an operation by POST is called so; no table is proposed for it"}, ()),
        ("subscription", {"subscription": "the documentation mentions it"}, ()),
        ("everything, all data, updated hourly", {}, ()),
        ("", {}, ()),
    ],
)
def test_hits_and_misses(words: str, hits: dict[str, str], misses: tuple[str, ...]) -> None:
    found = match(words, SHOP)
    assert ({each.word: each.why for each in found.hits}, found.misses) == (hits, misses)


def test_prose_adds_what_it_names_and_misses_nothing() -> None:
    found = match("contacts", SHOP, also="So that finance sees overdue invoices and contacts in one place")
    assert [each.word for each in found.hits] == ["contacts", "overdue invoices"]
    assert found.hits[1].tables == ("invoices",)
    assert found.misses == ()


def test_the_table_itself_comes_before_those_named_alike() -> None:
    assert match("contacts", SHOP).hits == (Hit("contacts", ("contacts",), NAMED),)
    notes = replace(SHOP, tables=(*SHOP.tables, Table("notes", "/v2/notes", "$")))
    assert match("notes", notes).hits == (Hit("notes", ("notes", "contact_notes"), NAMED),)
    assert match("contact notes", SHOP).hits[0].tables == ("contact_notes",)


nouns = st.sampled_from(
    ["invoice", "contact", "company", "address", "box", "branch", "person", "list", "line_item", "update", "deal"]
)
PLURALS = {"company": "companies", "address": "addresses", "box": "boxes", "branch": "branches", "person": "people"}


@given(
    noun=nouns, plural=st.booleans(), style=st.sampled_from(["snake", "camel", "kebab", "upper"]), asked=st.booleans()
)
def test_a_table_is_found_by_its_name_however_it_is_written(noun: str, plural: bool, style: str, asked: bool) -> None:
    many = PLURALS.get(noun, f"{noun}s")
    name = many if plural else noun
    words = name.split("_")
    written = {
        "snake": name, "camel": words[0] + "".join(each.title() for each in words[1:]), "kebab": "-".join(words),
        "upper": " ".join(words).upper(),
    }[style]  # fmt: skip
    document = Analysis("openapi3.0", tables=(Table(many, f"/{many}", "$"), Table("others", "/others", "$")))
    found = match(written + (", please" if asked else ""), document)
    assert [each.tables for each in found.hits] == [(many,)]
    assert found.misses == ()


texts = st.text(max_size=200) | st.lists(
    st.sampled_from(["invoices", "all", "with", ",", "\n", "unicorns", "line items", "contacts", "and", "we need"])
).map(" ".join)


@given(words=texts, also=texts)
def test_every_thing_asked_for_is_either_found_or_missing(words: str, also: str) -> None:
    found = match(words, SHOP, also=also)
    names = {each.name for each in SHOP.tables}
    assert all(set(each.tables) <= names and each.why for each in found.hits)
    said = [each.word for each in found.hits] + list(found.misses)
    assert len(said) == len(set(said))
    assert set(found.misses) <= {phrase for phrase, _ in phrases(words)}
    nothing = match(words, Analysis("html"), also=also)
    assert (nothing.hits, nothing.misses) == ((), tuple(phrase for phrase, _ in phrases(words)))


@given(words=texts)
def test_what_is_asked_twice_is_told_once(words: str) -> None:
    assert match(f"{words}\n{words}", SHOP) == match(words, SHOP)
