"""A synthetic journey turned into rows that hold together: chains closed, clocks folded, the queue's columns filled."""

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from request_tracker.rules.phases import CLOCKS
from request_tracker.rules.sla import ClockEvent, ClockState, EventKind, fold
from request_tracker.store.base import FAR
from request_tracker.store.bulk_journey import Journey, Row, Timer
from request_tracker.store.clocks import cached
from request_tracker.store.timeline import Entry, digest_of

WARNINGS = ((100, "due_at"), (90, "urgent_at"), (75, "at_risk_at"))


def sealed(root: Journey) -> Iterator[tuple[str, Row]]:
    """The rows of a root and of what was merged into it, as (table, row), each after what it refers to."""
    family = [root, *root.below]
    for each in family:
        _chain(each)
    clocks = {each.id: [_clock(each, timer) for timer in each.timers] for each in family}
    _queue(root, [row for rows in clocks.values() for row in rows])
    for each in family:
        yield "case", each.case
    for each in family:
        yield from _of(each, clocks[each.id])


def state_of(journey: Journey, timer: Timer, as_of: datetime) -> ClockState:
    calendar = journey.world.calendar
    events = [
        ClockEvent(
            id=row["id"],
            kind=EventKind(row["kind"]),
            effective_at=row["effective_at"],
            recorded_at=row["recorded_at"],
            reason=row["reason"],
            target=None if row["target_s"] is None else timedelta(seconds=row["target_s"]),
            calendar=calendar if row["calendar_id"] else None,
            calendar_id=row["calendar_id"],
        )
        for row in timer.events
    ]
    return fold(events, as_of=as_of)


def _of(journey: Journey, clocks: list[Row]) -> Iterator[tuple[str, Row]]:
    for row in journey.rows["request"]:
        yield "request", row
    for entry in journey.entries:
        yield from _entry(journey, entry)
    for clock, timer in zip(clocks, journey.timers, strict=True):
        yield "clock", clock
        for event in timer.events:
            cause = event.pop("cause")
            yield "clock_event", {**event, "caused_by_id": cause["id"]}
    for table, rows in journey.rows.items():
        if table != "request":
            yield from ((table, _placed(row)) for row in rows)


def _placed(row: Row) -> Row:
    """A row that names its timeline entry, by the id the entry has by now."""
    return {**row, "event_id": row["event_id"]["id"]} if row.get("event_id") else row


def _chain(journey: Journey) -> None:
    """Give the entries their order, ids and digests. Sorting is stable: what happened at once stays as told."""
    journey.entries.sort(key=lambda row: row["at"])
    case = journey.case
    for seq, row in enumerate(journey.entries, start=1):
        row.update(id=journey.world.ids.next("timeline"), seq=seq, previous=case["chain_head"])
        row["salt"] = f"{journey.world.chance.getrandbits(128):032x}" if row["words"] else None
        row["text_digest"] = _text_digest(row)
        row["digest"] = digest_of(Entry(**_columns(row)))
        case.update(chain_head=row["digest"], chain_count=seq, touched_at=row["at"])


def _text_digest(row: Row) -> str | None:
    return hashlib.sha256(f"{row['salt']}{row['words']}".encode()).hexdigest() if row["words"] else None


def _columns(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in ("words", "salt")}


def _entry(journey: Journey, row: Row) -> Iterator[tuple[str, Row]]:
    yield "timeline", _columns(row)
    if row["words"]:
        body = {"salt": row["salt"], "body": row["words"], "erased_at": None}
        yield "timeline_text", {"entry_id": row["id"], "account_id": row["account_id"], **body}


def _clock(journey: Journey, timer: Timer) -> Row:
    """The cached columns: what actions.clock would have left, with every notice that was due sent."""
    now = journey.world.now
    state = state_of(journey, timer, now)
    passed = (level for level, name in WARNINGS if _is_past(getattr(state, name), now))
    warned = WARNINGS[0][0] if state.breached_at else next(passed, 0)
    return {
        "id": timer.id, "case_id": journey.id, "account_id": journey.case["account_id"], "name": timer.name,
        "cycle": timer.cycle, **cached(state, now), "warned": warned, "notice_at": _notice(state, warned),
    }  # fmt: skip


def _notice(state: ClockState, warned: int) -> datetime | None:
    steps: list[Any] = [getattr(state, name) for level, name in reversed(WARNINGS) if level > warned]
    return next((at for at in steps if at is not None), None)


def _is_past(at: datetime | None, now: datetime) -> bool:
    return at is not None and at <= now


def _queue(root: Journey, clocks: list[Row]) -> None:
    """What the queue sorts by: the first promise that is due in the tree."""
    promised = [row for row in clocks if row["due_at"] and not CLOCKS[row["name"]].internal]
    root.case["queue_at"] = min((row["due_at"] for row in promised), default=FAR)
    root.case["at_risk_at"] = min((row["at_risk_at"] for row in promised if row["at_risk_at"]), default=None)
