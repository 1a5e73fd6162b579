"""Days out of office are entered and taken back: by oneself, and by a lead for others."""

from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from request_tracker.actions import auditing
from request_tracker.actions.assign import ASSIGNABLE
from request_tracker.actions.unfit import Unfit, short_enough
from request_tracker.rules import absence_words as words
from request_tracker.rules.people import Act
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.strangers import plain
from request_tracker.rules.terms import Role
from request_tracker.store import absences
from request_tracker.store.absences import Absence
from request_tracker.store.people import Person

LONGEST, FARTHEST = timedelta(days=366), timedelta(days=2 * 366)
MOST_NOTE = 200


class NoSuchAbsence(LookupError):
    """There is no absence of this id that the person may take back."""


@dataclass(frozen=True)
class Days:
    """What was typed: whose days, from which to which, why, and who stands in (0: nobody)."""

    person_id: int
    first_day: date
    last_day: date
    note: str = ""
    stand_in_id: int = 0


def enter(session: Session, days: Days, act: Act) -> Absence:
    """Write an absence down. Raises Unfit or NotAllowed."""
    person = _whose(session, days.person_id, act)
    _check(session, days, person, act)
    stand_in = _stand_in(session, days, person)
    row = Absence(
        person_id=person.id, first_day=days.first_day, last_day=days.last_day, note=plain(days.note, MOST_NOTE),
        stand_in_id=stand_in.id if stand_in else None, created_at=act.now,
    )  # fmt: skip
    session.add(row)
    session.flush()
    _note(session, "absence.entered", row, act)
    return row


def take_back(session: Session, absence_id: int, act: Act) -> None:
    """The person is there after all. Raises NoSuchAbsence."""
    row = session.get(Absence, absence_id, with_for_update=True)
    if row is None or (row.person_id != act.who.id and act.who.role is not Role.LEAD):
        raise NoSuchAbsence("There is no such absence")
    _note(session, "absence.taken_back", row, act)
    session.delete(row)
    session.flush()


def _whose(session: Session, person_id: int, act: Act) -> Person:
    """The person, locked: two who enter the same days at once take turns."""
    if act.who.role not in ASSIGNABLE:
        raise NotAllowed("Only those who work on cases enter days out of office")
    if person_id != act.who.id and act.who.role is not Role.LEAD:
        raise NotAllowed("Only a lead may enter the days of somebody else")
    person = session.get(Person, person_id, with_for_update=True)
    if person is None or not person.active or person.role not in ASSIGNABLE:
        raise Unfit("person", "Choose somebody who works on cases")
    return person


def _check(session: Session, days: Days, person: Person, act: Act) -> None:
    today = act.now.astimezone(ZoneInfo(person.zone)).date()
    if days.last_day < days.first_day:
        raise Unfit("last_day", "The last day lies before the first: put them the right way round")
    if days.last_day < today:
        raise Unfit("last_day", f"These days are over: the last one must be today ({words.day(today)}) or later")
    if days.last_day - days.first_day > LONGEST or days.last_day - today > FARTHEST:
        raise Unfit("last_day", "Enter at most a year, and no later than two years from now")
    short_enough("note", days.note, most=MOST_NOTE)
    other = absences.overlapping(session, person.id, days.first_day, days.last_day)
    if other is not None:
        said = f"{words.day(other.first_day)} to {words.day(other.last_day)}"
        raise Unfit("first_day", f"{person.name} is entered as away from {said} already: take that back first")


def _stand_in(session: Session, days: Days, person: Person) -> Person | None:
    if not days.stand_in_id:
        return None
    found = session.get(Person, days.stand_in_id)
    if found is None or not found.active or found.role not in ASSIGNABLE:
        raise Unfit("stand_in", "Choose somebody who works on cases, or nobody")
    if found.id == person.id:
        raise Unfit("stand_in", "Nobody stands in for themselves: choose somebody else, or nobody")
    return found


def _note(session: Session, what: str, row: Absence, act: Act) -> None:
    """Written down where somebody does it for another person."""
    if row.person_id != act.who.id:
        subject = auditing.of_person(row.person_id)
        auditing.note(session, act, what, subject, first=words.day(row.first_day), last=words.day(row.last_day))
