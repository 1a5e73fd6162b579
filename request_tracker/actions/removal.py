"""The end of a connection: days of grace, then it goes if it is still ours; and second ones that nobody wanted."""

from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from request_tracker.actions import conditions, intents, readings, record
from request_tracker.actions.readings import Seen
from request_tracker.rules import sending
from request_tracker.rules.people import Act
from request_tracker.rules.terms import Outcome, StarterState
from request_tracker.store import cases, connections, jobs
from request_tracker.store.cases import Case
from request_tracker.store.connections import Condition, Connection

DELETING, GONE = "deleting", "deleted"
LATE = timedelta(hours=1)
"""So long after the days of grace a connection that is still there has been forgotten."""


def begin_grace(session: Session, row: Connection, act: Act) -> None:
    """From now on the connection counts for nobody; it is deleted when its days are over. Idempotent."""
    if row.grace_until is None:
        row.grace_until = act.now + act.program.grace_for
    session.flush()
    run_at = row.grace_until + timedelta(seconds=1)
    key = f"delete_starter:{row.id}:{row.grace_until.isoformat()}"
    jobs.put(session, "delete_starter", {"row_id": row.id}, now=act.now, run_at=run_at, unique_key=key)


def let_go(session: Session, case_id: int, act: Act) -> None:
    """The case ended: its connection runs out, and so do those that cases merged into it brought along. Idempotent.

    What was released keeps its own connection: the requester works with it.
    """
    (case,), (root,) = cases.locked_trees(session, case_id)
    for each in cases.tree(session, root.id) if root.outcome is not None else (case,):
        row = connections.live(session, each.id)
        if row is not None and _has_ended(each):
            begin_grace(session, row, act)


def _has_ended(case: Case) -> bool:
    return case.outcome not in (None, Outcome.RELEASED)


def settle_later(session: Session, row: Connection, act: Act) -> None:
    """Its case ended while it was being made: once that cannot be undone any more it is let go of, or made known."""
    for kind in ("remove_starter", "provision"):
        jobs.put(
            session,
            kind,
            {"case_id": row.case_id},
            now=act.now,
            run_at=act.now + act.program.undo_for + timedelta(seconds=1),
            unique_key=f"{kind}:settle:{row.id}:{row.sends}:{row.connection_id is None}",
        )


def overdue(session: Session, act: Act) -> int:
    """Deletions whose work was lost, given up or never queued are queued again, once a day. Answers how many."""
    said = select(Condition.connection_row_id).where(Condition.kind == "removed")
    going, left = said.where(Condition.reason == DELETING), said.where(Condition.reason != DELETING)
    waits = (Connection.state != StarterState.DELETED) & Connection.id.not_in(left)
    late = Connection.grace_until < act.now - LATE
    found = session.scalars(select(Connection.id).where(late, waits | Connection.id.in_(going)).order_by(Connection.id))
    keys = {each: f"delete_starter:{each}:late:{act.now.date().isoformat()}" for each in found}
    return sum(
        jobs.put(session, "delete_starter", {"row_id": each}, now=act.now, unique_key=key) for each, key in keys.items()
    )


def unended(session: Session, act: Act) -> int:
    """Connections of cases that ended, or were merged into one that did, whose days of grace never began: they begin.

    Answers for how many; once a day each.
    """
    root = aliased(Case)
    ended = root.ended_at < act.now - act.program.undo_for - LATE
    found = session.execute(
        select(Connection.id, Connection.case_id)
        .join(Case, Case.id == Connection.case_id)
        .join(root, root.id == Case.root_id)
        .where(*connections.IS_LIVE, Case.outcome.isnot(None), Case.outcome != Outcome.RELEASED, ended)
        .order_by(Connection.id)
    )
    late = f"remove_starter:late:{act.now.date().isoformat()}"
    return sum(
        jobs.put(session, "remove_starter", {"case_id": case}, now=act.now, unique_key=f"{late}:{row}")
        for row, case in found.all()
    )


def is_over(session: Session, row: Connection) -> bool:
    """Whether nothing is left to be done about the end of this connection."""
    said = conditions.of_kind(session, row, "removed")
    if row.state == StarterState.DELETED:
        return said is None or said.reason != DELETING
    return row.grace_until is None or (said is not None and not said.ok and said.reason != DELETING)


def begin(session: Session, row_id: int, seen: Seen, act: Act) -> bool:
    """Whether it may be deleted now; written down first, so that nobody takes it back while it is being deleted.

    It stays where its case lives again and has no other, where we did not make it, or where it is not what it was.
    """
    case, row = intents.locked(session, row_id)
    if row.state == StarterState.DELETED:
        return not is_over(session, row)
    if row.grace_until is None or row.grace_until > act.now or _is_needed(session, row, case):
        return False
    if why := _not_ours(row, seen):
        _left(session, row, case, act, *why)
        return False
    row.state, row.deleted_at, row.check_after = StarterState.DELETED, act.now, None
    conditions.say(session, row, "removed", act, ok=False, reason=DELETING, message="It is being deleted in Fivetran")
    return True


