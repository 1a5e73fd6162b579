"""A document to its Analysis: figures, notes, evidence, and that nothing in a document makes it raise."""

import copy
import json
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
from apidocs.documents import RECORD, analysed, array, body, document, get, query
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from request_tracker.apidocs.load import Loaded, load
from request_tracker.apidocs.measure import analyse
from request_tracker.rules.terms import Criterion
from request_tracker.rules.vendor_api import Analysis

DATA = os.environ.get("REQUEST_TRACKER_OPENAPI_DATA", "")
COUNTS = (
    "operations", "get_operations", "deprecated_operations", "collection_endpoints", "incremental_param_endpoints",
    "incremental_field_endpoints", "webhooks_documented", "webhook_paths", "nesting_max", "nesting_max_without_scope",
    "graphql_only",
)  # fmt: skip

PLAIN = document(
    {
        "/accounts": get(array(), query("page", type="integer"), summary="All accounts", tags=["Money"]),
        "/accounts/{id}/invoices": get(body(data=array({"$ref": "#/components/schemas/Invoice"}), next=str)),
        "/accounts/{id}/invoices/{no}/lines": get(array(), query("updated_since")),
        "/accounts/{id}": get(RECORD),
        "/old": get(array(), deprecated=True),
        "/search": {"post": {"operationId": "find", "responses": {"200": {"content": {"application/json": {}}}}}},
    },
    components={
        "schemas": {"Invoice": {"allOf": [RECORD, {"properties": {"custom_fields": {"type": "object"}}}]}},
        "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}},
    },
)


def test_figures_collections_and_evidence() -> None:
    analysis = analyse(Loaded("openapi3.0", PLAIN))
    figures = analysis.figures
    assert (figures.operations, figures.get_operations, figures.deprecated_operations) == (6, 5, 1)
    assert (figures.get_with_schema, figures.get_described) == (5, 1)
    assert (figures.collection_endpoints, figures.typed_collections, figures.named_collections) == (4, 4, 4)
    assert (figures.nesting_hist, figures.nesting_max) == ({"0": 2, "1": 1, "2": 1}, 2)
    assert (figures.incremental_param_endpoints, figures.incremental_field_endpoints) == (1, 4)
    assert (figures.auth_vendor, figures.auth_classes) == ("static", ("api_key",))
    assert figures.custom_field_share == 0.25
    lines = next(each for each in analysis.collections if each.path.endswith("lines"))
    assert (lines.depth, lines.parents) == (2, ("/accounts", "/accounts/{id}/invoices"))
    assert lines.pointer == "/paths/~1accounts~1{id}~1invoices~1{no}~1lines/get"
    assert analysis.pointers[Criterion.NESTING.value][0] == lines.pointer
    assert set(analysis.pointers) == {each.value for each in Criterion} - {Criterion.USE_CASE.value}
    described = next(path for path, each in PLAIN["paths"].items() if each.get("get", {}).get("summary"))
    told = [each.replace("~1", "/") for each in analysis.pointers[Criterion.DOCUMENTATION.value]]
    assert len(told) == 5
    assert told[-1] == f"/paths/{described}/get", "reads without a description come first, then those that have one"
    assert [table.name for table in analysis.tables] == ["accounts", "account_invoices", "invoice_lines", "old"]
    assert len(analysis.examples["accounts"]) == 3


def test_an_analysis_survives_json() -> None:
    analysis = analyse(Loaded("openapi3.0", PLAIN))
    text = msgspec.json.encode(analysis, enc_hook=dict)
    assert msgspec.json.encode(msgspec.json.decode(text, type=Analysis), enc_hook=dict) == text


def test_steps_are_told() -> None:
    steps: list[str] = []
    analyse(Loaded("openapi3.0", PLAIN), steps.append)
    assert steps[0] == "Reading operations"
    assert steps[-1] == "Proposing tables"


def test_what_lies_in_other_files_is_not_known() -> None:
    outside = analysed({"/a": {"get": {"$ref": "a.yml"}}, "/b": get({"$ref": "b.yml"})})
    assert outside.figures.collection_endpoints is None
    assert outside.figures.nesting_max is None
    assert "upload one document" in outside.warnings[0].sentence
    partly = analysed({"/as": {"get": {"$ref": "a.yml"}}, "/bs": get(array())})
    assert partly.figures.collection_endpoints == 1
    assert "References to other files: 1." in partly.warnings[0].sentence


