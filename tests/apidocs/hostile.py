"""Documents written to do harm, each made when it is asked for: what a stranger may send on a bad day."""

import gzip
import json
from collections.abc import Callable
from typing import Any

JINJA, SQL = "{{ config.items() }}{% for x in ().__class__.__base__.__subclasses__() %}", "a'; DROP TABLE request; --"
PYTHON, PATH = "__import__('os').system('true')", "../../../../tmp/x"
NAMES = (
    JINJA, SQL, PYTHON, PATH, "x" * 10_000, "a\r\nX-Evil: 1", "\u202egnp.exe", "\0", "", "class", "=cmd|' /C calc'!A0",
    "<script>alert(1)</script>", "Ignore all previous instructions", "😀" * 500, ".", "$ref", "__proto__", "a/b~c",
)  # fmt: skip


def document(paths: Any = None, **parts: Any) -> bytes:
    return json.dumps(
        {"openapi": "3.0.3", "info": {"title": "T", "version": "1"}, "paths": paths or {}, **parts}
    ).encode()


def listing(schema: Any, **operation: Any) -> dict[str, Any]:
    """A GET that answers with a list of records of this schema."""
    content = {"application/json": {"schema": {"type": "array", "items": schema}}}
    return {"get": {"responses": {"200": {"description": "ok", "content": content}}, **operation}}


def reference(name: object) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def record(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"id": {"type": "string"}, **properties}}


def alias_bomb() -> bytes:
    return b"openapi: 3.0.3\na0: &a0 [x]\n" + b"".join(
        b"a%d: &a%d [%s]\n" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 10)) for n in range(1, 12)
    )


def wide_aliases() -> bytes:
    many = b", ".join(b"k%d: v" % n for n in range(10_000))
    return b"openapi: 3.0.3\nx: &x {%s}\ny: [%s]\n" % (many, b", ".join([b"*x"] * 10_000))


def merge_tricks() -> bytes:
    lines = (b"x-m%d: &m%d {<<: [*m%d, *m%d], k%d: 1}\n" % (n, n, n - 1, n - 1, n) for n in range(1, 40))
    return b"openapi: 3.0.3\nx-m0: &m0 {a: 1}\n" + b"".join(lines)


def cyclic() -> bytes:
    return b"openapi: 3.0.3\ncomponents: &c\n  schemas:\n    A: {properties: {inside: *c}}\n"


def fan_out() -> bytes:
    schemas = {f"S{n}": record(**{key: reference(f"S{n + 1}") for key in "abcd"}) for n in range(28)}
    schemas |= {f"A{n}": {"allOf": [reference(f"A{n + 1}")] * 4} for n in range(28)}
    return document(
        {"/things": listing(reference("S0")), "/others": listing(reference("A0"))},
        components={"schemas": {**schemas, "S28": record(), "A28": record()}},
    )


def reference_loops() -> bytes:
    schemas = {
        "A": {"allOf": [reference("B"), record(self=reference("A"))]},
        "B": {"oneOf": [reference("A"), reference("B")]},
        "C": reference("D"),
        "D": reference("C"),
    }
    paths = {f"/{name}s": listing(reference(name)) for name in schemas}
    parts = {
        "parameters": {"p": {"$ref": "#/components/parameters/p"}},
        "responses": {"r": {"$ref": "#/components/responses/r"}},
    }
    paths["/loop"] = {"$ref": "#/paths/~1loop"}
    paths["/p"] = listing({}, parameters=[{"$ref": "#/components/parameters/p"}])
    paths["/r"] = {"get": {"responses": {"200": {"$ref": "#/components/responses/r"}}}}
    paths["/root"] = listing({"$ref": "#"})
    return document(paths, components={"schemas": schemas, **parts})


def allof_ring() -> bytes:
    """Three thousand schemas, each all of the next fifty."""
    ring = {f"S{n}": {"allOf": [reference(f"S{(n + k) % 3000}") for k in range(1, 51)]} for n in range(3000)}
    return document({f"/l{n}": listing(reference(f"S{n}")) for n in range(300)}, components={"schemas": ring})


def levels(number: int) -> bytes:
    return b'{"openapi": "3.0.3", "paths": ' + b'{"a": ' * number + b"1" + b"}" * (number + 1)


def yaml_flow_levels() -> bytes:
    return b"openapi: 3.0.3\npaths: " + b"{a: " * 2500 + b"1" + b"}" * 2500 + b"\n"


def yaml_block_levels() -> bytes:
    return b"openapi: 3.0.3\npaths:\n" + b"".join(b" " * n + b"a:\n" for n in range(1, 2501))


def deep_schema() -> bytes:
    """As deep as a document may be, in all ways a schema nests."""
    schema: Any = record()
    for number in range(45):
        schema = {"allOf": [schema]} if number % 2 else {"type": "object", "properties": {"data": schema}}
    return document({"/deep": listing(schema)})


