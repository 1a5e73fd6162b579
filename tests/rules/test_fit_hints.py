"""Hints on the form: from the same numbers as the rubric, at most one a field, and never a barrier."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from request_tracker.rules.fit_hints import ADVICE, GOOD, HINTS, hints
from request_tracker.rules.rubric import RUBRIC


@pytest.mark.parametrize(
    ("field", "typed", "tone", "said"),
    [
        ("auth_kind", "api_key", GOOD, "easiest way"),
        ("auth_kind", "basic", GOOD, "easiest way"),
        ("auth_kind", "oauth2", ADVICE, "OAuth 2.0 works and takes longer"),
        ("auth_kind", "other", ADVICE, "Say in the use case how it signs in"),
        ("endpoint_count", "0", ADVICE, "nothing to read"),
        ("endpoint_count", "4", ADVICE, "5 or more"),
        ("endpoint_count", "5", GOOD, "5 fits"),
        ("endpoint_count", " 60 ", GOOD, "60 fits"),
        ("endpoint_count", "61", ADVICE, "With about 61, it helps"),
        ("endpoint_count", "120", ADVICE, "With about 120, it helps"),
        ("endpoint_count", "4000", ADVICE, "With about 4,000, say under"),
        ("custom_fields", "Region, tier", ADVICE, "whole tables"),
        ("api_docs_url", "https://example.com/v3/openapi", GOOD, "measure at once"),
        ("api_docs_url", "https://example.com/api.YAML?x=1", GOOD, "measure at once"),
        ("api_docs_url", "https://example.com/guide.pdf", ADVICE, "read by a person"),
        ("api_docs_url", "https://example.com/graphql", ADVICE, "upload its schema"),
        ("api_docs_url", "http://127.0.0.1/openapi.json", ADVICE, "cannot reach"),
        ("api_docs_url", "http://wiki.corp/openapi.json", ADVICE, "cannot reach"),
        ("api_docs_url", "http://wiki/", ADVICE, "cannot reach"),
        ("use_case", "Reports", ADVICE, "which question"),
        ("data_needed", "everything, daily", ADVICE, "Name the records"),
        ("data_needed", "All invoices with line items", ADVICE, "look for: invoices, line items."),
        ("data_needed", "a1, bb, cc, dd, ee, ff, gg, hh", ADVICE, "ff and 2 more."),
    ],
)
def test_what_is_said_of_a_field(field: str, typed: str, tone: str, said: str) -> None:
    (hint,) = hints({field: typed})
    assert (hint.field, hint.tone) == (field, tone)
    assert said in hint.sentence


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("auth_kind", "unknown"), ("auth_kind", "x"), ("endpoint_count", "many"), ("endpoint_count", "-3"),
        ("endpoint_count", "10000000"), ("endpoint_count", "٣"), ("custom_fields", "-"), ("api_docs_url", "no address"),
        ("api_docs_url", "https://example.com/docs"), ("use_case", "Which invoices are overdue, for finance?"),
        ("data_needed", "  "), ("service_name", "Acme"),
    ],
)  # fmt: skip
def test_silence_where_there_is_nothing_to_say(field: str, typed: str) -> None:
    assert hints({field: typed}) == ()


def test_the_numbers_are_the_rubrics() -> None:
    other = replace(RUBRIC, sizes=((0, 0), (9, 5), (15, 20)), most=20, around=12)
    assert hints({"endpoint_count": "15"}, other)[0].sentence == "Around 12 endpoints is ideal: 15 fits."
    assert hints({"endpoint_count": "9"}, other)[0].tone == ADVICE


@given(st.dictionaries(st.sampled_from([*HINTS, "service_name"]), st.text(max_size=80) | st.none() | st.integers()))
def test_whatever_is_typed_gets_at_most_one_short_hint_a_field(typed: dict[str, object]) -> None:
    found = hints(typed)
    assert len({each.field for each in found}) == len(found)
    assert all(each.field in HINTS and each.tone in (GOOD, ADVICE) for each in found)
    assert all(0 < len(each.sentence) < 350 and "\n" not in each.sentence for each in found)
