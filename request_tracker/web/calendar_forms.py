"""The forms of the calendar, its days off and the targets. The actions and rules say what cannot be taken."""

from collections.abc import Iterable

from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import RadioField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # the stubs lag behind
from wtforms.validators import InputRequired

from request_tracker.rules.targets import BY_KEY, OWN, label_of

LABELS = {key: label_of(key) for key in (*BY_KEY, OWN)}


class CalendarForm(FlaskForm):  # type: ignore[misc]
    """Its fields are those of rules/calendar_typed, and why."""

    zone = StringField("Time zone", validators=[InputRequired()])
    monday = StringField("Monday")
    tuesday = StringField("Tuesday")
    wednesday = StringField("Wednesday")
    thursday = StringField("Thursday")
    friday = StringField("Friday")
    saturday = StringField("Saturday")
    sunday = StringField("Sunday")
    reason = TextAreaField("Why", validators=[InputRequired()])


class DayForm(FlaskForm):  # type: ignore[misc]
    day = StringField("Date", validators=[InputRequired()])
    name = StringField("Name", validators=[InputRequired()])


class FileForm(FlaskForm):  # type: ignore[misc]
    file = FileField("Calendar file", validators=[InputRequired()])


class LibraryForm(FlaskForm):  # type: ignore[misc]
    country = SelectField("Country", choices=[], validate_choice=False, validators=[InputRequired()])
    part = StringField("State, region or canton")
    years = StringField("Years", validators=[InputRequired()])


class ChosenForm(FlaskForm):  # type: ignore[misc]
    days = SelectMultipleField("Days", choices=[], validate_choice=False, validators=[InputRequired()])


class TakeOutForm(ChosenForm):
    reason = StringField("Why these are working days again", validators=[InputRequired()])


class TargetsForm(FlaskForm):  # type: ignore[misc]
    """Its numbers are those of rules/targets.TARGETS."""

    preset = RadioField(
        "Which numbers",
        choices=[SelectChoice(key, label) for key, label in LABELS.items()],
        validators=[InputRequired()],
    )
    review = StringField("Review")
    build = StringField("Build")
    build_again = StringField("Build again")
    first_sync = StringField("First sync")
    starter_ready = StringField("Starter ready")
    consult_offer = StringField("Consultation offered")
    reason = TextAreaField("Why", validators=[InputRequired()])


def marked(form: FlaskForm, faults: Iterable[tuple[str, str]]) -> FlaskForm:
    """The form with each fault beside its field, or above all where it is about no single one."""
    for name, message in faults:
        if name in form:
            form[name].errors = [*form[name].errors, message]
        else:
            form.form_errors = [*form.form_errors, message]
    return form
