"""What stands of private previews: the last sync, how many tables there are, and what people found in them."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from request_tracker.rules.completeness import Finding, enabled, tables_of
from request_tracker.store.connections import IS_LIVE, Connection
from request_tracker.store.reading_syncs import SIGNALS, WORDS
from request_tracker.store.schema_choices import SeenSchema
from request_tracker.store.sync_runs import SyncRun
from request_tracker.store.table_reviews import TableReview


@dataclass(frozen=True)
class Preview:
    """What Fivetran told of the connection, and what people found. `rows` None: Fivetran does not tell.

    `tables` None: nobody has read them yet. `gaps`: tables that go back to the build, with what is missing.
    """

    status: str
    signal: str
    at: datetime | None
    rows: int | None
    reason: str
    tables: int | None
    reviewed: int
    gaps: tuple[str, ...]
    later: int


def previews(session: Session, since: Mapping[int, datetime]) -> dict[int, Preview]:
    """By case, of those whose connection is live; `since`: when each case came into the preview."""
    found = session.execute(select(Connection.id, Connection.case_id).where(Connection.case_id.in_(since), *IS_LIVE))
    of_case = {row.case_id: row.id for row in found}
    syncs, tables = _syncs(session, of_case.values()), _tables(session, of_case.values())
    reviews = _reviews(session, of_case.values())
    return {
        case_id: _preview(syncs.get(row_id), tables.get(row_id), [
            each for each in reviews[row_id] if each.at >= since[case_id]
        ])
        for case_id, row_id in of_case.items()
    }  # fmt: skip


def _syncs(session: Session, row_ids: Collection[int]) -> dict[int, Any]:
    """The sync begun last of each connection."""
    at = func.coalesce(SyncRun.started_at, SyncRun.ended_at)
    place = func.row_number().over(partition_by=SyncRun.connection_row_id, order_by=(at.desc(), SyncRun.id.desc()))
    columns = (SyncRun.connection_row_id, SyncRun.status, SyncRun.rows, SyncRun.reason, at.label("at"))
    ranked = select(*columns, place.label("place")).where(
        SyncRun.connection_row_id.in_(row_ids), at.is_not(None)
    ).subquery()  # fmt: skip
    return {row.connection_row_id: row for row in session.execute(select(ranked).where(ranked.c.place == 1))}


def _tables(session: Session, row_ids: Collection[int]) -> dict[int, int]:
    found = select(SeenSchema.connection_row_id, SeenSchema.body).where(SeenSchema.connection_row_id.in_(row_ids))
    return {row_id: len(enabled(tables_of(body))) for row_id, body in session.execute(found)}


def _reviews(session: Session, row_ids: Collection[int]) -> dict[int, list[Any]]:
    columns = (TableReview.connection_row_id, TableReview.table_schema, TableReview.table_name)
    found = select(*columns, TableReview.verdict, TableReview.note, TableReview.at)
    rows: dict[int, list[Any]] = defaultdict(list)
    wanted = found.where(TableReview.connection_row_id.in_(row_ids)).order_by(*columns)
    for row in session.execute(wanted):
        rows[row.connection_row_id].append(row)
    return rows


def _preview(sync: Any, tables: int | None, reviews: Sequence[Any]) -> Preview:
    verdicts = Counter(row.verdict for row in reviews)
    gaps = (f"{row.table_name}: {row.note}" for row in reviews if row.verdict == Finding.GAP)
    return Preview(
        status=WORDS[sync.status] if sync else "",
        signal=SIGNALS.get(sync.status, "none") if sync else "none",
        at=sync.at if sync else None,
        rows=sync.rows if sync else None,
        reason=sync.reason if sync and sync.status in ("failed", "rescheduled", "cancelled") else "",
        tables=tables,
        reviewed=len(reviews),
        gaps=tuple(gaps),
        later=verdicts[Finding.LATER],
    )
