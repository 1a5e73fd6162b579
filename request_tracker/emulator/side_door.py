"""How the emulator's own side door is spoken to: by JSON from tests, by forms from its pages."""

from typing import Any

from flask import redirect, request
from werkzeug.wrappers import Response as AnyResponse

from request_tracker.emulator.answers import ApiError, success
from request_tracker.emulator.connection_docs import shown
from request_tracker.emulator.state import Doc


def wished() -> Doc:
    """What the caller wants, as an object; empty where nothing was said."""
    found: Any = request.get_json(silent=True) if request.is_json else request.form.to_dict()
    return found if isinstance(found, dict) else {}


def done(connection: Doc) -> AnyResponse:
    return redirect("/", 303) if is_browser() else success("Success", shown(connection))


def is_browser() -> bool:
    kinds = ["application/json", "text/html"]
    return request.accept_mimetypes.best_match(kinds, "application/json") == "text/html"


def refuse_strangers() -> None:
    """Another site's page must not press these buttons in a developer's browser."""
    if request.method != "GET" and request.headers.get("Sec-Fetch-Site", "same-origin") == "cross-site":
        raise ApiError(403, "Forbidden", "Use the buttons on the emulator's own page")
