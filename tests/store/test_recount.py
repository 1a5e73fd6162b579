"""The weekly report against two others: one folded clock by clock, and one counted anew from exported events.

Histories of every kind are tried, reports are asked for in the middle and again at the end, and behind every number
there are as many rows as it says.
"""

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import histories
import pytest
from factories import MONDAY, Cast
from histories import CHOICES, Step, World
from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker import resources
from request_tracker.actions import clock
from request_tracker.rules.calendar import Calendar, standard
from request_tracker.rules.phases import CLOCKS
from request_tracker.rules.program import Program
from request_tracker.rules.report import Week, WeeklyReport, summarise, to_json
from request_tracker.rules.report_rows import Only
from request_tracker.rules.sla import EventKind
from request_tracker.store import reading_report_cases as past
from request_tracker.store import reading_report_clocks, schema
from request_tracker.store import reading_report_folds as folds
from request_tracker.store.bulk import Known, bulk
from request_tracker.store.cases import Case
from request_tracker.store.clocks import CalendarVersion, Clock, ClockEventRow
from request_tracker.store.keys import load_knowledge
from request_tracker.store.reading_report import weekly
from request_tracker.store.reading_report_list import listed
from tests.store.recount import TABLES, recount

ZONE = "Europe/Berlin"
MANY = 100_000
BOTH = ["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgres, pytest.mark.deep])]
OFFICE = Calendar("America/New_York", ((((9 * 60), 12 * 60), (13 * 60, 17 * 60)),) * 5 + ((),) * 2, frozenset())


def _script(seed: int) -> list[Step]:
    chance = random.Random(seed)
    names = (*CHOICES, *["wait"] * 22, *["forward"] * 6, *["assign"] * 3)
    return [(chance.choice(names), *(chance.randrange(12) for _ in range(3))) for _ in range(44)]  # type: ignore[misc]


@pytest.mark.parametrize("seed", [39, *(pytest.param(n, marks=pytest.mark.deep) for n in range(10, 39))])
def test_random_histories(rolled: Any, cast: Cast, seed: int) -> None:
    def run(world: World, script: list[Step]) -> None:
        histories.populate(world)
        half = len(script) // 2
        _live(world, script[:half])
        then, week = world.now, Week.of(world.now, ZONE)
        before = to_json(weekly(world.session, week, ZONE, then))
        _live(world, script[half:])
        export = _export(world.session)
        for back in (0, 1):
            found = _agree(world.session, Week.of(world.now, ZONE).back(back), world.now, export)
        _every_number_has_its_rows(world.session, found, world.now, Only())
        _agree(world.session, week, then, export)
        assert to_json(weekly(world.session, week, ZONE, then)) == before, "whatever came after"
        found = weekly(world.session, week, ZONE, then, Only(assignee_id=world.cast.specialist.id))
        _equal(found, recount(export, str(week), ZONE, then, world.cast.specialist.id))
        _every_number_has_its_rows(world.session, found, then, Only(assignee_id=world.cast.specialist.id))

    histories.within(rolled, cast, _script(seed), run)


@pytest.mark.parametrize("engine", BOTH, indirect=True)
def test_the_synthetic_program(session: Session, tmp_path: Path) -> None:
    now = datetime(2026, 11, 18, 10, 0, tzinfo=UTC)
    session.add(CalendarVersion(body=standard(ZONE, [now.date()]).to_json(), created_at=now))
    session.flush()
    known = Known(load_knowledge(resources.SEED_DATA), Program(), now)
    assert list(bulk(session, 350, known, random_seed=13))
    path = tmp_path / "export.json"
    path.write_text(json.dumps(_export(session)))
    export = json.loads(path.read_text())
    earlier, found = (_agree(session, Week.of(now, ZONE).back(back), now, export) for back in (9, 1))
    for name in ("met", "breached", "paused", "at_risk", "overdue", "finished"):
        assert getattr(earlier.total, name) + getattr(found.total, name) > 0, f"worth a look: {name}"
    _every_number_has_its_rows(session, found, now, Only())
    _accounts_add_up(session, found, now)


def _live(world: World, script: list[Step]) -> None:
    """The steps, now and then with another target or calendar for what runs, in force since some hours."""
    office = CalendarVersion(body=OFFICE.to_json(), created_at=MONDAY - timedelta(days=9))
    for number, step in enumerate(script):
        histories.do(world, step)
        if number % 4 == 3:
            kind = (EventKind.RETARGET, EventKind.RECALENDAR)[step[1] % 2]
            office.id or _add_first(world.session, office)
            _change(world, kind, office.id, days=step[2] + 0.25, hours=step[3] * 24)
    world.session.flush()


def _add_first(session: Session, version: CalendarVersion) -> None:
    """Not the newest, so that no clock starts by it."""
    session.add(version)
    session.flush()
    session.add(CalendarVersion(body=standard("UTC").to_json(), created_at=MONDAY))
    session.flush()


def _change(world: World, kind: EventKind, calendar_id: int, *, days: float, hours: int) -> None:
    open_ones = select(Clock).where(Clock.state.in_(("running", "paused"))).order_by(Clock.id)
    for row in world.session.scalars(open_ones).all()[::2]:
        assert row.started_at is not None
        event = ClockEventRow(
            clock_id=row.id, kind=kind, effective_at=max(row.started_at, world.now - timedelta(hours=hours)),
            recorded_at=world.now, target_s=days * 86_400 if kind == EventKind.RETARGET else None,
            calendar_id=calendar_id if kind == EventKind.RECALENDAR else None,
        )  # fmt: skip
        world.session.add(event)
        world.session.flush()
        clock.refold(world.session, row, world.now)
        clock.refresh(world.session, world.session.get_one(Case, row.case_id))


def _agree(session: Session, week: Week, as_of: datetime, export: dict[str, Any]) -> WeeklyReport:
    found = weekly(session, week, ZONE, as_of)
    assert to_json(found) == to_json(_by_facts(session, week, as_of))
    _equal(found, recount(export, str(week), ZONE, as_of))
    return found


def _by_facts(session: Session, week: Week, as_of: datetime) -> WeeklyReport:
    """The report from single facts, every clock folded and every case taken back: nothing is added up in SQL."""
    sight = reading_report_clocks.sight_of(session, week, ZONE, as_of, Only())
    span = sight.span
    cases = past.named(session, session.scalars(select(Case.id).where(Case.opened_at < span.cut)).all(), sight.later)
    had = {number: sight.names.get(each.standing.assignee_id or 0) for number, each in cases.items()}
    rows = folds.with_events(session, Clock.id > 0, span.cut)
    clocks = (
        folds.folded(row, log, span.now, had.get(f"LITE-{row.case_id:06d}"), folds.revision(row, log, span.start))
        for row, log in rows
    )
    facts = [each for each in clocks if each.state != "pending" or each.revision]
    moves = past.moves(session, span, Only(), sight.later)
    return summarise(week, ZONE, as_of, facts, [each.fact for each in cases.values()], moves)


def _export(session: Session) -> dict[str, Any]:
    """The plain rows of the tables."""
    session.flush()
    rows = {name: session.execute(select(schema.metadata.tables[name])).mappings().all() for name in TABLES}
    return {name: [{key: _plain(value) for key, value in row.items()} for row in found] for name, found in rows.items()}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _equal(found: WeeklyReport, counted: dict[str, Any]) -> None:
    for figures in (found.total, *found.clocks):
        wanted = counted["clocks"].get(figures.name) or dict.fromkeys(("met", "breached", "open", "finished"), 0)
        for name, value in wanted.items():
            if name == "pauses":
                assert {each.reason: each.days for each in figures.pauses} == pytest.approx(value), figures.name
            else:
                assert getattr(figures, name) == pytest.approx(value), (figures.name, name)
    assert {str(row.week): [row.met, row.breached] for row in found.trend} == counted["trend"]
    assert {row.place: [row.entered, row.at_end, row.left] for row in found.funnel} == {
        place: row[:3] for place, row in counted["funnel"].items()
    }
    for row in found.funnel:
        assert row.median_days == pytest.approx(counted["funnel"][row.place][3])
    for cohort in found.cohorts:
        wanted = counted["cohorts"][str(cohort.week)]
        assert {name: getattr(cohort, name) for name in wanted} == wanted, cohort.week
    told = [[row.case, row.name, row.cycle, row.due_at.isoformat(), round(row.over_days, 9)] for row in found.breaches]
    assert sorted(told) == counted["breaches"]
    corrected = [[row.case, row.name, row.cycle, row.was, row.now] for row in found.corrections]
    assert sorted(corrected, key=str) == sorted(counted["corrections"], key=str)


def _every_number_has_its_rows(session: Session, found: WeeklyReport, as_of: datetime, only: Only) -> None:
    for figure, name, number in _numbers(found):
        rows = listed(session, found.week, ZONE, as_of, figure, clock=name, only=only, limit=MANY)
        assert len(rows) == number, (figure, name)


def _numbers(found: WeeklyReport) -> list[tuple[str, str, int]]:
    """Every number of the report, with the figure and the clock it is listed by; noughts of some kinds left out."""
    figures = [
        (name, each.name, each.open - each.paused - each.at_risk - each.overdue if name == "on_time" else value)
        for each in (found.total, *found.clocks)
        for name in ("met", "breached", "open", "on_time", "paused", "at_risk", "overdue", "finished")
        if (value := getattr(each, name, 1)) or each is found.total
    ]
    places = [(f"{kind}:{row.place}", "all", getattr(row, column) or 0) for row in found.funnel
              for kind, column in (("entered", "entered"), ("standing", "at_end"), ("left", "left"))
              if getattr(row, column)]  # fmt: skip
    cohorts = [(f"cohort:{row.week}:{name}", "all", getattr(row, name)) for row in found.cohorts if row.submitted
               for name in ("submitted", "live", "accepted", "declined", "released", "other")]  # fmt: skip
    trend = [(f"trend:{row.week}:{name}", "all", getattr(row, name)) for row in found.trend if row.met + row.breached
             for name in ("met", "breached")]  # fmt: skip
    return [*figures, *places, *cohorts, *trend, ("correction", "all", len(found.corrections))]


def _accounts_add_up(session: Session, whole: WeeklyReport, as_of: datetime) -> None:
    ids = session.scalars(select(Case.account_id).union(select(Clock.account_id))).all()
    parts = [weekly(session, whole.week, ZONE, as_of, Only(account_id=each)) for each in ids]
    for name in CLOCKS:
        sums = {f.name: f for f in whole.clocks}[name]
        mine = [{f.name: f for f in part.clocks}[name] for part in parts]
        for figure in ("met", "breached", "open", "paused", "at_risk", "overdue", "finished"):
            assert sum(getattr(each, figure) for each in mine) == getattr(sums, figure), (name, figure)
    for place, row in enumerate(whole.funnel):
        assert sum(part.funnel[place].entered for part in parts) == row.entered
        assert sum(part.funnel[place].at_end or 0 for part in parts) == (row.at_end or 0)
