"""Days on which somebody of the staff is out of office, who stands in, and how much each of them has to do."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, ForeignKey, Index, String, func, select
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from request_tracker.rules.terms import Role
from request_tracker.store.base import Base, tied
from request_tracker.store.cases import Case, case_number
from request_tracker.store.clocks import Clock
from request_tracker.store.people import Person

MOST_CASES = 100
"""A load is counted up to here: more is said as “100 and more”."""
ONE_DAY = timedelta(days=1)


class Absence(Base):
    """Whole days in the person's own zone, both included."""

    __tablename__ = "absence"
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    first_day: Mapped[date]
    last_day: Mapped[date]
    note: Mapped[str] = mapped_column(String(200), default="")
    stand_in_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime]
    __table_args__ = (
        tied("first_day <= last_day", "ends_after_start"),
        tied("stand_in_id IS NULL OR stand_in_id <> person_id", "not_for_oneself"),
        Index("ix_absence_person", "person_id", "last_day"),
    )


STAND_IN = aliased(Person, name="stand_in")


@dataclass(frozen=True)
class Away:
    """One absence as pages show it; the days are those of the person's zone."""

    id: int
    person_id: int
    person: str
    zone: str
    first_day: date
    last_day: date
    note: str
    stand_in: str

    def holds(self, now: datetime) -> bool:
        """Whether the person is away at this instant."""
        return self.first_day <= now.astimezone(ZoneInfo(self.zone)).date() <= self.last_day

    def is_over(self, now: datetime) -> bool:
        return self.last_day < now.astimezone(ZoneInfo(self.zone)).date()

    @property
    def from_at(self) -> datetime:
        return datetime.combine(self.first_day, time(), tzinfo=ZoneInfo(self.zone))

    @property
    def until_at(self) -> datetime:
        """The instant after the last day."""
        return datetime.combine(self.last_day + ONE_DAY, time(), tzinfo=ZoneInfo(self.zone))


@dataclass(frozen=True)
class Worker:
    """Somebody a case can be given to. `load`: live cases, counted up to MOST_CASES; `away` while they are."""

    id: int
    name: str
    role: Role
    load: int
    away: Away | None


@dataclass(frozen=True)
class DueAway:
    """A case whose promise falls due while the one who works on it is away."""

    absence_id: int
    person: str
    number: str
    service_name: str
    due_at: datetime


def workers(session: Session, roles: Collection[Role], now: datetime) -> tuple[Worker, ...]:
    """Everybody active in these roles, in the order of the roles, then of names. Two statements, whoever there is."""
    mine = select(Case.id).where(Case.assignee_id == Person.id, Case.outcome.is_(None)).limit(MOST_CASES)
    load = select(func.count()).select_from(mine.correlate(Person).subquery()).scalar_subquery()
    found = select(Person.id, Person.name, Person.role, load).where(Person.role.in_(roles), Person.active)
    rows = session.execute(found.order_by(Person.name, Person.id)).all()
    away = away_now(session, now)
    order = list(roles)
    people = [Worker(row[0], row[1], Role(row[2]), row[3], away.get(row[0])) for row in rows]
    return tuple(sorted(people, key=lambda each: order.index(each.role)))


def away_now(session: Session, now: datetime) -> dict[int, Away]:
    """Who is away now, by person."""
    near = _told(session, Absence.first_day <= (now + ONE_DAY).date(), Absence.last_day >= (now - ONE_DAY).date())
    return {each.person_id: each for each in near if each.holds(now)}


def of_person(session: Session, person_id: int, now: datetime) -> tuple[Away, ...]:
    """The person's absences that are not over, the first first."""
    rows = _told(session, Absence.person_id == person_id, Absence.last_day >= (now - ONE_DAY).date())
    return tuple(each for each in rows if not each.is_over(now))


def coming(session: Session, now: datetime) -> tuple[Away, ...]:
    """Everybody's absences that are not over, the first first."""
    rows = _told(session, Absence.last_day >= (now - ONE_DAY).date())
    return tuple(each for each in rows if not each.is_over(now))


def overlapping(session: Session, person_id: int, first: date, last: date) -> Away | None:
    rows = _told(session, Absence.person_id == person_id, Absence.first_day <= last, Absence.last_day >= first)
    return rows[0] if rows else None


def due_while_away(session: Session, absences: Collection[Away]) -> tuple[DueAway, ...]:
    """The cases of these people whose promises fall due while they are away, what is due first first. One statement."""
    if not absences:
        return ()
    found = (
        select(Case.assignee_id, Case.id, Case.service_name, func.min(Clock.due_at))
        .join(Clock, Clock.case_id == Case.id)
        .where(
            Case.assignee_id.in_({each.person_id for each in absences}),
            Case.outcome.is_(None),
            Clock.state == "running",
            Clock.due_at >= min(each.from_at for each in absences),
            Clock.due_at < max(each.until_at for each in absences),
        )
        .group_by(Case.assignee_id, Case.id, Case.service_name)
        .order_by(func.min(Clock.due_at), Case.id)
    )
    rows = session.execute(found).all()
    return tuple(
        DueAway(each.id, each.person, case_number(case_id), service, due_at)
        for person_id, case_id, service, due_at in rows
        for each in absences
        if due_at is not None and each.person_id == person_id and each.from_at <= due_at < each.until_at
    )


def _told(session: Session, *conditions: ColumnElement[bool]) -> list[Away]:
    found = (
        select(Absence, Person.name, Person.zone, STAND_IN.name)
        .join(Person, Person.id == Absence.person_id)
        .outerjoin(STAND_IN, STAND_IN.id == Absence.stand_in_id)
        .where(*conditions)
        .order_by(Absence.first_day, Absence.id)
    )
    return [
        Away(row.id, row.person_id, name, zone, row.first_day, row.last_day, row.note, stand_in or "")
        for row, name, zone, stand_in in session.execute(found)
    ]
