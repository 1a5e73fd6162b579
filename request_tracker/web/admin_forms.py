"""The admin's forms."""

from collections.abc import Iterable

from flask_wtf import FlaskForm
from wtforms import PasswordField, SelectField, StringField, ValidationError
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # the stubs lag behind
from wtforms.validators import InputRequired, Length, Optional

from request_tracker.rules.terms import Role

ROLES = tuple((role.value, role.value.capitalize()) for role in Role)
SHORTEST = 12


class PersonForm(FlaskForm):  # type: ignore[misc]
    email = StringField("Email", validators=[InputRequired("Enter the email address"), Length(max=320)])
    name = StringField("Name", validators=[InputRequired("Enter the name"), Length(max=200)])
    role = SelectField("Role", choices=[SelectChoice(*row) for row in ROLES], validators=[InputRequired()])
    account = StringField("Customer account", validators=[Length(max=200)])
    password = PasswordField(
        "Password",
        validators=[Optional(), Length(min=SHORTEST, max=1000, message=f"Use at least {SHORTEST} characters")],
    )

    def validate_email(self, field: StringField) -> None:
        name, at, host = (field.data or "").strip().partition("@")
        if not (name and at and "." in host) or any(sign.isspace() for sign in host):
            raise ValidationError("Enter an email address like ada@example.com")

    def validate_account(self, field: StringField) -> None:
        named = bool((field.data or "").strip())
        if self.role.data == Role.REQUESTER and not named:
            raise ValidationError("Name the customer account: a requester belongs to one")
        if self.role.data != Role.REQUESTER and named:
            raise ValidationError("Leave this empty: staff belong to no customer account")


class GroupForm(FlaskForm):  # type: ignore[misc]
    account_id = SelectField("Customer account", validators=[InputRequired("Choose a customer account")])
    group_id = StringField("Fivetran group", validators=[InputRequired("Enter the id of the Fivetran group")])

    def offer(self, accounts: Iterable[tuple[str, str]]) -> None:
        """The accounts to choose from, as (id, name)."""
        self.account_id.choices = [SelectChoice(*row) for row in accounts]
