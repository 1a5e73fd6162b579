"""Somebody wants to see a notice in their own mail program: the letter is written by the worker."""

from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from request_tracker.rules.people import Act
from request_tracker.store import jobs
from request_tracker.store.jobs import Job

MOST, WITHIN = 10, timedelta(hours=1)


def ask(session: Session, notice: str, reader: str, zone: str, act: Act) -> bool:
    """Queue a sample to the person who asks, each time a letter of its own. False where MOST went out WITHIN.

    A person has MOST keys, each free again after WITHIN: who asks twice at the same moment cannot take one twice.
    """
    keys = [f"sample:{act.who.id}:{place}" for place in range(MOST)]
    over = Job.unique_key.in_(keys), Job.created_at <= act.now - WITHIN
    session.execute(update(Job).where(*over).values(unique_key=None).execution_options(synchronize_session=False))
    taken = set(session.scalars(select(Job.unique_key).where(Job.unique_key.in_(keys))))
    args = {"notice": notice, "reader": reader, "zone": zone, "person_id": act.who.id}
    free = (key for key in keys if key not in taken)
    return any(jobs.put(session, "send_sample", args, now=act.now, unique_key=key) for key in free)
