"""Answers in forms that no public source settles: what a refusal, a delete and a create say, as the switches are."""

import json

from flask import Response, jsonify
from werkzeug.http import HTTP_STATUS_CODES

from request_tracker.emulator.answers import ApiError, failure
from request_tracker.emulator.world import Switches

_REFUSALS = (403, 405, 406, 415)


def refused(error: ApiError, switches: Switches) -> Response:
    """The error in its envelope; the statuses whose bodies nobody has seen may be plain text or a page."""
    answer = failure(error)
    if error.status not in _REFUSALS or switches.refusal_body == "envelope":
        return answer
    words = f"{error.status} {HTTP_STATUS_CODES[error.status]}"
    is_page = switches.refusal_body == "html"
    answer.set_data(f"<html><body><h1>{words}</h1></body></html>" if is_page else words)
    answer.mimetype = "text/html" if is_page else "text/plain"
    return answer


def settled(method: str, answer: Response, switches: Switches) -> Response:
    """A good answer as the switches want it: deletes with 204 and nothing, creates with their own code."""
    if method == "DELETE" and answer.status_code == 200 and switches.delete_says_nothing:
        return _nothing(answer)
    if answer.status_code == 201 and switches.created_code != "Success":
        again = jsonify({**json.loads(answer.get_data()), "code": switches.created_code})
        again.status_code = 201
        return again
    return answer


def _nothing(answer: Response) -> Response:
    answer.set_data(b"")
    answer.status_code = 204
    for name in ("Content-Type", "Content-Length"):
        answer.headers.pop(name, None)
    return answer
