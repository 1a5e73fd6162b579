"""What Fivetran answers, as frozen values. Unknown fields are ignored, missing ones have a safe reading."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Json = Mapping[str, Any]

# Fivetran adds this connection of its own to each destination; it is never ours.
_PLATFORM_USER = "_fivetran_system"


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
class Remark:
    """A task or a warning on a connection."""

    code: str
    message: str

    @classmethod
    def of(cls, data: Json) -> "Remark":
        return cls(text(data, "code"), text(data, "message"))


@dataclass(frozen=True)
class SetupTest:
    """`status` is PASSED, SKIPPED, WARNING, FAILED or JOB_FAILED; `details` is any JSON."""

    title: str
    status: str
    message: str
    details: Any = None

    @property
    def failed(self) -> bool:
        return self.status.upper() in {"FAILED", "JOB_FAILED"}

    @classmethod
    def of(cls, data: Json) -> "SetupTest":
        return cls(text(data, "title"), text(data, "status"), text(data, "message"), data.get("details"))


@dataclass(frozen=True)
class Card:
    """A Connect Card: `uri` is used verbatim, lives one day, and is as secret as `token`."""

    uri: str = field(repr=False)
    token: str = field(repr=False)

    @classmethod
    def of(cls, data: Json) -> "Card":
        card = mapping(data, "connect_card")
        return cls(text(card, "uri"), text(card, "token"))


@dataclass(frozen=True)
class Connection:
    """A connection as read. `setup_state` incomplete, connected, broken; `sync_state` scheduled, syncing, paused,
    rescheduled. `succeeded_at` and `failed_at` are the last good and bad sync."""

    id: str
    service: str
    schema: str
    group_id: str
    paused: bool
    setup_state: str
    sync_state: str
    update_state: str
    is_historical_sync: bool
    succeeded_at: datetime | None
    failed_at: datetime | None
    created_at: datetime | None
    tasks: tuple[Remark, ...] = ()
    warnings: tuple[Remark, ...] = ()
    setup_tests: tuple[SetupTest, ...] = ()
    sync_frequency: int | None = None
    schedule_type: str = ""
    daily_sync_time: str | None = None
    connected_by: str | None = None
    card: Card | None = None

    @property
    def is_connected(self) -> bool:
        return self.setup_state == "connected"

    @property
    def first_sync_done(self) -> bool:
        return self.succeeded_at is not None and not self.is_historical_sync

    @property
    def is_platform(self) -> bool:
        return self.connected_by == _PLATFORM_USER

    @classmethod
    def of(cls, data: Json) -> "Connection":
        status = mapping(data, "status")
        return cls(
            id=text(data, "id"),
            service=text(data, "service"),
            schema=text(data, "schema"),
            group_id=text(data, "group_id"),
            paused=bool(data.get("paused")),
            setup_state=text(status, "setup_state").lower(),
            sync_state=text(status, "sync_state").lower(),
            update_state=text(status, "update_state").lower(),
            is_historical_sync=bool(status.get("is_historical_sync")),
            succeeded_at=instant(data, "succeeded_at"),
            failed_at=instant(data, "failed_at"),
            created_at=instant(data, "created_at"),
            tasks=tuple(Remark.of(item) for item in mappings(status, "tasks")),
            warnings=tuple(Remark.of(item) for item in mappings(status, "warnings")),
            setup_tests=tuple(SetupTest.of(item) for item in mappings(data, "setup_tests")),
            sync_frequency=number(data, "sync_frequency"),
            schedule_type=text(data, "schedule_type"),
            daily_sync_time=maybe(data, "daily_sync_time"),
            connected_by=maybe(data, "connected_by"),
            card=Card.of(data) if mapping(data, "connect_card") else None,
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
        events = data.get("events")
        return cls(
            id=text(data, "id"),
            type=text(data, "type"),
            group_id=maybe(data, "group_id"),
            url=text(data, "url"),
            events=tuple(str(item) for item in events) if isinstance(events, list) else (),
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


def text(data: Json, name: str) -> str:
    value = data.get(name)
    return "" if value is None else str(value)


def maybe(data: Json, name: str) -> str | None:
    return text(data, name) or None


def number(data: Json, name: str) -> int | None:
    try:
        return int(data[name])
    except (KeyError, TypeError, ValueError):
        return None


def instant(data: Json, name: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text(data, name))
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def mapping(data: Json, name: str) -> Json:
    value = data.get(name)
    return value if isinstance(value, Mapping) else {}


def mappings(data: Json, name: str) -> list[Json]:
    value = data.get(name)
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
