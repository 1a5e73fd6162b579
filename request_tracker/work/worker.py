"""The job loop: claim, run, finish; a signal lets the job in hand end first."""

import logging
import os
import secrets
import socket
import threading
from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from sqlalchemy.exc import SQLAlchemyError

from request_tracker.store import jobs
from request_tracker.work.context import Context, Later
from request_tracker.work.effects import EFFECTS, Call, Effect

log = logging.getLogger(__name__)
IDLE = 0.3
SLOW = ("assess_document", "try_project")
"""Kinds of jobs that compute for up to a minute on what a stranger sent in."""


def wall_clock() -> datetime:
    return datetime.now(UTC)


class Worker:
    """Runs one job after the other, of any kind `but` some. Any number of workers may share a database."""

    def __init__(self, context: Context, *, effects: Mapping[str, Effect] = EFFECTS, but: Collection[str] = ()) -> None:
        self.context = context
        self.effects = effects
        self.but = but
        self.name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop; the job in hand is finished first."""
        self.revive()
        while not stop.is_set():
            if not self._one_safely():
                stop.wait(IDLE)

    def drain(self, *, most: int = 10_000) -> int:
        """Do everything that is due now. Answers how many jobs were run."""
        done = 0
        while done < most and self.one():
            done += 1
        return done

    def one(self) -> bool:
        """Run the next due job, if there is one."""
        with self.context.database.transaction() as session:
            job = jobs.claim(session, self.name, self.context.now(), but=self.but)
        if job is None:
            return False
        self._carry_out(job)
        return True

    def revive(self) -> int:
        """Free what a worker of this machine held when it was killed."""
        with self.context.database.transaction() as session:
            return jobs.free_orphans(session, socket.gethostname(), _is_alive, self.name)

    def _one_safely(self) -> bool:
        try:
            return self.one()
        except Exception:
            log.exception("the database did not answer; trying again")
            return False

    def _carry_out(self, job: jobs.Job) -> None:
        call = Call(job.id, job.kind, job.args, job.event_id, is_last=job.attempt >= job.max_attempts)
        try:
            self.effects[job.kind](self.context, call)
        except Later as later:
            self._failed(job, str(later), after=later.seconds)
        except Exception as fault:
            log.warning("job %s (%s) failed: %s", job.id, job.kind, type(fault).__name__)
            self._failed(job, _words(fault))
        else:
            with self.context.database.transaction() as session:
                jobs.finish(session, job.id, self.name, self.context.now())

    def _failed(self, job: jobs.Job, sentence: str, *, after: float | None = None) -> None:
        with self.context.database.transaction() as session:
            jobs.fail(session, job, self.name, self.context.now(), sentence, after=after)


def _words(fault: Exception) -> str:
    """What went wrong, for the admin. A statement's error carries the values it was given: those are left out."""
    said = "" if isinstance(fault, SQLAlchemyError) else f": {fault}"
    return f"{type(fault).__name__}{said}"[:2000]


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
