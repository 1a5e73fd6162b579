"""What a page reads, it reads once: a memory of answers for the length of one reading, and for nothing that writes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import event
from sqlalchemy.orm import Session

P = ParamSpec("P")
T = TypeVar("T")
_MEMORY = "once"


@contextmanager
def remembering(session: Session) -> Iterator[None]:
    """Within this block, which must write nothing, functions marked `@once` ask the database once for each answer.

    Rows that were read stay at hand too (a session alone forgets them), so that `session.get` finds them.
    """
    session.info[_MEMORY] = {}
    rows: list[object] = []
    event.listen(session, "loaded_as_persistent", lambda _session, row: rows.append(row))
    try:
        yield
    finally:
        del session.info[_MEMORY]


def once(work: Callable[Concatenate[Session, P], T]) -> Callable[Concatenate[Session, P], T]:
    """Outside `remembering` the function is as it was. Its answer is shared: nobody may change it."""

    @wraps(work)
    def told(session: Session, /, *args: P.args, **named: P.kwargs) -> T:
        memory = session.info.get(_MEMORY)
        if memory is None:
            return work(session, *args, **named)
        key = (work, args, tuple(sorted(named.items())))
        if key not in memory:
            memory[key] = work(session, *args, **named)
        found: T = memory[key]
        return found

    return told
