"""The demo program, made by walking the real actions with an injected clock, so that its histories are true."""

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zlib import crc32

from sqlalchemy import update
from sqlalchemy.orm import Session

from request_tracker.actions import admit, assess, calendars, consult, evidence, merge, report, submit, sweep, withdraw
from request_tracker.actions import hold as holding
from request_tracker.actions.advance import advance
from request_tracker.actions.evidence import Fact
from request_tracker.fivetran.client import Fivetran
from request_tracker.rules import submission
from request_tracker.rules.days_off import day_off
from request_tracker.rules.evidence import MINUTES
from request_tracker.rules.matching import Knowledge
from request_tracker.rules.people import SYSTEM, Act, Viewer
from request_tracker.rules.terms import Role
from request_tracker.settings import Settings
from request_tracker.store import cases, connections, people, requests
from request_tracker.store.cases import Case
from request_tracker.store.keys import load_knowledge
from request_tracker.store.session import Database
from request_tracker.work.context import Context
from request_tracker.work.seed import rows, seed
from request_tracker.work.stories import ASSESSED_AS, DECLINED, QUESTIONS, STORIES
from request_tracker.work.worker import Worker

Row = Mapping[str, str]
PROPOSED_DAYS = ((12, 24, "Christmas Eve"), (12, 31, "New Year's Eve"), (5, 14, "Company day"))


@dataclass
class Stage:
    """The demo's own clock and its neighbour. `control(button, connection)` presses a button of the emulator."""

    database: Database
    settings: Settings
    fivetran: Callable[[], Fivetran]
    control: Callable[[str, str], None]
    now: datetime = datetime(2000, 1, 1, tzinfo=UTC)
    knowledge: Knowledge = field(init=False)
    staff: dict[Role, list[Viewer]] = field(default_factory=dict)
    requesters: dict[str, Viewer] = field(default_factory=dict)
    opened: dict[str, int] = field(default_factory=dict)

    def act(self, who: Viewer) -> Act:
        return Act(who, self.now, self.settings.program)


def fill(stage: Stage, folder: Path, until: datetime, *, password: str, tell: Callable[[int, int], None]) -> None:
    """Seed the program and walk every story of the folder's demo_requests.csv up to `until`.

    `tell(done, all)` hears of the progress.
    """
    stage.knowledge = load_knowledge(folder)
    told = list(rows(folder / "demo_requests.csv"))
    stage.now = until - timedelta(days=max(int(row["days_ago"]) for row in told) + 7)
    with stage.database.transaction() as session:
        seed(session, stage.settings.program, folder, stage.now)
        _people(session, stage, folder, password)
    _walk(stage, _agenda(told, until), until, tell)
    _propose_days(stage)


def forget_neighbour(session: Session, now: datetime) -> None:
    """The emulator of the walk is gone with its groups and connections: bind none of them, look for none of them."""
    session.execute(update(people.AccountGroup).values(unbound_at=now))
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
        _step(stage, step, row)
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
        if swept:
            _settle(stage, worker)
    stage.now = max(stage.now, until)


def _settle(stage: Stage, worker: Worker) -> None:
    """Past the undo window: letters go out, starter connectors are made and looked at."""
    stage.now += stage.settings.program.undo_for + timedelta(seconds=2)
    worker.drain()


def _look(stage: Stage) -> None:
    """Read the connections as the reconcile tick would."""
    stage.now += stage.settings.program.check_every
    with stage.database.transaction() as session:
        sweep.connections_due(session, Act(SYSTEM, stage.now, stage.settings.program))


def _step(stage: Stage, step: str, row: Row) -> None:
    if step == "send":
        with stage.database.transaction() as session:
            _send(session, stage, row)
        return
    case = _case(stage, row["key"])
    if step in OUTSIDE:
        OUTSIDE[step](stage, case)
        return
    with stage.database.transaction() as session:
        STEPS[step](session, stage, session.get_one(Case, case.id), row)


def _case(stage: Stage, key: str) -> Case:
    with stage.database.reading() as session:
        return session.get_one(Case, stage.opened[key])


def _send(session: Session, stage: Stage, row: Row) -> None:
    kind, _, other = row["story"].partition(":")
    join = cases.case_number(stage.opened[other]) if kind == "joins" else None
    raw = {**row, "terms_accepted": True, "would_preview": "yes" if kind == "joins" else ""}
    who = stage.requesters[row["requester"]]
    request = submit.submit(session, submission.read(raw), stage.act(who), join=join, knowledge=stage.knowledge)
    stage.opened[row["key"]] = request.case_id


def _one(stage: Stage, role: Role, case: Case) -> Viewer:
    """The same person for the same case."""
    return stage.staff[role][case.id % len(stage.staff[role])]


def _primary(session: Session, stage: Stage, case: Case) -> Viewer:
    request = session.get_one(requests.Request, case.primary_request_id)
    return next(viewer for viewer in stage.requesters.values() if viewer.id == request.person_id)


def _move(name: str, role: Role, **fields: object) -> Callable[[Session, Stage, Case, Row], None]:
    def step(session: Session, stage: Stage, case: Case, _: Row) -> None:
        advance(session, case, name, version=case.version, act=stage.act(_one(stage, role, case)), fields=fields)

    return step


