"""The hard cases, a statement a group, and how many there are of each in one; no viewer's limits: for leads."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, null, or_, select
from sqlalchemy.orm import Session, aliased

from request_tracker.rules.hard import BY_KEY, GROUPS, TWICE, Group, stuck_before
from request_tracker.rules.program import Program
from request_tracker.rules.report import PROMISES
from request_tracker.rules.terms import HoldReason, Phase, Verdict
from request_tracker.store import clocks
from request_tracker.store.assessments import Assessment
from request_tracker.store.base import FAR
from request_tracker.store.cases import Case, case_number
from request_tracker.store.clocks import Clock
from request_tracker.store.connections import Connection
from request_tracker.store.evidence import Evidence
from request_tracker.store.holds import Hold
from request_tracker.store.jobs import Job
from request_tracker.store.people import Person
from request_tracker.store.requests import Request
from request_tracker.store.timeline import Entry, Undone

QUICK = ("appeals", "program_holds", "no_leader", "reworks", "broken_twice", "stuck")
"""Groups that are known from the case and its clocks, so that a page which shows much else can count them."""
SHOWN = 20
"""So many of each group are listed; of more it is said that there are more."""


@dataclass(frozen=True)
class HardRow:
    """`since`: what the group says it is; None where there is no such instant."""

    number: str
    service_name: str
    phase: Phase
    held: str | None
    assignee: str | None
    since: datetime | None
    detail: str


@dataclass(frozen=True)
class Found:
    group: Group
    rows: tuple[HardRow, ...]
    has_more: bool


@dataclass(frozen=True)
class Wanted:
    """What makes a live case one of the group; since when, and what is counted of it (None: nothing)."""

    since: Any
    where: tuple[ColumnElement[bool], ...]
    number: Any = None


def listed(session: Session, program: Program, now: datetime) -> tuple[Found, ...]:
    """Every group with its first cases, the longest standing first."""
    wanted = _groups(session, program, now)
    return tuple(_found(session, group, wanted[group.key]) for group in GROUPS)


def counts(
    session: Session, program: Program, now: datetime, keys: Collection[str] = tuple(BY_KEY)
) -> Mapping[str, int]:
    """How many cases each of these groups has, in one pass over the live cases. Two statements."""
    wanted = _groups(session, program, now)
    fits = {key: and_(*wanted[key].where) for key in keys}
    found = select(*(func.sum(case((each, 1), else_=0)).label(key) for key, each in fits.items()))
    row = session.execute(found.where(Case.outcome.is_(None))).one()
    return {key: row._mapping[key] or 0 for key in fits}


def _found(session: Session, group: Group, wanted: Wanted) -> Found:
    rows: Sequence[Any] = session.execute(_live(wanted).limit(SHOWN + 1)).all()
    return Found(group, tuple(_row(group, row) for row in rows[:SHOWN]), len(rows) > SHOWN)


def _live(wanted: Wanted) -> Select[*tuple[Any, ...]]:
    """The live cases of a group, the longest standing first."""
    columns = (Case.id, Case.service_name, Case.phase, Case.held, Person.name.label("assignee"))
    number = null() if wanted.number is None else wanted.number
    return (
        select(*columns, wanted.since.label("since"), number.label("number"))
        .outerjoin(Person, Person.id == Case.assignee_id)
        .where(Case.outcome.is_(None), *wanted.where)
        .order_by(wanted.since, Case.id)
    )


def _row(group: Group, row: Any) -> HardRow:
    since = row.since if row.since is not None and row.since < FAR else None
    return HardRow(
        case_number(row.id), row.service_name, Phase(row.phase), row.held, row.assignee, since,
        group.detail(row.number) if row.number else "",
    )  # fmt: skip


def _groups(session: Session, program: Program, now: datetime) -> dict[str, Wanted]:
    stuck = stuck_before(clocks.newest_calendar(session).calendar, now)
    return {
        "declines": _declines(program),
        "appeals": _appeals(),
        "late_declines": _late_declines(),
        "program_holds": _program_holds(),
        "no_leader": Wanted(Case.touched_at, (Case.primary_request_id.is_(None),)),
        "waivers": _waivers(program),
        "reworks": _reworks(),
        "broken_twice": _broken_twice(),
        "stuck": Wanted(Case.touched_at, (Case.touched_at < stuck,)),
        "connections": _connections(),
    }


def _in(*phases: Phase) -> ColumnElement[bool]:
    return Case.phase.in_(phases)


def _declines(program: Program) -> Wanted:
    """As rules.phases.few_or_lead blocks a specialist: accounts beside the primary's, of the whole tree."""
    member = aliased(Case)
    beside = or_(Case.primary_request_id.is_(None), Request.account_id != Case.account_id)
    others = (
        select(func.count(Request.account_id.distinct()))
        .join(member, member.id == Request.case_id)
        .where(member.root_id == Case.id, Request.withdrawn_at.is_(None), beside)
        .correlate(Case)
        .scalar_subquery()
    )
    many = others >= program.lead_decides_from
    return Wanted(Case.queue_at, (_in(Phase.SUBMISSION, Phase.VALIDATION), many), others)


