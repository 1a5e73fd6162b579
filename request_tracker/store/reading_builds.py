"""What an engineer builds: own cases with all that is recorded of each, those without an engineer, those coming up.

The number of statements does not depend on how many cases there are. For staff only.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from request_tracker.rules.evidence import EVIDENCE
from request_tracker.rules.phases import BUILDING
from request_tracker.rules.terms import Phase, Role
from request_tracker.store import trials
from request_tracker.store.api_documents import ApiDocument
from request_tracker.store.cases import Case, case_number
from request_tracker.store.clocks import Clock
from request_tracker.store.evidence import Evidence
from request_tracker.store.people import Person
from request_tracker.store.reading_previews import Preview, previews
from request_tracker.store.timeline import Entry, EntryText, Undone
from request_tracker.store.trials import TrialRun

CHECKED = ("built", "tested", "documented")
MOST_MINE, MOST_FREE, MOST_COMING = 40, 20, 10


@dataclass(frozen=True)
class Promise:
    """The build's clock. `signal` is one of parts/tag.html's; `due_at` None while it stands still or has ended."""

    signal: str
    due_at: datetime | None
    cycle: int


@dataclass(frozen=True)
class Check:
    """One piece of the checklist; `at` None: missing. `who` empty: the system saw it."""

    key: str
    label: str
    who: str
    at: datetime | None
    link: str


@dataclass(frozen=True)
class Trial:
    """The newest trial sync; `state`: as the run has it; `rows`: what its tables held after it."""

    id: int
    state: str
    rows: int
    at: datetime
    sentence: str


@dataclass(frozen=True)
class Build:
    """A case somebody builds, or could. `reworked`: the gaps of the last rework, while it is built again."""

    number: str
    service_name: str
    phase: Phase
    version: int
    held: str | None
    assignee: str | None
    phase_at: datetime
    promise: Promise | None
    checks: tuple[Check, ...] = ()
    has_document: bool = False
    trial: Trial | None = None
    preview: Preview | None = None
    reworked: tuple[str, ...] = ()
    reworked_at: datetime | None = None


@dataclass(frozen=True)
class Builds:
    """`more`: which of the three lists goes on beyond what is shown."""

    mine: tuple[Build, ...]
    free: tuple[Build, ...]
    coming: tuple[Build, ...]
    more: frozenset[str]


def builds(session: Session, person_id: int | None, now: datetime) -> Builds:
    mine = _cases(session, MOST_MINE, Case.phase.in_(BUILDING), Case.assignee_id == person_id)
    others = or_(Case.assignee_id.is_(None), Person.role != Role.ENGINEER, Person.active.is_(False))
    free = _cases(session, MOST_FREE, Case.phase.in_(BUILDING), others, Case.assignee_id.is_distinct_from(person_id))
    coming = _cases(session, MOST_COMING, Case.phase == Phase.CONSULTATION, order=Case.phase_at)
    lists = {"mine": (mine, MOST_MINE), "free": (free, MOST_FREE), "coming": (coming, MOST_COMING)}
    shown = {name: rows[:most] for name, (rows, most) in lists.items()}
    promised = _promises(session, {row.id for rows in shown.values() for row in rows}, now)
    return Builds(
        mine=_whole(session, shown["mine"], promised),
        free=tuple(_build(row, promised) for row in shown["free"]),
        coming=tuple(_build(row, promised) for row in shown["coming"]),
        more=frozenset(name for name, (rows, most) in lists.items() if len(rows) > most),
    )


def _cases(session: Session, most: int, *where: ColumnElement[bool], order: Any = Case.queue_at) -> Sequence[Any]:
    found = (
        select(
            Case.id, Case.service_name, Case.phase, Case.version, Case.held, Case.phase_at,
            Person.name.label("assignee"),
        )
        .outerjoin(Person, Person.id == Case.assignee_id)
        .where(Case.outcome.is_(None), *where)
        .order_by(order, Case.id)
        .limit(most + 1)
    )  # fmt: skip
    return session.execute(found).all()


def _build(row: Any, promised: Mapping[int, Promise], **more: Any) -> Build:
    return Build(
        case_number(row.id), row.service_name, Phase(row.phase), row.version, row.held, row.assignee, row.phase_at,
        promised.get(row.id), **more,
    )  # fmt: skip


def _whole(session: Session, rows: Sequence[Any], promised: Mapping[int, Promise]) -> tuple[Build, ...]:
    ids = {row.id for row in rows}
    checks, documented, tried = _checks(session, ids), _documented(session, ids), _trials(session, ids)
    reworked = _reworks(session, ids)
    shown = previews(session, {row.id: row.phase_at for row in rows if _in_preview(row)})
    return tuple(
        _build(
            row,
            promised,
            checks=tuple(checks.get((row.id, key), Check(key, EVIDENCE[key].label, "", None, "")) for key in CHECKED),
            has_document=row.id in documented,
            trial=tried.get(row.id),
            preview=shown.get(row.id),
            **({} if _in_preview(row) else reworked.get(row.id, {})),
        )
        for row in rows
    )


def _in_preview(row: Any) -> bool:
    return bool(row.phase == Phase.PRIVATE_PREVIEW)


def _promises(session: Session, ids: Collection[int], now: datetime) -> dict[int, Promise]:
    """The newest cycle of each case's build."""
    found = select(Clock.case_id, Clock.cycle, Clock.state, Clock.due_at, Clock.at_risk_at, Clock.verdict)
    wanted = found.where(Clock.case_id.in_(ids), Clock.name == "build", Clock.state != "void")
    return {row.case_id: _promise(row, now) for row in session.execute(wanted.order_by(Clock.case_id, Clock.cycle))}


