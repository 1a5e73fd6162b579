"""What an answer means: the envelope's data, or which error."""

import json
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from request_tracker.fivetran.errors import (
    AuthFailed,
    Conflict,
    FivetranError,
    Forbidden,
    NotFound,
    Refused,
    Throttled,
    Unreachable,
)
from request_tracker.fivetran.exchange import Answer, Ask
from request_tracker.fivetran.fields import Json
from request_tracker.rules.quoting import storable

_DEFAULT_RETRY_AFTER = 60
_LONGEST_RETRY_AFTER = 3600
"""Seconds: the vendor's longest rolling window; whatever a server says, by then the quota is back."""
_LONGEST_MESSAGE = 500
_LONGEST_ID = 100
_REFUSALS: dict[int, type[Refused]] = {403: Forbidden, 404: NotFound, 409: Conflict}
_DECIDED = frozenset({500, 501, 503})
"""The API's own failures; 502, 504 and the like come from a gateway whose neighbour may still be at work."""

Clean = Callable[[str], str]


def data_of(ask: Ask, answer: Answer, clean: Clean) -> Json:
    """The envelope's `data`; an empty mapping when the answer has none (204, deletes, actions).

    `clean` takes secrets out of every text: what a success says is shown to people too.
    """
    if not answer.content:
        return {}
    envelope = _object(answer, clean)
    if envelope is None:
        raise Unreachable("not a JSON object", doubtful=not ask.is_safe)
    data = envelope.get("data")
    return data if isinstance(data, Mapping) else {}


def error_of(ask: Ask, answer: Answer, clean: Clean) -> FivetranError | None:
    """None for a success. `clean` takes secrets out of what is shown."""
    if answer.is_success:
        return None
    status, request_id = answer.status, clean(answer.headers.get("X-Request-Id", ""))[:_LONGEST_ID]
    if status == 401:
        return AuthFailed(request_id=request_id)
    if status == 429:
        return Throttled(retry_after(answer.headers), request_id=request_id)
    if status >= 500 or status == 408:
        doubtful = not ask.is_safe
        in_flight = doubtful and status not in _DECIDED
        return Unreachable(f"HTTP {status}", doubtful=doubtful, in_flight=in_flight, request_id=request_id)
    code, message = _code_and_message(answer)
    kind = Refused if is_no_such_route(answer) else _REFUSALS.get(status, Refused)
    return kind(status, clean(code)[:_LONGEST_ID], clean(message)[:_LONGEST_MESSAGE], request_id=request_id)


def is_no_such_route(answer: Answer) -> bool:
    """A wrong base address or a proxy's own 404 must not read as "your connection was deleted"."""
    if answer.status != 404:
        return False
    code, message = _code_and_message(answer)
    return not code.startswith("NotFound") or message == "HTTP 404 Not Found"


def retry_after(headers: httpx.Headers) -> int:
    """Seconds from 1 to an hour: a number, or a date against the answer's own `Date` (our clock may be off)."""
    said = headers.get("Retry-After", "").strip()
    seconds = int(said[:10]) if said.isascii() and said.isdigit() else _until(said, headers.get("Date", ""))
    return max(1, min(seconds, _LONGEST_RETRY_AFTER))


def _until(then: str, now: str) -> int:
    try:
        return int((parsedate_to_datetime(then) - parsedate_to_datetime(now)).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return _DEFAULT_RETRY_AFTER


def _code_and_message(answer: Answer) -> tuple[str, str]:
    envelope = _object(answer) or {}
    return str(envelope.get("code") or "unknown"), str(envelope.get("message") or "no explanation was given")


def _object(answer: Answer, clean: Clean = str) -> Json | None:
    try:
        body = _each(json.loads(answer.content), lambda text: clean(storable(text)))
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, Mapping) else None


def _each(value: Any, clean: Clean) -> Any:
    """The same JSON with every text cleaned."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_each(each, clean) for each in value]
    if isinstance(value, dict):
        return {clean(name): _each(each, clean) for name, each in value.items()}
    return value
