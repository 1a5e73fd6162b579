"""Running clocks for leads and admins: changes seen before they are made, their progress, what the nights found."""

from dataclasses import dataclass

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask import request as http
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from request_tracker.access import policy, wiring
from request_tracker.actions import recount
from request_tracker.actions.knowledge import Overtaken
from request_tracker.actions.recount import Wish
from request_tracker.actions.recount_preview import Effect, preview
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.calendar_words import due_words
from request_tracker.rules.phases import CLOCKS
from request_tracker.rules.sla import ClockState, EventKind
from request_tracker.store import policies, reading_clocks
from request_tracker.store.cases import case_number
from request_tracker.store.clocks import Clock
from request_tracker.web.case_forms import Attempt, FormField, Problem, a_field, problem_of
from request_tracker.web.texts import say

clocks_admin = Blueprint("clocks_admin", __name__)
KINDS = {"retarget": EventKind.RETARGET, "recalendar": EventKind.RECALENDAR}
LISTED = 100
LABELS = tuple((name, kind.label) for name, kind in CLOCKS.items())


@dataclass(frozen=True)
class EffectShown:
    """One clock of the preview: where it belongs, when it was due and would be, what that does to it."""

    number: str
    service: str
    label: str
    before: str
    after: str
    signal: str
    word: str


@dataclass(frozen=True)
class Subject:
    """What a change of one clock is about."""

    id: int
    number: str
    label: str


@clocks_admin.get("/admin/clocks")
def index() -> ResponseReturnValue:
    with wiring.reading() as session:
        shown = {
            "changes": reading_clocks.changes(session),
            "nights": reading_clocks.nights(session),
            "differences": reading_clocks.differences(session),
        }
    may_change = policy.may("clocks_admin.decide", wiring.viewer().role)
    return render_template("clocks/index.html", **shown, kinds=CLOCKS, may_change=may_change)


@clocks_admin.get("/admin/clocks/change")
def change() -> ResponseReturnValue:
    """Choose what is to change; once enough is chosen, what it would do."""
    return _page(http.args.to_dict(), is_sent="see" in http.args)


@clocks_admin.post("/admin/clocks/change")
def decide() -> ResponseReturnValue:
    typed = http.form.to_dict()
    try:
        with wiring.transaction() as session:
            wish, seen = _wish(typed), typed.get("seen", "")
            found = recount.decide(session, wish, wiring.act(), reason=typed.get("reason", ""), seen=seen)
    except Unfit as fault:
        return _page(typed, fault=fault), 422
    except Overtaken as fault:
        return _page(typed, fault=Unfit("seen", str(fault))), 409
    if found.done_at is not None:
        flash(say("promise_changed") if found.applied else say("no_promise_left"), "ok")
    return redirect(url_for("clocks_admin.progress", change_id=found.id), 303)


@clocks_admin.get("/admin/clocks/changes/<int(max=2147483647):change_id>")
def progress(change_id: int) -> ResponseReturnValue:
    with wiring.reading() as session:
        rows = reading_clocks.changes(session, change_id=change_id)
    if not rows:
        abort(404, say("no_such_change"))
    return render_template("clocks/progress.html", row=rows[0], kinds=CLOCKS)


def _page(typed: dict[str, str], *, is_sent: bool = False, fault: Unfit | None = None) -> str:
    kind = typed.get("kind", "retarget")
    if kind not in KINDS:
        abort(404, say("promises_get"))
    with wiring.reading() as session:
        subject, seen = _subject(session, typed), None
        if is_sent or fault is not None:
            try:
                seen = preview(session, _wish(typed), wiring.act())
            except Unfit as unfit:
                fault = fault or unfit
        attempt = _attempt(typed, fault)
        fields = _fields(session, kind, subject, attempt, typed)
    return render_template(
        "clocks/change.html",
        kind=kind,
        subject=subject,
        fields=fields,
        reason=a_field(attempt, "decide", "reason", "Reason", kind="area"),
        form=_problem(fault, attempt.form_id),
        seen=seen,
        rows=[_shown(row) for row in seen.effects[:LISTED]] if seen else [],
        typed={name: typed[name] for name in ("kind", "clock", "name", "days", "calendar") if typed.get(name)},
        listed=LISTED,
    )


