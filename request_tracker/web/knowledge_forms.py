"""The forms of what matching knows, and of the policy for automatic merging. The actions say what cannot be taken."""

from typing import Any

from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # the stubs lag behind
from wtforms.validators import InputRequired

from request_tracker.actions.offers import OFFERED_KINDS
from request_tracker.rules.claims import HOST_KINDS, KINDS

OFFERED = (
    ("confirmed", "another name of it"),
    *((kind, f"its {KINDS[kind]}") for kind in OFFERED_KINDS if kind != "confirmed"),
)
"""Kinds a specialist may choose at a merge, the plainest first."""


def _choices(rows: dict[str, str]) -> list[Any]:
    return [SelectChoice(value, label[0].upper() + label[1:]) for value, label in rows.items()]


class AliasForm(FlaskForm):  # type: ignore[misc]
    canonical = StringField(
        "Today's name",
        validators=[InputRequired()],
        description="What the service is called now; for a domain, its name or its present domain",
    )
    alias = StringField(
        "Other name or domain", validators=[InputRequired()], description="What people may still write instead"
    )
    kind = SelectField("Kind", choices=_choices(dict(KINDS)), validators=[InputRequired()])
    source = StringField(
        "Source",
        validators=[InputRequired()],
        description="Where this is known from, such as “vendor announcement 2023”",
    )


class HostForm(FlaskForm):  # type: ignore[misc]
    host = StringField(
        "Host", validators=[InputRequired()], description="Such as readme.io: every vendor has pages below it"
    )
    kind = SelectField("Kind", choices=_choices(dict(HOST_KINDS)), validators=[InputRequired()])


class FamilyForm(FlaskForm):  # type: ignore[misc]
    name = StringField("Company", validators=[InputRequired()], description="Its name tells no product by itself")
    domain = StringField(
        "Shared domain", validators=[InputRequired()], description="The domain on which its products live together"
    )
    source = StringField("Source", validators=[InputRequired()], description="Where this is known from")


class FileForm(FlaskForm):  # type: ignore[misc]
    file = FileField("CSV file", validators=[InputRequired()])


class MergingForm(FlaskForm):  # type: ignore[misc]
    on = RadioField("Automatic merging", choices=_choices({"yes": "on", "no": "off"}), validators=[InputRequired()])
    from_score = StringField("From which likeness on, of 100", validators=[InputRequired()])
    reason = TextAreaField("Why", validators=[InputRequired()])
