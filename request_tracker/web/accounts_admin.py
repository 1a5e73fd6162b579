"""Customer accounts: their people, requests and Fivetran groups; renamed, and never merged."""

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask import request as http
from flask.typing import ResponseReturnValue

from request_tracker.access import wiring
from request_tracker.actions import persons
from request_tracker.actions.unfit import Unfit
from request_tracker.store import reading_people
from request_tracker.store.reading_people import Filter
from request_tracker.web.case_forms import NOTHING, Attempt, a_field, problem_of
from request_tracker.web.forms import not_taken
from request_tracker.web.texts import say

accounts_admin = Blueprint("accounts_admin", __name__)
ON_A_PAGE = 50
AT = "/admin/accounts/<int(max=2147483647):account_id>"


@accounts_admin.get("/admin/accounts")
def index() -> ResponseReturnValue:
    find, after = http.args.get("find", "").strip()[:200], after_of(http.args.get("after", ""))
    with wiring.reading() as session:
        rows, onward = reading_people.accounts(session, find, limit=ON_A_PAGE, after=after)
    return render_template(
        "admin/accounts.html",
        rows=rows,
        find=find,
        search=a_field(NOTHING, "find", "find", "Name", data=find, required=False),
        next_href=url_for("accounts_admin.index", find=find or None, after=before_of(onward)) if onward else "",
        first_href=url_for("accounts_admin.index", find=find or None) if after else "",
    )


@accounts_admin.get(AT)
def show(account_id: int) -> ResponseReturnValue:
    return _page(account_id)


@accounts_admin.post(AT)
def rename(account_id: int) -> ResponseReturnValue:
    name = http.form.get("name", "")
    try:
        with wiring.transaction() as session:
            done = persons.rename_account(session, account_id, name, wiring.act())
    except Unfit as fault:
        return _page(account_id, not_taken("rename", fault)), 422
    flash(say("saved" if done else "unchanged"), "ok" if done else "info")
    return redirect(url_for("accounts_admin.show", account_id=account_id), 303)


def after_of(text: str) -> tuple[str, int] | None:
    """Where a page of names begins: `12~Ada`."""
    number, tilde, name = text.partition("~")
    return (name[:200], min(int(number), 2**31 - 1)) if tilde and number.isascii() and number.isdigit() else None


def before_of(at: tuple[str, int] | None) -> str | None:
    return f"{at[1]}~{at[0]}" if at else None


def _page(account_id: int, attempt: Attempt = NOTHING) -> str:
    with wiring.reading() as session:
        found = reading_people.account(session, account_id)
        people, more = reading_people.page(session, Filter(account_id=account_id), limit=ON_A_PAGE)
    if found is None:
        abort(404, say("no_such_account"))
    return render_template(
        "admin/account.html",
        row=found[0],
        asked=found[1],
        people=people,
        more=more is not None,
        name=a_field(attempt, "rename", "name", "Name", data=found[0].name),
        form=problem_of(attempt, {"name": "rename-name"}),
    )
