"""Reports and the API's own description."""

from flask import Response, jsonify

from request_tracker.access import wiring
from request_tracker.api import api, openapi


@api.get("/openapi.json", endpoint="openapi")
def describe() -> Response:
    return jsonify(openapi.document(wiring.settings().base_url))
