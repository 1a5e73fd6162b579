"""Small made-up API documents, put together from their operations."""

from collections.abc import Mapping
from typing import Any

from request_tracker.apidocs.describing.openapi import describe
from request_tracker.apidocs.describing.operations import Description
from request_tracker.apidocs.load import Loaded
from request_tracker.apidocs.measure import analyse
from request_tracker.rules.vendor_api import Analysis

ID = {"type": "string"}
RECORD = {"type": "object", "properties": {"id": ID, "name": {"type": "string"}, "updated_at": {"type": "string"}}}


def array(items: Mapping[str, Any] = RECORD) -> dict[str, Any]:
    return {"type": "array", "items": items}


def body(**properties: Any) -> dict[str, Any]:
    """A schema of an object; a list is an array of records, text is a type, anything else a schema."""
    shown = {list: array(), str: {"type": "string"}, int: {"type": "integer"}}
    schemas = {name: shown[kind] if isinstance(kind, type) else kind for name, kind in properties.items()}
    return {"type": "object", "properties": schemas}


def query(name: str, *, required: bool = False, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": required, "schema": {"type": "string", **schema}}


def get(schema: Any = None, *parameters: Mapping[str, Any], media_type: str = "application/json", **more: Any) -> Any:
    """A GET operation; schema None: its answer is not described."""
    media = {} if schema is None else {"schema": schema}
    answers = {"200": {"description": "OK", "content": {media_type: media}}}
    return {"get": {"parameters": list(parameters), "responses": answers, **more}}


def document(paths: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"openapi": "3.0.3", "info": {"title": "Made up", "version": "1"}, "paths": dict(paths), **more}


def loaded(paths: Mapping[str, Any], kind: str = "openapi3.0", **more: Any) -> Loaded:
    return Loaded(kind, document(paths, **more))


def described(paths: Mapping[str, Any], **more: Any) -> Description:
    return describe(loaded(paths, **more))


def analysed(paths: Mapping[str, Any], **more: Any) -> Analysis:
    return analyse(loaded(paths, **more))
