"""Who gets the weekly report: leads, staff who subscribed, addresses without an account; and links sent to those."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from request_tracker.rules.notices import Topic, Way
from request_tracker.rules.terms import STAFF, Role
from request_tracker.store.people import Person
from request_tracker.store.preferences import Preference
from request_tracker.store.reports import ReportShare, Subscription

LINKS = 100
_STAFF = [str(role) for role in STAFF]


@dataclass(frozen=True)
class Reader:
    """One row of the list. `subscription_id` None: by role. `gets`: a sentence's end, why or why not."""

    name: str
    address: str
    by_role: bool
    gets: bool
    why_not: str
    since: datetime | None
    by: str
    person_id: int | None
    subscription_id: int | None
    nameless: bool = False


@dataclass(frozen=True)
class SharedLink:
    id: int
    week: str
    name: str
    address: str
    by: str
    at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    opens: int
    opened_at: datetime | None
    nameless: bool

    def state(self, now: datetime) -> str:
        """open, revoked or over"""
        if self.revoked_at is not None:
            return "revoked"
        return "over" if now >= self.expires_at else "open"


def readers(session: Session, due: datetime) -> list[Person]:
    """Active people whose report is due: leads, and staff who subscribed before; but for those who want none."""
    return list(session.scalars(_people(due).order_by(Person.id)))


def is_reader(session: Session, person_id: int, due: datetime) -> bool:
    return session.scalar(_people(due).where(Person.id == person_id)) is not None


def addresses(session: Session, due: datetime) -> list[Subscription]:
    """Open subscriptions of addresses that belong to nobody with an account here."""
    return list(session.scalars(_addresses(due).order_by(Subscription.id)))


def is_open(session: Session, subscription_id: int, due: datetime) -> bool:
    return session.scalar(_addresses(due).where(Subscription.id == subscription_id)) is not None


def listed(session: Session) -> list[Reader]:
    """Everybody who gets the report, or would if they had not turned it off; leads first, then by name."""
    return sorted([*_of_the_house(session), *_outside(session)], key=lambda row: (not row.by_role, row.name.lower()))


def others(session: Session) -> list[tuple[str, str]]:
    """Active staff who neither lead nor subscribed, as (id, name)."""
    subscribed = exists().where(Subscription.person_id == Person.id, Subscription.ended_at.is_(None))
    found = select(Person.id, Person.name, Person.role).where(Person.active, Person.role.in_(_STAFF), ~subscribed)
    rows = session.execute(found.where(Person.role != Role.LEAD).order_by(Person.name, Person.id))
    return [(str(row.id), f"{row.name}, {row.role}") for row in rows]


def links(session: Session) -> list[SharedLink]:
    """The newest links, newest first."""
    sender = aliased(Person)
    rows = session.execute(
        select(ReportShare, sender.name).join(sender, sender.id == ReportShare.by_id)
        .order_by(ReportShare.id.desc()).limit(LINKS)
    )  # fmt: skip
    return [_link(row, by) for row, by in rows]


def _people(due: datetime) -> Select[Person]:
    subscribed = exists().where(
        Subscription.person_id == Person.id, Subscription.ended_at.is_(None), Subscription.since < due
    )
    return select(Person).where(
        Person.active, or_(Person.role == Role.LEAD, and_(Person.role.in_(_STAFF), subscribed)), ~_turned_off()
    )


def _addresses(due: datetime) -> Select[Subscription]:
    wanted = and_(Subscription.address.isnot(None), Subscription.ended_at.is_(None), Subscription.since < due)
    return select(Subscription).where(wanted, ~_has_account())


def _turned_off() -> ColumnElement[bool]:
    mine = and_(Preference.person_id == Person.id, Preference.topic == Topic.REPORT)
    return exists().where(mine, Preference.way == Way.OFF)


def _has_account() -> ColumnElement[bool]:
    """Also where it may not sign in any more: a customer's address is no reader's, whoever left."""
    return exists().where(Person.email == Subscription.address)


def _of_the_house(session: Session) -> list[Reader]:
    by = aliased(Person)
    mine = and_(Subscription.person_id == Person.id, Subscription.ended_at.is_(None))
    rows = session.execute(
        select(Person, Subscription, by.name, _turned_off().label("off"))
        .outerjoin(Subscription, mine).outerjoin(by, by.id == Subscription.by_id)
        .where(or_(Subscription.id.isnot(None), and_(Person.role == Role.LEAD, Person.active)))
    )  # fmt: skip
    return [_reader(*row) for row in rows]


def _reader(person: Person, row: Subscription | None, by: str | None, off: bool) -> Reader:
    why_not = "turned it off in the settings, or by the link in a letter" if off else ""
    if not person.active:
        why_not = "cannot sign in any more"
    elif person.role not in STAFF:
        why_not = "is no member of staff any more"
    since, row_id = (row.since, row.id) if row else (None, None)
    by_role = person.role == Role.LEAD
    return Reader(person.name, person.email, by_role, not why_not, why_not, since, by or "", person.id, row_id)


def _outside(session: Session) -> list[Reader]:
    by = aliased(Person)
    rows: Any = session.execute(
        select(Subscription, by.name, _has_account()).join(by, by.id == Subscription.by_id)
        .where(Subscription.address.isnot(None), Subscription.ended_at.is_(None))
    )  # fmt: skip
    return [
        Reader(
            row.name or row.address, row.address, False, not known, "has an account by now: end this" if known else "",
            row.since, by_name, None, row.id, row.nameless,
        )
        for row, by_name, known in rows
    ]  # fmt: skip


def _link(row: ReportShare, by: str) -> SharedLink:
    return SharedLink(
        row.id, row.week, row.name, row.address, by, row.at, row.expires_at, row.revoked_at, row.opens, row.opened_at,
        row.nameless,
    )  # fmt: skip
