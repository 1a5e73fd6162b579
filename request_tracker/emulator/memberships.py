"""Who belongs where: the roles people have in groups and connections."""

from typing import Any

from flask import Blueprint, Response

from request_tracker.emulator import answers
from request_tracker.emulator.accounts import group_or_404
from request_tracker.emulator.answers import missing, page, required, stamp, success, text
from request_tracker.emulator.connections import connection_or_404
from request_tracker.emulator.state import Doc
from request_tracker.emulator.users import OWNER, active_ones, all_users, new_user, user_or_404
from request_tracker.emulator.world import World, world

memberships = Blueprint("memberships", __name__)

_OF_A_PERSON = "/v1/users/<key>/<any(groups, connections):kind>"


@memberships.get("/v1/groups/<key>/users")
def list_group_users(key: str) -> Response:
    here = world()
    group_or_404(here, key)
    members = {one["user_id"]: one for one in here.state.find("membership", {"kind": "groups", "of": key})}
    # Who has a role in the account sees every group, the owner of the key before all.
    found = [user for user in all_users(here) if user["id"] in members or user["id"] == OWNER]
    return page([{**user, "role": members.get(user["id"], user)["role"]} for user in active_ones(found)])


@memberships.post("/v1/groups/<key>/users")
def add_to_group(key: str) -> Response:
    here, wish = world(), answers.body()
    required(wish, "email", "role")
    with here.state.changing():
        group_or_404(here, key)
        email = text(wish, "email").lower()
        user = next((one for one in all_users(here) if one["email"].lower() == email), None)
        user = user or here.state.put("user", new_user(here, {**wish, "role": ""}))
        _join(here, user["id"], "groups", key, text(wish, "role"))
    return success("User has been added to the group")


@memberships.delete("/v1/groups/<key>/users/<user_id>")
def remove_from_group(key: str, user_id: str) -> Response:
    here = world()
    with here.state.changing():
        group_or_404(here, key)
        _leave(here, user_id, "groups", key)
    return success(f"User with id '{user_id}' has been removed from the group")


@memberships.get(_OF_A_PERSON)
def list_memberships(key: str, kind: str) -> Response:
    here = world()
    user_or_404(here, key)
    return page([_shown(one) for one in here.state.find("membership", {"user_id": key, "kind": kind})])


@memberships.post(_OF_A_PERSON)
def add_membership(key: str, kind: str) -> Response:
    here, wish = world(), answers.body()
    required(wish, "id", "role")
    of = text(wish, "id")
    with here.state.changing():
        user_or_404(here, key)
        _check_exists(here, kind, of)
        membership = _join(here, key, kind, of, text(wish, "role"))
    return success("User membership has been created", _shown(membership), status=201)


@memberships.get(f"{_OF_A_PERSON}/<of>")
def get_membership(key: str, kind: str, of: str) -> Response:
    return success("Operation performed.", _shown(_membership(world(), key, kind, of)))


@memberships.patch(f"{_OF_A_PERSON}/<of>")
def update_membership(key: str, kind: str, of: str) -> Response:
    here, wish = world(), answers.body()
    required(wish, "role")
    with here.state.changing():
        membership = {**_membership(here, key, kind, of), "role": text(wish, "role")}
        here.state.put("membership", membership)
    return success("User membership has been updated", _told(kind, membership))


@memberships.delete(f"{_OF_A_PERSON}/<of>")
def delete_membership(key: str, kind: str, of: str) -> Response:
    here = world()
    with here.state.changing():
        membership = _leave(here, key, kind, of)
    return success("User membership has been deleted", _told(kind, membership))


def _check_exists(here: World, kind: str, of: str) -> None:
    {"groups": group_or_404, "connections": connection_or_404}[kind](here, of)


def _join(here: World, user_id: str, kind: str, of: str, role: str) -> Doc:
    key = _membership_key(user_id, kind, of)
    who = {"id": key, "user_id": user_id, "kind": kind, "of": of}
    return here.state.put("membership", {**who, "role": role, "created_at": stamp(here.now())})


def _leave(here: World, user_id: str, kind: str, of: str) -> Doc:
    membership = _membership(here, user_id, kind, of)
    here.state.drop("membership", membership["id"])
    return membership


def _told(kind: str, membership: Doc) -> Doc | None:
    # The definition has a change of membership in a connection answered with it, one in a group not.
    return _shown(membership) if kind == "connections" else None


def _membership(here: World, user_id: str, kind: str, of: str) -> Doc:
    user_or_404(here, user_id)
    found = here.state.get("membership", _membership_key(user_id, kind, of))
    if found is None:
        raise missing("Membership", of)
    return found


def _membership_key(user_id: str, kind: str, of: str) -> str:
    return f"{user_id}/{kind}/{of}"


def _shown(membership: Doc) -> dict[str, Any]:
    return {"id": membership["of"], "role": membership["role"], "created_at": membership["created_at"]}
