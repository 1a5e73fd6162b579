"""The emulator's application: wires the API, the card, the control and the faults."""

import base64
import binascii
import hmac
import io
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path

import httpx
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge

from request_tracker.emulator import call_log, delivery, switchboard
from request_tracker.emulator.accounts import accounts
from request_tracker.emulator.answers import ApiError, failure, no_such_route
from request_tracker.emulator.cards import cards
from request_tracker.emulator.connections import connections
from request_tracker.emulator.control import control
from request_tracker.emulator.destinations import destinations
from request_tracker.emulator.memberships import memberships
from request_tracker.emulator.metadata import metadata
from request_tracker.emulator.packages import packages
from request_tracker.emulator.schemas import schemas
from request_tracker.emulator.state import State
from request_tracker.emulator.striking import HangUps, strike_after, strike_before
from request_tracker.emulator.switched import refused, settled
from request_tracker.emulator.sync_history import sync_history
from request_tracker.emulator.syncs import finish_due
from request_tracker.emulator.users import users
from request_tracker.emulator.webhooks import webhooks
from request_tracker.emulator.world import EXTENSION, Switches, World, world

_ROOMS = (
    *(accounts, users, memberships, destinations, connections, schemas, sync_history, metadata, webhooks, packages),
    *(cards, control),
)
QUICK = Switches(webhook_retry_after=(2.0, 10.0, 30.0, 120.0, 600.0))
"""For a demo, where nobody waits six minutes for a webhook that was not taken."""
_WIRED = (
    *("url_map", "view_functions", "blueprints"),
    *("before_request_funcs", "after_request_funcs", "error_handler_spec"),
)
_LARGEST_BODY = 20 * 1024 * 1024
_NO_SCRIPT = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'"


def create_app(
    *,
    template_folder: str | Path,
    key: str,
    secret: str,
    now: Callable[[], datetime],
    path: Path | None = None,
    public_url: str | None = None,
    switches: Switches | None = None,
    webhook_allow_http: bool = False,
    webhook_transport: httpx.BaseTransport | None = None,
) -> Flask:
    """An emulated account that the pair `key`, `secret` opens.

    `path` is an SQLite file that survives a kill, None means memory. `public_url` is the address that Connect Cards
    get; None takes that of the call. `app.extensions[EXTENSION].close()` ends the background thread.
    """
    app = Flask("request_tracker.emulator", template_folder=str(template_folder), static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = _LARGEST_BODY
    app.json.sort_keys = False  # type: ignore[attr-defined]  # Flask's provider has it, its base class does not
    chosen = switches or Switches()
    chosen = replace(chosen, webhook_allow_http=webhook_allow_http or chosen.webhook_allow_http)
    here = World(State(path), now, key, secret, public_url, chosen, webhook_transport)
    switchboard.remember(here)
    here.sender.work = lambda: delivery.work(here)
    app.extensions[EXTENSION] = here
    _wire(app)
    here.sender.wake()
    return app


def _wire(app: Flask) -> None:
    for name in _WIRED:
        setattr(app, name, getattr(_wired(), name))
    app.wsgi_app = HangUps(app.wsgi_app)  # type: ignore[method-assign]


@cache
def _wired() -> Flask:
    """What all emulators of a process share: routes take long to compile, and tests start hundreds of emulators."""
    frame = Flask("request_tracker.emulator", static_folder=None)
    for room in _ROOMS:
        frame.register_blueprint(room)
    frame.before_request(_enter)
    frame.after_request(_leave)
    frame.register_error_handler(ApiError, _api_error)
    frame.register_error_handler(HTTPException, _http_error)
    return frame


def _enter() -> None:
    finish_due(world())
    if _is_api():
        _refuse_large_bodies()
        strike_before(world())
        _check_pair(world())
        _check_accept()
        if not request.path.startswith("/public/"):
            world().count_call()


def _leave(answer: Response) -> Response:
    if not _is_api():
        answer.headers.setdefault("Content-Security-Policy", _NO_SCRIPT)
        return answer
    here = world()
    answer = strike_after(here, settled(request.method, answer, here.switches))
    answer.headers["X-Rate-Limit"] = str(here.switches.calls_per_hour)
    answer.headers["X-Rate-Limit-Remaining"] = str(here.calls_left())
    call_log.write(here, answer)
    return answer


def _check_pair(here: World) -> None:
    if request.path.startswith("/public/"):
        return
    given = _given_pair()
    if not hmac.compare_digest(given, f"{here.key}:{here.secret}".encode()):
        raise ApiError(401, "AuthFailed", "Missing or wrong API key and secret", {"WWW-Authenticate": "Basic"})


def _refuse_large_bodies() -> None:
    if (request.content_length or 0) > _LARGEST_BODY:
        # Nobody shall try to read it afterwards, the log neither.
        request.environ.update({"wsgi.input": io.BytesIO(), "CONTENT_LENGTH": "0"})
        raise RequestEntityTooLarge


def _check_accept() -> None:
    # Only JSON is spoken, version 1 or 2; archives are the exception.
    if not request.path.endswith("/download") and not _accepts_json(request.headers.get("Accept", "*/*")):
        raise ApiError(406, "NotAcceptable", "HTTP 406 Not Acceptable")


def _accepts_json(header: str) -> bool:
    wanted = [re.sub(r"\s|;q=[\d.]+|;charset=[\w-]+", "", one.lower()) for one in header.split(",")]
    return any(re.fullmatch(r"(\*/\*|application/\*|application/json(;version=[12])?)", one) for one in wanted)


def _given_pair() -> bytes:
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _api_error(error: ApiError) -> Response:
    return refused(error, world().switches) if _is_api() else failure(error)


def _http_error(error: HTTPException) -> Response | HTTPException:
    if not _is_api():
        return error
    if error.code == 404:
        return failure(no_such_route())
    name = error.name.replace(" ", "")
    said = ApiError(error.code or 500, name, f"HTTP {error.code} {error.name}")
    answer = refused(said, world().switches)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        answer.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return answer


def _is_api() -> bool:
    return request.path.startswith(("/v1/", "/public/"))
