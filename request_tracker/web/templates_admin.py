"""Words that are used again: the list of templates, and the form to write, change or retire one."""

from collections.abc import Callable

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask import request as http
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from request_tracker.access import policy, wiring
from request_tracker.actions import reply_templates as action
from request_tracker.actions.reply_templates import Draft, NoSuchTemplate
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.people import Act
from request_tracker.rules.reply_words import BLANKS
from request_tracker.rules.terms import Criterion
from request_tracker.store import reply_templates
from request_tracker.store.reply_templates import ReplyTemplate, Words
from request_tracker.web.case_forms import NOTHING, Attempt, FormField, Problem, a_field, problem_of
from request_tracker.web.forms import not_taken
from request_tracker.web.texts import say

templates_admin = Blueprint("templates_admin", __name__)
KIND_WORDS = {
    "question": "Question to the requester",
    "decline": "Decline",
    "comment": "Comment",
}
CRITERIA = (("", "Left to whoever declines"), *((each.value, each.words) for each in Criterion))
_FORM = "template"


@templates_admin.get("/admin/templates")
def index() -> ResponseReturnValue:
    return _list()


@templates_admin.post("/admin/templates")
def add() -> ResponseReturnValue:
    return _save(None)


@templates_admin.get("/admin/templates/<int(max=2147483647):template_id>")
def show(template_id: int) -> ResponseReturnValue:
    return _one(template_id)


@templates_admin.post("/admin/templates/<int(max=2147483647):template_id>")
def change(template_id: int) -> ResponseReturnValue:
    return _save(template_id)


@templates_admin.post("/admin/templates/<int(max=2147483647):template_id>/retire")
def retire(template_id: int) -> ResponseReturnValue:
    return _put(template_id, action.retire, "template_retired")


@templates_admin.post("/admin/templates/<int(max=2147483647):template_id>/restore")
def restore(template_id: int) -> ResponseReturnValue:
    return _put(template_id, action.restore, "template_restored")


def _save(template_id: int | None) -> ResponseReturnValue:
    draft = Draft(*(http.form.get(name, "") for name in ("kind", "name", "body", "criterion", "alternatives")))
    try:
        with wiring.transaction() as session:
            row = action.save(session, template_id, draft, wiring.act())
    except NoSuchTemplate as fault:
        abort(404, str(fault))
    except Unfit as fault:
        attempt = not_taken(_FORM, fault)
        return _list(attempt) if template_id is None else _one(template_id, attempt), 422
    flash(say("template_saved", name=row.name), "ok")
    return redirect(url_for("templates_admin.index"), 303)


def _put(template_id: int, work: Callable[[Session, int, Act], ReplyTemplate], told: str) -> ResponseReturnValue:
    try:
        with wiring.transaction() as session:
            row = work(session, template_id, wiring.act())
    except NoSuchTemplate as fault:
        abort(404, str(fault))
    except Unfit as fault:
        flash(say("as_raised", message=fault.message), "problem")
    else:
        flash(say(told, name=row.name), "ok")
    return redirect(url_for("templates_admin.index"), 303)


def _list(attempt: Attempt = NOTHING) -> str:
    with wiring.reading() as session:
        rows = reply_templates.all_of(session)
    fields = _fields(attempt, None)
    return render_template(
        "replies/index.html",
        rows=[row for row in rows if row.retired_at is None],
        retired=[row for row in rows if row.retired_at is not None],
        kinds=KIND_WORDS,
        blanks=BLANKS,
        fields=fields,
        form=_problem(attempt, fields),
        may_write=policy.may("templates_admin.add", wiring.viewer().role),
    )


def _one(template_id: int, attempt: Attempt = NOTHING) -> str:
    with wiring.reading() as session:
        row = reply_templates.one(session, template_id)
    if row is None:
        abort(404, say("no_such_template"))
    fields = _fields(attempt, row)
    return render_template(
        "replies/show.html", row=row, kinds=KIND_WORDS, blanks=BLANKS, fields=fields, form=_problem(attempt, fields)
    )


def _fields(attempt: Attempt, row: Words | None) -> list[FormField]:
    """The form's fields: a new template has a kind to choose; criterion and alternatives are there for declines."""
    kinds = (("", "Choose one"), *KIND_WORDS.items())
    kind = [] if row else [a_field(attempt, _FORM, "kind", "What the words are for", kind="select", choices=kinds)]
    name, body = (row.name, row.body) if row else ("", "")
    about = "By it colleagues find the words; nobody else reads it"
    words = [
        a_field(attempt, _FORM, "name", "Name", data=name, hint=about),
        a_field(attempt, _FORM, "body", "Words", kind="area", data=body),
    ]
    return [*kind, *words, *(_of_declines(attempt, row) if row is None or row.kind == "decline" else [])]


def _of_declines(attempt: Attempt, row: Words | None) -> list[FormField]:
    criterion, other = (row.criterion or "", row.alternatives) if row else ("", "")
    only = "" if row else "For declines only. "
    return [
        a_field(
            attempt, _FORM, "criterion", "Criterion not met", kind="select", data=criterion, choices=CRITERIA,
            hint=only, required=False,
        ),
        a_field(
            attempt, _FORM, "alternatives", "Alternatives", kind="area", data=other, hint=f"{only}One on each line.",
            required=False,
        ),
    ]  # fmt: skip


def _problem(attempt: Attempt, fields: list[FormField]) -> Problem | None:
    return problem_of(attempt, {each.name: each.id for each in fields})
