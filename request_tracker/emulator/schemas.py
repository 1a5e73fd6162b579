"""A connection's schema configuration in the API: read, set before the first sync, change, reload, resync tables."""

from typing import Any

from flask import Blueprint, Response

from request_tracker.emulator import answers, syncs
from request_tracker.emulator.answers import ApiError, invalid, missing, success
from request_tracker.emulator.connections import connection_or_404
from request_tracker.emulator.schema_docs import (
    EXCLUDE_MODES,
    change,
    config_or_404,
    load,
    new_config,
    shown,
    shown_columns,
)
from request_tracker.emulator.spellings import both
from request_tracker.emulator.state import Doc
from request_tracker.emulator.world import World, world

schemas = Blueprint("schemas", __name__)

_PATH = "/v1/%s/<key>/schemas"


@both(schemas, "GET", _PATH)
def get_schemas(key: str) -> Response:
    here = world()
    connection = connection_or_404(here, key)
    return _answer(here, connection, config_or_404(here, key))


@both(schemas, "POST", _PATH)
def create_schemas(key: str) -> Response:
    """Set before anything was read: names may be unknown as yet. 400 when there is a configuration already."""
    here, wish = world(), answers.body()
    answers.required(wish, "schemas")
    with here.state.changing():
        connection = connection_or_404(here, key)
        if here.state.get("schema_config", key) is not None:
            raise invalid(f"Connection with id '{key}' already has schema config, update it instead")
        config = here.state.put("schema_config", change(new_config(key), wish, refuse_unknown=False))
    return _answer(here, connection, config)


@both(schemas, "PATCH", _PATH)
def update_schemas(key: str) -> Response:
    return _changed(key, answers.body())


@both(schemas, "PATCH", f"{_PATH}/<schema>")
def update_schema(key: str, schema: str) -> Response:
    return _changed(key, {"schemas": {schema: answers.body()}})


@both(schemas, "PATCH", f"{_PATH}/<schema>/tables/<table>")
def update_table(key: str, schema: str, table: str) -> Response:
    return _changed(key, {"schemas": {schema: {"tables": {table: answers.body()}}}})


@both(schemas, "PATCH", f"{_PATH}/<schema>/tables/<table>/columns/<column>")
def update_column(key: str, schema: str, table: str, column: str) -> Response:
    return _changed(key, {"schemas": {schema: {"tables": {table: {"columns": {column: answers.body()}}}}}})


@both(schemas, "GET", f"{_PATH}/<schema>/tables/<table>/columns")
def get_columns(key: str, schema: str, table: str) -> Response:
    here = world()
    connection_or_404(here, key)
    return success("Operation performed.", {"columns": shown_columns(_table(config_or_404(here, key), schema, table))})


@both(schemas, "POST", f"{_PATH}/reload")
def reload_schemas(key: str) -> Response:
    here, wish = world(), answers.body(may_be_empty=True)
    mode = wish.get("exclude_mode") or "PRESERVE"
    if mode not in EXCLUDE_MODES:
        raise invalid(f"Field 'exclude_mode' must be one of {', '.join(EXCLUDE_MODES)}")
    with here.state.changing():
        connection = connection_or_404(here, key)
        if connection["status"]["setup_state"] != "connected":
            raise invalid(f"Connection with id '{key}' is not set up, its schema can't be read")
        config = load(here, connection, mode)
    return _answer(here, connection, config)


@both(schemas, "DELETE", f"{_PATH}/<schema>/tables/<table>/columns/<column>")
def drop_column(key: str, schema: str, table: str, column: str) -> Response:
    """Marks a blocked column of the destination for deletion; 409 when it is not blocked."""
    here = world()
    connection_or_404(here, key)
    _check_blocked(config_or_404(here, key), schema, table, column)
    return success("Column successfully marked for deletion")


@both(schemas, "POST", f"{_PATH}/drop-columns")
def drop_columns(key: str) -> Response:
    here, wish = world(), answers.body()
    answers.required(wish, "schemas")
    connection_or_404(here, key)
    config = config_or_404(here, key)
    for schema, tables in answers.mapping(wish, "schemas").items():
        for table, columns in answers.mapping(tables, "tables").items():
            for column in columns.get("columns") or ():
                _check_blocked(config, schema, table, str(column))
    return success("Column(s) successfully marked for deletion")


@both(schemas, "POST", f"{_PATH}/tables/resync")
def resync_tables(key: str) -> Response:
    """`{schema: [tables]}`: these tables are read again from the beginning."""
    here, wish = world(), answers.body()
    with here.state.changing():
        connection = connection_or_404(here, key)
        if not wish or not all(isinstance(tables, list) and tables for tables in wish.values()):
            raise invalid('The body must name tables by schema, as {"schema": ["table"]}')
        for schema, tables in wish.items():
            for table in tables:
                _table(config_or_404(here, key), schema, str(table))
        connection = syncs.start(here, connection, force=True)
        here.emit("resync_table", connection, {"tables": wish})
    return success("Re-sync has been triggered successfully")


def _changed(key: str, wish: Doc) -> Response:
    here = world()
    with here.state.changing():
        connection = connection_or_404(here, key)
        config = change(config_or_404(here, key), wish, refuse_unknown=here.switches.unknown_tables_refused)
        here.state.put("schema_config", config)
    return _answer(here, connection, config)


def _table(config: Doc, schema: str, table: str) -> Doc:
    found: Any = config["schemas"].get(schema)
    if found is None:
        raise missing("Schema", schema)
    if table not in found["tables"]:
        raise missing("Table", table)
    wanted: Doc = found["tables"][table]
    return wanted


def _check_blocked(config: Doc, schema: str, table: str, column: str) -> None:
    found: Any = _table(config, schema, table)["columns"].get(column)
    if found is None:
        raise missing("Column", column)
    if found["enabled"]:
        raise ApiError(409, "Conflict", f"Column '{column}' is not blocked")


def _answer(here: World, connection: Doc, config: Doc) -> Response:
    return success("Operation performed.", shown(here, connection, config))
