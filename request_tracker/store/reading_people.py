"""People and customer accounts as an admin looks after them: found, listed page by page, one by one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select, tuple_
from sqlalchemy.orm import Session

from request_tracker.store.cases import Case, case_number
from request_tracker.store.people import Account, AccountGroup, Person
from request_tracker.store.requests import Request, request_number
from request_tracker.store.tokens import Token

NAMED = 20
MOST_TOKENS = 100


@dataclass(frozen=True)
class Filter:
    """`find`: a part of a name or an address; `role`: one of them, or empty; `state`: active, inactive or empty."""

    find: str = ""
    role: str = ""
    state: str = ""
    account_id: int | None = None


@dataclass(frozen=True)
class PersonLine:
    id: int
    email: str
    name: str
    role: str
    account: str
    account_id: int | None
    active: bool
    has_password: bool
    erased: bool


@dataclass(frozen=True)
class TokenLine:
    """`state`: open, expired or revoked."""

    id: int
    scope: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    state: str


@dataclass(frozen=True)
class Lines:
    """Some numbers of cases or requests, and whether there are more."""

    numbers: tuple[str, ...]
    more: bool


@dataclass(frozen=True)
class PersonView:
    """`assigned`: live cases they work on; `leads`: live cases whose main contact they are; `asked`: their requests."""

    person: Person
    account: str
    tokens: tuple[TokenLine, ...]
    assigned: Lines
    leads: Lines
    asked: Lines


@dataclass(frozen=True)
class AccountLine:
    id: int
    name: str
    people: int
    requests: int
    live: int
    groups: tuple[str, ...]


def page(
    session: Session, wanted: Filter, *, limit: int, after: tuple[str, int] | None = None
) -> tuple[tuple[PersonLine, ...], tuple[str, int] | None]:
    """People by name, and where the next page begins. One statement."""
    found = _wanted(wanted)
    if after is not None:
        found = found.where(tuple_(Person.name, Person.id) > tuple_(*after))
    rows = session.execute(found.order_by(Person.name, Person.id).limit(limit + 1)).all()
    lines = tuple(
        PersonLine(
            p.id, p.email, p.name, p.role, account or "", p.account_id, p.active, p.password_hash is not None,
            p.erased_at is not None,
        )
        for p, account in rows[:limit]
    )  # fmt: skip
    return lines, (lines[-1].name, lines[-1].id) if len(rows) > limit else None


def one(session: Session, person_id: int, now: datetime) -> PersonView | None:
    row = session.execute(
        select(Person, Account.name).outerjoin(Account, Account.id == Person.account_id).where(Person.id == person_id)
    ).first()
    if row is None:
        return None
    asked = select(Request.id).where(Request.person_id == person_id)
    return PersonView(
        row[0],
        row[1] or "",
        tokens_of(session, person_id, now),
        _lines(session, assigned_to(person_id).order_by(Case.id), case_number),
        _lines(session, led_by(person_id).order_by(Case.id), case_number),
        _lines(session, asked.order_by(Request.id.desc()), request_number),
    )


def led_by(person_id: int) -> Select[int]:
    """Ids of the live cases whose main contact they are."""
    found = select(Case.id).join(Request, Request.id == Case.primary_request_id)
    return found.where(Request.person_id == person_id, Request.withdrawn_at.is_(None), Case.outcome.is_(None))


def assigned_to(person_id: int) -> Select[int]:
    """Ids of the live cases they work on."""
    return select(Case.id).where(Case.assignee_id == person_id, Case.outcome.is_(None))


def tokens_of(session: Session, person_id: int, now: datetime) -> tuple[TokenLine, ...]:
    """The newest tokens of a person, without what opens anything."""
    found = select(Token).where(Token.person_id == person_id).order_by(Token.id.desc()).limit(MOST_TOKENS)
    return tuple(
        TokenLine(row.id, row.scope, row.created_at, row.expires_at, row.revoked_at, _state(row, now))
        for row in session.scalars(found)
    )


def accounts(
    session: Session, find: str, *, limit: int, after: tuple[str, int] | None = None
) -> tuple[tuple[AccountLine, ...], tuple[str, int] | None]:
    """Customer accounts by name with their figures, and where the next page begins. Five statements."""
    found = select(Account.id, Account.name).where(_like(Account.name, find) if find else Account.id > 0)
    if after is not None:
        found = found.where(tuple_(Account.name, Account.id) > tuple_(*after))
    rows = session.execute(found.order_by(Account.name, Account.id).limit(limit + 1)).all()
    lines = _account_lines(session, rows[:limit])
    return lines, (lines[-1].name, lines[-1].id) if len(rows) > limit else None


def account(session: Session, account_id: int) -> tuple[AccountLine, Lines] | None:
    """One account and its newest requests; None where there is no such account."""
    row = session.get(Account, account_id)
    if row is None:
        return None
    newest = select(Request.id).where(Request.account_id == account_id).order_by(Request.id.desc())
    return _account_lines(session, [row])[0], _lines(session, newest, request_number)


def _account_lines(session: Session, rows: Sequence[Any]) -> tuple[AccountLine, ...]:
    people, asked, live, groups = _figures(session, [row.id for row in rows])
    return tuple(
        AccountLine(row.id, row.name, people.get(row.id, 0), asked.get(row.id, 0), live.get(row.id, 0),
                    tuple(groups.get(row.id, ())))
        for row in rows
    )  # fmt: skip


def _figures(session: Session, ids: list[int]) -> tuple[dict[int, int], dict[int, int], dict[int, int], dict[int, Any]]:
    """By account: active people, requests, live cases it asks for, groups bound."""
    people = select(Person.account_id, func.count()).where(Person.account_id.in_(ids), Person.active)
    asked = select(Request.account_id, func.count()).where(Request.account_id.in_(ids))
    live = (
        select(Request.account_id, func.count(Case.root_id.distinct()))
        .join(Case, Case.id == Request.case_id)
        .where(Request.account_id.in_(ids), Request.withdrawn_at.is_(None), Case.outcome.is_(None))
    )
    bound = select(AccountGroup.account_id, AccountGroup.group_id).where(
        AccountGroup.account_id.in_(ids), AccountGroup.unbound_at.is_(None)
    )
    groups: dict[int, list[str]] = {}
    for account_id, group in session.execute(bound.order_by(AccountGroup.id)):
        groups.setdefault(account_id, []).append(group)
    return (
        _counted(session, people.group_by(Person.account_id)),
        _counted(session, asked.group_by(Request.account_id)),
        _counted(session, live.group_by(Request.account_id)),
        groups,
    )


def _counted(session: Session, found: Select[*tuple[Any, ...]]) -> dict[int, int]:
    return {row[0]: row[1] for row in session.execute(found)}


def _wanted(wanted: Filter) -> Select[*tuple[Any, ...]]:
    found = select(Person, Account.name).outerjoin(Account, Account.id == Person.account_id)
    if wanted.find:
        found = found.where(or_(_like(Person.name, wanted.find), _like(Person.email, wanted.find)))
    if wanted.role:
        found = found.where(Person.role == wanted.role)
    if wanted.state:
        found = found.where(Person.active.is_(wanted.state == "active"))
    return found.where(Person.account_id == wanted.account_id) if wanted.account_id else found


def _like(column: Any, part: str) -> ColumnElement[bool]:
    return func.lower(column).contains(part.lower(), autoescape=True)


def _lines(session: Session, found: Select[*tuple[Any, ...]], number: Any) -> Lines:
    ids = list(session.scalars(found.limit(NAMED + 1)))
    return Lines(tuple(number(each) for each in ids[:NAMED]), len(ids) > NAMED)


def _state(row: Token, now: datetime) -> str:
    if row.revoked_at is not None:
        return "revoked"
    return "expired" if row.expires_at is not None and row.expires_at <= now else "open"
