"""Destinations: one for each group, with the group's id, and the platform connection they bring along."""

import re

from flask import Blueprint, Response

from request_tracker.emulator import answers
from request_tracker.emulator.answers import ApiError, mapping, masked, missing, one_of, page, required, success, text
from request_tracker.emulator.connection_docs import platform_connection
from request_tracker.emulator.state import Doc
from request_tracker.emulator.world import World, world

destinations = Blueprint("destinations", __name__)

_TESTS = ("Host Connection", "Database Connection", "Permission Test")
_CHANGEABLE = ("region", "time_zone_offset", "networking_method", "private_link_id", "daylight_saving_time_enabled")
_OFFSETS = tuple(f"{hours:+d}" if hours > 0 else str(hours) for hours in range(-11, 13))
_REGIONS = re.findall(
    r"\w+",
    """
    GCP_US_EAST4 GCP_US_WEST1 GCP_US_CENTRAL1 GCP_EUROPE_WEST3 GCP_AUSTRALIA_SOUTHEAST1
    GCP_NORTHAMERICA_NORTHEAST1 GCP_EUROPE_WEST2 GCP_ASIA_SOUTHEAST1 GCP_ASIA_SOUTHEAST2 GCP_ASIA_SOUTH1
    GCP_ASIA_NORTHEAST1 AWS_US_EAST_1 AWS_US_EAST_2 AWS_US_WEST_2 AWS_AP_NORTHEAST_1 AWS_AP_SOUTHEAST_1
    AWS_AP_SOUTHEAST_2 AWS_EU_CENTRAL_1 AWS_EU_WEST_1 AWS_EU_WEST_2 AWS_AP_SOUTH_1 AWS_CA_CENTRAL_1
    AWS_US_GOV_WEST_1 AZURE_EASTUS2 AZURE_AUSTRALIAEAST AZURE_UKSOUTH AZURE_WESTEUROPE AZURE_CENTRALUS
    AZURE_CANADACENTRAL AZURE_UAENORTH AZURE_SOUTHEASTASIA AZURE_EASTUS AZURE_JAPANEAST AZURE_CENTRALINDIA
    """,
)
_CHOICES = {
    "region": _REGIONS,
    "time_zone_offset": _OFFSETS,
    "networking_method": ("Directly", "PrivateLink", "SshTunnel", "ProxyAgent"),
}
_NOT_LISTED = ("config", "setup_tests")


@destinations.get("/v1/destinations")
def list_destinations() -> Response:
    found = world().state.find("destination")
    return page([{name: doc[name] for name in doc if name not in _NOT_LISTED} for doc in found])


@destinations.post("/v1/destinations")
def create_destination() -> Response:
    here, wish = world(), answers.body()
    required(wish, "group_id", "service", "time_zone_offset")
    key = text(wish, "group_id")
    _check(wish)
    with here.state.changing():
        if here.state.get("group", key) is None:
            raise ApiError(404, "NotFound", f"Destination with id {key} not found")
        if here.state.get("destination", key) is not None:
            raise ApiError(*here.switches.second_destination, f"Group '{key}' already has a destination")
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
        _check(wish)
        destination.update({name: wish[name] for name in _CHANGEABLE if wish.get(name) is not None})
        destination["config"].update(masked(mapping(wish, "config")))
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


def _check(wish: Doc) -> None:
    for name, values in _CHOICES.items():
        one_of(wish, name, values)


def _new(here: World, key: str, wish: Doc) -> Doc:
    return {
        "id": key,
        "group_id": key,
        "service": text(wish, "service"),
        "region": wish.get("region") or "GCP_US_EAST4",
        "time_zone_offset": str(wish["time_zone_offset"]),
        "setup_status": _status(here, "INCOMPLETE"),
        "networking_method": wish.get("networking_method") or "Directly",
        "config": masked(mapping(wish, "config")),
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
