"""What admins and leads do to the program itself is written down, in the transaction in which they do it."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from request_tracker.rules import auditing
from request_tracker.rules.people import Act
from request_tracker.rules.strangers import plain
from request_tracker.store.audit_entries import AuditEntry


def note(session: Session, act: Act, what: str, subject: str, /, **data: Any) -> AuditEntry:
    """Write down that `act.who` did `what` (a word of rules.auditing.ACTS) to `subject`.

    People are named by their id (`of_person`), never by name or address: the log outlives an erasure. Texts are put on
    one line and cut. Raises ValueError for a word that is not on the list, and for data that names a secret.
    """
    if fault := auditing.fault_of(what, data):
        raise ValueError(fault)
    row = AuditEntry(
        at=act.now,
        actor_id=act.who.id,
        act=what,
        subject=plain(subject, auditing.LONGEST_SUBJECT),
        data={key: _kept(value) for key, value in data.items()},
    )
    session.add(row)
    session.flush()
    return row


def of_person(person_id: int) -> str:
    """How a person is named in the log: the page puts the name there that they have today."""
    return f"person {person_id}"


def _kept(value: Any) -> Any:
    """As JSON keeps it."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): _kept(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_kept(each) for each in value]
    return plain(value, auditing.LONGEST_VALUE)
