"""What an admin does with people and accounts: added, changed, sent away, let in again; each is written down."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from request_tracker.actions import admit, auditing
from request_tracker.actions.unfit import Unfit, name_given
from request_tracker.rules.people import Act
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.terms import STAFF, Role
from request_tracker.rules.zones import zone_missing, zone_named
from request_tracker.store import passwords, search
from request_tracker.store.people import Account, Person
from request_tracker.store.tokens import Token

LAST_ADMIN = "This is the last admin who can sign in: make somebody else an admin first"
RENAMED = "person.renamed"
"""Its entry holds neither name: the log outlives an erasure."""
CHANGES = (RENAMED, "person.role_changed", "person.zone_changed")
ERASED = "What was kept about this person was erased: nothing can be changed any more"


@dataclass(frozen=True)
class Newcomer:
    """Whom to add. `account_id` is present exactly for requesters; without a password they use API tokens only."""

    email: str
    name: str
    role: str
    account_id: int | None = None
    password: str | None = None


class NoSuchPerson(LookupError):
    """Nobody here has this id."""


def add(session: Session, who: Newcomer, act: Act) -> Person:
    """Raises NotAllowed, Unfit. The address must be free."""
    must_be_admin(act)
    if session.scalar(select(Person.id).where(Person.email == who.email.strip().lower())) is not None:
        raise Unfit("email", "Somebody has this email address already")
    row = admit.add_person(
        session,
        email=who.email,
        name=_name(who.name),
        role=who.role,
        account_id=who.account_id,
        password=who.password,
        now=act.now,
    )
    _note(session, "person.added", row, act, role=row.role, account=row.account_id)
    return row


def change(session: Session, person_id: int, act: Act, *, name: str, role: str, zone: str) -> bool:
    """Another name, role or time zone; True when something changed. Raises NotAllowed, NoSuchPerson, Unfit."""
    must_be_admin(act)
    admins = _admins(session)
    row = _of(session, person_id)
    said, named = _name(name), zone_named(zone)
    if not named:
        raise Unfit("zone", zone_missing(zone))
    _must_fit(row, role, admins)
    before, after = (row.name, row.role, row.zone), (said, role, named)
    if row.name != said and row.account_id is not None:
        search.outdate(session, row.account_id)
    row.name, row.role, row.zone = after
    for what, old, new in zip(CHANGES, before, after, strict=True):
        if old != new:
            _note(session, what, row, act, **({} if what == RENAMED else {"before": old, "after": new}))
    return before != after


def deactivate(session: Session, person_id: int, act: Act) -> bool:
    """They cannot sign in any more; sessions end and tokens are revoked for good. False when they were inactive.

    Raises NotAllowed, NoSuchPerson, Unfit (the last admin).
    """
    must_be_admin(act)
    admins = _admins(session)
    row = _of(session, person_id)
    if not row.active:
        return False
    if row.role == Role.ADMIN:
        _must_leave_an_admin(row, admins)
    ended = end_all(session, row, act)
    row.active = False
    _note(session, "person.deactivated", row, act, sessions_ended=f"sessions end, {ended} API tokens revoked")
    return True


def reactivate(session: Session, person_id: int, act: Act) -> bool:
    """They may sign in again, with the password they had. Tokens stay revoked. Raises NotAllowed, NoSuchPerson."""
    must_be_admin(act)
    row = _of(session, person_id)
    if row.active:
        return False
    row.active = True
    _note(session, "person.reactivated", row, act)
    return True


def new_password(session: Session, person_id: int, act: Act) -> str:
    """A password in place of the one they had, if any; the answer is the only time it is seen. Sessions end.

    Raises NotAllowed, NoSuchPerson, Unfit.
    """
    must_be_admin(act)
    row = _of(session, person_id)
    if not row.active:
        raise Unfit("", "This person is inactive: let them sign in again first")
    password = secrets.token_urlsafe(12)
    row.password_hash, row.session_key = passwords.hashed(password), secrets.token_urlsafe(18)
    _note(session, "person.password_given", row, act)
    return password


def sign_out(session: Session, person_id: int, act: Act) -> None:
    """Every session of theirs ends; tokens stay. Raises NotAllowed, NoSuchPerson."""
    must_be_admin(act)
    row = _of(session, person_id)
    row.session_key = secrets.token_urlsafe(18)
    _note(session, "person.signed_out", row, act)


def end_all(session: Session, row: Person, act: Act) -> int:
    """Sessions end and tokens are revoked. Answers how many tokens that were."""
    row.session_key = secrets.token_urlsafe(18)
    standing = list(session.scalars(select(Token).where(Token.person_id == row.id, Token.revoked_at.is_(None))))
    session.execute(update(Token).where(Token.id.in_([each.id for each in standing])).values(revoked_at=act.now))
    return len(standing)


def rename_account(session: Session, account_id: int, name: str, act: Act) -> bool:
    """True when it is another name. Raises NotAllowed, Unfit."""
    must_be_admin(act)
    row = session.get(Account, account_id, with_for_update=True)
    if row is None:
        raise Unfit("name", "There is no such account: choose one from the list")
    said = name_given("name", name, "Name the customer account")
    if said == row.name:
        return False
    if session.scalar(select(Account.id).where(Account.name == said)) is not None:
        raise Unfit("name", "Another account has this name. Accounts are not merged: choose another name")
    before, row.name = row.name, said
    auditing.note(session, act, "account.renamed", said, account=row.id, before=before)
    session.flush()
    search.outdate(session, account_id)
    return True


def must_be_admin(act: Act) -> None:
    if act.who.role is not Role.ADMIN:
        raise NotAllowed("Only an admin may look after people and accounts")


def _of(session: Session, person_id: int) -> Person:
    row = session.get(Person, person_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NoSuchPerson("Nobody here has this number: choose from the list of people")
    if row.erased_at is not None:
        raise Unfit("", ERASED)
    return row


def _must_fit(row: Person, role: str, admins: Collection[int]) -> None:
    if role not in list(Role):
        raise Unfit("role", "Choose one of the roles")
    if (role in STAFF) != (row.role in STAFF):
        raise Unfit("role", "Requesters stay requesters and staff stay staff: add the person with another address")
    if row.role == Role.ADMIN and role != Role.ADMIN and row.active:
        _must_leave_an_admin(row, admins)


def _admins(session: Session) -> set[int]:
    """All active admins, locked in order and before anybody else is: two who send each other away cannot both succeed,
    and neither waits for the other in a ring."""
    found = select(Person.id).where(Person.role == Role.ADMIN, Person.active).order_by(Person.id).with_for_update()
    return set(session.scalars(found))


def _must_leave_an_admin(row: Person, admins: Collection[int]) -> None:
    if set(admins) <= {row.id}:
        raise Unfit("role", LAST_ADMIN)


def _name(name: str) -> str:
    return name_given("name", name, "Enter the name")


def _note(session: Session, what: str, row: Person, act: Act, **data: object) -> None:
    auditing.note(session, act, what, auditing.of_person(row.id), person=row.id, **data)
