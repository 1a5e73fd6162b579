"""Syncs and the completeness review over the API: what Fivetran told, and what people found table by table."""

from typing import Any

from flask import Response, jsonify
from sqlalchemy.orm import Session

from request_tracker.access import wiring
from request_tracker.actions import completeness
from request_tracker.actions.completeness import Found
from request_tracker.api import api
from request_tracker.api.keyed import keyed
from request_tracker.api.schemas import read_body
from request_tracker.api.shapes import instant
from request_tracker.rules.completeness import Item, told
from request_tracker.store import evidence, reading_case, reading_completeness, reading_syncs
from request_tracker.store.cases import Case
from request_tracker.store.reading_completeness import KEY
from request_tracker.store.reading_syncs import SyncRow, TableRow

Json = dict[str, Any]


@api.get("/cases/<number>/syncs")
def read_syncs(number: str) -> Response:
    """The last syncs and the tables they bring; nothing for another account than the one whose connection it is."""
    with wiring.reading() as session:
        case = reading_case.case_for(session, number, wiring.viewer())
        found = reading_syncs.synced(session, case, wiring.viewer())
    return jsonify(
        {
            "items": [_sync(each) for each in found.syncs],
            "tables": [_table(each) for each in found.tables],
            "tables_at": instant(found.seen_at),
        }
    )


@api.get("/cases/<number>/completeness")
def read_completeness(number: str) -> Response:
    with wiring.reading() as session:
        return jsonify(_shape(session, reading_case.case_for(session, number, wiring.viewer())))


@api.put("/cases/<number>/completeness")
def put_completeness(number: str) -> Response:
    """What was found of some tables; `record`: the review is recorded as evidence, if it is complete."""
    body = read_body("Completeness")
    with wiring.transaction() as session:
        case = reading_case.case_for(session, number, wiring.viewer(), lock=True)

        def done() -> Json:
            found = (
                Found(each.get("schema") or "", each["table"], each["verdict"], each.get("note") or "")
                for each in body.get("tables") or ()
            )
            completeness.decide(session, case, found, wiring.act())
            if body.get("record"):
                completeness.conclude(session, case, wiring.act())
            return _shape(session, case)

        return keyed(session, done)


def _shape(session: Session, case: Case) -> Json:
    state = reading_completeness.checklist(session, case)
    return {
        "tables": [_item(each) for each in state.items],
        "reviewed": state.reviewed,
        "total": state.total,
        "new": list(state.new),
        "gaps": told(state.gaps),
        "later": told(state.later),
        "missing": state.missing or None,
        "recorded": KEY in evidence.standing(session, case.id),
    }


def _item(row: Item) -> Json:
    return {
        "schema": row.table.schema,
        "table": row.table.name,
        "verdict": row.verdict or None,
        "note": row.note,
        "who": row.who or None,
        "at": instant(row.at),
        "last_time": {"verdict": row.last_verdict, "note": row.last_note} if row.last_verdict else None,
    }


def _sync(row: SyncRow) -> Json:
    return {
        "sync_id": row.id or None,
        "status": row.status,
        "started_at": instant(row.started_at),
        "ended_at": instant(row.ended_at),
        "rows": row.rows,
        "reason": row.reason or None,
        "first": row.is_first,
    }


def _table(row: TableRow) -> Json:
    return {
        "schema": row.table.schema,
        "table": row.table.name,
        "rows": row.rows,
        "hashed_columns": list(row.table.hashed),
    }
