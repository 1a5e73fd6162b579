"""Everybody's own settings: name, zone, how dates are written, single keys, password, sessions."""

from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, url_for
from flask import request as http
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy.orm import Session

from request_tracker.access import signin, wiring
from request_tracker.actions import own as actions
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.time_words import LOCALES, instant_words
from request_tracker.rules.zones import zone_named, zone_or_utc, zones
from request_tracker.store import people
from request_tracker.store.people import Person
from request_tracker.web.case_forms import NOTHING, Attempt, FormField, a_field, problem_of
from request_tracker.web.texts import say

own = Blueprint("own", __name__)
ABOUT, PASSWORD = "about", "password"
SECRETS = frozenset({"old", "new", "again"})


@own.get("/settings")
def index() -> ResponseReturnValue:
    """`?zone=` offers the zone of the browser: it stands in the form, and is kept when the form is sent."""
    return _page()


@own.post("/settings")
def save() -> ResponseReturnValue:
    form = http.form
    typed = actions.Choices(
        form.get("name", ""), form.get("zone", ""), form.get("locale", ""), form.get("single_keys") == "on"
    )
    try:
        with wiring.transaction() as session:
            changed = actions.choose(session, typed, wiring.act())
    except Unfit as fault:
        return _page(_attempt(ABOUT, fault.field, fault.message)), 422
    flash(say("saved" if changed else "unchanged"), "ok")
    return redirect(url_for("own.index"), 303)


@own.post("/settings/password")
def password() -> ResponseReturnValue:
    """The old one is asked, and asked as slowly as at the sign-in; this session goes on, all others end."""
    try:
        with wiring.transaction() as session:
            signin.must_not_be_guessing(session, wiring.viewer().email, wiring.now())
            old, new, again = (http.form.get(name, "") for name in ("old", "new", "again"))
            changed = _entered(session, actions.new_password(session, old, new, again, wiring.act()))
    except Unfit as fault:
        return _page(_attempt(PASSWORD, fault.field, fault.message)), 422
    except signin.TooMany as wait:
        return _page(_attempt(PASSWORD, "old", str(wait))), 429
    if changed is None:
        return _page(_attempt(PASSWORD, "old", say("old_password_wrong"))), 422
    signin.enter(changed)
    flash(say("password_changed"), "ok")
    return redirect(url_for("own.index"), 303)


@own.post("/settings/sessions")
def end_sessions() -> ResponseReturnValue:
    """A lost telephone, a borrowed computer: whoever is signed in elsewhere has to sign in again."""
    with wiring.transaction() as session:
        here = _entered(session, actions.end_sessions(session, wiring.act()))
    assert here is not None, "the gate lets in people only"
    signin.enter(here)
    flash(say("sessions_ended"), "ok")
    return redirect(url_for("own.index"), 303)


def _entered(session: Session, person: Person | None) -> signin.SignedIn | None:
    viewer = people.viewer(session, person.id) if person else None
    return signin.SignedIn(viewer, person.session_key) if viewer and person else None


def _attempt(form_id: str, field: str, message: str) -> Attempt:
    """What was typed, but no password."""
    kept = {name: values for name, values in http.form.lists() if name not in SECRETS}
    return Attempt(form_id, kept, ((field, message),))


def _page(attempt: Attempt = NOTHING) -> str:
    viewer, now = wiring.viewer(), wiring.now()
    with wiring.reading() as session:
        has_password = session.get_one(Person, viewer.id).password_hash is not None
    offered = zone_named(http.args.get("zone", "")[:60])
    fields = _about(attempt, offered or viewer.zone, now) | _password(attempt)
    return render_template(
        "own/index.html",
        fields=fields,
        form=problem_of(attempt, {each.name: each.id for each in fields.values()}),
        offered=offered if offered != viewer.zone else "",
        zones=zones(),
        has_password=has_password,
        email=viewer.email,
        keys_on=attempt.text(ABOUT, "single_keys", "on" if viewer.single_keys else "") == "on",
    )


def _about(attempt: Attempt, zone: str, now: datetime) -> dict[str, FormField]:
    viewer = wiring.viewer()
    local = now.astimezone(zone_or_utc(zone))
    looks = tuple(
        (tag, Markup("{}: {}").format(each.label, instant_words(local, tag))) for tag, each in LOCALES.items()
    )
    return {
        "name": a_field(attempt, ABOUT, "name", "Your name", data=viewer.name),
        "zone": a_field(attempt, ABOUT, "zone", "Time zone", data=zone),
        "locale": a_field(attempt, ABOUT, "locale", "Dates, times and numbers", data=viewer.locale, choices=looks),
    }


def _password(attempt: Attempt) -> dict[str, FormField]:
    labels = {"old": "Password you have", "new": "New password", "again": "New password again"}
    return {name: a_field(attempt, PASSWORD, name, label) for name, label in labels.items()}
