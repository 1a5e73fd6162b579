"""The program as it stands now, for whoever leads it: live cases counted in one pass, promises, people, breaches.

A case is counted by what the queue sorts and filters by, so that each number equals the list its link leads to.
Promises are counted by their clocks, as the report counts them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from sqlalchemy import Select, case, func, literal, select, union_all
from sqlalchemy.orm import Session

from request_tracker.rules.overview import BANDS
from request_tracker.rules.people import Viewer
from request_tracker.rules.phases import CLOCKS
from request_tracker.rules.report import PROMISES, Week
from request_tracker.rules.report_rows import EVERYTHING
from request_tracker.rules.terms import Phase
from request_tracker.store import absences, reports
from request_tracker.store import reading_report_clocks as report_clocks
from request_tracker.store.absences import Away
from request_tracker.store.cases import Case, case_number
from request_tracker.store.clocks import Clock
from request_tracker.store.people import Person
from request_tracker.store.reading_queue import Filter, conditions, due_is
from request_tracker.store.reading_report_cases import span_of
from request_tracker.store.reading_report_clocks import Sight
from request_tracker.store.reading_weeks import HANDS

MOST = 20_000
"""So many live cases are counted, those due first; a program with more is told so."""
AHEAD = timedelta(days=14)
MOST_ABSENT, MOST_BREACHES = 30, 10
DAY_S = 86_400


@dataclass(frozen=True)
class Live:
    """Live cases by what the queue filters by: counts of (phase, due), (held), (assignee, due) and of age bands.

    `is_cut`: there are more than MOST, and the counts are of those due first.
    """

    total: int
    is_cut: bool
    by_phase: Counter[tuple[str, str]]
    by_hold: Counter[str]
    by_person: Counter[tuple[int | None, str]]
    held_by_person: Counter[int | None]
    by_band: Counter[int]

    def phase(self, phase: str, due: str = "") -> int:
        return sum(n for (each, word), n in self.by_phase.items() if each == phase and due in ("", word))

    def due(self, due: str) -> int:
        return sum(n for (_, word), n in self.by_phase.items() if word == due)

    def person(self, person_id: int | None, due: str = "") -> int:
        return sum(n for (each, word), n in self.by_person.items() if each == person_id and due in ("", word))


@dataclass(frozen=True)
class Kept:
    """Promises kept and broken in a span; `is_filed`: as the report that was sent says."""

    met: int
    breached: int
    is_filed: bool = False

    @property
    def share(self) -> float | None:
        return self.met / (self.met + self.breached) if self.met + self.breached else None


@dataclass(frozen=True)
class Hand:
    """Somebody who has cases, and how many; `away`: the absence that holds now."""

    id: int | None
    name: str
    email: str
    role: str
    live: int
    overdue: int
    at_risk: int
    held: int
    away: Away | None


@dataclass(frozen=True)
class Broken:
    number: str
    service_name: str
    label: str
    at: datetime
    assignee: str | None
    anchor: str


def live(session: Session, now: datetime) -> Live:
    """One pass over the live cases, in one statement. `none` in a place of a Counter: nobody, or no date."""
    columns = (Case.phase, Case.held, Case.assignee_id, Case.queue_at, Case.at_risk_at, Case.opened_at)
    due = case(*((fits, literal(word)) for word, fits in due_is(now).items()), else_=literal("none"))
    band = case(*((Case.opened_at > now - each.up_to, literal(place)) for place, each in enumerate(BANDS[:-1])),
                else_=literal(len(BANDS) - 1))  # fmt: skip
    first = (
        select(*columns[:3], due.label("due"), band.label("band"))
        .where(Case.outcome.is_(None))
        .order_by(Case.queue_at, Case.id)
        .limit(MOST + 1)
        .subquery()
    )
    groups = (first.c.phase, first.c.held, first.c.assignee_id, first.c.due, first.c.band)
    return _added(session.execute(select(*groups, func.count().label("n")).group_by(*groups)).all())


def _added(rows: Iterable[Any]) -> Live:
    phases: Counter[tuple[str, str]] = Counter()
    holds: Counter[str] = Counter()
    people: Counter[tuple[int | None, str]] = Counter()
    held: Counter[int | None] = Counter()
    bands: Counter[int] = Counter()
    for phase, reason, assignee_id, due, band, n in rows:
        phases[phase, due] += n
        people[assignee_id, due] += n
        bands[band] += n
        if reason is not None:
            holds[reason] += n
            held[assignee_id] += n
    total = sum(bands.values())
    return Live(min(total, MOST), total > MOST, phases, holds, people, held, bands)


def median_days(session: Session, counted: Live, now: datetime) -> dict[str, float]:
    """Calendar days that the live cases of each phase have been in it, the one in the middle. One statement."""
    sizes = {str(phase): counted.phase(phase) for phase in Phase if counted.phase(phase)}
    if not sizes or counted.is_cut:
        return {}
    middles = [_middle(phase, size).subquery() for phase, size in sizes.items()]
    found: dict[str, list[float]] = {}
    for phase, phase_at in session.execute(union_all(*(select(each.c.phase, each.c.phase_at) for each in middles))):
        found.setdefault(phase, []).append((now - phase_at).total_seconds() / DAY_S)
    return {phase: median(values) for phase, values in found.items()}


def _middle(phase: str, size: int) -> Select[str, datetime]:
    """The one in the middle, or the two around it."""
    of_phase = select(Case.phase, Case.phase_at).where(Case.outcome.is_(None), Case.phase == phase)
    return of_phase.order_by(Case.phase_at, Case.id).offset((size - 1) // 2).limit(2 - size % 2)


def promises(session: Session, week: Week, zone: str, now: datetime) -> Counter[tuple[str, str]]:
    """Open clocks by name and signal (ok, paused, at_risk, overdue), as the report of a week that goes on counts."""
    sight = Sight(span_of(week, zone, now), EVERYTHING, {}, {}, {})
    signal = report_clocks.signal(sight).label("signal")
    wanted = select(Clock.name, signal, func.count()).where(report_clocks.is_open())
    rows = session.execute(wanted.group_by(Clock.name, signal))
    return Counter({(name, each): number for name, each, number in rows})


def so_far(session: Session, week: Week, zone: str, now: datetime) -> Kept:
    """Promises kept and broken in a week, as they are known now: of the week that goes on what its report says."""
    named = Clock.name.in_(PROMISES)
    span = span_of(week, zone, now)
    start, until = span.start, span.now
    met = select(literal("met").label("verdict"), func.count().label("n")).where(
        named, report_clocks.is_met(start, span.cut)
    )
    noticed = select(literal("breached"), func.count()).where(
        named, Clock.breached_at >= start, Clock.breached_at < until
    )
    unnoticed = select(literal("breached"), func.count()).where(
        named, Clock.breached_at.is_(None), Clock.due_at >= start, Clock.due_at < until
    )
    found: Counter[str] = Counter()
    for verdict, number in session.execute(union_all(met, noticed, unnoticed)):
        found[verdict] += number
    return Kept(found["met"], found["breached"])


def filed(session: Session, week: Week) -> Kept | None:
    """Of the report that was sent; None before it was."""
    row = reports.stored(session, str(week))
    if row is None:
        return None
    total = row.body["total"]
    return Kept(total["met"], total["breached"], is_filed=True)


def away(session: Session, now: datetime) -> tuple[Away, ...]:
    """Who is out of office now or within the next two weeks, the first to leave first. One statement."""
    return tuple(each for each in absences.coming(session, now) if each.from_at <= now + AHEAD)[:MOST_ABSENT]


def hands(session: Session, counted: Live, absent: Sequence[Away], now: datetime) -> tuple[Hand, ...]:
    """Everybody who has cases or could have, most overdue first; then the cases nobody has. One statement."""
    rows = session.execute(
        select(Person.id, Person.name, Person.email, Person.role, Person.active)
        .where(Person.role.in_(HANDS))
        .order_by(Person.name, Person.id)
    )
    gone = {each.person_id: each for each in absent if each.holds(now)}
    found = [
        _hand(row.id, row.name, row.email, row.role, counted, gone)
        for row in rows
        if row.active or counted.person(row.id)
    ]
    nobody = _hand(None, "Nobody", "none", "", counted, {})
    return (*sorted(found, key=lambda each: (-each.overdue, -each.at_risk, -each.live, each.name)), nobody)


def _hand(person_id: int | None, name: str, email: str, role: str, counted: Live, gone: Mapping[int, Away]) -> Hand:
    return Hand(
        id=person_id,
        name=name,
        email=email,
        role=role,
        live=counted.person(person_id),
        overdue=counted.person(person_id, "overdue"),
        at_risk=counted.person(person_id, "at_risk"),
        held=counted.held_by_person[person_id],
        away=gone.get(person_id) if person_id is not None else None,
    )


def broken(session: Session, now: datetime) -> tuple[Broken, ...]:
    """The promises broken last, noticed or not noticed yet, newest first. One statement."""
    named = Clock.name.in_(PROMISES)
    noticed = select(Clock.id, Clock.breached_at.label("at")).where(named, Clock.breached_at < now)
    unnoticed = select(Clock.id, Clock.due_at.label("at")).where(named, Clock.breached_at.is_(None), Clock.due_at < now)
    newest = [each.order_by(each.selected_columns.at.desc()).limit(MOST_BREACHES).subquery() for each in
              (noticed, unnoticed)]  # fmt: skip
    both = union_all(*(select(each.c.id, each.c.at) for each in newest)).subquery()
    rows = session.execute(
        select(Clock.case_id, Clock.name, Clock.cycle, both.c.at, Case.service_name, Person.name.label("assignee"))
        .join(both, both.c.id == Clock.id)
        .join(Case, Case.id == Clock.case_id)
        .outerjoin(Person, Person.id == Case.assignee_id)
        .order_by(both.c.at.desc(), Clock.id.desc())
        .limit(MOST_BREACHES)
    )
    return tuple(_broken(row) for row in rows)


def _broken(row: Any) -> Broken:
    label = CLOCKS[row.name].words(row.cycle)
    anchor = f"clock-{row.name}-{row.cycle}"
    return Broken(case_number(row.case_id), row.service_name, label, row.at, row.assignee, anchor)


def standing(session: Session, wanted: Filter, viewer: Viewer, now: datetime) -> Mapping[Phase, int]:
    """How many cases of a view of the queue stand in each phase. One statement. Raises BadFilter."""
    found = select(Case.phase, func.count()).where(*conditions(session, wanted, viewer, now)).group_by(Case.phase)
    return {Phase(phase): number for phase, number in session.execute(found)}


def addresses(session: Session) -> list[tuple[str, str]]:
    """E-mail address and name of everybody who can have cases, by name: what the queue filters by."""
    found = select(Person.email, Person.name).where(Person.role.in_(HANDS), Person.active)
    return [(email, name) for email, name in session.execute(found.order_by(Person.name, Person.id))]
