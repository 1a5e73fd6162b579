"""Forgetting what is due: by the ticks as time goes, and all of it at once because an admin asks for it."""

from collections.abc import Callable

from sqlalchemy.orm import Session

from request_tracker.actions import card, deliveries, forget, trial_steps
from request_tracker.rules.people import Act
from request_tracker.rules.retention import DEAD_MESSAGES_FOR, FAILURES_FOR, MESSAGES_FOR
from request_tracker.store import hooks, passwords
from request_tracker.work.context import Context

ROUNDS = 500
"""Pieces that one run deletes of a kind: what is left waits for the ticks."""


def forget_now(context: Context) -> None:
    """Everything that is due, some at a time. Twice: what is forgotten is not found again."""
    for piece in PIECES:
        for _ in range(ROUNDS):
            with context.database.transaction() as session:
                if not piece(session, context.act()):
                    break


def forget_failures(context: Context) -> None:
    """Failed sign-ins that count for nothing any more."""
    with context.database.transaction() as session:
        _failures(session, context.act())


def _failures(session: Session, act: Act) -> int:
    return passwords.forget_before(session, act.now - FAILURES_FOR)


def _cards(session: Session, act: Act) -> int:
    card.forget(session, act)
    return 0


def _messages(session: Session, act: Act) -> int:
    return hooks.delete_ended(session, before=act.now - MESSAGES_FOR, dead_before=act.now - DEAD_MESSAGES_FOR)


PIECES: tuple[Callable[[Session, Act], int | None], ...] = (
    forget.documents,
    forget.drafts,
    trial_steps.forget,
    deliveries.forget,
    _cards,
    _messages,
    _failures,
)
