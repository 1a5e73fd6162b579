"""Who looks or acts: the little about a person that rules and reads need."""

from dataclasses import dataclass
from datetime import datetime

from request_tracker.rules.program import Program
from request_tracker.rules.terms import STAFF, Role


@dataclass(frozen=True)
class Viewer:
    """A signed-in person. `account_id` is present exactly for requesters; `id` is None for the system itself."""

    id: int | None
    role: Role
    account_id: int | None = None
    name: str = ""
    email: str = ""
    zone: str = "UTC"
    account_name: str = ""
    locale: str = "en-GB"
    """How dates and numbers are written for them, as a language tag."""
    single_keys: bool = True
    """Whether single keys press buttons."""

    @property
    def is_staff(self) -> bool:
        return self.role in STAFF


SYSTEM = Viewer(None, Role.ADMIN, name="request_tracker")


@dataclass(frozen=True)
class Act:
    """By whom, when, and under which program an action happens. `now` is aware UTC."""

    who: Viewer
    now: datetime
    program: Program
