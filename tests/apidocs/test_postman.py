"""Postman collections: requests as operations, saved answers as schemas, sign-in at every level, no secrets kept."""

import json
from dataclasses import asdict
from typing import Any

import pytest

from request_tracker.apidocs.describing.operations import Description
from request_tracker.apidocs.describing.postman import describe
from request_tracker.apidocs.load import Loaded, load
from request_tracker.apidocs.measure import analyse
from request_tracker.rules.vendor_api import ColumnKind, PagingStyle, SignInKind

INFO = {"name": "Billing", "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"}
SECRET = "sk_live_a1b2c3"


def saved(value: Any, code: int = 200) -> dict[str, Any]:
    header = [{"key": "Content-Type", "value": "application/json; charset=utf-8"}]
    return {"code": code, "header": header, "body": value if isinstance(value, str) else json.dumps(value)}


def asked(name: str, url: Any, *answers: Any, method: str = "GET", **more: Any) -> dict[str, Any]:
    return {"name": name, "request": {"method": method, "url": url, **more}, "response": list(answers)}


def collection(*items: Any, **more: Any) -> Loaded:
    return load(json.dumps({"info": INFO, "item": list(items), **more}).encode())


def described(*items: Any, **more: Any) -> Description:
    return describe(collection(*items, **more))


ROWS = {"data": [{"id": 1, "name": "A", "updated_at": "2024-05-01T10:00:00Z"}], "next": "https://api.example.org/2"}


def test_a_collection_becomes_tables_with_parents_paging_and_types():
    listing = {"raw": "{{baseUrl}}/projects?limit=10", "host": ["{{baseUrl}}"], "path": ["projects"],
               "query": [{"key": "limit", "value": "10"}]}  # fmt: skip
    tasks = {"host": ["{{baseUrl}}"], "path": ["projects", ":projectId", "tasks"]}
    folder = {"name": "Projects", "item": [asked("List", listing, saved(ROWS)), asked("Tasks", tasks, saved(ROWS))]}
    variables = [{"key": "baseUrl", "value": "https://api.example.org/v1"}]
    found = analyse(collection(folder, variable=variables, auth={"type": "bearer"}))
    assert (found.kind, found.title, found.base_urls) == ("postman2.1", "Billing", ("https://api.example.org/v1",))
    assert [(table.path, table.data_path, table.depth) for table in found.tables] == [
        ("/projects", "data", 0),
        ("/projects/{projectId}/tasks", "data", 1),
    ]
    first, second = found.tables
    assert (first.paging.style, first.paging.token_path, first.tags) == (PagingStyle.NEXT_URL, "next", ("Projects",))
    assert {column.name: column.kind for column in first.columns}["updated_at"] is ColumnKind.UTC_DATETIME
    assert [parent.table for parent in second.parents] == [first.name]
    assert [way.kind for way in found.sign_in] == [SignInKind.BEARER]


URLS = [
    ("https://x.io/v2/users/:id/orders/{{order}}?x=1", "/v2/users/{id}/orders/{order}", "https://x.io"),
    ("{{host}}/users", "/users", "{{host}}"),
    ({"raw": "{{host}}/users/:id"}, "/users/{id}", "{{host}}"),
    ({"protocol": "https", "host": ["api", "example", "org"], "path": ["users", {"value": ":id"}]}, "/users/{id}",
     "https://api.example.org"),
    ({"host": "api.example.org", "path": "users/:id"}, "/users/{id}", "https://api.example.org"),
    ({"host": ["{{host}}"], "path": ["{{version}}", "users"]}, "/v3/users", "{{host}}"),
    (None, "/", ""), (7, "/", ""), ({"path": 7, "query": "x", "variable": [None]}, "/7", ""),
]  # fmt: skip


@pytest.mark.parametrize(("url", "path", "base"), URLS)
def test_names_in_the_path_are_parameters_and_the_host_is_the_base_address(url, path, base):
    found = described(asked("x", url), variable=[{"key": "version", "value": "v3"}])
    assert (found.operations[0].path, found.base_urls) == (path, (base,) if base else ())


def test_sign_in_is_inherited_from_folder_and_collection_until_something_else_is_said():
    def key(name: str) -> dict[str, Any]:
        return {"type": "apikey", "apikey": [{"key": "key", "value": name}, {"key": "value", "value": SECRET}]}

    url = "https://x.io/users"
    inner = {"name": "F", "auth": key("X-Folder"), "item": [asked("a", url), asked("b", url, auth={"type": "noauth"})]}
    older = {"type": "basic", "basic": {"username": "u", "password": SECRET}}
    found = described(inner, asked("c", url), asked("d", url, auth=older), auth=key("X-Own"))
    named = [
        [found.schemes[name].get("name", name) for need in each.security or () for name in need]
        for each in found.operations
    ]
    assert named == [["X-Folder"], [], ["X-Own"], ["basic"]]
    assert SECRET not in str(asdict(analyse(collection(inner, asked("d", url, auth=older), auth=key("X-Own")))))


def test_values_of_headers_and_parameters_are_not_carried_on():
    header = [{"key": "X-Api-Key", "value": SECRET}, {"key": "Accept", "value": "application/json"}]
    url = {"raw": "https://x.io/users", "query": [{"key": "api_key", "value": SECRET}, {"key": "page", "value": "1"}]}
    found = collection(asked("Users", url, saved(ROWS), header=header))
    parameters = describe(found).operations[0].parameters
    assert [(each.name, each.place) for each in parameters] == [
        ("api_key", "query"),
        ("page", "query"),
        ("x-api-key", "header"),
    ]
    assert SECRET not in str(asdict(analyse(found)))


def test_the_answer_that_succeeded_stands_in_for_the_schema_and_without_any_the_table_is_untyped():
    url = "https://x.io/users"
    refused, empty = saved({"error": "no"}, 401), saved("", 204)
    faked = saved([{"id": {"value": "<Error: Too many levels of nesting to fake this schema>"}, "name": "A"}])
    found = analyse(collection(asked("List", url, refused, empty, saved(ROWS)), asked("Teams", "https://x.io/teams")))
    assert [(table.path, table.is_typed) for table in found.tables] == [("/users", True), ("/teams", False)]
    assert describe(collection(asked("x", url, refused))).operations[0].answer is None
    columns = analyse(collection(asked("List", url, faked))).tables[0].columns
    assert [(column.name, column.kind) for column in columns] == [
        ("id", ColumnKind.STRING),
        ("name", ColumnKind.STRING),
    ]
    assert "Save some" in describe(collection(asked("x", url))).warnings[-1].sentence
    assert "no requests" in describe(collection()).warnings[-1].sentence


def test_older_collections_and_wrong_types_are_read_as_far_as_they_go():
    lines = "X-Token: abc\nAccept: */*"
    items = ["x", None, {"name": "bare", "request": "https://x.io/users"}, {"name": "g", "item": [{"request": 5}]},
             asked("h", "https://x.io/teams", "y", {"code": 200, "body": 5}, header=lines, method=3, body=[1]),
             {"request": {"url": {"query": [3, {"key": 4}]}, "auth": 5, "description": {"content": 5}},
              "response": 4}]  # fmt: skip
    found = described(*items, auth=[], variable={"a": 1}, info=INFO)
    assert [each.path for each in found.operations][:1] == ["/users"]
    assert [each.name for each in found.operations if each.path == "/teams" for each in each.parameters] == ["x-token"]
    assert analyse(collection(*items)).figures.operations == 4
