"""How we stand with Fivetran: outages, limits, our webhook, connections by state, what nobody answers for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, distinct, func, not_, select
from sqlalchemy.orm import Session

from request_tracker.rules import limits
from request_tracker.rules.terms import StarterState
from request_tracker.store import outages, quota, strays
from request_tracker.store.cases import Case, case_number
from request_tracker.store.connections import Condition, Connection
from request_tracker.store.jobs import Job
from request_tracker.store.outages import Outage
from request_tracker.store.webhook_events import OurWebhook

SILENT = ("unreachable", "key")
"""Reasons of the condition `api` that say that Fivetran could not be asked."""
LANDING = "destination"
"""Said of whole groups, so it is counted and not listed."""
MOST = 100


@dataclass(frozen=True)
class OutageTold:
    """An outage that people were told of. `waiting`: how many cases have a connection that was not answered."""

    kind: str
    began_at: datetime
    waiting: int


@dataclass(frozen=True)
class OutageRow:
    """`lasted`: until it ended, or until now."""

    kind: str
    sentence: str
    began_at: datetime
    ended_at: datetime | None
    told_at: datetime | None
    lasted: timedelta


@dataclass(frozen=True)
class LimitRow:
    """`left`: calls that may go out at once now; negative while Fivetran asked us to wait."""

    name: str
    calls: int
    per_for: timedelta
    burst: int
    left: float


@dataclass(frozen=True)
class StateRow:
    """Connections of one state; `oldest`: what has been wrong with one of them for longest, empty where nothing is."""

    state: str
    count: int
    oldest: str
    since: datetime | None


@dataclass(frozen=True)
class TroubleRow:
    """A connection with something that is not as it should be. `may_look`: Fivetran has it, so it can be asked."""

    row_id: int
    case: str
    service_name: str
    state: str
    schema: str
    kind: str
    message: str
    since: datetime
    checked_at: datetime | None
    may_look: bool


@dataclass(frozen=True)
class StrayRow:
    connection_id: str
    group_id: str
    schema: str
    service: str
    why: str
    case: str
    first_seen_at: datetime


@dataclass(frozen=True)
class Overview:
    """`answered_at`: the last answer about a connection. `searched_at`: the end of the last search for strays."""

    answered_at: datetime | None
    outages: tuple[OutageRow, ...]
    limits: tuple[LimitRow, ...]
    webhooks: tuple[OurWebhook, ...]
    states: tuple[StateRow, ...]
    troubles: tuple[TroubleRow, ...]
    waiting: int
    without_destination: int
    strays: tuple[StrayRow, ...]
    searched_at: datetime | None

    @property
    def standing(self) -> tuple[OutageRow, ...]:
        return tuple(row for row in self.outages if row.ended_at is None)


def outage_told(session: Session) -> OutageTold | None:
    """The oldest outage that goes on and was told, a key before silence; one look into a nearly empty index."""
    told = sorted((each for each in outages.standing(session) if each.told_at), key=lambda each: each.kind)
    return OutageTold(told[0].kind, told[0].began_at, waiting(session)) if told else None


def waiting(session: Session) -> int:
    """How many live cases have a connection that Fivetran did not answer about."""
    silent = (Condition.kind == "api", Condition.ok.is_(False), Condition.reason.in_(SILENT))
    cases = select(func.count(distinct(Connection.case_id))).join(Case, Case.id == Connection.case_id)
    found = cases.join(Condition, Condition.connection_row_id == Connection.id)
    return int(session.scalar(found.where(*silent, Case.outcome.is_(None), Connection.deleted_at.is_(None))) or 0)


def overview(session: Session, plan: str, now: datetime) -> Overview:
    """Everything of the page; for admins and those who decide, so no account's matters are hidden."""
    return Overview(
        answered_at=session.scalar(select(func.max(Connection.checked_at))),
        outages=_outages(session, now),
        limits=_limits(session, plan, now),
        webhooks=tuple(session.scalars(select(OurWebhook).order_by(OurWebhook.id))),
        states=_states(session),
        troubles=_troubles(session),
        waiting=waiting(session),
        without_destination=_without_destination(session),
        strays=_strays(session),
        searched_at=_searched_at(session),
    )


