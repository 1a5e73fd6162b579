"""Clocks counted anew: a lead's change applied piece by piece, and the nightly look at every clock."""

from collections.abc import Mapping
from typing import Any

from request_tracker.actions import recount, refold
from request_tracker.work.context import Context, Later

Args = Mapping[str, Any]
WAIT_S = 2.0


def apply_change(context: Context, args: Args) -> None:
    """One piece of a change, and a job for the next. Twice: the row's cursor says that the piece is done.

    `args`: {change_id, [after]}. Raises Later while a change that was decided earlier is not wholly applied.
    """
    program = context.settings.program
    try:
        with context.database.transaction() as session:
            recount.piece(session, args["change_id"], context.now(), program, after=args.get("after", 0))
    except recount.Behind as fault:
        raise Later(str(fault), seconds=WAIT_S) from fault


def catch_up(context: Context, args: Args) -> None:
    """A clock whose end was taken back gets what was decided meanwhile. Twice: what was applied is not applied again.

    `args`: {clock_id}.
    """
    with context.database.transaction() as session:
        recount.catch_up(session, args["clock_id"], context.now(), context.settings.program)


def look(context: Context, args: Args) -> None:
    """The next clocks of tonight's look, and a job for those after. Twice: the row's cursor says that they are done.

    Looking holds nobody up; only where something differs are the cases locked and looked at again. `args`:
    {refold_id, [after]}.
    """
    after = args.get("after", 0)
    with context.database.reading() as session:
        seen = refold.look(session, after, context.now())
    with context.database.transaction() as session:
        refold.settle(session, args["refold_id"], seen, context.act(), after=after)
