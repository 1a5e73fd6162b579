"""The proposed tables of a case over the API, and which of them are needed. For staff."""

from typing import Any

from flask import Response, jsonify
from sqlalchemy.orm import Session

from request_tracker.access import wiring
from request_tracker.actions import choosing
from request_tracker.actions.choosing import Picked
from request_tracker.api import api, shapes
from request_tracker.api.keyed import keyed
from request_tracker.api.schemas import read_body
from request_tracker.rules.table_tree import Branch
from request_tracker.store import reading_case, reading_proposal
from request_tracker.store.cases import Case
from request_tracker.store.reading_proposal import Proposal

Json = dict[str, Any]


@api.get("/cases/<number>/proposal")
def read_proposal(number: str) -> Response:
    with wiring.reading() as session:
        return jsonify(_shape(session, reading_case.case_for(session, number, wiring.viewer())))


@api.put("/cases/<number>/proposal")
def put_proposal(number: str) -> Response:
    """Which of the named tables are needed; of the others nothing changes."""
    body = read_body("Proposal")
    with wiring.transaction() as session:
        case = reading_case.case_for(session, number, wiring.viewer(), lock=True)

        def done() -> Json:
            choosing.choose(session, case, Picked(body["tables"], body.get("seen") or ""), wiring.act())
            return _shape(session, case)

        return keyed(session, done)


def _shape(session: Session, case: Case) -> Json:
    found = reading_proposal.proposal(session, case)
    if found is None:
        return {"document": None, "tables": [], "chosen": 0, "gone": [], "seen": ""}
    return {
        "document": {
            "id": found.document_id, "title": found.title, "version": found.version, "kind": found.kind,
            "read_at": shapes.instant(found.read_at),
        },
        "tables": [_table(each, found) for each in found.branches],
        "chosen": len(found.chosen),
        "gone": list(found.gone),
        "seen": found.stamp,
    }  # fmt: skip


def _table(each: Branch, found: Proposal) -> Json:
    table = each.table
    return {
        "name": table.name, "wanted": found.decided.get(table.name), "walked": table.name in found.walked,
        "path": table.path, "data_path": table.data_path, "key": list(table.key), "depth": table.depth,
        "parents": list(each.walks), "paging": table.paging.style, "change": table.change.kind,
        "change_filter": table.change.filter or None, "change_field": table.change.field or None,
        "columns": [{"name": column.name, "type": column.kind} for column in table.columns],
        "configured": [one.param for one in table.configured],
        "constant_columns": dict(table.constant_columns), "deprecated": table.is_deprecated,
        "typed": table.is_typed, "alternatives": list(table.alternatives), "warnings": list(table.warnings),
        "pointers": list(table.pointers),
    }  # fmt: skip
