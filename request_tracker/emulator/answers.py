"""The envelope of every answer, its errors, pages and cursors, and how a request's body is read."""

import base64
import json
import re
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from flask import Response, jsonify, request

from request_tracker.emulator.state import Doc

_DEFAULT_LIMIT = 100
_LARGEST_LIMIT = 1000
_NO_SUCH_ROUTE = "HTTP 404 Not Found"
_SECRET_NAME = re.compile(r"secret|password|passphrase|token|credential|api_?key|private_?key|access_?key", re.I)
MASK = "******"


class ApiError(Exception):
    """An answer that says no: status, code, message, extra headers."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}


def success(message: str, data: Any = None, *, status: int = 200) -> Response:
    envelope = {"code": "Success", "message": message}
    answer = jsonify(envelope if data is None else {**envelope, "data": data})
    answer.status_code = status
    return answer


def failure(error: ApiError) -> Response:
    answer = jsonify({"code": error.code, "message": error.message})
    answer.status_code = error.status
    answer.headers.update(error.headers)
    return answer


def page(items: list[Doc], message: str = "Success") -> Response:
    """One page of `items` after the query's cursor and limit; `next_cursor` is absent on the last."""
    skip, limit = _skip(), _limit()
    data: Doc = {"items": items[skip : skip + limit]}
    if skip + limit < len(items):
        data["next_cursor"] = _cursor(skip + limit)
    return success(message, data)


def body(*, may_be_empty: bool = False) -> Doc:
    """The request's JSON object. 415 for another content type, 400 for anything but an object."""
    raw = request.get_data()
    if not raw and may_be_empty:
        return {}
    if not raw:
        raise invalid("Request body is required and must be a JSON object")
    if not request.is_json:
        raise ApiError(415, "UnsupportedMediaType", "HTTP 415 Unsupported Media Type")
    found = request.get_json(silent=True)
    if not isinstance(found, dict):
        raise invalid("Request body is required and must be a JSON object")
    return found


def required(doc: Doc, *names: str) -> None:
    for name in names:
        if doc.get(name) in (None, "", []):
            raise invalid(f"Field '{name}' is required")


def text(doc: Doc, name: str) -> str:
    """The string under this name. 400 for anything else."""
    value = doc.get(name)
    if not isinstance(value, str):
        raise invalid(f"Field '{name}' must be a string")
    return value


def one_of(doc: Doc, name: str, values: Collection[str]) -> str | None:
    """The string under this name, None when it is absent or null. 400 when it is none of `values`."""
    value = doc.get(name)
    if value is not None and value not in values:
        raise invalid(f"Field '{name}' must be one of {', '.join(values)}")
    return value


def mapping(doc: Doc, name: str) -> Doc:
    """The object under this name, empty when it is absent or null. 400 for anything else."""
    value = doc.get(name)
    if value is not None and not isinstance(value, dict):
        raise invalid(f"Field '{name}' must be an object")
    return value or {}


def invalid(message: str) -> ApiError:
    return ApiError(400, "InvalidInput", message)


def missing(entity: str, key: str) -> ApiError:
    return ApiError(404, f"NotFound_{entity}", f"{entity} with id '{key}' doesn't exist")


def no_such_route() -> ApiError:
    return ApiError(404, "NotFound", _NO_SUCH_ROUTE)


def masked(value: Any, name: str = "") -> Any:
    """The same JSON with everything masked whose name says that it is a secret."""
    if isinstance(value, dict):
        return {key: masked(item, name if key == "value" else key) for key, item in value.items()}
    if isinstance(value, list):
        # A list of {key, value} pairs under a secret's name keeps the keys.
        return [masked(item, name if _SECRET_NAME.search(name) else "") for item in value]
    return MASK if _SECRET_NAME.search(name) and isinstance(value, str) else value


def stamp(moment: datetime) -> str:
    """As Fivetran writes instants: UTC with microseconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _limit() -> int:
    text = request.args.get("limit", str(_DEFAULT_LIMIT))
    if not text.isdigit() or not 1 <= int(text) <= _LARGEST_LIMIT:
        raise invalid(f"Parameter 'limit' must be between 1 and {_LARGEST_LIMIT}")
    return int(text)


def _skip() -> int:
    cursor = request.args.get("cursor")
    if not cursor:
        return 0
    try:
        skip = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4)))["skip"]
    except (ValueError, KeyError, TypeError):
        raise invalid("Parameter 'cursor' is invalid") from None
    return max(0, int(skip)) if isinstance(skip, int) else 0


def _cursor(skip: int) -> str:
    return base64.b64encode(json.dumps({"skip": skip}, separators=(",", ":")).encode()).decode().rstrip("=")
