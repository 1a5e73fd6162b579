"""Provisioning many at once, as staff see it: cases without a usable starter connector, runs, and how they go."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from request_tracker.rules import limits
from request_tracker.rules.terms import USABLE_STARTER, Phase, StarterState
from request_tracker.store.cases import Case, case_number
from request_tracker.store.connections import Condition, Connection
from request_tracker.store.jobs import Job
from request_tracker.store.people import Account, Person
from request_tracker.store.provision_runs import OPEN, ProvisionItem, ProvisionRun

MOST, MOST_RUNS = 500, 20
CALLS_EACH = 4
"""About so many calls make one connector: the look before, the group and its destination, and making it."""
PHASES = tuple(each for each in Phase if Phase.CONSULTATION.order <= each.order < Phase.GENERALLY_AVAILABLE.order)
STATES = ("waiting", "running", "unknown", "done", "failed", "skipped")


@dataclass(frozen=True)
class Candidate:
    """A case that was accepted and has no usable starter connector. `run_id`: the run that is at it, if any."""

    case_id: int
    number: str
    service_name: str
    account: str
    why: str
    run_id: int | None


@dataclass(frozen=True)
class RunRow:
    id: int
    title: str
    origin: str
    state: str
    by: str
    created_at: datetime
    finished_at: datetime | None
    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def left(self) -> int:
        return sum(self.counts.get(each, 0) for each in OPEN)

    @property
    def over(self) -> int:
        return self.total - self.left


@dataclass(frozen=True)
class ItemRow:
    name: str
    case: str | None
    state: str
    sentence: str
    connection_id: str | None
    changed_at: datetime


@dataclass(frozen=True)
class RunView:
    """`rate`: done within the last minute. `at_least_for`: what is left takes so long by the rate limit alone."""

    run: RunRow
    items: tuple[ItemRow, ...]
    hidden: int
    rate: int
    an_hour: int
    at_least_for: timedelta


def candidates(session: Session) -> tuple[Candidate, ...]:
    """Those whose starter connector does not come by itself, with why; the oldest case first."""
    usable = select(Connection.case_id).where(Connection.state.in_(USABLE_STARTER), Connection.grace_until.is_(None))
    found = (
        select(Case, Account.name)
        .join(Account, Account.id == Case.account_id)
        .where(Case.outcome.is_(None), Case.merged_into_id.is_(None), Case.primary_request_id.is_not(None))
        .where(Case.phase.in_(PHASES), Case.id.not_in(usable))
        .order_by(Case.id)
        .limit(MOST)
    )
    rows = session.execute(found).all()
    ids = [case.id for case, _ in rows]
    newest, said, jobs, runs = _newest(session, ids), _said(session, ids), _jobs(session), in_runs(session, ids)
    whys = {case.id: _why(case, newest.get(case.id), said, jobs.get(case.id)) for case, _ in rows}
    return tuple(
        Candidate(case.id, case_number(case.id), case.service_name, account, whys[case.id], runs.get(case.id))
        for case, account in rows
        if whys[case.id]
    )


def in_runs(session: Session, case_ids: Collection[int]) -> dict[int, int]:
    """The run that still has to do with each of the cases; those without one are missing."""
    found = (
        select(ProvisionItem.case_id, ProvisionRun.id)
        .join(ProvisionRun, ProvisionRun.id == ProvisionItem.run_id)
        .where(ProvisionRun.state != "done", ProvisionItem.state.in_(OPEN), ProvisionItem.case_id.in_(case_ids))
        .order_by(ProvisionItem.id.desc())
    )
    return {case_id: run_id for case_id, run_id in session.execute(found) if case_id is not None}


def runs(session: Session) -> tuple[RunRow, ...]:
    found = (
        select(ProvisionRun, Person.name)
        .outerjoin(Person, Person.id == ProvisionRun.by_id)
        .order_by(ProvisionRun.id.desc())
        .limit(MOST_RUNS)
    )
    rows = session.execute(found).all()
    counts = _counts(session, [run.id for run, _ in rows])
    return tuple(_run(run, by, counts.get(run.id, {})) for run, by in rows)


def view(session: Session, run_id: int, plan: str, now: datetime) -> RunView | None:
    """How a run goes; what failed first, then what goes on."""
    found = session.execute(
        select(ProvisionRun, Person.name)
        .outerjoin(Person, Person.id == ProvisionRun.by_id)
        .where(ProvisionRun.id == run_id)
    ).one_or_none()
    if found is None:
        return None
    run = _run(found[0], found[1], _counts(session, [run_id]).get(run_id, {}))
    rows = session.scalars(select(ProvisionItem).where(ProvisionItem.run_id == run_id).order_by(ProvisionItem.id))
    order = {state: place for place, state in enumerate(("failed", "unknown", "running", "skipped", "waiting", "done"))}
    items = sorted(rows, key=lambda each: (order[each.state], each.id))
    rate = sum(each.state == "done" and each.changed_at >= now - timedelta(minutes=1) for each in items)
    an_hour = min(each.calls for each in limits.limits_of("call", plan=plan)) // CALLS_EACH
    return RunView(
        run=run,
        items=tuple(_item(each) for each in items[:MOST]),
        hidden=max(0, len(items) - MOST),
        rate=rate,
        an_hour=an_hour,
        at_least_for=timedelta(hours=max(0, run.left - an_hour // 4) / an_hour),
    )


def _why(case: Case, row: Connection | None, said: Mapping[tuple[int, str], Condition], job: Job | None) -> str:
    """Why there is none, and that nothing comes by itself; empty where something still does."""
    is_pending = job is not None and job.state in ("ready", "running")
    if row is None or row.state in (StarterState.DELETED, StarterState.NONE) or row.grace_until is not None:
        return "" if is_pending else "Nothing is planned for it"
    if row.state == StarterState.FAILED:
        return _failed(case, row, said)
    if row.state == StarterState.MISSING:
        created = said.get((row.id, "created"))
        return f"Gone in Fivetran. {created.message}" if created and created.reason == "wanted" else ""
    group = said.get((row.id, "group"))
    if group is not None:
        return group.message
    if is_pending:
        return ""
    return (
        f"Planned, and given up: {job.last_error}" if job is not None and job.last_error else "Planned, and forgotten"
    )


def _failed(case: Case, row: Connection, said: Mapping[tuple[int, str], Condition]) -> str:
    if row.request_id != case.primary_request_id:
        return "Nothing is planned for it"
    no = said.get((row.id, "api"))
    return no.message if no else "Fivetran refused to make it"


def _newest(session: Session, case_ids: Collection[int]) -> dict[int, Connection]:
    found = select(Connection).where(Connection.case_id.in_(case_ids)).order_by(Connection.id)
    return {row.case_id: row for row in session.scalars(found)}


def _said(session: Session, case_ids: Collection[int]) -> dict[tuple[int, str], Condition]:
    """What is not as it should be, by connection row and kind."""
    found = (
        select(Condition)
        .join(Connection, Connection.id == Condition.connection_row_id)
        .where(Connection.case_id.in_(case_ids), Condition.ok.is_(False))
        .order_by(Condition.id)
    )
    return {(each.connection_row_id, each.kind): each for each in session.scalars(found)}


def _jobs(session: Session) -> dict[int, Job]:
    """The job that makes each case's starter connector: one that still comes before one that died."""
    kinds = select(Job).where(Job.kind == "provision", Job.state.in_(("ready", "running", "dead")))
    found: dict[int, Job] = {}
    for job in session.scalars(kinds.order_by(Job.state == "dead", Job.id)):
        found.setdefault(job.args["case_id"], job)
    return found


def _counts(session: Session, run_ids: Iterable[int]) -> dict[int, Counter[str]]:
    found: dict[int, Counter[str]] = {}
    rows = session.execute(
        select(ProvisionItem.run_id, ProvisionItem.state, func.count())
        .where(ProvisionItem.run_id.in_(list(run_ids)))
        .group_by(ProvisionItem.run_id, ProvisionItem.state)
    )
    for run_id, state, count in rows:
        found.setdefault(run_id, Counter())[state] = count
    return found


def _run(row: ProvisionRun, by: str | None, counts: Mapping[str, int]) -> RunRow:
    name = by or "the command line"
    return RunRow(row.id, row.title, row.origin, row.state, name, row.created_at, row.finished_at, counts)


def _item(row: ProvisionItem) -> ItemRow:
    number = case_number(row.case_id) if row.case_id is not None else None
    return ItemRow(row.name, number, row.state, row.sentence, row.connection_id, row.changed_at)
