"""The demo program, made by walking the real actions with an injected clock, so that its histories are true."""

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from zlib import crc32

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from request_tracker.actions import admit, board, calendars, meetings_due, report, sweep
from request_tracker.rules.board import CUSTOMERS
from request_tracker.rules.days_off import day_off
from request_tracker.rules.terms import Role
from request_tracker.store import connections, people
from request_tracker.store.groups import GroupIntent
from request_tracker.store.keys import load_knowledge
from request_tracker.work.context import Context
from request_tracker.work.demo_steps import Row, Stage, take
from request_tracker.work.seed import rows, seed
from request_tracker.work.stories import STORIES
from request_tracker.work.worker import Worker

BOARD_OPENED = "Customers asked to see what others want, and where it stands."
PROPOSED_DAYS = ((12, 24, "Christmas Eve"), (12, 31, "New Year's Eve"), (5, 14, "Company day"))


def fill(stage: Stage, folder: Path, until: datetime, *, password: str, tell: Callable[[int, int], None]) -> None:
    """Seed the program and walk every story of the folder's demo_requests.csv up to `until`.

    `tell(done, all)` hears of the progress.
    """
    stage.knowledge = load_knowledge(folder)
    stage.sent = {file.stem: file for file in sorted((folder / "api_documents").iterdir())}
    stage.settings = replace(stage.settings, program=replace(stage.settings.program, reads_documents=False))
    told = list(rows(folder / "demo_requests.csv"))
    stage.now = until - timedelta(days=max(int(row["days_ago"]) for row in told) + 7)
    with stage.database.transaction() as session:
        seed(session, stage.settings.program, folder, stage.now)
        _people(session, stage, folder, password)
    _walk(stage, _agenda(told, until), until, tell)
    _propose_days(stage)
    _open_board(stage)


def forget_neighbour(session: Session, now: datetime) -> None:
    """The emulator of the walk is gone with its groups and connections: bind none of them, look for none of them."""
    session.execute(update(people.AccountGroup).values(unbound_at=now))
    session.execute(delete(GroupIntent))
    session.execute(update(connections.Connection).values(check_after=None))


def _people(session: Session, stage: Stage, folder: Path, password: str) -> None:
    for row in rows(folder / "people.csv"):
        account = people.account_named(session, row["account"], stage.now) if row["account"] else None
        person = admit.add_person(
            session,
            email=row["email"],
            name=row["name"],
            role=row["role"],
            account_id=account.id if account else None,
            password=password,
            now=stage.now,
            zone=row["zone"],
        )
        viewer = people.viewer_of(person, row["account"])
        if viewer.role is Role.REQUESTER:
            stage.requesters[viewer.email] = viewer
        else:
            stage.staff.setdefault(viewer.role, []).append(viewer)


def _propose_days(stage: Stage) -> None:
    """A few days off that wait for a lead's decision."""
    found = [day_off(_next(stage.now.date(), month, day), name) for month, day, name in PROPOSED_DAYS]
    with stage.database.transaction() as session:
        calendars.propose(session, found, "ical:company-days.ics", stage.act(stage.staff[Role.ADMIN][0]))


def _open_board(stage: Stage) -> None:
    """The lead opened the public board to customers."""
    with stage.database.transaction() as session:
        board.decide(session, CUSTOMERS, BOARD_OPENED, stage.act(stage.staff[Role.LEAD][0]), seen=0)


def _next(today: date, month: int, day: int) -> date:
    this_year = date(today.year, month, day)
    return this_year if this_year > today else date(today.year + 1, month, day)


def _agenda(told: Sequence[Row], until: datetime) -> list[tuple[datetime, int, str, Row]]:
    """Everything that happens, in order: (when, tie-break, step, row)."""
    agenda: list[tuple[datetime, int, str, Row]] = []
    for row in told:
        for at, step in _days(row, until):
            if at < until - timedelta(minutes=5):
                heapq.heappush(agenda, (at, len(agenda), step, row))
    return agenda


def _days(row: Row, until: datetime) -> Iterator[tuple[datetime, str]]:
    """When each step of one story happens: in working hours, and never before the step it follows."""
    sent_at = at = _in_hours(until - timedelta(days=int(row["days_ago"])), row["key"])
    yield at, "send"
    for after, step in STORIES[row["story"].partition(":")[0]]:
        at = max(_in_hours(sent_at + timedelta(days=after), row["key"] + step), at + timedelta(minutes=20))
        yield at, step


def _in_hours(at: datetime, key: str) -> datetime:
    """The same day, or the Monday after, some time between 9 and 16: people work then."""
    day = at + timedelta(days=max(0, 7 - at.weekday()) if at.weekday() > 4 else 0)
    minutes = crc32(key.encode()) % 420
    return day.replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(minutes=minutes)


def _walk(
    stage: Stage, agenda: list[tuple[datetime, int, str, Row]], until: datetime, tell: Callable[[int, int], None]
) -> None:
    worker = Worker(Context(stage.database, stage.settings, lambda: stage.now, stage.fivetran))
    total, done = len(agenda), 0
    while agenda:
        at, _, step, row = heapq.heappop(agenda)
        _pass_time(stage, worker, at)
        take(stage, step, row)
        _settle(stage, worker)
        done += 1
        tell(done, total)
    _pass_time(stage, worker, until)


def _pass_time(stage: Stage, worker: Worker, until: datetime) -> None:
    """Let the days go by: each morning the sweeps look at what is due, on Mondays the report is written."""
    morning = stage.now.replace(hour=9, minute=0, second=0, microsecond=0)
    while (morning := morning + timedelta(days=1)) < until:
        stage.now = morning
        with stage.database.transaction() as session:
            act = worker.context.act()
            swept = sweep.clocks_due(session, act) + report.ensure(session, stage.now, stage.settings.program)
            swept += meetings_due.end_stranded(session, act) + meetings_due.remind(session, act)
        if swept:
            _settle(stage, worker)
    stage.now = max(stage.now, until)


def _settle(stage: Stage, worker: Worker) -> None:
    """Past the undo window: letters go out, starter connectors are made and looked at."""
    stage.now += stage.settings.program.undo_for + timedelta(seconds=2)
    worker.drain()
