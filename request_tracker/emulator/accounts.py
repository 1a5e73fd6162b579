"""The account, its groups, users and roles."""

import re

from flask import Blueprint, Response

from request_tracker.emulator import answers
from request_tracker.emulator.answers import ApiError, invalid, missing, page, required, stamp, success
from request_tracker.emulator.state import Doc
from request_tracker.emulator.world import World, world

accounts = Blueprint("accounts", __name__)

_GROUP_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OLD_AND_NEW_ROLES = (
    ("Account Administrator", "ACCOUNT", None),
    ("Account Analyst", "ACCOUNT", None),
    ("Account Billing", "ACCOUNT", None),
    ("Account Reviewer", "ACCOUNT", None),
    ("Destination Administrator", "DESTINATION", "Manage Destination"),
    ("Destination Analyst", "DESTINATION", "Edit Destination"),
    ("Destination Creator", "ACCOUNT", None),
    ("Destination Reviewer", "DESTINATION", None),
    ("Connector Administrator", "CONNECTOR", "Manage Connection"),
    ("Connector Creator", "DESTINATION", "Create Connection"),
    ("Manage Destination", "DESTINATION", None),
    ("Edit Destination", "DESTINATION", None),
    ("Manage Connection", "CONNECTOR", None),
    ("Create Connection", "DESTINATION", None),
)


@accounts.get("/v1/account/info")
def info() -> Response:
    data = {"account_id": "ample_emulator", "account_name": "Emulated Account", "user_id": "plain_person"}
    return success("Account information retrieved successfully", data)


@accounts.get("/v1/groups")
def list_groups() -> Response:
    return page(world().state.find("group"))


@accounts.post("/v1/groups")
def create_group() -> Response:
    here, wish = world(), answers.body()
    with here.state.changing():
        name = _name(here, wish)
        group = {"id": here.new_id("group"), "name": name, "created_at": stamp(here.now())}
        here.state.put("group", group)
    return success("Group has been created", group, status=201)


@accounts.get("/v1/groups/<key>")
def get_group(key: str) -> Response:
    return success("Operation performed.", group_or_404(world(), key))


@accounts.patch("/v1/groups/<key>")
def update_group(key: str) -> Response:
    here, wish = world(), answers.body()
    with here.state.changing():
        group = group_or_404(here, key)
        here.state.put("group", {**group, "name": _name(here, wish)})
    return success("Group has been updated", here.state.get("group", key))


@accounts.delete("/v1/groups/<key>")
def delete_group(key: str) -> Response:
    here = world()
    with here.state.changing():
        group_or_404(here, key)
        if here.state.find("connection", {"group_id": key}) or here.state.get("destination", key):
            raise ApiError(409, "Conflict", f"Group with id '{key}' still has a destination or connections")
        here.state.drop("group", key)
    return success(f"Group with id '{key}' has been deleted")


@accounts.get("/v1/groups/<key>/users")
def list_group_users(key: str) -> Response:
    group_or_404(world(), key)
    return page(_users(world()))


@accounts.get("/v1/users")
def list_users() -> Response:
    return page(_users(world()))


@accounts.get("/v1/users/<key>")
def get_user(key: str) -> Response:
    found = next((user for user in _users(world()) if user["id"] == key), None)
    if found is None:
        raise missing("User", key)
    return success("User has been retrieved", found)


@accounts.get("/v1/roles")
def list_roles() -> Response:
    return page([_role(*row) for row in _OLD_AND_NEW_ROLES], "Roles list retrieved successfully")


def group_or_404(here: World, key: str) -> Doc:
    group = here.state.get("group", key)
    if group is None:
        raise missing("Group", key)
    return group


def _name(here: World, wish: Doc) -> str:
    required(wish, "name")
    name = str(wish["name"])
    if not _GROUP_NAME.fullmatch(name):
        raise invalid("Field 'name' may have letters, digits and underscores and must not start with a digit")
    if here.switches.duplicate_group_refused and here.state.find("group", {"name": name}):
        raise ApiError(409, "Conflict", f"Group with name '{name}' already exists")
    return name


def _users(here: World) -> list[Doc]:
    """One person, who owns the key."""
    person = {
        "id": "plain_person",
        "email": "owner@emulator.example",
        "given_name": "Owner",
        "family_name": "Emulator",
        "verified": True,
        "invited": False,
        "active": True,
        "role": "Account Administrator",
        "logged_in_at": stamp(here.now()),
        "created_at": "2026-01-05T09:00:00.000000Z",
    }
    return [person]


def _role(name: str, scope: str, replacement: str | None) -> Doc:
    return {
        "name": name,
        "description": f"{name} role",
        "scope": [scope],
        "is_custom": False,
        "is_deprecated": replacement is not None,
        "replacement_role_name": replacement,
    }
