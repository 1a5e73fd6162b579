"""The list of an account's requests: its rows, read in a few statements however many there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from sqlalchemy import Select, func, select
from sqlalchemy import case as when_sql
from sqlalchemy.orm import Session, aliased

from request_tracker.rules.calendar import Calendar, add_working, days
from request_tracker.rules.evidence import MINUTES
from request_tracker.rules.people import Act, Viewer
from request_tracker.rules.phases import CLOCKS
from request_tracker.rules.tasks import CONFIRM, LEAD, OUTCOMES, QUESTION, Standing, due
from request_tracker.rules.terms import HoldReason, Phase, StarterState
from request_tracker.store import meetings
from request_tracker.store.cases import Case
from request_tracker.store.clocks import Clock, calendars_of, newest_calendar
from request_tracker.store.connections import Condition, Connection
from request_tracker.store.evidence import Evidence
from request_tracker.store.heirs import PrimaryAsk
from request_tracker.store.holds import Hold
from request_tracker.store.people import Person
from request_tracker.store.requests import Request

PAGE = 50


@dataclass(frozen=True)
class Ask:
    """A task of rules.tasks, and until when it is asked; None where there is no date."""

    task: str
    until: datetime | None = None


@dataclass(frozen=True)
class ListRow:
    """`stage`: the phase the case is in or ended in; `promise`: the clock it is about, empty for none; `due_at`: None
    while it stands still; `calendar`: the one it counts by; `signal` and `word` tell about it. `waits`: for whom it
    waits, a key of rules.tasks.AWAITED, as far as the reader may know it."""

    number: str
    service_name: str
    person: str
    own: bool
    phase: str
    stage: Phase
    ended: bool
    promise: str
    due_at: datetime | None
    calendar: Calendar | None
    signal: str
    word: str
    asked: tuple[Ask, ...]
    waits: str
    created_at: datetime


@dataclass(frozen=True)
class ListPage:
    rows: tuple[ListRow, ...]
    total: int
    has_next: bool


def page(session: Session, act: Act, *, number: int) -> ListPage:
    """Page `number` (from 1) of the account's requests: own ones first, live before ended, newest first."""
    viewer, now = act.who, act.now
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
    facts = _Facts(session, [row[2].id for row in shown if row[2].outcome is None], act)
    rows = tuple(_row(request, name, case, viewer, facts, now) for request, name, case in shown)
    return ListPage(rows, total, len(found) > PAGE)


class _Facts:
    """What the rows need to know about their live cases, eight queries for the whole page."""

    def __init__(self, session: Session, ids: Sequence[int], act: Act) -> None:
        open_now = (Hold.case_id.in_(ids), Hold.ended_at.is_(None), Hold.account_id == act.who.account_id)
        held = select(Hold.case_id, Hold.reason, Hold.expected_until).where(*open_now).order_by(Hold.id)
        self.holds: dict[int, list[tuple[str, datetime | None]]] = {}
        for case_id, reason, until in session.execute(held):
            self.holds.setdefault(case_id, []).append((reason, until))
        standing = select(Evidence.case_id, Evidence.key, Evidence.at).where(
            Evidence.case_id.in_(ids), Evidence.voided_at.is_(None)
        )
        self.evidence: dict[int, dict[str, datetime]] = {}
        for case_id, key, at in session.execute(standing):
            self.evidence.setdefault(case_id, {})[key] = at
        self.waiting = set(session.scalars(_waiting(ids)))
        self.gone = set(session.scalars(_gone(ids)))
        self.choosing = meetings.choosing(session, ids, act.now)
        promised = [name for name, kind in CLOCKS.items() if not kind.internal]
        going = select(Clock).where(
            Clock.case_id.in_(ids), Clock.state.in_(("running", "paused")), Clock.name.in_(promised)
        )
        lead = select(PrimaryAsk.request_id, PrimaryAsk.expires_at).where(
            PrimaryAsk.case_id.in_(ids), PrimaryAsk.answered_at.is_(None)
        )
        self.lead = {row.request_id: row.expires_at for row in session.execute(lead)}
        self.clocks: dict[int, Clock] = {}
        for clock in sorted(session.scalars(going), key=lambda each: (each.due_at is None, each.due_at, each.id)):
            self.clocks.setdefault(clock.case_id, clock)
        used = {clock.calendar_id for clock in self.clocks.values() if clock.calendar_id is not None}
        self.calendars = calendars_of(session, used)

        self._session, self._silence_days = session, act.program.silence_days

    def standing(self, case: Case) -> Standing:
        asks = any(HoldReason(reason).on_requester for reason, _ in self.holds.get(case.id, ()))
        keys = frozenset(self.evidence.get(case.id, ()))
        waits, is_gone, chooses = (case.id in found for found in (self.waiting, self.gone, self.choosing))
        return Standing(Phase(case.phase), keys, asks, waits, is_gone, may_choose=chooses)

    def until(self, case: Case, task: str) -> datetime | None:
        """Until when the task is asked; None where nobody named a day."""
        if task == QUESTION:
            named = [until for reason, until in self.holds[case.id] if HoldReason(reason).on_requester and until]
            return min(named, default=None)
        return self._silent_after(case) if task == CONFIRM else None

    def _silent_after(self, case: Case) -> datetime:
        """When silence stands for the confirmation, as store.facts reckons it."""
        noted = max(self.evidence[case.id][key] for key in MINUTES)
        return add_working(self._today, noted, days(self._today, self._silence_days))

    @cached_property
    def _today(self) -> Calendar:
        return newest_calendar(self._session).calendar


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
        stage=Phase(case.phase),
        phase="Withdrawn" if left else OUTCOMES.get(case.outcome or "") or Phase(case.phase).words.capitalize(),
        ended=ended,
        promise=clock.name if clock else "",
        due_at=clock.due_at if clock else None,
        calendar=facts.calendars.get(clock.calendar_id or 0) if clock else None,
        signal=signal,
        word=word,
        asked=_asked(request, case, facts) if not ended else (),
        waits=next((reason for reason, _ in facts.holds.get(case.id, ())), "") if not ended else "",
        created_at=request.created_at,
    )


def _asked(request: Request, case: Case, facts: _Facts) -> tuple[Ask, ...]:
    if request.id in facts.lead:
        return (Ask(LEAD, facts.lead[request.id]),)
    if case.primary_request_id != request.id:
        return ()
    return tuple(Ask(each, facts.until(case, each)) for each in due(facts.standing(case)))


def _signal(clock: Clock | None, now: datetime) -> tuple[str, str]:
    if clock is None:
        return "none", "No date yet"
    if clock.state == "paused" or clock.due_at is None:
        return "paused", "Stands still"
    if clock.due_at < now:
        return "overdue", "Overdue"
    at_risk = clock.at_risk_at is not None and clock.at_risk_at <= now
    return ("at_risk", "Getting close") if at_risk else ("ok", "On track")
