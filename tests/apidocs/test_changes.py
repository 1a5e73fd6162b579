"""Changes: filters and fields by the time of change, tokens, expressions, append-only lists, records that are gone."""

from typing import Any

import pytest
from apidocs.documents import array, body, described, get, query

from request_tracker.apidocs.measuring.changes import change, deletes
from request_tracker.apidocs.measuring.records import record
from request_tracker.rules.vendor_api import Change, ChangeKind

PLAIN = body(id=str, name=str)
TIMED = body(id=str, updated_at={"type": "string", "format": "date-time"})


def told(properties: Any, *parameters: Any, path: str = "/invoices", around: Any = None) -> Change:
    description = described({path: get(around or array(properties), *parameters)})
    operation, data_path = description.operations[0], "data" if around else "$"
    found = record(operation.answer, data_path, description.schemas, table=path.split("/")[-1])
    return change(operation, description.schemas, found, data_path=data_path)


def filtering(name: str, description: str = "", place: str = "query", **schema: Any) -> dict[str, Any]:
    return {**query(name, **schema), "in": place, "description": description}


FILTERS = [
    (filtering("updated_since"), True), (filtering("modifiedAfter", format="date-time"), True),
    (filtering("since"), True), (filtering("If-Modified-Since", place="header"), True),
    (filtering("last_knowledge_of_server", type="integer"), True), (filtering("syncToken"), True),
    (filtering("filter", "Such as greater-than(updated_at,2024-01-01)"), True),
    (filtering("begin_time", "Earliest updated_at of the records"), True),
    (filtering("updated_by"), False), (filtering("since_id"), False), (filtering("sort_by_updated"), False),
    (filtering("updated_before", format="date-time"), False), (filtering("created_after"), False),
    (filtering("filter", "By name"), False), (filtering("updated", type="boolean"), False),
    (filtering("order", enum=["updated_at", "name"]), False), (filtering("modified", enum=["asc", "desc"]), False),
    (filtering("X-Updated-Since", place="header"), False),
]  # fmt: skip


@pytest.mark.parametrize(("parameter", "counts"), FILTERS, ids=[f"{each['name']}-{counts}" for each, counts in FILTERS])
def test_a_filter_asks_for_what_changed_since_and_for_nothing_else(parameter, counts):
    assert told(PLAIN, parameter).kind is (ChangeKind.FILTER if counts else ChangeKind.NONE)
    assert told(TIMED, parameter).kind is (ChangeKind.BOTH if counts else ChangeKind.FIELD)


FIELDS = [
    ("updated_at", True), ("lastModifiedDateTime", True), ("UpdatedDateUTC", True), ("date_updated", True),
    ("modified", True), ("last_modified_on", True), ("invoice_updated_at", True), ("created_at", False),
    ("updated_by", False), ("updated_by_id", False), ("password_updated_at", False), ("status_changed_at", False),
    ("update_count", False), ("name", False),
]  # fmt: skip


@pytest.mark.parametrize(("name", "counts"), FIELDS)
def test_a_field_tells_when_its_record_changed_not_who_did_it_nor_when_a_part_did(name, counts):
    found = told(body(id=str, **{name: str}))
    assert (found.kind, found.field) == ((ChangeKind.FIELD, name) if counts else (ChangeKind.NONE, ""))


def test_the_field_is_found_within_attributes_and_within_the_property_named_like_the_table():
    assert told(body(id=str, type=str, attributes=TIMED)).field == "attributes.updated_at"
    assert told(body(invoice=TIMED, customer=PLAIN)).field == "invoice.updated_at"


FORMATS = [
    (filtering("updated_since", format="date-time"), "iso", "", "updated_since"),
    (filtering("updated_since", format="date"), "date", "", "updated_since"),
    (filtering("updated_since", type="integer"), "unix", "", "updated_since"),
    (filtering("updated_since", "Unix time in milliseconds", type="integer"), "unix_ms", "", "updated_since"),
    (filtering("sync_token"), "token", "", "sync_token"),
    (filtering("filter", "greater-than(updated_at,…)"), "expression", "greater-than(updated_at,{since})", "filter"),
    (filtering("filter", "Such as updated_at gt 2024-01-01"), "expression", "updated_at gt {since}", "filter"),
    (filtering("updated_at", type="object", properties={"gt": {}, "lt": {}}), "iso", "", "updated_at[gt]"),
]  # fmt: skip


@pytest.mark.parametrize(("parameter", "form", "template", "name"), FORMATS)
def test_the_value_is_written_as_the_document_wants_it(parameter, form, template, name):
    found = told(TIMED, parameter)
    assert (found.format, found.template, found.filter) == (form, template, name)


def test_a_hostile_name_of_a_field_makes_no_expression():
    properties = body(id=str, **{"updated_at')--": {"type": "string", "format": "date-time"}})
    assert told(properties, filtering("filter", "greater-than(updated_at,…)")).template == ""


def test_a_delta_token_is_answered_with_the_next_one():
    around = body(data=array(PLAIN), next_sync_token=str)
    assert told(PLAIN, filtering("sync_token"), around=around).token_path == "next_sync_token"


def test_a_creation_filter_counts_only_for_what_is_only_ever_appended_to():
    created = filtering("created_after", format="date-time")
    logs = told(body(id=str, created_at=str), created, path="/audit_logs")
    assert (logs.kind, logs.filter, logs.field) == (ChangeKind.APPEND, "created_after", "created_at")
    assert told(body(id=str, created_at=str), created, path="/invoices").kind is ChangeKind.NONE


FLAG = {"type": "boolean"}
GONE = [
    ({"deleted_at": str}, "field:deleted_at"),
    ({"is_deleted": FLAG}, "field:is_deleted"),
    ({"deleted": FLAG, "deletedAt": str}, "field:deletedAt"),
    ({"deleted": list}, ""),
    ({}, ""),
]


@pytest.mark.parametrize(("properties", "expected"), GONE)
def test_a_record_says_itself_that_it_is_gone(properties, expected):
    description = described({"/invoices": get(array(body(id=str, **properties)))})
    assert deletes(record(description.operations[0].answer, "$", description.schemas), description.schemas) == expected
