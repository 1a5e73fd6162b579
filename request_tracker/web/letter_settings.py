"""Everybody's own page: which letters come at once, gathered, or not at all, which always come, and in which zone."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, url_for
from flask import request as http
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from request_tracker.access import wiring
from request_tracker.actions import preferences as action
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.notices import NOTICES, Topic, Way, reaches, topics_of, ways_of
from request_tracker.rules.zones import zones
from request_tracker.store import preferences
from request_tracker.store.preferences import Preference
from request_tracker.web.case_forms import NOTHING, Attempt, FormField, a_field
from request_tracker.web.texts import say

letter_settings = Blueprint("letter_settings", __name__)
_FORM = "letters"
_FOR_STAFF = {"withdrawn": "A request you look after was withdrawn"}


@dataclass(frozen=True)
class Choice:
    """One row of the table: the way shown (as typed), the one in force, all there are, and how it came to be."""

    topic: Topic
    way: Way
    seen: Way
    ways: tuple[Way, ...]
    via: str
    since: datetime | None
    wrong: tuple[str, ...]

    @property
    def id(self) -> str:
        return f"{_FORM}-{self.topic}"


@letter_settings.get("/settings/letters")
def show() -> ResponseReturnValue:
    return _page()


@letter_settings.post("/settings/letters")
def save() -> ResponseReturnValue:
    try:
        with wiring.transaction() as session:
            changed = action.choose(session, _typed(http.form), wiring.act())
            moved = action.live_in(session, http.form.get("zone", "").strip(), wiring.act())
    except Unfit as fault:
        return _page(Attempt(_FORM, dict(http.form.lists()), ((fault.field, fault.message),))), 422
    flash(say("saved") if changed or moved else say("unchanged"), "ok")
    return redirect(url_for("letter_settings.show"), 303)


def _typed(form: MultiDict[str, str]) -> dict[Topic, str]:
    """What was changed on the page: a page left open takes nothing back that a link in a letter did meanwhile."""
    sent = {topic: form[topic] for topic in Topic if topic in form}
    return {topic: way for topic, way in sent.items() if way != form.get(f"seen-{topic}")}


def _page(attempt: Attempt = NOTHING) -> str:
    viewer = wiring.viewer()
    assert viewer.id is not None, "the gate lets in people only"
    with wiring.reading() as session:
        chosen, ways = preferences.chosen(session, viewer.id), preferences.ways(session, viewer.id)
        waiting = preferences.waiting(session, viewer.id)
    choices = [_choice(topic, ways[topic], chosen[topic], attempt) for topic in topics_of(viewer.role)]
    zone = a_field(attempt, _FORM, "zone", "Time zone", data=viewer.zone)
    return render_template(
        "letters/settings.html",
        choices=choices,
        ways=tuple(Way),
        zone=zone,
        zones=zones(),
        wrong=[*_wrong(choices), zone],
        always=_always(),
        waiting=waiting,
        email=viewer.email,
    )


def _choice(topic: Topic, way: Way, row: Preference | None, attempt: Attempt) -> Choice:
    typed = attempt.text(_FORM, topic, way) if attempt.typed.get(topic) else way
    shown = Way(typed) if typed in ways_of(topic) else way
    since = row.changed_at if row else None
    return Choice(topic, shown, way, ways_of(topic), row.via if row else "", since, attempt.wrong(_FORM, topic))


def _wrong(choices: Sequence[Choice]) -> list[FormField]:
    fields = [a_field(NOTHING, _FORM, each.topic, each.topic.words) for each in choices if each.wrong]
    wrong = (each.wrong for each in choices if each.wrong)
    return [
        FormField(field.id, field.name, field.label, errors=errors) for field, errors in zip(fields, wrong, strict=True)
    ]


def _always() -> dict[str, list[str]]:
    """Titles of what always comes to this person, by the reason why."""
    viewer = wiring.viewer()
    found: dict[str, list[str]] = defaultdict(list)
    for notice in NOTICES.values():
        if notice.must and reaches(notice, viewer.role):
            found[notice.because].append(_FOR_STAFF.get(notice.name, notice.title) if viewer.is_staff else notice.title)
    return dict(found)
