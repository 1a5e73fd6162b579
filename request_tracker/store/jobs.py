"""Jobs: effects on the outside world, written with the fact that caused them and claimed by one worker each."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, ForeignKey, Index, String, Text, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from request_tracker.store.base import Base, insertion, one_of, tied

LOCK_FOR = timedelta(seconds=120)
KILLER = "Every worker that tried this job was ended before it could finish"
_BACK_OFF = (5, 15, 60, 300, 900, 3600)


class Job(Base):
    """`event_id` is the timeline entry that caused the job: undo cancels by it."""

    __tablename__ = "job"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    args: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(12), default="ready")
    run_at: Mapped[datetime]
    attempt: Mapped[int] = mapped_column(default=0)
    max_attempts: Mapped[int] = mapped_column(default=12)
    locked_until: Mapped[datetime | None]
    locked_by: Mapped[str | None] = mapped_column(String(80))
    unique_key: Mapped[str | None] = mapped_column(String(200), unique=True)
    event_id: Mapped[int | None] = mapped_column(ForeignKey("timeline.id"))
    last_error: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    __table_args__ = (
        one_of("state", ("ready", "running", "done", "dead", "cancelled")),
        tied("(state = 'running') = (locked_until IS NOT NULL)", "running_is_locked"),
        Index("ix_job_due", "state", "run_at", "id"),
        Index("ix_job_event", "event_id"),
    )


def put(
    session: Session,
    kind: str,
    args: dict[str, Any],
    *,
    now: datetime,
    run_at: datetime | None = None,
    unique_key: str | None = None,
    event_id: int | None = None,
) -> bool:
    """Write a job, once per unique key. True when it is new."""
    row = {
        "kind": kind, "args": args, "state": "ready", "run_at": run_at or now, "attempt": 0, "max_attempts": 12,
        "unique_key": unique_key, "event_id": event_id, "last_error": "", "created_at": now,
    }  # fmt: skip
    new = insertion(session, Job).values(row).on_conflict_do_nothing(index_elements=["unique_key"]).returning(Job.id)
    return session.scalar(new) is not None


def put_anew(session: Session, kind: str, args: dict[str, Any], *, now: datetime, unique_key: str) -> None:
    """Write a job unless one of this key waits or runs: the key of one that is over is free again."""
    if put(session, kind, args, now=now, unique_key=unique_key):
        return
    over = update(Job).where(Job.unique_key == unique_key, Job.state.in_(("done", "dead", "cancelled")))
    if _rows(session.execute(over.values(unique_key=None).execution_options(synchronize_session=False))):
        put(session, kind, args, now=now, unique_key=unique_key)


def state_of(session: Session, unique_key: str) -> str | None:
    """How the job of this key stands; None where there is none."""
    return session.scalar(select(Job.state).where(Job.unique_key == unique_key))


def claim(session: Session, worker: str, now: datetime, *, but: Collection[str] = ()) -> Job | None:
    """The next due job, ours by a conditional UPDATE; expired locks are revived. Kinds in `but` are left to others."""
    due = or_(
        (Job.state == "ready") & (Job.run_at <= now),
        (Job.state == "running") & (Job.locked_until < now),
    )
    due = due & Job.kind.not_in(but) if but else due
    for job_id, state, locked_until in session.execute(
        select(Job.id, Job.state, Job.locked_until).where(due).order_by(Job.run_at, Job.id).limit(5)
    ).all():
        mine = update(Job).where(Job.id == job_id, Job.state == state)
        if locked_until is not None:
            mine = mine.where(Job.locked_until == locked_until)
        values = {"state": "running", "locked_until": now + LOCK_FOR, "locked_by": worker, "attempt": Job.attempt + 1}
        if _rows(session.execute(mine.values(values).execution_options(synchronize_session=False))):
            job = session.get_one(Job, job_id, populate_existing=True)
            if job.attempt <= job.max_attempts:
                return job
            _release(session, job.id, worker, {"state": "dead", "finished_at": now, "last_error": KILLER})
    return None


def finish(session: Session, job_id: int, worker: str, now: datetime) -> None:
    _release(session, job_id, worker, {"state": "done", "finished_at": now, "last_error": ""})


def fail(session: Session, job: Job, worker: str, now: datetime, error: str, *, after: float | None = None) -> None:
    """Try again after a growing pause, or give up and show the job as dead.

    With `after` the job only waits its turn so many seconds: that counts as no attempt.
    """
    if after is None and job.attempt >= job.max_attempts:
        _release(session, job.id, worker, {"state": "dead", "finished_at": now, "last_error": error})
        return
    pause = after if after is not None else _BACK_OFF[min(job.attempt, len(_BACK_OFF)) - 1]
    attempt = job.attempt - 1 if after is not None else job.attempt
    again = {"state": "ready", "run_at": now + timedelta(seconds=pause), "last_error": error, "attempt": attempt}
    _release(session, job.id, worker, again)


def _release(session: Session, job_id: int, worker: str, values: dict[str, Any]) -> None:
    ours = update(Job).where(Job.id == job_id, Job.state == "running", Job.locked_by == worker)
    session.execute(ours.values(**values, locked_until=None).execution_options(synchronize_session=False))


def cancel_for(session: Session, event_id: int, now: datetime) -> int:
    """Cancel what an undone event queued and nobody has begun. Answers how many."""
    waiting = update(Job).where(Job.event_id == event_id, Job.state == "ready")
    done = session.execute(
        waiting.values(state="cancelled", finished_at=now, unique_key=None).execution_options(synchronize_session=False)
    )
    return _rows(done)


def retry(session: Session, job_id: int, now: datetime) -> bool:
    """Give a dead job another round of attempts."""
    dead = update(Job).where(Job.id == job_id, Job.state == "dead")
    return bool(_rows(session.execute(dead.values(state="ready", attempt=0, run_at=now, finished_at=None))))


def _rows(result: Any) -> int:
    assert isinstance(result, CursorResult)
    return int(result.rowcount)


def free_orphans(session: Session, host: str, is_alive: Callable[[int], bool], me: str) -> int:
    """Give back what dead workers of this machine held, without waiting for their locks to expire."""
    held = select(Job.id, Job.locked_by).where(
        Job.state == "running", Job.locked_by.startswith(f"{host}:", autoescape=True)
    )
    orphans = [job_id for job_id, owner in session.execute(held).all() if owner != me and not _lives(owner, is_alive)]
    if orphans:
        free = update(Job).where(Job.id.in_(orphans), Job.state == "running").values(state="ready", locked_until=None)
        session.execute(free.execution_options(synchronize_session=False))
    return len(orphans)


def _lives(owner: str | None, is_alive: Callable[[int], bool]) -> bool:
    pid = (owner or "::").rsplit(":", 2)[1]
    return not pid.isdigit() or is_alive(int(pid))
