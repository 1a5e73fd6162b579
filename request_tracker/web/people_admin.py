"""One person as an admin looks after them: who they are, whether they may sign in, their tokens, what is kept."""

import json
from collections.abc import Callable
from typing import NoReturn

from flask import Blueprint, Response, abort, flash, make_response, redirect, render_template, url_for
from flask import request as http
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from request_tracker.access import wiring
from request_tracker.actions import api_tokens, auditing, erase, persons
from request_tracker.actions.persons import NoSuchPerson
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.terms import STAFF, Role
from request_tracker.store import reading_people, reading_person_data
from request_tracker.store.reading_people import PersonView
from request_tracker.web.attachment import attachment
from request_tracker.web.case_forms import NOTHING, Attempt, FormField, a_field, problem_of
from request_tracker.web.forms import not_taken
from request_tracker.web.texts import say

people_admin = Blueprint("people_admin", __name__)
ID = "<int(max=2147483647):person_id>"
AT = f"/admin/people/{ID}"
SURE = "Tick this once you have read what happens"


@people_admin.get(AT)
def show(person_id: int) -> ResponseReturnValue:
    return _page(person_id)


@people_admin.post(AT)
def change(person_id: int) -> ResponseReturnValue:
    def work(session: Session) -> str:
        typed = {name: http.form.get(name, "") for name in ("name", "role", "zone")}
        return "saved" if persons.change(session, person_id, wiring.act(), **typed) else "unchanged"

    return _tried(person_id, "change", work)


@people_admin.post(f"{AT}/deactivate")
def deactivate(person_id: int) -> ResponseReturnValue:
    def work(session: Session) -> str:
        _be_sure()
        done = persons.deactivate(session, person_id, wiring.act())
        return "person_deactivated" if done else "person_inactive_already"

    return _tried(person_id, "deactivate", work)


@people_admin.post(f"{AT}/reactivate")
def reactivate(person_id: int) -> ResponseReturnValue:
    def work(session: Session) -> str:
        return "person_reactivated" if persons.reactivate(session, person_id, wiring.act()) else "unchanged"

    return _tried(person_id, "", work)


@people_admin.post(f"{AT}/password")
def new_password(person_id: int) -> ResponseReturnValue:
    """The page itself shows the password, once: it is kept nowhere, so it cannot be shown after a redirect."""
    try:
        with wiring.transaction() as session:
            password = persons.new_password(session, person_id, wiring.act())
    except Unfit as fault:
        return _page(person_id, Attempt("password", {}, ((fault.field, fault.message),))), 422
    except NoSuchPerson as fault:
        _gone(fault)
    answer = make_response(_page(person_id, password=password))
    answer.headers["Cache-Control"] = "no-store"
    return answer


@people_admin.post(f"{AT}/sign-out")
def sign_out(person_id: int) -> ResponseReturnValue:
    def work(session: Session) -> str:
        persons.sign_out(session, person_id, wiring.act())
        return "person_signed_out"

    return _tried(person_id, "", work)


@people_admin.post(f"{AT}/tokens/<int(max=2147483647):token_id>/revoke")
def revoke(person_id: int, token_id: int) -> ResponseReturnValue:
    def work(session: Session) -> str:
        done = api_tokens.revoke(session, person_id, token_id, wiring.act())
        return "token_revoked" if done else "token_revoked_already"

    return _tried(person_id, "", work)


@people_admin.get(f"{AT}/data")
def data(person_id: int) -> ResponseReturnValue:
    """What is kept about the person, and what erasing would do."""
    return _data_page(person_id)


@people_admin.post(f"{AT}/data.json")
def take_out(person_id: int) -> Response:
    """A post, because it is written down that somebody took it."""
    with wiring.transaction() as session:
        try:
            found = reading_person_data.export(session, person_id, wiring.viewer(), wiring.now())
        except LookupError as fault:
            _gone(fault)
        who = auditing.of_person(person_id)
        auditing.note(session, wiring.act(), "person.exported", who, person=person_id)
    text = json.dumps(found, ensure_ascii=False, indent=2)
    return attachment(text.encode("utf-8", "replace"), f"person-{person_id}.json")


@people_admin.post(f"{AT}/erase")
def erase_all(person_id: int) -> ResponseReturnValue:
    try:
        with wiring.transaction() as session:
            _be_sure()
            found = erase.erase(session, person_id, wiring.act())
    except Unfit as fault:
        return _data_page(person_id, Attempt("erase", {}, (("sure", fault.message),))), 422
    except NoSuchPerson as fault:
        _gone(fault)
    flash(say("person_erased", texts=found.texts, letters=found.letters, requests=found.requests), "ok")
    return redirect(url_for("people_admin.show", person_id=person_id), 303)


def _tried(person_id: int, form_id: str, work: Callable[[Session], str]) -> ResponseReturnValue:
    """Do it and say so, or show the page again with what was typed and what to change."""
    try:
        with wiring.transaction() as session:
            said = work(session)
    except Unfit as fault:
        return _page(person_id, not_taken(form_id, fault)), 422
    except NoSuchPerson as fault:
        _gone(fault)
    flash(say(said), "info" if said == "unchanged" else "ok")
    return redirect(url_for("people_admin.show", person_id=person_id), 303)


def _page(person_id: int, attempt: Attempt = NOTHING, *, password: str = "") -> str:
    view = _view(person_id)
    names = {name: f"{attempt.form_id}-{name}" for name in ("name", "role", "zone", "sure")}
    return render_template(
        "admin/person.html",
        view=view,
        person=view.person,
        is_staff=view.person.role in STAFF,
        fields=_fields(view, attempt),
        sure=_sure(attempt, "deactivate", "They may not sign in any more"),
        form=problem_of(attempt, names),
        password=password,
        is_me=view.person.id == wiring.viewer().id,
    )


def _data_page(person_id: int, attempt: Attempt = NOTHING) -> str:
    view = _view(person_id)
    with wiring.reading() as session:
        counts = reading_person_data.counts(session, person_id)
        obstacles = erase.obstacles(session, view.person)
    return render_template(
        "admin/person_data.html",
        person=view.person,
        is_staff=view.person.role in STAFF,
        counts=counts,
        obstacles=obstacles,
        sure=_sure(attempt, "erase", "Erase it all: nobody can bring it back"),
        form=problem_of(attempt, {"sure": "erase-sure"}),
        most=reading_person_data.MOST,
    )


def _view(person_id: int) -> PersonView:
    with wiring.reading() as session:
        view = reading_people.one(session, person_id, wiring.now())
    if view is None:
        _gone(NoSuchPerson("Nobody here has this number: choose from the list of people"))
    return view


def _fields(view: PersonView, attempt: Attempt) -> tuple[FormField, ...]:
    person = view.person
    offered = [role for role in Role if (role in STAFF) == (person.role in STAFF)]
    return (
        a_field(attempt, "change", "name", "Name", data=person.name),
        a_field(attempt, "change", "role", "Role", kind="select", data=person.role,
                choices=[(str(role), str(role).capitalize()) for role in offered]),
        a_field(attempt, "change", "zone", "Time zone", data=person.zone, hint="Such as Europe/Berlin"),
    )  # fmt: skip


def _sure(attempt: Attempt, form_id: str, label: str) -> FormField:
    return a_field(attempt, form_id, "sure", label)


def _be_sure() -> None:
    if not http.form.get("sure"):
        raise Unfit("sure", SURE)


def _gone(fault: LookupError) -> NoReturn:
    abort(404, str(fault))
