"""What Fivetran answers about a connection, as frozen values. Unknown fields are ignored, missing ones read safely."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from request_tracker.fivetran.fields import Json, instant, mapping, mappings, maybe, number, text

# Fivetran adds this connection of its own to each destination; it is never ours.
_PLATFORM_USER = "_fivetran_system"
_WEB = re.compile(r"https?://[^\s/?#@\\]+([/?#][!-~]*)?")


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

    @property
    def leads_somewhere(self) -> bool:
        """Whether a browser may be sent there: a whole address of the web, and nothing that could end a header."""
        return bool(_WEB.fullmatch(self.uri))

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
    schema_status: str = ""
    rescheduled_for: datetime | None = None
    config: Json = field(default_factory=dict, repr=False, compare=False)
    """As Fivetran shows it: what is secret comes back as asterisks."""

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
            schema_status=text(status, "schema_status").lower(),
            rescheduled_for=instant(status, "rescheduled_for"),
            config=mapping(data, "config"),
        )


@dataclass(frozen=True)
class TableRows:
    """How many rows of a table a sync has written."""

    schema: str
    table: str
    rows: int

    @classmethod
    def listed(cls, stage: Json) -> "tuple[TableRows, ...]":
        """Those of a stage that names its tables with a number beside each."""
        told = mappings(stage, "tables")
        found = ((text(item, "schema"), text(item, "table"), number(item, "rows")) for item in told)
        return tuple(cls(schema, table, rows) for schema, table, rows in found if table and rows is not None)


@dataclass(frozen=True)
class SyncRecord:
    """A sync of the past. `status` COMPLETED, FAILURE, CANCELED, INCOMPLETE, RESCHEDULED or PAUSED."""

    sync_id: str
    started_at: datetime | None
    ended_at: datetime | None
    status: str
    reason: str
    rows: tuple[TableRows, ...] = ()
    """Empty where the history does not tell: the shape of its stages is documented nowhere."""

    @classmethod
    def of(cls, data: Json) -> "SyncRecord":
        return cls(
            text(data, "sync_id"),
            instant(data, "start"),
            instant(data, "end"),
            text(data, "status").upper(),
            text(data, "reason"),
            tuple(row for stage in mappings(data, "stages") for row in TableRows.listed(stage)),
        )
