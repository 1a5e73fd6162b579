"""Trial syncs of a case's starter project: started, watched, stopped, looked at, their samples deleted."""

from collections.abc import Mapping
from pathlib import Path

from flask import Blueprint, flash, make_response, redirect, render_template, url_for
from flask import request as http
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from request_tracker import links
from request_tracker.access import policy, wiring
from request_tracker.actions import trial_steps
from request_tracker.actions import trials as actions
from request_tracker.actions.starter_project import Starter, starter_of
from request_tracker.actions.unfit import Unfit
from request_tracker.apidocs import trial
from request_tracker.rules.evidence import EVIDENCE
from request_tracker.rules.process import Refused
from request_tracker.rules.strangers import plain
from request_tracker.store import evidence, reading_case, reading_documents, reading_trials
from request_tracker.store import trials as rows
from request_tracker.store.cases import Case
from request_tracker.store.reading_trials import TrialView
from request_tracker.store.trials import NoSuchTrial
from request_tracker.web import trial_process
from request_tracker.web.attachment import attachment
from request_tracker.web.case_forms import NOTHING, Attempt, Flags, FormField, Label, a_field, problem_of
from request_tracker.web.forms import whole
from request_tracker.web.texts import say

trials = Blueprint("trials", __name__)
ID = "<int(max=2147483647):run_id>"
FORM = "source"
NOT_STARTED = "Its process could not be started: ask an admin to look at this server's memory, then start it again"
MOST_COLUMNS = 60


@trials.get("/cases/<number>/trials")
def show(number: str) -> ResponseReturnValue:
    return _page(number)


@trials.post("/cases/<number>/trials")
def start(number: str) -> ResponseReturnValue:
    """Against the document's examples, by the worker."""
    try:
        with wiring.transaction() as session:
            case = reading_case.case_for(session, number, wiring.viewer(), lock=True)
            run = actions.start(session, case, wiring.act(), home=_home(), reset=bool(http.form.get("reset")))
    except (Unfit, Refused) as fault:
        return _refused(number, fault)
    return _to(number, run.id)


@trials.post("/cases/<number>/trials/source")
def start_source(number: str) -> ResponseReturnValue:
    """Against the real source, in a process of its own: what was typed goes there and is in nothing that is kept."""
    values = {name.removeprefix("set-"): value for name, value in http.form.items() if name.startswith("set-")}
    settings, reset = wiring.settings(), bool(http.form.get("reset"))
    here = settings.may_call_this_machine
    try:
        with wiring.transaction() as session:
            case = reading_case.case_for(session, number, wiring.viewer(), lock=True)
            typed = actions.start_source(
                session, case, values, wiring.act(), home=_home(), reset=reset, this_machine=here
            )
            run_id = typed.run.id
    except (Unfit, Refused) as fault:
        return _refused(number, fault)
    try:
        trial_process.start(settings, run_id, typed.configuration)
    except OSError:
        with wiring.transaction() as session:
            trial_steps.failed(session, run_id, NOT_STARTED, wiring.act())
    return _to(number, run_id)


@trials.get(f"/cases/<number>/trials/{ID}")
def run(number: str, run_id: int) -> ResponseReturnValue:
    viewer = wiring.viewer()
    with wiring.reading() as session:
        case = reading_case.case_for(session, number, viewer)
        view = reading_trials.view(session, case, run_id, viewer, wiring.settings().program.keep_samples_for)
        shown = {"case": case, "seen": reading_documents.newest_entry(session, case.id), "may": _may(case)}
        tested = _tested(session, case, view)
        number, service = case.number, case.service_name
    place = whole(http.args.get("table", ""))
    return render_template(
        "trials/run.html", number=number, service=service, view=view, row=view.row, tested=tested, place=place,
        keep_days=wiring.settings().program.keep_samples_for.days, most_columns=MOST_COLUMNS, **shown,
    )  # fmt: skip


@trials.get(f"/cases/<number>/trials/{ID}/progress")
def progress(number: str, run_id: int) -> ResponseReturnValue:
    """The part of the page that changes while it runs; the page is loaded anew once it is over."""
    with wiring.reading() as session:
        case = reading_case.case_for(session, number, wiring.viewer())
        row = reading_trials.row(session, case, run_id, wiring.viewer())
        number, may = case.number, _may(case)
    answer = make_response(render_template("trials/_progress.html", number=number, row=row, may=may))
    if not row.is_under_way:
        answer.headers["HX-Refresh"] = "true"
    return answer


@trials.post(f"/cases/<number>/trials/{ID}/stop")
def stop(number: str, run_id: int) -> ResponseReturnValue:
    with wiring.transaction() as session:
        case = reading_case.case_for(session, number, wiring.viewer(), lock=True)
        done = actions.stop(session, case, run_id, wiring.act())
    flash(say("stopped") if done else say("over_already"), "ok" if done else "info")
    return _to(number, run_id)


