"""The vendor's API definition as checks: is this a request, or an answer, that it describes?

Always: a small excerpt of facts beside this file. The whole file too where FIVETRAN_OPENAPI names it; then
`python tests/fivetran/definition.py` writes the excerpt anew.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

EXCERPT = Path(__file__).with_name("excerpt.json")
VARIABLE = "FIVETRAN_OPENAPI"
WANTED = re.compile(
    r"/v1/(account/info|groups(/\{groupId\}(/(users|connections))?)?|destinations(/\{destinationId\}(/test)?)?|users|roles"
    r"|connections(/\{connectionId\}(/(connect-card|sync|resync|test|state|schemas(/reload"
    r"|/\{schema\}/tables/\{table\}/columns)?))?)?|metadata/connector-types(/\{service\})?"
    r"|webhooks(/account|/group/\{groupId\}|/\{webhookId\}(/test)?)?|connector-sdk/packages(/\{package_id\})?)"
)
SERVICES = frozenset({"connector_sdk"})
# How the vendor's generator writes "any JSON" for the values of a mapping.
_ANYTHING = {"type": "object"}
_KEPT = ("required", "type", "enum")
# Names that stand for any name in the definition's samples.
_ANY_NAME = ({"schema"}, {"table"}, {"column"})
# Required in the definition, and yet null in real answers. `data` of a list's items, by the field's name.
_MAY_BE_NULL = frozenset({"replacement_role_name", "sync_frequency", "logged_in_at"})

Json = dict[str, Any]


def definition() -> Json:
    """The strictest at hand: the vendor's whole file where it is named, the excerpt otherwise."""
    return whole() or excerpt()


@cache
def excerpt() -> Json:
    found: Json = json.loads(EXCERPT.read_text())
    return found


@cache
def whole() -> Json | None:
    named = os.environ.get(VARIABLE)
    return excerpt_of(json.loads(Path(named).read_text()), re.compile(".*"), None) if named else None


def request_errors(
    method: str, path: str, query: Mapping[str, Any], body: object, known: Json | None = None
) -> list[str]:
    """What is wrong with a request, in words; empty when nothing is. `body` is parsed JSON or None; for an upload
    give `{"file": {}}`. Names that the definition does not know are errors."""
    operation = operation_of(method, path, known or definition())
    if operation is None:
        return [f"{method} {path}: not in the definition"]
    errors = [f"{method} {path}: unknown query parameter {name!r}" for name in query if name not in operation["query"]]
    if "body" not in operation:
        return errors + ([f"{method} {path}: takes no body"] if body else [])
    schema = _closed(_for_service(operation["body"], body))
    return errors + [f"{method} {path}: {fault}" for fault in _faults(schema, {} if body is None else body)]


def answer_errors(method: str, path: str, status: int, body: object, known: Json | None = None) -> list[str]:
    """The same for an answer. Both spellings of connections are known; further fields are allowed; a null that stands
    for "not there" is allowed, as the real API gives it; a refusal must be an envelope with a code and a message."""
    operation = operation_of(method, path.replace("/connectors", "/connections"), known or definition())
    if operation is None:
        return [f"{method} {path}: not in the definition"]
    if status >= 400:
        schema: Json = {"required": ["code", "message"], "properties": {"code": {"type": "string"}}}
    elif str(status) in operation["answers"]:
        schema = _answer_schema(operation["answers"][str(status)], body)
    elif method == "DELETE" and status == 204:
        return []
    else:
        return [f"{method} {path}: the definition has no answer {status}"]
    return [f"{method} {path} {status}: {fault}" for fault in _faults(schema, _without_nulls(body))]


