"""Destinations: one for each group, with the group's id, and the platform connection they bring along."""

from flask import Blueprint, Response

from request_tracker.emulator import answers
from request_tracker.emulator.answers import ApiError, masked, missing, page, required, success
from request_tracker.emulator.connection_docs import platform_connection
from request_tracker.emulator.state import Doc
from request_tracker.emulator.world import World, world

destinations = Blueprint("destinations", __name__)

_TESTS = ("Host Connection", "Database Connection", "Permission Test")
_CHANGEABLE = ("region", "time_zone_offset", "networking_method", "private_link_id", "daylight_saving_time_enabled")
_NOT_LISTED = ("config", "setup_tests")


@destinations.get("/v1/destinations")
def list_destinations() -> Response:
    found = world().state.find("destination")
    return page([{name: doc[name] for name in doc if name not in _NOT_LISTED} for doc in found])


@destinations.post("/v1/destinations")
def create_destination() -> Response:
    here, wish = world(), answers.body()
    required(wish, "group_id", "service", "time_zone_offset")
    key = str(wish["group_id"])
    with here.state.changing():
        if here.state.get("group", key) is None:
            raise ApiError(404, "NotFound", f"Destination with id {key} not found")
        if here.state.get("destination", key) is not None:
            raise ApiError(409, "Conflict", f"Group '{key}' already has a destination")
        destination = here.state.put("destination", _tested(here, _new(here, key, wish), wish))
        platform = platform_connection(here.new_id("connection"), key, here.now())
        here.state.put("connection", platform)
    return success("Destination has been created", destination, status=201)


@destinations.get("/v1/destinations/<key>")
def get_destination(key: str) -> Response:
    return success("Operation performed.", _found(world(), key))


@destinations.patch("/v1/destinations/<key>")
def update_destination(key: str) -> Response:
    here, wish = world(), answers.body()
    with here.state.changing():
        destination = _found(here, key)
        destination.update({name: wish[name] for name in _CHANGEABLE if name in wish})
        destination["config"].update(masked(wish.get("config") or {}))
        here.state.put("destination", _tested(here, destination, wish))
    return success("Destination has been updated", destination)


@destinations.post("/v1/destinations/<key>/test")
def test_destination(key: str) -> Response:
    here = world()
    answers.body(may_be_empty=True)
    with here.state.changing():
        destination = here.state.put("destination", _tested(here, _found(here, key), {}))
    return success("Setup tests have been completed", destination)


@destinations.delete("/v1/destinations/<key>")
def delete_destination(key: str) -> Response:
    here = world()
    with here.state.changing():
        _found(here, key)
        connections = here.state.find("connection", {"group_id": key})
        if any(one["connected_by"] != "_fivetran_system" for one in connections):
            raise ApiError(409, "Conflict", f"Destination with id '{key}' still has connections")
        for one in connections:
            here.state.drop("connection", one["id"])
        here.state.drop("destination", key)
    return success(f"Destination with id '{key}' has been deleted")


def _new(here: World, key: str, wish: Doc) -> Doc:
    return {
        "id": key,
        "group_id": key,
        "service": str(wish["service"]),
        "region": wish.get("region") or "GCP_US_EAST4",
        "time_zone_offset": str(wish["time_zone_offset"]),
        "setup_status": _status(here, "INCOMPLETE"),
        "networking_method": wish.get("networking_method") or "Directly",
        "config": masked(wish.get("config") or {}),
    }


def _tested(here: World, destination: Doc, wish: Doc) -> Doc:
    if wish.get("run_setup_tests", True):
        destination["setup_tests"] = [{"title": title, "status": "PASSED", "message": ""} for title in _TESTS]
        destination["setup_status"] = _status(here, "CONNECTED")
    return destination


def _status(here: World, word: str) -> str:
    return word.lower() if here.switches.setup_status_lower_case else word


def _found(here: World, key: str) -> Doc:
    destination = here.state.get("destination", key)
    if destination is None:
        raise missing("Destination", key)
    return destination
