"""The emulator's application: wires the API, the card, the control and the faults."""

import base64
import binascii
import hmac
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import httpx
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from request_tracker.emulator import delivery
from request_tracker.emulator.accounts import accounts
from request_tracker.emulator.answers import ApiError, failure, masked, no_such_route, stamp
from request_tracker.emulator.cards import cards
from request_tracker.emulator.connections import connections
from request_tracker.emulator.control import control
from request_tracker.emulator.destinations import destinations
from request_tracker.emulator.faults import injected, refusal
from request_tracker.emulator.metadata import metadata
from request_tracker.emulator.packages import packages
from request_tracker.emulator.schemas import schemas
from request_tracker.emulator.state import State
from request_tracker.emulator.syncs import finish_due
from request_tracker.emulator.webhooks import webhooks
from request_tracker.emulator.world import EXTENSION, Switches, World, world

_ROOMS = (accounts, destinations, connections, schemas, metadata, webhooks, packages, cards, control)
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
    webhook_allow_http: bool = True,
    webhook_transport: httpx.BaseTransport | None = None,
) -> Flask:
    """An emulated account that the pair `key`, `secret` opens.

    `path` is an SQLite file that survives a kill, None means memory. `public_url` is the address that Connect Cards
    get; None takes that of the call. `app.extensions[EXTENSION].close()` ends the background thread.
    """
    app = Flask("request_tracker.emulator", template_folder=str(template_folder), static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = _LARGEST_BODY
    app.json.sort_keys = False  # type: ignore[attr-defined]  # Flask's provider has it, its base class does not
    chosen = replace(switches or Switches(), webhook_allow_http=webhook_allow_http)
    here = World(State(path), now, key, secret, public_url, chosen, webhook_transport)
    here.sender.work = lambda: delivery.work(here)
    app.extensions[EXTENSION] = here
    _wire(app)
    here.sender.wake()
    return app


def _wire(app: Flask) -> None:
    for room in _ROOMS:
        app.register_blueprint(room)
    app.before_request(_enter)
    app.after_request(_leave)
    app.register_error_handler(ApiError, failure)
    app.register_error_handler(HTTPException, _http_error)


def _enter() -> None:
    finish_due(world())
    if _is_api():
        _strike_before(world())
        _check_pair(world())
        if not request.path.startswith("/public/"):
            world().count_call()


def _leave(answer: Response) -> Response:
    if not _is_api():
        answer.headers.setdefault("Content-Security-Policy", _NO_SCRIPT)
        return answer
    here = world()
    answer = _struck_after(here, answer)
    answer.headers["X-Rate-Limit"] = str(here.switches.calls_per_hour)
    answer.headers["X-Rate-Limit-Remaining"] = str(here.calls_left())
    _log(here, answer)
    return answer


def _strike_before(here: World) -> None:
    for rule in here.faults.strike("before", request.method, request.path):
        g.fault = rule["kind"]
        if rule["kind"] == "latency":
            here.sleep(rule["seconds"])
            continue
        error = refusal(rule)
        if error is not None:
            g.refused = True
            raise error


def _struck_after(here: World, answer: Response) -> Response:
    # Where nothing was done there is no effect to be silent about.
    if g.get("refused") or answer.status_code == 401:
        return answer
    for rule in here.faults.strike("after", request.method, request.path):
        g.fault = rule["kind"]
        if rule["kind"] == "error_after":
            answer = failure(injected(rule))
        else:
            here.sleep(rule["seconds"])
    return answer


def _check_pair(here: World) -> None:
    if request.path.startswith("/public/"):
        return
    given = _given_pair()
    if not hmac.compare_digest(given, f"{here.key}:{here.secret}".encode()):
        raise ApiError(401, "AuthFailed", "Missing or wrong API key and secret", {"WWW-Authenticate": "Basic"})


def _given_pair() -> bytes:
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _log(here: World, answer: Response) -> None:
    here.state.write_log(
        {
            "at": stamp(here.now()),
            "method": request.method,
            "path": request.full_path.rstrip("?"),
            "status": answer.status_code,
            "body": masked(request.get_json(silent=True)) if request.is_json else None,
            "fault": g.get("fault"),
        }
    )


def _http_error(error: HTTPException) -> Response | HTTPException:
    if not _is_api():
        return error
    if error.code == 404:
        return failure(no_such_route())
    name = error.name.replace(" ", "")
    return failure(ApiError(error.code or 500, name, f"HTTP {error.code} {error.name}"))


def _is_api() -> bool:
    return request.path.startswith(("/v1/", "/public/"))
