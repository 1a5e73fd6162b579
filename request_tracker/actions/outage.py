"""Times in which Fivetran cannot be worked with: begun and ended by what calls show, told once, healed by itself."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from request_tracker.actions import conditions
from request_tracker.rules import looks
from request_tracker.rules.people import Act
from request_tracker.store import jobs, outages, reading_fivetran
from request_tracker.store.base import insertion
from request_tracker.store.cases import Case
from request_tracker.store.connections import Condition, Connection
from request_tracker.store.jobs import Job
from request_tracker.store.outages import Outage

UNREACHABLE, KEY = "unreachable", "key"
NOTICES = {UNREACHABLE: "fivetran_down", KEY: "fivetran_key"}
WAITS = "Waiting for Fivetran: "
"""How the error of a job begins that goes on as soon as Fivetran answers again."""
QUIET_FOR = timedelta(hours=1)
"""An outage this soon after one that was told is not told by letter again."""
SURE_AFTER = timedelta(minutes=2)
TRIED_EVERY = timedelta(seconds=30)
"""While an outage is sure, one call in this time is enough to see whether it is over; nobody else waits for it."""
PROBED_EVERY = timedelta(minutes=1)
_RECORDED_EVERY = timedelta(seconds=5)
_PER_SECOND = 5


@dataclass(frozen=True)
class Missed:
    """A call that got no usable answer: what kind of outage it shows, and the sentence for people."""

    kind: str
    sentence: str


def is_sure(standing: Collection[Outage], now: datetime) -> bool:
    """Whether a call made now would only wait in vain: no answer for a while, and somebody tried a moment ago."""
    return any(
        each.kind == UNREACHABLE and now - each.began_at >= SURE_AFTER and now - each.last_at < TRIED_EVERY
        for each in standing
    )


def began(session: Session, missed: Missed, act: Act) -> None:
    """A call showed it: the outage begins, or goes on."""
    values = {"kind": missed.kind, "sentence": missed.sentence, "began_at": act.now, "last_at": act.now}
    new = insertion(session, Outage).values(values)
    session.execute(new.on_conflict_do_nothing(index_elements=["kind"], index_where=Outage.ended_at.is_(None)))
    older = (Outage.kind == missed.kind, Outage.ended_at.is_(None), Outage.last_at <= act.now - _RECORDED_EVERY)
    session.execute(update(Outage).where(*older).values(sentence=missed.sentence, last_at=act.now))


def missed(session: Session, row_id: int, what: Missed, act: Act) -> timedelta:
    """Say on the connection that Fivetran did not answer, and when it is tried again. Answers how long that is."""
    row = session.get_one(Connection, row_id, with_for_update=True)
    row.misses += 1
    if row.connection_id is not None and row.check_after is not None:
        row.check_after = looks.next_look(row.id, act.now, standing_of(row), act.program.check_every)
    conditions.say(session, row, "api", act, ok=False, reason=what.kind, message=what.sentence)
    return looks.wait(row.id, act.now, row.misses)


def over(session: Session, act: Act, *, kinds: Collection[str] = (UNREACHABLE, KEY)) -> bool:
    """Fivetran answered: what waited for it goes on soon, spread over a while. True when an outage ended by this."""
    going = update(Outage).where(Outage.ended_at.is_(None), Outage.kind.in_(kinds))
    ended = session.execute(going.values(ended_at=act.now, last_at=act.now))
    assert isinstance(ended, CursorResult)
    if not ended.rowcount:
        return False
    _pull_looks(session, act)
    _pull_jobs(session, act)
    return True


def tick(session: Session, act: Act) -> None:
    """What time brings: an outage is told when it has lasted, and asked after where nobody else calls."""
    tell(session, act)
    for each in outages.standing(session):
        if act.now - each.last_at >= PROBED_EVERY:
            key = f"probe_fivetran:{each.id}:{each.last_at.isoformat()}:{int(act.now.timestamp() // 60)}"
            jobs.put(session, "probe_fivetran", {}, now=act.now, unique_key=key)


def probe(session: Session, act: Act) -> None:
    """Ask Fivetran at once whether it answers and takes the key, because a person wants to know."""
    key = f"probe_fivetran:asked:{act.now.replace(microsecond=0).isoformat()}"
    jobs.put(session, "probe_fivetran", {}, now=act.now, unique_key=key)


def tell(session: Session, act: Act) -> None:
    """One letter to each who has to know, once an outage has lasted; none where another was told of a moment ago."""
    for each in outages.standing(session):
        if each.told_at is None and act.now >= told_from(each, act):
            _tell(session, each, act)


def told_from(row: Outage, act: Act) -> datetime:
    """From when on people hear of it: an outage may heal by itself, a key does not."""
    return row.began_at if row.kind == KEY else row.began_at + act.program.outage_after


def standing_of(row: Connection) -> looks.Standing:
    """The connection as far as its next look depends on it."""
    syncs = row.state == "syncing" or row.sync_state == "syncing"
    return looks.Standing(row.state, row.misses, syncs, row.sync_deadline_at)


def _tell(session: Session, row: Outage, act: Act) -> None:
    taken = update(Outage).where(Outage.id == row.id, Outage.told_at.is_(None)).values(told_at=act.now)
    done = session.execute(taken)
    assert isinstance(done, CursorResult)
    if not done.rowcount or _told_lately(session, row):
        return
    case_id = _about(session)
    if case_id is not None:
        count, since = reading_fivetran.waiting(session), row.began_at.isoformat()
        args = {"notice": NOTICES[row.kind], "case_id": case_id, "round": row.id, "waiting": count, "since": since}
        jobs.put(session, "notify", args, now=act.now, unique_key=f"notify:{args['notice']}:{row.id}")


def _told_lately(session: Session, row: Outage) -> bool:
    before = (Outage.kind == row.kind, Outage.id != row.id, Outage.told_at.is_not(None))
    lately = select(Outage.id).where(*before, Outage.ended_at > row.began_at - QUIET_FOR)
    return session.scalar(lately.limit(1)) is not None


def _about(session: Session) -> int | None:
    """A case the letter can name: one that waits, or else the newest with a connection, or the newest at all."""
    silent = (Condition.kind == "api", Condition.ok.is_(False), Connection.deleted_at.is_(None))
    found = select(Connection.case_id).join(Condition, Condition.connection_row_id == Connection.id).where(*silent)
    for each in (found.order_by(Connection.id), select(Case.id).order_by(Case.id.desc())):
        if (case_id := session.scalar(each.limit(1))) is not None:
            return case_id
    return None


def _pull_looks(session: Session, act: Act) -> None:
    """Those that were not answered are looked at within moments, a few a second, long before their turn."""
    unanswered = (Connection.misses > 0, Connection.connection_id.is_not(None), Connection.check_after.is_not(None))
    ids = list(session.scalars(select(Connection.id).where(*unanswered).order_by(Connection.id)))
    within = _within(len(ids))
    soon = [{"id": each, "check_after": act.now + within * looks.share(each, act.now.isoformat())} for each in ids]
    if soon:
        session.execute(update(Connection), soon)


def _pull_jobs(session: Session, act: Act) -> None:
    waits = (Job.state == "ready", Job.run_at > act.now, Job.last_error.startswith(WAITS, autoescape=True))
    ids = list(session.scalars(select(Job.id).where(*waits).order_by(Job.id)))
    within = _within(len(ids))
    soon = [{"id": each, "run_at": act.now + within * looks.share(each, act.now.isoformat())} for each in ids]
    if soon:
        session.execute(update(Job), soon)


def _within(count: int) -> timedelta:
    return timedelta(seconds=max(10, count / _PER_SECOND))
