"""The admin's pages: people, the Fivetran groups of accounts, jobs."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from request_tracker.access import wiring
from request_tracker.actions import admit, enrol
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.terms import Role
from request_tracker.store import bounces, preferences, reading_admin
from request_tracker.store import jobs as job_store
from request_tracker.web import groups_admin
from request_tracker.web.admin_forms import ROLES, GroupForm, PersonForm

admin = Blueprint("admin", __name__)
STATES = ("dead", "running", "ready", "done", "cancelled")


@admin.get("/admin/people")
def people() -> ResponseReturnValue:
    return _people(PersonForm(formdata=None))


@admin.post("/admin/people")
def add_person() -> ResponseReturnValue:
    filled = PersonForm()
    if not filled.validate_on_submit() or not _added(filled):
        return _people(filled), 422
    flash(f"{filled.name.data} was added.", "ok")
    return redirect(url_for("admin.people"), 303)


@admin.get("/admin/groups")
def groups() -> ResponseReturnValue:
    return groups_admin.page()


@admin.post("/admin/groups")
def bind_group() -> ResponseReturnValue:
    filled = GroupForm()
    filled.offer(_account_choices())
    if not filled.validate_on_submit() or not _bound(filled):
        return groups_admin.page(filled), 422
    flash("The group is bound. Starter connectors that waited for it are made now.", "ok")
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
        again = job_store.retry(session, job_id, wiring.now())
    if again:
        flash(f"Job {job_id} is tried again.", "ok")
    else:
        flash(f"Job {job_id} is not dead: there is nothing to try again.", "problem")
    return redirect(url_for("admin.jobs"), 303)


def _added(filled: PersonForm) -> bool:
    """Add the person; False with the message in the form where that cannot be."""
    email, role = str(filled.email.data), Role(str(filled.role.data))
    with wiring.transaction() as session:
        if reading_admin.knows_address(session, email):
            filled.email.errors = ["Somebody has this email address already"]
            return False
        account = enrol.account(session, str(filled.account.data), wiring.act()) if role is Role.REQUESTER else None
        admit.add_person(
            session,
            email=email,
            name=str(filled.name.data).strip(),
            role=role,
            account_id=account.id if account else None,
            password=filled.password.data or None,
            now=wiring.now(),
        )
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
    with wiring.reading() as session:
        rows = reading_admin.people(session)
        accounts, chosen = reading_admin.accounts(session), preferences.chosen_words(session)
        returning = bounces.returning(session, (row.email for row in rows))
    return render_template(
        "admin/people.html",
        people=rows,
        accounts=accounts,
        form=form,
        roles=ROLES,
        letters=chosen,
        returning=returning,
    )


def _account_choices() -> list[tuple[str, str]]:
    with wiring.reading() as session:
        return [(str(row.id), row.name) for row in reading_admin.accounts(session)]
