"""Merging seen by specialists: preview, merge, swap, unmerge, dismiss."""

from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, url_for
from flask import request as http
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from request_tracker.access import wiring
from request_tracker.actions import dismiss as dismissing
from request_tracker.actions import linking
from request_tracker.actions import merge as actions
from request_tracker.actions.merge_preview import Count, Preview, preview_swap
from request_tracker.actions.versions import Stale
from request_tracker.rules.phases import Blocker
from request_tracker.rules.process import Refused
from request_tracker.store import cases, merges, reading_case, requests
from request_tracker.store.case_rows import CaseView
from request_tracker.store.cases import Case, NoSuchCase
from request_tracker.web import case_clocks, merging_many
from request_tracker.web.case_clocks import ClockShown
from request_tracker.web.case_forms import Attempt, Problem, a_field, problem_of
from request_tracker.web.case_page import span
from request_tracker.web.case_writes import whole
from request_tracker.web.texts import say

merging = Blueprint("merging", __name__)
merging.get("/cases/<number>/merge-many")(merging_many.many)
merging.post("/cases/<number>/merge-many")(merging_many.merge_many)
merging.post("/merges/<int(max=2147483647):merge_id>/undo-all")(merging_many.undo_lot)


CHANGED = Blocker("stale", "Somebody changed one of the two cases meanwhile: compare them again", "compared")


@dataclass(frozen=True)
class Side:
    """One of the two cases, as the comparison shows it."""

    view: CaseView
    clocks: tuple[ClockShown, ...]
    count: Count


@dataclass(frozen=True)
class Comparison:
    """The child is what goes below. `swaps`: the standing merge that would be turned round, with `told` people."""

    child: Side
    root: Side
    found: Preview
    swaps: int | None = None
    told: int = 0


@merging.get("/cases/<number>/merge")
def preview(number: str) -> ResponseReturnValue:
    into = http.args.get("into", "").strip()
    return _compare(number, into) if into else _ask(number)


@merging.post("/cases/<number>/merge")
def merge(number: str) -> ResponseReturnValue:
    into_number = http.form.get("into", "")
    try:
        with wiring.transaction() as session:
            child, into = _pair(session, number, into_number)
            link = actions.merge(
                session, child, into, wiring.act(), version=whole("version"), into_version=whole("into_version")
            )
            root = cases.case_number(link.into_id)
    except (Stale, StaleDataError, IntegrityError):
        return _compare(number, into_number, (CHANGED,), 409)
    except Refused as fault:
        return _compare(number, into_number, fault.blockers, 409)
    window = span(wiring.settings().program.undo_for)
    flash(say("merged", child=child.number, root=root, window=window), "ok")
    return redirect(url_for("case.show", number=root, _anchor="duplicates"), 303)


@merging.get("/merges/<int(max=2147483647):merge_id>/swap")
def swap_preview(merge_id: int) -> ResponseReturnValue:
    return _compare_swap(merge_id)


@merging.post("/merges/<int(max=2147483647):merge_id>/swap")
def swap(merge_id: int) -> ResponseReturnValue:
    """The child of a standing merge leads from now on."""
    try:
        with wiring.transaction() as session:
            link = merges.by_id(session, merge_id)
            new = actions.swap(
                session, link, wiring.act(), version=whole("version"), into_version=whole("into_version")
            )
            lead, below = cases.case_number(new.into_id), cases.case_number(new.child_id)
    except (Stale, StaleDataError, IntegrityError):
        return _compare_swap(merge_id, (CHANGED,), 409)
    except Refused as fault:
        return _compare_swap(merge_id, fault.blockers, 409)
    window = span(wiring.settings().program.undo_for)
    flash(say("swapped", lead=lead, below=below, window=window), "ok")
    return redirect(url_for("case.show", number=lead, _anchor="duplicates"), 303)


@merging.post("/merges/<int(max=2147483647):merge_id>/unmerge")
def unmerge(merge_id: int) -> ResponseReturnValue:
    with wiring.transaction() as session:
        link = actions.unmerge(session, merges.by_id(session, merge_id), wiring.act())
        child = cases.case_number(link.child_id)
    flash(say("unmerged", child=child), "ok")
    return redirect(url_for("case.show", number=child), 303)


@merging.post("/cases/<number>/dismissals")
def dismiss(number: str) -> ResponseReturnValue:
    kind = http.form.get("kind", "different")
    with wiring.transaction() as session:
        case, other = _pair(session, number, http.form.get("other", ""))
        dismissing.dismiss(session, case, other, wiring.act(), kind=kind)
    flash(say("not_suggested_again", number=other.number), "ok")
    return redirect(url_for("case.show", number=case.number, _anchor="duplicates"), 303)


def _pair(session: Session, number: str, other: str) -> tuple[Case, Case]:
    viewer = wiring.viewer()
    return reading_case.case_for(session, number, viewer), reading_case.case_for(session, other, viewer)


def _ask(number: str, into: str = "", message: str = "") -> ResponseReturnValue:
    """A small form to type the other number."""
    errors = (("into", message),) if message else ()
    attempt = Attempt("merge", {"into": [into]}, errors)
    hint = "A case number such as LITE-000045"
    field = a_field(attempt, "merge", "into", "Merge into", hint=hint)
    with wiring.reading() as session:
        case = reading_case.case_for(session, number, wiring.viewer())
    page = render_template("merging/ask.html", case=case, field=field, form=problem_of(attempt, {"into": field.id}))
    return page, 422 if message else 200


def _compare(number: str, into: str, blockers: tuple[Blocker, ...] = (), status: int = 200) -> ResponseReturnValue:
    with wiring.reading() as session:
        child = reading_case.case_for(session, number, wiring.viewer())
        try:
            other = reading_case.case_for(session, into, wiring.viewer())
        except NoSuchCase as fault:
            both, unknown = None, f"{fault}."
        else:
            found = actions.preview(session, child, other, wiring.act())
            sides = _side(session, child, found.counts[0]), _side(session, found.root, found.counts[1])
            both, unknown = Comparison(*sides, found), ""
    if both is None:
        return _ask(number, into, unknown)
    problem: Problem | None = problem_of(Attempt(blockers=blockers), {})
    return render_template("merging/preview.html", both=both, form=problem), status


def _compare_swap(merge_id: int, blockers: tuple[Blocker, ...] = (), status: int = 200) -> ResponseReturnValue:
    with wiring.reading() as session:
        link = merges.by_id(session, merge_id)
        lead, below = session.get_one(Case, link.child_id), session.get_one(Case, link.into_id)
        if link.unmerged_at is not None:
            flash(say("merge_taken_back"), "info")
            return redirect(url_for("case.show", number=lead.number, _anchor="duplicates"), 303)
        found = preview_swap(session, link, wiring.act())
        new = [] if str(below.id) in linking.heard(link) else requests.live_of(session, below.id)
        told = len({each.person_id for each in new})
        sides = _side(session, below, found.counts[0]), _side(session, lead, found.counts[1])
        both = Comparison(*sides, found, swaps=link.id, told=told)
    problem: Problem | None = problem_of(Attempt(blockers=blockers), {})
    return render_template("merging/preview.html", both=both, form=problem), status


def _side(session: Session, case: Case, count: Count) -> Side:
    view = reading_case.view(session, case, wiring.act())
    return Side(view, case_clocks.shown(session, case.id, wiring.now()), count)
