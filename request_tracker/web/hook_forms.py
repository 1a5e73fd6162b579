"""The form of an endpoint of webhooks out: groups of events to tick, and single ones to name."""

from collections.abc import Iterable

from flask_wtf import FlaskForm
from wtforms import SelectMultipleField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # the stubs lag behind
from wtforms.validators import InputRequired

from request_tracker.actions.hooks import Wish
from request_tracker.rules.hooks import GROUPS, kinds, wants
from request_tracker.store.reading_hooks import EndpointRow
from request_tracker.web.case_forms import lines

EVERYTHING = "all"
CHOICES = ((EVERYTHING, "Everything, also what is added later"), *((each.key, each.words) for each in GROUPS))
_PATTERNS = {EVERYTHING: ("*",), **{each.key: each.patterns for each in GROUPS}}


class HookForm(FlaskForm):  # type: ignore[misc]
    url = StringField("Address", validators=[InputRequired()])
    title = StringField("Name")
    events = SelectMultipleField(
        "Events", choices=[SelectChoice(*row) for row in CHOICES], validators=[InputRequired()]
    )
    others = TextAreaField("Other events")

    def wish(self) -> Wish:
        chosen = [pattern for key in self.events.data or () for pattern in _PATTERNS.get(key, ())]
        return Wish(self.url.data or "", self.title.data or "", (*chosen, *lines(self.others.data or "")))


def filled(row: EndpointRow) -> HookForm:
    """The form as the endpoint is."""
    whole = [key for key, patterns in _PATTERNS.items() if set(patterns) <= set(row.events)]
    named = {pattern for key in whole for pattern in _PATTERNS[key]}
    others = "\n".join(each for each in row.events if each not in named)
    return HookForm(formdata=None, data={"url": row.url, "title": row.title, "events": whole, "others": others})


def chosen_words(events: Iterable[str]) -> str:
    """What the endpoint hears of, in words and, where no group has them all, by name."""
    listed = list(events)
    if "*" in listed:
        return "Everything"
    whole = [each for each in GROUPS if set(each.patterns) <= set(listed)]
    named = {pattern for each in whole for pattern in each.patterns}
    return ". ".join([*(each.words for each in whole), *(each for each in listed if each not in named)])


def listed_kinds() -> list[tuple[str, list[str]]]:
    """Every kind there is, by group, for the list below the form."""
    found = [(each.words, [kind for kind in kinds() if wants(each.patterns, kind)]) for each in GROUPS]
    grouped = {kind for _, names in found for kind in names}
    loose = [kind for kind in kinds() if kind not in grouped]
    return [*found, ("Others", loose)] if loose else found