def operation_of(method: str, path: str, known: Json) -> Json | None:
    """The operation that answers this path; a path without a placeholder wins over one with."""
    fitting = [name for name in known["paths"] if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", name), path)]
    fitting = [name for name in fitting if method.lower() in known["paths"][name]]
    if not fitting:
        return None
    best = min(fitting, key=lambda name: name.count("{"))
    found: Json = _resolved(known["paths"][best][method.lower()], known)
    return found


def excerpt_of(source: Json, wanted: re.Pattern[str] = WANTED, services: frozenset[str] | None = SERVICES) -> Json:
    """What the checks need of the vendor's file: paths, parameters, fields, types, choices. No prose. All services:
    None."""
    return Excerpt(source, services).of(wanted)


class Excerpt:
    """Shapes are written down once and named by number wherever they are used."""

    def __init__(self, source: Json, services: frozenset[str] | None) -> None:
        self.source = source
        self.services = services
        self.names: dict[str, str] = {}

    def of(self, wanted: re.Pattern[str]) -> Json:
        paths = {
            path: {
                method: self._operation(operation)
                for method, operation in operations.items()
                if method in {"get", "post", "patch", "delete"}
            }
            for path, operations in self.source["paths"].items()
            if wanted.fullmatch(path)
        }
        shapes = {name: json.loads(text) for text, name in self.names.items()}
        return {"openapi": self.source["openapi"], "paths": paths, "shapes": shapes}

    def _operation(self, operation: Json) -> Json:
        found: Json = {
            "query": sorted(each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"),
            "answers": {
                status: self._named(_content(answer))
                for status, answer in operation["responses"].items()
                if status < "300"
            },
        }
        if "requestBody" in operation:
            found["body"] = self._named(_content(operation["requestBody"]))
        return found

    def _named(self, schema: Json) -> Json:
        text = json.dumps(self._plain(schema), sort_keys=True)
        return {} if text == "{}" else {"shape": self.names.setdefault(text, f"shape {len(self.names) + 1}")}

    def _plain(self, schema: Json) -> Json:
        """JSON Schema of today, with references and alternatives by service put in."""
        schema = _merged(schema, self.source)
        found: Json = {name: schema[name] for name in _KEPT if schema.get(name)}
        properties = {name: self._plain(inner) for name, inner in schema.get("properties", {}).items()}
        if set(properties) in _ANY_NAME:
            found["additionalProperties"] = next(iter(properties.values()))
        elif properties:
            found["properties"] = properties
        for name in ("items", "additionalProperties"):
            if isinstance(schema.get(name), dict):
                found[name] = {} if schema[name] == _ANYTHING else self._plain(schema[name])
        if by_service := schema.get("discriminator", {}).get("mapping"):
            mine = by_service if self.services is None else self.services & by_service.keys()
            found["services"] = {service: self._config({"$ref": by_service[service]}) for service in sorted(mine)}
        return _mended(found)

    def _config(self, schema: Json) -> Json:
        return self._plain(_merged(schema, self.source)["properties"].get("config", {}))


def _content(holder: Json) -> Json:
    for content in holder.get("content", {}).values():
        schema: Json = content["schema"]
        return schema
    return {}


def _mended(schema: Json) -> Json:
    """Numbers are listed as texts, and the choices of a list's items stand on the list."""
    if schema.get("type") == "integer" and "enum" in schema:
        schema["enum"] = [int(each) for each in schema["enum"]]
    if schema.get("type") == "array" and "enum" in schema:
        schema["items"] = {**schema["items"], "enum": schema.pop("enum")}
    return schema


def _merged(schema: Json, source: Json) -> Json:
    if schema.get("$ref", "").endswith("/JsonNode"):
        return {}
    if "$ref" in schema:
        return _merged(source["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]], source)
    whole = {name: value for name, value in schema.items() if name != "allOf"}
    for part in schema.get("allOf", ()):
        whole = _joined(whole, _merged(part, source))
    return whole


def _joined(one: Json, other: Json) -> Json:
    both = {**one, **other}
    both["required"] = sorted({*one.get("required", ()), *other.get("required", ())})
    names = {**one.get("properties", {}), **other.get("properties", {})}
    shared = one.get("properties", {}).keys() & other.get("properties", {}).keys()
    both["properties"] = names | {
        name: _joined(one["properties"][name], other["properties"][name]) for name in sorted(shared)
    }
    return both


def _resolved(operation: Json, known: Json) -> Json:
    def shape(reference: Json) -> Json:
        found: Json = known["shapes"][reference["shape"]] if reference else {}
        return found

    answers = {status: shape(reference) for status, reference in operation["answers"].items()}
    found = {**operation, "answers": answers}
    return found | ({"body": shape(operation["body"])} if "body" in operation else {})


def _for_service(schema: Json, body: object) -> Json:
    """With the configuration that belongs to the body's service; an open one for a service we do not know."""
    if "services" not in schema:
        return schema
    service = body.get("service") if isinstance(body, dict) else None
    config = schema["services"].get(service, {"type": "object", "additionalProperties": {}})
    rest = {name: value for name, value in schema.items() if name != "services"}
    return {**rest, "properties": {**schema["properties"], "config": config, "auth": {}}}


def _answer_schema(schema: Json, body: object) -> Json:
    data = schema.get("properties", {}).get("data", {})
    if "services" not in data:
        return schema
    inner = body.get("data") if isinstance(body, dict) else None
    return {**schema, "properties": {**schema["properties"], "data": _for_service(data, inner)}}


def _closed(schema: Json) -> Json:
    """The same, refusing names it does not list: in a request they are slips of the pen."""
    found = dict(schema)
    if "properties" in schema:
        found["properties"] = {name: _closed(inner) for name, inner in schema["properties"].items()}
        found.setdefault("additionalProperties", False)
    if isinstance(schema.get("items"), dict):
        found["items"] = _closed(schema["items"])
    if isinstance(schema.get("additionalProperties"), dict):
        found["additionalProperties"] = _closed(schema["additionalProperties"])
    return found


def _without_nulls(value: object) -> object:
    if isinstance(value, dict):
        kept = {name: inner for name, inner in value.items() if inner is not None or name in _MAY_BE_NULL}
        return {name: _stand_in(name) if inner is None else _without_nulls(inner) for name, inner in kept.items()}
    return [_without_nulls(inner) for inner in value] if isinstance(value, list) else value


def _stand_in(name: str) -> object:
    return 360 if name == "sync_frequency" else ""


def _faults(schema: Json, value: object) -> Iterator[str]:
    for fault in Draft202012Validator(schema).iter_errors(value):
        yield f"{'/'.join(map(str, fault.absolute_path)) or 'body'}: {fault.message[:200]}"


def main() -> None:
    found = excerpt_of(json.loads(Path(os.environ[VARIABLE]).read_text()))
    EXCERPT.write_text(json.dumps(found, indent=None, separators=(",", ":"), sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
