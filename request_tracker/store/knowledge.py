"""What matching knows, read from the rows of this program once per version and kept at hand."""

from collections.abc import Callable
from pathlib import Path
from threading import Lock

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from request_tracker.rules.matching import Knowledge
from request_tracker.rules.tuning import Tuning
from request_tracker.store.aliases import Alias, Family, KnowledgeChange, SharedHost
from request_tracker.store.keys import load_tuning, read_aliases, read_families, registrable
from request_tracker.store.once import once

_VERSION = select(func.max(KnowledgeChange.id))


@once
def version(session: Session) -> int:
    """Grows with every change of what is known; 0 before the first."""
    return session.scalar(_VERSION) or 0


class Shelf:
    """The knowledge in force. Only a copy: whoever finds an older version than the database has reads it anew.

    The tuning comes from the folder of seed data and is read once; ValueError if it cannot be used.
    """

    def __init__(self, seed_folder: Path) -> None:
        self._tuning = load_tuning(seed_folder)
        self._kept: tuple[int, Knowledge] | None = None
        self._one_at_a_time = Lock()

    def knowledge(self, session: Session) -> Knowledge:
        """What is known as of this session's view of the database.

        Ask before this session changes what is known, never after: the copy is kept by the newest change that it sees,
        and should its transaction be rolled back, another change will come to bear that number.
        """
        newest = version(session)
        kept = self._kept
        if kept is not None and kept[0] == newest:
            return kept[1]
        with self._one_at_a_time:
            found = read(session, self._tuning)
            self._kept = (newest, found)
        return found


Known = Callable[[Session], Knowledge]
"""How a room is handed the knowledge: `Shelf(folder).knowledge`, or something fixed in a test."""


def read(session: Session, tuning: Tuning) -> Knowledge:
    """The rows that are not retired."""
    aliases = session.execute(
        select(Alias.canonical, Alias.alias, Alias.kind).where(Alias.retired_at.is_(None)).order_by(Alias.id)
    ).mappings()
    rows = session.execute(select(Family.name, Family.domain).where(Family.retired_at.is_(None)))
    families = read_families((name, domain) for name, domain in rows)
    leads, facts = read_aliases({str(key): str(value) for key, value in row.items()} for row in aliases)
    return Knowledge(
        aliases=leads,
        facts=facts,
        shared_hosts=frozenset(session.scalars(select(SharedHost.host).where(SharedHost.retired_at.is_(None)))),
        registrable=registrable,
        families=families,
        umbrellas=frozenset(families.values()),
        tuning=tuning,
    )
