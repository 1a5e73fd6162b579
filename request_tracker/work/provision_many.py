"""Carrying out a run over cases: fed in pieces, each item by the way every starter connector is made."""

from request_tracker.actions import provision_many as rows
from request_tracker.actions.unfit import Unfit
from request_tracker.rules.process import Refused
from request_tracker.work import making
from request_tracker.work.context import Context, Later

FEED_EVERY = 2.0


def feed(context: Context, run_id: int) -> None:
    """Give the workers the next items, until none is left. Twice: an item is given out once."""
    with context.database.transaction() as session:
        more = rows.feed(session, run_id, context.act())
    if more:
        raise Later("The run goes on", seconds=FEED_EVERY)


def item(context: Context, item_id: int) -> None:
    """Provision one case of a run. Twice: the case has one starter connector, however often it is asked for.

    What fails otherwise is tried again as every job is; the run sees when its job was given up.
    """
    try:
        with context.database.transaction() as session:
            case_id = rows.begin(session, item_id, context.act())
        if case_id is None:
            return
        making.provision(context, case_id)
    except Later as later:
        with context.database.transaction() as session:
            given_up = rows.waits(session, item_id, str(later), context.act())
        if given_up:
            return
        raise
    except (Unfit, Refused) as no:
        _give_up(context, item_id, str(no))
        return
    with context.database.transaction() as session:
        if rows.settle(session, item_id, context.act()) in ("running", "unknown"):
            raise Later("It is being made", seconds=FEED_EVERY)


def _give_up(context: Context, item_id: int, sentence: str) -> None:
    with context.database.transaction() as session:
        rows.give_up(session, item_id, sentence, context.act())
