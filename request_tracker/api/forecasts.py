"""When the next phases of a case will likely begin, over the API."""

from typing import Any

from flask import Response, jsonify

from request_tracker.access import wiring
from request_tracker.api import api, shapes
from request_tracker.rules.forecast_words import NO_PROMISE
from request_tracker.store import cases, reading_case
from request_tracker.store.reading_forecast import Dated, Outlook, outlook


@api.get("/cases/<number>/forecast")
def read_forecast(number: str) -> Response:
    """Of the case, or of the one it was merged into. `as_of` null and no phases: nothing is known."""
    with wiring.reading() as session:
        case = reading_case.case_for(session, number, wiring.viewer())
        view = reading_case.view(session, cases.root_of(session, case), wiring.act())
        found = outlook(session, view, wiring.now())
    return jsonify({"case": view.root, "phase": view.phase, "note": NO_PROMISE, **_shape(found)})


def _shape(found: Outlook | None) -> dict[str, Any]:
    if found is None:
        return {"as_of": None, "phases": []}
    return {"as_of": shapes.instant(found.as_of), "phases": [_phase(each) for each in found.phases]}


def _phase(each: Dated) -> dict[str, Any]:
    """`early` and `late`: 10 and 90 of 100 cases that get there do so by then; null: later than `later_than`."""
    known = each.expected
    staff = {"chance": round(known.chance, 3)} if wiring.viewer().is_staff and known.is_known else {}
    return {
        "phase": known.phase,
        "cases": known.n,
        "enough": known.is_known,
        "early": shapes.instant(each.early_at),
        "median": shapes.instant(each.middle_at),
        "late": shapes.instant(each.late_at),
        "later_than": shapes.instant(each.farthest_at) if known.is_known and each.late_at is None else None,
        **staff,
    }