def _appeals() -> Wanted:
    """In validation because of an appeal. It begins another cycle of the review, so that is looked for first."""
    again = exists().where(Clock.case_id == Case.id, Clock.name == "review", Clock.cycle > 1)
    appealed = (
        select(func.max(Entry.at))
        .where(Entry.case_id == Case.id, Entry.kind == "move.appeal", Entry.at >= Case.phase_at, _standing())
        .correlate(Case)
        .scalar_subquery()
    )
    return Wanted(appealed, (_in(Phase.VALIDATION), again, appealed.is_not(None)))


def _late_declines() -> Wanted:
    """A criterion that somebody, or a newer document, found poor since the case was accepted."""
    accepted = (
        select(func.max(Entry.at)).where(Entry.case_id == Case.id, Entry.kind == "move.accept").correlate(Case)
    ).scalar_subquery()
    judged = (Assessment.verdict == Verdict.POOR) & (Assessment.at > accepted)
    anew = (Assessment.measured == Verdict.POOR) & (Assessment.measured_at > func.coalesce(Assessment.at, accepted))
    poor = (
        select(func.count())
        .where(Assessment.case_id == Case.id, or_(judged, anew & (Assessment.measured_at > accepted)))
        .correlate(Case)
        .scalar_subquery()
    )
    some = exists().where(
        Assessment.case_id == Case.id, or_(Assessment.verdict == Verdict.POOR, Assessment.measured == Verdict.POOR)
    )
    return Wanted(Case.phase_at, (_in(Phase.CONSULTATION, Phase.DEVELOPMENT), some, poor > 0), poor)


def _program_holds() -> Wanted:
    open_ones = (Hold.case_id == Case.id, Hold.ended_at.is_(None), Hold.reason == HoldReason.PROGRAM_HOLD)
    since = select(func.min(Hold.since)).where(*open_ones).correlate(Case).scalar_subquery()
    return Wanted(since, (Case.held.is_not(None), exists().where(*open_ones)))


def _waivers(program: Program) -> Wanted:
    """In preview, synced, reminded as often as the program does, and not verified."""
    told = _entries("reminder")
    enough = told >= program.reminders_before_waiver
    waits = (_stands("initial_sync_finished"), ~_stands("requester_verified"), enough)
    return Wanted(Case.phase_at, (_in(Phase.PRIVATE_PREVIEW), *waits), told)


def _stands(key: str) -> ColumnElement[bool]:
    return exists().where(Evidence.case_id == Case.id, Evidence.key == key, Evidence.voided_at.is_(None))


def _reworks() -> Wanted:
    """Every rework begins a new cycle of the build, so that a third cycle is looked for before entries are read."""
    times = _entries("move.rework", _standing())
    again = exists().where(Clock.case_id == Case.id, Clock.name == "build", Clock.cycle > TWICE)
    return Wanted(Case.phase_at, (_in(Phase.DEVELOPMENT, Phase.PRIVATE_PREVIEW), again, times >= TWICE), times)


def _standing() -> ColumnElement[bool]:
    """The entry was not taken back."""
    return ~exists().where(Undone.entry_id == Entry.id)


def _entries(kind: str, *where: ColumnElement[bool]) -> Any:
    found = select(func.count()).where(Entry.case_id == Case.id, Entry.kind == kind, *where)
    return found.correlate(Case).scalar_subquery()


def _broken_twice() -> Wanted:
    broken = (
        select(func.count())
        .where(Clock.case_id == Case.id, Clock.name.in_(PROMISES), Clock.breached_at.is_not(None))
        .correlate(Case)
        .scalar_subquery()
    )
    return Wanted(Case.queue_at, (broken >= TWICE,), broken)


def _connections() -> Wanted:
    """The newest connection is missing or failed, or making it was given up."""
    newer = aliased(Connection)
    newest = ~exists().where(newer.case_id == Connection.case_id, newer.id > Connection.id)
    gone = exists().where(Connection.case_id == Case.id, Connection.state.in_(("missing", "failed")), newest)
    given_up = select(Entry.case_id).join(Job, Job.event_id == Entry.id)
    dead = Case.id.in_(given_up.where(Job.state == "dead", Job.kind == "provision"))
    phases = (Phase.CONSULTATION, Phase.DEVELOPMENT, Phase.PRIVATE_PREVIEW)
    return Wanted(Case.phase_at, (_in(*phases), or_(gone, dead)))
