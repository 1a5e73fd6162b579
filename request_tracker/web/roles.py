"""Roles in Fivetran: the list in force, what a requester says of their own, and what Fivetran says when asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, flash, redirect, url_for
from flask import request as http
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from wtforms import RadioField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # the stubs lag behind
from wtforms.validators import InputRequired

from request_tracker.access import wiring
from request_tracker.actions import roles as actions
from request_tracker.actions.knowledge import Overtaken
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.roles import ANOTHER, BY_KEY, OWN, PRESETS, SUCCESSORS, is_to_do, label_of, what_to_ask
from request_tracker.store import policies, reading_case, reading_roles, requests, role_checks
from request_tracker.store.case_rows import RequestRow
from request_tracker.web.calendar_forms import marked
from request_tracker.web.calendars import shown
from request_tracker.web.forms import whole
from request_tracker.web.texts import say

roles = Blueprint("roles", __name__)
LABELS = {key: label_of(key) for key in (*BY_KEY, OWN)}


class RolesForm(FlaskForm):  # type: ignore[misc]
    preset = RadioField(
        "Which list", choices=[SelectChoice(key, label) for key, label in LABELS.items()], validators=[InputRequired()]
    )
    names = TextAreaField("Own list")
    reason = TextAreaField("Why", validators=[InputRequired()])


@dataclass(frozen=True)
class RoleShown:
    """How a requester stands: the role they named, whether it is still to do, and what Fivetran said when."""

    role: str
    to_do: bool
    may: str
    why: str
    at: datetime | None


@dataclass(frozen=True)
class RoleMissing:
    """A thing for the requester to do. `help_words`: a sentence to send on to whoever runs Fivetran in their house."""

    role: str
    help_words: str
    choices: tuple[tuple[str, str], ...]


@roles.get("/admin/roles")
def index() -> ResponseReturnValue:
    return _page()


@roles.post("/admin/roles")
def decide() -> ResponseReturnValue:
    form, seen = RolesForm(), whole(http.form.get("seen", ""))
    preset, names, reason = form.preset.data or "", form.names.data or "", form.reason.data or ""
    try:
        with wiring.transaction() as session:
            row = actions.decide(session, preset, names, reason, wiring.act(), seen=seen)
    except (Unfit, Overtaken) as fault:
        said = (getattr(fault, "field", ""), str(fault))
        return _page(marked(form, [said])), 409 if isinstance(fault, Overtaken) else 422
    flash(say("role_preset_set", label=label_of(row.value["preset"])), "ok")
    return redirect(url_for("roles.index"), 303)


@roles.post("/requests/<number>/role")
def tell(number: str) -> ResponseReturnValue:
    """The requester says which role they have now."""
    try:
        with wiring.transaction() as session:
            request = reading_case.request_for(session, number, wiring.viewer())
            changed = actions.tell(session, request, http.form.get("role", ""), wiring.act())
    except Unfit as fault:
        flash(say("as_raised", message=fault.message), "problem")
        return redirect(url_for("requests.show", number=number), 303)
    flash(say("role_noted") if changed else say("role_known"), "ok")
    return redirect(url_for("requests.show", number=number), 303)


@roles.post("/requests/<number>/role/check")
def check(number: str) -> ResponseReturnValue:
    """Staff have Fivetran asked."""
    with wiring.transaction() as session:
        request = reading_case.request_for(session, number, wiring.viewer())
        actions.must_check(wiring.act())
        actions.ask(session, request, wiring.act(), why=wiring.now().isoformat())
        case = reading_roles.case_of(session, request)
    flash(say("role_asked"), "ok")
    return redirect(url_for("case.show", number=case) + f"#request-{number}", 303)


def roles_of(session: Session, rows: Sequence[RequestRow]) -> dict[str, RoleShown]:
    """How the requesters of these rows stand, by number. The rows were read for this viewer."""
    ids = {requests.request_id(row.number): row for row in rows}
    accepted, checks = role_checks.accepted(session), role_checks.of(session, ids)
    return {row.number: _shown(row, accepted, checks.get(key)) for key, row in ids.items()}


def role_missing(session: Session, row: RequestRow) -> RoleMissing | None:
    """What a requester without a fitting role is asked to do; None for who has one."""
    if not roles_of(session, [row])[row.number].to_do:
        return None
    help_words = what_to_ask(role_checks.accepted(session))
    return RoleMissing(row.fivetran_role, help_words, tuple(role_choices(session, row.fivetran_role)))


def role_choices(session: Session, typed: str = "") -> list[tuple[str, str]]:
    """The roles a form offers: those in force, the one that was typed before, and the two ways not to name one."""
    names = list(role_checks.accepted(session))
    older = [typed] if typed and typed not in (*names, ANOTHER) else []
    return [("", "I do not know"), *((each, each) for each in (*names, *older)), (ANOTHER, ANOTHER)]


def _shown(row: RequestRow, accepted: Sequence[str], check: role_checks.RoleCheck | None) -> RoleShown:
    to_do = is_to_do(row.fivetran_role, accepted) and (check is None or check.may != "yes")
    said = (check.may, check.why, check.at) if check else ("", "", None)
    return RoleShown(row.fivetran_role, to_do, *said)


def _page(form: RolesForm | None = None) -> str:
    with wiring.reading() as session:
        standing_ = policies.in_force(session, policies.ROLES)
        accepted, preset = role_checks.accepted(session), role_checks.preset(session)
        decided = reading_roles.decided(session)
    filled = {"preset": preset, "names": "\n".join(accepted)}
    return shown(
        "roles",
        form=form or RolesForm(formdata=None, data=filled),
        seen=standing_.id if standing_ else 0,
        label=label_of(preset),
        names=accepted,
        presets=PRESETS,
        successors=SUCCESSORS,
        labels=LABELS,
        decided=decided,
    )
