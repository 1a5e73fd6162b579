"""The emulator's own side door: what it holds, its faults, switches and log, and starting over."""

import json
from typing import Any

from flask import Blueprint, Response, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from request_tracker.emulator import call_log, switchboard
from request_tracker.emulator import faults as fault_rules
from request_tracker.emulator.answers import ApiError, invalid, success
from request_tracker.emulator.connection_docs import shown
from request_tracker.emulator.playing import playing
from request_tracker.emulator.side_door import is_browser, refuse_strangers, wished
from request_tracker.emulator.state import Doc
from request_tracker.emulator.world import World, world

control = Blueprint("control", __name__)
control.before_request(refuse_strangers)
control.register_blueprint(playing)

_CONNECTIONS_SHOWN = 50
_CALLS_SHOWN = 20


@control.get("/")
def overview() -> str:
    """`?q=` looks for connections by id or schema."""
    here, wanted = world(), request.args.get("q", "").strip()
    return render_template(
        "emulator/overview.html",
        connections=[shown(one) for one in here.state.newest("connection", _CONNECTIONS_SHOWN, wanted)],
        number=here.state.count("connection"),
        wanted=wanted,
        log=here.state.last_log(_CALLS_SHOWN),
        webhooks=_webhooks(here),
    )


@control.get("/_control/faults")
def show_faults() -> Response | str:
    here = world()
    if is_browser():
        return _faults_page(here)
    return jsonify({"items": here.faults.all(), "kinds": {kind.name: kind.words for kind in fault_rules.KINDS}})


@control.post("/_control/faults")
def set_faults() -> AnyResponse | tuple[str, int]:
    """A rule is added; `{"items": [rules]}` replaces all rules, so an empty list removes them; `{"remove": id}`
    removes one; `{"seed": number}` has chance repeat itself."""
    here, wish = world(), wished()
    try:
        added = _set(here, wish)
    except ApiError as error:
        if not is_browser():
            raise
        return _faults_page(here, error.message, wish), error.status
    return redirect("/_control/faults", 303) if is_browser() else jsonify({"items": here.faults.all(), "added": added})


@control.get("/_control/switches")
def show_switches() -> Response | str:
    here = world()
    return _switches_page(here) if is_browser() else jsonify(switchboard.shown(here))


@control.post("/_control/switches")
def turn_switches() -> AnyResponse | tuple[str, int]:
    """`{name: value}` for any of them, all or none are taken; they outlast a restart, not a reset."""
    here, wish = world(), wished()
    if not is_browser():
        return jsonify(switchboard.turn(here, wish))
    try:
        switchboard.turn(here, {str(wish.get("name")): switchboard.read(str(wish.get("value", "")))})
    except ApiError as error:
        return _switches_page(here, error.message, wish), error.status
    return redirect("/_control/switches", 303)


@control.get("/_control/log")
def show_log() -> Response:
    """API calls, oldest first: `?after=seq&method=POST&path=/v1/conn*&status=4xx&limit=100`, each as wanted."""
    return jsonify({"items": call_log.asked_for(world(), request.args)})


@control.post("/_control/reset")
def reset() -> AnyResponse:
    here = world()
    here.state.clear()
    here.faults.sow(None)
    here.turn(here.given)
    with here.calls_lock:
        here.calls.clear()
    return redirect("/", 303) if is_browser() else success("Everything is forgotten")


def _set(here: World, wish: Doc) -> list[Doc]:
    rules = _rules(wish)
    with here.state.changing():
        if "items" in wish or "clear" in wish:
            here.faults.clear()
        if "remove" in wish:
            here.faults.remove(str(wish["remove"]))
        added = [here.faults.add(rule) for rule in rules]
    if "seed" in wish:
        here.faults.sow(_seed(wish["seed"]))
    return added


def _rules(wish: Doc) -> list[Doc]:
    if "items" in wish:
        if not isinstance(wish["items"], list) or not all(isinstance(rule, dict) for rule in wish["items"]):
            raise invalid("Field 'items' must be a list of faults")
        return list(wish["items"])
    rule = {name: value for name, value in wish.items() if name not in ("clear", "remove", "seed")}
    return [] if not rule and set(wish) & {"clear", "remove", "seed"} else [rule]


def _seed(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        raise invalid("Field 'seed' must be a whole number") from None


def _faults_page(here: World, problem: str = "", typed: Doc | None = None) -> str:
    rules, kinds = here.faults.all(), fault_rules.KINDS
    usual = {"method": "*", "path": "*", "probability": "1", "seconds": "5", "status": "503"}
    values = {**usual, **(typed or {})}
    return render_template("emulator/faults.html", rules=rules, kinds=kinds, problem=problem, typed=values)


def _switches_page(here: World, problem: str = "", typed: Doc | None = None) -> str:
    shown = switchboard.shown(here).items()
    rows = [(name, json.dumps(value), switchboard.kind_of(name)) for name, value in shown]
    return render_template("emulator/switches.html", rows=rows, problem=problem, typed=typed or {})


def _webhooks(here: World) -> list[Doc]:
    found = here.state.find("webhook")
    return [{**one, "waiting": here.state.count("delivery", {"webhook_id": one["id"]})} for one in found]
