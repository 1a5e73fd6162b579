"""Acts on the ticked cases of the queue: what it would be, carried out by the worker, watched, stopped, taken back."""

from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, url_for
from flask import request as http
from flask.typing import ResponseReturnValue

from request_tracker.access import wiring
from request_tracker.actions import bulk as actions
from request_tracker.actions import bulk_acts
from request_tracker.actions.unfit import Unfit
from request_tracker.rules import bulk_words
from request_tracker.rules.terms import HoldReason
from request_tracker.store import bulk_runs
from request_tracker.store.bulk_runs import RunView
from request_tracker.web import bulk_forms
from request_tracker.web import queue_filters as filters
from request_tracker.web.case_forms import NOTHING, Attempt, problem_of
from request_tracker.web.case_moves import FIX_LABELS
from request_tracker.web.forms import not_taken, one_time_key, whole
from request_tracker.web.texts import counted, say

bulk = Blueprint("bulk", __name__)
ID = "<int(max=2147483647):run_id>"


@bulk.get("/queue/bulk")
def ask() -> ResponseReturnValue:
    """What would be done to the ticked cases, and the form it needs."""
    return _form(_kind(http.args.get("kind", "")), http.args.getlist("case"), http.args.get("view", ""))


@bulk.post("/queue/bulk")
def start() -> ResponseReturnValue:
    kind, values, view = _kind(http.form.get("kind", "")), http.form.getlist("case"), http.form.get("view", "")
    try:
        args = bulk_forms.typed(kind)
        with wiring.transaction() as session:
            picked = [bulk_forms.picked(each) for each in values]
            run = actions.start(session, kind, picked, args, wiring.act(), form_key=_key())
    except Unfit as fault:
        return _form(kind, values, view, not_taken("bulk", fault))
    return redirect(url_for("bulk.show", run_id=run.id, view=_query(view)), 303)


@bulk.get(f"/queue/bulk/{ID}")
def show(run_id: int) -> ResponseReturnValue:
    return render_template("queue/run.html", **_told(run_id))


@bulk.get(f"/queue/bulk/{ID}/progress")
def progress(run_id: int) -> ResponseReturnValue:
    """The part of the page that changes."""
    return render_template("queue/_progress.html", **_told(run_id))


@bulk.post(f"/queue/bulk/{ID}/stop")
def stop(run_id: int) -> ResponseReturnValue:
    with wiring.transaction() as session:
        done = actions.stop(session, run_id, wiring.act())
    flash(say("bulk_stopped" if done else "bulk_over"), "ok" if done else "problem")
    return redirect(url_for("bulk.show", run_id=run_id, view=_query(http.form.get("view", ""))), 303)


@bulk.post(f"/queue/bulk/{ID}/undo")
def undo(run_id: int) -> ResponseReturnValue:
    with wiring.transaction() as session:
        count = actions.ask_undo(session, run_id, wiring.act())
    told = counted(count, "bulk_undoing_one", "bulk_undoing_many") if count else say("bulk_lasts")
    flash(told, "ok" if count else "problem")
    return redirect(url_for("bulk.show", run_id=run_id, view=_query(http.form.get("view", ""))), 303)


def _form(kind: str, values: list[str], view: str, attempt: Attempt = NOTHING) -> ResponseReturnValue:
    with wiring.reading() as session:
        rows = bulk_forms.ticked(session, values)
        offered = bulk_forms.offered(session, kind)
        template = next((each for each in offered if each.id == whole(http.args.get("template", ""))), None)
        fields = bulk_forms.fields(session, kind, attempt, template)
    page = render_template(
        "queue/bulk.html",
        kind=kind,
        title=bulk_words.title(kind, len(rows)),
        effect=bulk_words.EFFECTS[kind],
        button=bulk_words.title(kind, len(rows)),
        rows=rows,
        fields=fields,
        offered=offered,
        template=template,
        view=_query(view),
        back=_back(view),
        most=actions.MOST,
        form_key=_key(),
        form=problem_of(attempt, {"cases": "ticked", **{each.name: each.id for each in fields}}),
    )
    return page, 422 if attempt.errors else 200


def _key() -> str:
    return one_time_key(http.form.get("form_key", ""))


def _told(run_id: int) -> dict[str, object]:
    with wiring.reading() as session:
        run = bulk_runs.view(session, run_id)
        undoing = actions.is_undoing(session, run_id)
    may = actions.may_steer(run.by_id, wiring.viewer())
    view = http.args.get("view", "")
    return {
        "run": run,
        "title": bulk_words.run_title(run.kind, run.total),
        "undoing": undoing,
        "may": may,
        "undoable": _undoable(run, wiring.now()) if may and not undoing else 0,
        "view": _query(view),
        "back": _back(view),
        "states": bulk_runs.STATES,
        "fix_labels": FIX_LABELS,
    }


def _undoable(run: RunView, now: datetime) -> int:
    """How many of what was done may still be taken back; asking each of them is left to the worker."""
    if run.ended_at is None or run.kind not in bulk_acts.UNDOES:
        return 0
    if run.kind == "hold" and HoldReason(run.args["reason"]).on_requester:
        return 0
    window = wiring.settings().program.undo_for
    done = [row for row in run.rows if row.state == "done" and row.at is not None]
    return sum(run.kind != "decline" or (row.at is not None and now < row.at + window) for row in done)


def _kind(word: str) -> str:
    if word not in bulk_acts.ACTS:
        raise Unfit("kind", say("bulk_unknown"))
    return word


def _query(view: str) -> str:
    """The view of the queue that they come from, as its address has it."""
    return filters.query_of(filters.kept_in(view))


def _back(view: str) -> str:
    return filters.address(filters.kept_in(view))
