"""Connector SDK packages: uploaded archives, bound to at most one connection."""

import hashlib

from flask import Blueprint, Response, request

from request_tracker.emulator.answers import ApiError, invalid, missing, page, stamp, success
from request_tracker.emulator.package_docs import bound_to
from request_tracker.emulator.state import Doc
from request_tracker.emulator.world import World, world

packages = Blueprint("packages", __name__)

_PATH = "/v1/connector-sdk/packages"


@packages.get(_PATH)
def list_packages() -> Response:
    here = world()
    return page([_shown(here, one) for one in here.state.find("package")])


@packages.post(_PATH)
def create_package() -> Response:
    here, content = world(), _content()
    now = stamp(here.now())
    package = {"id": here.new_id("package"), "created_by": "plain_person", "created_at": now, **_taken(content, now)}
    here.state.put("package", package)
    return success("Connector SDK package has been created", _shown(here, package), status=201)


@packages.get(f"{_PATH}/<key>")
def get_package(key: str) -> Response:
    return success("Operation performed.", _shown(world(), _found(world(), key)))


@packages.patch(f"{_PATH}/<key>")
def update_package(key: str) -> Response:
    here = world()
    package = {**_found(here, key), **_taken(_content(), stamp(here.now()))}
    here.state.put("package", package)
    return success("Connector SDK package has been updated", _shown(here, package))


@packages.delete(f"{_PATH}/<key>")
def delete_package(key: str) -> Response:
    here = world()
    if bound_to(here, _found(here, key)["id"]):
        raise ApiError(403, "Forbidden", f"Package with id '{key}' is in use by a connection")
    here.state.drop("package", key)
    return success(f"Connector SDK package with id '{key}' has been deleted")


@packages.get(f"{_PATH}/<key>/download")
def download(key: str) -> Response:
    return Response(bytes.fromhex(_found(world(), key)["content"]), mimetype="application/zip")


@packages.get("/v1/connector-sdk/migration/connections")
def migration() -> Response:
    return page([])


def _content() -> bytes:
    part = request.files.get("file")
    content = part.read() if part else b""
    if not content.startswith(b"PK"):
        raise invalid("Part 'file' must be a ZIP archive")
    return content


def _taken(content: bytes, now: str) -> Doc:
    digest = hashlib.sha256(content).hexdigest()
    return {
        "last_updated_by": "plain_person",
        "updated_at": now,
        "file_sha256_hash": digest,
        "content": content.hex(),
    }


def _shown(here: World, package: Doc) -> Doc:
    seen = {name: package[name] for name in package if name != "content"}
    return {**seen, "connection_id": bound_to(here, package["id"])}


def _found(here: World, key: str) -> Doc:
    package = here.state.get("package", key)
    if package is None:
        raise missing("ConnectorSdkPackage", key)
    return package
