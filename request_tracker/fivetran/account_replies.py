"""What Fivetran answers about an account, its groups, destinations, people, catalogue, webhooks and packages."""

from dataclasses import dataclass
from datetime import datetime

from request_tracker.fivetran.fields import Json, instant, maybe, number, text, texts


@dataclass(frozen=True)
class Account:
    id: str
    name: str
    user_id: str | None
    system_key_id: str | None

    @classmethod
    def of(cls, data: Json) -> "Account":
        return cls(
            text(data, "account_id"),
            text(data, "account_name"),
            maybe(data, "user_id"),
            maybe(data, "system_key_id"),
        )


@dataclass(frozen=True)
class Group:
    id: str
    name: str
    created_at: datetime | None

    @classmethod
    def of(cls, data: Json) -> "Group":
        return cls(text(data, "id"), text(data, "name"), instant(data, "created_at"))


@dataclass(frozen=True)
class Destination:
    """A warehouse; its id is its group's. `setup_status` incomplete, connected or broken. Its config is not kept."""

    id: str
    group_id: str
    service: str
    region: str
    time_zone_offset: str
    setup_status: str

    @property
    def is_connected(self) -> bool:
        return self.setup_status == "connected"

    @classmethod
    def of(cls, data: Json) -> "Destination":
        return cls(
            text(data, "id"),
            text(data, "group_id"),
            text(data, "service"),
            text(data, "region"),
            text(data, "time_zone_offset"),
            text(data, "setup_status").lower(),
        )


@dataclass(frozen=True)
class User:
    """A person of the account; in a group's list `role` is the role there."""

    id: str
    email: str
    role: str
    active: bool

    @classmethod
    def of(cls, data: Json) -> "User":
        return cls(text(data, "id"), text(data, "email"), text(data, "role"), bool(data.get("active")))


@dataclass(frozen=True)
class Role:
    """`scope` holds ACCOUNT, DESTINATION, CONNECTOR, TEAM; a deprecated role names the one that replaces it."""

    name: str
    scope: tuple[str, ...]
    is_custom: bool
    is_deprecated: bool
    replacement_role_name: str | None
    description: str = ""

    @classmethod
    def of(cls, data: Json) -> "Role":
        return cls(
            text(data, "name"),
            texts(data, "scope"),
            bool(data.get("is_custom")),
            bool(data.get("is_deprecated")),
            maybe(data, "replacement_role_name"),
            text(data, "description"),
        )


@dataclass(frozen=True)
class ConnectorType:
    """A catalogue entry. `connector_class` standard or lite; `service_status` development, private_preview, beta,
    general_availability or sunset."""

    id: str
    name: str
    type: str
    description: str
    connector_class: str
    service_status: str
    service_status_updated_at: str | None
    link_to_docs: str | None

    @classmethod
    def of(cls, data: Json) -> "ConnectorType":
        return cls(
            id=text(data, "id"),
            name=text(data, "name"),
            type=text(data, "type"),
            description=text(data, "description"),
            connector_class=text(data, "connector_class").lower(),
            service_status=text(data, "service_status").lower(),
            service_status_updated_at=maybe(data, "service_status_updated_at"),
            link_to_docs=maybe(data, "link_to_docs"),
        )


@dataclass(frozen=True)
class Webhook:
    """A subscription; its secret always comes back masked and is not kept here."""

    id: str
    type: str
    group_id: str | None
    url: str
    events: tuple[str, ...]
    active: bool
    created_at: datetime | None

    @classmethod
    def of(cls, data: Json) -> "Webhook":
        return cls(
            id=text(data, "id"),
            type=text(data, "type"),
            group_id=maybe(data, "group_id"),
            url=text(data, "url"),
            events=texts(data, "events"),
            active=bool(data.get("active")),
            created_at=instant(data, "created_at"),
        )


@dataclass(frozen=True)
class WebhookTest:
    """What the receiver said to a test delivery."""

    succeeded: bool
    status: int | None
    message: str

    @classmethod
    def of(cls, data: Json) -> "WebhookTest":
        return cls(bool(data.get("succeed")), number(data, "status"), text(data, "message"))


@dataclass(frozen=True)
class Package:
    """A Connector SDK package; bound to at most one connection."""

    id: str
    connection_id: str | None
    sha256: str
    created_at: datetime | None
    updated_at: datetime | None

    @classmethod
    def of(cls, data: Json) -> "Package":
        return cls(
            text(data, "id"),
            maybe(data, "connection_id"),
            text(data, "file_sha256_hash"),
            instant(data, "created_at"),
            instant(data, "updated_at"),
        )
