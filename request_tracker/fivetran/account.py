"""Calls about the account: who we are, groups, destinations, people and roles, the catalogue."""

from request_tracker.fivetran.account_replies import Account, ConnectorType, Destination, Group, Role, User
from request_tracker.fivetran.calls import Calls, under
from request_tracker.fivetran.exchange import Ask

_GROUPS = "/v1/groups"
_DESTINATIONS = "/v1/destinations"
_TYPES = "/v1/metadata/connector-types"


class AccountCalls(Calls):
    def account(self) -> Account:
        """Who the key belongs to: the cheapest check of credentials."""
        return Account.of(self._wire.send(Ask("GET", "/v1/account/info")))

    # Groups

    def groups(self) -> tuple[Group, ...]:
        return self._list(_GROUPS, Group.of)

    def group(self, group_id: str) -> Group | None:
        """None when there is no such group (any more)."""
        return self._get(under(_GROUPS, group_id), Group.of)

    def create_group(self, name: str) -> Group:
        """`name`: letters, digits and underscore, not starting with a digit. Names are not known to be unique."""
        return Group.of(self._wire.send(Ask("POST", _GROUPS, body={"name": name})))

    def delete_group(self, group_id: str) -> bool:
        """True when it was deleted by this call. Whether one with connections in it is refused is not documented."""
        return self._delete(under(_GROUPS, group_id))

    # Destinations: read, and made empty at most. Warehouse credentials are never ours.

    def destinations(self) -> tuple[Destination, ...]:
        ask = Ask("GET", _DESTINATIONS, params={"limit": 1000}, version_2=True)
        return tuple(Destination.of(item) for item in self._wire.pages(ask))

    def destination(self, destination_id: str) -> Destination | None:
        """None when the group has no destination. Its id is the group's."""
        return self._get(under(_DESTINATIONS, destination_id), Destination.of, version_2=True)

    def create_destination(
        self, *, group_id: str, service: str, region: str = "GCP_US_EAST4", time_zone_offset: str = "0"
    ) -> Destination:
        """An empty one, for a person to complete in Fivetran; no setup tests are run."""
        body = {
            "group_id": group_id,
            "service": service,
            "region": region,
            "time_zone_offset": time_zone_offset,
            "config": {},
            "run_setup_tests": False,
        }
        return Destination.of(self._wire.send(Ask("POST", _DESTINATIONS, body=body, version_2=True)))

    # People

    def users(self) -> tuple[User, ...]:
        """Everybody of the account, with the role in the account."""
        return self._list("/v1/users", User.of)

    def group_users(self, group_id: str) -> tuple[User, ...]:
        """Everybody of a group, with the role there."""
        return self._list(under(_GROUPS, group_id, "users"), User.of)

    def roles(self) -> tuple[Role, ...]:
        """Roles of the account; renamed ones name what replaces them."""
        return self._list("/v1/roles", Role.of)

    # Catalogue

    def connector_types(self) -> tuple[ConnectorType, ...]:
        return self._list(_TYPES, ConnectorType.of)

    def connector_type(self, service: str) -> ConnectorType | None:
        return self._get(under(_TYPES, service), ConnectorType.of)
