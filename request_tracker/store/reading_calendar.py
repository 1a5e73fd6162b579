"""The working calendar as its pages show it, to staff alone: in force, its versions, days off, proposals; targets."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.rules.calendar import Calendar
from request_tracker.rules.calendar_words import differences, works_on
from request_tracker.rules.targets import TARGETS, label_of
from request_tracker.store import calendars, clocks, policies
from request_tracker.store.clocks import CalendarVersion
from request_tracker.store.holidays import REFUSED, Holiday
from request_tracker.store.people import Person

NEWEST = 50


@dataclass(frozen=True)
class Version:
    """One version; `differences` from the one before are sentences, none for the first. `by` is empty for a seed."""

    id: int
    at: datetime
    by: str
    reason: str
    differences: tuple[str, ...]


@dataclass(frozen=True)
class DayShown:
    """A day off in force. `works`: its weekday has working hours, so that it takes something away."""

    day: date
    name: str
    works: bool


@dataclass(frozen=True)
class Offer:
    """A day that waits, or was refused; `by` proposed or refused it at `at`."""

    id: int
    day: date
    name: str
    source: str
    by: str
    at: datetime
    works: bool
    past: bool


@dataclass(frozen=True)
class TargetsDecided:
    """One decision about the targets: `changes` are label, days before and days after."""

    label: str
    reason: str
    by: str
    at: datetime
    changes: tuple[tuple[str, float, float], ...]


def versions(session: Session, *, newer_than: int = 0) -> tuple[Version, ...]:
    """The newest versions, the newest first, each with what it changed."""
    asked = select(CalendarVersion).where(CalendarVersion.id >= newer_than)
    rows = list(session.scalars(asked.order_by(CalendarVersion.id.desc()).limit(NEWEST + 1)))
    read = [row.calendar for row in rows]
    named = calendars.names_of(session, frozenset().union(*(each.holidays for each in read)))
    people = _people(session, (row.by_id for row in rows))
    before = [*read[1:], None]
    found = tuple(
        Version(row.id, row.created_at, people.get(row.by_id or 0, ""), row.reason, _changed(old, new, named))
        for row, new, old in zip(rows, read, before, strict=True)
    )
    return tuple(each for each in found[:NEWEST] if each.id > newer_than)


def days_off(session: Session, calendar: Calendar, years: Iterable[int]) -> dict[int, tuple[DayShown, ...]]:
    """The days off in force by year, in order."""
    named = calendars.names_of(session, calendar.holidays)
    return {
        year: tuple(
            DayShown(day, named.get(day, ""), works_on(calendar, day))
            for day in sorted(calendar.holidays)
            if day.year == year
        )
        for year in years
    }


def proposals(session: Session, calendar: Calendar, today: date) -> tuple[Offer, ...]:
    """What waits for a decision, the earliest day first."""
    rows = calendars.proposals(session)
    people = _people(session, (row.proposed_by_id for row in rows))
    return tuple(_offer(row, people.get(row.proposed_by_id or 0, ""), row.proposed_at, calendar, today) for row in rows)


def refused(session: Session, calendar: Calendar, today: date) -> tuple[Offer, ...]:
    """Days of today or later that somebody said no to, or took out again, and that are no days off now."""
    asked = select(Holiday).where(Holiday.state == REFUSED, Holiday.day >= today).order_by(Holiday.day, Holiday.id)
    rows = [row for row in session.scalars(asked) if row.day not in calendar.holidays]
    people = _people(session, (row.decided_by_id for row in rows))
    return tuple(
        _offer(row, people.get(row.decided_by_id or 0, ""), row.decided_at or row.proposed_at, calendar, today)
        for row in rows
    )


def targets_decided(session: Session, own: Mapping[str, float]) -> tuple[TargetsDecided, ...]:
    """The decisions about targets, newest first; `own`: the program's numbers before anybody decided."""
    rows = policies.decisions(session, policies.TARGETS, limit=NEWEST)
    before = [*({**own, **row.value["days"]} for row, _ in rows[1:]), dict(own)][: len(rows)]
    return tuple(
        TargetsDecided(
            label_of(row.value["preset"]), row.value["reason"], by, row.at,
            tuple(
                (each.label, old[each.key], row.value["days"][each.key])
                for each in TARGETS
                if old[each.key] != row.value["days"].get(each.key, old[each.key])
            ),
        )
        for (row, by), old in zip(rows, before, strict=True)
    )  # fmt: skip


def in_force(session: Session) -> tuple[int, Calendar]:
    """The id of the version in force, and its calendar."""
    row = clocks.newest_calendar(session)
    return row.id, row.calendar


def _changed(old: Calendar | None, new: Calendar, named: Mapping[date, str]) -> tuple[str, ...]:
    return differences(old, new, named) if old is not None else ()


def _offer(row: Holiday, by: str, at: datetime, calendar: Calendar, today: date) -> Offer:
    return Offer(row.id, row.day, row.name, row.source, by, at, works_on(calendar, row.day), row.day < today)


def _people(session: Session, ids: Iterable[int | None]) -> dict[int, str]:
    wanted = {each for each in ids if each is not None}
    rows = session.execute(select(Person.id, Person.name).where(Person.id.in_(wanted))).all()
    return {row[0]: row[1] for row in rows}
