"""A connection's schema configuration: which tables and columns are synced, and what happens to new ones."""

from typing import Any

from flask import Blueprint, Response

from request_tracker.emulator import answers
from request_tracker.emulator.answers import ApiError, invalid, success
from request_tracker.emulator.connections import connection_or_404
from request_tracker.emulator.state import Doc
from request_tracker.emulator.world import World, world

schemas = Blueprint("schemas", __name__)

_POLICIES = ("ALLOW_ALL", "ALLOW_COLUMNS", "BLOCK_ALL")
_TABLES = ("account", "contact", "invoice")


@schemas.get("/v1/connections/<key>/schemas")
def get_schemas(key: str) -> Response:
    here = world()
    connection_or_404(here, key)
    config = here.state.get("schema_config", key)
    if config is None:
        raise ApiError(404, "NotFound_SchemaConfig", f"Connection with id '{key}' doesn't have schema config")
    return success("Operation performed.", _shown(config))


@schemas.post("/v1/connections/<key>/schemas/reload")
def reload_schemas(key: str) -> Response:
    here = world()
    answers.body(may_be_empty=True)
    with here.state.changing():
        connection = connection_or_404(here, key)
        if connection["status"]["setup_state"] != "connected":
            raise invalid(f"Connection with id '{key}' is not set up, its schema can't be read")
        config = here.state.get("schema_config", key) or _discovered(key, connection["schema"])
        here.state.put("schema_config", config)
    return success("Schema has been reloaded", _shown(config))


@schemas.post("/v1/connections/<key>/schemas")
@schemas.patch("/v1/connections/<key>/schemas")
def set_schemas(key: str) -> Response:
    here, wish = world(), answers.body()
    with here.state.changing():
        connection = connection_or_404(here, key)
        config = here.state.get("schema_config", key) or _discovered(key, connection["schema"])
        here.state.put("schema_config", _merged(here, config, wish))
    return success("Operation performed.", _shown(config))


def _merged(here: World, config: Doc, wish: Doc) -> Doc:
    policy = wish.get("schema_change_handling", config["schema_change_handling"])
    if policy not in _POLICIES:
        raise invalid(f"Field 'schema_change_handling' must be one of {', '.join(_POLICIES)}")
    config["schema_change_handling"] = policy
    _overlay(config["schemas"], wish.get("schemas") or {})
    return config


def _overlay(below: dict[str, Any], above: dict[str, Any]) -> None:
    for name, value in above.items():
        if isinstance(value, dict) and isinstance(below.get(name), dict):
            _overlay(below[name], value)
        else:
            below[name] = value


def _discovered(key: str, schema: str) -> Doc:
    tables = {name: _part(name, columns={"id": _part("id"), "email": _part("email")}) for name in _TABLES}
    return {"id": key, "schema_change_handling": "ALLOW_ALL", "schemas": {schema: _part(schema, tables=tables)}}


def _part(name: str, **parts: Doc) -> Doc:
    hashed = {} if "tables" in parts or "columns" in parts else {"hashed": False}
    return {"name_in_destination": name, "enabled": True, **hashed, **parts}


def _shown(config: Doc) -> Doc:
    return {name: config[name] for name in config if name != "id"}
