"""Connections in both spellings (/connections, /connectors): create, read, change, sync, test, card, delete."""

from typing import Any

from flask import Blueprint, Response, jsonify, request

from request_tracker.emulator import answers, syncs
from request_tracker.emulator.accounts import group_or_404
from request_tracker.emulator.answers import ApiError, invalid, mapping, masked, missing, page, required, success, text
from request_tracker.emulator.card_flavours import AUTHORISATION, flavour_of, outcomes
from request_tracker.emulator.cards import mint
from request_tracker.emulator.connection_docs import (
    card_config,
    changes,
    has_credentials,
    is_self_built,
    new_connection,
    run_setup_tests,
    schema_of,
    shown,
)
from request_tracker.emulator.metadata import knows
from request_tracker.emulator.package_docs import check_package
from request_tracker.emulator.spellings import both
from request_tracker.emulator.state import Doc
from request_tracker.emulator.world import World, world

connections = Blueprint("connections", __name__)

# What is remembered of a connection in documents of their own, under its id.
_KEPT_ASIDE = ("schema_config", "source", "sync_records", "cursor_state")
_PASSING_FIELDS = ("run_setup_tests", "trust_certificates", "trust_fingerprints")


@both(connections, "GET", "/v1/%s")
def list_connections() -> Response:
    group_id = request.args.get("group_id")
    return page(_listed(world(), group_id))


@both(connections, "GET", "/v1/groups/<group_id>/%s")
def list_group_connections(group_id: str) -> Response:
    group_or_404(world(), group_id)
    return page(_listed(world(), group_id))


@both(connections, "POST", "/v1/%s")
def create_connection() -> Response:
    here, wish = world(), answers.body()
    required(wish, "service", "group_id")
    service, group_id = text(wish, "service"), text(wish, "group_id")
    if here.switches.refuse_unknown_services and not knows(here, service):
        raise invalid(f"Unsupported service '{service}'")
    schema, config = schema_of(wish), card_config(wish.get("connect_card_config"))
    with here.state.changing():
        group_or_404(here, group_id)
        _refuse_duplicate(here, group_id, schema)
        check_package(here, mapping(wish, "config"))
        connection = new_connection(here.new_id("connection"), wish, here.now())
        tests = _tests(here, connection, wish)
        here.state.put("connection", connection)
        here.emit("create_connector", connection, {})
        card = {"connect_card": mint(here, connection, config)} if config else {}
    return success("Connection has been created", shown(connection, **tests, **card), status=201)


@both(connections, "GET", "/v1/%s/<key>")
def get_connection(key: str) -> Response:
    connection = connection_or_404(world(), key)
    tests = {"setup_tests": connection["tests"]} if connection["tests"] else {}
    return success("Operation performed.", shown(connection, **tests))


@both(connections, "PATCH", "/v1/%s/<key>")
def update_connection(key: str) -> Response:
    here, wish = world(), answers.body()
    with here.state.changing():
        connection = connection_or_404(here, key)
        _refuse_odd_update(connection, wish)
        was_paused = connection["paused"]
        connection.update(changes(wish))
        check_package(here, wish.get("config") or {}, connection["id"])
        connection["config"].update(masked(wish.get("config") or {}))
        if not connection["sync"]:
            connection["status"]["sync_state"] = syncs.idle_state(connection)
        tests = _tests(here, connection, wish)
        here.state.put("connection", connection)
        here.emit(_update_event(was_paused, connection["paused"]), connection, {})
        if wish.get("is_historical_sync") is True:
            connection = syncs.start(here, connection, force=True, historical=True)
    return success("Connection has been updated", shown(connection, **tests))


@both(connections, "DELETE", "/v1/%s/<key>")
def delete_connection(key: str) -> Response:
    here = world()
    remove(here, connection_or_404(here, key))
    return success(f"Connection with id '{key}' has been deleted")


@both(connections, "POST", "/v1/%s/<key>/sync")
def sync(key: str) -> Response:
    here, wish = world(), answers.body(may_be_empty=True)
    with here.state.changing():
        syncs.start(here, connection_or_404(here, key), force=bool(wish.get("force", False)))
    return success(f"Sync has been successfully triggered for connection with id '{key}'")


