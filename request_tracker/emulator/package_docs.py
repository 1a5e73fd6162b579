"""Which package of its own a connection runs: one package, one connection."""

from request_tracker.emulator.answers import invalid
from request_tracker.emulator.state import Doc
from request_tracker.emulator.world import World


def check_package(here: World, config: Doc, key: str | None = None) -> None:
    """400 when a connection's config names a package that is not there, or is bound to another one than `key`."""
    package_id = config.get("package_id")
    if package_id is None:
        return
    if here.state.get("package", str(package_id)) is None:
        raise invalid(f"Package with id '{package_id}' doesn't exist")
    if bound_to(here, str(package_id)) not in (None, key):
        raise invalid(f"Package with id '{package_id}' is bound to another connection")


def bound_to(here: World, package_id: str) -> str | None:
    """The id of the connection that runs this package."""
    bound = here.state.find("connection", {"config.package_id": package_id})
    return str(bound[0]["id"]) if bound else None