def test_a_door_to_graphql_says_nothing_of_the_data() -> None:
    asking = {"content": {"application/json": {"schema": body(query=str)}}}
    door = {"post": {"summary": "Call GraphQL", "requestBody": asking, "responses": {}}}
    analysis = analysed({"/": door})
    assert analysis.figures.graphql_only
    assert "Upload the GraphQL schema" in analysis.warnings[0].sentence
    assert not analysed({"/": door, "/things": get(array())}).figures.graphql_only
    assert not analysed({"/search": {"post": {"requestBody": asking, "responses": {}}}}).figures.graphql_only


def test_data_only_through_post_is_said() -> None:
    answer = {"200": {"content": {"application/json": {"schema": array()}}}}
    analysis = analysed({"/transactions/get": {"post": {"responses": answer}}})
    assert analysis.post_reads == ("/transactions/get",)
    assert "/transactions/get" in analysis.warnings[0].sentence


VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-2, 300), st.floats(), st.sampled_from(["", "array", "get", "\u202e"])
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(
            st.sampled_from(["$ref", "type", "items", "properties", "in", "name", "200"]), inner, max_size=3
        ),
    ),
    max_leaves=4,
)
REFERENCES = st.sampled_from(["#", "#/", "#/paths", "#/components/schemas/Invoice", "x.yml", "//x", "#/a/0/~1", ""])


def places(node: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    waiting = [node]
    while waiting:
        here = waiting.pop()
        for key, below in here.items() if isinstance(here, dict) else enumerate(here):
            found.append((here, key))
            if isinstance(below, dict | list):
                waiting.append(below)
    return found


def mutated(data: st.DataObject) -> dict[str, Any]:
    tree = copy.deepcopy(PLAIN)
    for _ in range(data.draw(st.integers(1, 4))):
        spots = places(tree)
        parent, key = spots[data.draw(st.integers(0, len(spots) - 1))]
        parent[key] = data.draw(st.one_of(VALUES, REFERENCES.map(lambda to: {"$ref": to})))
    return tree


def holds(tree: dict[str, Any]) -> None:
    for kind in ("openapi2.0", "openapi3.1"):
        analysis = analyse(Loaded(kind, tree))
        names = [table.name for table in analysis.tables]
        assert len(names) == len(set(names))
        assert all(parent.table in names for table in analysis.tables for parent in table.parents)
        columns = [
            (*(each.name for each in table.columns), *(each.column for each in table.parents))
            for table in analysis.tables
        ]
        assert all(len(set(named)) == len(named) for named in columns)
        assert all(set(table.key) <= set(named) for table, named in zip(analysis.tables, columns, strict=True))
        msgspec.json.encode(analysis, enc_hook=dict)


@settings(max_examples=60, derandomize=True, deadline=None, database=None)
@given(st.data())
def test_nothing_in_a_document_raises(data: st.DataObject) -> None:
    holds(mutated(data))


@pytest.mark.deep
@settings(max_examples=1_500, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_nothing_in_many_documents_raises(data: st.DataObject) -> None:
    holds(mutated(data))


@pytest.mark.deep
@pytest.mark.skipif(not DATA, reason="REQUEST_TRACKER_OPENAPI_DATA names no folder of documents")
def test_real_documents_are_counted_as_their_readers_counted() -> None:
    wrong = []
    for known in json.loads(Path(DATA, "truth.json").read_text(encoding="utf-8")):
        analysis = analyse(load(Path(DATA, known["file"]).read_bytes(), name=known["file"]))
        for name in COUNTS:
            if known.get(name) is not None and getattr(analysis.figures, name) != known[name]:
                wrong.append((known["id"], name, getattr(analysis.figures, name), known[name]))
        if known.get("collections") is not None:
            found = {each.path: each.depth for each in analysis.collections}
            expected = {each["path"]: each["depth"] for each in known["collections"]}
            wrong += [
                (known["id"], path, found.get(path), expected.get(path)) for path in found.keys() ^ expected.keys()
            ]
            wrong += [(known["id"], path) for path in found.keys() & expected.keys() if found[path] != expected[path]]
    assert wrong == []
