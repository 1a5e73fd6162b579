"""Chains are verified in stretches, so that other jobs find their turn between them."""

from collections.abc import Mapping
from typing import Any

from request_tracker.actions import verify
from request_tracker.store import cases, timeline
from request_tracker.store.chain_checks import ChainCheck
from request_tracker.work.context import Context


def stretch(context: Context, args: Mapping[str, Any]) -> None:
    """The next stretch, then a job for the one after. Twice: what was found is counted once (actions.verify)."""
    if "check_id" not in args:
        with context.database.transaction() as session:
            verify.ask(session, context.act())
        return
    check_id = int(args["check_id"])
    with context.database.reading() as session:
        row = session.get(ChainCheck, check_id)
        found = timeline.verify(session, after=row.upto) if row is not None and row.ended_at is None else None
    if found is None:
        return
    with context.database.transaction() as session:
        suspects = list(found.faults)
        if suspects:
            cases.locked(session, *suspects)
        faults = timeline.verify(session, only=suspects).faults if suspects else {}
        verify.taken_in(session, check_id, found, faults, context.act())


def ensure(context: Context) -> None:
    """Once a night."""
    with context.database.transaction() as session:
        verify.ensure(session, context.act())
