"""Signing in and out."""

from flask import Blueprint, flash, redirect, render_template
from flask import request as http
from flask.typing import ResponseReturnValue

from request_tracker.access import signin as access
from request_tracker.access import wiring
from request_tracker.web.forms import SignInForm
from request_tracker.web.texts import say

signin = Blueprint("signin", __name__)


@signin.get("/sign-in")
def form() -> ResponseReturnValue:
    return render_template("signin/form.html", form=SignInForm(next=http.args.get("next", "")))


@signin.post("/sign-in")
def enter() -> ResponseReturnValue:
    filled = SignInForm()
    if not filled.validate_on_submit():
        return render_template("signin/form.html", form=filled), 422
    wrong = "This e-mail address and password do not fit together. Check both and try again."
    try:
        with wiring.transaction() as session:
            user = access.check(session, filled.email.data or "", filled.password.data or "", wiring.now())
    except access.TooMany as wait:
        user, wrong = None, str(wait)
    if user is None:
        filled.form_errors.append(wrong)
        return render_template("signin/form.html", form=filled), 422
    access.enter(user)
    return redirect(access.local_path(filled.next.data or "/"), 303)


@signin.post("/sign-out")
def leave() -> ResponseReturnValue:
    access.leave()
    flash(say("signed_out"), "ok")
    return redirect("/sign-in", 303)
