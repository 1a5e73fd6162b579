"""Several cases merged into one at once: chosen, compared row by row, merged together or not at all."""

import re

from flask import flash, redirect, render_template, url_for
from flask import request as http
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from request_tracker.access import wiring
from request_tracker.actions import merge as actions
from request_tracker.actions.merge import NotAll
from request_tracker.actions.merge_preview import preview_all
from request_tracker.actions.versions import Stale
from request_tracker.rules.matching import Entry
from request_tracker.rules.phases import Blocker
from request_tracker.store import candidates, cases, merges, reading_case
from request_tracker.store.candidates import Suggestion
from request_tracker.store.cases import Case, NoSuchCase
from request_tracker.web.case_forms import Attempt, a_field, problem_of
from request_tracker.web.case_page import span
from request_tracker.web.case_writes import whole

MOST = 50
CHANGED = "Somebody changed this case meanwhile: compare again"


def many(number: str) -> ResponseReturnValue:
    """Choose the cases, or see what merging the chosen ones would do."""
    return _page(number, _asked(http.args.getlist("child"), http.args.get("numbers", "")))


def merge_many(number: str) -> ResponseReturnValue:
    pairs = [text.partition(":") for text in http.form.getlist("child")]
    try:
        with wiring.transaction() as session:
            rows = [(_case(session, child), int(at) if at.isdigit() else 0) for child, _, at in pairs[:MOST]]
            into = _case(session, number)
            made = actions.merge_all(session, rows, into, wiring.act(), into_version=whole("into_version"))
            root = cases.case_number(made[0].into_id) if made else into.number
    except NotAll as fault:
        return _page(number, [child for child, _, _ in pairs], {row.number: _words(row) for row in fault.rows}, 409)
    except (Stale, StaleDataError, IntegrityError):
        return _page(number, [child for child, _, _ in pairs], {number: CHANGED}, 409)
    window = span(wiring.settings().program.undo_for)
    flash(f"{len(made)} cases were merged into {root}. You can undo all of it for {window}.", "ok")
    return redirect(url_for("case.show", number=root, _anchor="duplicates"), 303)


def undo_lot(merge_id: int) -> ResponseReturnValue:
    with wiring.transaction() as session:
        taken_back = actions.unmerge_all(session, merges.by_id(session, merge_id), wiring.act())
        root = cases.case_number(taken_back[0].into_id)
    flash(f"{len(taken_back)} cases stand alone again, as they stood before. Nobody was told.", "ok")
    return redirect(url_for("case.show", number=root, _anchor="duplicates"), 303)


def _words(row: actions.RowFault) -> str:
    return CHANGED if row.stale else "; ".join(each.reason for each in row.blockers)


def _asked(ticked: list[str], typed: str) -> list[str]:
    """The numbers that were ticked or typed, each once, in order."""
    return list(dict.fromkeys(text.upper() for text in [*ticked, *re.split(r"[\s,;]+", typed)] if text))[:MOST]


def _page(
    number: str, chosen: list[str], faults: dict[str, str] | None = None, status: int = 200
) -> ResponseReturnValue:
    known: list[Case] = []
    unknown: list[str] = []
    with wiring.reading() as session:
        case = _case(session, number)
        root = cases.root_of(session, case)
        for each in chosen:
            try:
                known.append(_case(session, each))
            except NoSuchCase as fault:
                unknown.append(f"{fault}.")
        found = preview_all(session, known, root, wiring.act()) if known else None
        view = reading_case.view(session, root, wiring.act())
        suggestions = _suggestions(session, root)
    errors = tuple(("numbers", message) for message in unknown)
    blockers = tuple(Blocker("stale", f"{name}: {words}", "merges") for name, words in (faults or {}).items())
    attempt = Attempt("many", {"numbers": [_typed(chosen, suggestions)]}, errors, blockers)
    field = a_field(
        attempt, "many", "numbers", "Other cases", kind="area", required=False,
        hint="Numbers such as LITE-000045, one on each line or with commas between",
    )  # fmt: skip
    page = render_template(
        "merging/many.html",
        root=view,
        suggestions=suggestions,
        chosen=chosen,
        field=field,
        many=found,
        faults=faults or {},
        form=problem_of(attempt, {"numbers": field.id}),
    )
    return page, 422 if unknown and status == 200 else status


def _typed(chosen: list[str], suggestions: tuple[Suggestion, ...]) -> str:
    ticked = {item.number for item in suggestions}
    return "\n".join(each for each in chosen if each not in ticked)


def _suggestions(session: Session, root: Case) -> tuple[Suggestion, ...]:
    entry = Entry(root.service_name, root.service_url, root.api_docs_url)
    found = candidates.suggest(session, entry, wiring.knowledge(session), beside=root.id)
    return tuple(each for each in found if each.kind == "case" and each.outcome is None)


def _case(session: Session, number: str) -> Case:
    return reading_case.case_for(session, number, wiring.viewer())
