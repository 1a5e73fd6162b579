"""Rows of the store as the JSON the API answers."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from request_tracker import links
from request_tracker.rules.people import Viewer
from request_tracker.rules.process import Option
from request_tracker.store.candidates import Suggestion
from request_tracker.store.case_rows import CaseView, ClockRow, ConnectionRow, RequestRow, TimelineRow
from request_tracker.store.reading_queue import QueueRow

Json = dict[str, Any]


def instant(value: datetime | None) -> str | None:
    """ISO 8601 in UTC with a Z."""
    return value.isoformat().replace("+00:00", "Z") if value else None


def case(view: CaseView, viewer: Viewer, base_url: str) -> Json:
    return {
        "number": view.number,
        "root": view.root,
        "service_name": view.service_name,
        "service_url": view.service_url,
        "api_docs_url": view.api_docs_url,
        "phase": view.phase,
        "outcome": view.outcome,
        "version": view.version,
        "assignee": view.assignee,
        "opened_at": instant(view.opened_at),
        "ended_at": instant(view.ended_at),
        "supporters": {"persons": view.persons, "accounts": view.accounts},
        "clocks": [clock(row) for row in view.clocks],
        "holds": [_dated(asdict(row)) for row in view.holds],
        "evidence": {row.key: _evidence(row) for row in view.evidence},
        "requests": [row.number for row in view.requests],
        "primary": view.primary,
        "connection": connection(view.connection, view, base_url),
        "assessment": _assessment(view) if viewer.is_staff else None,
        "merged": [{"id": row.id, "child": row.child} for row in view.merged],
        "moves": [_move(option) for option in view.options],
    }


def clock(row: ClockRow) -> Json:
    return {
        "name": row.name,
        "cycle": row.cycle,
        "state": row.state,
        "started_at": instant(row.started_at),
        "due_at": instant(row.due_at),
        "elapsed_s": row.elapsed_s,
        "target_s": row.target_s,
        "verdict": row.verdict,
        "breached_at": instant(row.breached_at),
    }


def connection(row: ConnectionRow | None, view: CaseView, base_url: str) -> Json | None:
    if row is None:
        return None
    return {
        "state": row.state,
        "connection_id": row.connection_id,
        "group_id": row.group_id,
        "schema": row.schema,
        "service": row.service,
        "conditions": [_dated(asdict(each)) for each in row.conditions],
        "connect_url": links.connect(base_url, view.number) if row.may_grant else None,
    }


def queue_row(row: QueueRow) -> Json:
    return {
        "number": row.number,
        "service_name": row.service_name,
        "phase": row.phase,
        "outcome": row.outcome,
        "version": row.version,
        "assignee": row.assignee,
        "hold": row.held,
        "due": row.due,
        "due_at": instant(row.due_at),
        "opened_at": instant(row.opened_at),
        "touched_at": instant(row.touched_at),
    }


def request(row: RequestRow, view: CaseView) -> Json:
    promise = view.promise
    return {
        **{name: value for name, value in _dated(asdict(row)).items() if name not in ("account_id", "documents")},
        "documents": [_dated(asdict(each)) for each in row.documents],
        "case": view.root,
        "phase": view.phase,
        "outcome": view.outcome,
        "promised_at": instant(promise.due_at) if promise else None,
        "supporters": {"persons": view.persons, "accounts": view.accounts},
    }


def suggestion(row: Suggestion) -> Json:
    shared = {
        "service_name": row.service_name,
        "phase": row.phase,
        "outcome": row.outcome,
        "score": round(row.score, 4),
        "decision": row.decision,
        "reasons": list(row.reasons),
    }
    if row.kind == "case":
        return {"case": row.number, "accounts": row.accounts, **shared}
    return {"catalogue": row.number, "docs_url": row.docs_url, **shared}


def timeline(row: TimelineRow) -> Json:
    return {
        "id": row.id,
        "at": instant(row.at),
        "who": row.who,
        "kind": row.kind,
        "sentence": row.sentence,
        "words": dict(row.words),
        "internal": row.internal,
    }


def _move(option: Option) -> Json:
    return {
        "name": option.move.name,
        "to": option.move.to,
        "allowed": option.allowed,
        "blockers": [{"key": b.key, "reason": b.reason, "fix": b.fix} for b in option.blockers],
        "fields": [
            {"name": field.name, "label": field.label, "kind": field.kind, "required": field.required}
            for field in option.move.fields
        ],
    }


def _evidence(row: Any) -> Json:
    return {
        "value": row.value, "who": row.who, "at": instant(row.at), "source": row.source, "note": row.note,
        "link": row.link,
    }  # fmt: skip


def _assessment(view: CaseView) -> Json:
    return {
        row.criterion: {"measured": row.measured, "figure": row.figure, "verdict": row.verdict, "note": row.note}
        for row in view.assessment
    }


def _dated(row: Json) -> Json:
    return {name: instant(value) if isinstance(value, datetime) else value for name, value in row.items()}
