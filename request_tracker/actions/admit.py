"""People are admitted, with the customer account they belong to."""

import secrets
from datetime import datetime

from sqlalchemy.orm import Session

from request_tracker.store import passwords
from request_tracker.store.people import Person


def add_person(
    session: Session,
    *,
    email: str,
    name: str,
    role: str,
    account_id: int | None,
    password: str | None,
    now: datetime,
    zone: str = "UTC",
) -> Person:
    """A new person; without a password they can use API tokens only."""
    person = Person(
        email=email.strip().lower(),
        name=name,
        role=role,
        account_id=account_id,
        password_hash=passwords.hashed(password) if password else None,
        zone=zone,
        session_key=secrets.token_urlsafe(18),
        created_at=now,
    )
    session.add(person)
    session.flush()
    return person
