"""Calls about Connector SDK packages: the ZIP of a connector built by ourselves."""

from request_tracker.fivetran.account_replies import Package
from request_tracker.fivetran.calls import Calls, under
from request_tracker.fivetran.exchange import Ask

_PACKAGES = "/v1/connector-sdk/packages"


class PackageCalls(Calls):
    def packages(self) -> tuple[Package, ...]:
        return self._list(_PACKAGES, Package.of)

    def package(self, package_id: str) -> Package | None:
        """None when there is no such package (any more)."""
        return self._get(under(_PACKAGES, package_id), Package.of)

    def upload_package(self, archive: bytes) -> Package:
        """A new package from a ZIP; then create a connection with `config={"package_id": …}`."""
        return Package.of(self._wire.send(Ask("POST", _PACKAGES, "source", file=archive)))

    def replace_package(self, package_id: str, archive: bytes) -> Package:
        """The same package with other content. `Forbidden` unless it is our own."""
        return Package.of(self._wire.send(Ask("PATCH", under(_PACKAGES, package_id), "source", file=archive)))

    def delete_package(self, package_id: str) -> bool:
        """True when it was deleted by this call. `Forbidden` while a connection uses it."""
        return self._delete(under(_PACKAGES, package_id))
