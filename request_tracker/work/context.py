"""What an effect works with: the database, the settings, the wall clock, the neighbours."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from request_tracker import resources
from request_tracker.apidocs.apart import Reading, read_apart
from request_tracker.apidocs.fetch import Fetched, fetch
from request_tracker.apidocs.trial import Ran, run
from request_tracker.fivetran.client import Fivetran, Pace
from request_tracker.rules.people import SYSTEM, Act
from request_tracker.settings import Settings
from request_tracker.store.knowledge import Known, Shelf
from request_tracker.store.session import Database


@dataclass(frozen=True)
class Context:
    """`fivetran` opens a client: one per effect, closed after it. `known` is what matching knows.

    `fetch` gets a document from the internet, `read_apart` reads one in a limited process,
    `try_project` runs a starter project in one.
    """

    database: Database
    settings: Settings
    now: Callable[[], datetime]
    fivetran: Callable[[], Fivetran]
    known: Known = field(default_factory=lambda: Shelf(resources.SEED_DATA).knowledge)
    fetch: Callable[..., Fetched] = fetch
    read_apart: Callable[..., Reading] = read_apart
    try_project: Callable[..., Ran] = run

    def act(self) -> Act:
        """The system acting now."""
        return Act(SYSTEM, self.now(), self.settings.program)


class Later(Exception):
    """The job cannot be done yet: try again after so many seconds."""

    def __init__(self, sentence: str, *, seconds: float) -> None:
        super().__init__(sentence)
        self.seconds = seconds


def over_http(settings: Settings, pace: Pace | None = None) -> Callable[[], Fivetran]:
    """Clients of the Fivetran API named in the settings; `pace` is the one that all processes share."""
    return lambda: Fivetran(settings.fivetran_url, settings.fivetran_key, settings.fivetran_secret, pace=pace)
