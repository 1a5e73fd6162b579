"""What each step of a story does in the demo program, by the real actions, at the demo's own time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from mimetypes import guess_type
from pathlib import Path

from sqlalchemy.orm import Session

from request_tracker.actions import assess, evidence, meetings, merge, minutes, submit, sweep, withdraw
from request_tracker.actions import hold as holding
from request_tracker.actions.advance import advance
from request_tracker.actions.evidence import Fact
from request_tracker.actions.meetings import Plan
from request_tracker.actions.minutes import Minutes
from request_tracker.fivetran.client import Fivetran
from request_tracker.rules import submission
from request_tracker.rules.evidence import MINUTES
from request_tracker.rules.matching import Knowledge
from request_tracker.rules.meetings import MeetingState
from request_tracker.rules.people import SYSTEM, Act, Viewer
from request_tracker.rules.terms import Role
from request_tracker.settings import Settings
from request_tracker.store import assessments, cases, connections, requests
from request_tracker.store import meetings as kept_meetings
from request_tracker.store.cases import Case
from request_tracker.store.session import Database
from request_tracker.work.stories import ASSESSED_AS, DECLINED, QUESTIONS

Row = Mapping[str, str]
SLOTS = (6, 9, 11)
"""Days after the offer; all are before the minutes of every story."""
MEETS = Plan(minutes=45, place="https://meet.program.example/consultation")
SHOWN = "Shown in a call: the team's daily work with the service"


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
    sent: dict[str, Path] = field(default_factory=dict)
    """API documents that come with requests, by the key of the request."""
    opened: dict[str, int] = field(default_factory=dict)

    def act(self, who: Viewer) -> Act:
        return Act(who, self.now, self.settings.program)


def look(stage: Stage) -> None:
    """Read the connections as the reconcile tick would."""
    stage.now += stage.settings.program.check_every
    with stage.database.transaction() as session:
        sweep.connections_due(session, Act(SYSTEM, stage.now, stage.settings.program))


def take(stage: Stage, step: str, row: Row) -> None:
    """Do one step of a row's story, as the person whose step it is."""
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
    request = submit.submit(
        session,
        submission.read(raw),
        stage.act(who),
        join=join,
        upload=_upload(stage.sent.get(row["key"])),
        knowledge=stage.knowledge,
    )
    stage.opened[row["key"]] = request.case_id


def _upload(file: Path | None) -> submit.Upload | None:
    if file is None:
        return None
    body = file.read_bytes()
    return submit.Upload(file.name, guess_type(file.name)[0] or "text/plain", sha256(body).hexdigest(), body)


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
    """As measured where a document came with the request, else by hand."""
    by_hand = {} if assessments.of_case(session, case.id) else ASSESSED_AS
    assess.decide(session, case, by_hand, stage.act(_one(stage, Role.SPECIALIST, case)), accept_all=not by_hand)


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
    times = [_afternoon(stage.now + timedelta(days=ahead)) for ahead in SLOTS]
    meetings.offer(session, case, stage.act(_one(stage, Role.SPECIALIST, case)), times, MEETS)


def _afternoon(day: datetime) -> datetime:
    """At 14:00 UTC of the day, or of the Monday after: people on both sides of the Atlantic are at work then."""
    return (day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)).replace(hour=14, minute=0)


def _choose(session: Session, stage: Stage, case: Case, _: Row) -> None:
    """The requester books the first of the times that nobody else took of the same specialist."""
    found = kept_meetings.open_of(session, case.id)
    assert found is not None, f"{case.number} was offered times"
    times = [slot.starts_at for slot in kept_meetings.slots_of(session, found.id)]
    length = timedelta(minutes=found.minutes)
    free = [at for at in times if not kept_meetings.busy(session, found.host_id, at, at + length)]
    if free:
        meetings.book(session, case, found, stage.act(_primary(session, stage, case)), Plan(at=free[0]))


def _demonstrate(session: Session, stage: Stage, case: Case, _: Row) -> None:
    """They met, and what is written down of it so far is that the service was shown."""
    act, found = stage.act(_one(stage, Role.SPECIALIST, case)), kept_meetings.open_of(session, case.id)
    if found is not None and found.state == MeetingState.BOOKED and found.starts_at and found.starts_at <= stage.now:
        meetings.over(session, case, found, act, "held", Plan())
    evidence.put(session, case, Fact(MINUTES[0], note=SHOWN), act)


def _note(session: Session, stage: Stage, case: Case, _: Row) -> None:
    said = Minutes(
        shown=SHOWN,
        use_cases="Weekly reporting, joined with the warehouse's customer table",
        data="The tables named in the request, three years of history",
    )
    minutes.put(session, case, said, stage.act(_one(stage, Role.SPECIALIST, case)))


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
    look(stage)


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
    "choose_slot": _choose,
    "demonstrate": _demonstrate,
    "record_consultation": _note,
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
