"""The search index follows what is written: a tick looks at what came since, another walks over every case."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from request_tracker.store import search
from request_tracker.store.search_docs import SearchMark
from request_tracker.store.timeline import Entry
from request_tracker.work.context import Context

OVERLAP = timedelta(seconds=60)
"""Entries become visible in another order than their ids: the last minute is looked at again."""
BATCH = 10
"""Cases a transaction: SQLite has one writer at a time, and people write too."""
ROUNDS = 20
"""Batches a tick."""
STEP = 2000
"""Cases looked at while walking."""


def follow(context: Context) -> None:
    """Take in what was written since the last time. Twice: what is taken in already is not behind any more."""
    with context.database.reading() as session:
        mark = session.scalar(select(SearchMark.entry_id)) or 0
        reached = _reached(session, mark, context.now())
        ids = search.behind(session, mark, BATCH * ROUNDS)
    if ids:
        _take_in(context, ids)
    elif reached > mark:
        with context.database.transaction() as session:
            if (row := search.hold(session, waiting=False)) is not None:
                row.entry_id = max(row.entry_id, reached)


def walk(context: Context) -> None:
    """Look at the next cases, whether the index knows them as they are; from the end back to the beginning."""
    for _ in range(ROUNDS // 2):
        with context.database.reading() as session:
            after = session.scalar(select(SearchMark.walked_id)) or 0
            rows = search.walked(session, after, STEP)
        behind = [case_id for case_id, is_behind in rows if is_behind]
        taken = behind[: BATCH * ROUNDS]
        if not _take_in(context, taken):
            return
        onward = taken[-1] if len(behind) > len(taken) else (rows[-1][0] if len(rows) == STEP else 0)
        if onward != after:
            with context.database.transaction() as session:
                if (row := search.hold(session, waiting=False)) is not None:
                    row.walked_id = onward
        if not behind:
            return


def _reached(session: Session, mark: int, now: datetime) -> int:
    seen = select(func.max(Entry.id)).where(Entry.id > mark, Entry.at < now - OVERLAP)
    return session.scalar(seen) or mark


def _take_in(context: Context, ids: Sequence[int]) -> bool:
    """False when another worker holds the index: it does the same."""
    left = list(ids)
    while left:
        batch, left = left[:BATCH], left[BATCH:]
        with context.database.transaction() as session:
            if search.hold(session, waiting=False) is None:
                return False
            further = search.refresh(session, batch)
        left.extend(each for each in further if each not in left)
    return True
