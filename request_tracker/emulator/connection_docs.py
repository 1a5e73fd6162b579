"""How a connection is kept, checked and shown."""

import re
from datetime import datetime
from typing import Any

from request_tracker.emulator.answers import invalid, mapping, masked, one_of, required, stamp
from request_tracker.emulator.state import Doc

_SCHEMA_NAME = re.compile(r"[_a-z][_a-z0-9]*(\.[_a-z][_a-z0-9]*)?")
_FREQUENCIES = (1, 5, 15, 30, 60, 120, 180, 360, 480, 720, 1440)
_CHOICES = {
    "schedule_type": ("auto", "manual"),
    "data_delay_sensitivity": ("LOW", "NORMAL", "HIGH", "CUSTOM", "SYNC_FREQUENCY"),
    "networking_method": ("Directly", "PrivateLink", "SshTunnel", "ProxyAgent"),
    "destination_schema_names": ("FIVETRAN_NAMING", "SOURCE_NAMING"),
}
_SETTINGS: Doc = {
    "paused": False,
    "pause_after_trial": False,
    "sync_frequency": 360,
    "daily_sync_time": None,
    "schedule_type": "auto",
    "data_delay_sensitivity": "NORMAL",
    "data_delay_threshold": 0,
    "networking_method": "Directly",
    "private_link_id": None,
}
_SELF_BUILT = "connector_sdk"
_DEFAULT_CONFIG: dict[str, Doc] = {_SELF_BUILT: {"python_version": "3.14"}}
_OWN_FIELDS = ("sync", "tests")
_SHOWN_AS_NULL = ("succeeded_at", "failed_at")


def new_connection(key: str, wish: Doc, now: datetime) -> Doc:
    """The document of a new connection: not set up, never synced."""
    settings = {**_SETTINGS, **changes(wish)}
    return {
        "id": key,
        "service": str(wish["service"]),
        "schema": schema_of(wish),
        "group_id": str(wish["group_id"]),
        "service_version": 1,
        "created_at": stamp(now),
        "connected_by": "plain_person",
        "succeeded_at": None,
        "failed_at": None,
        **settings,
        "destination_schema_names": _choice(wish, "destination_schema_names") or "FIVETRAN_NAMING",
        "status": _fresh_status("paused" if settings["paused"] else "scheduled"),
        "config": _DEFAULT_CONFIG.get(str(wish["service"]), {}) | masked(wish.get("config") or {}),
        "connect_card_config": None,
        "sync": None,
        "tests": None,
    }


def platform_connection(key: str, group_id: str, now: datetime) -> Doc:
    """Fivetran's own paused connection that comes with a destination."""
    wish = {"service": "fivetran_log", "group_id": group_id, "config": {"schema": "fivetran_metadata"}, "paused": True}
    return {**new_connection(key, wish, now), "connected_by": "_fivetran_system"}


def changes(wish: Doc) -> Doc:
    """The lasting settings of a create or update body, checked. 400 for values outside the lists."""
    found = {name: wish[name] for name in _SETTINGS if wish.get(name) is not None}
    for name in ("paused", "pause_after_trial"):
        if not isinstance(found.get(name, False), bool):
            raise invalid(f"Field '{name}' must be a boolean")
    if not isinstance(found.get("data_delay_threshold", 0), int):
        raise invalid("Field 'data_delay_threshold' must be an integer")
    for name in ("schedule_type", "data_delay_sensitivity", "networking_method"):
        _choice(found, name)
    if "sync_frequency" in found:
        found["sync_frequency"] = _frequency(found["sync_frequency"])
    if "daily_sync_time" in found and not re.fullmatch(r"([01]\d|2[0-3]):00", str(found["daily_sync_time"])):
        raise invalid("Field 'daily_sync_time' must look like '14:00'")
    return found


def schema_of(wish: Doc) -> str:
    """The connection's name: config.schema, config.schema_prefix, or schema and table. 400 when absent or odd."""
    config = mapping(wish, "config")
    name = {"schema": config.get("schema") or config.get("schema_prefix")}
    required(name, "schema")
    schema = f"{name['schema']}.{config['table']}" if config.get("table") else str(name["schema"])
    if not _SCHEMA_NAME.fullmatch(schema):
        raise invalid(f"Field 'schema' has an invalid value '{schema}': lower case letters, digits and underscores")
    return schema


def card_config(config: Any) -> Doc | None:
    """The checked connect_card_config; None when there is none."""
    if config is None:
        return None
    if not isinstance(config, dict):
        raise invalid("Field 'connect_card_config' must be an object")
    required(config, "redirect_uri")
    if not str(config["redirect_uri"]).startswith(("http://", "https://")):
        raise invalid("Field 'redirect_uri' must start with http or https")
    return {
        "redirect_uri": str(config["redirect_uri"]),
        "hide_setup_guide": bool(config.get("hide_setup_guide", False)),
        "all_fields": bool(config.get("all_fields", False)),
    }


def shown(connection: Doc, **more: Any) -> Doc:
    """What the API shows of a connection. Only the last syncs are shown as null when there was none."""
    seen = {name: value for name, value in connection.items() if name not in _OWN_FIELDS}
    return {name: value for name, value in seen.items() if value is not None or name in _SHOWN_AS_NULL} | more


def run_setup_tests(connection: Doc, *, passed: bool) -> list[Doc]:
    """Set the connection's set-up state as the tests end. One that was connected before becomes broken."""
    status = connection["status"]
    was = status["setup_state"]
    status["setup_state"] = "connected" if passed else ("incomplete" if was == "incomplete" else "broken")
    if passed:
        status["tasks"] = []
    connection["tests"] = [
        {
            "title": "Authorisation",
            "status": "PASSED" if passed else "FAILED",
            "message": "" if passed else "Access to the source has not been granted",
        }
    ]
    return list(connection["tests"])


def has_credentials(wish: Doc) -> bool:
    """Does a body carry anything that could authorise the connection?"""
    config = wish.get("config") or {}
    return bool(wish.get("auth")) or masked(config) != config


def is_self_built(connection: Doc) -> bool:
    """Does it run a package of the account's own, which needs no access to be granted before it is tested?"""
    return connection["service"] == _SELF_BUILT and bool(connection["config"].get("package_id"))


def _fresh_status(sync_state: str) -> Doc:
    return {
        "setup_state": "incomplete",
        "schema_status": "ready",
        "sync_state": sync_state,
        "update_state": "on_schedule",
        "is_historical_sync": True,
        "tasks": [],
        "warnings": [],
    }


def _choice(wish: Doc, name: str) -> str | None:
    return one_of(wish, name, _CHOICES[name])


def _frequency(value: Any) -> int:
    # The vendor's own SDK sends a string.
    minutes = int(value) if isinstance(value, int) or (isinstance(value, str) and value.isdigit()) else -1
    if minutes not in _FREQUENCIES:
        raise invalid(f"Field 'sync_frequency' must be one of {', '.join(map(str, _FREQUENCIES))}")
    return minutes
