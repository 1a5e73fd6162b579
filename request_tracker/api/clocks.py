"""Clocks over the API: every event and the arithmetic; changes of running ones, looked at and decided by leads."""

from datetime import timedelta
from typing import Any

from flask import Response, jsonify
from flask import request as http
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound

from request_tracker.access import wiring
from request_tracker.actions import recount
from request_tracker.actions.recount import Wish
from request_tracker.actions.recount_preview import Effect, preview
from request_tracker.actions.unfit import Unfit
from request_tracker.api import api, shapes
from request_tracker.api.keyed import keyed
from request_tracker.api.schemas import read_body
from request_tracker.rules.clock_words import Segment, explain, segments, summed
from request_tracker.rules.sla import ClockEvent, EventKind, fold
from request_tracker.store import clocks, reading_case, reading_clocks
from request_tracker.store.case_rows import TimelineRow
from request_tracker.store.clocks import Clock
from request_tracker.store.reading_clocks import ChangeRow

LISTED = 100
Json = dict[str, Any]


@api.get("/cases/<number>/clocks")
def read_clocks(number: str) -> Response:
    with wiring.reading() as session:
        case = reading_case.case_for(session, number, wiring.viewer())
        view = reading_case.view(session, case, wiring.act())
        by_key = {(row.name, row.cycle): row for row in view.clocks}
        kept = [
            row for row in clocks.of_case(session, case.id) if row.state != "void" and (row.name, row.cycle) in by_key
        ]
        rows = [
            {**shapes.clock(by_key[row.name, row.cycle]), **_explained(session, row, full=view.full)} for row in kept
        ]
    return jsonify({"clocks": rows})


@api.get("/clock-changes/preview")
def preview_change() -> Response:
    """What a change would do now; the query is the body of the change without its reason."""
    with wiring.reading() as session:
        seen = preview(session, _wish({**http.args.to_dict()}), wiring.act())
    counts = {
        name: getattr(seen, name) for name in ("same", "breaks", "endangers", "later", "earlier", "paused", "broken")
    }
    items = [_effect(row) for row in seen.effects[:LISTED]]
    rest = {"other_days": seen.other_days, "under_way": seen.under_way, "seen": seen.stamp}
    return jsonify({"clocks": len(seen.effects), **counts, **rest, "items": items})


@api.post("/clock-changes")
def create_change() -> Response:
    body = read_body("ClockChange")
    with wiring.transaction() as session:

        def done() -> Json:
            made = recount.decide(session, _wish(body), wiring.act(), reason=body["reason"], seen=body.get("seen"))
            return _change(reading_clocks.changes(session, change_id=made.id)[0])

        return keyed(session, done, status=201)


@api.get("/clock-changes/<int(max=2147483647):change_id>")
def read_change(change_id: int) -> Response:
    with wiring.reading() as session:
        rows = reading_clocks.changes(session, change_id=change_id)
    if not rows:
        raise NotFound("There is no such change of promises")
    return jsonify(_change(rows[0]))


def _explained(session: Session, row: Clock, *, full: bool) -> Json:
    viewer, now = wiring.viewer(), wiring.now()
    events = reading_clocks.readable(session, row, viewer, now, full=full)
    causes = reading_clocks.causes(session, row.id, viewer)
    state = fold(events, as_of=now)
    return {
        "id": row.id,
        "as_of": shapes.instant(now),
        "elapsed_s": state.elapsed / timedelta(seconds=1),
        "verdict": state.verdict,
        "breached_at": shapes.instant(state.breached_at),
        "calendar": state.calendar.to_json() if state.calendar else None,
        "events": [_event(event, causes.get(event.id)) for event in events],
        "segments": [_segment(each) for each in segments(events, as_of=now)],
        "arithmetic": [line.sentence for line in explain(events, as_of=now)],
        "sum": summed(events, as_of=now),
    }


def _event(event: ClockEvent, cause: TimelineRow | None) -> Json:
    return {
        "id": event.id,
        "kind": event.kind,
        "effective_at": shapes.instant(event.effective_at),
        "recorded_at": shapes.instant(event.recorded_at),
        "reason": event.reason,
        "voids": event.voids,
        "target_s": event.target.total_seconds() if event.target else None,
        "calendar": event.calendar.to_json() if event.calendar else None,
        "by": cause.who if cause else None,
        "cause": {"entry": cause.id, "kind": cause.kind, "sentence": cause.sentence} if cause else None,
    }


def _segment(each: Segment) -> Json:
    return {
        "kind": each.kind,
        "from": shapes.instant(each.start),
        "to": shapes.instant(each.end),
        "reasons": list(each.reasons),
        "working_s": each.worked / timedelta(seconds=1),
        "elapsed_s": each.elapsed / timedelta(seconds=1),
    }


def _wish(typed: Json) -> Wish:
    """A body or a query as what a lead wants. Raises Unfit."""
    try:
        return Wish(
            EventKind(typed["kind"]) if typed.get("kind") in ("retarget", "recalendar") else _no_kind(),
            clock_id=int(typed["clock_id"]) if typed.get("clock_id") else None,
            name=typed.get("name") or None,
            target_days=float(typed["target_days"]) if typed.get("target_days") else None,
            calendar_id=int(typed["calendar_id"]) if typed.get("calendar_id") else None,
        )
    except ValueError as fault:
        raise Unfit("kind", "clock_id, target_days and calendar_id are numbers") from fault


def _no_kind() -> EventKind:
    raise Unfit("kind", "Choose retarget or recalendar")


def _effect(row: Effect) -> Json:
    return {
        "clock_id": row.clock.id,
        "case": row.clock.number,
        "name": row.clock.name,
        "cycle": row.clock.cycle,
        "due_before": shapes.instant(row.before.due_at),
        "due_after": shapes.instant(row.after.due_at),
        "breaks": row.breaks,
        "endangers": row.endangers,
    }


def _change(row: ChangeRow) -> Json:
    return {
        "id": row.id, "kind": row.kind, "clock_id": row.clock_id, "name": row.name, "calendar_id": row.calendar_id,
        "target_days": row.target_days, "reason": row.reason, "by": row.by, "at": shapes.instant(row.at),
        "applied": row.applied, "skipped": row.skipped, "of": row.of, "done_at": shapes.instant(row.done_at),
    }  # fmt: skip
