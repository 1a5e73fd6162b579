"""A week's report as people meet it: as it was sent where it was, else computed; what changed; what is known better."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from request_tracker.rules.report_changes import Changes, changes_of, gone
from request_tracker.rules.report_files import changes_from_json, from_json
from request_tracker.rules.report_rows import EVERYTHING, Correction, Only, WeeklyReport
from request_tracker.rules.terms import Role
from request_tracker.rules.weeks import Week
from request_tracker.store import reports
from request_tracker.store.people import Account, Person
from request_tracker.store.reading_queue import BadFilter
from request_tracker.store.reading_report import fates_of, weekly
from request_tracker.store.reading_report_list import later_corrections


@dataclass(frozen=True)
class Edition:
    """`stored_at`: when the report was filed and first sent; None where it was computed for whoever asks.

    `corrections`: verdicts of this week that are known otherwise by now; the figures stay as they were.
    """

    report: WeeklyReport
    changes: Changes
    stored_at: datetime | None = None
    corrections: tuple[Correction, ...] = ()


def edition(session: Session, week: Week, zone: str, now: datetime, only: Only = EVERYTHING) -> Edition:
    """The report on a week that has begun (else BadWeek), and what of a finished week is known otherwise by now."""
    found = as_it_was(session, week, zone, now, only)
    if not found.report.is_final or only != EVERYTHING:
        return found
    return replace(found, corrections=later_corrections(session, week, found.report.zone, now))


def as_it_was(session: Session, week: Week, zone: str, now: datetime, only: Only = EVERYTHING) -> Edition:
    """The report on a week that has begun (else BadWeek), whole or for one specialist or account: the same for ever
    once the week is over."""
    kept = filed(session, week) if only == EVERYTHING else None
    return kept or computed(session, week, zone, now, only)


def report_on(session: Session, week: Week, zone: str, now: datetime, only: Only = EVERYTHING) -> WeeklyReport:
    """The same without what changed: half the work."""
    kept = filed(session, week) if only == EVERYTHING else None
    return kept.report if kept else weekly(session, week, zone, now, only)


def computed(session: Session, week: Week, zone: str, now: datetime, only: Only = EVERYTHING) -> Edition:
    """The report made from the rows, against the one before: that as it was sent, where it was."""
    report, before = weekly(session, week, zone, now, only), report_on(session, week.back(1), zone, now, only)
    became = fates_of(session, week, zone, now, only, gone(report, before))
    return Edition(report, changes_of(report, before, became))


def filed(session: Session, week: Week) -> Edition | None:
    """The report as it is kept for good; None before it was first sent."""
    row = reports.stored(session, str(week))
    if row is None:
        return None
    report = from_json(row.body)
    changes = changes_from_json(row.body)
    assert changes is not None, "a report is filed with what changed"
    return Edition(report, changes, row.created_at)


HANDS = (str(Role.SPECIALIST), str(Role.LEAD), str(Role.ENGINEER))
"""Roles whose people have cases."""


@dataclass(frozen=True)
class Narrowed:
    """A filter of the report, as it was asked for: `words` is empty for the whole program."""

    only: Only = EVERYTHING
    words: str = ""


def narrowed(session: Session, specialist: str, account: str) -> Narrowed:
    """The filter an address asks for: a specialist by id or e-mail address, an account by id or name; empty is all.

    Raises BadFilter.
    """
    person = _person(session, specialist.strip()) if specialist.strip() else None
    house = _account(session, account.strip()) if account.strip() else None
    words = [f"only cases of {person.name}" if person else "", f"only {house.name}" if house else ""]
    return Narrowed(
        Only(person.id if person else None, house.id if house else None), ", ".join(each for each in words if each)
    )


def specialists(session: Session) -> list[tuple[str, str]]:
    """Whose cases a report can be about, as (id, name); whoever left the house still has a past."""
    rows = session.execute(select(Person.id, Person.name, Person.active).where(Person.role.in_(HANDS)))
    found = [(str(row.id), row.name if row.active else f"{row.name} (left)") for row in rows]
    return sorted(found, key=lambda row: row[1].lower())


def accounts(session: Session, most: int) -> list[tuple[str, str]] | None:
    """The customer accounts as (id, name); None when there are more than `most`: too many to choose from."""
    rows = session.execute(select(Account.id, Account.name).order_by(func.lower(Account.name)).limit(most + 1)).all()
    return [(str(row.id), row.name) for row in rows] if len(rows) <= most else None


def _person(session: Session, text: str) -> Person:
    mine = Person.id == int(text) if _is_id(text) else Person.email == text.lower()
    found = session.scalar(select(Person).where(mine, Person.role.in_(HANDS)))
    if found is None:
        raise BadFilter("specialist: nobody here who has cases is known by that: give an id or an e-mail address")
    return found


def _account(session: Session, text: str) -> Account:
    found = session.scalar(select(Account).where(Account.name == text)) if not _is_id(text) else None
    found = found or (session.get(Account, int(text)) if _is_id(text) else None)
    if found is None:
        raise BadFilter("account: no customer account is known by that: give its id or its whole name")
    return found


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10
