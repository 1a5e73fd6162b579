"""The admin's pages: people, the Fivetran groups of accounts, jobs."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask import request as http
from flask.typing import ResponseReturnValue

from request_tracker.access import wiring
from request_tracker.actions import enrol, persons, retry
from request_tracker.actions.persons import Newcomer
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.terms import Role
from request_tracker.store import bounces, preferences, reading_admin, reading_people
from request_tracker.store.reading_people import Filter
from request_tracker.web import groups_admin
from request_tracker.web.accounts_admin import after_of, before_of
from request_tracker.web.admin_forms import ROLES, GroupForm, PersonForm
from request_tracker.web.case_forms import NOTHING, FormField, a_field
from request_tracker.web.forms import whole
from request_tracker.web.texts import say

admin = Blueprint("admin", __name__)
ON_A_PAGE = 50
STATES = ("dead", "running", "ready", "done", "cancelled")


@admin.get("/admin/people")
def people() -> ResponseReturnValue:
    return _people(PersonForm(formdata=None))


@admin.post("/admin/people")
def add_person() -> ResponseReturnValue:
    filled = PersonForm()
    if not filled.validate_on_submit() or not _added(filled):
        return _people(filled), 422
    flash(say("person_added", name=filled.name.data), "ok")
    return redirect(url_for("admin.people"), 303)


@admin.get("/admin/groups")
def groups() -> ResponseReturnValue:
    return groups_admin.page()


@admin.post("/admin/groups")
def bind_group() -> ResponseReturnValue:
    filled = GroupForm()
    filled.offer(_account_choices(whole(http.form.get("account_id", ""))))
    if not filled.validate_on_submit() or not _bound(filled):
        return groups_admin.page(filled), 422
    flash(say("group_bound"), "ok")
    return redirect(url_for("admin.groups"), 303)


@admin.get("/admin/jobs")
def jobs() -> ResponseReturnValue:
    with wiring.reading() as session:
        counts, rows = reading_admin.job_counts(session), reading_admin.jobs(session)
    shown = [(state, counts.get(state, 0)) for state in STATES]
    return render_template("admin/jobs.html", counts=shown, jobs=rows, now=wiring.now())


@admin.post("/admin/jobs/<int(max=2147483647):job_id>/retry")
def retry_job(job_id: int) -> ResponseReturnValue:
    with wiring.transaction() as session:
        again = retry.job(session, job_id, wiring.act())
    if again:
        flash(say("job_again", job=job_id), "ok")
    else:
        flash(say("job_not_dead", job=job_id), "problem")
    return redirect(url_for("admin.jobs"), 303)


def _added(filled: PersonForm) -> bool:
    """Add the person; False with the message in the form where that cannot be."""
    role = Role(str(filled.role.data))
    try:
        with wiring.transaction() as session:
            account = enrol.account(session, str(filled.account.data), wiring.act()) if role is Role.REQUESTER else None
            who = Newcomer(
                str(filled.email.data),
                str(filled.name.data),
                role,
                account.id if account else None,
                filled.password.data or None,
            )
            persons.add(session, who, wiring.act())
    except Unfit as fault:
        filled[fault.field].errors = [fault.message]
        return False
    return True


def _bound(filled: GroupForm) -> bool:
    try:
        with wiring.transaction() as session:
            enrol.bind(session, int(filled.account_id.data), str(filled.group_id.data), wiring.act())
    except Unfit as fault:
        filled[fault.field].errors = [fault.message]
        return False
    return True


def _people(form: PersonForm) -> str:
    wanted, after = _wanted(), after_of(http.args.get("after", ""))
    with wiring.reading() as session:
        rows, onward = reading_people.page(session, wanted, limit=ON_A_PAGE, after=after)
        accounts = reading_admin.account_names(session)
        chosen = preferences.chosen_words(session)
        returning = bounces.returning(session, (row.email for row in rows))
    return render_template(
        "admin/people.html",
        people=rows,
        accounts=accounts,
        form=form,
        roles=ROLES,
        letters=chosen,
        returning=returning,
        search=_search(wanted),
        is_filtered=wanted != Filter(),
        next_href=_page(wanted, before_of(onward)) if onward else "",
        first_href=_page(wanted) if after else "",
    )


def _wanted() -> Filter:
    said = {name: http.args.get(name, "").strip()[:200] for name in ("find", "role", "state")}
    return Filter(
        said["find"],
        said["role"] if said["role"] in list(Role) else "",
        said["state"] if said["state"] in ("active", "inactive") else "",
    )


def _search(wanted: Filter) -> tuple[FormField, ...]:
    return (
        a_field(NOTHING, "find", "find", "Name or email", data=wanted.find, required=False),
        a_field(NOTHING, "find", "role", "Role", data=wanted.role, required=False, choices=(("", "All"), *ROLES)),
        a_field(NOTHING, "find", "state", "Sign-in", data=wanted.state, required=False,
                choices=(("", "All"), ("active", "Active"), ("inactive", "Inactive"))),
    )  # fmt: skip


def _page(wanted: Filter, after: str | None = None) -> str:
    chosen = {name: getattr(wanted, name) or None for name in ("find", "role", "state")}
    return url_for("admin.people", **chosen, after=after)


def _account_choices(chosen: int) -> list[tuple[str, str]]:
    with wiring.reading() as session:
        return [(str(row.id), row.name) for row in reading_admin.accounts(session, also=chosen)]
