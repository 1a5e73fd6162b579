"""The log of what was done to the program itself, newest first, and the verifications of chains."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from request_tracker.rules.auditing import sentence
from request_tracker.store import chain_checks
from request_tracker.store.audit_entries import AuditEntry
from request_tracker.store.chain_checks import ChainCheck
from request_tracker.store.people import Person

BATCH = 1_000


@dataclass(frozen=True)
class Wanted:
    """`family`: the first part of an act; `who`: a person's id, 0 for the system; `since`, `before`: instants."""

    family: str = ""
    who: int | None = None
    since: datetime | None = None
    before: datetime | None = None


@dataclass(frozen=True)
class Line:
    """`person_id`: whom it was done to, where it was a person; their name stands in the sentence."""

    id: int
    at: datetime
    who: str
    who_id: int | None
    act: str
    said: str
    person_id: int | None
    data: dict[str, object]


@dataclass(frozen=True)
class Check:
    """A verification of all chains; `by` is empty for the nightly one."""

    row: ChainCheck
    by: str


def page(
    session: Session, wanted: Wanted, *, limit: int, before_id: int | None = None
) -> tuple[tuple[Line, ...], int | None]:
    """Entries, and the id before which the next page begins. Two statements."""
    found = _wanted(wanted)
    if before_id is not None:
        found = found.where(AuditEntry.id < before_id)
    rows = list(session.scalars(found.order_by(AuditEntry.id.desc()).limit(limit + 1)))
    lines = _lines(session, rows[:limit])
    return lines, lines[-1].id if len(rows) > limit else None


def every(session: Session, wanted: Wanted, *, most: int) -> Iterator[Line]:
    """The entries for a file, in batches."""
    before, left = None, most
    while left > 0:
        lines, before = page(session, wanted, limit=min(BATCH, left), before_id=before)
        yield from lines
        left -= len(lines)
        if before is None:
            return


def actors(session: Session) -> list[tuple[int, str]]:
    """Whoever stands in the log as the one who did something."""
    ids = select(AuditEntry.actor_id).where(AuditEntry.actor_id.is_not(None)).distinct()
    found = select(Person.id, Person.name).where(Person.id.in_(ids)).order_by(Person.name, Person.id)
    return [(row.id, row.name) for row in session.execute(found)]


def checks(session: Session, *, limit: int = 20) -> tuple[Check, ...]:
    rows = chain_checks.newest(session, limit=limit)
    names = _names(session, {row.by_id for row in rows if row.by_id})
    return tuple(Check(row, names.get(row.by_id or 0, "")) for row in rows)


def _wanted(wanted: Wanted) -> Select[AuditEntry]:
    found = select(AuditEntry)
    if wanted.family:
        found = found.where(AuditEntry.act.startswith(f"{wanted.family}.", autoescape=True))
    if wanted.who is not None:
        found = found.where(AuditEntry.actor_id == wanted.who if wanted.who else AuditEntry.actor_id.is_(None))
    if wanted.since is not None:
        found = found.where(AuditEntry.at >= wanted.since)
    return found.where(AuditEntry.at < wanted.before) if wanted.before is not None else found


def _lines(session: Session, rows: list[AuditEntry]) -> tuple[Line, ...]:
    of_people = {row.id: int(row.data["person"]) for row in rows if isinstance(row.data.get("person"), int)}
    names = _names(session, {*of_people.values(), *(row.actor_id for row in rows if row.actor_id)})
    return tuple(_line(row, names, of_people.get(row.id)) for row in rows)


def _line(row: AuditEntry, names: dict[int, str], person_id: int | None) -> Line:
    """People are named as they are named today."""
    about_person = person_id is not None and row.subject == f"person {person_id}"
    subject = names.get(person_id or 0, row.subject) if about_person else row.subject
    who = names.get(row.actor_id, f"person {row.actor_id}") if row.actor_id else "The system"
    said = sentence(row.act, subject, row.data)
    return Line(row.id, row.at, who, row.actor_id, row.act, said, person_id, dict(row.data))


def _names(session: Session, ids: set[int]) -> dict[int, str]:
    found = select(Person.id, Person.name).where(Person.id.in_(ids))
    return {row.id: row.name for row in session.execute(found)} if ids else {}
