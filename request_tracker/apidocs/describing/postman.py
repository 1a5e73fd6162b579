"""A Postman collection as a Description: requests are operations, saved answers stand in for schemas.

Only the shape of a request is taken: values of headers, parameters and sign-in blocks may be somebody's secrets.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from request_tracker.apidocs.describing import postman_auth
from request_tracker.apidocs.describing.inferred import schema_of
from request_tracker.apidocs.describing.operations import METHODS, Answer, Description, Operation, Parameter
from request_tracker.apidocs.describing.postman_auth import Security
from request_tracker.apidocs.describing.postman_url import Address, address
from request_tracker.apidocs.describing.schemas import Schemas
from request_tracker.apidocs.describing.words import plain
from request_tracker.apidocs.load import Loaded
from request_tracker.rules.vendor_api import Note

MOST = 20_000
"""Requests that are read."""

LARGEST = 2_000_000
"""Characters of a saved answer that are read."""

USUAL_HEADERS = frozenset(
    {"accept", "content-type", "user-agent", "cache-control", "host", "accept-encoding", "connection"}
)
_FAKED = "<Error: Too many levels of nesting"
_PLACEHOLDERS = {"integer": "integer", "number": "number", "long": "integer", "float": "number", "boolean": "boolean"}


@dataclass(frozen=True)
class _Request:
    """A request with what it inherits from its folders."""

    node: Mapping[str, Any]
    folders: tuple[str, ...]
    asked: Security | None
    pointer: str


def describe(loaded: Loaded) -> Description:
    """The collection's requests as operations, in its order. Never raises for wrong types: such places are left out."""
    tree = loaded.tree if isinstance(loaded.tree, Mapping) else {}
    info = tree["info"] if isinstance(tree.get("info"), Mapping) else {}
    variables = _variables(tree.get("variable"))
    schemes: dict[str, Mapping[str, Any]] = {}
    own = postman_auth.asked(tree.get("auth"), schemes)
    found = [_operation(request, variables, schemes) for request in _requests(tree, own, schemes)]
    operations = [operation for operation, _ in found]
    version = info.get("version")
    return Description(
        kind=loaded.kind,
        title=plain(info.get("name")),
        version=plain(version, 60),
        summary=_text(info.get("description")),
        base_urls=tuple(dict.fromkeys(base for _, base in found if base))[:10],
        schemes=schemes,
        security=own or (),
        operations=tuple(operations),
        schemas=Schemas({}),
        document=tree,
        warnings=(*loaded.warnings, *_notes(operations)),
    )


def _requests(
    tree: Mapping[str, Any], own: Security | None, schemes: dict[str, Mapping[str, Any]]
) -> Iterator[_Request]:
    """All requests in their order, however deep the folders; no more than MOST."""
    waiting = _items(tree.get("item"), (), own, "/item")
    count = 0
    while waiting and count < MOST:
        item, folders, asked, pointer = waiting.pop()
        if not isinstance(item.get("item"), list):
            count += 1
            yield _Request(item, folders, asked, pointer)
            continue
        named = (*folders, plain(item.get("name"), 100))[-5:]
        waiting += _items(item["item"], named, _asked(item.get("auth"), schemes, asked), f"{pointer}/item")


_Waiting = tuple[Mapping[str, Any], tuple[str, ...], Security | None, str]


def _items(listed: Any, folders: tuple[str, ...], asked: Security | None, pointer: str) -> list[_Waiting]:
    """Requests and folders with what they inherit, the last one first."""
    found = enumerate(listed[:MOST] if isinstance(listed, list) else ())
    return [(item, folders, asked, f"{pointer}/{at}") for at, item in found if isinstance(item, Mapping)][::-1]


def _operation(
    request: _Request, variables: Mapping[str, str], schemes: dict[str, Mapping[str, Any]]
) -> tuple[Operation, str]:
    """The operation and the base address it is asked at."""
    node = request.node.get("request")
    inner: Mapping[str, Any] = node if isinstance(node, Mapping) else {"url": node}
    method = str(inner.get("method", "get")).lower()
    where = address(inner.get("url"), variables)
    operation = Operation(
        path=where.path,
        method=method if method in METHODS else "post",
        summary=plain(request.node.get("name"), 200),
        description=_text(inner.get("description"))[:5000],
        tags=tuple(folder for folder in request.folders if folder),
        parameters=tuple(_parameters(inner, where, request.pointer)),
        security=_asked(inner.get("auth"), schemes, request.asked),
        raw=request.node,
        pointer=f"{request.pointer}/request",
    )
    return _answered(_with_body(operation, inner.get("body")), request), where.base


def _asked(block: Any, schemes: dict[str, Mapping[str, Any]], outer: Security | None) -> Security | None:
    """What a block asks for, else what the folder round it does."""
    own = postman_auth.asked(block, schemes)
    return outer if own is None else own


