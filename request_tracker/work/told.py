"""What goes wrong between us and Fivetran is written where people look, then tried again: no work dies of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from request_tracker.actions import outage
from request_tracker.actions.outage import KEY, UNREACHABLE, WAITS, Missed
from request_tracker.fivetran.client import AuthFailed, FivetranError, Throttled, Unreachable
from request_tracker.rules import looks
from request_tracker.store import outages
from request_tracker.store.outages import Outage
from request_tracker.work.context import Context, Later

KEY_WAIT = timedelta(minutes=5)
NO_ROW = 0


@contextmanager
def told(context: Context, row_id: int | None = None) -> Iterator[None]:
    """Around calls to Fivetran, outside transactions. Later for what time heals; Refused is left to the caller.

    No answer and a key that is not taken are written on the connection (`row_id`) and as an outage; the first good
    answer ends it. While an outage is sure nothing is called at all, so that no worker hangs where nobody answers.
    """
    with context.database.reading() as session:
        standing = outages.standing(session)
    if outage.is_sure(standing, context.now()):
        raise _later(context, row_id, Missed(UNREACHABLE, _known(standing)), is_new=False)
    try:
        yield
    except Throttled as wait:
        pause = looks.spread(row_id or NO_ROW, context.now(), timedelta(seconds=max(1, wait.retry_after) * 1.25))
        raise Later(wait.sentence, seconds=pause.total_seconds()) from wait
    except Unreachable as gone:
        raise _later(context, row_id, Missed(UNREACHABLE, gone.sentence)) from gone
    except AuthFailed as no:
        _over(context, standing, UNREACHABLE)
        raise _later(context, row_id, Missed(KEY, no.sentence)) from no
    except FivetranError:
        _over(context, standing, UNREACHABLE, KEY)
        raise
    _over(context, standing, UNREACHABLE, KEY)


def _later(context: Context, row_id: int | None, missed: Missed, *, is_new: bool = True) -> Later:
    """Write it down, and answer when to come again."""
    act = context.act()
    with context.database.transaction() as session:
        if is_new:
            outage.began(session, missed, act)
        rowless = _pause(outages.standing(session), act.now)
        pause = rowless if row_id is None else outage.missed(session, row_id, missed, act)
        outage.tell(session, act)
    if missed.kind == KEY:
        pause = looks.spread(row_id or NO_ROW, act.now, KEY_WAIT)
    return Later(WAITS + missed.sentence, seconds=pause.total_seconds())


def _pause(standing: list[Outage], now: datetime) -> timedelta:
    """What concerns no connection waits as long again as the outage has lasted, within bounds."""
    lasted = max((now - each.began_at for each in standing), default=timedelta(0))
    return looks.spread(NO_ROW, now, min(max(lasted, looks.FIRST), looks.LONGEST_WAIT / (1 + looks.SPREAD)))


def _known(standing: list[Outage]) -> str:
    return next(each.sentence for each in standing if each.kind == UNREACHABLE)


def _over(context: Context, standing: list[Outage], *kinds: str) -> None:
    """A good answer ends what stood when the call began; usually nothing did, and nothing is written."""
    if any(each.kind in kinds for each in standing):
        with context.database.transaction() as session:
            outage.over(session, context.act(), kinds=kinds)
