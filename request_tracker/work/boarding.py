"""The rows of the public board, kept up: each look writes what changed, so a missed or doubled one does no harm."""

from request_tracker.actions import board
from request_tracker.store.board import AT_ONCE
from request_tracker.work.context import Context

ROUNDS = 20
"""So many lots one look writes at most: a program of a million cases is read in over a few looks."""


def keep_up(context: Context) -> None:
    for _ in range(ROUNDS):
        with context.database.transaction() as session:
            written = board.keep_up(session)
        if written < AT_ONCE:
            return
