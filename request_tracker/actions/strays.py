"""Searching for connections that nobody answers for: named for the admin, never adopted and never deleted by itself."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.rules.people import Act
from request_tracker.store import jobs, strays
from request_tracker.store.connections import Connection
from request_tracker.store.strays import Stray

NAMED = re.compile(r"^lite_[a-z0-9_]+$")
"""How our schema names look (rules/starter)."""
BEING_MADE = ("creating", "unknown", "intended")
AT_ONCE = 20


@dataclass(frozen=True)
class There:
    """A connection as a group's list shows it."""

    id: str
    schema: str
    service: str


def ensure(session: Session, act: Act) -> None:
    """Search once a day."""
    jobs.put(session, "find_strays", {}, now=act.now, unique_key=f"find_strays:{act.now.date().isoformat()}")


def ask(session: Session, act: Act) -> None:
    """Search now, because a person wants to know; once a minute is enough."""
    minute = act.now.replace(second=0, microsecond=0).isoformat()
    jobs.put(session, "find_strays", {}, now=act.now, unique_key=f"find_strays:asked:{minute}")


def piece(session: Session, after: str) -> tuple[str, ...]:
    """The next groups to search, in order; the rest of their rows is forgotten at the start."""
    groups = strays.our_groups(session)
    if not after:
        strays.forget_others(session, groups)
    return tuple(each for each in groups if each > after)[:AT_ONCE]


def next_piece(session: Session, after: str, act: Act, *, key: str) -> None:
    jobs.put(session, "find_strays", {"after": after, "key": key}, now=act.now, unique_key=f"find_strays:{key}:{after}")


def found(session: Session, group_id: str, there: Iterable[There], act: Act) -> None:
    """Keep those that no row answers for; what was put right meanwhile is forgotten."""
    rows = list(session.scalars(select(Connection).where(Connection.group_id == group_id).order_by(Connection.id)))
    known, ours = strays.of_group(session, group_id), strays.made_by_us(session, group_id)
    answered = {row.connection_id for row in rows if row.state != "deleted"}
    for each in there:
        row = _kin(each, rows)
        why = "" if each.id in answered else _why(each, row, ours=ours)
        if why:
            stray = known.pop(each.id, None) or _new(session, each, group_id, act)
            stray.why, stray.case_id, stray.seen_at = why, row.case_id if row else None, act.now
    for gone in known.values():
        session.delete(gone)


def _why(each: There, row: Connection | None, *, ours: bool) -> str:
    """Empty where it may be somebody else's, or is being made at this moment."""
    if row is not None and row.state in BEING_MADE:
        return ""
    if row is not None and row.connection_id == each.id:
        return "deleted"
    if row is not None and row.connection_id is not None:
        return "twin"
    return "named" if NAMED.match(each.schema) else "unknown" if ours else ""


def _kin(each: There, rows: list[Connection]) -> Connection | None:
    """The row it was, or the newest that has its name."""
    same = [row for row in rows if row.connection_id == each.id] or [
        row for row in rows if row.schema_name == each.schema
    ]
    return same[-1] if same else None


def _new(session: Session, each: There, group_id: str, act: Act) -> Stray:
    row = Stray(
        connection_id=each.id,
        group_id=group_id,
        schema_name=each.schema[:200],
        service=each.service[:100],
        why="unknown",
        first_seen_at=act.now,
        seen_at=act.now,
    )
    session.add(row)
    return row
