"""Webhooks out: what happened is queued for each endpoint, and each queue is posted in its order by one worker."""

import time

from request_tracker.actions import fan_out as telling
from request_tracker.actions import posting
from request_tracker.actions.posting import Sending
from request_tracker.rules.retention import DEAD_MESSAGES_FOR, MESSAGES_FOR
from request_tracker.store import hooks
from request_tracker.work.context import Context, Later
from request_tracker.work.one_post import Poster

MOST_POSTS = 50
LONGEST = 20.0
"""Seconds that one job may post; what is left waits its turn behind the jobs of others."""


def fan_out(context: Context) -> None:
    """Queue what may be told now, and wake a worker for each endpoint with something due."""
    with context.database.transaction() as session:
        telling.fan_out(session, context.act())
        posting.wake(session, context.act())


def post(context: Context, endpoint_id: int) -> None:
    """Post what is due to one endpoint, in order. Twice at once: one of them has the turn, the other does nothing.

    A worker that ends between the post and its record posts once more, with the same message id: at least once.
    """
    began, turn = time.monotonic(), _next(context, endpoint_id)
    with Poster(this_machine=context.settings.may_call_this_machine) as poster:
        for _ in range(MOST_POSTS):
            if turn is None:
                return
            if not _post(context, poster, turn) or time.monotonic() - began >= LONGEST:
                break
            turn = _next(context, endpoint_id, after=turn)
    if turn is not None:
        _leave(context, turn)


def ping(context: Context, delivery_id: int) -> None:
    """Post one test message. Twice: it has an answer already and is left alone."""
    with context.database.reading() as session:
        sending = posting.a_ping(session, delivery_id, context.settings.secret_key, context.now())
    if sending is not None:
        with Poster(this_machine=context.settings.may_call_this_machine) as poster:
            _post(context, poster, sending)


def forget_hook_deliveries(context: Context) -> None:
    """What was posted long ago is deleted, some at a time."""
    now = context.now()
    with context.database.transaction() as session:
        hooks.delete_ended(session, before=now - MESSAGES_FOR, dead_before=now - DEAD_MESSAGES_FOR)


def _next(context: Context, endpoint_id: int, *, after: Sending | None = None) -> Sending | None:
    mine = after.held_until if after is not None else None
    with context.database.transaction() as session:
        return posting.begin(session, endpoint_id, context.settings.secret_key, context.act(), mine=mine)


def _post(context: Context, poster: Poster, sending: Sending) -> bool:
    answer = poster.post(sending, context.now())
    with context.database.transaction() as session:
        return posting.record(session, sending, answer, context.act())


def _leave(context: Context, turn: Sending) -> None:
    """Give the turn back; what is due still goes on behind the jobs of others."""
    assert turn.held_until is not None
    with context.database.transaction() as session:
        posting.release(session, turn.endpoint_id, turn.held_until)
        more = posting.is_due(session, turn.endpoint_id, context.now())
    if more:
        raise Later("More waits for this endpoint", seconds=0)
