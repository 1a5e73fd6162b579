"""Forms: what is typed, bound and checked."""

from flask_wtf import FlaskForm
from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import InputRequired, Length


class SignInForm(FlaskForm):  # type: ignore[misc]
    email = StringField("Email", validators=[InputRequired("Enter your email address"), Length(max=320)])
    password = PasswordField("Password", validators=[InputRequired("Enter your password"), Length(max=1000)])
    next = HiddenField()


def whole(text: str) -> int:
    """A whole number of a form or an address; 0, which is no version and nobody's id, for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
