"""Examples: the document's own records where it has some, else made from the schema; three, with keys, always alike."""

import json
from typing import Any

import pytest
from apidocs.documents import array, body, described, get
from hypothesis import given, settings
from hypothesis import strategies as st

from request_tracker.apidocs.measuring.records import at, key, record
from request_tracker.apidocs.measuring.samples import LARGEST, rows

ADA = {"id": "a1", "name": "Ada", "when": "2024-05-01"}
LOOP = {"$ref": "#/components/schemas/Loop"}


def told(operation: Any, data_path: str = "$", **more: Any) -> tuple[list[Any], bool]:
    description = described({"/people": operation}, **more)
    answer = description.operations[0].answer
    found = record(answer, data_path, description.schemas, table="people")
    own = key(found, description.schemas, table="people")
    made, is_made_up = rows(answer, data_path, description.schemas, found, key=own)
    if own and made:
        assert len({str(at(row, own)) for row in made}) == 3
    return list(made), is_made_up


def shown(schema: Any, **media: Any) -> dict[str, Any]:
    return get(responses={"200": {"content": {"application/json": {"schema": schema, **media}}}})


PERSON = body(id=str, name=str, when={"type": "string", "format": "date"})
SAID = [
    ("the answer's example", shown(body(data=array(PERSON)), example={"data": [ADA]})),
    ("one of its examples", shown(body(data=array(PERSON)), examples={"one": {"value": {"data": [ADA]}}})),
    ("JSON in a text", shown(body(data=array(PERSON)), example=json.dumps({"data": [ADA]}))),
    ("the whole schema's", shown({**body(data=array(PERSON)), "example": {"data": [ADA]}})),
    ("the list's", shown(body(data={**array(PERSON), "example": [ADA]}))),
    ("the record's", shown(body(data=array({**PERSON, "example": ADA})))),
    ("the record's, of several", shown(body(data=array({**PERSON, "examples": [ADA]})))),
]


@pytest.mark.parametrize("operation", [case[1] for case in SAID], ids=[case[0] for case in SAID])
def test_the_documents_own_records_come_first_and_are_told_apart(operation):
    made, is_made_up = told(operation, "data")
    assert not is_made_up
    assert [row["id"] for row in made] == ["a1", "a1-2", "a1-3"]
    assert [row["name"] for row in made] == ["Ada"] * 3


def test_examples_of_fields_closed_lists_and_defaults_are_the_documents_words_too():
    fields = {"name": {"type": "string", "example": "Ada"}, "role": {"type": "string", "enum": ["x", "y"]},
              "age": {"type": "integer", "default": 30}}  # fmt: skip
    made, is_made_up = told(get(array(body(id=int, **fields))))
    assert not is_made_up
    assert [(row["name"], row["role"], row["age"]) for row in made] == [
        ("Ada", "x", 30),
        ("Ada", "y", 30),
        ("Ada", "x", 30),
    ]


def test_without_any_they_are_made_from_the_schema_the_same_every_time():
    fields = {"email": {"type": "string"}, "created_at": {"type": "string", "format": "date-time"},
              "token": {"type": "string", "format": "uuid"}, "tags": array({"type": "string"}),
              "paid": {"type": "boolean"}, "short": {"type": "string", "maxLength": 2},
              "at": {"type": "integer", "format": "unix-time"}}  # fmt: skip
    operation = get(array(body(id=int, **fields)))
    made, is_made_up = told(operation)
    assert is_made_up
    assert told(operation) == (made, True)
    assert [row["id"] for row in made] == [1, 2, 3]
    first = made[0]
    assert (first["email"], first["created_at"]) == ("person1@example.org", "2026-01-01T09:30:00Z")
    assert (len(first["token"]), len(first["short"]), first["tags"], first["at"]) == (36, 2, ["tags 1"], 1_767_225_600)


def test_plain_values_stand_under_value_and_what_is_unknown_has_no_examples():
    assert told(get(array({"type": "string", "enum": ["CA", "DE", "FR"]})))[0] == [
        {"value": "CA"},
        {"value": "DE"},
        {"value": "FR"},
    ]
    assert told(get(array({}))) == ([], False)
    assert told(get()) == ([], False)


def test_loops_and_big_records_end_small_with_their_key():
    schemas = {"Loop": body(id=str, below=LOOP, several=array(LOOP), text={"type": "string", "example": "x" * 5000})}
    wide = {f"field {number}": {"type": "string", "example": "y" * 400} for number in range(390)}
    for element in (LOOP, body(id=str, **wide)):
        made, _ = told(get(array(element)), components={"schemas": schemas})
        assert len(json.dumps(made)) <= LARGEST * 1.1
        assert all(row["id"] for row in made)


NAMES = ("id", "type", "properties", "items", "example", "examples", "enum", "default", "format", "allOf", "minimum")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(JSON, JSON)
def test_whatever_the_schema_and_example_are_the_rows_are_json_objects(schema, example):
    made, _ = told(shown(array(schema), example=[example]))
    assert all(isinstance(row, dict) for row in made)
    json.dumps(made, allow_nan=False)
