"""Forms: what is typed, bound and checked."""

import re
from uuid import uuid4

from flask import request as http
from flask_wtf import FlaskForm
from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import InputRequired, Length

from request_tracker.actions.unfit import Unfit
from request_tracker.web.case_forms import Attempt


class SignInForm(FlaskForm):  # type: ignore[misc]
    email = StringField("Email", validators=[InputRequired("Enter your email address"), Length(max=320)])
    password = PasswordField("Password", validators=[InputRequired("Enter your password"), Length(max=1000)])
    next = HiddenField()


def not_taken(form_id: str, fault: Unfit) -> Attempt:
    """The form as it was sent, with what was wrong with it: for pages that show it again (422)."""
    return Attempt(form_id, http.form.to_dict(flat=False), ((fault.field, fault.message),))


def one_time_key(given: str) -> str:
    """The key that makes a form sent twice one: as sent, or a fresh one where it is missing or was tampered with."""
    return given if re.fullmatch(r"[0-9a-f]{32}", given) else uuid4().hex


def whole(text: str) -> int:
    """A whole number of a form or an address; 0, which is no version and nobody's id, for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
