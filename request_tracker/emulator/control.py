"""The emulator's own side door: play the person and the source, set faults, read the log, start over."""

from typing import Any

from flask import Blueprint, Response, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from request_tracker.emulator import faults as fault_rules
from request_tracker.emulator import syncs
from request_tracker.emulator.answers import ApiError, required, success
from request_tracker.emulator.cards import grant
from request_tracker.emulator.connection_docs import shown
from request_tracker.emulator.connections import connection_or_404, remove
from request_tracker.emulator.metadata import set_type
from request_tracker.emulator.state import Doc
from request_tracker.emulator.world import World, world

control = Blueprint("control", __name__)


@control.before_request
def refuse_strangers() -> None:
    # Another site's page must not press these buttons in a developer's browser.
    if request.method != "GET" and request.headers.get("Sec-Fetch-Site", "same-origin") == "cross-site":
        raise ApiError(403, "Forbidden", "Use the buttons on the emulator's own page")


@control.get("/")
def overview() -> str:
    here = world()
    connections = [shown(one) for one in here.state.find("connection")]
    log = here.state.read_log()[-20:][::-1]
    return render_template("emulator/overview.html", connections=connections, log=log, webhooks=_webhooks(here))


@control.post("/_control/grant/<key>")
def grant_access(key: str) -> AnyResponse:
    """`{"passed": false}` plays setup tests that fail."""
    here, wish = world(), _wish()
    with here.state.changing():
        connection = grant(here, connection_or_404(here, key), passed=wish.get("passed", True) in (True, "true"))
    return _done(connection)


@control.post("/_control/start-sync/<key>")
def start_sync(key: str) -> AnyResponse:
    here = world()
    with here.state.changing():
        connection = syncs.start(here, connection_or_404(here, key))
    return _done(connection)


@control.post("/_control/finish-sync/<key>")
def finish_sync(key: str) -> AnyResponse:
    """`{"status": "FAILURE", "reason": "..."}` ends it badly. A sync is started first when none runs."""
    here, wish = world(), _wish()
    with here.state.changing():
        connection = syncs.start(here, connection_or_404(here, key))
        outcome, reason = str(wish.get("status") or "SUCCESSFUL"), str(wish.get("reason") or "")
        connection = syncs.finish(here, connection, outcome, reason)
    return _done(connection)


@control.post("/_control/delete/<key>")
def delete(key: str) -> AnyResponse:
    here = world()
    connection = connection_or_404(here, key)
    remove(here, connection)
    return _done(connection)


@control.post("/_control/connector-types")
def set_connector_type() -> AnyResponse:
    wish = _wish()
    required(wish, "id")
    return success("Success", set_type(world(), wish))


@control.get("/_control/faults")
def show_faults() -> Response | str:
    rules = world().faults.all()
    if _is_browser():
        return render_template("emulator/faults.html", rules=rules, kinds=fault_rules.KINDS)
    return jsonify({"items": rules, "kinds": {kind.name: kind.words for kind in fault_rules.KINDS}})


@control.post("/_control/faults")
def set_faults() -> AnyResponse:
    """A rule is added; `{"items": [rules]}` replaces all rules, so an empty list removes them."""
    here, wish = world(), _wish()
    with here.state.changing():
        if "items" in wish or "clear" in wish:
            here.faults.clear()
        rules = wish.get("items", [] if "clear" in wish else [wish])
        added = [here.faults.add(rule) for rule in rules]
    return redirect("/_control/faults", 303) if _is_browser() else jsonify({"items": here.faults.all(), "added": added})


@control.get("/_control/log")
def show_log() -> Response:
    """Every API call, oldest first; `?after=seq` gives the later ones only."""
    after = request.args.get("after", "0")
    return jsonify({"items": world().state.read_log(int(after) if after.isdigit() else 0)})


@control.post("/_control/reset")
def reset() -> AnyResponse:
    here = world()
    here.state.clear()
    with here.calls_lock:
        here.calls.clear()
    return redirect("/", 303) if _is_browser() else success("Everything is forgotten")


def _wish() -> Doc:
    found: Any = request.get_json(silent=True) if request.is_json else request.form.to_dict()
    return found if isinstance(found, dict) else {}


def _done(connection: Doc) -> AnyResponse:
    return redirect("/", 303) if _is_browser() else success("Success", shown(connection))


def _is_browser() -> bool:
    kinds = ["application/json", "text/html"]
    return request.accept_mimetypes.best_match(kinds, "application/json") == "text/html"


def _webhooks(here: World) -> list[Doc]:
    return [{**one, "waiting": _waiting(here, one["id"])} for one in here.state.find("webhook")]


def _waiting(here: World, webhook_id: str) -> int:
    return len(here.state.find("delivery", {"webhook_id": webhook_id}))
