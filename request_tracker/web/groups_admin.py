"""Fivetran groups: the policy with its history and a preview, what is bound, what was made, what waits for a person."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask import request as http
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import BooleanField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # the stubs lag behind
from wtforms.validators import InputRequired

from request_tracker.access import wiring
from request_tracker.actions import enrol, group_policy
from request_tracker.actions.knowledge import Overtaken
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.starter import LAYOUTS, WAYS, GroupPolicy
from request_tracker.store import reading_admin, reading_groups
from request_tracker.web.admin_forms import GroupForm
from request_tracker.web.calendar_forms import marked
from request_tracker.web.forms import whole
from request_tracker.web.texts import say

groups_admin = Blueprint("groups_admin", __name__)


class PolicyForm(FlaskForm):  # type: ignore[misc]
    way = RadioField(
        "Groups", choices=[SelectChoice(str(k), v[0]) for k, v in WAYS.items()], validators=[InputRequired()]
    )
    layout = RadioField(
        "Schema names", choices=[SelectChoice(str(k), v[0]) for k, v in LAYOUTS.items()], validators=[InputRequired()]
    )
    on_demand = BooleanField("Make a group where there is none yet")
    reason = TextAreaField("Why", validators=[InputRequired()])


class PurposeForm(FlaskForm):  # type: ignore[misc]
    intent_id = SelectField("Purpose", validators=[InputRequired()])
    group_id = StringField("Fivetran group", validators=[InputRequired()])


@groups_admin.post("/admin/groups/policy")
def decide() -> ResponseReturnValue:
    form, seen = PolicyForm(), whole(http.form.get("seen", ""))
    try:
        wanted = group_policy.read(form.way.data or "", form.layout.data or "", on_demand=bool(form.on_demand.data))
        if "preview" in http.form:
            return page(policy_form=form, preview=wanted)
        with wiring.transaction() as session:
            group_policy.decide(session, wanted, form.reason.data or "", wiring.act(), seen=seen)
    except (Unfit, Overtaken) as fault:
        said = (getattr(fault, "field", ""), str(fault))
        return page(policy_form=marked(form, [said])), 409 if isinstance(fault, Overtaken) else 422
    flash(say("group_policy_set"), "ok")
    return redirect(url_for("admin.groups"), 303)


@groups_admin.post("/admin/groups/unbind")
def unbind() -> ResponseReturnValue:
    with wiring.transaction() as session:
        done = enrol.unbind(session, whole(http.form.get("account_id", "")), wiring.act())
    flash(say("group_unbound") if done else say("no_group_bound"), "ok" if done else "problem")
    return redirect(url_for("admin.groups"), 303)


@groups_admin.post("/admin/groups/purpose")
def settle() -> ResponseReturnValue:
    form = PurposeForm(prefix="purpose-")
    try:
        with wiring.transaction() as session:
            group_policy.settle(session, whole(form.intent_id.data or ""), form.group_id.data or "", wiring.act())
    except Unfit as fault:
        return page(purpose_form=marked(form, [(fault.field, fault.message)])), 422
    flash(say("group_used"), "ok")
    return redirect(url_for("admin.groups"), 303)


@groups_admin.post("/admin/groups/look")
def look() -> ResponseReturnValue:
    with wiring.transaction() as session:
        group_policy.look(session, wiring.act())
    flash(say("destinations_looked_at"), "ok")
    return redirect(url_for("admin.groups"), 303)


def page(
    form: GroupForm | None = None,
    *,
    policy_form: FlaskForm | None = None,
    purpose_form: FlaskForm | None = None,
    preview: GroupPolicy | None = None,
) -> str:
    """The whole page; the form that was sent comes back with what was typed."""
    with wiring.reading() as session:
        policy, seen = reading_groups.in_force(session, wiring.act().program)
        asked = whole(http.values.get("account_id", ""))
        accounts, purposes = reading_admin.accounts(session, also=asked), reading_groups.purposes(session)
        told = {
            "todos": reading_groups.todos(session),
            "decisions": reading_groups.decisions(session),
            "destinations": reading_groups.destinations(session),
            "examples": reading_groups.examples(session, preview or policy),
        }
    form = form or GroupForm(formdata=None)
    choices = [(str(row.id), row.name) for row in accounts]
    form.offer(choices)
    if form.account_id.data is None and asked:
        form.account_id.data = str(asked)
    return render_template(
        "admin/groups.html",
        **told,
        accounts=accounts,
        most=reading_admin.MOST,
        choices=choices,
        form=form,
        policy=policy,
        seen=seen,
        preview=preview,
        policy_form=policy_form or PolicyForm(formdata=None, data={**policy.to_json(), "reason": ""}),
        purposes=purposes,
        purpose_form=purpose_form or PurposeForm(formdata=None, prefix="purpose-"),
        waiting=[(str(each.id), each.words) for each in purposes if each.group_id is None],
        ways={str(key): value for key, value in WAYS.items()},
        layouts={str(key): value for key, value in LAYOUTS.items()},
        way_choices=[(str(key), *value) for key, value in WAYS.items()],
        layout_choices=[(str(key), *value) for key, value in LAYOUTS.items()],
    )
