"""What every view needs at hand: database, settings, the clock on the wall, the person who asks."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from flask import current_app, g
from sqlalchemy.orm import Session

from request_tracker.rules.matching import Knowledge
from request_tracker.rules.people import Act, Viewer
from request_tracker.settings import Settings
from request_tracker.store.knowledge import Known
from request_tracker.store.session import Database


@dataclass(frozen=True)
class Wiring:
    database: Database
    settings: Settings
    now: Callable[[], datetime]
    known: Known


def wiring() -> Wiring:
    found = current_app.extensions["request_tracker"]
    assert isinstance(found, Wiring)
    return found


def settings() -> Settings:
    return wiring().settings


def now() -> datetime:
    """One instant for the whole of a web request, so that a page cannot disagree with itself."""
    if "now" not in g:
        g.now = wiring().now()
    instant: datetime = g.now
    return instant


def viewer() -> Viewer:
    """The person who asks; the policy has let nobody else through."""
    found: Viewer = g.viewer
    return found


def act() -> Act:
    return Act(viewer(), now(), wiring().settings.program)


def knowledge(session: Session) -> Knowledge:
    """What matching knows now."""
    return wiring().known(session)


@contextmanager
def transaction() -> Iterator[Session]:
    with wiring().database.transaction() as session:
        yield session


@contextmanager
def reading() -> Iterator[Session]:
    with wiring().database.reading() as session:
        yield session
