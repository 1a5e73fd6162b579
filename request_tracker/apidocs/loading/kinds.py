"""What a tree is, recognised by what it holds: OpenAPI, Postman, GraphQL introspection, or something else by name."""

import re
from typing import Any

from request_tracker.apidocs.loading import refusals
from request_tracker.apidocs.loading.refusals import Unreadable
from request_tracker.rules.vendor_api import Note

Recognised = tuple[str, Any, tuple[Note, ...]]
_VERSION = re.compile(r"\s*v?(\d{1,3})(?:\.(\d{1,3}))?")
_OTHERS = (
    ("asyncapi", "an AsyncAPI document: it tells of messages, not of data that can be read again"),
    ("discoveryVersion", "a Google discovery document"),
    ("insomnia", "an Insomnia export (Insomnia can export OpenAPI)"),
    ("log", "a HAR recording of a browser"),
    ("_postman_variable_scope", "a Postman environment: send the collection that it belongs to"),
    ("AWSTemplateFormatVersion", "a CloudFormation template"),
    ("kind", "a Kubernetes object"),
    ("$schema", "a JSON Schema without an API around it"),
)


def recognised(tree: Any) -> Recognised:
    """The kind (as Analysis.kind), the tree that matters, and notes. Raises Unreadable with what it is instead."""
    if not isinstance(tree, dict):
        raise Unreadable(refusals.NOT_UNDERSTOOD)
    for look in (_openapi, _introspection, _postman, _openapi_without_version):
        found = look(tree)
        if found is not None:
            return found
    raise Unreadable(_said_of(tree))


def _openapi(tree: dict[str, Any]) -> Recognised | None:
    if "openapi" in tree:
        return _versioned(tree, str(tree["openapi"]), oldest=3, latest=3)
    if "swagger" in tree:
        return _versioned(tree, str(tree["swagger"]), oldest=2, latest=2)
    if "swaggerVersion" in tree:
        raise Unreadable(
            "This is Swagger 1, which was replaced in 2014: convert it to OpenAPI 3, or send what the vendor has now."
        )
    return None


def _versioned(tree: dict[str, Any], version: str, *, oldest: int, latest: int) -> Recognised:
    numbers = _VERSION.match(version)
    major = int(numbers[1]) if numbers else latest
    if not oldest <= major <= latest:
        raise Unreadable(f"This is OpenAPI {major}, which is not read here: send version 2.0, 3.0 or 3.1.")
    if major == 2:
        return "openapi2.0", tree, ()
    minor = int(numbers[2] or 0) if numbers else 0
    if minor > 1:
        return "openapi3.1", tree, (Note(f"OpenAPI 3.{minor} was read as if it were 3.1", "/openapi"),)
    said = () if numbers else (Note("The version is not a number: the document was read as OpenAPI 3.0", "/openapi"),)
    return f"openapi3.{minor}", tree, said


def _introspection(tree: dict[str, Any]) -> Recognised | None:
    data = tree.get("data")
    for holder in (tree, data):
        if isinstance(holder, dict) and isinstance(holder.get("__schema"), dict):
            return "graphql-introspection", holder, ()
    if isinstance(tree.get("errors"), list) and not isinstance(data, dict) and "paths" not in tree:
        raise Unreadable(
            "This is an error a GraphQL server answered with: ask the vendor for the schema, "
            "or send the answer to an introspection query."
        )
    return None


def _postman(tree: dict[str, Any]) -> Recognised | None:
    holder = tree["collection"] if isinstance(tree.get("collection"), dict) else tree
    if isinstance(holder.get("item"), list) and "info" in holder:
        info = holder["info"]
        schema = str(info.get("schema", "")) if isinstance(info, dict) else ""
        return ("postman2.0" if "v2.0" in schema else "postman2.1"), holder, ()
    if isinstance(tree.get("requests"), list) and ("order" in tree or "folders" in tree):
        raise Unreadable("This is a Postman collection of version 1: export it again as version 2.1 and send that.")
    return None


def _openapi_without_version(tree: dict[str, Any]) -> Recognised | None:
    if not isinstance(tree.get("paths"), dict):
        return None
    is_old = "definitions" in tree or "basePath" in tree or "host" in tree
    kind = "openapi2.0" if is_old else "openapi3.0"
    called = "OpenAPI 2.0" if is_old else "OpenAPI 3.0"
    return kind, tree, (Note(f"The document does not name its version: it was read as {called}"),)


def _said_of(tree: dict[str, Any]) -> str:
    if tree.get("_type") == "export" or str(tree.get("type", "")).startswith("collection.insomnia"):
        tree = {**tree, "insomnia": True}
    for key, called in _OTHERS:
        if key in tree and (key != "log" or isinstance(tree[key], dict)) and (key != "kind" or "apiVersion" in tree):
            return f"This is {called}. {refusals.ASK}"
    return refusals.NOT_UNDERSTOOD
