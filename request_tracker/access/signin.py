"""Local accounts: e-mail and password (argon2), the session cookie, sign-in that is slow to guess."""

import secrets
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from flask import flash, g, redirect, url_for
from flask import request as http
from flask.typing import ResponseReturnValue
from flask_login import UserMixin, login_user, logout_user
from sqlalchemy.orm import Session

from request_tracker.access import wiring
from request_tracker.rules.people import Viewer
from request_tracker.store import passwords, people
from request_tracker.store.people import Person

PATIENCE = timedelta(minutes=15)
MOST_FAILURES = 10
NOT_SENT = "You are not signed in any more, so nothing was sent. Sign in, then fill in the form again."


class TooMany(Exception):
    """Somebody is guessing; the message says how long to wait."""


class SignedIn(UserMixin):  # type: ignore[misc]
    """Flask-Login's view of a person. The session key changes with the password, which ends old sessions."""

    def __init__(self, viewer: Viewer, session_key: str) -> None:
        self.viewer = viewer
        self.session_key = session_key

    def get_id(self) -> str:
        return f"{self.viewer.id}:{self.session_key}"


def load(cookie_id: str) -> SignedIn | None:
    """The person behind a session cookie, if they are still active and the key still fits."""
    person_id, _, key = cookie_id.partition(":")
    if not person_id.isdigit():
        return None
    with wiring.reading() as session:
        found = people.known(session, int(person_id))
    if found is None or not secrets.compare_digest(found.session_key, key):
        return None
    return SignedIn(found.viewer, found.session_key)


def check(session: Session, email: str, password: str, now: datetime) -> SignedIn | None:
    """The person with this address and password. Takes as long for an unknown address as for a known one.

    Raises TooMany after ten failures for one address within a quarter of an hour.
    """
    must_not_be_guessing(session, email, now)
    person = people.by_email(session, email)
    if not passwords.fits(person.password_hash if person else None, password) or person is None:
        passwords.note_failure(session, email, now)
        return None
    viewer = people.viewer(session, person.id)
    return SignedIn(viewer, person.session_key) if viewer else None


def must_not_be_guessing(session: Session, email: str, now: datetime) -> None:
    """Raises TooMany after ten wrong passwords for one address within a quarter of an hour."""
    if passwords.failures(session, email, now - PATIENCE) >= MOST_FAILURES:
        raise TooMany(f"Too many attempts: wait {int(PATIENCE.total_seconds() // 60)} minutes and try again")


def enter(user: SignedIn) -> None:
    login_user(user)
    g.viewer = user.viewer


def leave() -> None:
    """Sign out: the session key changes, so that a cookie kept from before opens nothing."""
    with wiring.transaction() as session:
        person = session.get(Person, g.viewer.id)
        if person is not None:
            person.session_key = secrets.token_urlsafe(18)
    logout_user()


def sign_in_page(next_path: str) -> ResponseReturnValue:
    return redirect(url_for("signin.form", next=next_path or None), 303)


def sign_in_again() -> ResponseReturnValue:
    """For a form sent by somebody who is not signed in (any more): back to the page it was on, afterwards."""
    if http.endpoint == "signin.leave":
        return sign_in_page("")
    flash(NOT_SENT, "problem")
    page = urlsplit(http.referrer or "")
    there = f"{page.path}?{page.query}" if page.query else page.path
    return sign_in_page(there if page.netloc == http.host and page.path != url_for("signin.form") else "")


def local_path(target: str) -> str:
    """Where to go after signing in: a path on this site, never another host."""
    parts = urlsplit(target)
    plain = target.isprintable()
    safe = (
        plain
        and target.startswith("/")
        and not target.startswith(("//", "/\\"))
        and not parts.netloc
        and not parts.scheme
    )
    return target if safe else "/"
