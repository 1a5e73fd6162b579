"""What happened, put into the queue of each endpoint that wants to hear of it: once, and only what stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from request_tracker.rules import hooks as rules
from request_tracker.rules.people import Act
from request_tracker.store import hooks
from request_tracker.store.cases import Case
from request_tracker.store.hooks import HookDelivery, HookEndpoint
from request_tracker.store.timeline import Entry, Undone

MOST_AT_ONCE = 2000
LATE_BY = 1000
"""So many ids before the last one looked at are looked at again: on PostgreSQL a row may be seen later than one with
a higher id."""
LATE_FOR = timedelta(hours=1)
"""No transaction is longer than this, so what is older is not looked at again."""


@dataclass(frozen=True)
class _Seen:
    """An entry as far as it is told."""

    id: int
    case_id: int
    kind: str
    at: datetime
    audience: str
    data: Mapping[str, Any]


def fan_out(session: Session, act: Act) -> int:
    """Queue what is ripe: its undo window is over and it was not undone. Answers how many messages are new.

    Twice, or by two workers at once: a message's id is made of endpoint and entry, and there is one of each id.
    """
    active = select(HookEndpoint).where(HookEndpoint.state == "active").order_by(HookEndpoint.id)
    mine = active.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    return sum(_tell(session, row, act) for row in session.scalars(mine).all())


def _tell(session: Session, row: HookEndpoint, act: Act) -> int:
    ripe_at = act.now - act.program.undo_for
    seen = _ripe(session, row, ripe_at)
    wanted = [each for each in seen if rules.wants(row.events, each.kind)]
    taken_back = _taken_back_in_time(session, wanted, act.program.undo_for)
    new = _put(session, row, [each for each in wanted if each.id not in taken_back], act.now)
    row.told_to = max(row.told_to, _told_to(session, row, seen, ripe_at))
    return new


def _ripe(session: Session, row: HookEndpoint, ripe_at: datetime) -> list[_Seen]:
    told = exists().where(HookDelivery.event_id == Entry.id, HookDelivery.endpoint_id == row.id)
    columns = (Entry.id, Entry.case_id, Entry.kind, Entry.at, Entry.audience, Entry.data)
    found = (
        select(*columns)
        .where(Entry.id > row.told_to - LATE_BY, or_(Entry.id > row.told_to, Entry.at > ripe_at - LATE_FOR))
        .where(Entry.at <= ripe_at, Entry.at >= (row.since_at or row.created_at), ~told)
        .where(~exists().where(Undone.entry_id == Entry.id))
        .order_by(Entry.id)
        .limit(MOST_AT_ONCE)
    )
    return [_Seen(*each) for each in session.execute(found)]


def _taken_back_in_time(session: Session, seen: Sequence[_Seen], window: timedelta) -> set[int]:
    """Those that only take back what was never told: it was undone within its own undo window."""
    by = {each.id: each.at for each in seen}
    undone = select(Undone.by_entry_id, Entry.at).join(Entry, Entry.id == Undone.entry_id)
    found = session.execute(undone.where(Undone.by_entry_id.in_(by)))
    return {by_id for by_id, at in found if by[by_id] < at + window}


def _put(session: Session, row: HookEndpoint, seen: Sequence[_Seen], now: datetime) -> int:
    ids = {each.case_id for each in seen}
    cases = {case.id: case for case in session.scalars(select(Case).where(Case.id.in_(ids)))} if ids else {}
    return len(hooks.put(session, [_message(row, each, cases[each.case_id], now) for each in seen], now))


def _message(row: HookEndpoint, seen: _Seen, case: Case, now: datetime) -> dict[str, Any]:
    message_id = f"evt_{row.id}_{seen.id}"
    event = rules.Event(message_id, seen.kind, seen.at, seen.audience, seen.data)
    matter = rules.Matter(case.number, case.service_name, case.phase, case.outcome)
    return {
        "endpoint_id": row.id, "event_id": seen.id, "message_id": message_id, "kind": seen.kind,
        "body": rules.body_of(event, matter), "created_at": now, "replay_of_id": None,
    }  # fmt: skip


def _told_to(session: Session, row: HookEndpoint, seen: Sequence[_Seen], ripe_at: datetime) -> int:
    """Up to where everything was looked at: before the first that is not ripe, and no further than was read."""
    if len(seen) == MOST_AT_ONCE:
        return seen[-1].id
    green = select(func.min(Entry.id)).where(Entry.id > row.told_to, Entry.at > ripe_at)
    newest = select(func.max(Entry.id)).where(Entry.id > row.told_to)
    first = session.scalar(green)
    return first - 1 if first is not None else session.scalar(newest) or 0
