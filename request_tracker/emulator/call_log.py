"""The log of API calls that tests assert on: what is written of a call (never a secret), and how it is asked for."""

from typing import Any

from flask import Response, g, request
from werkzeug.datastructures import MultiDict

from request_tracker.emulator.answers import MASK, invalid, masked, stamp
from request_tracker.emulator.state import LOG_KEPT, Doc
from request_tracker.emulator.striking import nobody_answers
from request_tracker.emulator.world import World

NO_ANSWER = 0
"""The status of a call that got no answer."""
_TOLD_OF_CONFIG = frozenset({"schema", "schema_prefix", "table", "package_id", "python_version", "auth", "auth_type"})


def write(here: World, answer: Response) -> None:
    """Keep this call. Called after all else, so that the status is the one that went out."""
    here.state.write_log(
        {
            "at": stamp(here.now()),
            "method": request.method,
            "path": request.full_path.rstrip("?"),
            "status": NO_ANSWER if nobody_answers() else answer.status_code,
            "body": _told(request.get_json(silent=True)) if request.is_json else None,
            "fault": g.get("fault"),
        }
    )


def asked_for(here: World, query: "MultiDict[str, str]") -> list[Doc]:
    """The calls that a query wants: after (a number), method, path (a shell pattern), status (404 or 4xx), limit."""
    method = query.get("method")
    return here.state.read_log(
        _whole(query, "after", 0),
        method=method.upper() if method else None,
        path=query.get("path"),
        statuses=_statuses(query.get("status")),
        most=_whole(query, "limit", LOG_KEPT),
    )


def _told(body: Any) -> Any:
    """The body without anything that could be a secret: all of `config` and `auth` but what names the connection,
    and the queries of addresses, where senders put their own."""
    if not isinstance(body, dict):
        return masked(body)
    hidden = {name: _hidden(value) for name, value in body.items() if name in ("config", "auth")}
    return _without_queries({**masked(body), **hidden})


def _hidden(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _hidden_but(name, item) for name, item in value.items()}
    if isinstance(value, list):
        return [_hidden(item) for item in value]
    return MASK if isinstance(value, str) else value


def _hidden_but(name: str, value: Any) -> Any:
    return value if name in _TOLD_OF_CONFIG and isinstance(value, str) else _hidden(value)


def _without_queries(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_queries(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_without_queries(item) for item in value]
    if isinstance(value, str) and value.startswith(("http://", "https://")) and "?" in value:
        return f"{value.partition('?')[0]}?{MASK}"
    return value


def _statuses(text: str | None) -> tuple[int, int] | None:
    if not text:
        return None
    low, high = text.lower().replace("x", "0"), text.lower().replace("x", "9")
    if not (low.isdigit() and len(low) <= 3):
        raise invalid("Parameter 'status' must look like 404 or 4xx")
    return int(low), int(high)


def _whole(query: "MultiDict[str, str]", name: str, usual: int) -> int:
    text = query.get(name) or str(usual)
    if not text.isdigit():
        raise invalid(f"Parameter '{name}' must be a whole number")
    return int(text)
