"""Which operations answer with a list of records, and where: the rules one by one, and what only looks like a list."""

from typing import Any

import pytest
from apidocs.documents import ID, RECORD, array, body, described, get, query

from request_tracker.apidocs.measuring.collected import collections, post_reads

TEXT = {"type": "string"}
FREE = {"type": "object"}


def found(paths: dict[str, Any]) -> dict[str, str]:
    return {each.path: each.data_path for each in collections(described(paths))}


def of(path: str, schema: Any, *parameters: Any) -> str | None:
    return found({path: get(schema, *parameters)}).get(path)


LISTS = [
    ("the body is the list", "/x", array(), "$"),
    ("… of texts", "/x", array(TEXT), "$"),
    ("a usual name among four others", "/x", body(data=list, a=str, b=str, c=str, d=str, total=int), "data"),
    ("the most telling of usual names", "/x", body(list=list, items=list), "items"),
    ("named like the path", "/v1/invoices", body(invoices=list, a=str, b=str, c=str, d=str, e=list), "invoices"),
    ("… in the singular", "/timeEntries", body(time_entry=list, a=list), "time_entry"),
    ("… with an ending", "/tags.json", body(tags=list, extras=RECORD, more=RECORD, other=str), "tags"),
    ("all else is paging or status", "/x", body(things=list, ok=str, more=str, request_id=str, meta=FREE), "things"),
    ("paging and two others", "/x", body(things=list, next_page=str, a=str, b=str), "things"),
    ("an object of a usual name", "/x", body(data=body(items=list), a=str), "data.items"),
    ("embedded", "/payments", body(_embedded=body(payments=list), _links=FREE, count=int), "_embedded.payments"),
    ("meta when nothing else is there", "/x", body(status=int, error=str, meta=body(things=list)), "meta.things"),
    ("the only object", "/me/following", body(artists=body(items=list, total=int)), "artists.items"),
    ("an object named like the path", "/y/new-things", body(things=body(items=list), message=str), "things.items"),
    ("a list in a …_list", "/c", body(user=str, thing_list=body(things=list, per_page=int)), "thing_list.things"),
    ("errors where the path says so", "/errors", body(errors=list), "errors"),
    ("a list in a part of the schema", "/x", {"allOf": [{"oneOf": [body(data=list)]}, body(next=str)]}, "data"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "schema", "where"), [case[1:] for case in LISTS], ids=[case[0] for case in LISTS])
def test_lists(path: str, schema: Any, where: str) -> None:
    assert of(path, schema) == where


NO_LISTS = [
    ("a record that holds a list", "/me", body(id=str, name=str, teams=list)),
    ("five others beside a usual name", "/x", body(data=list, a=str, b=str, c=str, d=str, e=str)),
    ("only warnings", "/x", body(warnings=list, total=int)),
    ("only messages of errors", "/x", body(errorMessages=list, warningMessages=list)),
    ("only errors and links", "/x", body(errors=list, links=list)),
    ("a record with what is embedded", "/x/{y}", body(id=str, _embedded=body(things=list))),
    ("an order with its items", "/order", body(id=str, name=str, items=list)),
    ("a map by id", "/things", body(things={"type": "object", "additionalProperties": RECORD})),
    ("answers to questions", "/x/contains", array({"type": "boolean"})),
    ("rows of a chart", "/x", body(data=array(array(ID)))),
    ("two lists without paging", "/x", body(highs=list, lows=list)),
    ("a count", "/orders/count", body(count=int, data=list)),
    ("settings", "/settings", body(value=list, enabled=str)),
    ("a record of the path's only object", "/x/{id}", body(thing=body(items=list, id=str))),
    ("meta beside data", "/x", body(id=str, meta=body(things=list))),
    ("a name with a dot", "/x", body(**{"a.b": list})),
]  # fmt: skip


@pytest.mark.parametrize(("path", "schema"), [case[1:] for case in NO_LISTS], ids=[case[0] for case in NO_LISTS])
def test_no_lists(path: str, schema: Any) -> None:
    assert of(path, schema) is None


def test_paging_parameters_tell_lists_from_records() -> None:
    odd = body(things=list, a=str, b=str)
    assert of("/x", odd) is None
    assert of("/x", odd, query("page[size]")) == "things"
    assert of("/search", body(posts=list, users=list), query("page")) == "posts"
    assert of("/orders/statistics", body(data=list), query("limit")) == "data"


def test_one_record_in_a_lists_envelope() -> None:
    envelope = body(Invoices=list)
    paths = {"/Invoices": get(envelope), "/Invoices/{id}": get(body(data=list)), "/v2/Invoices/{id}.json": get(array())}
    assert found(paths) == {"/Invoices": "Invoices"}
    assert "/Invoices/{id}" in found({**paths, "/Invoices/{id}": get(body(data=list), query("page"))})
    assert "/albums/{id}" in found({"/albums/{id}": get(body(data=list))})


def test_look_ups_of_many_are_no_lists() -> None:
    assert of("/albums", body(albums=list), query("ids", required=True)) is None
    assert of("/albums", body(albums=list), query("albumIds", required=True)) is None
    assert of("/albums", body(albums=list), query("ids")) == "albums"


def test_files_redirects_and_empty_answers_are_no_lists() -> None:
    def answering(**answers: Any) -> Any:
        return {"get": {"responses": {status.removeprefix("s"): answer for status, answer in answers.items()}}}

    pdf = get(None, media_type="application/pdf")
    moved, nothing, silent = answering(s302={}), answering(s204={}), answering()
    assert found({"/reports": pdf, "/moves": moved, "/nothings": nothing, "/silents": silent}) == {"/silents": "$"}


def test_without_a_schema_the_plural_or_paging_decides() -> None:
    paths = {
        "/invoices": get(), "/invoice": get(), "/invoices/{id}": get(), "/orders": get(FREE), "/status": get(),
        "/tasks": get(FREE, query("cursor")), "/counts": get(),
        "/users.list": get(),
    }  # fmt: skip
    untyped = {each.path: each.is_typed for each in collections(described(paths))}
    assert untyped == {"/invoices": False, "/tasks": False, "/users.list": False}


def test_reads_by_post() -> None:
    def post(schema: Any, name: str = "") -> Any:
        answer = {"200": {"content": {"application/json": {"schema": schema}}}}
        return {"post": {"operationId": name, "responses": answer}}

    description = described({
        "/transactions/get": post(body(transactions=list)), "/a": post(array(), "searchThings"), "/b": post(array()),
        "/items/get": post(body(id=str)),
    })  # fmt: skip
    assert [operation.path for operation in post_reads(description)] == ["/transactions/get", "/a"]
    assert collections(description) == ()