def _promise(row: Any, now: datetime) -> Promise:
    if row.due_at is None:
        return Promise("paused" if row.state == "paused" else row.verdict or "none", None, row.cycle)
    if row.due_at < now:
        return Promise("overdue", row.due_at, row.cycle)
    at_risk = row.at_risk_at is not None and row.at_risk_at <= now
    return Promise("at_risk" if at_risk else "ok", row.due_at, row.cycle)


def _checks(session: Session, ids: Collection[int]) -> dict[tuple[int, str], Check]:
    rows = session.execute(
        select(Evidence.case_id, Evidence.key, Evidence.at, Evidence.link, Person.name)
        .outerjoin(Person, Person.id == Evidence.by_id)
        .where(Evidence.case_id.in_(ids), Evidence.key.in_(CHECKED), Evidence.voided_at.is_(None))
    )
    return {
        (row.case_id, row.key): Check(row.key, EVIDENCE[row.key].label, row.name or "", row.at, row.link)
        for row in rows
    }


def _documented(session: Session, ids: Collection[int]) -> set[int]:
    """Cases with an API document that was read: a starter project can be made of it."""
    found = select(ApiDocument.case_id).where(ApiDocument.case_id.in_(ids), ApiDocument.state == "read")
    return set(session.scalars(found.distinct()))


def _trials(session: Session, ids: Collection[int]) -> dict[int, Trial]:
    newest = select(func.max(TrialRun.id)).where(TrialRun.case_id.in_(ids)).group_by(TrialRun.case_id)
    columns = (TrialRun.case_id, TrialRun.id, TrialRun.state, TrialRun.tables, TrialRun.sentence, TrialRun.created_at)
    rows = session.execute(select(*columns, TrialRun.finished_at).where(TrialRun.id.in_(newest)))
    return {
        row.case_id: Trial(
            row.id,
            row.state,
            sum(int(each.get("rows") or 0) for each in row.tables),
            row.finished_at or row.created_at,
            row.sentence if row.state not in trials.UNDER_WAY else "",
        )
        for row in rows
    }


def _reworks(session: Session, ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Of each case the gaps with which it was sent back last; words that were erased are told so."""
    rows = session.execute(
        select(Entry.case_id, Entry.at, EntryText.body)
        .outerjoin(EntryText, EntryText.entry_id == Entry.id)
        .outerjoin(Undone, Undone.entry_id == Entry.id)
        .where(Entry.case_id.in_(ids), Entry.kind == "move.rework", Undone.entry_id.is_(None))
        .order_by(Entry.case_id, Entry.seq)
    )
    return {row.case_id: {"reworked": _gaps(row.body), "reworked_at": row.at} for row in rows}


def _gaps(body: str | None) -> tuple[str, ...]:
    found = json.loads(body).get("gaps", []) if body else []
    return tuple(str(each) for each in (found if isinstance(found, list) else [found]))
