"""A job that was given up is tried again because an admin says so."""

from sqlalchemy.orm import Session

from request_tracker.actions import auditing
from request_tracker.rules.people import Act
from request_tracker.rules.process import NotAllowed
from request_tracker.rules.terms import Role
from request_tracker.store import jobs
from request_tracker.store.jobs import Job


def job(session: Session, job_id: int, act: Act) -> bool:
    """Another round of attempts; False where it is not dead. Raises NotAllowed."""
    if act.who.role is not Role.ADMIN:
        raise NotAllowed("Only an admin may try jobs again")
    if not jobs.retry(session, job_id, act.now):
        return False
    auditing.note(session, act, "job.retried", f"job {job_id}", job=job_id, kind=session.get_one(Job, job_id).kind)
    return True
