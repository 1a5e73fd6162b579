"""Everything that is kept about one person, for them to have: bounded, in plain values, without secrets."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from request_tracker.rules.people import Viewer
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.terms import Role
from request_tracker.store import passwords
from request_tracker.store.absences import Absence
from request_tracker.store.audit_entries import AuditEntry
from request_tracker.store.cases import case_number
from request_tracker.store.connections import Connection
from request_tracker.store.documents import Document
from request_tracker.store.drafts import DOCUMENT, Draft
from request_tracker.store.holds import Comment
from request_tracker.store.letters import Letter
from request_tracker.store.people import Account, Person
from request_tracker.store.preferences import Preference
from request_tracker.store.requests import Request, request_number
from request_tracker.store.timeline import Entry, EntryText
from request_tracker.store.tokens import Token

MOST = 5_000
"""Rows of each kind; the file says where there were more."""

Row = dict[str, Any]


def export(session: Session, person_id: int, viewer: Viewer, now: datetime) -> Row:
    """`{about, person, requests, …}`. Raises NotAllowed, LookupError for a person who is not there."""
    if viewer.role is not Role.ADMIN and viewer.id != person_id:
        raise NotAllowed("Only an admin, and the person, may take out what is kept about somebody")
    person = session.get(Person, person_id)
    if person is None:
        raise LookupError("Nobody here has this number: choose from the list of people")
    parts: dict[str, Any] = {name: part(session, person) for name, part in _PARTS.items()}
    return {
        "about": {"taken_at": now.isoformat(), "at_most": MOST, "cut": [k for k, v in parts.items() if len(v) > MOST]},
        "person": _person(session, person),
        **{name: rows[:MOST] for name, rows in parts.items()},
        "failed_sign_ins": passwords.failures(session, person.email, datetime.fromtimestamp(0, tz=now.tzinfo)),
    }


def _person(session: Session, row: Person) -> Row:
    account = session.get(Account, row.account_id) if row.account_id else None
    kept = ("email", "name", "role", "zone", "locale", "single_keys", "active")
    told = {name: getattr(row, name) for name in kept}
    return {"id": row.id, **told, "account": account.name if account else None, "created_at": _plain(row.created_at),
            "has_password": row.password_hash is not None, "welcomed_at": _plain(row.welcomed_at)}  # fmt: skip


def _requests(session: Session, person: Person) -> list[Row]:
    kept = (
        "service_name", "service_url", "api_docs_url", "use_case", "data_needed", "auth_kind", "sandbox",
        "endpoint_count", "custom_fields", "group_wanted", "fivetran_role", "also_tell", "would_preview", "created_at",
        "withdrawn_at",
    )  # fmt: skip
    rows = session.scalars(_some(select(Request).where(Request.person_id == person.id), Request.id))
    return [{"number": row.number, "case": case_number(row.case_id), **_kept(row, kept)} for row in rows]


def _documents(session: Session, person: Person) -> list[Row]:
    theirs = Document.request_id.in_(select(Request.id).where(Request.person_id == person.id))
    shown = select(
        Document.request_id, Document.filename, Document.media_type, Document.size, Document.created_at,
        Document.forgotten_at, Document.id,
    ).where(theirs)  # fmt: skip
    kept = ("filename", "media_type", "size", "created_at", "forgotten_at")
    rows = session.execute(_some(shown, Document.id))
    return [{"request": request_number(row.request_id), **_kept(row, kept)} for row in rows]


def _comments(session: Session, person: Person) -> list[Row]:
    rows = session.scalars(_some(select(Comment).where(Comment.author_id == person.id), Comment.id))
    return [{"case": case_number(row.case_id), **_kept(row, ("internal", "body", "at"))} for row in rows]


def _letters(session: Session, person: Person) -> list[Row]:
    kept = ("notice", "to_address", "subject", "text", "state", "created_at", "sent_at")
    found = select(*(getattr(Letter, name) for name in kept), Letter.id).where(Letter.person_id == person.id)
    return [_kept(row, kept) for row in session.execute(_some(found, Letter.id))]


def _entries(session: Session, person: Person) -> list[Row]:
    found = (
        select(Entry.case_id, Entry.kind, Entry.at, EntryText.body, EntryText.erased_at)
        .outerjoin(EntryText, EntryText.entry_id == Entry.id)
        .where(Entry.actor_id == person.id)
    )
    kept = ("kind", "at", "body", "erased_at")
    return [{"case": case_number(row.case_id), **_kept(row, kept)} for row in session.execute(_some(found, Entry.id))]


def _tokens(session: Session, person: Person) -> list[Row]:
    rows = session.scalars(_some(select(Token).where(Token.person_id == person.id), Token.id))
    return [_kept(row, ("id", "scope", "created_at", "expires_at", "revoked_at")) for row in rows]


def _preferences(session: Session, person: Person) -> list[Row]:
    found = select(Preference).where(Preference.person_id == person.id)
    return [
        _kept(row, ("topic", "way", "via", "changed_at")) for row in session.scalars(_some(found, Preference.topic))
    ]


def _drafts(session: Session, person: Person) -> list[Row]:
    rows = session.scalars(select(Draft).where(Draft.person_id == person.id))
    return [
        {"updated_at": _plain(row.updated_at), **{k: v for k, v in row.data.items() if k != DOCUMENT}} for row in rows
    ]


def _connections(session: Session, person: Person) -> list[Row]:
    """Starter connectors made for them; credentials are never ours."""
    found = select(Connection).join(Request, Request.id == Connection.request_id).where(Request.person_id == person.id)
    rows = session.scalars(_some(found, Connection.id))
    return [{"case": case_number(row.case_id), **_kept(row, ("state", "group_id", "connection_id"))} for row in rows]


def _absences(session: Session, person: Person) -> list[Row]:
    rows = session.scalars(_some(select(Absence).where(Absence.person_id == person.id), Absence.id))
    return [_kept(row, ("first_day", "last_day", "note")) for row in rows]


def _deeds(session: Session, person: Person) -> list[Row]:
    rows = session.scalars(_some(select(AuditEntry).where(AuditEntry.actor_id == person.id), AuditEntry.id))
    return [_kept(row, ("at", "act", "subject")) for row in rows]


_PARTS: dict[str, Callable[[Session, Person], list[Row]]] = {
    "requests": _requests,
    "documents": _documents,
    "comments": _comments,
    "letters": _letters,
    "timeline": _entries,
    "tokens": _tokens,
    "letter_settings": _preferences,
    "drafts": _drafts,
    "connections": _connections,
    "absences": _absences,
    "log": _deeds,
}


def counts(session: Session, person_id: int) -> dict[str, int]:
    """How much there is of what a person wrote, for the page that asks before it is erased."""
    own = {
        "requests": select(func.count()).where(Request.person_id == person_id),
        "comments": select(func.count()).where(Comment.author_id == person_id),
        "letters": select(func.count()).where(Letter.person_id == person_id),
        "texts": select(func.count())
        .select_from(EntryText)
        .join(Entry, Entry.id == EntryText.entry_id)
        .where(Entry.actor_id == person_id, EntryText.erased_at.is_(None)),
    }
    return {name: session.scalar(found) or 0 for name, found in own.items()}


def _some(found: Select[*tuple[Any, ...]], order: Any) -> Select[*tuple[Any, ...]]:
    return found.order_by(order).limit(MOST + 1)


def _kept(row: Any, names: Iterable[str]) -> Row:
    return {name: _plain(getattr(row, name)) for name in names}


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
