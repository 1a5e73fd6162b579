"""A case's tables over the API: what is brought, what was chosen, how often it syncs."""

from typing import Any

from flask import Response, jsonify
from sqlalchemy.orm import Session

from request_tracker.access import wiring
from request_tracker.actions import table_choices, timetable
from request_tracker.actions.table_choices import Chosen
from request_tracker.api import api, shapes
from request_tracker.api.keyed import keyed
from request_tracker.api.schemas import read_body
from request_tracker.rules.tables_wanted import Choice
from request_tracker.store import connections, reading_case, reading_tables
from request_tracker.store.cases import Case, NoSuchCase
from request_tracker.store.reading_tables import TableRow

Json = dict[str, Any]


@api.get("/cases/<number>/tables")
def read_tables(number: str) -> Response:
    with wiring.reading() as session:
        return jsonify(_shape(session, reading_case.case_for(session, number, wiring.viewer())))


@api.put("/cases/<number>/tables")
def put_tables(number: str) -> Response:
    """All tables that are wanted; what is not named is not wanted. Columns that are not named stay as they are."""
    body = read_body("Tables")
    with wiring.transaction() as session:
        case = reading_case.case_for(session, number, wiring.viewer(), lock=True)

        def done() -> Json:
            table_choices.choose(session, case, _chosen(session, case, body), wiring.act())
            return _shape(session, case)

        return keyed(session, done)


@api.put("/cases/<number>/schedule")
def put_schedule(number: str) -> Response:
    body = read_body("Schedule")
    with wiring.transaction() as session:
        case = reading_case.case_for(session, number, wiring.viewer(), lock=True)

        def done() -> Json:
            often, hour = body["sync_frequency"], body.get("daily_sync_time")
            timetable.choose(session, case, often, body.get("schedule_type", "auto"), hour, wiring.act())
            return _shape(session, case)

        return keyed(session, done)


def _chosen(session: Session, case: Case, body: Json) -> Chosen:
    """What is in the source and not named is decided too: it stays out."""
    named = [(each.get("schema", ""), each) for each in body["tables"]]
    wanted = {
        (schema, each["name"]): Choice(schema, each["name"], enabled=each.get("enabled", True))
        for schema, each in named
    }
    typed = {name.casefold() for schema, name in wanted if not schema}
    rest = {
        (row.schema, row.name): Choice(row.schema, row.name, enabled=False)
        for row in reading_tables.view(session, case).rows
        if (row.schema, row.name) not in wanted and row.name.casefold() not in typed
    }
    columns = [
        Choice(schema, each["name"], column["name"], column.get("enabled", True), column.get("hashed", False))
        for schema, each in named
        for column in each.get("columns", ())
    ]
    choices = (*wanted.values(), *rest.values(), *columns)
    return Chosen(choices, body.get("change_handling"), body.get("seen") or "", replaces=True)


def _shape(session: Session, case: Case) -> Json:
    found = reading_tables.for_viewer(session, case, wiring.viewer())
    if found is None:
        raise NoSuchCase(f"There is no case {case.number} whose tables you may read")
    row = connections.live(session, case.id)
    return {
        "tables": [_table(each) for each in found.rows],
        "change_handling": found.handling,
        "change_handling_words": found.handling_words,
        "state": {"ok": found.ok, "message": found.message, "since": shapes.instant(found.since)},
        "read_at": shapes.instant(found.seen_at),
        "chosen_at": shapes.instant(found.wanted_at),
        "applied_at": shapes.instant(found.applied_at),
        "seen": found.stamp,
        "schedule": timetable.schedule_of(row).fields | {"words": timetable.schedule_of(row).words} if row else None,
    }


def _table(row: TableRow) -> Json:
    return {
        "schema": row.schema, "name": row.name, "wanted": row.wanted, "synced": row.synced,
        "locked": row.locked or None, "hashed": list(row.hashed), "left_out": list(row.left_out),
    }  # fmt: skip
