"""A document of a case is fetched where it has to be, read in a limited process, and judged."""

import hashlib
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from request_tracker.actions import document_steps as steps
from request_tracker.actions import forget
from request_tracker.actions.uploads import Upload
from request_tracker.apidocs.fetch import NotFetched
from request_tracker.work.context import Context

log = logging.getLogger(__name__)
PACE = 0.5
"""Seconds between two steps that are written down: who watches cannot read faster."""
TROUBLE = "Something went wrong here while it was read. Try again; if it happens twice, tell an admin"


class _Stopped(Exception):
    """Somebody stopped it while it was at work."""


def assess(context: Context, document_id: int, *, is_last: bool = False) -> None:
    """Fetch and read a document, and take in what was found. Twice: what is over is left alone, the rest begins anew.

    No network call and no child inside a transaction: each step is written down in a short one of its own.
    """
    with suppress(_Stopped), _Told(context, document_id, is_last):
        _assess(context, document_id)


def look_after(context: Context) -> None:
    """Documents whose work was lost are begun anew; the contents of those that are no longer needed are forgotten."""
    with context.database.transaction() as session:
        steps.overdue(session, context.act())
    with context.database.transaction() as session:
        forget.documents(session, context.act())
    with context.database.transaction() as session:
        forget.drafts(session, context.act())


def _assess(context: Context, document_id: int) -> None:
    with context.database.transaction() as session:
        task = steps.begin(session, document_id, context.act())
    if task is None:
        return
    tell = _teller(context, document_id)
    try:
        found = _fetch(context, document_id, task.url, tell) if task.body is None else (task.name, task.body)
    except NotFetched as fault:
        _fail(context, document_id, str(fault))
        return
    if found is not None:
        _read(context, document_id, *found, tell)


def _fetch(context: Context, document_id: int, url: str, tell: Callable[[str], None]) -> tuple[str, bytes] | None:
    sent = context.fetch(url, this_machine=context.settings.may_call_this_machine, on_step=tell)
    upload = Upload(sent.filename, sent.media_type, hashlib.sha256(sent.body).hexdigest(), sent.body)
    with context.database.transaction() as session:
        goes_on = steps.fetched(session, document_id, upload, sent.url, context.act())
    return (sent.url, sent.body) if goes_on else None


def _read(context: Context, document_id: int, name: str, body: bytes, tell: Callable[[str], None]) -> None:
    reading = context.read_apart(body, name=name, on_step=tell)
    if reading.fault:
        log.warning("document %s could not be read: %s", document_id, reading.fault)
    if reading.analysis is None:
        _fail(context, document_id, reading.sentence)
        return
    with context.database.transaction() as session:
        steps.taken_in(session, document_id, reading.analysis, reading.seconds, context.act())


def _fail(context: Context, document_id: int, sentence: str) -> None:
    with context.database.transaction() as session:
        steps.failed(session, document_id, sentence, context.act())


@dataclass
class _Told:
    """What goes wrong here is told to those who watch, and raised: the worker tries again."""

    context: Context
    document_id: int
    is_last: bool

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, fault: BaseException | None, __: object) -> None:
        if not isinstance(fault, Exception) or isinstance(fault, _Stopped):
            return
        if self.is_last:
            _fail(self.context, self.document_id, TROUBLE)
            return
        with self.context.database.transaction() as session:
            steps.step(session, self.document_id, "Something went wrong here: it is tried again in a moment")


@dataclass
class _Pace:
    last: float = 0.0


def _teller(context: Context, document_id: int) -> Callable[[str], None]:
    """Writes each step down for those who watch, not too often. Raises _Stopped once somebody stopped it."""
    pace = _Pace()

    def tell(words: str) -> None:
        if time.monotonic() - pace.last < PACE:
            return
        pace.last = time.monotonic()
        with context.database.transaction() as session:
            goes_on = steps.step(session, document_id, words)
        if not goes_on:
            raise _Stopped

    return tell
