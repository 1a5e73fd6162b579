"""How a schema configuration is kept, filled from the source, changed and shown: schemas, tables, columns."""

from typing import Any

from request_tracker.emulator.answers import ApiError, invalid, missing
from request_tracker.emulator.source import is_locked, source_of
from request_tracker.emulator.state import Doc
from request_tracker.emulator.world import World

POLICIES = ("ALLOW_ALL", "ALLOW_COLUMNS", "BLOCK_ALL")
# What a reload makes of all schemas and tables; None: they stay as they are.
EXCLUDE_MODES = {"PRESERVE": None, "EXCLUDE": False, "INCLUDE": True}
_SYNC_MODES = ("SOFT_DELETE", "HISTORY", "LIVE")
# The levels of a configuration from the top: name of the level, one of its things, the flags one may set.
_LEVELS = (
    ("schemas", "Schema", ("enabled",)),
    ("tables", "Table", ("enabled",)),
    ("columns", "Column", ("enabled", "hashed", "is_primary_key")),
)


def config_or_404(here: World, key: str) -> Doc:
    """The configuration of a connection: there is none before its first load."""
    config = here.state.get("schema_config", key)
    if config is None:
        raise ApiError(404, "NotFound_SchemaConfig", f"Connection with id '{key}' doesn't have schema config")
    return config


def load(here: World, connection: Doc, exclude_mode: str = "PRESERVE") -> Doc:
    """Take in what the source holds: known things keep their state, new ones obey schema_change_handling.

    `exclude_mode` is a key of EXCLUDE_MODES. Call inside `state.changing()`.
    """
    config = here.state.get("schema_config", connection["id"]) or new_config(connection["id"])
    policy = config["schema_change_handling"]
    schema = config["schemas"].setdefault(connection["schema"], {"enabled": policy == "ALLOW_ALL", "tables": {}})
    for name, columns in source_of(here, connection)["tables"].items():
        table = schema["tables"].setdefault(name, {"enabled": policy == "ALLOW_ALL", "columns": {}})
        for column in columns:
            table["columns"].setdefault(column, _new_column(column, policy))
    _set_all(config, EXCLUDE_MODES[exclude_mode])
    return here.state.put("schema_config", config)


def new_config(key: str) -> Doc:
    return {"id": key, "schema_change_handling": "ALLOW_ALL", "schemas": {}}


def change(config: Doc, wish: Doc, *, refuse_unknown: bool) -> Doc:
    """Overlay what a body of the vendor's form says. 400 for odd values, 404 for unknown names where refused."""
    policy = wish.get("schema_change_handling", config["schema_change_handling"])
    if policy not in POLICIES:
        raise invalid(f"Field 'schema_change_handling' must be one of {', '.join(POLICIES)}")
    config["schema_change_handling"] = policy
    _overlay(config, wish, 0, refuse_unknown)
    return config


def synced_tables(here: World, connection: Doc, config: Doc) -> list[str]:
    """The tables that a sync brings: enabled, in an enabled schema, and in the source."""
    held = source_of(here, connection)["tables"]
    chosen = [schema["tables"] for schema in config["schemas"].values() if schema["enabled"]]
    return [name for tables in chosen for name, table in tables.items() if table["enabled"] and name in held]


def shown(here: World, connection: Doc, config: Doc) -> Doc:
    held = source_of(here, connection)["tables"]
    schemas = {name: _schema(here, name, schema, held) for name, schema in config["schemas"].items()}
    handling = config["schema_change_handling"]
    return {"enable_new_by_default": handling == "ALLOW_ALL", "schema_change_handling": handling, "schemas": schemas}


def shown_columns(table: Doc) -> Doc:
    return {name: _column(name, column) for name, column in table["columns"].items()}


def _new_column(name: str, policy: str) -> Doc:
    return {"enabled": policy != "BLOCK_ALL" or is_locked(name), "hashed": False}


def _set_all(config: Doc, enabled: bool | None) -> None:
    if enabled is None:
        return
    for schema in config["schemas"].values():
        schema["enabled"] = enabled
        for table in schema["tables"].values():
            table["enabled"] = enabled


def _overlay(have: Doc, wish: Doc, depth: int, refuse_unknown: bool) -> None:
    if depth == len(_LEVELS):
        return
    level, kind, flags = _LEVELS[depth]
    for name, part in _object(wish.get(level), level).items():
        part = _object(part, name)
        one = _named(have.setdefault(level, {}), name, kind, refuse_unknown)
        one.update(_flags(part, flags))
        if kind == "Table" and "sync_mode" in part:
            one["sync_mode"] = _sync_mode(part["sync_mode"])
        if kind == "Column":
            _keep_locked(name, one)
            one["set"] = True
        _overlay(one, part, depth + 1, refuse_unknown)


def _named(siblings: dict[str, Doc], name: str, kind: str, refuse_unknown: bool) -> Doc:
    if name not in siblings and refuse_unknown:
        # "an incorrect case results in an HTTP 404 error", says the vendor's definition.
        raise missing(kind, name)
    inside: Doc = {"Schema": {"tables": {}}, "Table": {"columns": {}}}.get(kind, {"hashed": False})
    return siblings.setdefault(name, {"enabled": True, **inside})


def _flags(part: Doc, flags: tuple[str, ...]) -> Doc:
    found = {name: part[name] for name in flags if name in part}
    for name, value in found.items():
        if not isinstance(value, bool):
            raise invalid(f"Field '{name}' must be a boolean")
    return found


def _sync_mode(value: Any) -> Any:
    if value not in _SYNC_MODES:
        raise invalid(f"Field 'sync_mode' must be one of {', '.join(_SYNC_MODES)}")
    return value


def _keep_locked(name: str, column: Doc) -> None:
    if is_locked(name) and not column["enabled"]:
        raise invalid(f"Column '{name}' can't be excluded: it is a primary key")


def _object(value: Any, name: str) -> Doc:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise invalid(f"Field '{name}' must be an object")
    return value


def _schema(here: World, name: str, schema: Doc, held: Doc) -> Doc:
    tables = {key: _table(here, key, table, key in held) for key, table in schema["tables"].items()}
    return {"name_in_destination": name, "enabled": schema["enabled"], "tables": tables}


def _table(here: World, name: str, table: Doc, is_held: bool) -> Doc:
    listed = {key: one for key, one in table["columns"].items() if here.switches.all_columns_listed or one.get("set")}
    gone = {"allowed": False, "reason_code": "DELETED", "reason": "The table is not in the source"}
    return {
        "name_in_destination": name,
        "enabled": table["enabled"],
        "sync_mode": table.get("sync_mode", "SOFT_DELETE"),
        "enabled_patch_settings": {"allowed": True} if is_held else gone,
        "supports_columns_config": True,
        "supports_history_mode": True,
        "columns": shown_columns({"columns": listed}),
    }


def _column(name: str, column: Doc) -> Doc:
    locked = {"allowed": False, "reason_code": "SYSTEM_COLUMN", "reason": "The column is a primary key"}
    return {
        "name_in_destination": name,
        "enabled": column["enabled"],
        "hashed": column["hashed"],
        "is_primary_key": column.get("is_primary_key", is_locked(name)),
        "enabled_patch_settings": locked if is_locked(name) else {"allowed": True},
    }
