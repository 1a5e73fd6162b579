"""What is so with a connection, why, and since when: the sentences people read beside it."""

from collections.abc import Collection

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from request_tracker.rules.people import Act
from request_tracker.store.connections import Condition, Connection


def say(session: Session, row: Connection, kind: str, act: Act, *, ok: bool, reason: str, message: str) -> bool:
    """Say what is so and since when. True when it changed."""
    found = session.scalar(
        select(Condition).where(Condition.connection_row_id == row.id, Condition.kind == kind).with_for_update()
    )
    if found is None:
        found = Condition(connection_row_id=row.id, kind=kind, ok=ok, reason="", message="", since=act.now)
        session.add(found)
    changed = found.ok != ok or found.reason != reason
    if changed:
        found.since = act.now
    found.ok, found.reason, found.message = ok, reason, message
    session.flush()
    return changed


def clear(session: Session, row: Connection, kind: str, act: Act, *, message: str) -> bool:
    """What was wrong is so no more; where nothing was ever said, nothing is. True when it changed."""
    found = of_kind(session, row, kind)
    return found is not None and say(session, row, kind, act, ok=True, reason="fine", message=message)


def of_kind(session: Session, row: Connection, kind: str) -> Condition | None:
    """What was said last of this kind."""
    return session.scalar(select(Condition).where(Condition.connection_row_id == row.id, Condition.kind == kind))


def forget(session: Session, row: Connection, kinds: Collection[str]) -> None:
    """What was said of these kinds means nothing any more."""
    session.execute(delete(Condition).where(Condition.connection_row_id == row.id, Condition.kind.in_(kinds)))
