"""Trial syncs over the API: against the document's examples alone; a key is typed on the page. For staff."""

from typing import Any

from flask import Response, jsonify

from request_tracker.access import wiring
from request_tracker.actions import trials as actions
from request_tracker.api import api, shapes
from request_tracker.api.keyed import keyed
from request_tracker.api.schemas import read_body
from request_tracker.apidocs import trial
from request_tracker.store import reading_case, reading_trials
from request_tracker.store.reading_trials import TrialRow, TrialView, TriedRow

Json = dict[str, Any]


@api.post("/cases/<number>/trials")
def start_trial(number: str) -> Response:
    """202: the worker runs it."""
    reset = bool(read_body("Trial").get("reset"))
    home = trial.home(wiring.settings().trial_env)
    with wiring.transaction() as session:
        case = reading_case.case_for(session, number, wiring.viewer(), lock=True)

        def work() -> Json:
            run = actions.start(session, case, wiring.act(), home=home, reset=reset)
            return _run(reading_trials.row(session, case, run.id, wiring.viewer()))

        return keyed(session, work, status=202)


@api.get("/cases/<number>/trials")
def read_trials(number: str) -> Response:
    with wiring.reading() as session:
        case = reading_case.case_for(session, number, wiring.viewer())
        found = reading_trials.listed(session, case, wiring.viewer())
    return jsonify({"items": [_run(each) for each in found]})


@api.get("/cases/<number>/trials/<int(max=2147483647):run_id>")
def read_trial(number: str, run_id: int) -> Response:
    with wiring.reading() as session:
        case = reading_case.case_for(session, number, wiring.viewer())
        keep_for = wiring.settings().program.keep_samples_for
        found = reading_trials.view(session, case, run_id, wiring.viewer(), keep_for)
    return jsonify(_view(found))


def _run(row: TrialRow) -> Json:
    return {
        "id": row.id, "against": row.origin, "state": row.state, "step": row.step or None,
        "sentence": row.sentence or None, **row.counts, "goes_on_from": row.goes_on or None, "by": row.by,
        "created_at": shapes.instant(row.created_at), "finished_at": shapes.instant(row.finished_at),
        "deleted_at": shapes.instant(row.forgotten_at),
    }  # fmt: skip


def _view(found: TrialView) -> Json:
    return {
        **_run(found.row),
        "document": found.document,
        "tables": [_table(each) for each in found.tables],
        "warnings": list(found.warnings),
        "sample": dict(found.sample),
        "sample_until": shapes.instant(found.deleted_at),
    }


def _table(row: TriedRow) -> Json:
    return {
        "name": row.name, "rows": row.rows, "chosen": row.is_chosen, "key": list(row.key),
        "columns": [{"name": name, "type": kind} for name, kind in row.columns], **row.counts,
        "missing": row.missing or None, "warnings": list(row.warnings),
    }  # fmt: skip
