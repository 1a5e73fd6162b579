"""What everybody decides for themselves: name, zone, how dates are written, single keys, password, other sessions."""

import secrets
from dataclasses import dataclass

from sqlalchemy.orm import Session

from request_tracker.actions import auditing
from request_tracker.actions.unfit import Unfit, name_given
from request_tracker.rules.people import Act
from request_tracker.rules.time_words import LOCALES
from request_tracker.rules.zones import zone_missing, zone_named
from request_tracker.store import passwords
from request_tracker.store.people import Person

SHORTEST, LONGEST = 12, 1000


@dataclass(frozen=True)
class Choices:
    """As typed: the name, an IANA zone however it is capitalised, a tag of `time_words.LOCALES`."""

    name: str
    zone: str
    locale: str
    single_keys: bool


def choose(session: Session, typed: Choices, act: Act) -> bool:
    """Keep what the person chose for themselves; True when something is other than before. Raises Unfit."""
    person = _self(session, act)
    name = name_given("name", typed.name, "Enter your name")
    new = (name, _zone(typed.zone), _locale(typed.locale), typed.single_keys)
    before = (person.name, person.zone, person.locale, person.single_keys)
    person.name, person.zone, person.locale, person.single_keys = new
    if before[0] != new[0]:
        auditing.note(session, act, "person.renamed", auditing.of_person(person.id), person=person.id)
    return before != new


def new_password(session: Session, old: str, new: str, again: str, act: Act) -> Person | None:
    """Another password for whoever knows the one in force; sessions and links of old end with it.

    None where the old one is wrong: the failure is counted like one at the sign-in. Raises Unfit.
    """
    person = _self(session, act)
    if person.password_hash is None:
        raise Unfit("old", "You sign in another way: there is no password here to change")
    _must_fit(new, again)
    if not passwords.fits(person.password_hash, old):
        passwords.note_failure(session, person.email, act.now)
        return None
    if old == new:
        raise Unfit("new", "This is the password you have: choose another")
    person.password_hash = passwords.hashed(new)
    end_sessions(session, act)
    auditing.note(session, act, "person.password_changed", auditing.of_person(person.id))
    return person


def end_sessions(session: Session, act: Act) -> Person:
    """Every session of the person ends: the key in their cookies fits no more."""
    person = _self(session, act)
    person.session_key = secrets.token_urlsafe(18)
    return person


def put_welcome_away(session: Session, act: Act) -> None:
    """The words of the first visit are not shown again. Idempotent."""
    person = _self(session, act)
    person.welcomed_at = person.welcomed_at or act.now


def _must_fit(new: str, again: str) -> None:
    if len(new.strip()) < SHORTEST or len(new) > LONGEST:
        raise Unfit("new", f"Use at least {SHORTEST} characters: a few words in a row are easy to keep in mind")
    if new != again:
        raise Unfit("again", "This is not what you typed above: type the new password twice")


def _self(session: Session, act: Act) -> Person:
    return session.get_one(Person, act.who.id, with_for_update=True)


def _zone(typed: str) -> str:
    named = zone_named(typed)
    if not named:
        raise Unfit("zone", zone_missing(typed))
    return named


def _locale(typed: str) -> str:
    if typed not in LOCALES:
        raise Unfit("locale", "Choose how dates are written from the list")
    return typed
