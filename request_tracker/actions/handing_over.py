"""What hangs on a primary requester is let go of as they leave, and given back as they return in time."""

from sqlalchemy.orm import Session

from request_tracker.actions import evidence, record
from request_tracker.rules.people import Act
from request_tracker.rules.terms import StarterState
from request_tracker.store import connections, heirs
from request_tracker.store.cases import Case
from request_tracker.store.evidence import Evidence
from request_tracker.store.requests import Request
from request_tracker.store.timeline import Entry


def let_go_of_starter(session: Session, root: Case, act: Act, entry: Entry) -> None:
    """The connection of who left runs out, and is deleted after its days of grace."""
    old = connections.live(session, root.id)
    if old is not None:
        wait = act.program.grace_for
        old.grace_until = act.now + wait
        record.later(session, "delete_starter", {"row_id": old.id}, act, entry, wait=wait, key=str(old.id))


def keep_starter(session: Session, root: Case, request: Request) -> bool:
    """The connection of who came back stays, if it was not deleted yet."""
    newest = connections.newest(session, root.id)
    if newest is None or newest.request_id != request.id or newest.state == StarterState.DELETED:
        return False
    newest.grace_until = None
    session.flush()
    return True


def stand_again(session: Session, root: Case, vacancy: Entry, reason: str, *, without: tuple[str, ...]) -> None:
    """What was void since the vacancy for this reason stands again, unless it was recorded anew meanwhile."""
    standing = evidence.standing_keys(session, root)
    for row in heirs.voided_at(session, root.id, vacancy.at, reason):
        if row.key not in standing and row.key not in without:
            _unvoid(row)
    session.flush()


def _unvoid(row: Evidence) -> None:
    row.voided_at, row.voided_by_id, row.void_reason = None, None, None
