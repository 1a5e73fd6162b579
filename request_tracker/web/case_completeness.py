"""The completeness review of a case: a checklist of its tables, filled in and recorded."""

import re
from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, url_for
from flask import request as http
from flask.typing import ResponseReturnValue

from request_tracker.access import policy, wiring
from request_tracker.actions import completeness as actions
from request_tracker.actions.completeness import Found
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.completeness import FINDING_WORDS, Checklist, Item, told
from request_tracker.rules.process import Refused
from request_tracker.rules.terms import Phase
from request_tracker.store import reading_case, reading_completeness, reading_syncs
from request_tracker.store.case_rows import CaseView
from request_tracker.store.reading_completeness import KEY
from request_tracker.store.reading_syncs import Synced
from request_tracker.web.case_forms import NOTHING, Attempt, FormField, a_field, problem_of
from request_tracker.web.texts import say

completeness = Blueprint("completeness", __name__)
FORM = "review"
VERDICTS = (("", "Not reviewed"), *((str(each), words) for each, words in FINDING_WORDS.items()))
_PLACE = re.compile(r"table-(0|[1-9]\d{0,5})", re.ASCII)


@dataclass(frozen=True)
class RowShown:
    """A table of the checklist with its fields; `place` numbers it within the form."""

    place: int
    item: Item
    verdict: FormField
    note: FormField
    rows: int | None


@completeness.get("/cases/<number>/completeness")
def show(number: str) -> ResponseReturnValue:
    return _page(number)


@completeness.post("/cases/<number>/completeness")
def save(number: str) -> ResponseReturnValue:
    places, found = _typed()
    try:
        with wiring.transaction() as session:
            case = reading_case.case_for(session, number, wiring.viewer(), lock=True)
            entry = actions.decide(session, case, found, wiring.act())
    except Unfit as fault:
        return _page(number, _attempt(fault, places), 422)
    except Refused as fault:
        return _page(number, Attempt(FORM, {}, (), fault.blockers), 409)
    flash(say("saved") if entry is not None else say("noted_so_already"), "ok")
    return _back(number)


@completeness.post("/cases/<number>/completeness/record")
def record(number: str) -> ResponseReturnValue:
    try:
        with wiring.transaction() as session:
            case = reading_case.case_for(session, number, wiring.viewer(), lock=True)
            actions.conclude(session, case, wiring.act())
    except Unfit as fault:
        return _page(number, Attempt(FORM, {}, ((fault.field, fault.message),)), 422)
    except Refused as fault:
        return _page(number, Attempt(FORM, {}, (), fault.blockers), 409)
    flash(say("review_recorded"), "ok")
    return redirect(url_for("case.show", number=number, _anchor="preview"), 303)


@completeness.post("/cases/<number>/completeness/read")
def read_tables(number: str) -> ResponseReturnValue:
    try:
        with wiring.transaction() as session:
            case = reading_case.case_for(session, number, wiring.viewer(), lock=True)
            actions.read_tables(session, case, wiring.act())
    except Unfit as fault:
        return _page(number, Attempt(FORM, {}, ((fault.field, fault.message),)), 422)
    except Refused as fault:
        return _page(number, Attempt(FORM, {}, (), fault.blockers), 409)
    flash(say("tables_asked_for"), "ok")
    return _back(number)


def _page(number: str, attempt: Attempt = NOTHING, status: int = 200) -> ResponseReturnValue:
    with wiring.reading() as session:
        case = reading_case.case_for(session, number, wiring.viewer())
        view = reading_case.view(session, case, wiring.act())
        state = reading_completeness.checklist(session, case)
        synced = reading_syncs.synced(session, case, wiring.viewer())
    rows = _rows(state, synced, attempt)
    fields = [field for row in rows for field in (row.verdict, row.note)]
    anchors = {"tables": "tables"} | {each.name: each.id for each in fields}
    shown = render_template(
        "completeness/show.html",
        case=view,
        state=state,
        rows=rows,
        gaps=told(state.gaps),
        later=told(state.later),
        recorded=next((each for each in view.evidence if each.key == KEY), None),
        seen_at=synced.seen_at,
        may=_may(view),
        form=problem_of(attempt, anchors),
    )
    return shown, status


def _may(view: CaseView) -> frozenset[str]:
    """What the viewer may do here: save, record, read_tables."""
    if view.outcome is not None or view.is_merged:
        return frozenset()
    wanted = {"save", "record"} if view.phase is Phase.PRIVATE_PREVIEW else set()
    names = wanted | ({"read_tables"} if view.connection is not None and view.connection.connection_id else set())
    return frozenset(each for each in names if policy.may(f"completeness.{each}", wiring.viewer().role))


def _rows(state: Checklist, synced: Synced, attempt: Attempt) -> tuple[RowShown, ...]:
    counts = {each.table: each.rows for each in synced.tables}
    return tuple(_row(place, each, attempt, counts.get(each.table)) for place, each in enumerate(state.items))


def _row(place: int, item: Item, attempt: Attempt, rows: int | None) -> RowShown:
    about = f" of {item.table.label}"
    verdict = a_field(
        attempt, FORM, f"verdict-{place}", f"Verdict{about}", kind="select", choices=VERDICTS, data=item.verdict,
        required=False,
    )  # fmt: skip
    note = a_field(attempt, FORM, f"note-{place}", f"Note{about}", data=item.note, required=False)
    return RowShown(place, item, verdict, note, rows)


def _typed() -> tuple[list[int], list[Found]]:
    """The tables for which a verdict was chosen, and their places in the form."""
    places = sorted(int(name[6:]) for name in http.form if _PLACE.fullmatch(name))
    chosen = [place for place in places if http.form.get(f"verdict-{place}")]
    found = [
        Found(
            http.form.get(f"schema-{place}", ""),
            http.form[f"table-{place}"],
            http.form[f"verdict-{place}"],
            http.form.get(f"note-{place}", ""),
        )
        for place in chosen
    ]
    return chosen, found


def _attempt(fault: Unfit, places: list[int]) -> Attempt:
    """What was typed, with the error at the field it is about: `tables.<nth chosen>.<name>`."""
    parts = fault.field.split(".")
    field = f"{parts[2]}-{places[int(parts[1])]}" if len(parts) == 3 else "tables"
    return Attempt(FORM, http.form.to_dict(flat=False), ((field, fault.message),))


def _back(number: str) -> ResponseReturnValue:
    return redirect(url_for("completeness.show", number=number), 303)
