"""Records: fields through wrappers, columns with types and names, keys, and data whose shape the customer decides."""

from typing import Any

import pytest
from apidocs.documents import array, body, described, get

from request_tracker.apidocs.describing.column_names import snake, unlike
from request_tracker.apidocs.describing.schemas import Schemas
from request_tracker.apidocs.measuring import custom
from request_tracker.apidocs.measuring.records import Record, columns, key, record

FREE = {"type": "object"}


def told(element: Any, table: str = "invoices", data_path: str = "$") -> tuple[Record, Schemas]:
    description = described({f"/{table}": get(array(element))})
    found = record(description.operations[0].answer, data_path, description.schemas, table=table)
    assert found is not None
    return found, description.schemas


TYPES = [
    ({"type": "string"}, "STRING"), ({"type": "string", "format": "date"}, "NAIVE_DATE"), ({}, "STRING"),
    ({"type": "string", "format": "date-time"}, "UTC_DATETIME"), ({"type": "string", "format": "decimal"}, "DECIMAL"),
    ({"type": "string", "format": "byte"}, "STRING"), ({"type": "string", "example": "2024-05-01"}, "NAIVE_DATE"),
    ({"type": "string", "example": "2024-05-01T10:00:00+02:00"}, "UTC_DATETIME"),
    ({"type": "string", "example": "2024-05-01T10:00:00"}, "STRING"), ({"type": "boolean"}, "BOOLEAN"),
    ({"type": "integer"}, "LONG"), ({"type": "integer", "format": "int32"}, "INT"),
    ({"type": "integer", "format": "unix-time"}, "LONG"), ({"type": "number"}, "DOUBLE"),
    ({"type": ["string", "null"]}, "STRING"), (FREE, "JSON"), (array(), "JSON"),
    ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "LONG"),
    ({"oneOf": [{"type": "string"}, body(id=str)]}, "JSON"),
    ({"oneOf": [{"type": "string"}, {"type": "integer"}]}, "STRING"),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "kind"), TYPES)
def test_types_follow_the_schema_and_mixtures_lose_nothing(schema, kind):
    found, schemas = told(body(id=str, value=schema))
    assert {column.source: str(column.kind) for column in columns(found, schemas)}["value"] == kind


WRAPPED = [
    (body(id=str, type=str, attributes=body(name=str)), ["id", "type", "attributes.name"]),
    (body(invoice=body(id=str, name=str)), ["invoice.id", "invoice.name"]),
    (body(customer=body(id=str), invoice=body(id=str)), ["invoice.id", "customer"]),
    (body(node=body(id=str), cursor=str), ["node.id", "cursor"]),
    (body(added_at=str, track=body(id=str)), ["added_at", "track"]),
    ({"allOf": [body(id=str), {"oneOf": [body(name=str), body(title=str)]}]}, ["id", "name", "title"]),
    ({"type": "string"}, ["value"]),
]  # fmt: skip


@pytest.mark.parametrize(("element", "sources"), WRAPPED)
def test_wrappers_are_looked_through(element, sources):
    found, schemas = told(element)
    assert [column.source for column in columns(found, schemas)] == sources


def test_names_of_columns_are_plain_and_unlike_each_other_and_their_parents():
    found, schemas = told(body(**{"Order ID": str, "orderId": str, "9 lives": str, "Ω": str, "__import__('os')": str}))
    names = [column.name for column in columns(found, schemas, taken=["order_id"])]
    assert names == ["order_id_2", "order_id_3", "c_9_lives", "value", "import_os"]
    assert len(snake("x" * 10_000)) <= 60
    assert unlike("a", []) == "a"


KEYS = [
    (body(name=str, id=str), "", "id"), (body(_id=str), "", "_id"), (body(invoiceID=str, key=str), "", "invoiceID"),
    (body(gid=str, uuid=str), "", "uuid"), (body(sid=str), "", "sid"), (body(number=str), "number", "number"),
    (body(id=FREE, key=str), "", "key"), (body(name=str), "", ""), (body(invoice=body(id=int)), "", "invoice.id"),
    ({"type": "string"}, "", "value"),
]  # fmt: skip


@pytest.mark.parametrize(("element", "detail", "expected"), KEYS)
def test_the_key_is_what_tells_records_apart(element, detail, expected):
    found, schemas = told(element)
    assert key(found, schemas, table="invoices", detail=detail) == expected
    assert columns(found, schemas, first=expected)[0].source == (expected or "name")


def test_an_example_stands_in_for_a_schema_and_without_either_nothing_is_known():
    media = {"application/json": {"example": [{"id": 7, "paid": True}]}}
    description = described({"/a": get(responses={"200": {"content": media}}), "/b": get()})
    found = [record(each.answer, "$", description.schemas) for each in description.operations]
    assert found[0] is not None
    assert list(found[0].fields) == ["id", "paid"]
    assert found[1] is None or not found[1].is_typed


CUSTOM = [
    (body(id=str, name=str), (False, False, False)),
    (body(id=str, name=str, plan=FREE), (True, False, False)),
    (body(id=str, name=str, custom_fields=array()), (False, True, False)),
    (body(id=str, name=str, metadata=FREE), (True, True, False)),
    (body(id=str, name=str, metadata=body(source=str)), (False, False, False)),
    (body(id=str, createdAt=str, properties=FREE), (True, True, True)),
    (body(id=str, createdTime=str), (False, False, True)),
    (body(id=str), (False, False, False)),
    ({**body(id=str, name=str), "additionalProperties": True}, (True, False, False)),
]  # fmt: skip


@pytest.mark.parametrize(("element", "expected"), CUSTOM)
def test_free_form_objects_custom_containers_and_wholly_custom_records_are_told_apart(element, expected):
    found, schemas = told(element)
    tests = (custom.is_open, custom.has_custom_fields, custom.is_wholly_custom)
    assert tuple(test(found, schemas) for test in tests) == expected


def test_only_a_parameter_that_chooses_the_table_makes_the_tables_the_customers():
    assert custom.customer_defines_tables(["/{base}/{table}"], 1.0)
    assert custom.customer_defines_tables(["/objects/{objectType}/records"], 0.8)
    assert not custom.customer_defines_tables(["/contacts", "/deals", "/objects/{objectType}"], 1.0)
    assert not custom.customer_defines_tables(["/{base}/{table}"], 0.79)
    assert not custom.customer_defines_tables(["/{base}/{table}"], None)
    assert (custom.share([True, False, False]), custom.share([])) == (0.333, None)
