"""The queue as a specialist works it: each row with what comes next, in one statement however many rows; its count."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Date, ScalarSelect, and_, bindparam, case, func, select
from sqlalchemy.orm import Session, aliased

from request_tracker.rules.meetings import MeetingState
from request_tracker.rules.next_step import Met, NextStep, Standing, next_step
from request_tracker.rules.people import Viewer
from request_tracker.rules.terms import HoldReason, Outcome, Phase, StarterState
from request_tracker.store.absences import Absence
from request_tracker.store.assessments import Assessment
from request_tracker.store.base import FAR, UtcDateTime
from request_tracker.store.capped import MANY
from request_tracker.store.cases import Case, case_number
from request_tracker.store.connections import IS_LIVE, Connection
from request_tracker.store.evidence import Evidence
from request_tracker.store.holds import Hold
from request_tracker.store.meetings import Meeting
from request_tracker.store.people import Person
from request_tracker.store.reading_queue import Filter, but_words, conditions, cut, due_word, order, placed
from request_tracker.store.requests import Request
from request_tracker.store.saved_views import SavedView, ViewRow, row_of, seen_by

NOW = bindparam("now", type_=UtcDateTime())
KEPT = 64
"""Statements of views that were asked for last."""
BUILT_BY_US = (Phase.CONSULTATION, Phase.DEVELOPMENT, Phase.PRIVATE_PREVIEW)


@dataclass(frozen=True)
class TriageRow:
    """`due`: one of reading_queue.DUE; `accounts`: customers who ask for it; `is_away`: the assignee is, today."""

    number: str
    version: int
    service_name: str
    phase: Phase
    outcome: Outcome | None
    held: HoldReason | None
    held_until: datetime | None
    due_at: datetime | None
    due: str
    assignee: str | None
    is_away: bool
    is_mine: bool
    accounts: int
    opened_at: datetime
    next: NextStep


@dataclass(frozen=True)
class TriagePage:
    items: tuple[TriageRow, ...]
    next_cursor: str | None


def triage(session: Session, wanted: Filter, viewer: Viewer, now: datetime) -> TriagePage:
    """The page of the queue for staff. Raises BadFilter."""
    searched = bool(wanted.q.strip())
    found = _page(conditions(session, wanted, viewer, NOW), wanted) if searched else _kept_page(wanted, viewer)
    rows, next_cursor = cut(session.execute(found, {"now": now, "today": now.date()}).all(), wanted)
    return TriagePage(tuple(_row(row, viewer, now) for row in rows), next_cursor)


@lru_cache(maxsize=KEPT)
def _kept_page(wanted: Filter, viewer: Viewer) -> Any:
    """Putting the statement together takes longer than running it."""
    return _page(but_words(wanted, viewer, NOW), wanted)


def _page(fits: list[ColumnElement[bool]], wanted: Filter) -> Any:
    chosen = placed(select(Case.id).where(*fits), wanted).subquery()
    return (
        select(
            Case.id, Case.version, Case.service_name, Case.phase, Case.outcome, Case.held, Case.queue_at,
            Case.at_risk_at, Case.opened_at, Case.touched_at, Case.assignee_id, Case.primary_request_id,
            Person.name.label("assignee"), _away().label("away"), _accounts().label("accounts"),
            _held("since").label("held_since"), _held("expected_until").label("held_until"),
            _evidence().label("evidence"), _judged().label("judged"), _starter().label("starter"),
            _meeting(_FAR_WORDS).label("met"), _meeting(Meeting.starts_at).label("meets_at"),
        )
        .join(chosen, chosen.c.id == Case.id)
        .outerjoin(Person, Person.id == Case.assignee_id)
        .order_by(*order(wanted))
    )  # fmt: skip


def views_and_count(
    session: Session, wanted: Filter | None, viewer: Viewer, now: datetime
) -> tuple[tuple[ViewRow, ...], int | None]:
    """The viewer's saved views, and how many cases are in the one wanted, up to MANY + 1; not counted without one.

    One in which words are searched is not counted: that would read every name.
    """
    rows = session.execute(_views(wanted, viewer), {"now": now}).all()
    shown = tuple(row_of(row[1], row[2], viewer) for row in rows if row[1] is not None)
    return shown, rows[0][0] if wanted is not None else None


@lru_cache(maxsize=KEPT)
def _views(wanted: Filter | None, viewer: Viewer) -> Any:
    counted = _counted(wanted, viewer) if wanted is not None else select(func.count(None).label("count"))
    count = counted.subquery()
    return (
        select(count.c.count, SavedView, Person.name)
        .select_from(count)
        .outerjoin(SavedView, seen_by(viewer))
        .outerjoin(Person, Person.id == SavedView.owner_id)
        .order_by(SavedView.is_team, SavedView.name, SavedView.id)
    )


def _counted(wanted: Filter, viewer: Viewer) -> Any:
    fits = select(Case.id).where(*but_words(wanted, viewer, NOW)).limit(MANY + 1).subquery()
    return select(func.count(fits.c.id).label("count"))


def _away() -> ScalarSelect[Any]:
    today = bindparam("today", type_=Date)
    of_assignee = and_(Absence.person_id == Case.assignee_id, Absence.first_day <= today, Absence.last_day >= today)
    return select(func.max(Absence.last_day)).where(of_assignee).correlate(Case).scalar_subquery()


@cache
def _accounts() -> ScalarSelect[Any]:
    member = aliased(Case)
    live = select(func.count(Request.account_id.distinct())).join(member, member.id == Request.case_id)
    return live.where(member.root_id == Case.id, Request.withdrawn_at.is_(None)).correlate(Case).scalar_subquery()


@cache
def _held(column: str) -> Any:
    """Of the wait that the case shows."""
    open_one = (Hold.case_id == Case.id, Hold.ended_at.is_(None), Hold.reason == Case.held)
    found = select(getattr(Hold, column)).where(*open_one).correlate(Case).scalar_subquery()
    return case((Case.held.isnot(None), found))


@cache
def _evidence() -> Any:
    keys = select(func.aggregate_strings(Evidence.key, ",")).where(
        Evidence.case_id == Case.id, Evidence.voided_at.is_(None)
    )
    return case((Case.phase != Phase.SUBMISSION, keys.correlate(Case).scalar_subquery()))


@cache
def _judged() -> Any:
    judged = select(func.count()).where(Assessment.case_id == Case.id, Assessment.verdict.isnot(None))
    return case((Case.phase == Phase.VALIDATION, judged.correlate(Case).scalar_subquery()), else_=0)


@cache
def _starter() -> Any:
    """As store.connections.live has it; where there is none, that of the newest one that is gone."""
    newest = select(Connection.state).where(Connection.case_id == Case.id)
    newest = newest.order_by(case((and_(*IS_LIVE), 0), else_=1), Connection.id.desc()).limit(1)
    return case((Case.phase.in_(BUILT_BY_US), newest.correlate(Case).scalar_subquery()))


_FAR_WORDS = case(
    (Meeting.state == MeetingState.BOOKED, Met.BOOKED.value), (Meeting.asked != "", Met.ANSWERED.value),
    else_=Met.OFFERED.value,
)  # fmt: skip


def _meeting(column: Any) -> Any:
    """Of the meeting that is offered or booked: there is one at most."""
    of_case = (Meeting.case_id == Case.id, Meeting.state.in_((MeetingState.OFFERED, MeetingState.BOOKED)))
    found = select(column).where(*of_case).correlate(Case).scalar_subquery()
    return case((Case.phase == Phase.CONSULTATION, found))


def _met(row: Any, now: datetime) -> Met:
    if row.met == Met.BOOKED and row.meets_at <= now:
        return Met.BEGUN
    return Met(row.met or Met.NOT_YET)


def _row(row: Any, viewer: Viewer, now: datetime) -> TriageRow:
    due_at = row.queue_at if row.queue_at < FAR else None
    phase, outcome = Phase(row.phase), Outcome(row.outcome) if row.outcome else None
    held = HoldReason(row.held) if row.held else None
    standing = Standing(
        phase=phase,
        role=viewer.role,
        outcome=outcome,
        assigned=row.assignee_id is not None,
        led=row.primary_request_id is not None,
        held=held,
        held_since=row.held_since,
        evidence=frozenset((row.evidence or "").split(",")) - {""},
        judged=row.judged,
        starter=StarterState(row.starter or StarterState.NONE),
        meeting=_met(row, now),
    )
    return TriageRow(
        case_number(row.id), row.version, row.service_name, phase, outcome, held, row.held_until, due_at,
        due_word(row, due_at, now), row.assignee, row.away is not None, row.assignee_id == viewer.id, row.accounts,
        row.opened_at, next_step(standing),
    )  # fmt: skip
