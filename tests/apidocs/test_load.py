"""Loading: a document is recognised by what it holds, whatever it is called and however it is written."""

import codecs
import gzip
import json
import math

import pytest

from request_tracker.apidocs.load import Loaded, Unreadable, load
from request_tracker.apidocs.loading import bounds

SMALL = '{"openapi": "3.0.3", "info": {"title": "Über €", "version": "1"}, "paths": {}}'
YAML = "openapi: 3.1.0\ninfo: {title: Ducks, version: 2020-01-02}\npaths:\n  /ducks:\n    get:\n      responses:\n"

KINDS = [
    (SMALL, "openapi3.0"),
    (YAML, "openapi3.1"),
    ("%YAML 1.2\n---\n# a remark\n" + YAML, "openapi3.1"),
    ("swagger: 2.0\npaths: {}", "openapi2.0"),
    ('{"swagger": "2.0", "paths": {},}', "openapi2.0"),
    ('{"openapi": "3.2.0"}', "openapi3.1"),
    ('{"paths": {"/a": {}}, "definitions": {}}', "openapi2.0"),
    ('{"paths": {"/a": {}}}', "openapi3.0"),
    ('{"info": {"schema": "https://schema.example/collection/v2.0.0/collection.json"}, "item": []}', "postman2.0"),
    ('{"collection": {"info": {"name": "x"}, "item": []}}', "postman2.1"),
    ('{"data": {"__schema": {"types": []}}}', "graphql-introspection"),
    ('{"__schema": {"types": []}}', "graphql-introspection"),
    ('"""The ducks."""\ntype Query {\n  ducks(first: Int): [Duck!]!\n}\n', "graphql-sdl"),
    ("schema { query: Root }\ntype Root implements A & B @x { a: ID }", "graphql-sdl"),
    ("<!DOCTYPE html><html><body>Docs</body></html>", "html"),
    ('<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"></html>', "html"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind"), KINDS, ids=[f"{number}-{kind}" for number, (_, kind) in enumerate(KINDS)])
def test_a_document_is_recognised_by_what_it_holds(text: str, kind: str) -> None:
    assert load(text.encode(), name="misleading.pdf").kind == kind


REFUSED = [
    (b"", "nothing in this document"),
    (b"\xef\xbb\xbf \n", "nothing in this document"),
    (gzip.compress(SMALL.encode()), "unpack it"),
    (b"PK\x03\x04\x14\0\0\0", "unpack it"),
    (b"%PDF-1.7\n...", "PDF"),
    (b"\x89PNG\r\n\x1a\n\0\0", "picture"),
    (bytes(range(1, 32)) * 20, "holds no text"),
    (b"# Our API\n\nCall us: it is easy: really.\n", "plain text"),
    (b"Just call us", "plain text"),
    (b"- openapi\n- swagger\n", "plain text"),
    (b"[1, 2]", "neither an OpenAPI"),
    (b'{"a": 1}', "neither an OpenAPI"),
    (b'{"swaggerVersion": "1.2", "apis": []}', "Swagger 1"),
    (b'{"swagger": "1.2"}', "OpenAPI 1"),
    (b"openapi: 4.0.0", "OpenAPI 4"),
    (b'{"asyncapi": "2.6.0", "channels": {}}', "AsyncAPI"),
    (b"#%RAML 1.0\ntitle: x", "RAML"),
    (b"FORMAT: 1A\n# Ducks", "API Blueprint"),
    (b'<?xml version="1.0"?><wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"/>', "WSDL"),
    (b'<?xml version="1.0"?><feed/>', "XML"),
    (b'{"_type": "export", "__export_format": 4, "resources": []}', "Insomnia"),
    (b'{"log": {"version": "1.2", "entries": []}}', "HAR"),
    (b'{"id": "x", "requests": [], "order": []}', "version 1"),
    (b'{"errors": [{"message": "introspection is off"}], "data": null}', "GraphQL server"),
    (b'{"kind": "discovery#restDescription", "discoveryVersion": "v1"}', "Google discovery"),
    (b'{"openapi": "3.0.0",\n "info": [1, }', "line 2"),
    (b'openapi: 3.0.0\ninfo:\n\t- "x', "line 3"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "told"), REFUSED, ids=[told for _, told in REFUSED])
def test_what_cannot_be_read_is_named_and_says_what_to_do(body: bytes, told: str) -> None:
    with pytest.raises(Unreadable, match=told) as refused:
        load(body)
    assert any(each in refused.value.sentence.lower() for each in ("send", "unpack", "put it right"))


ENCODINGS = {
    "plain": SMALL.encode(),
    "marked": codecs.BOM_UTF8 + SMALL.encode(),
    "utf-16": SMALL.encode("utf-16"),
    "utf-16-be": codecs.BOM_UTF16_BE + SMALL.encode("utf-16-be"),
    "utf-16 unmarked": SMALL.encode("utf-16-le"),
    "utf-32": SMALL.encode("utf-32"),
    "utf-32-be unmarked": SMALL.encode("utf-32-be"),
    "windows": SMALL.encode("cp1252"),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_encoding_does_not_matter(encoding: str) -> None:
    found = load(ENCODINGS[encoding])
    assert found.tree["info"]["title"] == "Über €"
    assert bool(found.warnings) is (encoding == "windows")


def test_yaml_says_what_is_written_not_what_an_old_reader_makes_of_it() -> None:
    tree = load(
        b"openapi: 3.0.0\npaths: {}\nx: {200: a, on: b, null: c, 0x1f: d, <<: {e: f, on: lost}}\n"
        b"y: [on, NO, 2020-01-02, 12:30:00, 0o17, 0x1F, 017, 1_000, 1e3, .5, -7, +1, .inf, ~, '1', !!int '2',"
        b" !!str 3]\n"
        b"z: |\n  2020\n"
    ).tree
    assert tree["x"] == {"200": "a", "on": "b", "null": "c", "0x1f": "d", "e": "f"}
    assert tree["y"] == [
        "on", "NO", "2020-01-02", "12:30:00", 15, 31, 17, "1_000", 1000.0, 0.5, -7, 1, ".inf", None, "1", 2, "3",
    ]  # fmt: skip
    assert tree["z"] == "2020\n"


def test_anchors_merge_keys_and_oddities_are_read_and_told() -> None:
    found = load(
        b"openapi: 3.0.0\nx-a: &a {one: 1, two: 2}\nx-b: &b {two: 3, three: 3}\n"
        b"first: {<<: [*a, *b], one: own}\ntwice: 1\ntwice: 2\n? [1, 2]\n: lost\nnowhere: *c\n"
        b'code: !!python/object/apply:os.system [\'true\']\npair: {"a\\ud83d\\ude00": "\\uD83D"}\n---\nsecond: 1\n'
    )
    tree, told = found.tree, " ".join(each.sentence for each in found.warnings)
    assert tree["first"] == {"one": "own", "two": 2, "three": 3}
    assert tree["twice"] == 2
    assert tree["code"] == ["true"]
    assert tree["nowhere"] is None
    assert tree["pair"] == {"a😀": "\ufffd"}
    for part in ("“twice” is given twice", "no text was left out", "nowhere defined", "type of a", "several documents"):
        assert part in told


def test_a_key_given_twice_in_json_is_told_with_its_place() -> None:
    found = load(b'{"openapi": "3.0.0", "paths": {"/a~b": [{"get": 1, "get": 2}]}}')
    assert [each.pointer for each in found.warnings] == ["/paths/~1a~0b/0/get"]


def test_numbers_that_nothing_holds_stay_text() -> None:
    digits = "9" * 5000
    for body in (f'{{"openapi": "3.0", "a": [{digits}, 1e999, NaN, 18446744073709551615]}}',
                 f"openapi: 3.0\na: [{digits}, 1e999, NaN, 18446744073709551615]"):  # fmt: skip
        read = load(body.encode()).tree["a"]
        assert read == [digits, "1e999", "NaN", 2**64 - 1]
        assert not any(isinstance(each, float) and not math.isfinite(each) for each in read)


@pytest.mark.parametrize("style", ["json", "yaml"])
def test_no_text_of_a_tree_holds_controls_or_half_characters(style: str) -> None:
    text = (
        r'{"openapi": "3.0", "a": ["\ud800", "\u0000\u0007", "\u202egnp.exe", "a\\u0000", "\\\\ud800", "\ud83d\ude00"]}'
    )
    head = "" if style == "json" else "# yaml\n"
    read = load((head + text + "").encode()).tree["a"]
    assert read == ["\ufffd", "\ufffd\ufffd", "\ufffdgnp.exe", "a\\u0000", "\\\\ud800", "😀"]
    json.dumps(read, ensure_ascii=False).encode()


PAGE = """<!doctype html><html><head><link rel="service-desc" href="/described.yaml">
<script src="/swagger-ui.js"></script>
<link rel=manifest href="/manifest.json"></head><body><redoc spec-url='./v2/openapi.yaml#top'></redoc>
<a href=https://other.example/swagger.json>json</a> <a href="https://other.example/prices.json">prices</a>
<script>SwaggerUIBundle({ url: "\\/v3\\/api-docs?group=a&amp;b", x: "javascript:alert(1)//openapi.json" });
Redoc.init("specs/main.yml"); const f = "file:///etc/openapi.json", g = "//cdn.example/postman_collection.json"
</script></body></html>"""


def test_a_page_of_documentation_says_where_its_documents_are() -> None:
    found = load(PAGE.encode(), name="https://docs.example/api/start.html")
    assert found.kind == "html"
    assert found.links == (
        "https://docs.example/api/v2/openapi.yaml",
        "https://docs.example/api/specs/main.yml",
        "https://docs.example/described.yaml",
        "https://docs.example/v3/api-docs?group=a&b",
        "https://other.example/swagger.json",
        "https://cdn.example/postman_collection.json",
    )


def test_a_page_from_a_file_offers_what_is_whole_and_tells_the_rest() -> None:
    found = load(PAGE.encode(), name="start.html")
    assert found.links == ("https://other.example/swagger.json",)
    assert "./v2/openapi.yaml" in found.warnings[0].sentence
    based = load(PAGE.replace("<head>", '<head><base href="https://b.example/x/">').encode())
    assert based.links[0] == "https://b.example/x/v2/openapi.yaml"


def test_nesting_is_allowed_to_two_hundred_levels_and_no_further() -> None:
    def nested(levels: int) -> bytes:
        return b'{"openapi": "3.0", "a": ' + b"[" * levels + b"]" * levels + b"}"

    assert load(nested(bounds.DEEPEST - 1)).kind == "openapi3.0"
    for too_deep in (nested(bounds.DEEPEST), b"# yaml\n" + nested(bounds.DEEPEST)):
        with pytest.raises(Unreadable, match="200 levels"):
            load(too_deep)


def test_an_anchor_counts_as_deep_and_as_big_as_what_it_stands_for() -> None:
    chain = "openapi: 3.0\nl0: &l0 [x]\n" + "".join(f"l{n}: &l{n} [*l{n - 1}]\n" for n in range(1, 250))
    with pytest.raises(Unreadable, match="200 levels"):
        load(chain.encode())
    merged = "openapi: 3.0\nm0: &m0 {a: 1}\n" + "".join(
        f"m{n}: &m{n} {{<<: [*m{n - 1}, *m{n - 1}]}}\n" for n in range(1, 30)
    )
    with pytest.raises(Unreadable, match="two million"):
        load(merged.encode())


def test_a_tree_that_is_read_shares_what_anchors_name() -> None:
    found: Loaded = load(b"openapi: 3.0\na: &a {b: 1}\nc: *a\n")
    assert found.tree["c"] is found.tree["a"]
