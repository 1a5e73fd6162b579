"""Errors as problem+json."""

import logging
from typing import Any

from flask import Response, jsonify

from request_tracker.access.faults import row_of

log = logging.getLogger(__name__)


def problem(status: int, title: str, **more: Any) -> Response:
    """One problem document. `more` is merged into it."""
    answer = jsonify({"type": "about:blank", "title": title, "status": status, **more})
    answer.status_code = status
    answer.mimetype = "application/problem+json"
    if status == 401:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def told(fault: Exception) -> Response:
    """The problem document of an error; a busy database is worth a log line."""
    status, title, more = row_of(fault)
    if status >= 500:
        log.warning("answered %s: %s", status, type(fault).__name__)
    return problem(status, title, **more)