def removed(session: Session, row_id: int, act: Act) -> None:
    """The connection is gone for good. Idempotent."""
    case, row = intents.locked(session, row_id)
    if is_over(session, row) and row.state == StarterState.DELETED:
        return
    row.state, row.check_after = StarterState.DELETED, None
    row.deleted_at = row.deleted_at or act.now
    if row.connection_id is not None:
        conditions.say(session, row, "removed", act, ok=True, reason=GONE, message="It was deleted in Fivetran")
        record.entry(session, case, act, "starter.deleted", data={"connection": row.connection_id}, audience="account")
    if row.request_id == case.primary_request_id and connections.live(session, case.id) is None:
        readings.lose(session, case, act, reason="The starter connector was removed")


def refused(session: Session, row_id: int, act: Act, sentence: str) -> None:
    """Fivetran does not let us delete it: said, told to the admins once, and tried again later."""
    case, row = intents.locked(session, row_id)
    if row.state == StarterState.DELETED and conditions.say(
        session, row, "api", act, ok=False, reason="refused", message=sentence
    ):
        _tell_left(session, case, act)


def twin_later(session: Session, row: Connection, connection_id: str, act: Act) -> None:
    """A second connection of ours that no row has is looked at, and deleted where nobody uses it."""
    args = {"row_id": row.id, "connection_id": connection_id}
    jobs.put(session, "delete_twin", args, now=act.now, unique_key=f"delete_twin:{connection_id}")


def look_for_twins(session: Session, row_id: int, found: Collection[Seen], act: Act) -> None:
    """Whether more of ours stands under the name of the connection that we keep."""
    _, row = intents.locked(session, row_id)
    if row.connection_id is not None:
        things = intents.things_of(session, row, [each for each in found if _is_named(row, each)])
        for twin in sending.twins(intents.sent_of(row), row.connection_id, things, row.service):
            twin_later(session, row, twin.id, act)


def may_delete_twin(session: Session, row_id: int, seen: Seen, act: Act) -> bool:
    """Whether a second connection may go: no row has it, and nobody ever authorised or synced it."""
    case, row = intents.locked(session, row_id)
    if row.connection_id == seen.connection_id or not _is_named(row, seen):
        return False
    if intents.claimed_by_others(session, row, [seen.connection_id]):
        return False
    if intents.is_blank(seen):
        return True
    message = (
        f"A second connection, {seen.connection_id}, has the same name and is in use: an admin has to say which stays"
    )
    if conditions.say(session, row, "twin", act, ok=False, reason="in_use", message=message):
        record.entry(session, case, act, "starter.twin", data={"connection": seen.connection_id}, audience="staff")
        _tell_left(session, case, act)
    return False


def twin_gone(session: Session, row_id: int, connection_id: str, act: Act) -> None:
    case, _ = intents.locked(session, row_id)
    record.entry(session, case, act, "starter.twin_removed", data={"connection": connection_id}, audience="staff")


def _is_needed(session: Session, row: Connection, case: Case) -> bool:
    """The case lives again, with the person it was made for, and has no other: it stays."""
    mine = case.outcome is None and row.request_id == case.primary_request_id
    if not mine or connections.live(session, case.id) is not None:
        return False
    row.grace_until = None
    session.flush()
    return True


def _not_ours(row: Connection, seen: Seen) -> tuple[str, str] | None:
    """Why it is left alone, as (reason, sentence); None where it is what we made."""
    if not row.ours:
        return "not_ours", "We did not make this connection, so we do not delete it: an admin has to, in Fivetran"
    if not _is_named(row, seen):
        return (
            "changed",
            "It is not what we made any more, so we do not delete it: an admin has to look at it",
        )
    return None


def _is_named(row: Connection, seen: Seen) -> bool:
    """Whether it stands where we made it, as we made it; a list may hold more than was asked for."""
    return (seen.service, seen.schema, seen.group_id) == (row.service, row.schema_name, row.group_id)


def _left(session: Session, row: Connection, case: Case, act: Act, reason: str, message: str) -> None:
    row.check_after = None
    if conditions.say(session, row, "removed", act, ok=False, reason=reason, message=message):
        _tell_left(session, case, act)


def _tell_left(session: Session, case: Case, act: Act) -> None:
    entry = record.entry(session, case, act, "starter.left", audience="staff")
    record.notify(session, "starter_left", case, act, entry)