@both(connections, "POST", "/v1/%s/<key>/resync")
def resync(key: str) -> Response:
    here, wish = world(), answers.body(may_be_empty=True)
    if "scope" in wish and not _is_scope(wish["scope"]):
        raise invalid("Field 'scope' must name tables by schema and must not be empty")
    with here.state.changing():
        connection = connection_or_404(here, key)
        connection = syncs.start(here, connection, force=True, historical=True)
        here.emit("resync_connector", connection, {})
    return success(f"Re-sync has been triggered successfully for connection with id '{key}'")


@both(connections, "POST", "/v1/%s/<key>/test")
def run_tests(key: str) -> Response:
    here = world()
    answers.body()
    with here.state.changing():
        connection = connection_or_404(here, key)
        tests = _run_tests(here, connection, passed=connection["status"]["setup_state"] == "connected")
        here.state.put("connection", connection)
        announce_tests(here, connection)
    return success("Setup tests have been completed", shown(connection, setup_tests=tests))


@both(connections, "POST", "/v1/%s/<key>/connect-card")
def connect_card(key: str) -> Response:
    here, wish = world(), answers.body()
    required(wish, "connect_card_config")
    config = card_config(wish["connect_card_config"])
    with here.state.changing():
        connection = connection_or_404(here, key)
        card = mint(here, connection, config)
    data = {"connector_id": key, "connect_card": card, "connect_card_config": config}
    data = {name: value for name, value in data.items() if value is not None}
    return success("Connection Connect Card has been created", data)


@connections.post("/v1/connectors/<key>/connect-card-token")
def connect_card_token(key: str) -> Response:
    """The old form: an empty body, and the bare token; the caller builds the address."""
    here = world()
    with here.state.changing():
        card = mint(here, connection_or_404(here, key), None)
    return jsonify({"token": card["token"]})


def connection_or_404(here: World, key: str) -> Doc:
    connection = here.state.get("connection", key)
    if connection is None:
        raise missing(here.switches.not_found_entity, key)
    return connection


def remove(here: World, connection: Doc) -> None:
    """Delete the connection and say so."""
    with here.state.changing():
        if here.state.drop("connection", connection["id"]):
            for kind in _KEPT_ASIDE:
                here.state.drop(kind, connection["id"])
            here.emit("delete_connector", connection, {})


def announce_tests(here: World, connection: Doc) -> None:
    good = connection["status"]["setup_state"] == "connected"
    here.emit("connection_successful" if good else "connection_failure", connection, {})


def _listed(here: World, group_id: str | None) -> list[Doc]:
    wanted = {"group_id": group_id, "schema": request.args.get("schema")}
    found = here.state.find("connection", {name: value for name, value in wanted.items() if value is not None})
    return [shown(one) for one in found]


def _tests(here: World, connection: Doc, wish: Doc) -> dict[str, Any]:
    if not wish.get("run_setup_tests", True):
        return {}
    may_pass = connection["status"]["setup_state"] == "connected" or has_credentials(wish) or is_self_built(connection)
    return {"setup_tests": _run_tests(here, connection, passed=may_pass)}


def _run_tests(here: World, connection: Doc, *, passed: bool) -> list[Doc]:
    """Those of the way in that the source has; what failed before fails again until access is granted."""
    failing = next((one["title"] for one in connection["tests"] or () if one["status"] == "FAILED"), AUTHORISATION)
    run_setup_tests(connection, passed=passed)
    connection["tests"] = outcomes(flavour_of(here, connection), "" if passed else failing)
    return list(connection["tests"])


def _refuse_duplicate(here: World, group_id: str, schema: str) -> None:
    if here.switches.duplicate_schema_allowed:
        return
    if here.state.find("connection", {"group_id": group_id, "schema": schema}):
        status, code = here.switches.duplicate_schema
        raise ApiError(status, code, f"Connection with schema '{schema}' already exists in group '{group_id}'")


def _refuse_odd_update(connection: Doc, wish: Doc) -> None:
    if not set(wish) - set(_PASSING_FIELDS):
        raise invalid("At least one field to update is required")
    config = mapping(wish, "config")
    if "schema" in config and config["schema"] != connection["config"].get("schema"):
        raise invalid("Field 'schema' can't be changed")


def _is_scope(scope: Any) -> bool:
    return isinstance(scope, dict) and bool(scope) and all(isinstance(one, list) and one for one in scope.values())


def _update_event(was_paused: bool, is_paused: bool) -> str:
    if was_paused == is_paused:
        return "edit_connector"
    return "pause_connector" if is_paused else "resume_connector"
