"""The account and its groups."""

import re

from flask import Blueprint, Response

from request_tracker.emulator import answers
from request_tracker.emulator.answers import ApiError, invalid, missing, page, required, stamp, success, text
from request_tracker.emulator.state import Doc
from request_tracker.emulator.world import World, world

accounts = Blueprint("accounts", __name__)

_GROUP_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


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
        if wish.get("name") != group["name"]:
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


@accounts.get("/v1/groups/<key>/public-key")
def public_key(key: str) -> Response:
    group_or_404(world(), key)
    return success("Success", {"public_key": f"ssh-rsa emulated {key}"})


@accounts.get("/v1/groups/<key>/service-account")
def service_account(key: str) -> Response:
    group_or_404(world(), key)
    return success("Success", {"service_account": f"g-{key.replace('_', '-')}@emulator.example"})


def group_or_404(here: World, key: str) -> Doc:
    group = here.state.get("group", key)
    if group is None:
        raise missing("Group", key)
    return group


def _name(here: World, wish: Doc) -> str:
    required(wish, "name")
    name = text(wish, "name")
    if not _GROUP_NAME.fullmatch(name):
        raise invalid("Field 'name' may have letters, digits and underscores and must not start with a digit")
    if here.switches.duplicate_group_refused and here.state.find("group", {"name": name}):
        raise ApiError(*here.switches.duplicate_group, f"Group with name '{name}' already exists")
    return name
