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
from request_tracker.web import forms
from request_tracker.web.case_forms import Attempt, a_field, problem_of
from request_tracker.web.case_page import span
from request_tracker.web.case_writes import whole
from request_tracker.web.texts import say

MOST = 50
CHANGED = "Somebody changed this case meanwhile: compare again"


def many(number: str) -> ResponseReturnValue:
    """Choose the cases, or see what merging the chosen ones would do."""
    return _page(number, _asked(http.args.getlist("child"), http.args.get("numbers", "")))


def merge_many(number: str) -> ResponseReturnValue:
    """Merge what was compared; or compare first, where that is what was pressed: so many numbers fit in no address."""
    if http.form.get("step") == "compare":
        return _page(number, _asked(http.form.getlist("child"), http.form.get("numbers", "")), must=True)
    pairs = [text.partition(":") for text in http.form.getlist("child")]
    chosen = _asked([child for child, _, _ in pairs])
    if not 0 < len(chosen) <= MOST:
        return _page(number, chosen, must=True)
    try:
        with wiring.transaction() as session:
            into = _case(session, number)
            rows = [(_case(session, child), forms.whole(at)) for child, _, at in pairs if child.strip()]
            made = actions.merge_all(session, rows, into, wiring.act(), into_version=whole("into_version"))
            root = cases.case_number(made[0].into_id)
    except NoSuchCase:
        return _page(number, chosen)
    except NotAll as fault:
        return _page(number, chosen, {row.number: _words(row) for row in fault.rows}, 409)
    except (Stale, StaleDataError, IntegrityError):
        return _page(number, chosen, {number: CHANGED}, 409)
    window = span(wiring.settings().program.undo_for)
    flash(say("merged_many", count=len(made), root=root, window=window), "ok")
    return redirect(url_for("case.show", number=root, _anchor="duplicates"), 303)


def undo_lot(merge_id: int) -> ResponseReturnValue:
    with wiring.transaction() as session:
        taken_back = actions.unmerge_all(session, merges.by_id(session, merge_id), wiring.act())
        root = cases.case_number(taken_back[0].into_id)
    flash(say("unmerged_many", count=len(taken_back)), "ok")
    return redirect(url_for("case.show", number=root, _anchor="duplicates"), 303)


def _words(row: actions.RowFault) -> str:
    return CHANGED if row.stale else "; ".join(each.reason for each in row.blockers)


def _asked(ticked: list[str], typed: str = "") -> list[str]:
    """The numbers that were ticked or typed, each once, in order."""
    given = (text.strip().upper() for text in [*ticked, *re.split(r"[\s,;]+", typed)])
    return list(dict.fromkeys(text for text in given if text))


def _page(
    number: str, chosen: list[str], faults: dict[str, str] | None = None, status: int = 200, *, must: bool = False
) -> ResponseReturnValue:
    """The choice, and what merging it would do. `must`: something has to be chosen."""
    wrong = _wrong_number(len(chosen), must=must)
    with wiring.reading() as session:
        root = cases.root_of(session, _case(session, number))
        known, unknown = ([], []) if wrong else _known(session, chosen)
        found = preview_all(session, known, root, wiring.act()) if known else None
        view = reading_case.view(session, root, wiring.act())
        suggestions = _suggestions(session, root)
    errors = tuple(("numbers", message) for message in [*wrong, *unknown])
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
    return page, 422 if errors and status == 200 else status


def _wrong_number(count: int, *, must: bool) -> list[str]:
    if count > MOST:
        return [f"At most {MOST} cases can be merged at once, and you chose {count}: take some out"]
    return ["Tick or type at least one case"] if must and not count else []


def _known(session: Session, chosen: list[str]) -> tuple[list[Case], list[str]]:
    """The cases with these numbers, and a sentence for each number that no case has."""
    known: list[Case] = []
    unknown: list[str] = []
    for each in chosen:
        try:
            known.append(_case(session, each))
        except NoSuchCase as fault:
            unknown.append(f"{fault}.")
    return known, unknown


def _typed(chosen: list[str], suggestions: tuple[Suggestion, ...]) -> str:
    ticked = {item.number for item in suggestions}
    return "\n".join(each for each in chosen if each not in ticked)


def _suggestions(session: Session, root: Case) -> tuple[Suggestion, ...]:
    entry = Entry(root.service_name, root.service_url, root.api_docs_url)
    found = candidates.suggest(session, entry, wiring.knowledge(session), beside=root.id)
    return tuple(each for each in found if each.kind == "case" and each.outcome is None)


def _case(session: Session, number: str) -> Case:
    return reading_case.case_for(session, number, wiring.viewer())