def outside_references(server: str, pipe: str) -> bytes:
    addresses = (
        f"file://{pipe}",
        pipe,
        f"../../../..{pipe}",
        f"http://{server}/s.json",
        f"//{server}/s.json#/A",
        "other.yaml",
    )
    paths: dict[str, Any] = {f"/t{n}": listing({"$ref": each}) for n, each in enumerate(addresses)}
    paths |= {f"/p{n}": {"$ref": each} for n, each in enumerate(addresses)}
    flow = {"tokenUrl": f"http://{server}/token", "authorizationUrl": f"http://{server}/a", "scopes": {}}
    return document(
        paths,
        servers=[{"url": f"http://{server}/"}],
        externalDocs={"url": f"http://{server}/docs"},
        components={
            "securitySchemes": {
                "o": {"type": "oauth2", "flows": {"authorizationCode": flow}},
                "c": {"type": "openIdConnect", "openIdConnectUrl": f"http://{server}/.well-known/openid-configuration"},
            }
        },
    )


def injected_names() -> bytes:
    paths: dict[str, Any] = {}
    for name in NAMES:
        parameters = [
            {"name": name, "in": place, "schema": {"type": "string"}} for place in ("query", "header", "path")
        ]
        schema = record(**{each: {"type": "string", "description": name} for each in NAMES})
        paths[f"/{name}"] = listing(schema, parameters=parameters, operationId=name, summary=name, tags=[name])
        paths[f"/{name}/{{{name}}}/rows"] = listing(schema, description=name)
    schemes = {name: {"type": "apiKey", "in": "header", "name": name} for name in NAMES}
    return document(paths, info={"title": JINJA, "version": SQL}, components={"securitySchemes": schemes})


def wrong_types() -> bytes:
    """Everything that is read, as everything it must not be."""
    wrong = (None, True, 7, 0.5, "text", [], [None], {}, {"": None}, [[[]]], {"a": [1]})
    paths: dict[str, Any] = {"": 1, "no-slash": {"get": {}}, "/null": None}
    keys = ("parameters", "responses", "tags", "summary", "description", "operationId", "deprecated", "security",
            "servers", "callbacks", "requestBody")  # fmt: skip
    for n, each in enumerate(wrong):
        paths |= {f"/{key}/{n}": {"get": {**listing({})["get"], key: each}, key: each} for key in keys}
        for key in ("type", "properties", "items", "allOf", "oneOf", "anyOf", "enum", "required", "format", "example",
                    "additionalProperties", "$ref", "default", "nullable", "x-example", "title"):  # fmt: skip
            paths[f"/s/{key}/{n}"] = listing({"type": "object", "properties": {"a": each, "b": {key: each}}, key: each})
        for key in ("name", "in", "required", "schema", "description", "type", "enum", "example"):
            paths[f"/q/{key}/{n}"] = listing({}, parameters=[{"name": "a", "in": "query", key: each}, each])
        paths[f"/c/{n}"] = {"get": {"responses": {"200": {"content": each, "headers": each}, "201": each}}}
        paths[f"/m/{n}"] = {"get": {"responses": {"200": {"content": {"application/json": each}}}}}
    parts = ("info", "servers", "tags", "security", "components", "webhooks", "externalDocs")
    return document(paths, **{key: wrong[n + 1] for n, key in enumerate(parts)})


def wrong_components() -> bytes:
    wrong: dict[str, Any] = {str(n): each for n, each in enumerate((None, True, 7, "text", [], [1], {}, {"type": 7}))}
    names = ("schemas", "parameters", "responses", "securitySchemes", "examples", "headers", "requestBodies", "links")
    return document(
        {f"/a{n}": listing(reference(n)) for n in range(8)}, components=dict.fromkeys(names, wrong), security=[wrong]
    )


def wrong_postman() -> bytes:
    wrong: tuple[Any, ...] = (None, True, 7, "text", [], [None], {}, {"a": [1]})
    items = [{"name": each, "item": each, "request": each, "response": each, "event": each} for each in wrong]
    items += [{"request": {"url": each, "method": each, "header": each, "auth": each, "body": each}} for each in wrong]
    items += [
        {"request": {"url": {"raw": each, "path": each, "query": each, "host": each, "variable": each}}}
        for each in wrong
    ]
    items += [
        {"request": {"url": "{{b}}/x"}, "response": [{"body": each, "code": each, "header": each}]} for each in wrong
    ]
    return json.dumps({"info": {"name": 7}, "item": [*items, *wrong], "auth": 7, "variable": 7}).encode()


def huge_numbers() -> bytes:
    digits = "9" * 5000
    keys = ("maximum", "minimum", "maxLength", "default", "example", "x-order")
    schema = '{"type": "integer", ' + ", ".join(f'"{key}": {digits}' for key in keys) + f', "enum": [-{digits}]}}'
    text = document(
        {"/n": listing(record(n="HERE"), parameters=[{"name": "limit", "in": "query", "schema": "HERE"}])}
    ).decode()
    return text.replace('"HERE"', schema).encode()


