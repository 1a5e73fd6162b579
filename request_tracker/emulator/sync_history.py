"""What a connection remembers from its syncs: the history, and the state of connectors that keep their own."""

from datetime import UTC, datetime, timedelta

from flask import Blueprint, Response, request

from request_tracker.emulator import answers, sync_records
from request_tracker.emulator.answers import ApiError, invalid, no_such_route, page, success
from request_tracker.emulator.connections import connection_or_404
from request_tracker.emulator.spellings import both
from request_tracker.emulator.state import Doc
from request_tracker.emulator.world import World, world

sync_history = Blueprint("sync_history", __name__)

_LONGEST = timedelta(days=7)
_USUAL = timedelta(hours=1)
_WITH_STATE = ("connector_sdk", "aws_lambda", "azure_function", "google_cloud_function", "function")


@both(sync_history, "GET", "/v1/%s/<key>/sync-history")
def list_syncs(key: str) -> Response:
    here = world()
    if not here.switches.sync_history:
        raise no_such_route()
    connection_or_404(here, key)
    start_at, end_at = _window(here)
    return page(sync_records.between(here, key, start_at, end_at))


@both(sync_history, "GET", "/v1/%s/<key>/state")
def get_state(key: str) -> Response:
    here = world()
    _stateful(here, key)
    return success("Operation performed.", {"state": _state(here, key)})


@both(sync_history, "PATCH", "/v1/%s/<key>/state")
def update_state(key: str) -> Response:
    here, wish = world(), answers.body()
    if not isinstance(wish.get("state"), dict):
        raise invalid("Field 'state' must be an object")
    with here.state.changing():
        if _stateful(here, key)["sync"]:
            raise ApiError(409, "Conflict", f"Connection with id '{key}' is syncing, its state can't be changed now")
        here.state.put("cursor_state", {"id": key, "state": wish["state"]})
    return success("Operation performed.", {"state": wish["state"]})


def _window(here: World) -> tuple[datetime, datetime]:
    """Start and end of the history asked for: an hour when only one or none is given, seven days at most."""
    start_at, end_at = _moment("start_time"), _moment("end_time")
    end_at = end_at or (start_at + _USUAL if start_at else here.now())
    start_at = start_at or end_at - _USUAL
    if not start_at < end_at:
        raise invalid("Parameter 'end_time' must be after 'start_time'")
    if end_at - start_at > _LONGEST:
        raise invalid("The time between 'start_time' and 'end_time' must not be longer than 7 days")
    return start_at, end_at


def _moment(name: str) -> datetime | None:
    text = request.args.get(name)
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise invalid(f"Parameter '{name}' must be a time such as 2026-01-01T00:00:00Z") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _stateful(here: World, key: str) -> Doc:
    connection = connection_or_404(here, key)
    if connection["service"] not in _WITH_STATE:
        raise invalid(f"Connections of service '{connection['service']}' have no state that can be read or changed")
    return connection


def _state(here: World, key: str) -> Doc:
    found = here.state.get("cursor_state", key)
    return dict(found["state"]) if found else {}