def _outages(session: Session, now: datetime) -> tuple[OutageRow, ...]:
    rows = session.scalars(select(Outage).order_by(Outage.began_at.desc(), Outage.id.desc()).limit(20))
    return tuple(
        OutageRow(
            each.kind, each.sentence, each.began_at, each.ended_at, each.told_at, (each.ended_at or now) - each.began_at
        )
        for each in rows
    )


def _limits(session: Session, plan: str, now: datetime) -> tuple[LimitRow, ...]:
    kept = quota.kept(session)
    return tuple(
        LimitRow(each.name, each.calls, each.per_for, each.burst, limits.left(each, kept.get(each.name), now))
        for each in limits.PLANS[plan]
    )


def _states(session: Session) -> tuple[StateRow, ...]:
    counted = session.execute(select(Connection.state, func.count()).group_by(Connection.state)).all()
    counts = {row[0]: int(row[1]) for row in counted}
    oldest = {row.state: row for row in reversed(_troubles(session))}
    return tuple(
        StateRow(state, counts[state], oldest[state].message if state in oldest else "", _since(oldest.get(state)))
        for state in StarterState
        if state in counts
    )


def _since(row: TroubleRow | None) -> datetime | None:
    return row.since if row else None


def _troubles(session: Session) -> tuple[TroubleRow, ...]:
    """What is not as it should be, the oldest first; waiting for the requester is no trouble of ours."""
    found = (
        select(Connection, Condition, Case.id, Case.service_name)
        .join(Condition, Condition.connection_row_id == Connection.id)
        .join(Case, Case.id == Connection.case_id)
        .where(Condition.ok.is_(False), Condition.reason != "incomplete", Connection.state != "deleted")
        .where(Case.outcome.is_(None), Condition.kind != LANDING, *_beside_outage(session))
        .order_by(Condition.since, Condition.id)
        .limit(MOST)
    )
    return tuple(
        TroubleRow(
            row_id=row.id,
            case=case_number(case_id),
            service_name=name,
            state=row.state,
            schema=row.schema_name,
            kind=said.kind,
            message=said.message,
            since=said.since,
            checked_at=row.checked_at,
            may_look=row.connection_id is not None,
        )
        for row, said, case_id, name in session.execute(found)
    )


def _beside_outage(session: Session) -> tuple[ColumnElement[bool], ...]:
    """While an outage goes on it is said once, and not of every connection."""
    silent = and_(Condition.kind == "api", Condition.reason.in_(SILENT))
    return (not_(silent),) if outages.standing(session) else ()


def _without_destination(session: Session) -> int:
    """How many connections of live cases are in a group in which data cannot land."""
    found = select(func.count()).select_from(Connection).join(Condition, Condition.connection_row_id == Connection.id)
    live = found.join(Case, Case.id == Connection.case_id).where(Case.outcome.is_(None), Connection.state != "deleted")
    return int(session.scalar(live.where(Condition.kind == LANDING, Condition.ok.is_(False))) or 0)


def _strays(session: Session) -> tuple[StrayRow, ...]:
    return tuple(
        StrayRow(
            each.connection_id,
            each.group_id,
            each.schema_name,
            each.service,
            each.why,
            case_number(each.case_id) if each.case_id else "",
            each.first_seen_at,
        )
        for each in strays.all_of(session)
    )


def _searched_at(session: Session) -> datetime | None:
    done: Sequence[datetime | None] = session.scalars(
        select(func.max(Job.finished_at)).where(Job.kind == "find_strays", Job.state == "done")
    ).all()
    return done[0] if done else None
