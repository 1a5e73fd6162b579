"""OpenAPI 2.0, 3.0 and 3.1 as one Description, whatever is wrong in them."""

from typing import Any

import pytest
from apidocs.documents import RECORD, array, described, document, get, query

from request_tracker.apidocs.describing import openapi
from request_tracker.apidocs.describing.openapi import describe
from request_tracker.apidocs.describing.operations import Operation
from request_tracker.apidocs.load import Loaded


def only(**more: Any) -> Operation:
    (operation,) = described({"/things": more.pop("path")}, **more).operations
    return operation


def test_swagger_2() -> None:
    tree: dict[str, Any] = {
        "swagger": "2.0", "info": {"title": "Old", "version": "2"}, "host": "api.example.com", "basePath": "/v1/",
        "schemes": ["http", "https"], "produces": ["text/csv", "application/json"],
        "securityDefinitions": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}},
        "parameters": {"page": {"name": "page", "in": "query", "type": "integer"}},
        "definitions": {"Thing": RECORD}, "responses": {"Things": {"schema": array({"$ref": "#/definitions/Thing"})}},
        "paths": {"/things": {
            "parameters": [{"$ref": "#/parameters/page"}],
            "get": {"responses": {"200": {"$ref": "#/responses/Things"}, "404": {}}, "deprecated": True},
            "post": {"parameters": [{"name": "body", "in": "body", "schema": {"$ref": "#/definitions/Thing"}}]},
        }},
    }  # fmt: skip
    read = describe(Loaded("openapi2.0", tree))
    assert read.base_urls == ("https://api.example.com/v1",)
    assert read.schemes["key"]["name"] == "X-Key"
    listing, adding = read.operations
    assert (listing.method, listing.is_deprecated, listing.statuses) == ("get", True, ("200", "404"))
    assert [(each.name, each.place, each.type) for each in listing.parameters] == [("page", "query", "integer")]
    assert listing.answer
    assert listing.answer.media_type == "application/json"
    assert listing.answer.pointer == "/responses/Things"
    items = read.schemas.items(listing.answer.schema)
    assert list(read.schemas.properties(items)) == ["id", "name", "updated_at"]
    assert read.schemas.name(items) == "Thing"
    assert list(read.schemas.properties(adding.body_schema)) == ["id", "name", "updated_at"]


def test_an_operations_own_parameters_win() -> None:
    shared = [query("page", type="integer"), query("q")]
    operation = only(path={"parameters": shared, **get(array(), query("page", enum=["a", "b"]))})
    assert {each.name: each.values for each in operation.parameters} == {"page": ("a", "b"), "q": ()}


def test_references_are_followed_wherever_they_stand() -> None:
    components = {
        "pathItems": {"Things": {"get": {"responses": {"2XX": {"$ref": "#/components/responses/Things"}}}}},
        "responses": {"Things": {"content": {"$ref": "#/components/mediaTypes/things"}}},
        "mediaTypes": {"things": {"application/vnd.api+json": {"schema": array()}}},
    }
    operation = only(path={"$ref": "#/components/pathItems/Things"}, components=components)
    assert operation.answer
    assert (operation.answer.status, operation.answer.is_json) == ("2XX", True)
    assert operation.answer.schema == array()
    assert operation.pointer == "/components/pathItems/Things/get"


def test_json_comes_before_other_media_types_and_examples_stand_in_for_schemas() -> None:
    content = {"text/csv": {"schema": ID_TEXT}, "application/json": {"example": '{"data": [{"id": 1}, {"x": null}]}'}}
    operation = only(path={"get": {"responses": {"200": {"content": content}}}})
    answer = operation.answer
    assert answer
    assert answer.is_inferred
    assert answer.example == {"data": [{"id": 1}, {"x": None}]}
    record = answer.schema["properties"]["data"]["items"] if answer.schema else {}
    assert list(record["properties"]) == ["id", "x"]


ID_TEXT = {"type": "string"}


def test_webhooks_and_callbacks_are_counted() -> None:
    hook = {"post": {"responses": {}}}
    calls = {"onEvent": {"{$request.body#/url}": hook}, "onOther": {"{$request.body#/url}": hook}}
    paths = {"/hooks": get(array(), callbacks=calls), "/build_hooks": get(array()), "/v1/userWebhooks/{id}": get()}
    read = described(paths, webhooks={"a": hook, "b": {"post": {}, "get": {}}})
    assert (read.webhooks, read.callbacks, read.webhook_paths) == (3, 1, 2)


