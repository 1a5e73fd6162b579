"""A write that carries an Idempotency-Key is done once, whichever call it is."""

from collections.abc import Callable
from typing import Any

from flask import Response, jsonify
from flask import request as http
from sqlalchemy.orm import Session

from request_tracker.access import wiring
from request_tracker.access.idempotency import once


def keyed(session: Session, work: Callable[[], dict[str, Any]], *, status: int = 200) -> Response:
    """Do the work in the caller's transaction and answer it; the same call with the same key answers the same."""
    key = http.headers.get("Idempotency-Key", "").strip()
    sent = f"{http.method} {http.path}\n".encode() + http.get_data()
    act = wiring.act()
    body, code = once(session, act.who.id or 0, key, sent, act.now, lambda: (work(), status))
    answer = jsonify(body)
    answer.status_code = code
    return answer