@trials.post(f"/cases/<number>/trials/{ID}/forget")
def forget(number: str, run_id: int) -> ResponseReturnValue:
    with wiring.transaction() as session:
        case = reading_case.case_for(session, number, wiring.viewer(), lock=True)
        done = actions.forget(session, case, run_id, wiring.act())
    flash(
        say("sample_deleted") if done else say("nothing_to_delete"),
        "ok" if done else "info",
    )
    return _to(number, run_id)


@trials.get(f"/cases/<number>/trials/{ID}/rows.duckdb")
def download(number: str, run_id: int) -> ResponseReturnValue:
    """The rows as a DuckDB file. Raises NoSuchTrial."""
    with wiring.reading() as session:
        case = reading_case.case_for(session, number, wiring.viewer())
        body = rows.of_number(session, case.id, run_id).database
        name = f"{case.number}-trial-{run_id}.duckdb"
    if body is None:
        raise NoSuchTrial("This run has no file of rows, or it was deleted")
    return attachment(body, name)


def _refused(number: str, fault: Unfit | Refused) -> ResponseReturnValue:
    """The page again, without a word of what was typed: secrets are typed once more."""
    if isinstance(fault, Refused):
        return _page(number, Attempt(FORM, {}, (), fault.blockers)), 409
    return _page(number, Attempt(FORM, {}, ((fault.field, f"{fault.message}."),))), 422


def _page(number: str, attempt: Attempt = NOTHING) -> str:
    viewer = wiring.viewer()
    with wiring.reading() as session:
        case = reading_case.case_for(session, number, viewer)
        listed = reading_trials.listed(session, case, viewer)
        starter = starter_of(session, case, wiring.act())
        goes_on = _goes_on(session, case, starter)
        number, service, may = case.number, case.service_name, _may(case)
        is_over = case.outcome is not None
    fields = _fields(starter, attempt)
    return render_template(
        "trials/show.html",
        number=number,
        service=service,
        runs=listed,
        now=next((each for each in listed if each.is_under_way), None),
        starter=starter,
        goes_on=goes_on,
        how_to=None if trial.is_set_up(_home()) else trial.HOW_TO_GET_IT,
        fields=fields,
        form=problem_of(attempt, {each.name.removeprefix("set-"): each.id for each in fields}),
        may=may,
        is_over=is_over,
        keep_days=wiring.settings().program.keep_samples_for.days,
        here=wiring.settings().may_call_this_machine,
    )


def _goes_on(session: Session, case: Case, starter: Starter | None) -> Mapping[str, int]:
    """The run that the next one would go on from, by what it is run against."""
    if starter is None:
        return {}
    found = {
        each: rows.goes_on_from(session, case.id, starter.proposal.document_id, each) for each in reading_trials.ORIGINS
    }
    return {each: row.id for each, row in found.items() if row is not None}


def _fields(starter: Starter | None, attempt: Attempt) -> tuple[FormField, ...]:
    """One for each key of the project's configuration; none ever holds what was typed before."""
    held, optional = (starter.configuration, starter.optional) if starter else ({}, frozenset[str]())
    return tuple(
        FormField(
            id=f"{FORM}-{place}",
            name=f"set-{name}",
            label=Label(plain(name, 80)),
            kind="text" if name in actions.OPEN else "password",
            hint=_hint(value, is_optional=name in optional),
            errors=attempt.wrong(FORM, name),
            flags=Flags(name not in optional and bool(trial.PLACEHOLDER.fullmatch(value))),
        )
        for place, (name, value) in enumerate(held.items())
    )


def _hint(value: str, *, is_optional: bool) -> str:
    if trial.PLACEHOLDER.fullmatch(value):
        return "Leave it empty only where the source wants none" if is_optional else ""
    return f"Left empty: {plain(value, 200)}"


def _tested(session: Session, case: Case, view: TrialView) -> tuple[FormField, ...]:
    """The fields of the evidence that somebody may take this run for; empty where that is not so."""
    may = policy.may("case.put_evidence", wiring.viewer().role) and wiring.viewer().role in EVIDENCE["tested"].by
    stands = "tested" in evidence.standing(session, case.id)
    if view.row.state != "done" or not may or stands or case.outcome is not None:
        return ()
    written = sum(each.rows > 0 for each in view.tables)
    note = (
        f"Trial sync {view.row.id} against {view.row.against}: {view.row.counts['upserts']:,} rows read,"
        f" {written} of {len(view.tables)} tables have rows"
    )
    link = links.trial_run(wiring.settings().base_url, case.number, view.row.id)
    return (
        a_field(NOTHING, "tested", "note", "Note", kind="area", data=note),
        a_field(NOTHING, "tested", "link", "Link", kind="url", data=link),
    )


def _may(case: Case) -> frozenset[str]:
    """What the viewer may do with the trials of this case as it stands."""
    names = ("trials.start", "trials.start_source", "trials.stop", "trials.forget", "trials.download")
    found = frozenset(name for name in names if policy.may(name, wiring.viewer().role))
    return found - {"trials.start", "trials.start_source"} if case.outcome is not None else found


def _home() -> Path:
    return trial.home(wiring.settings().trial_env)


def _to(number: str, run_id: int) -> ResponseReturnValue:
    return redirect(url_for("trials.run", number=number, run_id=run_id), 303)
