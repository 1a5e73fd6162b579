"""Carrying out acts on many cases: row after row, each in a transaction of its own, so that a page sees it go on."""

from request_tracker.actions import bulk
from request_tracker.work.context import Context, Later

PIECE = 50
"""So many rows are done before other work gets its turn."""


def run(context: Context, run_id: int) -> None:
    """Do the rows that wait. Twice: a row that is over is left alone."""
    for _ in range(PIECE):
        with context.database.transaction() as session:
            more = bulk.step(session, run_id, context.act())
        if not more:
            return
    raise Later("The run goes on", seconds=0)


def undo(context: Context, run_id: int, by_id: int) -> None:
    """Take back what can be taken back. Twice: what was taken back is not done any more."""
    place: int | None = -1
    while place is not None:
        with context.database.transaction() as session:
            place = bulk.undo_step(session, run_id, place, by_id, context.act())
