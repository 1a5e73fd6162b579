"""People, customer accounts, and the Fivetran groups an admin bound to them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, bindparam, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.rules.people import Viewer
from request_tracker.rules.terms import Role
from request_tracker.store.base import Base, one_of, partial, tied


class Account(Base):
    __tablename__ = "account"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    created_at: Mapped[datetime]


class AccountGroup(Base):
    """A Fivetran group bound to a customer account; only these are ever used for its connections."""

    __tablename__ = "account_group"
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    group_id: Mapped[str] = mapped_column(String(200))
    bound_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    bound_at: Mapped[datetime]
    unbound_at: Mapped[datetime | None]
    __table_args__ = (
        Index("ix_account_group_account", "account_id"),
        partial("uq_account_group_bound", "group_id", where="unbound_at IS NULL", unique=True),
    )


class Person(Base):
    __tablename__ = "person"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(320), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(20))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    password_hash: Mapped[str | None] = mapped_column(String(300))
    zone: Mapped[str] = mapped_column(String(60), default="UTC")
    session_key: Mapped[str] = mapped_column(String(40), default="")
    locale: Mapped[str] = mapped_column(String(20), default="en-GB")
    """How dates and numbers are written for them, as a language tag."""
    single_keys: Mapped[bool] = mapped_column(default=True)
    """Whether single keys press buttons."""
    welcomed_at: Mapped[datetime | None]
    """When they put the words of the first visit away."""
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]
    """When their name, address and words were emptied."""
    __table_args__ = (
        one_of("role", Role),
        tied("(role = 'requester') = (account_id IS NOT NULL)", "requester_has_account"),
        tied("email = lower(email)", "email_lower"),
        Index("ix_person_account", "account_id"),
        Index("ix_person_role", "role"),
        Index("ix_person_name", "name", "id"),
    )


def viewer_of(person: Person, account_name: str = "") -> Viewer:
    return Viewer(
        person.id,
        Role(person.role),
        person.account_id,
        person.name,
        person.email,
        person.zone,
        account_name,
        person.locale,
        person.single_keys,
    )


def by_email(session: Session, email: str) -> Person | None:
    return session.scalar(select(Person).where(Person.email == email.strip().lower(), Person.active))


@dataclass(frozen=True)
class Known:
    """A person as a viewer, and the key that their sessions carry."""

    viewer: Viewer
    session_key: str


_KNOWN = (
    select(Person, Account.name)
    .outerjoin(Account, Account.id == Person.account_id)
    .where(Person.id == bindparam("person_id"), Person.active)
)


def known(session: Session, person_id: int) -> Known | None:
    """Who a session belongs to, or None when gone or inactive."""
    row = session.execute(_KNOWN, {"person_id": person_id}).first()
    return Known(viewer_of(row[0], row[1] or ""), row[0].session_key) if row else None


def viewer(session: Session, person_id: int) -> Viewer | None:
    """The person as a viewer with the account's name, or None when gone or inactive."""
    found = known(session, person_id)
    return found.viewer if found else None


def with_role(session: Session, role: Role) -> list[Person]:
    return list(session.scalars(select(Person).where(Person.role == role, Person.active).order_by(Person.id)))


def bound_group(session: Session, account_id: int) -> str | None:
    """The group an admin bound to the account last, if any."""
    return session.scalar(
        select(AccountGroup.group_id)
        .where(AccountGroup.account_id == account_id, AccountGroup.unbound_at.is_(None))
        .order_by(AccountGroup.id.desc())
        .limit(1)
    )


def account_named(session: Session, name: str, now: datetime) -> Account:
    """The customer account of this name; made when it is new."""
    found = session.scalar(select(Account).where(Account.name == name.strip()))
    if found is None:
        found = Account(name=name.strip(), created_at=now)
        session.add(found)
        session.flush()
    return found


def everybody(session: Session) -> list[tuple[str, str, str | None]]:
    """Address, role and account name of every active person, in order of joining."""
    rows = session.execute(
        select(Person.email, Person.role, Account.name)
        .outerjoin(Account, Account.id == Person.account_id)
        .where(Person.active)
        .order_by(Person.id)
    ).all()
    return [(row[0], row[1], row[2]) for row in rows]