def _with_body(operation: Operation, body: Any) -> Operation:
    """A JSON body, or the names of a form, as an example of what is sent."""
    raw = body.get("raw") if isinstance(body, Mapping) else None
    value = _json(raw) if isinstance(raw, str) else None
    listed = (body.get("urlencoded") or body.get("formdata")) if isinstance(body, Mapping) else None
    if value is None and isinstance(listed, list):
        value = {str(each["key"])[:200]: "" for each in listed[:100] if isinstance(each, Mapping) and each.get("key")}
    if value is None:
        return operation
    return replace(operation, body_schema=schema_of(value), body_example=None)


def _answered(operation: Operation, request: _Request) -> Operation:
    """With the first saved answer that succeeded; without any saved one it may answer with whatever its path says."""
    saved = request.node.get("response")
    kept = (
        [(index, each) for index, each in enumerate(saved[:50]) if isinstance(each, Mapping)]
        if isinstance(saved, list)
        else []
    )
    codes = [(str(each.get("code", "")), index, each) for index, each in kept]
    good = [(code, index, each) for code, index, each in codes if code.startswith("2")]
    if codes and not good:
        return replace(operation, statuses=tuple(code for code, _, _ in codes))
    code, index, node = min(good, key=lambda each: each[2].get("body") in (None, ""), default=("200", -1, {}))
    pointer = f"{request.pointer}/response/{index}" if index >= 0 else operation.pointer
    return replace(operation, answer=_answer(code, node, pointer), statuses=tuple(code for code, _, _ in codes))


def _answer(code: str, node: Mapping[str, Any], pointer: str) -> Answer:
    headers = dict(_headers(node.get("header")))
    media_type = headers.get("content-type", "").split(";")[0].strip().lower()
    body = node.get("body")
    value = _json(body) if isinstance(body, str) else None
    return Answer(
        status=code,
        media_type=plain(media_type, 100),
        schema=schema_of(value) or None,
        example=value,
        headers=tuple(name for name in headers if name == "link"),
        is_json=not media_type or "json" in media_type or value is not None,
        pointer=pointer,
    )


def _parameters(node: Mapping[str, Any], where: Address, pointer: str) -> Iterator[Parameter]:
    for name in where.params:
        yield Parameter(
            name, "path", True, "string", description=where.described.get(name, ""), pointer=f"{pointer}/request/url"
        )
    for name, value, description in where.query:
        kind = _kind(value)
        size = int(value) if kind == "integer" and value.isdigit() and len(value) < 5 else None
        yield Parameter(
            name, "query", False, kind, _form(value), description, default=size, pointer=f"{pointer}/request/url/query"
        )
    for name, value in _headers(node.get("header")):
        if name not in USUAL_HEADERS:
            word = re.match(r"(Bearer|Basic|Token|ApiKey)\b", value, re.I)
            text = f"{word[1].title()} {{token}}" if word else ""
            yield Parameter(name, "header", True, "string", description=text, pointer=f"{pointer}/request/header")


def _headers(listed: Any) -> Iterator[tuple[str, str]]:
    """Names in lower case and values; also of the one text with lines that 2.0 allows."""
    if isinstance(listed, str):
        listed = [dict(zip(("key", "value"), line.split(":", 1), strict=False)) for line in listed.splitlines()[:50]]
    for each in listed[:50] if isinstance(listed, list) else ():
        if isinstance(each, Mapping) and isinstance(each.get("key"), str) and not each.get("disabled"):
            yield each["key"].strip().lower()[:100], str(each.get("value") or "").strip()[:500]


def _kind(value: str) -> str:
    named = _PLACEHOLDERS.get(value.strip("<>{}").lower())
    if named or value.lower() in ("true", "false"):
        return named or "boolean"
    return "integer" if re.fullmatch(r"-?[0-9]{1,15}", value) else "string" if value.startswith("<") else ""


def _form(value: str) -> str:
    said = value.strip("<>{}").lower()
    return {"datetime": "date-time", "date": "date"}.get(said, "")


def _variables(listed: Any) -> dict[str, str]:
    """The collection's own variables by name: only addresses are looked up among them."""
    found = [each for each in listed[:200] if isinstance(each, Mapping)] if isinstance(listed, list) else []
    return {str(each.get("key") or each.get("id")): str(each.get("value") or "") for each in found}


def _json(text: str) -> Any:
    if len(text) > LARGEST or text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return _unfaked(json.loads(text))
    except (ValueError, RecursionError):
        return None


def _unfaked(value: Any) -> Any:
    """Without the errors that Postman writes in place of values it could not make up."""
    if isinstance(value, list):
        return [_unfaked(each) for each in value]
    if not isinstance(value, dict):
        return None if isinstance(value, str) and value.startswith(_FAKED) else value
    said = value.get("value")
    if len(value) == 1 and isinstance(said, str) and said.startswith(_FAKED):
        return None
    return {name: _unfaked(each) for name, each in value.items()}


def _text(node: Any) -> str:
    text = node.get("content") if isinstance(node, Mapping) else node
    return text[:20_000] if isinstance(text, str) else ""


def _notes(operations: list[Operation]) -> tuple[Note, ...]:
    if not operations:
        return (Note("The collection holds no requests. Export it again with its folders."),)
    if not any(operation.answer and operation.answer.schema for operation in operations):
        return (
            Note("No request has a saved answer, so nothing is known of the records. Save some, and export again."),
        )
    return ()
