"""Syncs and tables of a case's connection as its viewer may see them: staff and the account whose connection it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from request_tracker.rules.completeness import SeenTable, enabled, tables_of
from request_tracker.rules.people import Viewer
from request_tracker.store import connections, requests, schema_choices, sync_runs
from request_tracker.store.cases import Case
from request_tracker.store.connections import Connection
from request_tracker.store.sync_runs import SyncRun

WORDS = {
    "running": "Running", "successful": "Finished", "failed": "Failed", "cancelled": "Cancelled",
    "rescheduled": "Waits for the service", "late": "Running, late",
}  # fmt: skip
SIGNALS = {"successful": "ok", "failed": "overdue", "late": "at_risk", "rescheduled": "waiting"}
SHOWN = 10


@dataclass(frozen=True)
class SyncRow:
    """`rows` None: Fivetran does not tell. `signal` is one of parts/tag.html's."""

    id: str
    status: str
    started_at: datetime | None
    ended_at: datetime | None
    rows: int | None
    reason: str
    is_first: bool

    @property
    def words(self) -> str:
        return WORDS[self.status]

    @property
    def signal(self) -> str:
        return SIGNALS.get(self.status, "none")


@dataclass(frozen=True)
class TableRow:
    """`rows`: written by the last sync that told of the table; None: Fivetran does not tell."""

    table: SeenTable
    rows: int | None


@dataclass(frozen=True)
class Synced:
    """`seen_at`: when the tables were read; None: never."""

    syncs: tuple[SyncRow, ...]
    tables: tuple[TableRow, ...]
    seen_at: datetime | None

    @property
    def tells_rows(self) -> bool:
        return any(each.rows is not None for each in self.tables)


NOTHING = Synced((), (), None)


def synced(session: Session, case: Case, viewer: Viewer) -> Synced:
    """What Fivetran told of the live connection; NOTHING for another account than the primary's."""
    row = connections.live(session, case.id)
    if row is None or not may_read(session, case, row, viewer):
        return NOTHING
    runs = sync_runs.newest(session, row.id, limit=SHOWN)
    kept = schema_choices.kept_seen(session, row.id)
    counts = _counts(runs)
    shown = enabled(tables_of(kept.body)) if kept is not None else ()
    tables = tuple(TableRow(each, counts.get((each.schema, each.name))) for each in shown)
    return Synced(tuple(_sync(each) for each in runs), tables, kept.seen_at if kept is not None else None)


def may_read(session: Session, case: Case, row: Connection, viewer: Viewer) -> bool:
    """Staff, and people of the account that leads the case, as long as the connection is theirs."""
    if viewer.is_staff:
        return True
    primary = requests.primary_of(session, case)
    return primary is not None and primary.account_id == viewer.account_id == row.account_id


def _sync(run: SyncRun) -> SyncRow:
    reason = run.reason if run.status in ("failed", "rescheduled", "cancelled") else ""
    return SyncRow(
        run.sync_id if run.is_named else "",
        run.status,
        run.started_at,
        run.ended_at,
        run.rows,
        reason,
        run.awaited,
    )


def _counts(runs: Sequence[SyncRun]) -> dict[tuple[str, str], int]:
    """Rows by table, from the newest sync that tells of it."""
    found: dict[tuple[str, str], int] = {}
    for run in reversed(runs):
        found |= {_place(each): int(each["rows"]) for each in run.tables}
    return found


def _place(told: Mapping[str, Any]) -> tuple[str, str]:
    return str(told.get("schema", "")), str(told["table"])
