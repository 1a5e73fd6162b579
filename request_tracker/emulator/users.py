"""The people of the account: who they are, and which roles there are."""

from flask import Blueprint, Response, request

from request_tracker.emulator import answers
from request_tracker.emulator.answers import ApiError, invalid, missing, page, required, stamp, success, text
from request_tracker.emulator.state import Doc
from request_tracker.emulator.world import World, world

users = Blueprint("users", __name__)

OWNER = "plain_person"
# Name, what it manages, by which name it is replaced.
_ROLES = (
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
_CHANGEABLE = ("given_name", "family_name", "phone", "picture", "role")


@users.get("/v1/users")
def list_users() -> Response:
    return page(active_ones(all_users(world())))


@users.post("/v1/users")
def invite() -> Response:
    here, wish = world(), answers.body()
    required(wish, "email", "given_name", "family_name")
    with here.state.changing():
        user = new_user(here, wish)
        here.state.put("user", user)
    return success("User has been invited to the account", user, status=201)


@users.get("/v1/users/<key>")
def get_user(key: str) -> Response:
    return success("User has been retrieved", user_or_404(world(), key))


@users.patch("/v1/users/<key>")
def update_user(key: str) -> Response:
    here, wish = world(), answers.body()
    with here.state.changing():
        user = user_or_404(here, key)
        changed = {name: text(wish, name) for name in _CHANGEABLE if wish.get(name) is not None}
        user = here.state.put("user", {**user, **changed})
    return success("User has been updated", user)


@users.delete("/v1/users/<key>")
def delete_user(key: str) -> Response:
    here = world()
    with here.state.changing():
        if user_or_404(here, key)["id"] == OWNER:
            raise ApiError(403, "Forbidden", "The owner of this API key can't be deleted")
        here.state.drop("user", key)
        for membership in here.state.find("membership", {"user_id": key}):
            here.state.drop("membership", membership["id"])
    return success(f"User with id '{key}' has been deleted")


@users.delete("/v1/users/<key>/role")
def delete_role(key: str) -> Response:
    here = world()
    with here.state.changing():
        here.state.put("user", {**user_or_404(here, key), "role": ""})
    return success("User role in account has been deleted")


@users.get("/v1/roles")
def list_roles() -> Response:
    return page([_role(*row) for row in _ROLES], "Roles list retrieved successfully")


def all_users(here: World) -> list[Doc]:
    """The owner of the key first, then those who were invited."""
    invited = here.state.find("user")
    return invited if any(user["id"] == OWNER for user in invited) else [_owner(here), *invited]


def user_or_404(here: World, key: str) -> Doc:
    found = next((user for user in all_users(here) if user["id"] == key), None)
    if found is None:
        raise missing("User", key)
    return found


def active_ones(found: list[Doc]) -> list[Doc]:
    wanted = request.args.get("active")
    return found if wanted is None else [user for user in found if user["active"] == (wanted == "true")]


def new_user(here: World, wish: Doc) -> Doc:
    email = text(wish, "email")
    if "@" not in email:
        raise invalid("Field 'email' must be an e-mail address")
    if any(user["email"].lower() == email.lower() for user in all_users(here)):
        raise invalid(f"User with email '{email}' already exists")
    names = {name: text(wish, name) for name in _CHANGEABLE if wish.get(name) is not None}
    states = {"verified": False, "invited": True, "active": True, "logged_in_at": None}
    return {"id": here.new_id("user"), "email": email, "role": "", **names, **states, "created_at": stamp(here.now())}


def _owner(here: World) -> Doc:
    return {
        "id": OWNER,
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


def _role(name: str, scope: str, replacement: str | None) -> Doc:
    return {
        "name": name,
        "description": f"{name} role",
        "scope": [scope],
        "is_custom": False,
        "is_deprecated": replacement is not None,
        "replacement_role_name": replacement,
    }