def test_outside_and_dangling_references_are_counted_once_and_never_followed() -> None:
    outside = {"$ref": "file:///etc/passwd"}
    paths = {
        "/a": get(outside), "/b": get(outside), "/c": get({"$ref": "#/nowhere"}), "/d": {"get": {"$ref": "d.yml#/get"}},
        "/e": get({"example": {"$ref": "data"}}),
    }  # fmt: skip
    read = described(paths, tags=[{"description": {"$ref": "prose.md"}}])
    assert (read.external_refs, read.dangling_refs) == (2, 1)
    assert [operation.is_outside for operation in read.operations] == [False, False, False, True, False]
    assert read.schemas.kind(outside) == ""


def test_wrong_types_drop_their_place_and_leave_a_note() -> None:
    paths = {
        "/number": 7, "/list": {"get": []}, "/text": {"get": {"responses": "none", "tags": {}, "parameters": "x"}},
        "/odd": {"get": {"parameters": [7, {"name": 3}, {"name": "ok", "in": "query", "schema": "text"}]}},
        "/" + "x" * 3_000: get(), "/\u202ereversed": get(),
    }  # fmt: skip
    read = described(paths)
    assert [operation.path for operation in read.operations] == ["/text", "/odd"]
    assert [each.name for each in read.operations[1].parameters] == ["ok"]
    pointers = [note.pointer for note in read.warnings]
    assert pointers == [
        "/paths/~1number", "/paths/~1list/get", "/paths/~1text/get/parameters", "/paths/~1odd/get/parameters/0",
        "/paths/~1odd/get/parameters/1", "/paths", "/paths",
    ]  # fmt: skip


def test_limits_leave_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [query(f"p{number}") for number in range(150)]
    operation = only(path=get(array(), *many))
    assert len(operation.parameters) == 100
    monkeypatch.setattr(openapi, "MOST_OPERATIONS", 3)
    read = described({f"/p{number}": get() for number in range(4)})
    assert len(read.operations) == 3
    assert [note.sentence for note in read.warnings] == ["Only the first 3 operations were read."]


def test_a_document_without_paths_says_so() -> None:
    for tree in ({}, {"paths": []}, {"paths": None}, [], None):
        read = describe(Loaded("openapi3.1", tree))
        assert read.operations == ()
        assert "describes no operations" in read.warnings[0].sentence


def test_servers_with_variables() -> None:
    servers = [{"url": "https://{region}.x.com/{v}/", "variables": {"region": {"default": "eu"}}}, {"url": 7}, 3]
    assert describe(Loaded("openapi3.0", document({}, servers=servers))).base_urls == ("https://eu.x.com/{v}",)


def test_loops_and_references_that_fan_out_cost_each_schema_once() -> None:
    schemas: dict[str, Any] = {
        f"L{level}": {"allOf": [{"$ref": f"#/components/schemas/L{level + 1}"}] * 4} for level in range(28)
    }
    schemas["L28"] = {"properties": {"deep": {"type": "string"}}}
    schemas["Loop"] = {"allOf": [{"$ref": "#/components/schemas/Loop"}], "properties": {"next": {"type": "string"}}}
    schemas["Self"] = {"$ref": "#/components/schemas/Self"}
    read = described({}, components={"schemas": schemas})
    asked = {name: {"$ref": f"#/components/schemas/{name}"} for name in schemas}
    assert len(read.schemas.parts(asked["L0"])) == 9
    assert list(read.schemas.properties(asked["L21"])) == ["deep"]
    assert list(read.schemas.properties(asked["Loop"])) == ["next"]
    assert read.schemas.kind(asked["Self"]) == ""


@pytest.mark.parametrize("path", ["/../../etc/passwd", "/a/%2e%2e/b", "/a/./b", "/..", "/a/%2E./b"])
def test_paths_that_lead_elsewhere_are_left_out(path: str) -> None:
    lists = {"get": {"responses": {"200": {"content": {"application/json": {"schema": {"type": "array"}}}}}}}
    tree = {"openapi": "3.0.0", "info": {"title": "t", "version": "1"}, "paths": {path: lists, "/a.b/..c": lists}}
    found = describe(Loaded("openapi3.0", tree))
    assert [each.path for each in found.operations] == ["/a.b/..c"]
    assert any("leads elsewhere" in note.sentence for note in found.warnings)