def _wish(typed: dict[str, str]) -> Wish:
    """What was asked for. Raises Unfit."""
    kind = KINDS.get(typed.get("kind", ""))
    if kind is None:
        raise Unfit("kind", "Choose a new target or a new calendar")
    is_target = kind is EventKind.RETARGET
    return Wish(
        kind,
        clock_id=_whole(typed.get("clock", ""), "clock") if typed.get("clock") else None,
        name=typed.get("name") or None if not typed.get("clock") else None,
        target_days=_days(typed.get("days", "")) if is_target else None,
        calendar_id=None if is_target else _whole(typed.get("calendar", ""), "calendar"),
    )


def _days(text: str) -> float:
    try:
        return float(text.strip().replace(",", "."))
    except ValueError as fault:
        raise Unfit("days", "Enter a number of working days, such as 10 or 2.5") from fault


def _whole(text: str, field: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Unfit(field, "Choose one of the list")
    return int(text)


def _subject(session: Session, typed: dict[str, str]) -> Subject | None:
    if not typed.get("clock"):
        return None
    try:
        row = session.get(Clock, _whole(typed["clock"], "clock"))
    except Unfit:
        row = None
    if row is None:
        abort(404, say("no_such_promise"))
    return Subject(row.id, case_number(row.case_id), CLOCKS[row.name].words(row.cycle))


def _attempt(typed: dict[str, str], fault: Unfit | None) -> Attempt:
    form_id = "decide" if fault is not None and fault.field in ("reason", "seen") else "choose"
    errors = ((fault.field, fault.message),) if fault is not None else ()
    return Attempt(form_id, {name: (value,) for name, value in typed.items()}, errors)


def _fields(
    session: Session, kind: str, subject: Subject | None, attempt: Attempt, typed: dict[str, str]
) -> tuple[FormField, ...]:
    """The fields of the choice: which promise, unless it is the one; how many days, or which calendar."""
    chosen = []
    if subject is None:
        everything = () if kind == "retarget" else (("", "All promises"),)
        name = typed.get("name", "" if everything else "review")
        chosen = [
            a_field(
                attempt, "choose", "name", "Which promise", kind="select", data=name, choices=(*everything, *LABELS)
            )
        ]
    if kind == "retarget":
        usual = policies.target_days(session, wiring.act().program)
        hint = "The elapsed time stays. New promises get: " + ", ".join(
            f"{label.lower()} {usual[name]:g}" for name, label in LABELS
        )
        return (
            *chosen,
            a_field(attempt, "choose", "days", "Working days from its start", data=typed.get("days", ""), hint=hint),
        )
    versions = reading_clocks.calendar_versions(session)
    choices = tuple((str(row.id), _version(row.id, row.body, n == 0)) for n, row in enumerate(versions))
    data = typed.get("calendar", choices[0][0])
    return (*chosen, a_field(attempt, "choose", "calendar", "Calendar", kind="select", data=data, choices=choices))


def _version(version_id: int, body: dict[str, object], is_newest: bool) -> str:
    newest = ", used for new promises" if is_newest else ""
    return f"Version {version_id}: {body['zone']}{newest}"


def _problem(fault: Unfit | None, form_id: str) -> Problem | None:
    if fault is None:
        return None
    anchors = {name: f"{form_id}-{name}" for name in ("name", "days", "calendar", "reason")} | {"seen": "seen-title"}
    return problem_of(Attempt(form_id, errors=((fault.field, fault.message),)), anchors)


def _shown(row: Effect) -> EffectShown:
    found, (signal, word) = row.clock, _mark(row)
    label = CLOCKS[found.name].words(found.cycle)
    after = "overdue as before" if row.stays_overdue else _due(row.after)
    return EffectShown(found.number, found.service_name, label, _due(row.before), after, signal, word)


def _mark(row: Effect) -> tuple[str, str]:
    if row.breaks:
        return "overdue", "Overdue at once"
    if row.before.breached_at is not None:
        return "overdue", "Stays broken"
    if row.endangers:
        return "at_risk", "At risk at once"
    if row.after.due_at is None:
        return "paused", "Stands still"
    return "ok", "Later" if row.moves_by.total_seconds() > 0 else "Earlier" if row.moves_by else "Same date"


def _due(state: ClockState) -> str:
    if state.due_at is None or state.calendar is None:
        return "no date while it stands still"
    return due_words(state.calendar, state.due_at)