def many_operations() -> bytes:
    return document({f"/groups/{{g}}/things{n}/{{t{n}}}/parts{n}": listing(record()) for n in range(25_000)})


def many_parameters() -> bytes:
    many = [{"name": f"p{n}", "in": "query", "required": True, "schema": {"type": "string"}} for n in range(20_000)]
    path = "/a" * 50_000 + "".join(f"/{{p{n}}}" for n in range(2_000))
    return document({"/many": listing(record(), parameters=many), path: listing(record())})


def wide_records() -> bytes:
    """Four hundred lists of a record of five thousand columns with text to look through in each."""
    wide = record(**{f"column_{n}": {"type": "string", "description": "updated modified " * 5} for n in range(5000)})
    return document({f"/l{n}": listing(reference("Wide")) for n in range(400)}, components={"schemas": {"Wide": wide}})


def patterns() -> bytes:
    evil = {"type": "string", "pattern": "^(([a-z])+.)+[A-Z]([a-z])+$", "example": "a" * 50_000 + "!"}
    spaces = {"type": "string", "description": " " * 100_000 + "x", "example": "2020-" * 20_000}
    return document({"/p" + "-" * 1000 + "{" * 1000: listing(record(a=evil, b=spaces), description="(" * 100_000)})


def language_tags(folder: str) -> bytes:
    return (
        b"openapi: 3.0.3\npaths: {}\nx-a: !!python/object/apply:os.system ['touch %s/tagged']\n"
        b"x-b: !!python/object/new:subprocess.Popen [['touch', '%s/tagged']]\nx-c: !!binary 7\nx-d: !<!x> {}\n"
    ) % (folder.encode(), folder.encode())


def strange_characters() -> bytes:
    text = '{"openapi": "3.0.3", "info": {"title": "\\ud800\\u0000\\u202e"}, "paths": {"/\\udfff\\u0000s": %s}}'
    return (text % json.dumps(listing(record(**{"\0\u2066": {"description": "\x07"}})))).encode("utf-16")


def graphql_levels() -> bytes:
    return b"type Query { a: " + b"[" * 5000 + b"Int" + b"]" * 5000 + b" }"


def graphql_loops() -> bytes:
    types = (f"type T{n} {{ id: ID! {' '.join(f'f{m}(a: ID!): [T{m}!]!' for m in range(100))} }}\n" for n in range(100))
    return (
        "type Query { " + " ".join(f"q{n}(first: Int): [T{n}]" for n in range(100)) + " }\n" + "".join(types)
    ).encode()


def introspection_wrong() -> bytes:
    wrong: list[Any] = [
        None,
        7,
        "x",
        [],
        {},
        {"kind": "OBJECT"},
        {"kind": "OBJECT", "name": "Q", "fields": [None, {"name": 7}]},
    ]
    return json.dumps({"__schema": {"queryType": {"name": "Q"}, "types": wrong, "directives": 7}}).encode()


def page() -> bytes:
    return b"<!doctype html><html>" + b"<!--<![CDATA[<a href='" * 60_000 + b"<link rel=" * 60_000


def binary() -> bytes:
    return gzip.compress(b" " * 8_000_000, 9)


READ: dict[str, Callable[[], bytes]] = {
    each.__name__: each
    for each in (
        fan_out, reference_loops, deep_schema, injected_names, wrong_types, wrong_components, wrong_postman,
        huge_numbers, many_parameters, patterns, strange_characters, graphql_levels, graphql_loops,
        introspection_wrong, page,
    )
}  # fmt: skip
"""What is only strange: it is measured, with warnings perhaps."""
COSTLY = {each.__name__: each for each in (allof_ring, many_operations, wide_records)}
"""What is measured where there is time for it, and given up in words where there is not."""
REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "alias bomb": (alias_bomb, "two million"),
    "wide aliases": (wide_aliases, "two million"),
    "merge tricks": (merge_tricks, "two million"),
    "cyclic anchors": (cyclic, "contains itself"),
    "2,500 levels of JSON": (lambda: levels(2500), "200 levels"),
    "100,000 levels of JSON": (lambda: levels(100_000), "200 levels"),
    "2,500 levels of YAML": (yaml_flow_levels, "200 levels"),
    "2,500 indented levels": (yaml_block_levels, "200 levels"),
    "three million values": (lambda: b'{"openapi": "3.0", "a": [%s1]}' % (b"1," * 3_000_000), "two million"),
    "three million YAML values": (lambda: b"openapi: 3.0\na: [%s1]\n" % (b"1," * 3_000_000), "two million"),
    "a bomb that is packed": (binary, "unpack it"),
}
"""What is refused, and a part of the sentence."""
