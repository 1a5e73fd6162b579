"""What goes wrong between us and Fivetran is written where people look, then tried again."""

from collections.abc import Iterator
from contextlib import contextmanager

from request_tracker.actions import provision
from request_tracker.fivetran.client import FivetranError, Throttled, Unreachable
from request_tracker.work.context import Context, Later


@contextmanager
def told(context: Context, row_id: int) -> Iterator[None]:
    """Write on the case what went wrong with a call, then let the worker try again."""
    try:
        yield
    except Throttled as wait:
        raise Later(wait.sentence, seconds=wait.retry_after) from wait
    except Unreachable as gone:
        with context.database.transaction() as session:
            provision.doubtful(session, row_id, context.act(), gone.sentence)
        raise
    except FivetranError as no:
        with context.database.transaction() as session:
            provision.refused(session, row_id, context.act(), no.sentence)
        raise
