"""The list of an account's requests: its rows, read in a few statements however many there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy import case as when_sql
from sqlalchemy.orm import Session, aliased

from request_tracker.rules.calendar import Calendar
from request_tracker.rules.people import Viewer
from request_tracker.rules.phases import CLOCKS
from request_tracker.rules.tasks import LEAD, OUTCOMES, WORDS, Standing, due
from request_tracker.rules.terms import HoldReason, Phase, StarterState
from request_tracker.store.cases import Case
from request_tracker.store.clocks import Clock, calendars_of
from request_tracker.store.connections import Condition, Connection
from request_tracker.store.evidence import Evidence
from request_tracker.store.heirs import PrimaryAsk
from request_tracker.store.holds import Hold
from request_tracker.store.people import Person
from request_tracker.store.requests import Request

PAGE = 50


@dataclass(frozen=True)
class ListRow:
    """`due_at`: None while the promise stands still; `calendar`: the one it counts by; `signal` and `word` tell about
    it."""

    number: str
    service_name: str
    person: str
    own: bool
    phase: str
    ended: bool
    due_at: datetime | None
    calendar: Calendar | None
    signal: str
    word: str
    asked: tuple[str, ...]
    created_at: datetime


@dataclass(frozen=True)
class ListPage:
    rows: tuple[ListRow, ...]
    total: int
    has_next: bool


def page(session: Session, viewer: Viewer, now: datetime, *, number: int) -> ListPage:
    """Page `number` (from 1) of the account's requests: own ones first, live before ended, newest first."""
    root = aliased(Case)
    of_account = Request.account_id == viewer.account_id
    own = when_sql((Request.person_id == viewer.id, 0), else_=1)
    live = when_sql((root.outcome.is_(None) & Request.withdrawn_at.is_(None), 0), else_=1)
    found = session.execute(
        select(Request, Person.name, root)
        .join(Person, Person.id == Request.person_id)
        .join(Case, Case.id == Request.case_id)
        .join(root, root.id == Case.root_id)
        .where(of_account)
        .order_by(own, live, Request.id.desc())
        .limit(PAGE + 1)
        .offset((number - 1) * PAGE)
    ).all()
    total = session.scalar(select(func.count()).select_from(Request).where(of_account)) or 0
    shown = found[:PAGE]
    facts = _Facts(session, [row[2].id for row in shown if row[2].outcome is None])
    rows = tuple(_row(request, name, case, viewer, facts, now) for request, name, case in shown)
    return ListPage(rows, total, len(found) > PAGE)


class _Facts:
    """What the rows need to know about their live cases, seven queries for the whole page."""

    def __init__(self, session: Session, ids: Sequence[int]) -> None:
        asking = [each for each in HoldReason if each.on_requester]
        self.questions = set(
            session.scalars(
                select(Hold.case_id).where(Hold.case_id.in_(ids), Hold.ended_at.is_(None), Hold.reason.in_(asking))
            )
        )
        standing = select(Evidence.case_id, Evidence.key).where(Evidence.case_id.in_(ids), Evidence.voided_at.is_(None))
        self.evidence = {(row[0], row[1]) for row in session.execute(standing)}
        self.waiting = set(session.scalars(_waiting(ids)))
        self.gone = set(session.scalars(_gone(ids)))
        promised = [name for name, kind in CLOCKS.items() if not kind.internal]
        going = select(Clock).where(
            Clock.case_id.in_(ids), Clock.state.in_(("running", "paused")), Clock.name.in_(promised)
        )
        lead = select(PrimaryAsk.request_id).where(PrimaryAsk.case_id.in_(ids), PrimaryAsk.answered_at.is_(None))
        self.lead = set(session.scalars(lead))
        self.clocks: dict[int, Clock] = {}
        for clock in sorted(session.scalars(going), key=lambda each: (each.due_at is None, each.due_at, each.id)):
            self.clocks.setdefault(clock.case_id, clock)
        used = {clock.calendar_id for clock in self.clocks.values() if clock.calendar_id is not None}
        self.calendars = calendars_of(session, used)

    def standing(self, case: Case) -> Standing:
        keys = frozenset(key for case_id, key in self.evidence if case_id == case.id)
        asks, waits, is_gone = (case.id in found for found in (self.questions, self.waiting, self.gone))
        return Standing(Phase(case.phase), keys, asks, waits, is_gone)


def _waiting(ids: Sequence[int]) -> Select[int]:
    """Cases whose starter connector waits for access (as store.reading_case tells for one case)."""
    return select(Connection.case_id).where(
        Connection.case_id.in_(ids),
        Connection.state.in_((StarterState.CREATED, StarterState.CONNECTED)),
        Connection.setup_state != "connected",
        Connection.grace_until.is_(None),
    )


def _gone(ids: Sequence[int]) -> Select[int]:
    """Cases whose starter connector is gone, and nobody has said whether it is still wanted."""
    asked = (Condition.kind == "created", Condition.reason == "missing")
    gone = select(Connection.case_id).join(Condition, Condition.connection_row_id == Connection.id)
    missing = (Connection.state == StarterState.MISSING, Connection.grace_until.is_(None))
    return gone.where(Connection.case_id.in_(ids), *missing, *asked)


def _row(request: Request, name: str, case: Case, viewer: Viewer, facts: _Facts, now: datetime) -> ListRow:
    left = request.withdrawn_at is not None
    ended = left or case.outcome is not None
    clock = None if ended else facts.clocks.get(case.id)
    signal, word = _signal(clock, now)
    return ListRow(
        number=request.number,
        service_name=request.service_name,
        person=name,
        own=request.person_id == viewer.id,
        phase="Withdrawn" if left else OUTCOMES.get(case.outcome or "") or Phase(case.phase).words.capitalize(),
        ended=ended,
        due_at=clock.due_at if clock else None,
        calendar=facts.calendars.get(clock.calendar_id or 0) if clock else None,
        signal=signal,
        word=word,
        asked=_asked(request, case, facts) if not ended else (),
        created_at=request.created_at,
    )


def _asked(request: Request, case: Case, facts: _Facts) -> tuple[str, ...]:
    if request.id in facts.lead:
        return (WORDS[LEAD],)
    if case.primary_request_id != request.id:
        return ()
    return tuple(WORDS[each] for each in due(facts.standing(case)))


def _signal(clock: Clock | None, now: datetime) -> tuple[str, str]:
    if clock is None:
        return "none", "No date yet"
    if clock.state == "paused" or clock.due_at is None:
        return "paused", "Stands still"
    if clock.due_at < now:
        return "overdue", "Overdue"
    at_risk = clock.at_risk_at is not None and clock.at_risk_at <= now
    return ("at_risk", "Getting close") if at_risk else ("ok", "On track")
