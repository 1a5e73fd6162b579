"""The program's history as stays in phases: three statements over a bounded window, no viewer's limits."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Row, or_, select
from sqlalchemy.orm import Session

from request_tracker.rules.stays import Mark, Opened, Place, Stay, Wait, divided, stays
from request_tracker.store.cases import Case
from request_tracker.store.holds import Hold
from request_tracker.store.timeline import Entry, Undone

TIES = ("merge", "swap", "unmerge")
AT_ONCE = 5000
"""Rows of a long history held at a time."""


def history(session: Session, start: datetime, as_of: datetime) -> list[Stay]:
    """Every stay between the two instants. A move taken back counts as not made, whenever it was taken back."""
    marks = sorted(_marks(session, start, as_of), key=lambda mark: (mark.case_id, mark.at))
    return divided(stays(_opened(session, start, as_of), marks, start=start), _waits(session, start, as_of))


def _opened(session: Session, start: datetime, as_of: datetime) -> dict[int, Opened]:
    """Cases that were live at some time in the window."""
    columns = (Case.id, Case.opened_at, Case.phase, Case.outcome, Case.phase_at)
    rows = session.execute(
        select(*columns)
        .where(Case.opened_at <= as_of, or_(Case.ended_at.is_(None), Case.ended_at >= start))
        .order_by(Case.id)
    )
    return {row.id: Opened(row.opened_at, Place(row.phase, row.outcome, row.phase_at)) for row in rows}


def _marks(session: Session, start: datetime, as_of: datetime) -> Iterator[Mark]:
    rows = session.execute(
        select(Entry.case_id, Entry.at, Entry.kind, Entry.data, Undone.at.label("undone_at"))
        .outerjoin(Undone, Undone.entry_id == Entry.id)
        .where(Entry.at >= start, Entry.at <= as_of, Entry.kind.like("move.%") | Entry.kind.in_(TIES))
        .order_by(Entry.id)
        .execution_options(yield_per=AT_ONCE)
    )
    for row in rows:
        yield from _tie(row, as_of) if row.kind in TIES else _move(row)


def _move(row: Row[Any]) -> Iterator[Mark]:
    if row.undone_at is None:
        yield Mark(row.case_id, row.at, row.kind, _place(row.data["before"]), _place(row.data["after"]))


def _tie(row: Row[Any], as_of: datetime) -> Iterator[Mark]:
    """Tying and untying; what took it back, whichever way, turns it round. A late unmerging marks its merge so too."""
    returns = row.kind == "unmerge" or (row.kind == "swap" and "pair" not in row.data)
    before = None if returns else _place(row.data["before"])
    yield Mark(row.case_id, row.at, row.kind, before, leaves=not returns, returns=returns)
    if row.undone_at is not None and row.undone_at <= as_of:
        yield Mark(row.case_id, row.undone_at, row.kind, None, leaves=returns, returns=not returns)


def _place(known: dict[str, Any]) -> Place:
    return Place(known["phase"], known["outcome"], datetime.fromisoformat(known["phase_at"]))


def _waits(session: Session, start: datetime, as_of: datetime) -> dict[int, list[Wait]]:
    rows = session.execute(
        select(Hold.case_id, Hold.since, Hold.ended_at)
        .where(Hold.since <= as_of, or_(Hold.ended_at.is_(None), Hold.ended_at >= start))
        .order_by(Hold.id)
    )
    found: dict[int, list[Wait]] = defaultdict(list)
    for row in rows:
        found[row.case_id].append(Wait(row.since, row.ended_at))
    return found
