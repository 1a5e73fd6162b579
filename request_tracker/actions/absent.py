"""Many connections gone one after the other: rather a wrong key than deletions, so a person is asked first."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from request_tracker.actions import conditions, outage
from request_tracker.rules import looks
from request_tracker.rules.people import Act
from request_tracker.store import jobs
from request_tracker.store.cases import Case
from request_tracker.store.connections import Condition, Connection

BELIEVED = 5
"""So many in a row are believed to be gone, in so much time; more only after another one was seen."""
WITHIN = timedelta(hours=24)
_SAID = ("missing", "wanted")
MESSAGE = (
    "Fivetran shows neither this connection nor the others that were looked at last: an admin has to check that the "
    "API key belongs to the right Fivetran account. Nothing is given up meanwhile"
)


def is_doubtful(session: Session, row: Connection, act: Act) -> bool:
    """Whether that it is gone should not be believed: several went before it, and none was seen since the first."""
    gone = select(Condition.since).where(Condition.kind == "created", Condition.reason.in_(_SAID))
    lately = gone.where(Condition.since > act.now - WITHIN, Condition.connection_row_id != row.id)
    found = list(session.scalars(lately.order_by(Condition.since.desc()).limit(BELIEVED)))
    if len(found) < BELIEVED:
        return False
    there = (Connection.connection_id.is_not(None), Connection.state.not_in(("missing", "deleted")))
    seen = select(Connection.id).where(*there, Connection.id != row.id, Connection.checked_at > found[-1])
    return session.scalar(seen.limit(1)) is None


def doubt(session: Session, row: Connection, case: Case, act: Act) -> None:
    """Say so, look again later, and tell the admins once a day. Nothing follows for the case."""
    row.misses += 1
    row.check_after = looks.next_look(row.id, act.now, outage.standing_of(row), act.program.check_every)
    conditions.say(session, row, "api", act, ok=False, reason="many_missing", message=MESSAGE)
    args = {"notice": "many_missing", "case_id": case.id}
    day = act.now.date().isoformat()
    jobs.put(session, "notify", args, now=act.now, unique_key=f"notify:many_missing:{day}")