def _put(role: Role, *facts: tuple[str, str]) -> Callable[[Session, Stage, Case, Row], None]:
    def step(session: Session, stage: Stage, case: Case, _: Row) -> None:
        who = _primary(session, stage, case) if role is Role.REQUESTER else _one(stage, role, case)
        for key, note in facts:
            evidence.put(session, case, Fact(key, note=note), stage.act(who))

    return step


def _assess(session: Session, stage: Stage, case: Case, _: Row) -> None:
    assess.decide(session, case, ASSESSED_AS, stage.act(_one(stage, Role.SPECIALIST, case)))


def _ask(session: Session, stage: Stage, case: Case, _: Row) -> None:
    question = QUESTIONS[case.id % len(QUESTIONS)]
    act = stage.act(_one(stage, Role.SPECIALIST, case))
    holding.put_on(session, case, act, reason="requester_info", question=question)


def _decline(name: str, role: Role, **more: str) -> Callable[[Session, Stage, Case, Row], None]:
    def step(session: Session, stage: Stage, case: Case, _: Row) -> None:
        criterion, explanation, alternatives = DECLINED[case.id % len(DECLINED)]
        fields = {"criterion": criterion, "explanation": explanation, "alternatives": alternatives, **more}
        advance(session, case, name, version=case.version, act=stage.act(_one(stage, role, case)), fields=fields)

    return step


def _merge(session: Session, stage: Stage, case: Case, row: Row) -> None:
    root = session.get_one(Case, stage.opened[row["story"].partition(":")[2]])
    act = stage.act(_one(stage, Role.SPECIALIST, case))
    merge.merge(session, case, root, act, version=case.version, into_version=root.version)


def _withdraw(session: Session, stage: Stage, case: Case, _: Row) -> None:
    request = session.get_one(requests.Request, case.primary_request_id)
    withdraw.withdraw(session, request, stage.act(_primary(session, stage, case)))


def _offer(session: Session, stage: Stage, case: Case, _: Row) -> None:
    words = "Tuesday 15:00 or Thursday 10:00, one hour, by video call; tell us which suits you."
    consult.offer(session, case, stage.act(_one(stage, Role.SPECIALIST, case)), times=words)


def _grant(stage: Stage, case: Case) -> None:
    _control(stage, case, "grant")


def _finish_sync(stage: Stage, case: Case) -> None:
    _control(stage, case, "finish-sync")


def _control(stage: Stage, case: Case, button: str) -> None:
    with stage.database.reading() as session:
        row = connections.live(session, case.id)
    assert row is not None, f"{case.number} has a starter connector by now"
    assert row.connection_id is not None, f"{case.number} has a connection in the emulator by now"
    stage.control(button, row.connection_id)
    _look(stage)


OUTSIDE: dict[str, Callable[[Stage, Case], None]] = {"grant": _grant, "finish_sync": _finish_sync}
STEPS: dict[str, Callable[[Session, Stage, Case, Row], None]] = {
    "claim": _move("claim", Role.SPECIALIST),
    "check_duplicates": _put(Role.SPECIALIST, ("duplicates_checked", "Compared by name, domain and documentation")),
    "assess": _assess,
    "ask": _ask,
    "accept": _move("accept", Role.SPECIALIST, reason="A clear use case, and an API we can build on."),
    "decline": _decline("decline", Role.SPECIALIST),
    "decline_late": _decline(
        "decline_late", Role.LEAD, findings="The API is limited to a hundred calls a day, which no sync can live with."
    ),
    "discard": _move("discard", Role.SPECIALIST, reason="No service, only a test of the form."),
    "offer_slots": _offer,
    "demonstrate": _put(Role.SPECIALIST, (MINUTES[0], "Shown in a call: the team's daily work with the service")),
    "record_consultation": _put(
        Role.SPECIALIST,
        (MINUTES[0], "Shown in a call: the team's daily work with the service"),
        (MINUTES[1], "Weekly reporting, joined with the warehouse's customer table"),
        (MINUTES[2], "The tables named in the request, three years of history"),
    ),
    "confirm_minutes": _put(Role.REQUESTER, ("minutes_confirmed", "")),
    "start_build": _move("start_build", Role.SPECIALIST),
    "built": _put(Role.ENGINEER, ("built", "All tables of the request")),
    "tested": _put(Role.ENGINEER, ("tested", "Unit tests and a sync against the test account")),
    "documented": _put(Role.ENGINEER, ("documented", "Set-up guide and schema")),
    "open_preview": _move("open_preview", Role.ENGINEER),
    "review": _put(Role.REQUESTER, ("completeness_reviewed", "Row counts agree with the service's own reports")),
    "verify": _put(Role.REQUESTER, ("requester_verified", "")),
    "check_catalogue": _put(Role.LEAD, ("catalogue_checked", "Listed as generally available")),
    "release": _move("release", Role.LEAD),
    "close": _move("close", Role.LEAD, reason="The vendor has shut the service down."),
    "appeal": _move("appeal", Role.SPECIALIST, new_information="The vendor has published its API since."),
    "merge": _merge,
    "withdraw": _withdraw,
}
